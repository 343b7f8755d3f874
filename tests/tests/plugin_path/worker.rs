//! A worker with a `plugin.path`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::{EmbeddedBroker, Moldau, WorkerFiles, kafka_libs, wait_until};
use serde_json::json;

use crate::jars::{self, text};

const SOON: Duration = Duration::from_secs(60);

/// What the log says after a start: in how many milliseconds.
fn started_in(log: &str) -> Option<u64> {
    log.split_once("worker initialization took ")?.1.split_once("ms")?.0.parse().ok()
}

#[test]
fn a_hundred_jars_cost_nothing_at_start() {
    let broker = EmbeddedBroker::start().unwrap();
    let fastest = |plugin_path: &str| {
        let start = |_| {
            let files = WorkerFiles::at(broker.bootstrap()).unwrap();
            let lines = [("plugin.path", plugin_path), ("plugin.discovery", "hybrid_warn")];
            let mut worker = Moldau::standalone(&files.standalone(&lines).unwrap(), &[]).unwrap();
            wait_until("the start", SOON, || started_in(&worker.log()).is_some()).unwrap();
            let millis = started_in(&worker.log()).unwrap();
            worker.kill();
            millis
        };
        (0..5).map(start).min().unwrap()
    };
    let libs = kafka_libs().unwrap().jars();
    assert!(std::fs::read_dir(&libs).unwrap().count() > 90);
    let (without, with) = (fastest("/nope"), fastest(&text(&libs)));
    // Reading them takes seconds in a debug build.
    assert!(with < without + 200, "{with} ms with a hundred jars, {without} ms without");
}

#[test]
fn kafkas_own_jars_are_built_in_or_named_once() {
    let broker = EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let libs = kafka_libs().unwrap();
    let path = format!("{},{}", text(&libs.jars()), text(&libs.plugin_path()));
    let lines = [("plugin.path", path.as_str()), ("plugin.discovery", "hybrid_warn")];
    let mut worker = Moldau::standalone(&files.standalone(&lines).unwrap(), &[]).unwrap();
    wait_until("the listing", SOON, || worker.log().contains(" are built in here")).unwrap();
    let log = worker.log();
    let (before, after) = log.split_once("Kafka Connect started").unwrap();
    assert!(!before.contains(".jar") && after.contains("3 source connectors, 1 REST extension in"), "{log}");
    assert!(after.contains("connect-mirror-4.3.1.jar (3)"), "{log}");
    // Nothing of Kafka's lacks a manifest, and nothing that is built in is complained about.
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    let config = json!({"connector.class": "FileStreamSource", "file": text(&files.folder().join("x")), "topic": "t"});
    let reply = worker.rest().put("/connectors/c/config", &config).unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
    assert_eq!(worker.terminate().unwrap(), 0);
}

#[test]
fn java_plugins_are_named_with_their_jar() {
    let broker = EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let places = files.folder().join("places");
    jars::make(&places);
    let jar = text(&places.join("single/demo.jar"));
    let lines = [("plugin.path", jar.as_str()), ("plugin.discovery", "hybrid_warn")];
    let mut worker = Moldau::standalone(&files.standalone(&lines).unwrap(), &[]).unwrap();
    let host = "it needs the Java plug-in host, which this version of Moldau does not have yet";
    for class in ["demo.DemoSource", "DemoSource"] {
        let reply = worker.rest().put("/connectors/c/config", &json!({"connector.class": class})).unwrap();
        assert_eq!(reply.status, 400);
        let text = format!(
            "demo.DemoSource (version 1.2.3) is a Java source connector in {jar}; {host}. GET /connector-plugins lists \
             the connectors that run here."
        );
        assert_eq!(reply.json().unwrap(), json!({"error_code": 400, "message": text}));
    }
    let config = json!({
        "connector.class": "FileStreamSource", "topic": "t", "value.converter": "DemoConverter",
        "transforms": "t", "transforms.t.type": "demo.Shout$Key", "transforms.t.predicate": "p",
        "predicates": "p", "predicates.p.type": "DemoPredicate",
    });
    let reply = worker.rest().put("/connector-plugins/FileStreamSource/config/validate", &config).unwrap();
    let found = reply.json().unwrap();
    let error = |key: &str| {
        let configs = found["configs"].as_array().unwrap();
        configs.iter().find(|entry| entry["value"]["name"] == key).unwrap()["value"]["errors"][0]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let expected = |key: &str, value: &str, what: &str| {
        format!("Invalid value {value} for configuration {key}: {what} in {jar}; {host}.")
    };
    for (key, value, what) in [
        ("value.converter", "DemoConverter", "demo.DemoConverter (version undefined) is a Java converter"),
        ("transforms.t.type", "demo.Shout$Key", "demo.Shout$Key (version 4.3.1) is a Java transform"),
        ("predicates.p.type", "DemoPredicate", "demo.DemoPredicate (version 9.9) is a Java predicate"),
    ] {
        assert_eq!(error(key), expected(key, value, what));
    }
    // What is nowhere is answered as Java does, and nothing is offered that does not run.
    let reply = worker.rest().put("/connectors/c/config", &json!({"connector.class": "demo.Nope"})).unwrap();
    assert!(reply.body.contains("Failed to find any class that implements Connector and which name matches demo.Nope"));
    assert!(!worker.rest().get("/connector-plugins?connectorsOnly=false").unwrap().body.contains("demo."));
    let log = worker.log();
    assert!(log.contains("'connect-plugin-path.sh sync-manifests --plugin-path"), "{log}");
    assert_eq!(worker.terminate().unwrap(), 0);
}

/// The exit code and the log of a start that fails.
fn fails(files: &WorkerFiles, lines: &[(&str, &str)], connectors: &[PathBuf]) -> (i32, String) {
    let mut worker = Moldau::spawn(&files.standalone(lines).unwrap(), connectors, &[]).unwrap();
    (worker.wait(SOON).unwrap(), worker.log())
}

#[test]
fn starts_that_need_java_end_with_the_jar() {
    let broker = EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let places: &Path = &files.folder().join("places");
    jars::make(places);
    let jar = text(&places.join("several/deeper/a.JAR"));
    let path = text(&places.join("several"));
    let parent = text(places);
    let scan = ("plugin.discovery", "only_scan");
    let (code, log) = fails(&files, &[("plugin.path", &parent), scan, ("key.converter", "demo.DemoConverter")], &[]);
    assert!(
        code == 2 && log.contains("key.converter: demo.DemoConverter (version undefined) is a Java converter in "),
        "{log}"
    );

    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let source = files.connector("c", &[("connector.class", "demo.DemoSource")]).unwrap();
    let (code, log) = fails(&files, &[("plugin.path", &parent), scan], std::slice::from_ref(&source));
    assert!(code == 3 && log.contains("demo.DemoSource (version 1.2.3) is a Java source connector in "), "{log}");

    // By manifests alone the sink of the same jar is not there.
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let sink = files.connector("c", &[("connector.class", "DemoSink"), ("topics", "t")]).unwrap();
    let load = ("plugin.discovery", "SERVICE_LOAD");
    let (code, log) = fails(&files, &[("plugin.path", &parent), load], &[sink]);
    assert!(code == 3 && log.contains("which name matches DemoSink, available connectors are: "), "{log}");
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let (code, log) = fails(&files, &[("plugin.path", &parent), load], &[source]);
    assert!(code == 3 && log.contains(&format!("is a Java source connector in {jar}; it needs")), "{log}");

    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let (code, log) = fails(&files, &[("plugin.path", &parent), ("plugin.discovery", "hybrid_fail")], &[]);
    let text = format!(
        "One or more plugins are missing ServiceLoader manifests may not be usable with plugin.discovery=service_load: \
         [\nfile:{parent}/hierarchy/\tdemo.DemoConverter\tconverter\tundefined\n"
    );
    assert!(
        code == 2
            && log.contains(&text)
            && log.contains(&format!("file:{path}/\tdemo.DemoPredicate\tpredicate\t9.9\n")),
        "{log}"
    );
    let end = "To silence this error, set plugin.discovery=hybrid_warn in the worker config.";
    assert!(log.contains(end) && !log.contains("panicked"), "{log}");
}
