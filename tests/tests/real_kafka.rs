//! The fixtures themselves: the real Apache Kafka starts, serves exact bytes, survives a restart, and leaves nothing behind.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "black-box tests measure real time and read real files"
)]

use std::time::{Duration, Instant};

use e2e::{
    ConsoleOptions, JavaConnect, KafkaOptions, RealKafka, Record, WorkerFiles, console_produce, java_console_consume,
    wait_until,
};

#[test]
fn broker_keeps_exact_records_over_a_restart() {
    let start = Instant::now();
    // A killed broker is let in again only when its old session has run out.
    let options =
        KafkaOptions::default().property("message.max.bytes", "2000000").property("broker.session.timeout.ms", "3000");
    let mut kafka = RealKafka::start_with(options).unwrap();
    println!("broker ready after {:?}", start.elapsed());
    let start = Instant::now();
    kafka.create_topic("exact", 2, &[("cleanup.policy", "compact")]).unwrap();
    println!("driver ready and topic created after {:?}", start.elapsed());

    let sent = [
        Record::to("exact")
            .partition(1)
            .timestamp(1_600_000_000_123)
            .key([0, 255])
            .value([])
            .header("h", "one")
            .header("x", [1])
            .header("h", "two")
            .null_header("h"),
        Record::to("exact").partition(1).timestamp(5).key("tombstone"),
        Record::to("exact").partition(0).timestamp(6).key("k").value("v"),
    ];
    let produced = kafka.produce(&sent).unwrap();
    assert_eq!(produced.iter().map(|at| (at.partition, at.offset)).collect::<Vec<_>>(), [(1, 0), (1, 1), (0, 0)]);

    let check = |kafka: &RealKafka| {
        let mut stored = kafka.consume_all("exact").unwrap();
        stored.sort_by_key(|record| (-record.partition, record.offset));
        assert_eq!(stored.len(), sent.len());
        for (stored, sent) in stored.iter().zip(&sent) {
            assert_eq!(Some(stored.partition), sent.partition);
            assert_eq!(Some(stored.timestamp), sent.timestamp);
            assert_eq!((&stored.key, &stored.value, &stored.headers), (&sent.key, &sent.value, &sent.headers));
        }
    };
    check(&kafka);

    let start = Instant::now();
    kafka.stop().unwrap();
    println!("stopped after {:?}", start.elapsed());
    let start = Instant::now();
    kafka.start_again().unwrap();
    println!("started again after {:?}", start.elapsed());
    check(&kafka);
    let start = Instant::now();
    kafka.kill();
    kafka.start_again().unwrap();
    println!("started after a kill in {:?}", start.elapsed());
    check(&kafka);

    let (partitions, config) = kafka.driver().unwrap().topic_config("exact").unwrap();
    assert_eq!((partitions, config["cleanup.policy"].as_str()), (2, "compact"));
    assert!(kafka.create_topic("exact", 1, &[]).unwrap_err().to_string().contains("TopicExistsException"));
}

#[test]
fn transactions_hide_what_was_aborted() {
    let kafka = RealKafka::start().unwrap();
    kafka.create_topic("tx", 1, &[]).unwrap();
    let mut driver = kafka.driver().unwrap();
    driver.transaction("t", &[Record::to("tx").value("kept")], true).unwrap();
    driver.transaction("t", &[Record::to("tx").value("aborted")], false).ok();
    let texts = |records: Vec<e2e::Stored>| records.iter().map(e2e::Stored::text).collect::<Vec<_>>();
    assert_eq!(texts(driver.consume_committed("tx").unwrap()), ["kept"]);
    assert_eq!(texts(driver.consume_all("tx").unwrap()), ["kept", "aborted"]);
}

#[test]
fn java_connect_moves_lines_from_file_to_topic_to_file() {
    let kafka = RealKafka::start().unwrap();
    let files = WorkerFiles::new(&kafka).unwrap();
    let (from, to) = (files.folder().join("in.txt"), files.folder().join("out.txt"));
    std::fs::write(&from, "one\ntwo\n").unwrap();
    let source = files
        .connector(
            "source",
            &[("connector.class", "FileStreamSource"), ("topic", "lines"), ("file", from.to_str().unwrap())],
        )
        .unwrap();
    let sink = files
        .connector(
            "sink",
            &[("connector.class", "FileStreamSink"), ("topics", "lines"), ("file", to.to_str().unwrap())],
        )
        .unwrap();
    let start = Instant::now();
    let mut worker = JavaConnect::standalone(&files.standalone(&[]).unwrap(), &[source, sink]).unwrap();
    println!("Java Connect ready after {:?}", start.elapsed());
    worker.wait_for_state("sink", "RUNNING", Duration::from_secs(30)).unwrap();
    wait_until("two lines in the sink file", Duration::from_secs(60), || {
        std::fs::read_to_string(&to).is_ok_and(|text| text == "one\ntwo\n")
    })
    .unwrap();
    println!("lines arrived after {:?}", start.elapsed());
    assert_eq!(worker.rest().get("/connectors/none").unwrap().status, 404);
    assert!(worker.usage().unwrap().resident > 0);
    assert_eq!(worker.terminate().unwrap(), 143);
    assert!(files.offsets().is_file());

    let lines = java_console_consume(&kafka, "lines", &ConsoleOptions::count(2)).unwrap();
    assert_eq!(lines, ["one", "two"]);
    console_produce(&kafka, "lines", &["three"]).unwrap();
    assert_eq!(kafka.consume_count("lines", 3, Duration::from_secs(10)).unwrap()[2].text(), "three");
}

#[test]
fn dropping_a_broker_ends_its_process() {
    let mut kafka = RealKafka::start().unwrap();
    let pid = kafka.process().unwrap().pid();
    assert!(std::path::Path::new(&format!("/proc/{pid}")).exists());
    drop(kafka);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}
