//! DescribeConfigs, AlterConfigs, IncrementalAlterConfigs.

use alter_configs_request as alter;
use describe_configs_request::DescribeConfigsResource;
use describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult};
use incremental_alter_configs_request as incremental;
use kafka_wire::ErrorCode;
use kafka_wire::messages::*;

use super::client::Client;
use super::requests::*;
use super::runner::{Cx, cases};

cases![
    a_topic_s_in_every_version,
    some_keys_only,
    where_a_value_comes_from,
    the_broker_s_own,
    resources_nobody_has,
    changed_in_every_version,
    lists_grow_and_shrink,
    validation_changes_nothing,
    changes_that_are_refused,
    replaced_in_every_version,
    replacements_that_are_refused,
    a_change_holds_at_once,
];

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

fn asking(kind: i8, name: &str, keys: Option<&[&str]>) -> DescribeConfigsRequest {
    let keys = keys.map(|keys| keys.iter().map(|key| text(key)).collect());
    DescribeConfigsRequest::default().with_resources(vec![
        DescribeConfigsResource::default()
            .with_resource_type(kind)
            .with_resource_name(text(name))
            .with_configuration_keys(keys),
    ])
}

async fn described(client: &mut Client, name: &str) -> DescribeConfigsResult {
    let mut answer = client.ask(asking(TOPIC, name, None)).await;
    fine(answer.results[0].error_code);
    answer.results.remove(0)
}

fn entry<'a>(result: &'a DescribeConfigsResult, key: &str) -> &'a DescribeConfigsResourceResult {
    result.configs.iter().find(|config| *config.name == *key).unwrap_or_else(|| panic!("no {key}"))
}

/// A key's value and whether it is the topic's own, once it is so: a change is answered before it is seen.
async fn until(client: &mut Client, name: &str, key: &str, wanted: (&str, bool)) {
    for _ in 0..200 {
        let result = described(client, name).await;
        let found = entry(&result, key);
        if (found.value.as_deref(), found.config_source == 1) == (Some(wanted.0), wanted.1) {
            return;
        }
        client.sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{key} is not {wanted:?}");
}

async fn a_topic_s_in_every_version(cx: Cx) {
    let name = cx.topic_with("t", 1, &[("retention.ms", "1234567"), ("cleanup.policy", "compact,delete")]).await;
    let mut client = cx.connect().await;
    for version in cx.versions::<DescribeConfigsRequest>() {
        let answer = client.ask_at(version, asking(TOPIC, &name, None)).await;
        let [result] = &answer.results[..] else { panic!("{answer:?}") };
        fine(result.error_code);
        assert_eq!((result.resource_type, &*result.resource_name), (TOPIC, &name[..]));
        // Kind: 5 = long, 7 = list, 3 = int; source: 1 = the topic's, 5 = the default.
        for (key, value, source, kind) in [
            ("retention.ms", "1234567", 1, 5),
            ("cleanup.policy", "compact,delete", 1, 7),
            ("segment.bytes", "1073741824", 5, 3),
            ("max.message.bytes", "1048588", 5, 3),
            ("message.timestamp.type", "CreateTime", 5, 2),
            ("compression.type", "producer", 5, 2),
            ("retention.bytes", "-1", 5, 5),
            ("delete.retention.ms", "86400000", 5, 5),
            ("min.cleanable.dirty.ratio", "0.5", 5, 6),
            ("unclean.leader.election.enable", "false", 5, 1),
        ] {
            let found = entry(result, key);
            assert_eq!((found.value.as_deref(), found.config_source), (Some(value), source), "{key} {version}");
            assert!(!found.read_only && !found.is_sensitive);
            assert!(found.synonyms.is_empty(), "not asked for");
            assert!(found.documentation.as_ref().is_none_or(|words| words.is_empty()), "not asked for");
            if version >= 3 {
                assert_eq!(found.config_type, kind, "{key}");
            }
        }
    }
}

async fn some_keys_only(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    for (keys, wanted) in [(&["retention.ms", "no.such.thing"][..], &["retention.ms"][..]), (&["no.such.thing"], &[])] {
        let answer = client.ask(asking(TOPIC, &name, Some(keys))).await;
        fine(answer.results[0].error_code);
        let found: Vec<_> = answer.results[0].configs.iter().map(|config| &*config.name).collect();
        assert_eq!(found, wanted);
    }
    let all = described(&mut client, &name).await.configs.len();
    let none = client.ask(asking(TOPIC, &name, Some(&[]))).await.results[0].configs.len();
    assert!(all > 20 && (none == all || none == 0), "{none} of {all}");
}

async fn where_a_value_comes_from(cx: Cx) {
    let name = cx.topic_with("t", 1, &[("retention.ms", "1234567")]).await;
    let mut client = cx.connect().await;
    let request = asking(TOPIC, &name, Some(&["retention.ms", "segment.bytes"]));
    let answer = client.ask(request.with_include_synonyms(true).with_include_documentation(true)).await;
    let own = entry(&answer.results[0], "retention.ms");
    let first = &own.synonyms[0];
    assert_eq!((&*first.name, first.value.as_deref(), first.source), ("retention.ms", Some("1234567"), 1));
    assert!(own.documentation.as_ref().is_some_and(|words| !words.is_empty()));
    let other = entry(&answer.results[0], "segment.bytes");
    let last = other.synonyms.last().unwrap();
    assert_eq!((&*last.name, last.value.as_deref(), last.source), ("log.segment.bytes", Some("1073741824"), 5));
}

async fn the_broker_s_own(cx: Cx) {
    let mut client = cx.connect().await;
    let metadata = client.ask(MetadataRequest::default().with_topics(Some(Vec::new()))).await;
    let node = metadata.brokers[0].node_id.0.to_string();
    let answer = client.ask(asking(BROKER, &node, None)).await;
    fine(answer.results[0].error_code);
    for (key, value) in [("node.id", &node[..]), ("num.partitions", "1"), ("message.max.bytes", "1048588")] {
        assert_eq!(entry(&answer.results[0], key).value.as_deref(), Some(value), "{key}");
    }
    for name in ["77", "one"] {
        let answer = client.ask(asking(BROKER, name, None)).await;
        refused(answer.results[0].error_code, ErrorCode::InvalidRequest);
        assert!(answer.results[0].configs.is_empty());
    }
}

async fn resources_nobody_has(cx: Cx) {
    let mut client = cx.connect().await;
    for (kind, name, code) in [
        (TOPIC, &cx.name("nowhere")[..], ErrorCode::UnknownTopicOrPartition),
        (TOPIC, "a b", ErrorCode::InvalidTopicException),
    ] {
        let answer = client.ask(asking(kind, name, None)).await;
        refused(answer.results[0].error_code, code);
        assert!(answer.results[0].configs.is_empty());
    }
}

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

fn changing(kind: i8, name: &str, changes: &[(i8, &str, Option<&str>)]) -> IncrementalAlterConfigsRequest {
    let configs = changes.iter().map(|(operation, key, value)| {
        incremental::AlterableConfig::default()
            .with_config_operation(*operation)
            .with_name(text(key))
            .with_value(value.map(text))
    });
    IncrementalAlterConfigsRequest::default().with_resources(vec![
        incremental::AlterConfigsResource::default()
            .with_resource_type(kind)
            .with_resource_name(text(name))
            .with_configs(configs.collect()),
    ])
}

async fn changed_in_every_version(cx: Cx) {
    let mut client = cx.connect().await;
    for version in cx.versions::<IncrementalAlterConfigsRequest>() {
        let name = cx.topic_with(&format!("v{version}"), 1, &[("retention.ms", "5000")]).await;
        let set = [(SET, "segment.bytes", Some("2000000")), (SET, "retention.ms", Some("6000"))];
        let answer = client.ask_at(version, changing(TOPIC, &name, &set)).await;
        let [result] = &answer.responses[..] else { panic!("{answer:?}") };
        fine(result.error_code);
        assert_eq!((result.resource_type, &*result.resource_name), (TOPIC, &name[..]));
        until(&mut client, &name, "segment.bytes", ("2000000", true)).await;
        until(&mut client, &name, "retention.ms", ("6000", true)).await;
        // What is not mentioned stays; what is deleted has the default.
        fine(
            client.ask_at(version, changing(TOPIC, &name, &[(DELETE, "retention.ms", None)])).await.responses[0]
                .error_code,
        );
        until(&mut client, &name, "retention.ms", ("604800000", false)).await;
        until(&mut client, &name, "segment.bytes", ("2000000", true)).await;
    }
}

async fn lists_grow_and_shrink(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    for (operation, value, wanted) in [
        // From the default, which is delete.
        (APPEND, "compact", "delete,compact"),
        (APPEND, "compact", "delete,compact"),
        (SUBTRACT, "delete", "compact"),
        (SUBTRACT, "delete", "compact"),
    ] {
        let answer = client.ask(changing(TOPIC, &name, &[(operation, "cleanup.policy", Some(value))])).await;
        fine(answer.responses[0].error_code);
        until(&mut client, &name, "cleanup.policy", (wanted, true)).await;
    }
}

async fn validation_changes_nothing(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    let request = changing(TOPIC, &name, &[(SET, "retention.ms", Some("5000"))]).with_validate_only(true);
    fine(client.ask(request).await.responses[0].error_code);
    fine(
        client.ask(replacing(&name, &[("retention.ms", Some("5000"))]).with_validate_only(true)).await.responses[0]
            .error_code,
    );
    let wrong = changing(TOPIC, &name, &[(SET, "retention.ms", Some("soon"))]).with_validate_only(true);
    refused(client.ask(wrong).await.responses[0].error_code, ErrorCode::InvalidConfig);
    client.sleep(std::time::Duration::from_millis(100)).await;
    until(&mut client, &name, "retention.ms", ("604800000", false)).await;
}

async fn changes_that_are_refused(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    let good = (SET, "segment.bytes", Some("2000000"));
    for (changes, code) in [
        (&[good, (SET, "no.such.thing", Some("1"))][..], ErrorCode::InvalidConfig),
        (&[good, (SET, "retention.ms", Some("soon"))], ErrorCode::InvalidConfig),
        (&[good, (SET, "min.insync.replicas", Some("0"))], ErrorCode::InvalidConfig),
        (&[good, (APPEND, "retention.ms", Some("1"))], ErrorCode::InvalidConfig),
        (&[good, (SUBTRACT, "retention.ms", Some("1"))], ErrorCode::InvalidConfig),
        (&[good, (SET, "retention.ms", None)], ErrorCode::InvalidRequest),
        (&[good, good], ErrorCode::InvalidRequest),
    ] {
        let answer = client.ask(changing(TOPIC, &name, changes)).await;
        assert_eq!(ErrorCode::from_code(answer.responses[0].error_code), Some(code), "{changes:?}");
        assert!(answer.responses[0].error_message.is_some());
    }
    let answer = client.ask(changing(TOPIC, &cx.name("nowhere"), &[good])).await;
    refused(answer.responses[0].error_code, ErrorCode::UnknownTopicOrPartition);
    // All or nothing: the good change was always with a bad one.
    client.sleep(std::time::Duration::from_millis(100)).await;
    until(&mut client, &name, "segment.bytes", ("1073741824", false)).await;
}

fn replacing(name: &str, configs: &[(&str, Option<&str>)]) -> AlterConfigsRequest {
    let configs = configs
        .iter()
        .map(|(key, value)| alter::AlterableConfig::default().with_name(text(key)).with_value(value.map(text)));
    AlterConfigsRequest::default().with_resources(vec![
        alter::AlterConfigsResource::default()
            .with_resource_type(TOPIC)
            .with_resource_name(text(name))
            .with_configs(configs.collect()),
    ])
}

async fn replaced_in_every_version(cx: Cx) {
    let mut client = cx.connect().await;
    for version in cx.versions::<AlterConfigsRequest>() {
        let name = cx.topic_with(&format!("v{version}"), 1, &[("retention.ms", "5000")]).await;
        let answer = client.ask_at(version, replacing(&name, &[("segment.bytes", Some("2000000"))])).await;
        fine(answer.responses[0].error_code);
        until(&mut client, &name, "segment.bytes", ("2000000", true)).await;
        // What is not mentioned is gone.
        until(&mut client, &name, "retention.ms", ("604800000", false)).await;
        fine(client.ask_at(version, replacing(&name, &[])).await.responses[0].error_code);
        until(&mut client, &name, "segment.bytes", ("1073741824", false)).await;
    }
}

async fn replacements_that_are_refused(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    for (name, configs, code) in [
        (&name, &[("no.such.thing", Some("1"))][..], ErrorCode::InvalidConfig),
        (&name, &[("retention.ms", Some("soon"))], ErrorCode::InvalidConfig),
        (&name, &[("retention.ms", Some("1")), ("retention.ms", Some("2"))], ErrorCode::InvalidRequest),
        (&name, &[("retention.ms", None)], ErrorCode::InvalidRequest),
        (&cx.name("nowhere"), &[("retention.ms", Some("1"))], ErrorCode::UnknownTopicOrPartition),
    ] {
        let answer = client.ask(replacing(name, configs)).await;
        assert_eq!(ErrorCode::from_code(answer.responses[0].error_code), Some(code), "{configs:?}");
    }
}

async fn a_change_holds_at_once(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    let large = batch(&[&"x".repeat(2_000)], 1);
    fine(client.produce(&name, 0, large.clone()).await.0);
    let change = |value: &'static str| changing(TOPIC, &name, &[(SET, "max.message.bytes", Some(value))]);
    fine(client.ask(change("1000")).await.responses[0].error_code);
    while client.produce(&name, 0, large.clone()).await.0 != ErrorCode::MessageTooLarge.code() {
        client.sleep(std::time::Duration::from_millis(10)).await;
    }
    fine(client.ask(change("5000")).await.responses[0].error_code);
    while client.produce(&name, 0, large.clone()).await.0 != 0 {
        client.sleep(std::time::Duration::from_millis(10)).await;
    }
}
