//! What is found in places of all shapes, whole and broken.
#![allow(clippy::disallowed_methods, reason = "the tests make real files, with links among them")]

use std::fs;
use std::path::Path;

use env::Env;
use proptest::prelude::*;

use super::class_file;
use super::kind::JavaKind;
use super::location::{Layout, Location, places};
use super::sample::{ABSTRACT, PUBLIC, Sample, jar, manifest};
use super::scan::{Depth, Scan, scan};
use super::version::{field_says, method_says};

const SINK: &str = "org.apache.kafka.connect.sink.SinkConnector";
const OBJECT: &str = "java.lang.Object";

fn with_env<T>(test: impl FnOnce(&Env) -> T) -> T {
    let runtime = env_real::runtime(1, 4).unwrap();
    test(&env_real::env(runtime.handle().clone()))
}

fn scan_at(path: &Path, depth: Depth) -> Scan {
    with_env(|env| scan(env, &Location::at(env, path).unwrap(), depth))
}

fn entry(sample: &Sample, name: &str) -> (String, Vec<u8>) {
    (format!("{}.class", name.replace('.', "/")), sample.bytes())
}

fn write_jar(path: &Path, entries: &[(String, Vec<u8>)]) {
    let entries: Vec<(&str, Vec<u8>)> = entries.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    fs::write(path, jar(&entries)).unwrap();
}

fn names(found: &Scan) -> Vec<(&str, JavaKind, &str)> {
    found.plugins.iter().map(|plugin| (plugin.class.as_str(), plugin.kind, plugin.version.as_str())).collect()
}

#[test]
fn classes_of_a_jar() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.JAR");
    let base = Sample::bare(PUBLIC | ABSTRACT, "x.Base", SINK, &[]).version("1.0");
    let child = Sample::class("x.Child", "x.Base", &[]);
    let orphan = Sample::class("x.Orphan", "x.Gone", &["org.apache.kafka.connect.transforms.Transformation"]);
    let hidden = Sample::bare(PUBLIC, "x.Hidden", SINK, &[]);
    let private = Sample::bare(0, "x.Private", SINK, &[]);
    let api = Sample::class(SINK, OBJECT, &[]);
    let misplaced = Sample::class("x.Elsewhere", SINK, &[]);
    write_jar(
        &path,
        &[
            entry(&base, "x.Base"),
            entry(&child, "x.Child"),
            entry(&orphan, "x.Orphan"),
            entry(&hidden, "x.Hidden"),
            entry(&private, "x.Private"),
            entry(&api, SINK),
            entry(&misplaced, "y.Elsewhere"),
            ("META-INF/MANIFEST.MF".to_owned(), b"Implementation-Version: 3\n".to_vec()),
        ],
    );
    let found = scan_at(&path, Depth::Classes);
    assert_eq!(names(&found), [("x.Child", JavaKind::Sink, "1.0")]);
    assert_eq!(found.troubles, []);
    assert!(!found.plugins[0].has_manifest && found.plugins[0].jar == path);
    assert_eq!(found.plugins[0].aliases(), ["Child", "Child"]);
    assert_eq!(names(&scan_at(&path, Depth::Manifests)), []);
}

#[test]
fn manifests_name_what_scans_do_not_see() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Sample::class("x.P", OBJECT, &[JavaKind::ConfigProvider.interface()]);
    let sink = Sample::class("x.S", SINK, &[]).version("7");
    write_jar(&folder.path().join("b.jar"), &[entry(&provider, "x.P"), entry(&sink, "x.S")]);
    let services = [
        manifest(JavaKind::ConfigProvider, "x.P # why\nx.Nope"),
        manifest(JavaKind::Sink, "x.P\n"),
        manifest(JavaKind::Source, "x.S\nnot a name"),
    ];
    write_jar(&folder.path().join("a.zip"), &services);
    let found = scan_at(folder.path(), Depth::Classes);
    assert_eq!(names(&found), [("x.P", JavaKind::ConfigProvider, "undefined"), ("x.S", JavaKind::Sink, "7")]);
    assert_eq!(names(&scan_at(folder.path(), Depth::Manifests)), [("x.P", JavaKind::ConfigProvider, "undefined")]);
    let (path, manifests) = &found.manifests[0];
    assert_eq!(*path, folder.path().join("a.zip"));
    assert_eq!(manifests[&JavaKind::ConfigProvider], ["x.P", "x.Nope"]);
    assert!(!manifests.contains_key(&JavaKind::Source));
}

#[test]
fn folders_of_classes_and_of_jars() {
    let folder = tempfile::tempdir().unwrap();
    let classes = folder.path().join("classes");
    fs::create_dir_all(classes.join("x")).unwrap();
    fs::write(classes.join("x/S.class"), Sample::class("x.S", SINK, &[]).bytes()).unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::write(folder.path().join("notes.txt"), "no").unwrap();
    fs::write(folder.path().join("lone.class"), "no").unwrap();
    std::os::unix::fs::symlink(folder.path(), classes.join("loop")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("gone"), folder.path().join("empty/dangling.jar")).unwrap();
    fs::write(folder.path().join("one.zip"), jar(&[])).unwrap();
    with_env(|env| {
        let found = places(env, &format!("{}//", folder.path().display())).unwrap();
        let ends: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(ends, ["classes", "empty", "lone.class", "one.zip"]);
        assert!(places(env, "/nope/nope").is_err());
        let layout = |name: &str| Location::at(env, &folder.path().join(name)).map(|location| location.layout);
        // The loop leads to the archive beside.
        assert_eq!(layout("classes").unwrap(), Layout::Jars(vec![folder.path().join("one.zip")]));
        assert_eq!(layout("empty").unwrap(), Layout::Jars(vec![]));
        assert_eq!(layout("one.zip").unwrap(), Layout::Jar);
        assert!(layout("lone.class").is_err());
    });
    fs::remove_file(classes.join("loop")).unwrap();
    let found = scan_at(&classes, Depth::Classes);
    assert_eq!(names(&found), [("x.S", JavaKind::Sink, "undefined")]);
    assert_eq!(found.plugins[0].jar, classes);
}

#[test]
fn broken_jars_are_named_and_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let good = [entry(&Sample::class("x.S", SINK, &[]), "x.S"), ("x/Bad.class".to_owned(), b"\xca\xfe".to_vec())];
    write_jar(&folder.path().join("good.jar"), &good);
    fs::write(folder.path().join("empty.jar"), "").unwrap();
    fs::write(folder.path().join("text.jar"), "no jar").unwrap();
    let found = scan_at(folder.path(), Depth::Classes);
    assert_eq!(found.plugins.len(), 1);
    let broken: Vec<_> = found.troubles.iter().map(|(path, _)| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(broken, ["empty.jar", "text.jar", "good.jar"]);
}

proptest! {
    #[test]
    fn mangled_class_files(cut in 0usize..400, at in 0usize..400, byte: u8) {
        let mut bytes = Sample::class("x.S", SINK, &["a.B"]).version("1").bytes();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        bytes.truncate(cut.max(10));
        let _ = (class_file::head(&bytes), class_file::details(&bytes));
        let _ = (method_says(&bytes, "version"), field_says(&bytes, "VERSION"));
    }

    #[test]
    fn any_bytes_for_a_class_file(mut bytes: Vec<u8>) {
        let mut file = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61];
        file.append(&mut bytes);
        let _ = (class_file::head(&file), class_file::details(&file), method_says(&file, "version"));
    }

    #[test]
    fn mangled_jars(cut in 0usize..3000, at in 0usize..1200, byte: u8) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.jar");
        let services = manifest(JavaKind::Sink, "x.S\nx.T\n");
        let (name, class) = entry(&Sample::class("x.S", SINK, &[]).version("1"), "x.S");
        let mut bytes = jar(&[(&services.0, services.1.clone()), (&name, class)]);
        let last = bytes.len() - 1;
        bytes[at % last] = byte;
        bytes.truncate(cut.max(1));
        fs::write(&path, &bytes).unwrap();
        let found = scan_at(&path, Depth::Classes);
        prop_assert!(found.plugins.len() <= 2);
    }
}
