//! Cluster and topics.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kafka_client::ClientError;
use kafka_client::admin::NewTopic;

use super::clients::admin;
use super::support::{kafka, run};

fn topic(name: &str, partitions: Option<i32>) -> NewTopic {
    let configs = BTreeMap::from([("cleanup.policy".to_owned(), "compact".to_owned())]);
    NewTopic { name: name.to_owned(), partitions, replication_factor: Some(1), configs }
}

#[test]
fn describes_the_cluster() {
    run(async |env| {
        let cluster = admin(&env, kafka().bootstrap()).describe_cluster().await.unwrap();
        assert!(cluster.id.is_some_and(|id| !id.is_empty()));
        let addresses: Vec<String> = cluster.brokers.values().map(ToString::to_string).collect();
        assert_eq!(addresses, [kafka().bootstrap()]);
    });
}

#[test]
fn creates_and_describes_topics() {
    run(async |env| {
        let admin = admin(&env, kafka().bootstrap());
        let created = admin.create_topics(&[topic("made", Some(3)), topic("made.by.default", None)]).await.unwrap();
        assert_eq!(created["made"], Ok(()));
        assert_eq!(created["made.by.default"], Ok(()));
        assert_eq!(kafka().driver().unwrap().topic_config("made").unwrap().1["cleanup.policy"], "compact");

        let again = admin.create_topics(&[topic("made", Some(3)), topic("bad name", Some(1))]).await.unwrap();
        let error = again["made"].clone().unwrap_err();
        assert_eq!(error.java_class(), "org.apache.kafka.common.errors.TopicExistsException");
        assert_eq!(error.to_string(), "Topic 'made' already exists.");
        let error = again["bad name"].clone().unwrap_err();
        assert_eq!(error.java_class(), "org.apache.kafka.common.errors.InvalidTopicException");

        let described = admin.describe_topics(&["made", "nowhere"]).await.unwrap();
        assert_eq!(described["made"].clone().unwrap().leaders, [Some(1), Some(1), Some(1)]);
        assert!(described["nowhere"].is_err());
        let listed = admin.list_topics().await.unwrap();
        assert!(listed.contains_key("made") && !listed.contains_key("nowhere"));
    });
}

#[test]
fn nobody_there_is_told_within_the_limit() {
    run(async |env| {
        let begun = Instant::now();
        // Nothing listens on the discard port.
        let error = admin(&env, "127.0.0.1:9").describe_cluster_within(Duration::from_secs(1)).await.unwrap_err();
        assert!(matches!(&error, ClientError::Timeout(text) if text.contains("127.0.0.1:9")), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    });
}

#[test]
fn a_name_without_address_is_told_at_once() {
    run(async |env| {
        let begun = Instant::now();
        let admin = admin(&env, "no-such-host.invalid:9092");
        let error = admin.describe_cluster_within(Duration::from_secs(60)).await.unwrap_err();
        assert!(matches!(error, ClientError::UnresolvableHost { .. }), "{error}");
        assert!(error.to_string().contains("no-such-host.invalid:9092"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(20));
    });
}
