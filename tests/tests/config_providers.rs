//! Variables of config providers: connectors get the values, people see the variables; by Java's worker and by ours.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests read and write real files")]

use std::time::Duration;

use e2e::{EmbeddedBroker, Engine, Moldau, Reply, Worker, WorkerFiles, eventually, wait_for};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);
const SECRET: &str = "hunter2-is-the-secret";
const PROVIDERS: [(&str, &str); 5] = [
    ("config.providers", "file,dir,env"),
    ("config.providers.file.class", "org.apache.kafka.common.config.provider.FileConfigProvider"),
    ("config.providers.dir.class", "org.apache.kafka.common.config.provider.DirectoryConfigProvider"),
    ("config.providers.env.class", "org.apache.kafka.common.config.provider.EnvVarConfigProvider"),
    ("config.providers.env.param.allowlist.pattern", "PROVIDED_.*"),
];

fn put(worker: &Worker, name: &str, config: &Value) -> Reply {
    worker.rest().put(&format!("/connectors/{name}/config"), config).unwrap()
}

fn get(worker: &Worker, path: &str) -> Value {
    worker.rest().get(path).unwrap().json().unwrap()
}

/// What REST shows of a connector: its configuration, those of its tasks, and its status.
fn shown(worker: &Worker, name: &str) -> [Value; 3] {
    let status = eventually("the task to run", SOON, || {
        let status = worker.rest().get(&format!("/connectors/{name}/status"))?.json()?;
        Ok((status["tasks"][0]["state"] == "RUNNING").then_some(status))
    });
    let mut status = status.unwrap_or_else(|error| panic!("{error}\n{}", worker.log()));
    status["connector"].as_object_mut().unwrap().remove("worker_id");
    status["tasks"][0].as_object_mut().unwrap().remove("worker_id");
    [get(worker, &format!("/connectors/{name}/config")), get(worker, &format!("/connectors/{name}/tasks")), status]
}

/// Lines go from a file to a topic with a secret name and to a file; gives what REST shows meanwhile.
fn play(engine: Engine, broker: &EmbeddedBroker) -> Value {
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let secrets = files.folder().join("secrets");
    std::fs::create_dir(&secrets).unwrap();
    // A path that is the same for both engines would be shared by them; their answers are compared without it.
    let topic = format!("{SECRET}-{}", engine.name());
    let (from, to) = (files.folder().join("in.txt"), files.folder().join("out.txt"));
    std::fs::write(&from, "one\ntwo\n").unwrap();
    let properties = format!("topic={topic}\nfrom={}\ninterval=1000\nnested=${{file:x:y}}\n", from.display());
    std::fs::write(secrets.join("a.properties"), properties).unwrap();
    std::fs::write(secrets.join("to"), to.display().to_string()).unwrap();
    let file = format!("${{file:{}/a.properties:", secrets.display());
    let interval = format!("{file}interval}}");
    let mut lines = PROVIDERS.to_vec();
    lines.push(("offset.flush.interval.ms", &interval));
    let mut worker = engine.standalone(&files.standalone(&lines).unwrap(), &[]).unwrap();
    let source = json!({
        "connector.class": "FileStreamSource", "topic": format!("{file}topic}}"), "file": format!("{file}from}}"),
        "unknown": "${file:/no", "no.provider": "${vault:x}", "no.key": format!("{file}absent}}"), "tasks.max": "1",
    });
    let sink = json!({
        "connector.class": "FileStreamSink", "topics": format!("{file}topic}}"),
        "file": format!("${{dir:{}:to}}", secrets.display()), "config.action.reload": "none",
    });
    let replies = [("lines-in", &source), ("lines-out", &sink)].map(|(name, config)| {
        let reply = put(&worker, name, config);
        assert_eq!(reply.status, 201, "{}\n{}", reply.body, worker.log());
        reply.json().unwrap()
    });
    wait_for(&"one\ntwo\n".to_owned(), SOON, || std::fs::read_to_string(&to).unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}\n{}", worker.log()));
    let shown = json!([replies, shown(&worker, "lines-in"), shown(&worker, "lines-out")]).to_string();
    assert!(!shown.contains(SECRET), "{shown}");
    let missing = json!({"connector.class": "FileStreamSource", "topic": "${file:/no/such/file:x}"});
    let refused = put(&worker, "refused", &missing);
    let missing = (refused.status, refused.json().unwrap()["message"].clone());
    assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
    if matches!(engine, Engine::Moldau) {
        assert!(!worker.log().contains(SECRET), "{}", worker.log());
    }
    let folder = files.folder().display().to_string();
    json!([serde_json::from_str::<Value>(&shown.replace(&folder, "FOLDER")).unwrap(), missing])
}

#[test]
fn variables_reach_connectors_and_stay_variables_for_people() {
    let broker = EmbeddedBroker::start().unwrap();
    let [java, ours] = [Engine::Java, Engine::Moldau].map(|engine| play(engine, &broker));
    assert_eq!(ours, java);
}

fn trace(worker: &Worker, name: &str) -> String {
    eventually("the task to fail", SOON, || {
        let task = &worker.rest().get(&format!("/connectors/{name}/status"))?.json()?["tasks"][0];
        Ok((task["state"] == "FAILED").then(|| task["trace"].as_str().unwrap_or_default().to_owned()))
    })
    .unwrap_or_else(|error| panic!("{error}\n{}", worker.log()))
}

fn names_only_the_variable(text: &str, variable: &str) {
    assert!(text.contains(variable) && !text.contains(SECRET), "{text}");
}

#[test]
fn errors_name_variables_and_not_their_values() {
    let broker = EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let file = files.standalone(&PROVIDERS).unwrap();
    let folder = files.folder().join(SECRET);
    std::fs::create_dir(&folder).unwrap();
    let environment = [
        ("PROVIDED_TEXT", SECRET),
        ("PROVIDED_FILE", folder.to_str().unwrap()),
        ("PROVIDED_NUMBER", "-1000"),
        ("PROVIDED_PIN", "4711"),
        ("OTHER", SECRET),
    ];
    let mut worker = Moldau::spawn(&file, &[], &environment).unwrap();
    worker.wait_until_ready(SOON).unwrap();
    let source = |key: &str, value: &str| {
        let mut config = json!({"connector.class": "FileStreamSource", "topic": "t", "file": "/no/such/file"});
        config[key] = json!(value);
        config
    };
    let wrong = put(&worker, "wrong", &source("tasks.max", "${env:PROVIDED_TEXT}"));
    assert_eq!(wrong.status, 400, "{}", wrong.body);
    names_only_the_variable(&wrong.body, "Invalid value ${env:PROVIDED_TEXT} for configuration tasks.max");
    // A number where one belongs stays readable; what an unknown key got does not, even where a number belongs.
    let number = put(&worker, "number", &source("tasks.max", "${env:PROVIDED_NUMBER}"));
    assert!(number.body.contains("Invalid value -1000 for configuration tasks.max"), "{}", number.body);
    let mut pin = source("tasks.max", "-${env:PROVIDED_PIN}");
    pin["unknown"] = json!("${env:PROVIDED_PIN}");
    names_only_the_variable(
        &put(&worker, "pin", &pin).body,
        "Invalid value -${env:PROVIDED_PIN} for configuration tasks.max",
    );
    // Not on the allowlist: it stays as it is.
    let other = put(&worker, "other", &source("tasks.max", "${env:OTHER}"));
    names_only_the_variable(&other.body, "Invalid value ${env:OTHER} for configuration tasks.max");
    let path = put(&worker, "path", &source("topic", "${env:/x:PROVIDED_TEXT}"));
    assert_eq!(path.status, 500, "{}", path.body);
    assert!(path.body.contains("Path is not supported for EnvVarConfigProvider, invalid value '/x'"), "{}", path.body);

    let sink = json!({"connector.class": "FileStreamSink", "topics": "t", "file": "${env:PROVIDED_FILE}"});
    assert_eq!(put(&worker, "sink", &sink).status, 201);
    names_only_the_variable(&trace(&worker, "sink"), "${env:PROVIDED_FILE}");
    assert_eq!(worker.terminate().unwrap(), 0);
    names_only_the_variable(&worker.log(), "${env:PROVIDED_FILE}");
}
