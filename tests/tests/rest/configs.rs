//! Configurations for connectors in these lists.

use std::path::Path;

use e2e::RealKafka;
use serde_json::{Value, json};

pub(crate) fn source(folder: &Path, more: &[(&str, &str)]) -> Value {
    let mut config = json!({
        "connector.class": "FileStreamSource", "tasks.max": "1", "topic": "rest-lines", "file": folder.join("in.txt"),
    });
    for (key, value) in more {
        config[*key] = json!(value);
    }
    config
}

pub(crate) fn sink(folder: &Path, more: &[(&str, &str)]) -> Value {
    let mut config = json!({
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "tasks.max": "2",
        "topics": "rest-lines", "file": folder.join("out.txt"),
    });
    for (key, value) in more {
        config[*key] = json!(value);
    }
    config
}

pub(crate) fn scene() -> tempfile::TempDir {
    // One of the tests is the first.
    let _ = RealKafka::shared().unwrap().create_topic("rest-lines", 2, &[]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("in.txt"), "one\ntwo\n").unwrap();
    folder
}
