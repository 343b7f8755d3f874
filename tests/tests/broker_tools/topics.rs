//! Topics, configurations, offsets and records, by the tools for administrators.

use std::collections::BTreeSet;
use std::time::Duration;

use e2e::wait_until;
use serde_json::{Value, json};

use crate::place::{fed, refused, said, shared};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn the_broker_tells_its_versions_and_where_it_is() {
    let versions = said("BrokerApiVersionsCommand", &[]);
    assert!(versions.starts_with(shared().bootstrap()) && versions.contains("(id: 1 "), "{versions}");
    for api in ["Produce(0)", "Fetch(1)", "JoinGroup(11)", "EndTxn(26)", "IncrementalAlterConfigs(44)"] {
        let line = versions.lines().find(|line| line.trim().starts_with(api)).unwrap_or_else(|| panic!("{versions}"));
        assert!(line.contains("[usable: "), "{line}");
    }
    let id = said("ClusterTool", &["cluster-id"]);
    assert_eq!(id.trim_end().strip_prefix("Cluster ID: ").map(str::len), Some(22), "{id}");
    let endpoints = said("ClusterTool", &["list-endpoints"]);
    let (host, port) = shared().bootstrap().split_once(':').unwrap();
    let broker: Vec<_> = endpoints.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(broker, ["1", host, port, "null", "unfenced", "broker"], "{endpoints}");
}

fn described(topic: &str) -> (String, Vec<String>) {
    let text = said("TopicCommand", &["--describe", "--topic", topic]);
    let mut lines = text.lines().map(str::to_owned);
    (lines.next().unwrap(), lines.collect())
}

#[test]
fn topics_are_created_described_grown_and_deleted() {
    let create = [
        "--create",
        "--topic",
        "orders",
        "--partitions",
        "2",
        "--replication-factor",
        "1",
        "--config",
        "cleanup.policy=compact",
    ];
    assert_eq!(said("TopicCommand", &create), "Created topic orders.\n");
    let again = refused("TopicCommand", &create);
    assert!(again.contains("Topic 'orders' already exists."), "{again}");
    assert_eq!(said("TopicCommand", &[&create[..], &["--if-not-exists"]].concat()), "");
    assert_eq!(said("TopicCommand", &["--create", "--topic", "by-default"]), "Created topic by-default.\n");

    let (head, partitions) = described("orders");
    let cells: Vec<_> = head.split('\t').collect();
    assert_eq!(cells[0], "Topic: orders");
    assert_eq!(cells[1].strip_prefix("TopicId: ").map(str::len), Some(22), "{head}");
    assert_eq!(cells[2..4], ["PartitionCount: 2", "ReplicationFactor: 1"]);
    assert!(cells[4].contains("cleanup.policy=compact"), "{head}");
    let expected =
        |number: usize| format!("\tTopic: orders\tPartition: {number}\tLeader: 1\tReplicas: 1\tIsr: 1\tElr:");
    assert_eq!(partitions.len(), 2);
    for (number, line) in partitions.iter().enumerate() {
        assert!(line.starts_with(&expected(number)), "{line}");
    }

    assert_eq!(said("TopicCommand", &["--alter", "--topic", "orders", "--partitions", "4"]), "");
    assert_eq!(described("orders").1.len(), 4);
    let fewer = refused("TopicCommand", &["--alter", "--topic", "orders", "--partitions", "3"]);
    assert!(fewer.contains("The topic orders currently has 4 partition(s); 3 would not be an increase."), "{fewer}");
    let copies =
        refused("TopicCommand", &["--create", "--topic", "copies", "--partitions", "1", "--replication-factor", "2"]);
    assert!(copies.contains("InvalidReplicationFactorException"), "{copies}");

    let listed = || said("TopicCommand", &["--list"]).lines().map(str::to_owned).collect::<BTreeSet<_>>();
    assert!(listed().contains("orders") && listed().contains("by-default"));
    assert_eq!(said("TopicCommand", &["--delete", "--topic", "orders"]), "");
    assert!(!listed().contains("orders") && listed().contains("by-default"));
    let gone = refused("TopicCommand", &["--describe", "--topic", "orders"]);
    assert!(gone.contains("Topic 'orders' does not exist as expected"), "{gone}");
}

#[test]
fn configurations_of_topics_are_described_and_changed() {
    said("TopicCommand", &["--create", "--topic", "kept", "--config", "segment.bytes=2000000"]);
    let topic = ["--entity-type", "topics", "--entity-name", "kept"];
    let describe = |more: &[&str]| said("ConfigCommand", &[&["--describe"], &topic[..], more].concat());
    let alter = |change: &[&str]| said("ConfigCommand", &[&["--alter"], &topic[..], change].concat());
    let set = |text: &str| -> BTreeSet<String> {
        text.lines().skip(1).map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
    };
    let own = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();

    let text = describe(&[]);
    assert!(text.starts_with("Dynamic configs for topic kept are:\n"), "{text}");
    assert!(set(&text).contains("segment.bytes=2000000"), "{text}");
    assert!(text.contains("synonyms={DYNAMIC_TOPIC_CONFIG:segment.bytes=2000000, "), "{text}");
    let others = &set(&text) - &own(&["segment.bytes=2000000"]);

    let added = ["--add-config", "retention.ms=12345,cleanup.policy=[compact,delete]"];
    assert_eq!(alter(&added), "Completed updating config for topic kept.\n");
    let all = own(&["segment.bytes=2000000", "retention.ms=12345", "cleanup.policy=compact,delete"]);
    assert_eq!(&set(&describe(&[])) - &others, all);
    assert_eq!(
        alter(&["--delete-config", "retention.ms,cleanup.policy"]),
        "Completed updating config for topic kept.\n"
    );
    assert_eq!(&set(&describe(&[])) - &others, own(&["segment.bytes=2000000"]));
    let all = describe(&["--all"]);
    assert!(all.contains("  retention.ms=604800000 sensitive=false synonyms={"), "{all}");

    let wrong =
        refused("ConfigCommand", &[&["--alter"], &topic[..], &["--add-config", "cleanup.policy=burn"]].concat());
    assert!(wrong.contains("InvalidConfigurationException") && wrong.contains("burn"), "{wrong}");
    let unknown = ["--describe", "--entity-type", "topics", "--entity-name", "never-made"];
    let unknown = said("ConfigCommand", &unknown);
    assert_eq!(unknown, "The topic 'never-made' doesn't exist and doesn't have dynamic config.\n");
}

#[test]
fn configurations_of_the_broker_are_described_and_changed() {
    let broker = ["--entity-type", "brokers", "--entity-name", "1"];
    let run = |what: &[&str]| said("ConfigCommand", &[what, &broker[..]].concat());
    // Apache's broker hears of its own change a moment later.
    let holds = |line: &str, is_there: bool| {
        let told =
            || run(&["--describe"]).contains(&format!("\n  {line} sensitive=false synonyms={{DYNAMIC_BROKER_CONFIG:"));
        wait_until(line, SOON, || told() == is_there).unwrap();
    };
    let all = run(&["--describe", "--all"]);
    assert!(all.starts_with("All configs for broker 1 are:\n"), "{all}");
    assert!(all.contains("\n  log.segment.delete.delay.ms=60000 sensitive=false synonyms={DEFAULT_CONFIG:"), "{all}");

    let change = run(&["--alter", "--add-config", "log.segment.delete.delay.ms=70000"]);
    assert_eq!(change, "Completed updating config for broker 1.\n");
    holds("log.segment.delete.delay.ms=70000", true);
    run(&["--alter", "--delete-config", "log.segment.delete.delay.ms"]);
    holds("log.segment.delete.delay.ms=70000", false);

    let all_brokers = ["--entity-type", "brokers", "--entity-default"];
    let set = [&["--alter", "--add-config", "log.index.interval.bytes=5000"], &all_brokers[..]].concat();
    assert_eq!(said("ConfigCommand", &set), "Completed updating default config for brokers in the cluster.\n");
    wait_until("the default of all brokers", SOON, || {
        said("ConfigCommand", &[&["--describe"], &all_brokers[..]].concat())
            .contains("  log.index.interval.bytes=5000 ")
    })
    .unwrap();
    said("ConfigCommand", &[&["--alter", "--delete-config", "log.index.interval.bytes"], &all_brokers[..]].concat());

    let fixed = [&["--alter", "--add-config", "num.partitions=7"], &broker[..]].concat();
    let fixed = refused("ConfigCommand", &fixed);
    assert!(fixed.contains("Cannot update these configs dynamically: "), "{fixed}");
}

#[test]
fn offsets_are_told_and_records_deleted() {
    said("TopicCommand", &["--create", "--topic", "old", "--partitions", "2"]);
    let lines: String = (0..40).map(|number| format!("{number}:{number}\n")).collect();
    let keyed = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"];
    fed("ConsoleProducer", &[&["--topic", "old"], &keyed[..]].concat(), &lines);
    let offsets = |time: &str| -> Vec<i64> {
        let text = said("GetOffsetShell", &["--topic", "old", "--time", time]);
        let offset = |(number, line): (usize, &str)| {
            line.strip_prefix(&format!("old:{number}:")).unwrap_or_else(|| panic!("{text}")).parse().unwrap()
        };
        text.lines().enumerate().map(offset).collect()
    };
    let ends = offsets("latest");
    assert!(ends.iter().sum::<i64>() == 40 && ends.iter().all(|end| *end > 0), "{ends:?}");
    assert_eq!(offsets("earliest"), [0, 0]);
    assert_eq!(offsets("0"), [0, 0], "since 1970");
    assert!(offsets("max-timestamp").iter().zip(&ends).all(|(newest, end)| newest < end));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("delete.json");
    let partitions: Value =
        json!([{"topic": "old", "partition": 0, "offset": 3}, {"topic": "old", "partition": 1, "offset": -1}]);
    std::fs::write(&file, json!({"version": 1, "partitions": partitions}).to_string()).unwrap();
    let said = said("DeleteRecordsCommand", &["--offset-json-file", file.to_str().unwrap()]);
    for line in
        ["partition: old-0\tlow_watermark: 3".to_owned(), format!("partition: old-1\tlow_watermark: {}", ends[1])]
    {
        assert!(said.lines().any(|told| told == line), "{said}");
    }
    assert_eq!(offsets("earliest"), [3, ends[1]]);
    assert_eq!(offsets("latest"), ends);
    let sizes = crate::place::said("LogDirsCommand", &["--describe", "--topic-list", "old"]);
    let sizes: Value = serde_json::from_str(sizes.lines().last().unwrap()).unwrap();
    let partitions = sizes["brokers"][0]["logDirs"][0]["partitions"].as_array().unwrap();
    let names: BTreeSet<_> = partitions.iter().map(|partition| partition["partition"].as_str().unwrap()).collect();
    assert_eq!(names, BTreeSet::from(["old-0", "old-1"]), "{sizes}");
}
