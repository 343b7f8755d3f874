//! Plays a list of exchanges on a Java worker and on ours.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use e2e::{Engine, Port, RealKafka, Rest, Worker, WorkerFiles};
use serde_json::Value;

use super::answer::{Answer, normal};
use super::steps::{Door, Request, Step};

const SOON: Duration = Duration::from_secs(30);

/// Lines of a worker file on top of the usual ones. `ADMIN` in a value is the address of the admin listener.
pub(crate) type Lines = &'static [(&'static str, &'static str)];

/// A worker without connectors, and what it needs.
struct Stage {
    files: WorkerFiles,
    worker: Worker,
    admin: Rest,
    /// Ours as long as the worker lives.
    _admin_port: Port,
}

impl Stage {
    fn new(engine: Engine, lines: Lines) -> Self {
        let files = WorkerFiles::new(RealKafka::shared().unwrap()).unwrap();
        let admin_port = Port::reserve().unwrap();
        let admin = Rest::new(admin_port.number());
        let lines: Vec<(&str, String)> =
            lines.iter().map(|(key, value)| (*key, value.replace("ADMIN", admin.base()))).collect();
        let lines: Vec<(&str, &str)> = lines.iter().map(|(key, value)| (*key, &**value)).collect();
        let worker = engine.standalone(&files.standalone(&lines).unwrap(), &[]).unwrap();
        Self { files, worker, admin, _admin_port: admin_port }
    }

    /// Plays the list; the worker has no connectors.
    fn play(&mut self, steps: &[Step]) -> Vec<Answer> {
        assert_eq!(self.worker.rest().get("/connectors").unwrap().body, "[]");
        let mut answers = Vec::new();
        for step in steps {
            match step {
                Step::Ask(request) => answers.push(self.ask(request)),
                Step::Until(connector, state) => {
                    let reached = self.worker.wait_for_state(connector, state, SOON);
                    reached.unwrap_or_else(|error| panic!("after {} answers: {error:#}", answers.len()));
                }
                Step::UntilTasks(connector, count) => self.wait_for_status(connector, &answers, |status| {
                    let tasks = status["tasks"].as_array().map(Vec::as_slice).unwrap_or_default();
                    tasks.len() == *count && tasks.iter().all(|task| task["state"] == "RUNNING")
                }),
                Step::UntilAlone(connector, state) => self.wait_for_status(connector, &answers, |status| {
                    status["connector"]["state"] == *state && status["tasks"].as_array().is_some_and(Vec::is_empty)
                }),
                Step::UntilAnswer(path, wanted) => self.wait_for_answer(path, wanted, answers.len()),
                Step::UntilFailed(connector) => {
                    self.wait_for_status(connector, &answers, |status| status["tasks"][0]["state"] == "FAILED");
                }
            }
        }
        answers
    }

    fn ask(&self, request: &Request) -> Answer {
        let rest = match request.door {
            Door::Main => self.worker.rest(),
            Door::Admin => &self.admin,
        };
        let reply = rest.send(request.method, &request.path, &request.headers, request.body.as_deref());
        let reply = reply.unwrap_or_else(|error| panic!("{}: {error:#}\n{}", request.line(), self.worker.log()));
        let places = [(self.worker.rest().base(), "WORKER"), (self.admin.base(), "ADMIN")];
        Answer::of(request, &reply, &places)
    }

    fn wait_for_status(&self, connector: &str, answers: &[Answer], fits: impl Fn(&Value) -> bool) {
        let mut last = Value::Null;
        let reached = e2e::wait_until("a status", SOON, || {
            last = self.worker.rest().get(&format!("/connectors/{connector}/status")).unwrap().json().unwrap();
            fits(&last)
        });
        reached.unwrap_or_else(|error| {
            panic!("{connector} after {} answers: {error:#}\n{last}\n{}", answers.len(), self.worker.log())
        });
    }

    fn wait_for_answer(&self, path: &str, wanted: &Value, answers: usize) {
        let mut last = Value::Null;
        let reached = e2e::wait_until("an answer", SOON, || {
            last = normal(self.worker.rest().get(path).unwrap().json().unwrap(), None);
            last == *wanted
        });
        reached
            .unwrap_or_else(|error| panic!("{path} after {answers} answers: {error:#}\n{last}\n{}", self.worker.log()));
    }

    fn remove_connectors(&self) {
        let rest = self.worker.rest();
        for name in rest.get("/connectors").unwrap().json().unwrap().as_array().unwrap() {
            let path: String = name
                .as_str()
                .unwrap()
                .bytes()
                .map(|byte| match byte {
                    b'.' => ".".to_owned(),
                    byte => format!("%{byte:02x}"),
                })
                .collect();
            // One whose name no path can say stays; its list has a worker of its own.
            let _ = rest.delete(&format!("/connectors/{path}"));
        }
    }
}

/// Java's answers; one worker for every set of lines serves all tests, one list at a time, and forgets what a list did.
fn javas(lines: Lines, steps: &[Step]) -> Vec<Answer> {
    static JAVA: Mutex<BTreeMap<Lines, Stage>> = Mutex::new(BTreeMap::new());
    let mut java = JAVA.lock().unwrap_or_else(PoisonError::into_inner);
    let stage = java.entry(lines).or_insert_with(|| {
        let mut stage = Stage::new(Engine::Java, lines);
        stage.worker.remove_with(&stage.files).unwrap();
        stage
    });
    let answers = stage.play(steps);
    stage.remove_connectors();
    answers
}

/// Plays the list on two usual workers and compares answer by answer.
pub(crate) fn compare(steps: &[Step]) {
    compare_on(&[], steps);
}

/// Plays the list on workers with these lines in their files and compares answer by answer.
pub(crate) fn compare_on(lines: Lines, steps: &[Step]) {
    static ALL: AtomicUsize = AtomicUsize::new(0);
    let requests = || steps.iter().filter_map(|step| if let Step::Ask(request) = step { Some(request) } else { None });
    let java = javas(lines, steps);
    let mut stage = Stage::new(Engine::under_test(), lines);
    let ours = stage.play(steps);
    assert_eq!(stage.worker.terminate().unwrap(), Engine::under_test().clean_exit());
    let mut differences = Vec::new();
    for ((request, java), ours) in requests().zip(&java).zip(&ours) {
        if java != ours {
            differences.push(format!("{}\n  java:   {java:?}\n  moldau: {ours:?}", request.line()));
        }
    }
    let count = requests().count();
    let all = ALL.fetch_add(count, Ordering::Relaxed) + count;
    println!("{count} exchanges compared, {all} in this run so far");
    assert!(differences.is_empty(), "{} of {count} answers differ:\n{}", differences.len(), differences.join("\n"));
}
