//! Records in and out, by the console, verifiable and performance tools.

use std::time::Duration;

use e2e::Process;
use serde_json::Value;

use crate::place::{alone, ended, fed, said};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn what_the_console_sends_the_console_reads() {
    let keyed = [
        "--topic",
        "typed",
        "--reader-property",
        "parse.key=true",
        "--reader-property",
        "key.separator=:",
        "--reader-property",
        "null.marker=NULL",
    ];
    fed("ConsoleProducer", &keyed, "k1:v1\nk2:\u{17e}lu\u{165} \u{1f40e}\nk3:NULL\n");
    for (codec, line) in [("gzip", "four\n"), ("snappy", "five\n"), ("lz4", "six\n"), ("zstd", "seven\n")] {
        fed("ConsoleProducer", &["--topic", "typed", "--compression-codec", codec], line);
    }
    let seven = "0\tk1\tv1\n1\tk2\t\u{17e}lu\u{165} \u{1f40e}\n2\tk3\tnull\n\
                 3\tnull\tfour\n4\tnull\tfive\n5\tnull\tsix\n6\tnull\tseven\n";
    let all = ["--topic", "typed", "--from-beginning", "--max-messages", "7"];
    let shown = ["--formatter-property", "print.key=true", "--formatter-property", "print.offset=true"];
    let read = said("ConsoleConsumer", &[&all[..], &shown[..]].concat());
    assert_eq!(read.replace("Offset:", ""), seven);

    let group = |count: &str| {
        let grouped = ["--topic", "typed", "--from-beginning", "--group", "typists", "--max-messages", count];
        said("ConsoleConsumer", &grouped)
    };
    assert_eq!(group("2"), "v1\n\u{17e}lu\u{165} \u{1f40e}\n");
    assert_eq!(group("3"), "null\nfour\nfive\n", "the group goes on where it was");
    let from = ["--topic", "typed", "--partition", "0", "--offset", "5", "--max-messages", "2"];
    assert_eq!(said("ConsoleConsumer", &from), "six\nseven\n");
    let committed = ["--isolation-level", "read_committed"];
    assert_eq!(said("ConsoleConsumer", &[&from[..], &committed[..]].concat()), "six\nseven\n");
    let nothing = ended("ConsoleConsumer", &["--topic", "typed", "--timeout-ms", "300"], "");
    assert_eq!((nothing.code, nothing.output.as_str()), (0, ""), "{}", nothing.errors);
    assert!(nothing.errors.contains("Processed a total of 0 messages"), "{}", nothing.errors);
}

/// The events that a verifiable tool has told, one a line, when it has ended.
fn events(mut process: Process) -> Vec<Value> {
    assert_eq!(process.wait(LIMIT).unwrap(), 0, "{}", process.log_tail());
    let log = process.log();
    // Warnings are in the log, too.
    let told = log.lines().filter(|line| line.starts_with('{'));
    told.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["name"] == name).collect()
}

#[test]
fn the_verifiable_consumer_reads_what_the_verifiable_producer_sent() {
    said("TopicCommand", &["--create", "--topic", "verified", "--partitions", "3"]);
    let sent = ["-1", "0"].map(|acks| {
        let more = ["--topic", "verified", "--max-messages", "300", "--acks", acks, "--repeating-keys", "7"];
        alone("VerifiableProducer", &more)
    });
    let [all, none] = sent.map(events);
    for told in [&all, &none] {
        let sums = named(told, "tool_data");
        assert_eq!((sums[0]["sent"].as_u64(), sums[0]["acked"].as_u64()), (Some(300), Some(300)), "{told:?}");
        assert!(named(told, "producer_send_error").is_empty(), "{told:?}");
        assert_eq!(named(told, "producer_send_success").len(), 300);
    }
    let mut places: Vec<_> = named(&all, "producer_send_success")
        .iter()
        .map(|event| (event["partition"].as_u64().unwrap(), event["offset"].as_u64().unwrap()))
        .collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 300, "each record has an offset of its own");

    let read = ["RangeAssignor", "CooperativeStickyAssignor"].map(|strategy| {
        let class = format!("org.apache.kafka.clients.consumer.{strategy}");
        let more = ["--topic", "verified", "--group-id", strategy, "--max-messages", "600"];
        let how = ["--reset-policy", "earliest", "--assignment-strategy", &class];
        alone("VerifiableConsumer", &[&more[..], &how[..]].concat())
    });
    for told in read.map(events) {
        let consumed = named(&told, "records_consumed");
        assert_eq!(consumed.iter().map(|event| event["count"].as_u64().unwrap()).sum::<u64>(), 600, "{told:?}");
        let assigned = named(&told, "partitions_assigned");
        assert_eq!(assigned[0]["partitions"].as_array().unwrap().len(), 3, "{told:?}");
        let commits = named(&told, "offsets_committed");
        assert!(!commits.is_empty() && commits.iter().all(|event| event["success"] == true), "{told:?}");
        assert_eq!(named(&told, "shutdown_complete").len(), 1, "{told:?}");
    }
}

#[test]
fn the_performance_tools_send_and_read_as_many_as_they_shall() {
    said("TopicCommand", &["--create", "--topic", "measured", "--partitions", "2"]);
    let size = ["--topic", "measured", "--num-records", "50000", "--record-size", "100", "--throughput", "-1"];
    let sent = said("ProducerPerformance", &size);
    assert!(sent.lines().last().unwrap().starts_with("50000 records sent, "), "{sent}");
    // In transactions, each a tenth of a second long.
    let grouped = ["--transactional-id", "measured", "--transaction-duration-ms", "100"];
    let sent = said("ProducerPerformance", &[&size[..], &grouped[..]].concat());
    assert!(sent.lines().last().unwrap().starts_with("50000 records sent, "), "{sent}");

    let read = said("ConsumerPerformance", &["--topic", "measured", "--num-records", "100000", "--timeout", "20000"]);
    let cells: Vec<_> = read.lines().last().unwrap().split(", ").collect();
    assert_eq!(cells.len(), 10, "{read}");
    assert!(cells[4].parse::<u64>().unwrap() >= 100_000, "{read}");
    assert!(cells[2].parse::<f64>().unwrap() > 9.5, "{read}");

    said("TopicCommand", &["--create", "--topic", "round-trips"]);
    let trips = ["--topic", "round-trips", "--num-records", "50", "--producer-acks", "all", "--record-size", "20"];
    let trips = said("EndToEndLatency", &trips);
    assert!(trips.contains("Avg latency: ") && trips.contains("Percentiles: 50th = "), "{trips}");
}
