//! One list of REST exchanges, played against the real Kafka Connect and against ours: statuses, bodies and headers are the same.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests read and write real files")]

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use e2e::{Engine, RealKafka, Reply, Worker, WorkerFiles};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);

/// One step of the list.
enum Step {
    /// A request, and what its answer is compared by.
    Ask(Request),
    /// Waits until a connector and all its tasks are in a state.
    Until(&'static str, &'static str),
    /// Waits until a connector has no tasks and is in a state.
    UntilAlone(&'static str, &'static str),
    /// Waits until the first task of a connector has failed.
    UntilFailed(&'static str),
}

#[derive(Clone)]
struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Option<String>,
    /// Whether texts in the answer are Java's parser speaking, of which only the status counts.
    status_only: bool,
}

impl Request {
    fn line(&self) -> String {
        let headers: Vec<String> = self.headers.iter().map(|(name, value)| format!(" {name}: {value}")).collect();
        format!("{} {}{} {}", self.method, self.path, headers.concat(), self.body.as_deref().unwrap_or_default())
    }
}

fn ask(method: &'static str, path: &str, body: Option<String>) -> Step {
    let mut headers = vec![("accept", "application/json")];
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    Step::Ask(Request { method, path: path.to_owned(), headers, body, status_only: false })
}

fn get(path: &str) -> Step {
    ask("GET", path, None)
}

fn delete(path: &str) -> Step {
    ask("DELETE", path, None)
}

fn put(path: &str, body: &Value) -> Step {
    ask("PUT", path, Some(body.to_string()))
}

fn put_empty(path: &str) -> Step {
    ask("PUT", path, None)
}

fn post(path: &str, body: &Value) -> Step {
    ask("POST", path, Some(body.to_string()))
}

fn post_empty(path: &str) -> Step {
    ask("POST", path, None)
}

fn patch(path: &str, body: &Value) -> Step {
    ask("PATCH", path, Some(body.to_string()))
}

/// Only the status is compared: the text is that of Java's JSON parser.
fn unreadable(method: &'static str, path: &str, body: &str) -> Step {
    match ask(method, path, Some(body.to_owned())) {
        Step::Ask(request) => Step::Ask(Request { status_only: true, ..request }),
        other => other,
    }
}

fn with(method: &'static str, path: &str, headers: &[(&'static str, &'static str)], body: Option<&str>) -> Step {
    let (headers, body) = (headers.to_vec(), body.map(str::to_owned));
    Step::Ask(Request { method, path: path.to_owned(), headers, body, status_only: false })
}

/// An answer in the form in which it is compared.
#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    content_type: Option<String>,
    location: Option<String>,
    body: Body,
}

#[derive(Debug, PartialEq)]
enum Body {
    Json(Value),
    Text(String),
    /// A page for people.
    Html,
    NotCompared,
}

impl Answer {
    fn of(request: &Request, reply: &Reply, worker: &Worker) -> Self {
        let own = worker.rest().base().trim_start_matches("http://");
        let text = reply.body.replace(own, "WORKER");
        let html = reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        let body = match serde_json::from_str(&text) {
            _ if request.status_only => Body::NotCompared,
            _ if html => Body::Html,
            Ok(value) => Body::Json(normal(value, None)),
            Err(_) => Body::Text(text),
        };
        let header =
            |name| reply.header(name).map(|value| value.replace(own, "WORKER").to_lowercase().replace(' ', ""));
        Self { status: reply.status, content_type: header("content-type"), location: header("location"), body }
    }
}

/// Without the commit, what follows the first line of a trace and the connectors that only Java has; lists of names, which
/// Java keeps in a hash map, in order.
fn normal(value: Value, key: Option<&str>) -> Value {
    match (key, value) {
        (Some("commit"), Value::String(_)) => Value::String("COMMIT".to_owned()),
        // The texts about keys are our own.
        (Some("documentation"), Value::String(_)) => Value::Null,
        // Behind the first line come frames, and causes that Java's libraries word in their own way.
        (Some("trace"), Value::String(trace)) => trace.lines().next().unwrap_or_default().into(),
        (_, Value::Array(mut items)) if items.iter().all(Value::is_string) => {
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        (_, Value::Array(items)) => {
            let mirrors = |item: &Value| {
                item["class"].as_str().is_some_and(|class| class.starts_with("org.apache.kafka.connect.mirror."))
            };
            items.into_iter().filter(|item| !mirrors(item)).map(|item| normal(item, None)).collect()
        }
        (Some("message"), Value::String(text)) => {
            text.split_once("available connectors are: ").map_or(text.as_str(), |(before, _)| before).into()
        }
        (_, Value::Object(members)) => {
            members.into_iter().map(|(name, member)| (name.clone(), normal(member, Some(&name)))).collect()
        }
        (_, other) => other,
    }
}

fn wait_for_status(worker: &Worker, connector: &str, answers: &[Answer], fits: impl Fn(&Value) -> bool) {
    let mut last = Value::Null;
    let reached = e2e::wait_until("a status", SOON, || {
        last = worker.rest().get(&format!("/connectors/{connector}/status")).unwrap().json().unwrap();
        fits(&last)
    });
    reached.unwrap_or_else(|error| {
        panic!("{connector} after {} answers: {error:#}\n{last}\n{}", answers.len(), worker.log())
    });
}

/// Plays the list on a worker without connectors.
fn play(worker: &mut Worker, steps: &[Step]) -> Vec<Answer> {
    assert_eq!(worker.rest().get("/connectors").unwrap().body, "[]");
    let mut answers = Vec::new();
    for step in steps {
        match step {
            Step::Ask(request) => {
                let reply =
                    worker.rest().send(request.method, &request.path, &request.headers, request.body.as_deref());
                let reply = reply.unwrap_or_else(|error| panic!("{}: {error:#}\n{}", request.line(), worker.log()));
                answers.push(Answer::of(request, &reply, worker));
            }
            Step::Until(connector, state) => {
                let reached = worker.wait_for_state(connector, state, SOON);
                reached.unwrap_or_else(|error| panic!("after {} answers: {error:#}", answers.len()));
            }
            Step::UntilAlone(connector, state) => wait_for_status(worker, connector, &answers, |status| {
                status["connector"]["state"] == *state && status["tasks"].as_array().is_some_and(Vec::is_empty)
            }),
            Step::UntilFailed(connector) => {
                wait_for_status(worker, connector, &answers, |status| status["tasks"][0]["state"] == "FAILED");
            }
        }
    }
    answers
}

/// A worker without connectors, and the folder that it needs.
fn start(engine: Engine) -> (WorkerFiles, Worker) {
    let files = WorkerFiles::new(RealKafka::shared().unwrap()).unwrap();
    let worker = engine.standalone(&files.standalone(&[]).unwrap(), &[]).unwrap();
    (files, worker)
}

/// Java's answers; one worker serves all tests, one list at a time, and forgets what a list did.
fn javas(steps: &[Step]) -> Vec<Answer> {
    static JAVA: Mutex<Option<(WorkerFiles, Worker)>> = Mutex::new(None);
    let mut java = JAVA.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, worker) = java.get_or_insert_with(|| {
        let (files, mut worker) = start(Engine::Java);
        worker.remove_with(&files).unwrap();
        (files, worker)
    });
    let answers = play(worker, steps);
    for name in worker.rest().get("/connectors").unwrap().json().unwrap().as_array().unwrap() {
        assert_eq!(worker.rest().delete(&format!("/connectors/{}", name.as_str().unwrap())).unwrap().status, 204);
    }
    answers
}

/// Plays the list on both and compares answer by answer.
fn compare(steps: &[Step]) {
    let requests = || steps.iter().filter_map(|step| if let Step::Ask(request) = step { Some(request) } else { None });
    let java = javas(steps);
    let (_files, mut worker) = start(Engine::under_test());
    let ours = play(&mut worker, steps);
    assert_eq!(worker.terminate().unwrap(), Engine::under_test().clean_exit());
    let mut differences = Vec::new();
    for ((request, java), ours) in requests().zip(&java).zip(&ours) {
        if java != ours {
            differences.push(format!("{}\n  java:   {java:?}\n  moldau: {ours:?}", request.line()));
        }
    }
    let count = requests().count();
    println!("{count} exchanges compared");
    assert!(differences.is_empty(), "{} of {count} answers differ:\n{}", differences.len(), differences.join("\n"));
}

fn source(folder: &Path, more: &[(&str, &str)]) -> Value {
    let mut config = json!({
        "connector.class": "FileStreamSource", "tasks.max": "1", "topic": "rest-lines", "file": folder.join("in.txt"),
    });
    for (key, value) in more {
        config[*key] = json!(value);
    }
    config
}

fn sink(folder: &Path, more: &[(&str, &str)]) -> Value {
    let mut config = json!({
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "tasks.max": "2",
        "topics": "rest-lines", "file": folder.join("out.txt"),
    });
    for (key, value) in more {
        config[*key] = json!(value);
    }
    config
}

fn scene() -> tempfile::TempDir {
    // One of the tests is the first.
    let _ = RealKafka::shared().unwrap().create_topic("rest-lines", 2, &[]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("in.txt"), "one\ntwo\n").unwrap();
    folder
}

#[test]
fn the_life_of_connectors_over_rest_is_javas() {
    let folder = scene();
    let folder = folder.path();
    compare(&[
        get("/"),
        get("/connectors"),
        post("/connectors", &json!({"name": "a", "config": source(folder, &[])})),
        Step::Until("a", "RUNNING"),
        post("/connectors", &json!({"name": "a", "config": source(folder, &[])})),
        get("/connectors"),
        get("/connectors/a"),
        get("/connectors/a/config"),
        get("/connectors/a/status"),
        get("/connectors/a/tasks"),
        get("/connectors/a/tasks/0/status"),
        get("/connectors/a/tasks/1/status"),
        get("/connectors/a/tasks/x/status"),
        put("/connectors/b/config", &sink(folder, &[])),
        Step::Until("b", "RUNNING"),
        get("/connectors"),
        get("/connectors/b"),
        get("/connectors/b/tasks"),
        get("/connectors/b/status"),
        get("/connectors?expand=status"),
        get("/connectors?expand=info"),
        get("/connectors?expand=info&expand=status"),
        get("/connectors?expand=nothing"),
        get("/connectors?expand=status,info"),
        // Configuration.
        put("/connectors/a/config", &source(folder, &[("batch.size", "7"), ("free", "text")])),
        Step::Until("a", "RUNNING"),
        get("/connectors/a/config"),
        get("/connectors/a/tasks"),
        patch("/connectors/a/config", &json!({"free": null, "batch.size": "8", "more": "x"})),
        Step::Until("a", "RUNNING"),
        get("/connectors/a/config"),
        put("/connectors/b/config", &sink(folder, &[("tasks.max", "1")])),
        Step::Until("b", "RUNNING"),
        get("/connectors/b"),
        get("/connectors/b/status"),
        // Pause, resume, stop.
        put_empty("/connectors/a/pause"),
        Step::Until("a", "PAUSED"),
        get("/connectors/a/status"),
        put_empty("/connectors/a/pause"),
        put("/connectors/a/config", &source(folder, &[])),
        Step::Until("a", "PAUSED"),
        get("/connectors/a/status"),
        put_empty("/connectors/a/resume"),
        Step::Until("a", "RUNNING"),
        put_empty("/connectors/a/stop"),
        Step::UntilAlone("a", "STOPPED"),
        get("/connectors/a/status"),
        get("/connectors/a"),
        get("/connectors/a/tasks"),
        get("/connectors/a/tasks/0/status"),
        put_empty("/connectors/a/resume"),
        Step::Until("a", "RUNNING"),
        get("/connectors/a/status"),
        // Restarts.
        post_empty("/connectors/a/restart"),
        Step::Until("a", "RUNNING"),
        post_empty("/connectors/a/restart?includeTasks=false&onlyFailed=false"),
        Step::Until("a", "RUNNING"),
        post_empty("/connectors/a/restart?includeTasks=true"),
        Step::Until("a", "RUNNING"),
        post_empty("/connectors/a/restart?onlyFailed=true"),
        post_empty("/connectors/a/restart?includeTasks=true&onlyFailed=true"),
        Step::Until("a", "RUNNING"),
        post_empty("/connectors/a/restart?includeTasks=yes"),
        Step::Until("a", "RUNNING"),
        post_empty("/connectors/a/tasks/0/restart"),
        Step::Until("a", "RUNNING"),
        get("/connectors/a/status"),
        post_empty("/connectors/a/tasks/x/restart"),
        // The end.
        delete("/connectors/a"),
        get("/connectors/a"),
        get("/connectors/a/status"),
        delete("/connectors/a"),
        delete("/connectors/b"),
        get("/connectors"),
    ]);
}

#[test]
fn errors_over_rest_are_javas() {
    let folder = scene();
    let folder = folder.path();
    let named = |name: &str, config: Value| json!({"name": name, "config": config});
    let without = |mut config: Value, key: &str| {
        config.as_object_mut().unwrap().remove(key);
        config
    };
    let odd =
        json!({"tasks.max": "0", "errors.tolerance": "some", "errors.retry.timeout": "soon", "transforms": "a,a"});
    let odd: Vec<(&str, &str)> =
        odd.as_object().unwrap().iter().map(|(key, value)| (&**key, value.as_str().unwrap())).collect();
    compare(&[
        // Nothing of that name.
        get("/nowhere"),
        get("/connectors/none"),
        get("/connectors/none/config"),
        get("/connectors/none/status"),
        get("/connectors/none/tasks"),
        get("/connectors/none/tasks/0/status"),
        patch("/connectors/none/config", &json!({"a": "b"})),
        delete("/connectors/none"),
        put_empty("/connectors/none/pause"),
        put_empty("/connectors/none/resume"),
        put_empty("/connectors/none/stop"),
        post_empty("/connectors/none/restart?includeTasks=true"),
        post_empty("/connectors/none/restart?onlyFailed=true"),
        // Configurations that cannot be.
        post("/connectors", &named("x", without(source(folder, &[]), "topic"))),
        post("/connectors", &named("x", without(source(folder, &[]), "connector.class"))),
        post("/connectors", &named("x", source(folder, &[("topic", "")]))),
        post("/connectors", &named("x", source(folder, &[("tasks.max", "many"), ("batch.size", "x")]))),
        post("/connectors", &named("x", source(folder, &odd))),
        post("/connectors", &named("x", source(folder, &[("name", "y")]))),
        post("/connectors", &named("", source(folder, &[]))),
        post("/connectors", &named("x\u{1}y", source(folder, &[]))),
        post("/connectors", &named("x", sink(folder, &[("topics", "")]))),
        post("/connectors", &named("x", without(sink(folder, &[]), "topics"))),
        post("/connectors", &named("x", sink(folder, &[("topics", "a,a")]))),
        post("/connectors", &named("x", sink(folder, &[("topics", "a,,b")]))),
        post("/connectors", &named("x", sink(folder, &[("errors.deadletterqueue.topic.name", "rest-lines")]))),
        post("/connectors", &named("x", source(folder, &[("key.converter", "NoSuchConverter")]))),
        post("/connectors", &named("x", source(folder, &[("transforms", "t")]))),
        post("/connectors", &named("x", source(folder, &[("transforms", "t"), ("transforms.t.type", "NoSuchThing")]))),
        post(
            "/connectors",
            &named("x", source(folder, &[("transforms", "t"), ("transforms.t.type", "FileStreamSource")])),
        ),
        put("/connectors/x/config", &source(folder, &[("name", "y")])),
        put("/connectors/x/config", &without(source(folder, &[]), "topic")),
        put("/connectors/x/config", &json!({})),
        get("/connectors/x"),
        get("/connectors"),
        // Requests that cannot be read.
        unreadable("POST", "/connectors", "garbage"),
        unreadable("POST", "/connectors", "{\"name\":\"x\",\"config\":{}} garbage"),
        unreadable("POST", "/connectors", "null"),
        unreadable("POST", "/connectors", ""),
        unreadable("POST", "/connectors", "{\"name\":\"x\"}"),
        unreadable("POST", "/connectors", "{\"name\":\"x\",\"config\":{},\"unknown\":1}"),
        unreadable("POST", "/connectors", "{\"name\":\"x\",\"config\":{\"a\":{\"b\":1}}}"),
        unreadable("POST", "/connectors", "{\"name\":\"x\",\"config\":{\"a\":[]}}"),
        unreadable("POST", "/connectors", "{\"name\":\"x\",\"config\":{},\"initial_state\":\"ASLEEP\"}"),
        unreadable("PUT", "/connectors/x/config", "[]"),
        unreadable("PUT", "/connectors/x/config", "{\"a\":"),
        // Requests that do not fit.
        put("/connectors", &json!({})),
        delete("/"),
        post("/connectors/x/config", &json!({})),
        with("GET", "/connectors", &[("accept", "text/html")], None),
        with("GET", "/", &[("accept", "*/*")], None),
        with("GET", "/", &[], None),
        with("POST", "/connectors", &[("content-type", "text/plain")], Some("{}")),
        with("PUT", "/connectors/x/config", &[("content-type", "application/x-www-form-urlencoded")], Some("a=b")),
        with("HEAD", "/connectors", &[("accept", "application/json")], None),
        with("HEAD", "/connectors/none", &[("accept", "application/json")], None),
        with("OPTIONS", "/nowhere", &[], None),
        get("/connectors/"),
        get("/connectors/none/"),
        get("/connectors;a=b"),
        get("/connectors/a%2Fb"),
        get("/connectors/%zz"),
        get("/connectors//status"),
    ]);
}

#[test]
fn names_initial_states_and_failures_over_rest_are_javas() {
    let folder = scene();
    let folder = folder.path();
    let occupied = folder.join("a folder");
    std::fs::create_dir(&occupied).unwrap();
    let named = |name: &str, config: Value| json!({"name": name, "config": config});
    let initial =
        |name: &str, state: Value| json!({"name": name, "config": source(folder, &[]), "initial_state": state});
    compare(&[
        post("/connectors", &named(" trimmed \u{fc}+b?c#d&e=f ", source(folder, &[]))),
        get("/connectors"),
        get("/connectors/trimmed%20%C3%BC+b%3Fc%23d&e=f/config"),
        delete("/connectors/trimmed%20%C3%BC+b%3Fc%23d&e=f"),
        // Scalars become texts.
        ask(
            "POST",
            "/connectors",
            Some(format!(
                "{{\"name\":\"scalars\",\"config\":{{\"connector.class\":\"FileStreamSource\",\"topic\":\"rest-scalars\",\
             \"file\":\"{}\",\"batch.size\":5,\"tasks.max\":1,\"yes\":true,\"number\":1.50,\"big\":12345678901234567890}}}}",
                folder.join("in.txt").display()
            )),
        ),
        Step::Until("scalars", "RUNNING"),
        get("/connectors/scalars/config"),
        delete("/connectors/scalars"),
        // States to begin with.
        post("/connectors", &initial("paused", json!("PAUSED"))),
        Step::UntilAlone("paused", "PAUSED"),
        get("/connectors/paused/status"),
        get("/connectors/paused/tasks"),
        put_empty("/connectors/paused/resume"),
        Step::Until("paused", "RUNNING"),
        get("/connectors/paused/status"),
        delete("/connectors/paused"),
        post("/connectors", &initial("stopped", json!("stopped"))),
        Step::UntilAlone("stopped", "STOPPED"),
        get("/connectors/stopped/status"),
        post_empty("/connectors/stopped/restart"),
        get("/connectors/stopped/status"),
        delete("/connectors/stopped"),
        post("/connectors", &initial("null", json!(null))),
        Step::Until("null", "RUNNING"),
        delete("/connectors/null"),
        // A task that fails, and how it is restarted.
        put("/connectors/failing/config", &sink(folder, &[("file", occupied.to_str().unwrap()), ("tasks.max", "1")])),
        Step::UntilFailed("failing"),
        get("/connectors/failing/status"),
        get("/connectors/failing/tasks/0/status"),
        get("/connectors?expand=status"),
        post_empty("/connectors/failing/restart?onlyFailed=true"),
        get("/connectors/failing/status"),
        post_empty("/connectors/failing/restart?includeTasks=true&onlyFailed=true"),
        Step::UntilFailed("failing"),
        put("/connectors/failing/config", &sink(folder, &[("tasks.max", "1")])),
        Step::Until("failing", "RUNNING"),
        get("/connectors/failing/status"),
        delete("/connectors/failing"),
        get("/connectors"),
    ]);
}

fn validate(plugin: &str, config: &Value) -> Step {
    put(&format!("/connector-plugins/{plugin}/config/validate"), config)
}

/// The classes of transforms, predicates and converters under their interface, without their common package.
const PLUGINS: [&str; 42] = [
    "converters.BooleanConverter",
    "converters.ByteArrayConverter",
    "converters.DoubleConverter",
    "converters.FloatConverter",
    "converters.IntegerConverter",
    "converters.LongConverter",
    "converters.ShortConverter",
    "json.JsonConverter",
    "storage.StringConverter",
    "storage.SimpleHeaderConverter",
    "transforms.Cast$Key",
    "transforms.Cast$Value",
    "transforms.DropHeaders",
    "transforms.ExtractField$Key",
    "transforms.ExtractField$Value",
    "transforms.Filter",
    "transforms.Flatten$Key",
    "transforms.Flatten$Value",
    "transforms.HeaderFrom$Key",
    "transforms.HeaderFrom$Value",
    "transforms.HoistField$Key",
    "transforms.HoistField$Value",
    "transforms.InsertField$Key",
    "transforms.InsertField$Value",
    "transforms.InsertHeader",
    "transforms.MaskField$Key",
    "transforms.MaskField$Value",
    "transforms.RegexRouter",
    "transforms.ReplaceField$Key",
    "transforms.ReplaceField$Value",
    "transforms.SetSchemaMetadata$Key",
    "transforms.SetSchemaMetadata$Value",
    "transforms.TimestampConverter$Key",
    "transforms.TimestampConverter$Value",
    "transforms.TimestampRouter",
    "transforms.ValueToKey",
    "transforms.predicates.HasHeaderKey",
    "transforms.predicates.RecordIsTombstone",
    "transforms.predicates.TopicNameMatches",
    "file.FileStreamSourceConnector",
    "file.FileStreamSinkConnector",
    "tools.VerifiableSinkConnector",
];

#[test]
fn plugins_and_their_keys_over_rest_are_javas() {
    let config = |name: &str| get(&format!("/connector-plugins/{name}/config"));
    let mut steps = vec![
        get("/connector-plugins"),
        get("/connector-plugins?connectorsOnly=true"),
        get("/connector-plugins?connectorsOnly=TRUE"),
        get("/connector-plugins?connectorsOnly=false"),
        get("/connector-plugins?connectorsOnly=no"),
    ];
    steps.extend(PLUGINS.map(|plugin| config(&format!("org.apache.kafka.connect.{plugin}"))));
    let names =
        ["FileStreamSource", "FileStreamSink", "JsonConverter", "Json", "ValueToKey", "Simple", "VerifiableSource"];
    steps.extend(names.map(config));
    steps.extend([
        config("nope"),
        config("org.apache.kafka.connect.NoSuchConnector"),
        config("FileConfigProvider"),
        config("EnvVar"),
        config("Principal"),
        config("Json?version=4.3.1"),
        config("Json?version=latest"),
        config("Json?version=0.0.1"),
        config("Json?version="),
        config("FileStreamSink?version=0.0.1"),
        config("FileStreamSink?version=%5B4.0,5.0)"),
        put("/connector-plugins/Json/config", &json!({})),
        get("/connector-plugins/Json"),
    ]);
    compare(&steps);
}

#[test]
fn validations_over_rest_are_javas() {
    let folder = scene();
    let folder = folder.path();
    let mut steps = validations(folder);
    steps.extend(validations_of_stages(folder));
    steps.extend(validations_of_clients(folder));
    compare(&steps);
}

fn validations(folder: &Path) -> Vec<Step> {
    let source = |more: &[(&str, &str)]| validate("FileStreamSource", &source(folder, more));
    let sink = |more: &[(&str, &str)]| validate("FileStreamSinkConnector", &sink(folder, more));
    vec![
        // The name is missing in all that do not set it.
        source(&[]),
        source(&[("name", "v")]),
        source(&[("name", "")]),
        source(&[("name", "v"), ("tasks.max", "x"), ("batch.size", "y"), ("free", "text")]),
        source(&[("name", "v"), ("tasks.max", "0"), ("batch.size", "0"), ("topic", "")]),
        source(&[("name", "v"), ("errors.tolerance", "some"), ("errors.log.enable", "maybe")]),
        source(&[("name", "v"), ("errors.retry.timeout", "soon"), ("config.action.reload", "never")]),
        source(&[("name", "v"), ("connector.plugin.version", "0.0.1")]),
        source(&[("name", "v"), ("connector.plugin.version", "[1")]),
        source(&[("name", "v"), ("connector.plugin.version", "latest")]),
        source(&[("name", "v"), ("connector.plugin.version", "[4.0,)")]),
        source(&[
            // Java's second answer about the same version is the NullPointerException of a cache.
            ("connector.plugin.version", "0.0.2"),
            ("transforms", "k"),
            ("transforms.k.type", "x.NotThere"),
            ("tasks.max", "x"),
            ("key.converter", "Nope"),
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("producer.override.linger.ms", "7"),
        ]),
        put("/connectors/v/config", &self::source(folder, &[("connector.plugin.version", "0.0.3")])),
        put("/connectors/v/config", &self::source(folder, &[("connector.plugin.version", "[1")])),
        put("/connectors/v/config", &self::source(folder, &[("tasks.max", "x"), ("key.converter", "Nope")])),
        source(&[("name", "v"), ("exactly.once.support", "always"), ("transaction.boundary", "never")]),
        source(&[("name", "v"), ("key.converter", "Nope"), ("value.converter", "FileStreamSource")]),
        source(&[("name", "v"), ("key.converter", "org.apache.kafka.connect.json.JsonConverter")]),
        source(&[
            ("name", "v"),
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("value.converter.schemas.enable", "perhaps"),
            ("value.converter.schemas.cache.size", "many"),
            ("value.converter.decimal.format", "ROMAN"),
            ("header.converter", "org.apache.kafka.connect.storage.SimpleHeaderConverter"),
            ("key.converter", "org.apache.kafka.connect.storage.StringConverter"),
            ("key.converter.converter.encoding", "no-such"),
        ]),
        validate(
            "FileStreamSource",
            &json!({"connector.class": "FileStreamSource", "name": "v", "topic": null, "tasks.max": null}),
        ),
        validate(
            "FileStreamSource",
            &json!({"connector.class": "FileStreamSource", "name": null, "free": null, "more": null}),
        ),
        sink(&[]),
        sink(&[("name", "v"), ("topics", "a,a")]),
        sink(&[("name", "v"), ("topics", "a,,b")]),
        sink(&[("name", "v"), ("topics", "")]),
        sink(&[("name", "v"), ("errors.deadletterqueue.topic.name", "rest-lines")]),
        sink(&[("name", "v"), ("errors.deadletterqueue.topic.replication.factor", "many")]),
        // Which plug-in.
        validate("FileStreamSink", &json!({"connector.class": "FileStreamSource"})),
        validate("Source", &json!({"connector.class": "FileStreamSource"})),
        validate("Connector", &json!({"connector.class": "FileStreamSource"})),
        validate("anything", &json!({"name": "v", "topics": "a"})),
        validate("anything", &json!({"connector.class": null})),
        validate("anything", &json!({})),
        validate("NotThere", &json!({"connector.class": "x.NotThere"})),
        validate(
            "FileStreamSource",
            &json!({"connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector"}),
        ),
        unreadable("PUT", "/connector-plugins/FileStreamSource/config/validate", "[]"),
        unreadable("PUT", "/connector-plugins/FileStreamSource/config/validate", "null"),
        get("/connector-plugins/FileStreamSource/config/validate"),
    ]
}

fn validations_of_stages(folder: &Path) -> Vec<Step> {
    let source = |more: &[(&str, &str)]| {
        let mut config = source(folder, more);
        config["name"] = json!("v");
        validate("FileStreamSource", &config)
    };
    let package = "org.apache.kafka.connect.transforms";
    let class = |name: &str| format!("{package}.{name}");
    vec![
        source(&[
            ("transforms", "k,i"),
            ("transforms.k.type", &class("ValueToKey")),
            ("transforms.k.fields", "id"),
            ("transforms.i.type", &class("InsertField$Value")),
            ("transforms.i.static.field", "a"),
            ("transforms.i.predicate", "p"),
            ("predicates", "p"),
            ("predicates.p.type", &class("predicates.TopicNameMatches")),
            ("predicates.p.pattern", "a.*"),
        ]),
        source(&[("transforms", "k"), ("transforms.k.type", &class("ValueToKey"))]),
        source(&[("transforms", "k"), ("transforms.k.type", &class("ValueToKey")), ("transforms.k.fields", "")]),
        source(&[("transforms", "k")]),
        source(&[("transforms", "k,k")]),
        source(&[("transforms", "k"), ("transforms.k.type", "x.NotThere")]),
        source(&[("transforms", "k"), ("transforms.k.type", &class("predicates.RecordIsTombstone"))]),
        source(&[
            ("transforms", "r"),
            ("transforms.r.type", &class("RegexRouter")),
            ("transforms.r.regex", "("),
            ("transforms.r.negate", "true"),
            ("transforms.r.plugin.version", "0.0.1"),
        ]),
        source(&[
            ("transforms", "h,c"),
            ("transforms.h.type", &class("HeaderFrom$Key")),
            ("transforms.h.operation", "steal"),
            ("transforms.c.type", &class("Cast$Value")),
            ("transforms.c.spec", "a:int99"),
        ]),
        source(&[
            ("predicates", "p,q"),
            ("predicates.p.type", &class("predicates.TopicNameMatches")),
            ("predicates.p.pattern", "("),
            ("predicates.q.type", &class("predicates.HasHeaderKey")),
        ]),
    ]
}

fn validations_of_clients(folder: &Path) -> Vec<Step> {
    let of = |plugin: &str, mut config: Value| {
        config["name"] = json!("v");
        validate(plugin, &config)
    };
    let dead = ("errors.deadletterqueue.topic.name", "dead");
    vec![
        of(
            "FileStreamSource",
            source(
                folder,
                &[
                    ("producer.override.linger.ms", "7"),
                    ("producer.override.free", "x"),
                    ("producer.override.acks", "all"),
                ],
            ),
        ),
        of("FileStreamSource", source(folder, &[("producer.override.linger.ms", "soon")])),
        put("/connectors/v/config", &source(folder, &[("producer.override.linger.ms", "soon")])),
        of("FileStreamSource", source(folder, &[("consumer.override.linger.ms", "soon")])),
        of("FileStreamSource", source(folder, &[("producer.override.compression.type", "zip")])),
        of(
            "FileStreamSink",
            sink(
                folder,
                &[
                    ("consumer.override.max.poll.records", "5"),
                    ("consumer.override.fetch.min.bytes", "1"),
                    ("consumer.override.client.id", "me"),
                ],
            ),
        ),
        of(
            "FileStreamSink",
            sink(
                folder,
                &[
                    dead,
                    ("producer.override.batch.size", "5"),
                    ("admin.override.retries", "3"),
                    ("consumer.override.client.rack", "r"),
                ],
            ),
        ),
    ]
}
