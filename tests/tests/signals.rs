//! Stopping on a signal, and the script that starts the binary.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "black-box tests read real files and run real scripts"
)]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use e2e::{Engine, KafkaOptions, Moldau, RealKafka, Signal, WorkerFiles, numbered_line, wait_until};

const SOON: Duration = Duration::from_secs(30);

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("bin/connect-standalone.sh")
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap_or_default().lines().count()
}

/// A worker with a source and a sink in mid-work gets the signal; then it starts again.
fn stops_cleanly_on(signal: Signal, name: &str) {
    const HALF: u64 = 3_000;
    let engine = Engine::under_test();
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    let (from, to) = (files.folder().join("in.txt"), files.folder().join("out.txt"));
    let text = |numbers: std::ops::Range<u64>| numbers.map(|number| numbered_line(number) + "\n").collect::<String>();
    std::fs::write(&from, text(0..HALF)).unwrap();
    let (from_text, to_text) = (from.to_str().unwrap(), to.to_str().unwrap());
    let sink_name = format!("{name}-sink");
    let connectors = [
        files.connector(
            &format!("{name}-source"),
            &[("connector.class", "FileStreamSource"), ("topic", name), ("file", from_text), ("batch.size", "100")],
        ),
        files.connector(&sink_name, &[("connector.class", "FileStreamSink"), ("topics", name), ("file", to_text)]),
    ]
    .map(Result::unwrap);
    // No offset would be stored before the end of the test but for the clean stop.
    let worker_file = files.standalone(&[("offset.flush.interval.ms", "600000")]).unwrap();

    let start = |engine: Engine| match engine {
        Engine::Java => engine.standalone(&worker_file, &connectors).unwrap(),
        Engine::Moldau => Moldau::by_script(&script(), &worker_file, &connectors).unwrap(),
    };
    let mut worker = start(engine);
    if engine == Engine::Moldau {
        let command = std::fs::read_to_string(format!("/proc/{}/comm", worker.pid())).unwrap();
        assert_eq!(command.trim(), "moldau", "the script became the binary");
    }
    wait_until("lines at both ends", SOON, || lines(&to) > 0).unwrap();
    worker.signal(signal).unwrap();
    let asked = Instant::now();
    let code = worker.wait(SOON).unwrap();
    let java = match signal {
        Signal::INT => 130,
        Signal::HUP => 129,
        _ => 143,
    };
    assert_eq!(code, if engine == Engine::Java { java } else { 0 }, "{}", worker.log());
    assert!(asked.elapsed() < Duration::from_secs(15), "took {:?}", asked.elapsed());
    assert!(files.offsets().is_file(), "no offset file");

    let group = format!("connect-{sink_name}");
    assert_eq!(kafka.driver().unwrap().group_members(&group).unwrap(), 0, "the consumer is still in its group");
    let committed = kafka.driver().unwrap().group_offsets(&group).unwrap();
    let written = i64::try_from(lines(&to)).unwrap();
    assert_eq!(committed.get(&(name.to_owned(), 0)), Some(&written), "committed is what was written");

    let all = text(0..2 * HALF);
    std::fs::write(&from, &all).unwrap();
    let mut worker = start(engine);
    wait_until("the other lines", SOON, || lines(&to) as u64 >= 2 * HALF).unwrap();
    worker.signal(signal).unwrap();
    worker.wait(SOON).unwrap();
    assert_eq!(std::fs::read_to_string(&to).unwrap(), all, "nothing is lost, nothing comes twice");
    assert_eq!(kafka.consume_all(name).unwrap().len() as u64, 2 * HALF);
}

#[test]
fn sigterm_ends_the_worker_with_0_and_everything_stored() {
    stops_cleanly_on(Signal::TERM, "terminated");
}

#[test]
fn sigint_ends_the_worker_with_0_and_everything_stored() {
    stops_cleanly_on(Signal::INT, "interrupted");
}

#[test]
fn sighup_ends_the_worker_with_0_and_everything_stored() {
    stops_cleanly_on(Signal::HUP, "hung-up");
}

#[test]
fn a_worker_that_shall_outlive_its_terminal_does() {
    let broker = e2e::EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let worker = files.standalone(&[]).unwrap();
    let wrapper = files.folder().join("nohup.sh");
    let text = format!("#!/bin/sh\nexec nohup {} standalone \"$@\"\n", Moldau::binary().unwrap().display());
    std::fs::write(&wrapper, text).unwrap();
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut worker = Moldau::by_script(&wrapper, &worker, &[]).unwrap();
    worker.signal(Signal::HUP).unwrap();
    // Signals are taken in any order; the answer shows that the first one ended nothing.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(worker.rest().get("/").unwrap().status, 200, "{}", worker.log());
    assert_eq!(worker.terminate().unwrap(), 0);
}

#[test]
fn a_signal_while_kafka_is_away_still_ends_the_worker() {
    let quick = KafkaOptions::default().property("group.min.session.timeout.ms", "500");
    let mut kafka = RealKafka::start_with(quick).unwrap();
    kafka.create_topic("away", 1, &[]).unwrap();
    let files = WorkerFiles::new(&kafka).unwrap();
    let from = files.folder().join("in.txt");
    std::fs::write(&from, "one\n").unwrap();
    let connectors = [
        files.connector(
            "away-source",
            &[("connector.class", "FileStreamSource"), ("topic", "away"), ("file", from.to_str().unwrap())],
        ),
        files.connector(
            "away-sink",
            &[
                ("connector.class", "FileStreamSink"),
                ("topics", "away"),
                ("file", files.folder().join("out.txt").to_str().unwrap()),
            ],
        ),
    ]
    .map(Result::unwrap);
    // Nobody hears that the consumer leaves: its membership ends when it was not heard of for two seconds.
    let quick = [("consumer.session.timeout.ms", "2000"), ("consumer.heartbeat.interval.ms", "500")];
    let worker_file = files.standalone(&quick).unwrap();
    let mut worker = Moldau::standalone(&worker_file, &connectors).unwrap();
    wait_until("the first line", SOON, || lines(&files.folder().join("out.txt")) == 1).unwrap();
    kafka.stop().unwrap();
    std::fs::write(&from, "one\ntwo\n").unwrap();
    // Long enough for the line to be read and handed to the producer.
    std::thread::sleep(Duration::from_millis(1500));
    worker.signal(Signal::TERM).unwrap();
    let asked = Instant::now();
    assert_eq!(worker.wait(Duration::from_secs(30)).unwrap(), 0, "{}", worker.log());
    assert!(asked.elapsed() < Duration::from_secs(15), "took {:?}\n{}", asked.elapsed(), worker.log());

    kafka.start_again().unwrap();
    let mut worker = Moldau::standalone(&worker_file, &connectors).unwrap();
    wait_until("the second line", SOON, || lines(&files.folder().join("out.txt")) >= 2).unwrap();
    assert_eq!(worker.terminate().unwrap(), 0);
    let texts: Vec<String> = kafka.consume_all("away").unwrap().iter().map(e2e::Stored::text).collect();
    assert_eq!(texts, ["one", "two"]);
}

#[test]
fn a_signal_during_the_start_ends_it_with_0_at_once() {
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    let nobody = e2e::Port::reserve().unwrap();
    let bootstrap = format!("127.0.0.1:{}", nobody.number());
    let worker_file = files.standalone(&[("bootstrap.servers", &bootstrap)]).unwrap();
    let mut worker = Moldau::spawn(&worker_file, &[], &[]).unwrap();
    // It tries to reach Kafka for a minute.
    std::thread::sleep(Duration::from_millis(700));
    assert!(worker.ended().unwrap().is_none(), "{}", worker.log());
    worker.signal(Signal::TERM).unwrap();
    let asked = Instant::now();
    assert_eq!(worker.wait(SOON).unwrap(), 0, "{}", worker.log());
    assert!(asked.elapsed() < Duration::from_secs(5), "took {:?}", asked.elapsed());
}

#[test]
fn the_script_hands_on_what_its_variables_say() {
    let scene = Scene::new();
    let program = scene.path("home/bin/moldau");
    let text = "#!/bin/sh\necho \"$# $MOLDAU_LOG_FORMAT|$MOLDAU_LOG_DIR|$KAFKA_OPTS|$KAFKA_GC_LOG_OPTS\"\necho complaint >&2\n";
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let logs = scene.path("home/bin/../logs");
    let said = scene.says(&["w", "c d"], &[]);
    assert_eq!(said, [format!("3 java|{}||", logs.display()), "complaint".to_owned()], "both on standard output");
    let extra = Path::new("-loggc -Da=b -name other");
    let more = scene.says(
        &["w"],
        &[
            ("EXTRA_ARGS", extra),
            ("KAFKA_OPTS", Path::new("-Dc=d")),
            ("LOG_DIR", Path::new("/a b")),
            ("MOLDAU_LOG_FORMAT", Path::new("json")),
        ],
    );
    assert_eq!(more[0], "2 json|/a b|-Dc=d -Da=b|-loggc");
    let logs = scene.path("logs");
    let environment = [("EXTRA_ARGS", Path::new("-daemon -name other")), ("LOG_DIR", &*logs)];
    assert_eq!(scene.says(&["w"], &environment), [""; 0]);
    let said = || std::fs::read_to_string(logs.join("other.out")).unwrap_or_default();
    wait_until("the daemon's output", SOON, || said().ends_with("complaint\n")).unwrap();
}

/// A folder with a copy of the script and, under several names, programs that say who they are and what they were told.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("home/bin")).unwrap();
        for name in ["connect-standalone.sh", "moldau-run.sh"] {
            std::fs::copy(script().with_file_name(name), folder.path().join("home/bin").join(name)).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\necho \"{name}\"\nfor argument; do echo \"[$argument]\"; done\n"))
            .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn run(&self, arguments: &[&str], environment: &[(&str, &Path)]) -> Output {
        let mut command = Command::new(self.path("home/bin/connect-standalone.sh"));
        command.args(arguments).env_remove("MOLDAU_BIN").env_remove("CARGO_TARGET_DIR").env("PATH", "/usr/bin:/bin");
        for name in ["EXTRA_ARGS", "KAFKA_OPTS", "LOG_DIR", "MOLDAU_LOG_FORMAT"] {
            command.env_remove(name);
        }
        command.envs(environment.iter().copied()).output().unwrap()
    }

    fn says(&self, arguments: &[&str], environment: &[(&str, &Path)]) -> Vec<String> {
        let output = self.run(arguments, environment);
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }
}

#[test]
fn the_script_finds_the_binary_by_variable_then_beside_itself_then_in_the_checkout_then_on_path() {
    let scene = Scene::new();
    let output = scene.run(&["worker.properties"], &[]);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(complaint.contains("cannot find the moldau binary") && complaint.contains("MOLDAU_BIN"), "{complaint}");

    let on_path = scene.program("elsewhere/moldau");
    let search = PathBuf::from(format!("{}:/usr/bin:/bin", on_path.parent().unwrap().display()));
    let arguments = ["my worker.properties", "a b.properties", "$HOME*.json"];
    let told = ["[standalone]", "[my worker.properties]", "[a b.properties]", "[$HOME*.json]"];
    assert_eq!(scene.says(&arguments, &[("PATH", &search)])[1..], told);
    assert_eq!(scene.says(&["w"], &[("PATH", &search)])[0], "elsewhere/moldau");
    scene.program("home/target/release/moldau");
    assert_eq!(scene.says(&["w"], &[("PATH", &search)])[0], "home/target/release/moldau");
    scene.program("home/bin/moldau");
    assert_eq!(scene.says(&["w"], &[("PATH", &search)])[0], "home/bin/moldau");
    let named = scene.program("named");
    assert_eq!(scene.says(&["w"], &[("PATH", &search), ("MOLDAU_BIN", &named)])[0], "named");
}

#[test]
fn the_script_is_found_through_a_link_too() {
    let scene = Scene::new();
    scene.program("home/bin/moldau");
    let link = scene.path("connect-standalone");
    symlink(scene.path("home/bin/connect-standalone.sh"), &link).unwrap();
    let output = Command::new(&link).arg("w").env_remove("MOLDAU_BIN").env_remove("CARGO_TARGET_DIR").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("home/bin/moldau"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_script_without_arguments_says_how_to_use_it_and_exits_with_1() {
    let output = Scene::new().run(&[], &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    let usage =
        "connect-standalone.sh [-daemon] connect-standalone.properties [connector1.properties connector2.json ...]";
    assert!(said.starts_with("USAGE: ") && said.trim_end().ends_with(usage), "{said}");
}

#[test]
fn the_script_starts_a_daemon_with_its_output_in_the_log_folder() {
    let scene = Scene::new();
    scene.program("home/bin/moldau");
    let logs = scene.path("logs");
    let output = scene.run(&["-daemon", "worker.properties"], &[("LOG_DIR", &logs)]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    let said = || std::fs::read_to_string(logs.join("connectStandalone.out")).unwrap_or_default();
    let expected = "home/bin/moldau\n[standalone]\n[worker.properties]\n";
    wait_until("the daemon's output", SOON, || said() == expected).unwrap();
}

#[test]
fn a_daemon_without_a_place_for_its_output_is_not_started_and_that_is_said() {
    let scene = Scene::new();
    scene.program("home/bin/moldau");
    let occupied = scene.path("a file");
    std::fs::write(&occupied, "").unwrap();
    let output = scene.run(&["-daemon", "worker.properties"], &[("LOG_DIR", &occupied.join("logs"))]);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(
        complaint.contains("connectStandalone.out cannot be written") && complaint.contains("LOG_DIR"),
        "{complaint}"
    );
}
