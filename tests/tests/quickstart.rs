//! The commands that need no Kafka and no JVM: `quickstart`, `broker`, `produce`, `consume`, from outside.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "black-box tests measure real time, read real files and run real commands"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use e2e::{Moldau, Port, Process, Rest, Signal, eventually, kafka_libs, wait_until};
use rustix::process::{Pid, kill_process, kill_process_group};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(20);
/// What a signal may take to end a quickstart.
const PROMPT: Duration = Duration::from_secs(2);
const HELLO: &str = "hello, Moldau";

fn moldau() -> Command {
    Command::new(Moldau::binary().unwrap())
}

fn lines(path: &Path) -> Vec<String> {
    let text = String::from_utf8(std::fs::read(path).unwrap_or_default()).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// A PATH with a shell and curl, and certainly no java.
fn bare_path(folder: &Path) -> PathBuf {
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    for program in ["sh", "curl"] {
        let found = std::env::var_os("PATH").and_then(|path| {
            std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
        });
        let link = bin.join(program);
        if !link.exists() {
            symlink(found.unwrap_or_else(|| panic!("this test needs {program} on PATH")), link).unwrap();
        }
    }
    bin
}

/// A quickstart whose output goes to a file.
struct Quickstart {
    process: Process,
    path: PathBuf,
    /// Files that outlive it.
    own: TempDir,
}

impl Quickstart {
    /// Starts one and waits until it has said everything that comes first.
    fn start(data: Option<&Path>) -> Self {
        let own = tempfile::tempdir().unwrap();
        let path = bare_path(own.path());
        let mut command = moldau();
        command.arg("quickstart").env("PATH", &path).env_remove("JAVA_HOME");
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        let process = Process::spawn("quickstart", &mut command, &own.path().join("output")).unwrap();
        let mut quickstart = Self { process, path, own };
        eventually("the introduction", SOON, || {
            assert!(quickstart.process.ended()?.is_none(), "{}", quickstart.output());
            Ok(quickstart.output().contains("Ctrl-C ends everything.").then_some(()))
        })
        .unwrap();
        quickstart
    }

    fn output(&self) -> String {
        self.process.log()
    }

    /// What stands behind a word at the start of a line of the introduction, without what is in brackets.
    fn place(&self, name: &str) -> String {
        let output = self.output();
        let line = output.lines().find_map(|line| line.strip_prefix("  ")?.strip_prefix(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in\n{output}"));
        line.split(" (").next().unwrap().trim().to_owned()
    }

    fn folder(&self) -> PathBuf {
        self.place("folder").into()
    }

    fn sink(&self) -> PathBuf {
        self.folder().join("files/test.sink.txt")
    }

    fn rest(&self) -> Rest {
        let port = self.place("REST").trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        Rest::new(port)
    }

    /// The commands that are printed to be tried.
    fn steps(&self) -> Vec<String> {
        let output = self.output();
        let commands =
            output.lines().filter_map(|line| line.strip_prefix("     ").filter(|rest| !rest.starts_with(' ')));
        let commands: Vec<String> = commands.take(3).map(str::to_owned).collect();
        assert_eq!(commands.len(), 3, "{output}");
        commands
    }

    /// What somebody types into a shell beside it.
    fn typed(&self, command: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command).env("PATH", &self.path).current_dir("/");
        shell
    }

    fn waits_for_sink(&self, count: usize) {
        wait_until("lines in the sink's file", SOON, || lines(&self.sink()).len() >= count)
            .unwrap_or_else(|error| panic!("{error}\n{}", self.output()));
    }

    /// Signals it and expects it to end with 0 soon.
    fn end(&mut self, signal: Signal) -> String {
        self.process.signal(signal).unwrap();
        let asked = Instant::now();
        assert_eq!(self.process.wait(SOON).unwrap(), 0, "{}", self.output());
        assert!(asked.elapsed() < PROMPT, "took {:?}\n{}", asked.elapsed(), self.output());
        self.output()
    }
}

/// The numbers of the sample's lines, which must be whole.
fn numbers(lines: &[String]) -> Vec<u64> {
    lines.iter().filter(|line| *line != HELLO).map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn records_move_at_once_and_what_is_printed_to_be_tried_works() {
    let began = Instant::now();
    let mut quickstart = Quickstart::start(None);
    wait_until("a moving line", SOON, || quickstart.output().contains("newest connect-test-0@")).unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "took {:?}", began.elapsed());
    assert!(quickstart.output().contains("The first record came"), "{}", quickstart.output());
    let (folder, steps) = (quickstart.folder(), quickstart.steps());

    assert!(quickstart.typed(&steps[0]).status().unwrap().success());
    wait_until("the line at the other end", SOON, || lines(&quickstart.sink()).iter().any(|line| line == HELLO))
        .unwrap();

    let out = quickstart.own.path().join("consumed");
    let mut consumer = Process::spawn("step 2", &mut quickstart.typed(&steps[1]), &out).unwrap();
    wait_until("the line in the topic", SOON, || lines(&out).iter().any(|line| line == HELLO))
        .unwrap_or_else(|error| panic!("{error}\n{}", consumer.log()));
    assert!(lines(&out)[0].starts_with("1 "), "{}", consumer.log());
    // As Ctrl-C does: to the shell and to what it runs.
    let group = Pid::from_raw(i32::try_from(consumer.pid()).unwrap()).unwrap();
    kill_process_group(group, Signal::INT).unwrap();
    let code = consumer.wait(SOON).unwrap();
    assert!(code == 0 || code == 130, "{code}");

    let answer = quickstart.typed(&steps[2]).output().unwrap();
    let said = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.status.success() && said.contains("\"name\":\"copy\""), "{said} {answer:?}");
    let copy = folder.join("files/copy.txt");
    wait_until("the copy", SOON, || lines(&copy).iter().any(|line| line == HELLO)).unwrap();
    assert!(lines(&copy)[0].starts_with("1 "));
    let connectors = quickstart.rest().get("/connectors").unwrap().json().unwrap();
    assert_eq!(connectors.as_array().unwrap().len(), 3);
    wait_until("the third connector", SOON, || quickstart.output().contains("sink copy RUNNING")).unwrap();

    let output = quickstart.end(Signal::INT);
    assert!(output.ends_with("is removed.\n"), "{output}");
    assert!(!output.contains('\x1b'), "{output}");
    assert!(!folder.exists(), "{} is still there", folder.display());
}

#[test]
fn a_second_start_goes_on_where_the_first_one_ended() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("a folder's name");
    let mut all = Vec::new();
    for round in 1..=3 {
        let mut quickstart = Quickstart::start(Some(&data));
        quickstart.waits_for_sink(all.len() + 6);
        if round == 1 {
            let steps = quickstart.steps();
            for step in [0, 2] {
                assert!(quickstart.typed(&steps[step]).status().unwrap().success());
            }
            wait_until("the copy", SOON, || lines(&data.join("files/copy.txt")).len() > 6).unwrap();
        } else {
            let connectors = quickstart.rest().get("/connectors").unwrap().json().unwrap();
            assert_eq!(connectors.as_array().unwrap().len(), 3, "the connector of the first round is still there");
            let topic = moldau()
                .args(["consume", "--bootstrap-server", &quickstart.place("Kafka"), "--topic", "connect-test"])
                .args(["--from-beginning", "--max-messages", &all.len().to_string()])
                .output()
                .unwrap();
            let topic = String::from_utf8(topic.stdout).unwrap();
            assert_eq!(topic.lines().collect::<Vec<_>>(), all, "the topic holds what the first rounds brought");
        }
        let output = quickstart.end(if round == 2 { Signal::TERM } else { Signal::INT });
        assert!(output.ends_with("is kept.\n"), "{output}");
        all = lines(&quickstart.sink());
        let numbers = numbers(&all);
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "none is lost, none comes twice");
    }
    assert_eq!(all.iter().filter(|line| *line == HELLO).count(), 1);
    let copy = lines(&data.join("files/copy.txt"));
    assert_eq!(copy[..], all[..copy.len()]);
}

#[test]
fn a_start_after_a_kill_loses_no_line() {
    let data = tempfile::tempdir().unwrap();
    let sink = data.path().join("files/test.sink.txt");
    for _ in 0..3 {
        let mut quickstart = Quickstart::start(Some(data.path()));
        let before = lines(&sink).len();
        quickstart.waits_for_sink(before + 2);
        quickstart.process.kill();
    }
    let mut quickstart = Quickstart::start(Some(data.path()));
    quickstart.waits_for_sink(lines(&sink).len() + 2);
    quickstart.end(Signal::TERM);
    // What was written and not committed comes again, in order.
    let mut numbers = numbers(&lines(&sink));
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

#[test]
fn taken_ports_are_replaced_by_others_and_said() {
    // Somebody else may have them already, which is as well.
    let _taken = [9092, 8083].map(|port| TcpListener::bind(("127.0.0.1", port)));
    let mut quickstart = Quickstart::start(None);
    let (kafka, rest) = (quickstart.place("Kafka"), quickstart.place("REST"));
    assert!(!kafka.ends_with(":9092") && !rest.ends_with(":8083/"), "{kafka} {rest}");
    let output = quickstart.output();
    for (taken, place) in [(9092, &kafka), (8083, &rest)] {
        let port = place.trim_end_matches('/').rsplit(':').next().unwrap();
        assert!(output.contains(&format!("port {taken} is taken")) && output.contains(&format!("has {port} instead")));
    }
    quickstart.waits_for_sink(3);
    quickstart.end(Signal::HUP);
}

#[test]
fn a_folder_in_use_is_refused_with_a_sentence_and_left_alone() {
    let data = tempfile::tempdir().unwrap();
    let mut first = Quickstart::start(Some(data.path()));
    let second = moldau().args(["quickstart", "--data"]).arg(data.path()).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(said.contains("in use by another quickstart") && said.contains(data.path().to_str().unwrap()), "{said}");
    first.waits_for_sink(4);
    first.end(Signal::TERM);
}

#[test]
fn on_a_terminal_the_view_is_redrawn_in_place_and_the_terminal_given_back() {
    let (mut terminal, own) = terminal(50, 120);
    let mut command = moldau();
    let child = command.arg("quickstart").stdin(own.try_clone().unwrap()).stdout(own.try_clone().unwrap()).stderr(own);
    let mut child = child.spawn().unwrap();
    // Only the child has the other end now: what is read here ends with it.
    drop(command);
    let shown = Arc::new(Mutex::new(Vec::new()));
    let reader = std::thread::spawn({
        let shown = shown.clone();
        move || {
            let mut piece = [0; 4096];
            while let Ok(len @ 1..) = terminal.read(&mut piece) {
                shown.lock().unwrap().extend_from_slice(&piece[..len]);
            }
        }
    });
    let text = || String::from_utf8_lossy(&shown.lock().unwrap()).into_owned();
    let frames = || text().matches("NEWEST RECORDS").count();
    wait_until("the view to be drawn again", SOON, || frames() > 3)
        .unwrap_or_else(|error| panic!("{error}\n{}", text()));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{}", text());
    reader.join().unwrap();
    let text = text();
    assert_eq!(text.matches("Ctrl-C ends everything.").count(), 1, "{text}");
    let last = text.rsplit("CONNECTOR ").next().unwrap();
    for part in
        ["local-file-source  source  RUNNING     0 RUNNING", "local-file-sink    sink    RUNNING", "connect-test-0@"]
    {
        assert!(last.contains(part), "no {part:?} in {last:?}");
    }
    // Each drawing but the first goes up as many lines as the one before had.
    let frames: Vec<&str> = text.split("\x1b[J").collect();
    for pair in frames[..frames.len() - 1].windows(2).skip(1) {
        assert!(pair[1].starts_with(&format!("\x1b[{}A\r", pair[0].matches('\n').count())), "{pair:?}");
    }
    assert_eq!((text.matches("\x1b[?25l").count(), text.matches("\x1b[?7l").count()), (1, 1));
    assert!(text.ends_with("\x1b[?7h\x1b[?25h"), "{text:?}");
}

/// Both ends of a terminal.
fn terminal(rows: u16, columns: u16) -> (File, File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let size = rustix::termios::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&master, size).unwrap();
    let own = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    (File::from(master), own)
}

/// `moldau broker` on a port of its own.
struct Broker {
    process: Process,
    servers: String,
    _port: Port,
    _folder: TempDir,
}

impl Broker {
    fn start(more: &[&str]) -> Self {
        let (port, folder) = (Port::reserve().unwrap(), tempfile::tempdir().unwrap());
        let servers = format!("127.0.0.1:{}", port.number());
        let mut command = moldau();
        command.args(["broker", "--listen", &servers]).args(more);
        let process = Process::spawn("broker", &mut command, &folder.path().join("output")).unwrap();
        wait_until("the broker", SOON, || process.log().contains("Ready."))
            .unwrap_or_else(|error| panic!("{error}\n{}", process.log()));
        Self { process, servers, _port: port, _folder: folder }
    }

    fn produce(&self, topic: &str, more: &[&str], input: &str) -> std::process::Output {
        let mut command = moldau();
        command.args(["produce", "--bootstrap-server", &self.servers, "--topic", topic]).args(more);
        fed(&mut command, input)
    }

    fn consume(&self, topic: &str, more: &[&str]) -> String {
        let mut command = moldau();
        command.args(["consume", "--bootstrap-server", &self.servers, "--topic", topic]).args(more);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn fed(command: &mut Command, input: &str) -> std::process::Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

const KEYED: [&str; 6] =
    ["--property", "parse.key=true", "--property", "key.separator=:", "--property", "null.marker=NULL"];

#[test]
fn what_is_produced_is_consumed() {
    let mut broker = Broker::start(&[]);
    assert!(broker.process.log().contains("for development and tests"), "{}", broker.process.log());
    assert!(broker.process.log().contains("in memory"), "{}", broker.process.log());
    let sent = broker.produce("mixed", &KEYED, "k:v\nb:NULL\n:\nžluť:kůň 🐎\r\nlast:without an end");
    assert!(sent.status.success(), "{sent:?}");
    let all = ["--from-beginning", "--max-messages", "5", "--property", "print.key=true"];
    assert_eq!(broker.consume("mixed", &all), "k\tv\nb\tnull\n\t\nžluť\tkůň 🐎\nlast\twithout an end\n");
    let from = ["--partition", "0", "--offset", "3", "--timeout-ms", "500", "--property", "print.offset=true"];
    assert_eq!(broker.consume("mixed", &from), "Offset:3\tkůň 🐎\nOffset:4\twithout an end\n");

    let grouped = |count: &str| broker.consume("mixed", &["--from-beginning", "--group", "g", "--max-messages", count]);
    assert_eq!(grouped("2"), "v\nnull\n");
    assert_eq!(grouped("1"), "\n", "the group goes on where it was");

    let sent = broker.produce("mixed", &KEYED, "one:1\nno separator\ntwo:2\n");
    assert_eq!(sent.status.code(), Some(2), "{sent:?}");
    let said = String::from_utf8_lossy(&sent.stderr).into_owned();
    assert!(said.contains("No key separator found on line number 2: 'no separator'"), "{said}");
    assert_eq!(broker.consume("mixed", &["--partition", "0", "--offset", "5", "--timeout-ms", "500"]), "1\n");

    broker.process.signal(Signal::TERM).unwrap();
    assert_eq!(broker.process.wait(PROMPT).unwrap(), 0);
}

#[test]
fn a_broker_with_a_folder_keeps_records_and_the_groups_place_also_when_it_is_killed() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data").display().to_string();
    let grouped = ["--from-beginning", "--group", "g", "--max-messages", "2"];
    let mut broker = Broker::start(&["--data", &data]);
    assert!(broker.process.log().contains(&data), "{}", broker.process.log());
    assert!(broker.produce("kept", &[], "1\n2\n3\n4\n5\n6\n").status.success());
    assert_eq!(broker.consume("kept", &grouped), "1\n2\n");

    let second = moldau().args(["broker", "--listen", "127.0.0.1:0", "--data", &data]).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(said.contains("in use") && said.contains(&data), "{said}");

    broker.process.kill();
    let mut broker = Broker::start(&["--data", &data]);
    assert_eq!(broker.consume("kept", &grouped), "3\n4\n");
    assert_eq!(broker.process.terminate(PROMPT).unwrap(), 0);
    let broker = Broker::start(&["--data", &data]);
    assert_eq!(broker.consume("kept", &grouped), "5\n6\n");
    assert!(broker.produce("kept", &[], "7\n").status.success());
    assert_eq!(broker.consume("kept", &["--from-beginning", "--max-messages", "7"]), "1\n2\n3\n4\n5\n6\n7\n");
}

#[test]
fn a_hundred_thousand_lines_go_through_in_order() {
    let broker = Broker::start(&[]);
    let text: String = (0..100_000).map(|number| format!("line {number}\n")).collect();
    assert!(broker.produce("many", &["--command-property", "compression.type=zstd"], &text).status.success());
    assert_eq!(broker.consume("many", &["--from-beginning", "--max-messages", "100000"]), text);
}

#[test]
fn a_reader_that_goes_away_ends_consume_quietly_also_while_nothing_comes() {
    let broker = Broker::start(&[]);
    assert!(broker.produce("few", &[], "1\n2\n3\n").status.success());
    let mut command = moldau();
    command.args(["consume", "--bootstrap-server", &broker.servers, "--topic", "few", "--from-beginning"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 2];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"1\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
}

#[test]
fn an_interrupted_produce_has_sent_what_it_read() {
    let broker = Broker::start(&[]);
    let log = broker._folder.path().join("produce");
    let mut command = moldau();
    command.args(["produce", "--bootstrap-server", &broker.servers, "--topic", "typed"]);
    let (mut process, mut input, _output) = Process::piped("produce", &mut command, &log).unwrap();
    input.write_all(b"one\ntwo\n").unwrap();
    let both = ["--from-beginning", "--max-messages", "2"];
    assert_eq!(broker.consume("typed", &both), "one\ntwo\n", "lines are sent while the input is open");
    input.write_all(b"three\n").unwrap();
    // It has the line when the pipe is empty, and its thread needs a moment to hand it on.
    std::thread::sleep(Duration::from_millis(200));
    process.signal(Signal::INT).unwrap();
    assert_eq!(process.wait(SOON).unwrap(), 0, "{}", process.log());
    assert_eq!(broker.consume("typed", &["--from-beginning", "--max-messages", "3"]), "one\ntwo\nthree\n");
}

#[test]
fn a_broker_that_cannot_be_reached_is_told_in_time_with_what_to_do() {
    let nobody = Port::reserve().unwrap();
    let servers = format!("127.0.0.1:{}", nobody.number());
    for command in ["consume", "produce"] {
        let began = Instant::now();
        let output = fed(moldau().args([command, "--topic", "t", "--bootstrap-server", &servers]), "line\n");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&servers) && said.contains("--bootstrap-server"), "{said}");
        assert!(said.contains("moldau broker"), "{said}");
        assert!(began.elapsed() < Duration::from_secs(15), "took {:?}", began.elapsed());
    }
}

#[test]
fn a_port_in_use_is_told_by_the_broker_with_key_value_and_fix() {
    let first = Broker::start(&[]);
    let second = moldau().args(["broker", "--listen", &first.servers]).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("--listen {}", first.servers)) && said.contains("in use"), "{said}");
}

#[test]
fn a_wrong_command_line_gives_1_and_says_what_is_wrong() {
    for (arguments, part) in [
        (&["consume"][..], "--topic"),
        (&["consume", "--topic", "t", "--offset", "3"], "--partition"),
        (&["consume", "--topic", "t", "--property", "print.keys=true"], "print.keys"),
        (&["produce", "--topic", "t", "--property", "parse.key"], "KEY=VALUE"),
        (&["produce", "--topic", "t", "--command-property", "acks=2"], "acks"),
        (&["broker", "--listen", "9092"], "HOST:PORT"),
        (&["consume", "--topic", "t", "--bootstrap-server", "nowhere"], "--bootstrap-server"),
        (&["quickstart", "--date", "d"], "--date"),
    ] {
        let output = moldau().args(arguments).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
}

/// The tools that the two commands stand in for, with the same flags.
mod beside_java {
    use super::*;

    const JVM: [&str; 3] = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

    fn java(class: &str, servers: &str, topic: &str, more: &[&str]) -> Command {
        let mut command = kafka_libs().unwrap().java(&JVM, class);
        command.args(["--bootstrap-server", servers, "--topic", topic]).args(more);
        command
    }

    #[test]
    fn records_are_printed_as_javas_consumer_prints_them() {
        let broker = Broker::start(&[]);
        let mut with_headers = [&KEYED[..], &["--property", "parse.headers=true"]].concat();
        with_headers.iter_mut().step_by(2).for_each(|flag| *flag = "--reader-property");
        let input = "a:1,b:NULL\tk:v\nNULL\tNULL:NULL\nc:\t:\n";
        assert!(broker.produce("ours", &with_headers, input).status.success());
        let output =
            fed(&mut java("org.apache.kafka.tools.ConsoleProducer", &broker.servers, "javas", &with_headers), input);
        assert!(output.status.success(), "{output:?}");

        let mut flags = vec!["--from-beginning", "--max-messages", "3"];
        for property in
            ["print.key=true", "print.headers=true", "print.offset=true", "print.partition=true", "null.literal=<nil>"]
        {
            flags.extend(["--formatter-property", property]);
        }
        let expected = "Partition:0\tOffset:0\ta:1,b:<nil>\tk\tv\nPartition:0\tOffset:1\tNO_HEADERS\t<nil>\t<nil>\n\
                        Partition:0\tOffset:2\tc:\t\t\n";
        for topic in ["ours", "javas"] {
            assert_eq!(broker.consume(topic, &flags), expected, "{topic}");
            let output =
                java("org.apache.kafka.tools.consumer.ConsoleConsumer", &broker.servers, topic, &flags).output();
            assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap(), expected, "{topic}");
        }
    }
}
