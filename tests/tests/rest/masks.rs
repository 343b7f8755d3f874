//! `moldau.rest.mask.secrets`, which Java does not have.

use e2e::{EmbeddedBroker, Moldau, Worker, WorkerFiles};
use serde_json::{Value, json};

fn get(worker: &Worker, path: &str) -> Value {
    worker.rest().get(path).unwrap().json().unwrap()
}

#[test]
fn secrets_are_hidden_on_request_and_survive_editing() {
    let broker = EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    std::fs::write(files.folder().join("in.txt"), "one\n").unwrap();
    let properties = files.standalone(&[("moldau.rest.mask.secrets", "true")]).unwrap();
    let mut worker = Moldau::standalone(&properties, &[]).unwrap();
    let config = json!({
        "connector.class": "FileStreamSource", "topic": "lines", "file": files.folder().join("in.txt"),
        "db.password": "hunter2", "variable.password": "${file:/a:b}", "free": "text",
        "producer.override.ssl.key.password": "hunter3",
    });
    let put = |name: &str, config: &Value| worker.rest().put(&format!("/connectors/{name}/config"), config).unwrap();
    let created = put("a", &config);
    assert_eq!(created.status, 201, "{}", created.body);
    let all = [
        created.json().unwrap(),
        get(&worker, "/connectors/a"),
        get(&worker, "/connectors/a/tasks"),
        get(&worker, "/connectors?expand=info"),
        get(&worker, "/connectors/a/config"),
    ];
    assert!(!json!(all).to_string().contains("hunter"), "{all:?}");
    let mut edited = get(&worker, "/connectors/a/config");
    assert_eq!((&edited["db.password"], &edited["free"]), (&json!("[hidden]"), &json!("text")));
    assert_eq!(edited["variable.password"], "${file:/a:b}");
    // Whoever edits what was read keeps the secrets; nobody can take them from another connector.
    edited["free"] = json!("other");
    assert_eq!(put("a", &edited).status, 200);
    edited.as_object_mut().unwrap().remove("name");
    let refused = put("b", &edited);
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(refused.body.contains("is [hidden]"), "{}", refused.body);
    assert!(!worker.log().contains("hunter"), "{}", worker.log());
    assert_eq!(worker.terminate().unwrap(), 0);
}
