//! Jars and folders to look at, made of the classes in `java/plugins`.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::kafka_libs;

const SOURCES: [(&str, &str); 8] = [
    ("DemoSource.java", include_str!("../../../java/plugins/DemoSource.java")),
    ("Versions.java", include_str!("../../../java/plugins/Versions.java")),
    ("DemoConverter.java", include_str!("../../../java/plugins/DemoConverter.java")),
    ("Shout.java", include_str!("../../../java/plugins/Shout.java")),
    ("OverQuiet.java", include_str!("../../../java/plugins/OverQuiet.java")),
    ("Gone.java", include_str!("../../../java/plugins/Gone.java")),
    ("DemoPredicate.java", include_str!("../../../java/plugins/DemoPredicate.java")),
    ("DemoExtras.java", include_str!("../../../java/plugins/DemoExtras.java")),
];

/// Manifests with names of plug-ins, of classes that are none, and of nothing.
const MANIFESTS: [(&str, &str); 3] = [
    ("org.apache.kafka.connect.source.SourceConnector", "# sources\ndemo.DemoSource  # the one\ndemo.Nope\n"),
    ("org.apache.kafka.common.config.provider.ConfigProvider", "demo.DemoExtras$DemoConfigProvider\n"),
    ("org.apache.kafka.connect.transforms.Transformation", "demo.OverQuiet\ndemo.Whisper\n"),
];

/// The classes, without the one that others miss.
fn classes(target: &Path) {
    let compiled = kafka_libs().unwrap().compile("plugins", &SOURCES).unwrap();
    copy(&compiled, target);
    std::fs::remove_file(target.join("demo/Gone.class")).unwrap();
}

/// Fills a folder with places: a folder of classes, one with a jar, one with several; a jar with manifests alone; a file
/// that does not matter.
pub(crate) fn make(folder: &Path) {
    let hierarchy = folder.join("hierarchy");
    classes(&hierarchy);
    let scratch = tempfile::tempdir().unwrap();
    let manifest = scratch.path().join("manifest");
    std::fs::write(&manifest, "Implementation-Version: 9.9\n").unwrap();
    for place in ["single", "several/deeper"] {
        std::fs::create_dir_all(folder.join(place)).unwrap();
    }
    jar(&["cfm", &text(&folder.join("single/demo.jar")), &text(&manifest), "-C", &text(&hierarchy), "demo"]);
    std::fs::copy(folder.join("single/demo.jar"), folder.join("several/deeper/a.JAR")).unwrap();
    let services = scratch.path().join("META-INF/services");
    std::fs::create_dir_all(&services).unwrap();
    for (name, content) in MANIFESTS {
        std::fs::write(services.join(name), content).unwrap();
    }
    jar(&["cf", &text(&folder.join("several/b.zip")), "-C", &text(scratch.path()), "META-INF"]);
    std::fs::copy(folder.join("several/b.zip"), folder.join("manifests.jar")).unwrap();
    std::fs::write(folder.join("notes.txt"), "no plug-ins here").unwrap();
}

/// Adds a place with a jar that is broken, an empty one, and a jar of Kafka.
pub(crate) fn make_odd(folder: &Path) {
    for place in ["broken", "empty"] {
        std::fs::create_dir_all(folder.join(place)).unwrap();
    }
    std::fs::write(folder.join("broken/broken.jar"), "this is no jar").unwrap();
    let kafkas = kafka_libs().unwrap().jars();
    std::fs::copy(kafkas.join("connect-json-4.3.1.jar"), folder.join("json.jar")).unwrap();
}

fn jar(arguments: &[&str]) {
    let ended = Command::new("jar").args(arguments).status();
    let ended = ended.expect("`jar` was not found: install a JDK 17 or newer (openjdk-17-jdk-headless)");
    assert!(ended.success(), "jar {arguments:?}");
}

/// The files of a jar, unpacked, with their texts where they are manifests of services.
pub(crate) fn services(jar_file: &Path) -> Vec<(String, Vec<String>)> {
    let scratch = tempfile::tempdir().unwrap();
    let ended = Command::new("jar").current_dir(scratch.path()).arg("xf").arg(jar_file).status().unwrap();
    assert!(ended.success(), "{}", jar_file.display());
    files(scratch.path())
}

/// All files below a folder, with the sorted lines of manifests of services.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for path in all(folder) {
        let name = path.strip_prefix(folder).unwrap().display().to_string();
        let mut lines = Vec::new();
        if name.contains("META-INF/services/") {
            lines = std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
            lines.sort();
        }
        found.push((name, lines));
    }
    found
}

/// Every file below a folder, sorted.
pub(crate) fn all(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(all(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for path in all(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(path, target).unwrap();
    }
}

/// A path as text.
pub(crate) fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
