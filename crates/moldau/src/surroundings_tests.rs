//! The machine, and what providers find on it: the same as Apache Kafka's.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_config::RawConfig;
use kafka_config::provider::{Providers, Secrecy};
use serde_json::{Value, json};

use super::*;

fn machine() -> (tokio::runtime::Runtime, Machine) {
    let runtime = env_real::runtime(1, 1).unwrap();
    let env = env_real::env(runtime.handle().clone());
    (runtime, Machine(env))
}

#[test]
fn files_up_to_the_limit() {
    let (_runtime, machine) = machine();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f");
    std::fs::write(&file, "12345").unwrap();
    assert_eq!(machine.read(&file, 5).unwrap(), b"12345");
    assert_eq!(machine.read(&file, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    assert_eq!(machine.kind(&file).unwrap(), FileKind::File);
    assert_eq!(machine.kind(folder.path()).unwrap(), FileKind::Directory);
    assert_eq!(machine.kind(Path::new("/dev/null")).unwrap(), FileKind::Other);
    assert!(machine.kind(&folder.path().join("absent")).is_err());
}

#[test]
fn variables_and_patterns() {
    let (_runtime, machine) = machine();
    assert!(machine.variable("PATH").is_some_and(|path| !path.is_empty()));
    for none in ["", "A=B", "\0", "NO_SUCH_VARIABLE_HERE"] {
        assert_eq!(machine.variable(none), None);
    }
    let matcher = machine.matcher("APP_\\w+").unwrap();
    assert!(matcher("APP_X") && !matcher("MY_APP_X") && !matcher("APP_"));
    assert!(machine.matcher("(?x)a").is_err());
}

/// The machine with other variables.
struct Told(Machine, BTreeMap<String, String>);

impl Surroundings for Told {
    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        self.0.kind(path)
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.0.read(path, limit)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.1.get(name).cloned()
    }

    fn matcher(&self, pattern: &str) -> Result<Matcher, String> {
        self.0.matcher(pattern)
    }
}

/// Makes the files of the goldens, gives their variables.
fn laid_out(layout: &Value, folder: &Path) -> BTreeMap<String, String> {
    use base64::Engine;
    let texts = |member: &str| serde_json::from_value::<BTreeMap<String, String>>(layout[member].clone()).unwrap();
    for (name, content) in texts("files") {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, base64::engine::general_purpose::STANDARD.decode(content).unwrap()).unwrap();
    }
    for (name, target) in texts("links") {
        std::os::unix::fs::symlink(target, folder.join(name)).unwrap();
    }
    texts("variables")
}

/// What we say of a case: the texts, or the error. FOLDER stands for the folder.
fn answer(input: &Value, surroundings: &Arc<dyn Surroundings>, folder: &str) -> Value {
    let mut raw = RawConfig::new();
    let providers = input["providers"].as_object().unwrap();
    for (name, parameters) in providers {
        for (parameter, value) in parameters.as_object().unwrap() {
            let value = value.as_str().unwrap().replace("FOLDER", folder);
            let (key, value) = match (&**parameter, &*value) {
                ("kind", "file") => ("class", "FileConfigProvider"),
                ("kind", "dir") => ("class", "DirectoryConfigProvider"),
                ("kind", _) => ("class", "EnvVarConfigProvider"),
                (parameter, value) => (&*format!("param.{parameter}"), value),
            };
            raw.insert(&*format!("config.providers.{name}.{key}"), value);
        }
    }
    raw.insert("config.providers", providers.keys().map(String::as_str).collect::<Vec<_>>().join(","));
    let mut asked = RawConfig::new();
    let texts = input["texts"].as_array().unwrap();
    for (number, text) in texts.iter().enumerate() {
        match text.as_str() {
            Some(text) => asked.insert(&*number.to_string(), &*text.replace("FOLDER", folder)),
            None => asked.insert_null(&*number.to_string()),
        }
    }
    let found = Providers::of_worker_file(&raw, None, surroundings, &Arc::default());
    match found.and_then(|providers| providers.resolve(&asked, |_| Secrecy::Secret)) {
        Ok(found) => {
            (0..texts.len()).map(|at| found.get(&at.to_string()).map(|text| text.replace(folder, "FOLDER"))).collect()
        }
        Err(error) => json!({"error": error.to_string().replace(folder, "FOLDER")}),
    }
}

/// Refused rather than understood otherwise.
const COMMENTS_MODE: (&str, &str) =
    ("allowlist [(?x) H O M E]", "allowlist.pattern=(?x) H O M E cannot be used: comments mode (?x) is not known here");

#[test]
fn providers_find_what_javas_find() {
    let cases: Vec<Value> = include_str!("../../../tests/golden/config-providers.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let (_runtime, machine) = machine();
    let variables = laid_out(&cases[0]["input"], &folder);
    let surroundings: Arc<dyn Surroundings> = Arc::new(Told(machine, variables));
    let mut different = Vec::new();
    for case in &cases[1..] {
        let java = match &case["error"] {
            Value::Null if case["case"] == COMMENTS_MODE.0 => json!({"error": COMMENTS_MODE.1}),
            Value::Null => case["output"].clone(),
            error => json!({"error": error["message"]}),
        };
        let ours = answer(&case["input"], &surroundings, folder.to_str().unwrap());
        if ours != java {
            different.push(format!("{}\n   ours {ours}\n  javas {java}", case["case"]));
        }
    }
    assert!(different.is_empty(), "{} of {}\n{}", different.len(), cases.len(), different.join("\n"));
}
