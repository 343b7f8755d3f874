//! A disk without room under the offset file and the log, which the limit of a process on its files stands for.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests read and write real files")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use e2e::{Moldau, RealKafka, Worker, WorkerFiles, wait_until};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);

/// The worker's files may have so many bytes from now on.
fn limit(worker: &Worker, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(worker.pid()).unwrap());
    prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

fn position(worker: &Worker, name: &str) -> Option<u64> {
    let reply = worker.rest().get(&format!("/connectors/{name}/offsets")).unwrap();
    reply.json().unwrap()["offsets"][0]["offset"]["position"].as_u64()
}

fn moved(worker: &Worker, position: u64) -> (u16, Value) {
    let offset = json!({"partition": {"filename": "/of/another"}, "offset": {"position": position}});
    let reply = worker.rest().patch("/connectors/moved/offsets", &json!({"offsets": [offset]})).unwrap();
    (reply.status, reply.json().unwrap()["message"].clone())
}

#[test]
fn offsets_and_log_outlive_a_full_disk() {
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    let (from, logs) = (files.folder().join("in.txt"), files.folder().join("logs"));
    let mut text = "one\n".repeat(10);
    std::fs::write(&from, &text).unwrap();
    let lines = |file: &'static str| [("connector.class", "FileStreamSource"), ("topic", "full-disk"), ("file", file)];
    let mut source = lines("");
    source[2].1 = from.to_str().unwrap();
    let connectors =
        [files.connector("full", &source).unwrap(), files.connector("moved", &lines("/of/another")).unwrap()];
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("bin/connect-standalone.sh");
    let worker_file = files.standalone(&[("offset.flush.interval.ms", "100")]).unwrap();
    let environment = [("LOG_DIR", logs.to_str().unwrap())];
    let mut worker = Moldau::by_script_with(&script, &worker_file, &connectors, &environment).unwrap();
    worker.wait_for_state("moved", "RUNNING", SOON).unwrap();
    assert_eq!(worker.rest().request("PUT", "/connectors/moved/stop", None).unwrap().status, 204);
    wait_until("the first offset", SOON, || position(&worker, "full") == Some(text.len() as u64)).unwrap();
    wait_until("the other's stop", SOON, || moved(&worker, 7).0 == 200).unwrap();
    let stored = std::fs::read(files.offsets()).unwrap();

    limit(&worker, Some(100));
    let before = text.len() as u64;
    write!(text, "{}", "two\n".repeat(10)).unwrap();
    std::fs::write(&from, &text).unwrap();
    kafka.wait_for_records("full-disk", 20, SOON).unwrap();
    let refused = (500, json!("Failed to modify offsets for source connector moved"));
    for _ in 0..5 {
        assert_eq!(moved(&worker, 8), refused);
    }
    assert_eq!((position(&worker, "full"), position(&worker, "moved")), (Some(before), Some(7)));
    assert_eq!(std::fs::read(files.offsets()).unwrap(), stored, "what was stored stays");
    worker.wait_for_state("full", "RUNNING", SOON).unwrap();

    limit(&worker, None);
    wait_until("the offset", SOON, || position(&worker, "full") == Some(text.len() as u64)).unwrap();
    assert_eq!(moved(&worker, 9).0, 200);
    assert_eq!(worker.terminate().unwrap(), 0);
    let kept = std::fs::read_to_string(logs.join("connect.log")).unwrap();
    for log in [kept, worker.log()] {
        assert!(log.contains("lines of the log are missing here") && log.contains("Kafka Connect stopped"), "{log}");
    }

    let mut worker = Moldau::standalone(&worker_file, &connectors).unwrap();
    worker.wait_for_state("full", "RUNNING", SOON).unwrap();
    assert_eq!((position(&worker, "full"), position(&worker, "moved")), (Some(text.len() as u64), Some(9)));
    assert_eq!(worker.terminate().unwrap(), 0);
    assert_eq!(kafka.consume_all("full-disk").unwrap().len(), 20, "nothing was read twice");
}
