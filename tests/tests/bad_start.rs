//! Starts that cannot be: each ends with Java's exit code and a message that names file, key, value and what to do, and leaves all files
//! as they were.
#![allow(
    clippy::unwrap_used,
    clippy::type_complexity,
    clippy::disallowed_methods,
    reason = "black-box tests measure real time and read and write real files"
)]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::{Moldau, Port, Process, RealKafka, WorkerFiles, wait_until};

const SOON: Duration = Duration::from_secs(30);

/// What a process said and how it ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    said: String,
    took: Duration,
}

impl Ended {
    /// Asserts the exit code and that one message holds all the parts.
    #[track_caller]
    fn expect(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{}", self.said);
        for part in parts {
            assert!(self.said.contains(part), "no {part:?} in\n{}", self.said);
        }
        assert!(!self.said.contains("panicked"), "{}", self.said);
    }
}

fn moldau(arguments: &[&str]) -> Ended {
    moldau_within(SOON, arguments)
}

fn moldau_within(limit: Duration, arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let mut command = Command::new(Moldau::binary().unwrap());
    let mut process = Process::spawn("moldau", command.args(arguments), &folder.path().join("log")).unwrap();
    let code = process.wait(limit).unwrap();
    Ended { code, said: process.log(), took: start.elapsed() }
}

/// Runs a standalone worker that is expected to end by itself.
fn standalone(worker: &Path, connectors: &[&Path]) -> Ended {
    let mut arguments = vec!["standalone", worker.to_str().unwrap()];
    arguments.extend(connectors.iter().map(|path| path.to_str().unwrap()));
    moldau(&arguments)
}

/// A folder for a worker whose broker does not matter, because it is never asked.
fn without_kafka() -> (Port, tempfile::TempDir) {
    (Port::reserve().unwrap(), tempfile::tempdir().unwrap())
}

/// Writes a worker file for a broker that does not exist; `None` leaves a line out.
fn worker_file(folder: &Path, changes: &[(&str, Option<&str>)]) -> PathBuf {
    let offsets = folder.join("offsets").display().to_string();
    let mut lines = vec![
        ("bootstrap.servers", "127.0.0.1:1"),
        ("listeners", "http://127.0.0.1:0"),
        ("key.converter", "org.apache.kafka.connect.storage.StringConverter"),
        ("value.converter", "org.apache.kafka.connect.storage.StringConverter"),
        ("offset.storage.file.filename", &offsets),
    ];
    for (key, value) in changes {
        lines.retain(|(known, _)| known != key);
        lines.extend(value.map(|value| (*key, value)));
    }
    let path = folder.join("worker.properties");
    e2e::write_properties(&path, &lines).unwrap();
    path
}

#[test]
fn a_wrong_command_line_gives_the_usage_and_1() {
    for arguments in [&[][..], &["standalone"], &["standalone", "--help"], &["standalone", "w", "--help"], &["fly"]] {
        moldau(arguments).expect(1, &["moldau standalone worker.properties"]);
    }
}

#[test]
fn a_worker_file_that_cannot_be_read_gives_2_and_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no such.properties");
    standalone(&missing, &[]).expect(2, &[missing.to_str().unwrap(), "No such file"]);
    standalone(folder.path(), &[]).expect(2, &[folder.path().to_str().unwrap(), "directory"]);
    let malformed = folder.path().join("malformed.properties");
    std::fs::write(&malformed, "group.id=x\nbootstrap.servers=\\u12g4\n").unwrap();
    standalone(&malformed, &[]).expect(2, &[malformed.to_str().unwrap(), "Malformed \\uxxxx encoding", "2"]);
    let marked = folder.path().join("marked.properties");
    std::fs::write(&marked, "\u{feff}bootstrap.servers=127.0.0.1:1\n").unwrap();
    let hint = "marked.properties begins with a byte order mark, which becomes a part of the first key";
    standalone(&marked, &[]).expect(2, &["Missing required configuration \"bootstrap.servers\"", hint]);
}

#[test]
fn a_worker_configuration_that_cannot_be_gives_2_and_file_key_and_value() {
    let (_port, folder) = without_kafka();
    let cases: &[(&str, Option<&str>, &str)] = &[
        ("key.converter", None, "Missing required configuration \"key.converter\" which has no default value."),
        ("offset.storage.file.filename", None, "Missing required configuration \"offset.storage.file.filename\""),
        (
            "value.converter",
            Some("no.Such"),
            "Invalid value no.Such for configuration value.converter: Class no.Such could not be found.",
        ),
        (
            "offset.flush.interval.ms",
            Some("soon"),
            "Invalid value soon for configuration offset.flush.interval.ms: Not a number of type LONG",
        ),
        (
            "topic.creation.enable",
            Some("yes"),
            "Invalid value yes for configuration topic.creation.enable: Expected value to be either true or false",
        ),
        (
            "metrics.num.samples",
            Some("0"),
            "Invalid value 0 for configuration metrics.num.samples: Value must be at least 1",
        ),
        ("listeners", Some("ftp://127.0.0.1:1"), "ftp://127.0.0.1:1"),
        ("listeners", Some(""), "listeners"),
        ("bootstrap.servers", Some("127.0.0.1"), "127.0.0.1"),
        ("bootstrap.servers", Some(""), "bootstrap.servers"),
        ("plugin.discovery", Some("guess"), "plugin.discovery"),
    ];
    for (key, value, message) in cases {
        let worker = worker_file(folder.path(), &[(key, *value)]);
        let ended = standalone(&worker, &[]);
        println!("{key}={value:?}: {}", ended.said);
        ended.expect(2, &[message, key]);
        assert!(ended.took < Duration::from_secs(20), "{key}: took {:?}", ended.took);
    }
    let worker = worker_file(folder.path(), &[("offset.flush.interval.ms", Some("soon"))]);
    standalone(&worker, &[]).expect(2, &[worker.to_str().unwrap()]);
}

#[test]
fn a_worker_key_of_a_later_version_gives_2_and_says_so() {
    let (_port, folder) = without_kafka();
    for (key, value) in [
        ("security.protocol", "SASL_SSL"),
        ("producer.security.protocol", "SSL"),
        ("consumer.isolation.level", "read_committed"),
        ("rest.extension.classes", "org.example.Auth"),
        ("listeners", "https://127.0.0.1:0"),
        ("producer.enable.idempotence", "true"),
    ] {
        let worker = worker_file(folder.path(), &[(key, Some(value))]);
        standalone(&worker, &[]).expect(2, &[worker.to_str().unwrap(), key, "cannot", "yet"]);
    }
}

#[test]
fn a_java_class_of_the_worker_file_gives_2_and_its_jar() {
    let (_port, folder) = without_kafka();
    let libs = e2e::kafka_libs().unwrap();
    let name = "connect-basic-auth-extension-4.3.1.jar";
    let jar = folder.path().join(name);
    std::fs::copy(libs.jars().join(name), &jar).unwrap();
    let extension = "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension";
    let path = folder.path().to_str().unwrap();
    for (key, class, jar) in [
        ("rest.extension.classes", extension, jar.to_str().unwrap()),
        ("ssl.engine.factory.class", "com.example.Engine", "com.example.Engine"),
        ("producer.sasl.login.class", "com.example.Login", "com.example.Login"),
    ] {
        let worker = worker_file(folder.path(), &[("plugin.path", Some(path)), (key, Some(class))]);
        standalone(&worker, &[]).expect(2, &[worker.to_str().unwrap(), key, class, jar]);
    }
}

#[test]
fn a_config_provider_that_cannot_be_gives_2_and_javas_words() {
    let (_port, folder) = without_kafka();
    let secret = folder.path().join("secret.properties");
    std::fs::write(&secret, "interval=hunter2\n").unwrap();
    let file = "org.apache.kafka.common.config.provider.FileConfigProvider";
    let start = |lines: &[(&str, &str)]| {
        let mut all = vec![("config.providers", Some("p"))];
        all.extend(lines.iter().map(|(key, value)| (*key, Some(*value))));
        standalone(&worker_file(folder.path(), &all), &[])
    };
    let class = "config.providers.p.class";
    let unknown = start(&[(class, "com.example.VaultConfigProvider")]);
    unknown.expect(
        2,
        &["worker.properties: Invalid value com.example.VaultConfigProvider for configuration \
                        config.providers.p.class: Could not load config provider class or one of its dependencies"],
    );
    let nowhere = start(&[(class, file), ("config.providers.p.param.allowed.paths", "/no/such/path")]);
    nowhere.expect(2, &["Path /no/such/path does not exist"]);
    let unreadable = start(&[(class, file), ("offset.flush.interval.ms", "${p:/no/such/file:x}")]);
    unreadable.expect(2, &["Could not read properties from file /no/such/file"]);
    let variable = format!("${{p:{}:interval}}", secret.display());
    let wrong = start(&[(class, file), ("offset.flush.interval.ms", &variable)]);
    wrong.expect(2, &[&format!("Invalid value {variable} for configuration offset.flush.interval.ms")]);
    assert!(!wrong.said.contains("hunter2"), "{}", wrong.said);
}

#[test]
fn a_host_that_does_not_resolve_gives_2_at_once() {
    let (_port, folder) = without_kafka();
    let worker = worker_file(folder.path(), &[("bootstrap.servers", Some("no-such-host.invalid:9092"))]);
    let ended = standalone(&worker, &[]);
    ended.expect(2, &["bootstrap.servers", "no-such-host.invalid:9092"]);
    assert!(ended.took < Duration::from_secs(15), "took {:?}", ended.took);
}

#[test]
fn a_kafka_that_cannot_be_reached_gives_2_after_a_minute_or_after_the_time_that_was_set() {
    let (port, folder) = without_kafka();
    let bootstrap = format!("127.0.0.1:{}", port.number());
    let after_a_minute = std::thread::spawn({
        let bootstrap = bootstrap.clone();
        move || {
            let folder = tempfile::tempdir().unwrap();
            let worker = worker_file(folder.path(), &[("bootstrap.servers", Some(&bootstrap))]);
            moldau_within(Duration::from_secs(90), &["standalone", worker.to_str().unwrap()])
        }
    });
    let changes = [
        ("bootstrap.servers", Some(&*bootstrap)),
        ("default.api.timeout.ms", Some("3000")),
        ("request.timeout.ms", Some("1000")),
    ];
    let ended = standalone(&worker_file(folder.path(), &changes), &[]);
    ended.expect(2, &["Failed to connect to and describe Kafka cluster", "bootstrap.servers", &bootstrap]);
    assert!((2..15).contains(&ended.took.as_secs()), "took {:?}", ended.took);
    let ended = after_a_minute.join().unwrap();
    ended.expect(2, &["Failed to connect to and describe Kafka cluster", "bootstrap.servers", &bootstrap]);
    assert!((55..75).contains(&ended.took.as_secs()), "took {:?}", ended.took);
}

#[test]
fn a_port_in_use_gives_2_and_its_number() {
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    let _other = TcpListener::bind(("127.0.0.1", files.port())).unwrap();
    let worker = files.standalone(&[]).unwrap();
    standalone(&worker, &[]).expect(2, &["listeners", &files.port().to_string(), "in use"]);
    assert!(!files.offsets().exists(), "nothing was made");
}

#[test]
fn an_offset_file_that_cannot_be_used_gives_3_and_stays_as_it_is() {
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    let offsets = files.offsets();
    let name = offsets.to_str().unwrap();
    let mut java = vec![0xac, 0xed, 0, 5];
    java.extend(b"sr\0\x11java.util.HashMap");
    for content in [&b"garbage"[..], b"name=value\n", &[0xac, 0xed, 0, 5, 0x74, 0, 1, b'x'], &java, &[0xff; 5000]] {
        std::fs::write(&offsets, content).unwrap();
        let ended = standalone(&files.standalone(&[]).unwrap(), &[]);
        ended.expect(3, &[name, "Failed to start Connect"]);
        assert!(ended.said.contains("corrupt") || ended.said.contains("Expected HashMap"), "{}", ended.said);
        assert!(ended.said.contains("remove"), "it says what to do: {}", ended.said);
        assert_eq!(std::fs::read(&offsets).unwrap(), content);
    }
    std::fs::remove_file(&offsets).unwrap();
    std::fs::create_dir(&offsets).unwrap();
    standalone(&files.standalone(&[]).unwrap(), &[]).expect(3, &[name, "offset.storage.file.filename"]);
    let nowhere = files.folder().join("no/such/folder/offsets");
    let worker = files.standalone(&[("offset.storage.file.filename", nowhere.to_str().unwrap())]).unwrap();
    standalone(&worker, &[]).expect(3, &[nowhere.to_str().unwrap(), "offset.storage.file.filename", "No such file"]);
    let worker = files.standalone(&[("offset.storage.file.filename", "/proc/moldau/offsets")]).unwrap();
    standalone(&worker, &[]).expect(3, &["/proc/moldau/offsets"]);
}

#[test]
fn a_second_worker_on_the_same_offset_file_gives_3_and_the_first_goes_on() {
    let kafka = RealKafka::shared().unwrap();
    let first_files = WorkerFiles::new(kafka).unwrap();
    let second_files = WorkerFiles::new(kafka).unwrap();
    let mut first = Moldau::standalone(&first_files.standalone(&[]).unwrap(), &[]).unwrap();
    let offsets = first_files.offsets();
    let second = second_files.standalone(&[("offset.storage.file.filename", offsets.to_str().unwrap())]).unwrap();
    standalone(&second, &[]).expect(3, &[offsets.to_str().unwrap(), "in use"]);
    assert_eq!(first.rest().get("/").unwrap().status, 200);
    assert_eq!(first.terminate().unwrap(), 0);
    let mut successor = Moldau::standalone(&second, &[]).unwrap();
    assert_eq!(successor.terminate().unwrap(), 0);
}

#[test]
fn a_connector_file_that_cannot_be_used_gives_3_and_its_name() {
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    let worker = files.standalone(&[]).unwrap();
    let written = |name: &str, text: &str| {
        let path = files.folder().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let missing = files.folder().join("missing.properties");
    for (path, parts) in [
        (missing, &["No such file"][..]),
        (files.folder().to_owned(), &["directory"]),
        (
            written("nameless.properties", "connector.class=FileStreamSource\n"),
            &["is missing the mandatory 'name' configuration"],
        ),
        (
            written("nameless.json", "{\"connector.class\":\"FileStreamSource\"}"),
            &["is missing the mandatory 'name' configuration"],
        ),
        (
            written("array.json", r#"["x",{"connector.class":"FileStreamSource"},null]"#),
            &["is missing the mandatory 'name' configuration"],
        ),
        (written("half.json", "{\"name\":\"x\",\"config\":"), &["is missing the mandatory 'name' configuration"]),
        (
            written("marked.properties", "\u{feff}name=x\nconnector.class=FileStreamSource\n"),
            &["is missing the mandatory 'name' configuration", "begins with a byte order mark"],
        ),
        (written("empty", ""), &["is missing the mandatory 'name' configuration"]),
        (
            written("two.json", r#"{"name":"a","config":{"name":"b","connector.class":"FileStreamSource"}}"#),
            &["doesn't match"],
        ),
        (written("escape.properties", "name=x\ntopic=\\uzzzz\n"), &["Malformed \\uxxxx encoding"]),
    ] {
        let mut all = vec![path.to_str().unwrap()];
        all.extend(parts);
        standalone(&worker, &[&path]).expect(3, &all);
    }
}

#[test]
fn a_connector_configuration_that_cannot_be_gives_3_and_key_and_value() {
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    let worker = files.standalone(&[]).unwrap();
    let file = files.folder().join("in.txt");
    let file = file.to_str().unwrap();
    let source = [("connector.class", "FileStreamSource"), ("topic", "bad"), ("file", file)];
    let sink = [("connector.class", "FileStreamSink"), ("topics", "bad"), ("file", file)];
    type Lines<'a> = &'a [(&'a str, &'a str)];
    let cases: &[(Lines, Lines, &[&str])] = &[
        (&source, &[("connector.class", "")], &["connector.class"]),
        (&source, &[("connector.class", "FileStreamSorce")], &["FileStreamSorce", "FileStreamSource"]),
        (&sink, &[("connector.class", "org.apache.kafka.connect.file.FileSink")], &["FileSink", "FileStreamSink"]),
        (
            &source,
            &[("tasks.max", "many")],
            &["Invalid value many for configuration tasks.max: Not a number of type INT"],
        ),
        (
            &source,
            &[("batch.size", "1.5")],
            &["Invalid value 1.5 for configuration batch.size: Not a number of type INT"],
        ),
        (&source, &[("topic", "")], &["Invalid value  for configuration topic: String must be non-empty"]),
        (
            &source,
            &[("errors.tolerance", "some")],
            &["Invalid value some for configuration errors.tolerance: String must be one of"],
        ),
        (&source, &[("value.converter", "AvroConverter")], &["AvroConverter", "value.converter", "could not be found"]),
        (&source, &[("transforms", "a"), ("transforms.a.type", "Hoist")], &["Hoist", "transforms.a.type"]),
        (
            &sink,
            &[("topics.regex", "b.*")],
            &["topics and topics.regex are mutually exclusive options, but both are set."],
        ),
        (&sink, &[("topics", "")], &["Must configure one of topics or topics.regex"]),
        (&sink, &[("topics", "a,a")], &["Configuration 'topics' values must not be duplicated."]),
        (
            &sink,
            &[("errors.deadletterqueue.topic.name", "bad")],
            &["The DLQ topic 'bad' may not be included in the list of topics"],
        ),
        // Keys of later versions.
        (&source, &[("exactly.once.support", "required")], &["'exactly.once.support'", "cannot", "yet"]),
        (
            &sink,
            &[("consumer.override.isolation.level", "read_committed")],
            &["'consumer.override.isolation.level'", "yet"],
        ),
    ];
    for (base, changes, parts) in cases {
        let mut lines = base.to_vec();
        for (key, value) in *changes {
            lines.retain(|(known, _)| known != key);
            lines.push((key, value));
        }
        let connector = files.connector("wrong", &lines).unwrap();
        let ended = standalone(&worker, &[&connector]);
        println!("{changes:?}: {}", ended.said.lines().filter(|line| line.contains("ERROR")).collect::<String>());
        let mut all = vec![connector.to_str().unwrap()];
        all.extend(*parts);
        ended.expect(3, &all);
        // Why is told before the worker is stopped, in Java's words.
        let [failed, why, stopping] =
            ["Failed to create connector for", "Stopping after connector error", "Kafka Connect stopping"]
                .map(|part| ended.said.find(part).unwrap_or_else(|| panic!("no {part:?} in\n{}", ended.said)));
        assert!(failed < why && why < stopping, "{}", ended.said);
    }
}

#[test]
fn connectors_before_a_wrong_one_are_stopped_cleanly() {
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    let from = files.folder().join("in.txt");
    std::fs::write(&from, "one\ntwo\n").unwrap();
    let lines = [("connector.class", "FileStreamSource"), ("topic", "before"), ("file", from.to_str().unwrap())];
    let good = files.connector("good", &lines).unwrap();
    let wrong = files.connector("wrong", &[("connector.class", "NoSuchConnector")]).unwrap();
    let worker = files.standalone(&[]).unwrap();
    standalone(&worker, &[&good, &wrong]).expect(3, &[wrong.to_str().unwrap(), "NoSuchConnector"]);

    let mut worker = Moldau::standalone(&worker, &[good]).unwrap();
    wait_until("both lines", SOON, || kafka.consume_all("before").is_ok_and(|records| records.len() >= 2)).unwrap();
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(worker.terminate().unwrap(), 0);
    let texts: Vec<String> = kafka.consume_all("before").unwrap().iter().map(e2e::Stored::text).collect();
    assert_eq!(texts, ["one", "two"]);
}
