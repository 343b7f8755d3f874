//! The log of a worker: through the script as Java writes it, for people, for machines, and while its levels change.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "black-box tests read real files and run real scripts"
)]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use e2e::{EmbeddedBroker, Engine, Moldau, Rest, Signal, WorkerFiles, wait_until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);
const CONNECT: &str = "org.apache.kafka.connect.runtime.Connect";
const SOURCE_TASK: &str = "org.apache.kafka.connect.runtime.WorkerSourceTask";

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("bin/connect-standalone.sh")
}

/// A source, a sink, and a sink that fails with a cause of several lines.
fn connectors(files: &WorkerFiles) -> Vec<PathBuf> {
    let path = |name: &str| files.folder().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("in.txt"), "one\ntwo\n").unwrap();
    let source = [("connector.class", "FileStreamSource"), ("topic", "lines"), ("file", &*path("in.txt"))];
    let sink = [("connector.class", "FileStreamSink"), ("topics", "lines"), ("file", &*path("out.txt"))];
    let broken = [
        ("connector.class", "FileStreamSink"),
        ("topics", "lines"),
        ("file", &*path("broken.txt")),
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("errors.log.enable", "true"),
    ];
    [("src", &source[..]), ("snk", &sink), ("broken", &broken)]
        .map(|(name, lines)| files.connector(name, lines).unwrap())
        .into()
}

/// One entry of a log in Java's pattern.
#[derive(Debug)]
struct Entry {
    time: String,
    level: String,
    context: Option<String>,
    message: String,
    logger: String,
}

/// All entries; lines that begin no entry belong to the trace of the one before.
fn entries(log: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for line in log.lines() {
        match entry(line) {
            Some(entry) => entries.push(entry),
            None => {
                let last: &Entry = entries.last().unwrap_or_else(|| panic!("no entry: {line}"));
                assert!(!line.starts_with('[') && last.level != "INFO", "no entry: {line}");
            }
        }
    }
    entries
}

fn entry(line: &str) -> Option<Entry> {
    let (time, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let (level, rest) = rest.split_once(' ')?;
    let known = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(&level);
    let (text, place) = rest.strip_suffix(')')?.rsplit_once(" (")?;
    let (logger, number) = place.rsplit_once(':')?;
    if shape != "0000-00-00 00:00:00,000" || !known || number.parse::<u32>().is_err() || logger.contains(' ') {
        return None;
    }
    let context = text.strip_prefix('[').and_then(|text| text.split_once("] ")).filter(|(text, _)| text.contains('|'));
    let message = context.map_or(text, |(_, message)| message).to_owned();
    let context = context.map(|(context, _)| context.to_owned());
    Some(Entry { time: time.to_owned(), level: level.to_owned(), context, message, logger: logger.to_owned() })
}

fn hour(zone: &str) -> String {
    let output = Command::new("date").env("TZ", zone).arg("+%Y-%m-%d %H").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn the_script_logs_as_java_does_to_standard_output_and_the_log_folder() {
    const ZONE: &str = "Asia/Kolkata";
    let broker = EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let logs = files.folder().join("some logs");
    let begun = hour(ZONE);
    let environment = [
        ("LOG_DIR", logs.to_str().unwrap()),
        ("TZ", ZONE),
        ("MOLDAU_LOG", "info,org.apache.kafka.connect.runtime.WorkerSourceTask=DEBUG"),
    ];
    let worker_file = files.standalone(&[]).unwrap();
    let mut worker = Moldau::by_script_with(&script(), &worker_file, &connectors(&files), &environment).unwrap();
    worker.wait_for_state("snk", "RUNNING", SOON).unwrap();
    wait_until("the failure", SOON, || worker.log().contains("Task threw an uncaught and unrecoverable exception"))
        .unwrap();
    wait_until("a commit", SOON, || worker.log().contains("Finished commitOffsets successfully")).unwrap();
    assert_eq!(worker.terminate().unwrap(), 0);
    let hours = [begun, hour(ZONE)];

    let text = worker.log();
    let mut kept: Vec<_> = std::fs::read_dir(&logs).unwrap().map(|entry| entry.unwrap().path()).collect();
    kept.sort();
    assert!(kept.contains(&logs.join("connect.log")), "{kept:?}");
    let all: String = kept.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert_eq!(all, text, "the file and standard output say the same");

    let entries = entries(&text);
    assert!(entries.iter().all(|entry| hours.iter().any(|hour| entry.time.starts_with(&**hour))), "{hours:?}\n{text}");
    let find = |context: Option<&str>, message: &str| {
        let found =
            entries.iter().find(|entry| entry.context.as_deref() == context && entry.message.starts_with(message));
        &*found.unwrap_or_else(|| panic!("{context:?} {message} is missing in\n{text}")).logger
    };
    assert_eq!(find(None, "Kafka Connect started"), CONNECT);
    assert_eq!(find(None, "Kafka Connect stopped"), CONNECT);
    assert_eq!(find(None, "Kafka version: 4.3.1"), "org.apache.kafka.common.utils.AppInfoParser");
    let listening = format!("REST server listening at http://127.0.0.1:{}/, advertising URL ", files.port());
    assert_eq!(find(None, &listening), "org.apache.kafka.connect.runtime.rest.RestServer");
    assert_eq!(find(None, "Created connector src"), "org.apache.kafka.connect.cli.ConnectStandalone");
    assert_eq!(find(Some("src|worker"), "Creating connector src"), "org.apache.kafka.connect.runtime.Worker");
    assert_eq!(find(Some("src|task-0"), "WorkerSourceTask{id=src-0} Source task finished"), SOURCE_TASK);
    assert_eq!(find(Some("src|task-0|offsets"), "WorkerSourceTask{id=src-0} Committing offsets"), SOURCE_TASK);
    assert_eq!(
        find(Some("broken|task-0"), "Error encountered in task broken-0."),
        "org.apache.kafka.connect.runtime.errors.LogReporter"
    );
    let failed = "Task threw an uncaught and unrecoverable exception";
    assert_eq!(find(Some("broken|task-0"), failed), "org.apache.kafka.connect.runtime.WorkerTask");
    assert!(!entries.iter().any(|entry| entry.level == "DEBUG" && entry.logger != SOURCE_TASK));
}

#[test]
fn json_lines_are_json_line_by_line() {
    let broker = EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let worker_file = files.standalone(&[]).unwrap();
    let mut worker =
        Moldau::by_script_with(&script(), &worker_file, &connectors(&files), &[("MOLDAU_LOG_FORMAT", "json")]).unwrap();
    wait_until("the failure", SOON, || worker.log().contains("uncaught and unrecoverable exception")).unwrap();
    assert_eq!(worker.terminate().unwrap(), 0);
    let lines: Vec<Value> = worker.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        assert!(
            ["timestamp", "level", "logger", "target", "message"].iter().all(|name| line[name].is_string()),
            "{line}"
        );
    }
    let started = lines.iter().find(|line| line["message"] == "Kafka Connect started").unwrap();
    assert_eq!((&started["logger"], &started["level"]), (&json!(CONNECT), &json!("INFO")));
    let failed = lines.iter().find(|line| line["level"] == "ERROR" && line["connector"] == "broken").unwrap();
    assert_eq!(failed["task"], 0);
    assert!(lines.iter().any(|line| line["fields"]["error"].as_str().is_some_and(|error| error.contains('\n'))));
}

#[test]
fn a_level_changed_over_rest_shows_lines_of_that_logger_only() {
    let broker = EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let worker_file = files.standalone(&[("offset.flush.interval.ms", "100")]).unwrap();
    let mut worker = Moldau::by_script_with(&script(), &worker_file, &connectors(&files), &[]).unwrap();
    worker.wait_for_state("src", "RUNNING", SOON).unwrap();
    let debug = |log: &str| entries(log).into_iter().filter(|entry| entry.level == "DEBUG").collect::<Vec<_>>();
    assert!(debug(&worker.log()).is_empty());
    let set =
        |level: &str| worker.rest().put(&format!("/admin/loggers/{SOURCE_TASK}"), &json!({"level": level})).unwrap();
    assert_eq!(set("DEBUG").body, format!("[\"{SOURCE_TASK}\"]"));
    wait_until("debug lines", SOON, || debug(&worker.log()).len() > 4).unwrap();
    set("INFO");
    let info = |log: &str| log.matches("children to INFO").count();
    wait_until("the end", SOON, || info(&worker.log()) == 1).unwrap();
    let then = debug(&worker.log()).len();
    // A flush later the module's own name does the same.
    let ours = worker.rest().put("/admin/loggers/connect_worker::sink", &json!({"level": "TRACE"})).unwrap();
    assert!(ours.body.contains("WorkerSinkTask"), "{}", ours.body);
    wait_until("trace lines", SOON, || entries(&worker.log()).iter().any(|entry| entry.level == "TRACE")).unwrap();
    let all = debug(&worker.log());
    let late = all.iter().filter(|entry| entry.logger == SOURCE_TASK).count();
    assert!(late <= then + 1, "{late} lines, {then} before the level was put back");
    let sink = "org.apache.kafka.connect.runtime.WorkerSinkTask";
    assert!(all.iter().all(|entry| entry.logger == SOURCE_TASK || entry.logger == sink), "{all:?}");
    assert_eq!(worker.terminate().unwrap(), 0);
}

#[test]
fn variables_of_a_virtual_machine_get_a_line_each_and_no_value_is_shown() {
    let broker = EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let environment = [
        ("KAFKA_HEAP_OPTS", "-Xmx2G"),
        ("KAFKA_LOG4J_OPTS", "-Dlog4j2.configurationFile=/etc/mine.yaml"),
        ("JMX_PORT", "9999"),
        ("CLASSPATH", "/opt/mine.jar"),
        ("KAFKA_OPTS", "-javaagent:/opt/agent.jar=7071 -Djavax.net.ssl.keyStorePassword='hunter 2' -Dtoken=hunter2"),
    ];
    let worker_file = files.standalone(&[]).unwrap();
    let mut worker = Moldau::by_script_with(&script(), &worker_file, &[], &environment).unwrap();
    assert_eq!(worker.terminate().unwrap(), 0);
    let text = worker.log();
    let said: Vec<Entry> = entries(&text).into_iter().filter(|entry| entry.message.contains("no effect")).collect();
    for name in ["KAFKA_HEAP_OPTS", "KAFKA_LOG4J_OPTS", "JMX_PORT", "CLASSPATH", "-javaagent", "keyStorePassword"] {
        assert_eq!(said.iter().filter(|entry| entry.message.contains(name)).count(), 1, "{name} in {said:?}");
    }
    assert!(said.iter().all(|entry| entry.level == "WARN"));
    assert!(!text.contains("hunter") && !text.contains("7071"), "{text}");
}

#[test]
fn kafka_opts_say_which_config_providers_a_worker_file_may_name() {
    let files = WorkerFiles::at("127.0.0.1:1").unwrap();
    let class = "org.apache.kafka.common.config.provider.EnvVarConfigProvider";
    let worker_file = files.standalone(&[("config.providers", "env"), ("config.providers.env.class", class)]).unwrap();
    let property = "org.apache.kafka.automatic.config.providers";
    let options = format!("-D{property}=org.apache.kafka.common.config.provider.FileConfigProvider");
    let mut worker = Moldau::spawn(&worker_file, &[], &[("KAFKA_OPTS", &options)]).unwrap();
    assert_eq!(worker.wait(SOON).unwrap(), 2, "{}", worker.log());
    let expected = format!("{class} is not allowed. Update System property '{property}' to allow {class}");
    assert!(worker.log().contains(&expected), "{}", worker.log());
}

#[test]
fn a_worker_whose_log_nobody_reads_goes_on_and_ends() {
    let broker = EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let worker_file = files.standalone(&[]).unwrap();
    let mut command = Command::new(Moldau::binary().unwrap());
    command.arg("standalone").arg(&worker_file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut worker = command.spawn().unwrap();
    let mut unread = worker.stderr.take().unwrap();
    let rest = Rest::new(files.port());
    wait_until("REST", SOON, || rest.get("/").is_ok_and(|reply| reply.status == 200)).unwrap();
    // Each is a line of more than a thousand characters, and a pipe holds 64 KiB of them.
    let name = "x".repeat(1_000);
    for _ in 0..200 {
        assert_eq!(rest.get(&format!("/admin/loggers/{name}")).unwrap().status, 404);
    }
    let id = rustix::process::Pid::from_child(&worker);
    rustix::process::kill_process(id, Signal::TERM).unwrap();
    let asked = Instant::now();
    wait_until("the end", SOON, || worker.try_wait().unwrap().is_some()).unwrap();
    assert!(asked.elapsed() < Duration::from_secs(15));
    assert_eq!(worker.wait().unwrap().code(), Some(0));
    let mut text = Vec::new();
    unread.read_to_end(&mut text).unwrap();
    assert!(text.len() >= 40_000, "only {} bytes were written", text.len());
}

#[test]
fn wrong_words_about_the_log_are_said() {
    let files = WorkerFiles::at("127.0.0.1:1").unwrap();
    let absent = files.folder().join("absent.properties");
    std::fs::copy(files.standalone(&[]).unwrap(), &absent).unwrap();
    std::fs::write(&absent, format!("listeners=http://127.0.0.1:{}\nbootstrap.servers=\n", files.port())).unwrap();
    let wrong = [("MOLDAU_LOG", "loud=yes"), ("MOLDAU_LOG_FORMAT", "xml"), ("MOLDAU_LOG_DIR", "/proc/no/such")];
    let mut worker = Moldau::spawn(&absent, &[], &wrong).unwrap();
    assert_eq!(worker.wait(SOON).unwrap(), 2);
    let log = worker.log();
    for sentence in
        ["'loud=yes' is no level", "MOLDAU_LOG_FORMAT=xml is none of", "the log is not kept in /proc/no/such"]
    {
        assert!(log.contains(sentence), "{sentence} is missing in\n{log}");
    }
}

/// The lines of the access log, with times and latencies that are numbers replaced.
fn accesses(log: &str) -> Vec<String> {
    const SERVER: &str = "org.apache.kafka.connect.runtime.rest.RestServer";
    let entries = log.lines().filter_map(entry).filter(|entry| entry.logger == SERVER && entry.level == "INFO");
    let accesses = entries.filter_map(|entry| {
        let (peer, rest) = entry.message.split_once(" - - [")?;
        let (time, rest) = rest.split_once("] ")?;
        let (rest, took) = rest.rsplit_once(' ')?;
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert!(
            took.parse::<u64>().is_ok() && shape.starts_with("00/") && shape.ends_with("/0000:00:00:00 +0000"),
            "{entry:?}"
        );
        Some(format!("{peer} {rest}"))
    });
    // How often it was asked whether it is there, and what sets the level of this log itself, does not count.
    accesses.filter(|line| !line.contains("\"GET / ") && !line.contains("/admin/loggers/")).collect()
}

fn asked(engine: Engine, bootstrap: &str) -> Vec<String> {
    let files = WorkerFiles::at(bootstrap).unwrap();
    let file = files.standalone(&[]).unwrap();
    let mut worker = match engine {
        Engine::Java => engine.standalone(&file, &[]).unwrap(),
        Engine::Moldau => Moldau::by_script_with(&script(), &file, &[], &[]).unwrap(),
    };
    let rest = worker.rest();
    let send =
        |method: &str, path: &str, headers: &[(&str, &str)], body| rest.send(method, path, headers, body).unwrap();
    send("GET", "/connectors?expand=status&a=%20b", &[("User-Agent", "me/1 (a b)"), ("Referer", "http://x/y")], None);
    send("HEAD", "/connectors", &[("User-Agent", "me")], None);
    send("GET", "/connectors/none/status", &[("User-Agent", "me")], None);
    send("POST", "/connectors", &[("User-Agent", "me"), ("Content-Type", "application/json")], Some("{}"));
    send("OPTIONS", "/connectors", &[("User-Agent", "me")], None);
    let level = |body: &'static str| {
        let path = "/admin/loggers/org.apache.kafka.connect.runtime.rest.RestServer";
        send("PUT", path, &[("User-Agent", "me"), ("Content-Type", "application/json")], Some(body));
    };
    level(r#"{"level": "WARN"}"#);
    send("GET", "/connectors/unheard", &[("User-Agent", "me")], None);
    level(r#"{"level": "INFO"}"#);
    send("GET", "/connectors", &[("User-Agent", "the last")], None);
    wait_until("the last line", SOON, || worker.log().contains("the last")).unwrap();
    let log = worker.log();
    assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
    accesses(&log)
}

#[test]
fn each_request_has_the_line_that_java_writes() {
    let broker = EmbeddedBroker::start().unwrap();
    let [java, ours] = [Engine::Java, Engine::Moldau].map(|engine| asked(engine, broker.bootstrap()));
    assert!(java.len() > 5, "{java:#?}");
    assert_eq!(ours, java);
}
