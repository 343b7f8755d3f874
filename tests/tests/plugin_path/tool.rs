//! `connect-plugin-path.sh` beside Apache's.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::{JavaTools, Moldau, ToolEnd, kafka_libs};

use crate::jars::{self, text};

fn ours(arguments: &[&str]) -> ToolEnd {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bin/connect-plugin-path.sh");
    end(Command::new(script).args(arguments).env("MOLDAU_BIN", Moldau::binary().unwrap()))
}

fn end(command: &mut Command) -> ToolEnd {
    let output = command.output().unwrap();
    ToolEnd {
        code: output.status.code().unwrap(),
        output: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

fn java() -> (tempfile::TempDir, JavaTools) {
    let folder = tempfile::tempdir().unwrap();
    let tools = JavaTools::start(&folder.path().join("log")).unwrap();
    (folder, tools)
}

/// Apache's tool with the few jars it needs: it looks through all classes on its class path for each place.
fn java_scans(arguments: &[&str]) -> ToolEnd {
    const NEEDED: [&str; 14] = [
        "kafka-tools-4",
        "kafka-clients-",
        "connect-api-",
        "connect-runtime-",
        "connect-json-",
        "argparse4j-",
        "classgraph-",
        "slf4j-api-",
        "maven-artifact-",
        "jackson-annotations-",
        "jackson-core-",
        "jackson-databind-",
        "jackson-datatype-jdk8-",
        "jackson-module-blackbird-",
    ];
    let jars = jars::all(&kafka_libs().unwrap().jars());
    let needed =
        |path: &&PathBuf| NEEDED.iter().any(|start| path.file_name().unwrap().to_str().unwrap().starts_with(start));
    let class_path: Vec<String> = jars.iter().filter(needed).map(|path| text(path)).collect();
    let mut command = Command::new("java");
    command.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", &class_path.join(":")]);
    end(command.arg("org.apache.kafka.tools.ConnectPluginPath").args(arguments))
}

/// The lines in an order that does not depend on hash codes; places come in the order of the file system in Java.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// The one version that only running the class tells: here it is the jar's, or unknown.
fn without_computed_versions(text: &str) -> String {
    let line = |line: &str| match line.split('\t').collect::<Vec<_>>().as_mut_slice() {
        columns @ ["demo.Shout$Value", _, _, _, "transformation", ..] => {
            assert!(["7.8", "9.9", "undefined"].contains(&columns[3]), "{line}");
            columns[3] = "?";
            columns.join("\t")
        }
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn rows_are_javas() {
    let folder = tempfile::tempdir().unwrap();
    let places = folder.path().join("places");
    jars::make(&places);
    jars::make_odd(&places);
    let worker = folder.path().join("worker.properties");
    std::fs::write(&worker, format!("plugin.path=\\\n  {} , {}\n", text(&places), text(&places.join("json.jar"))))
        .unwrap();
    let empty = folder.path().join("w2.properties");
    std::fs::write(&empty, "bootstrap.servers=x\n").unwrap();
    let (several, broken) = (text(&places.join("several")), text(&places.join("broken")));
    let requests: [&[&str]; 2] = [
        &["list", "--worker-config", &text(&worker), "--worker-config", &text(&empty)],
        &["l", "--plugin-loc", &several, &format!("--plugin-location={several}//"), "--plugin-p", &broken],
    ];
    for request in requests {
        let (theirs, ours) = (java_scans(request), ours(request));
        assert_eq!(ours.code, theirs.code, "{request:?}\n{}\n{}", ours.errors, theirs.errors);
        let (ours, theirs) = (without_computed_versions(&ours.output), without_computed_versions(&theirs.output));
        assert_eq!(sorted(&ours), sorted(&theirs), "{request:?}");
        assert_eq!(ours.lines().next(), theirs.lines().next());
        assert_eq!(ours.lines().rev().take(4).collect::<Vec<_>>(), theirs.lines().rev().take(4).collect::<Vec<_>>());
    }
}

/// What both say, line breaks and the alignment of words aside; of a trace the last line.
fn said(text: &str) -> String {
    let trace = text.lines().any(|line| line.trim_start().starts_with("at "));
    let text = if trace { text.lines().last().unwrap_or_default() } else { text };
    text.split_whitespace().collect()
}

#[test]
fn complaints_are_javas() {
    let (folder, mut java) = java();
    let here = |name: &str| text(&folder.path().join(name));
    std::fs::write(here("lone.class"), "").unwrap();
    std::fs::write(here("bad.properties"), "plugin.path=\\u00zz").unwrap();
    std::fs::write(here("blank.properties"), "plugin.path= \n").unwrap();
    std::fs::write(here("comma.properties"), "plugin.path=/a, ,/b\n").unwrap();
    std::fs::write(here("gone.properties"), "plugin.path=/nope/nope\n").unwrap();
    let lines = [
        "",
        "-h",
        "--help",
        "--he",
        "-x",
        "list",
        "list --help",
        "sync-manifests -h",
        "nope",
        "list nope none",
        "list --bar",
        "list --dry-run",
        "list --plugin-location",
        "list --plugin-location /nope/nope",
        "list --plugin x",
        "list --plugin-path --worker-config",
        "list --plugin-path /nope/nope",
        "list --plugin-path=",
        "list --plugin-path /a,,/b",
        "list --worker-config /nope/nope",
        "list --worker-config HERE/bad.properties",
        "list --worker-config HERE/blank.properties",
        "list --worker-config HERE/comma.properties",
        "list --worker-config HERE/gone.properties",
        "list --worker-config HERE",
        "sync-manifests --dry-run",
        "sync-manifests --dry-run=yes",
        "list --help=3",
        "list -- --plugin-location",
        "s --plugin-location -1",
        "list --plugin-location=",
        "list --worker w x --plugin-path",
    ];
    for line in lines {
        let line = line.replace("HERE", &text(folder.path()));
        let request: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        let (theirs, ours) = (java.run("ConnectPluginPath", &request, "").unwrap(), ours(&request));
        assert_eq!((ours.code, said(&ours.errors)), (theirs.code, said(&theirs.errors)), "{line}\n{}", theirs.errors);
        assert_eq!(ours.output, theirs.output, "{line}");
    }
    for (command, place) in [("list", "lone.class"), ("sync-manifests", "bad.properties")] {
        let place = here(place);
        let request = [command, "--plugin-location", &place];
        let (theirs, ours) = (java.run("ConnectPluginPath", &request, "").unwrap(), ours(&request));
        assert_eq!((ours.code, &ours.output), (3, &theirs.output));
        assert_eq!((theirs.code, ours.errors.lines().last()), (3, theirs.errors.lines().last()));
        assert!(ours.errors.contains(&place), "{}", ours.errors);
    }
}

/// Blocks of a `Sync` line with its changes, sorted, under a folder of this name.
fn blocks(text: &str, folder: &Path) -> Vec<String> {
    let mut blocks: Vec<Vec<String>> = vec![Vec::new()];
    for line in text.replace(&jars::text(folder), "HERE").lines() {
        if !line.starts_with('\t') {
            blocks.push(Vec::new());
        }
        blocks.last_mut().unwrap().push(line.to_owned());
    }
    let mut joined: Vec<String> = blocks
        .into_iter()
        .map(|mut block| {
            block.sort();
            block.join("|")
        })
        .collect();
    joined.sort();
    joined
}

/// What is in every jar and folder.
fn contents(folder: &Path) -> Vec<(String, Vec<(String, Vec<String>)>)> {
    let mut all = Vec::new();
    for path in jars::all(folder) {
        let name = path.strip_prefix(folder).unwrap().display().to_string();
        let is_jar = [".jar", ".zip"].iter().any(|ending| name.to_lowercase().ends_with(ending));
        let inside = if is_jar { jars::services(&path) } else { Vec::new() };
        all.push((name, inside));
    }
    all.push(("hierarchy".to_owned(), jars::files(&folder.join("hierarchy"))));
    all
}

#[test]
fn manifests_are_synced_as_javas() {
    let folder = tempfile::tempdir().unwrap();
    let (their_place, our_place) = (folder.path().join("theirs"), folder.path().join("ours"));
    jars::make(&their_place);
    jars::make(&our_place);
    let (theirs, ours_text) = (text(&their_place), text(&our_place));
    let before = contents(&our_place);
    let dry = ours(&["sync-manifests", "--plugin-path", &ours_text, "--dry-run"]);
    assert_eq!((dry.code, dry.errors.as_str()), (0, ""));
    assert!(
        dry.output
            .starts_with("Dry run started: No changes will be committed.\nScanning for plugins...\nDry Run Sync\t")
    );
    let passed = "Dry run passed: All above changes can be committed to disk if re-run with dry run disabled.\n";
    assert!(dry.output.ends_with(passed));
    assert_eq!(contents(&our_place), before, "a dry run changes nothing");
    for flag in ["--keep-not-found", "--plugin-path"] {
        // The second time the same path twice, which is once.
        let request = |place: &str| {
            let mut words =
                vec!["sync-manifests".to_owned(), "--plugin-path".to_owned(), place.to_owned(), flag.to_owned()];
            words.extend((flag == "--plugin-path").then(|| place.to_owned()));
            words
        };
        let run = |tool: fn(&[&str]) -> ToolEnd, words: Vec<String>| {
            tool(&words.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let (java, ours) = (run(java_scans, request(&theirs)), run(ours, request(&ours_text)));
        assert_eq!(ours.code, java.code, "{flag}\n{}\n{}", ours.errors, java.errors);
        assert_eq!(blocks(&ours.output, &our_place), blocks(&java.output, &their_place), "{flag}");
        assert_eq!(contents(&our_place), contents(&their_place), "{flag}");
    }
    // Java's own loader of services reads what we wrote.
    let again = java_scans(&["sync-manifests", "--plugin-path", &ours_text]);
    assert_eq!(again.output, "Scanning for plugins...\nNo changes required.\n", "{}", again.errors);
    assert_eq!(ours(&["sync-manifests", "--plugin-path", &theirs]).output, again.output);
}
