//! Fetch sessions, through raw requests.
#![allow(clippy::unwrap_used, clippy::wildcard_imports, clippy::missing_panics_doc, missing_docs)]

mod client;

use std::time::Duration;

use client::{Client, batch, on_both};
use futures_util::future::join;
use kafka_broker::{Broker, BrokerConfig};
use kafka_wire::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_wire::messages::*;
use kafka_wire::{Batches, Compression, ErrorCode, StrBytes};

const MINUTE: Duration = Duration::from_secs(60);

fn topic(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

/// A request that names these partitions of topic `t`, at these offsets.
fn ask(session: i32, epoch: i32, partitions: &[(i32, i64)], wait: Duration) -> FetchRequest {
    let partitions = partitions.iter().map(|(partition, offset)| {
        FetchPartition::default()
            .with_partition(*partition)
            .with_fetch_offset(*offset)
            .with_partition_max_bytes(1 << 20)
    });
    let topic = FetchTopic::default().with_topic(topic("t")).with_partitions(partitions.collect());
    let topics = if topic.partitions.is_empty() { vec![] } else { vec![topic] };
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(wait.as_millis() as i32)
        .with_min_bytes(1)
        .with_max_bytes(1 << 20)
        .with_session_id(session)
        .with_session_epoch(epoch)
        .with_topics(topics)
}

/// The partitions of an answer with their errors and numbers of batches.
fn told(answer: &FetchResponse) -> Vec<(i32, i16, usize)> {
    let partitions = answer.responses.iter().flat_map(|topic| &topic.partitions);
    partitions
        .map(|each| {
            let batches = Batches::new(each.records.clone().unwrap_or_default());
            (each.partition_index, each.error_code, batches.count())
        })
        .collect()
}

async fn produce(client: &mut Client, partition: i32) {
    assert_eq!(client.produce("t", partition, batch(Compression::None, &[("k", "v")], 1)).await.0, 0);
}

#[test]
fn only_what_changes_is_said_and_told() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 3).await;
        let opened = client.ask(12, ask(0, 0, &[(0, 0), (1, 0), (2, 0)], Duration::ZERO)).await;
        let id = opened.session_id;
        assert!(id > 0);
        assert_eq!(told(&opened), [(0, 0, 0), (1, 0, 0), (2, 0, 0)]);
        let nothing = client.ask(12, ask(id, 1, &[], Duration::ZERO)).await;
        assert_eq!((nothing.error_code, nothing.session_id, nothing.responses.len()), (0, id, 0));
        produce(&mut client, 1).await;
        assert_eq!(told(&client.ask(12, ask(id, 2, &[], Duration::ZERO)).await), [(1, 0, 1)]);
        // The position is as it was said last.
        assert_eq!(told(&client.ask(12, ask(id, 3, &[], Duration::ZERO)).await), [(1, 0, 1)]);
        assert_eq!(told(&client.ask(12, ask(id, 4, &[(1, 1)], Duration::ZERO)).await), []);
        let forgotten = ForgottenTopic::default().with_topic(topic("t")).with_partitions(vec![0, 1]);
        produce(&mut client, 0).await;
        let request = ask(id, 5, &[], Duration::ZERO).with_forgotten_topics_data(vec![forgotten]);
        assert_eq!(told(&client.ask(12, request).await), []);
        // An error is told each time, and once more when it is over.
        let gone = [(2, ErrorCode::OffsetOutOfRange.code(), 0)];
        assert_eq!(told(&client.ask(12, ask(id, 6, &[(2, 9)], MINUTE)).await), gone);
        assert_eq!(told(&client.ask(12, ask(id, 7, &[], MINUTE)).await), gone);
        assert_eq!(told(&client.ask(12, ask(id, 8, &[(2, 0)], Duration::ZERO)).await), [(2, 0, 0)]);
        assert_eq!(told(&client.ask(12, ask(id, 9, &[], Duration::ZERO)).await), []);
        // Who says everything again has a new session.
        let again = client.ask(12, ask(id, 0, &[(0, 0)], Duration::ZERO)).await;
        assert!(again.session_id > 0 && again.session_id != id);
        let lost = client.ask(12, ask(id, 10, &[], Duration::ZERO)).await;
        assert_eq!((lost.error_code, lost.session_id), (ErrorCode::FetchSessionIdNotFound.code(), 0));
        let wrong = client.ask(12, ask(again.session_id, 7, &[], Duration::ZERO)).await;
        assert_eq!(wrong.error_code, ErrorCode::InvalidFetchSessionEpoch.code());
    });
}

#[test]
fn a_wait_ends_at_once_when_something_comes() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut reader = Client::connect(&env, &broker).await;
        let mut writer = Client::connect(&env, &broker).await;
        writer.create("t", 2).await;
        let id = reader.ask(12, ask(0, 0, &[(0, 0), (1, 0)], Duration::ZERO)).await.session_id;
        let began = env.clock().now();
        let wait = Duration::from_millis(200);
        assert_eq!(told(&reader.ask(12, ask(id, 1, &[], wait)).await), []);
        assert!(env.clock().now() - began >= wait);
        let began = env.clock().now();
        let write = async {
            env.sleep(Duration::from_millis(20)).await;
            produce(&mut writer, 1).await;
        };
        let (answer, ()) = join(reader.ask(12, ask(id, 2, &[], MINUTE)), write).await;
        assert_eq!(told(&answer), [(1, 0, 1)]);
        // A topic that goes, and one that comes under its name.
        let delete = async {
            env.sleep(Duration::from_millis(20)).await;
            writer.ask(5, DeleteTopicsRequest::default().with_topic_names(vec![topic("t")])).await
        };
        let (answer, _) = join(reader.ask(12, ask(id, 3, &[(1, 1)], MINUTE)), delete).await;
        assert_eq!(told(&answer), [(0, 3, 0), (1, 3, 0)]);
        writer.create("t", 2).await;
        produce(&mut writer, 0).await;
        let answer = reader.ask(12, ask(id, 4, &[(1, 0)], Duration::ZERO)).await;
        assert_eq!(told(&answer), [(0, 0, 1), (1, 0, 0)]);
        assert!(env.clock().now() - began < Duration::from_secs(5));
    });
}

#[test]
fn each_partition_has_its_turn() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 3).await;
        for partition in [0, 1, 2, 0, 1, 2] {
            produce(&mut client, partition).await;
        }
        let id = client.ask(12, ask(0, 0, &[(0, 2), (1, 2), (2, 2)], Duration::ZERO)).await.session_id;
        // One batch fits, and the client never goes on: all the same every partition comes.
        let mut turns = Vec::new();
        for epoch in 1..7 {
            let partitions = if epoch == 1 { &[(0, 0), (1, 0), (2, 0)][..] } else { &[] };
            let answer = client.ask(12, ask(id, epoch, partitions, Duration::ZERO).with_max_bytes(1)).await;
            turns.extend(told(&answer).into_iter().filter(|(_, _, batches)| *batches > 0).map(|(index, ..)| index));
        }
        assert_eq!(turns, [0, 1, 2, 0, 1, 2]);
    });
}

#[test]
fn a_request_that_comes_twice_is_answered_once() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut first = Client::connect(&env, &broker).await;
        let mut second = Client::connect(&env, &broker).await;
        first.create("t", 1).await;
        let id = first.ask(12, ask(0, 0, &[(0, 0)], Duration::ZERO)).await.session_id;
        let again = async {
            env.sleep(Duration::from_millis(20)).await;
            let refused = second.ask(12, ask(id, 1, &[], MINUTE)).await;
            let taken = second.ask(12, ask(id, 2, &[], Duration::ZERO)).await;
            produce(&mut second, 0).await;
            (refused.error_code, taken.error_code)
        };
        let (overtaken, others) = join(first.ask(12, ask(id, 1, &[], MINUTE)), again).await;
        let wrong = ErrorCode::InvalidFetchSessionEpoch.code();
        assert_eq!((overtaken.error_code, overtaken.session_id, others), (wrong, id, (wrong, 0)));
        assert_eq!(told(&second.ask(12, ask(id, 3, &[], Duration::ZERO)).await), [(0, 0, 1)]);
    });
}

#[test]
fn without_partitions_there_is_nothing_to_wait_for() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        let began = env.clock().now();
        assert_eq!(client.ask(12, ask(0, -1, &[], MINUTE)).await.session_id, 0);
        let id = client.ask(12, ask(0, 0, &[(0, 0)], Duration::ZERO)).await.session_id;
        let forgotten = ForgottenTopic::default().with_topic(topic("t")).with_partitions(vec![0]);
        let closed = client.ask(12, ask(id, 1, &[], MINUTE).with_forgotten_topics_data(vec![forgotten])).await;
        assert_eq!((closed.error_code, closed.session_id), (0, 0));
        assert!(env.clock().now() - began < Duration::from_secs(5));
    });
}

#[test]
fn a_leader_of_another_time_is_not_read() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        for (epoch, code) in [(-1, 0), (0, 0), (1, ErrorCode::UnknownLeaderEpoch.code()), (-2, 74)] {
            let mut request = ask(0, -1, &[(0, 0)], Duration::ZERO);
            request.topics[0].partitions[0].current_leader_epoch = epoch;
            assert_eq!(told(&client.ask(12, request).await), [(0, code, 0)], "{epoch}");
        }
    });
}
