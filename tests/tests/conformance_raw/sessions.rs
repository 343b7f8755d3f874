//! Fetch sessions (KIP-227): only what has changed is asked for and answered.

use std::time::{Duration, Instant};

use fetch_request::{FetchTopic, ForgottenTopic};
use futures_util::future::join;
use kafka_wire::ErrorCode;
use kafka_wire::messages::*;

use super::client::Client;
use super::requests::*;
use super::runner::{Cx, cases};

cases![
    a_session_answers_what_has_changed,
    a_wait_within_a_session,
    partitions_come_and_go,
    positions_are_remembered,
    wrong_epochs,
    unknown_sessions,
    a_closed_session,
    errors_are_told_every_time,
];

/// The partitions of an answer with their errors and record counts, in order.
fn answered(answer: &FetchResponse) -> Vec<(i32, i16, usize)> {
    let partitions = answer.responses.iter().flat_map(|topic| &topic.partitions);
    let mut all: Vec<_> =
        partitions.map(|one| (one.partition_index, one.error_code, offsets(one.records.clone()).len())).collect();
    all.sort();
    all
}

/// A new session with partitions 0 and 1, from the start.
async fn open(client: &mut Client, name: &str) -> i32 {
    let both = vec![fetch_partition(0, 0), fetch_partition(1, 0)];
    let answer = client.ask(fetch_all(name, both, Duration::ZERO).with_session_epoch(0)).await;
    fine(answer.error_code);
    assert_ne!(answer.session_id, 0);
    assert_eq!(answered(&answer), [(0, 0, 0), (1, 0, 0)], "all partitions, changed or not");
    answer.session_id
}

fn next(session: i32, epoch: i32, topics: Vec<FetchTopic>) -> FetchRequest {
    fetch_all("", vec![], Duration::ZERO).with_topics(topics).with_session_id(session).with_session_epoch(epoch)
}

fn some(name: &str, partitions: &[(i32, i64)]) -> Vec<FetchTopic> {
    let partitions = partitions.iter().map(|(partition, offset)| fetch_partition(*partition, *offset));
    vec![FetchTopic::default().with_topic(topic(name)).with_partitions(partitions.collect())]
}

async fn start(cx: &Cx) -> (Client, String) {
    (cx.connect().await, cx.topic("t", 3).await)
}

async fn a_session_answers_what_has_changed(cx: Cx) {
    let (mut client, name) = start(&cx).await;
    let session = open(&mut client, &name).await;
    let answer = client.ask(next(session, 1, vec![])).await;
    assert_eq!((answer.error_code, answer.session_id), (0, session));
    assert!(answered(&answer).is_empty());
    fine(client.produce(&name, 1, batch(&["a", "b"], 1)).await.0);
    let answer = client.ask(next(session, 2, vec![])).await;
    assert_eq!(answered(&answer), [(1, 0, 2)]);
    // Not fetched further: the same again.
    let answer = client.ask(next(session, 3, vec![])).await;
    assert_eq!(answered(&answer), [(1, 0, 2)]);
    let answer = client.ask(next(session, 4, some(&name, &[(1, 2)]))).await;
    assert!(answered(&answer).is_empty());
    // In older versions too.
    for version in 7..12 {
        let answer = client.ask_at(version, next(session, i32::from(version) - 2, vec![])).await;
        assert_eq!((answer.error_code, answer.session_id), (0, session));
        assert!(answered(&answer).is_empty());
    }
}

async fn a_wait_within_a_session(cx: Cx) {
    let (mut client, name) = start(&cx).await;
    let session = open(&mut client, &name).await;
    let began = Instant::now();
    let answer = client.ask(next(session, 1, vec![]).with_max_wait_ms(300)).await;
    assert!(answered(&answer).is_empty());
    assert!(began.elapsed() >= Duration::from_millis(290));
    let mut writer = cx.connect().await;
    let write = async {
        writer.sleep(Duration::from_millis(100)).await;
        fine(writer.produce(&name, 0, batch(&["a"], 1)).await.0);
    };
    let (answer, ()) = join(client.ask(next(session, 2, vec![]).with_max_wait_ms(10_000)), write).await;
    assert_eq!(answered(&answer), [(0, 0, 1)]);
    assert!(began.elapsed() < Duration::from_secs(5));
}

async fn partitions_come_and_go(cx: Cx) {
    let (mut client, name) = start(&cx).await;
    let session = open(&mut client, &name).await;
    for partition in 0..3 {
        fine(client.produce(&name, partition, batch(&["a"], 1)).await.0);
    }
    let answer = client.ask(next(session, 1, some(&name, &[(2, 0)]))).await;
    assert_eq!(answered(&answer), [(0, 0, 1), (1, 0, 1), (2, 0, 1)]);
    let forgotten = ForgottenTopic::default().with_topic(topic(&name)).with_partitions(vec![1, 2]);
    let answer = client.ask(next(session, 2, vec![]).with_forgotten_topics_data(vec![forgotten])).await;
    assert_eq!(answered(&answer), [(0, 0, 1)]);
    // A new one without anything to read is told once.
    let answer = client.ask(next(session, 3, some(&name, &[(0, 1), (2, 1)]))).await;
    assert_eq!(answered(&answer), [(2, 0, 0)]);
    let answer = client.ask(next(session, 4, vec![])).await;
    assert!(answered(&answer).is_empty());
}

async fn positions_are_remembered(cx: Cx) {
    let (mut client, name) = start(&cx).await;
    let session = open(&mut client, &name).await;
    for _ in 0..3 {
        fine(client.produce(&name, 0, batch(&["a"], 1)).await.0);
    }
    let answer = client.ask(next(session, 1, some(&name, &[(0, 1)]))).await;
    assert_eq!(answered(&answer), [(0, 0, 2)]);
    let answer = client.ask(next(session, 2, vec![])).await;
    assert_eq!(answered(&answer), [(0, 0, 2)]);
    // The end of deleted records is a change, without any record.
    let asked = delete_records_request::DeleteRecordsPartition::default().with_partition_index(1).with_offset(1);
    fine(client.produce(&name, 1, batch(&["a"], 1)).await.0);
    let answer = client.ask(next(session, 3, some(&name, &[(0, 3), (1, 1)]))).await;
    assert_eq!(answered(&answer), [(1, 0, 0)], "a new high watermark");
    let gone = DeleteRecordsRequest::default().with_timeout_ms(10_000).with_topics(vec![
        delete_records_request::DeleteRecordsTopic::default().with_name(topic(&name)).with_partitions(vec![asked]),
    ]);
    fine(client.ask(gone).await.topics[0].partitions[0].error_code);
    let answer = client.ask(next(session, 4, vec![])).await;
    assert_eq!(answered(&answer), [(1, 0, 0)]);
    assert_eq!(answer.responses[0].partitions[0].log_start_offset, 1);
}

async fn wrong_epochs(cx: Cx) {
    let (mut client, name) = start(&cx).await;
    let session = open(&mut client, &name).await;
    for epoch in [2, 7] {
        let answer = client.ask(next(session, epoch, vec![])).await;
        refused(answer.error_code, ErrorCode::InvalidFetchSessionEpoch);
        assert!(answer.responses.is_empty());
    }
    fine(client.ask(next(session, 1, vec![])).await.error_code);
    refused(client.ask(next(session, 1, vec![])).await.error_code, ErrorCode::InvalidFetchSessionEpoch);
    fine(client.ask(next(session, 2, vec![])).await.error_code);
}

async fn unknown_sessions(cx: Cx) {
    let (mut client, name) = start(&cx).await;
    for (session, epoch) in [(123_456_789, 1), (0, 1)] {
        let answer = client.ask(next(session, epoch, some(&name, &[(0, 0)]))).await;
        refused(answer.error_code, ErrorCode::FetchSessionIdNotFound);
        assert!(answer.responses.is_empty());
    }
    // No session at all.
    let answer = client.ask(next(0, -1, some(&name, &[(0, 0)]))).await;
    assert_eq!((answer.error_code, answer.session_id), (0, 0));
    assert_eq!(answered(&answer), [(0, 0, 0)]);
}

async fn a_closed_session(cx: Cx) {
    let (mut client, name) = start(&cx).await;
    let session = open(&mut client, &name).await;
    let answer = client.ask(next(session, -1, some(&name, &[(0, 0)]))).await;
    assert_eq!((answer.error_code, answer.session_id), (0, 0));
    refused(client.ask(next(session, 1, vec![])).await.error_code, ErrorCode::FetchSessionIdNotFound);
    // A new one in the place of the old.
    let session = open(&mut client, &name).await;
    let both = fetch_all(&name, vec![fetch_partition(0, 0), fetch_partition(1, 0)], Duration::ZERO);
    let answer = client.ask(both.with_session_id(session).with_session_epoch(0)).await;
    fine(answer.error_code);
    assert!(answer.session_id != 0 && answer.session_id != session);
    refused(client.ask(next(session, 1, vec![])).await.error_code, ErrorCode::FetchSessionIdNotFound);
    fine(client.ask(next(answer.session_id, 1, vec![])).await.error_code);
}

async fn errors_are_told_every_time(cx: Cx) {
    let (mut client, name) = start(&cx).await;
    let session = open(&mut client, &name).await;
    for epoch in 1..4 {
        let asked = if epoch == 1 { some(&name, &[(0, 5), (8, 0)]) } else { vec![] };
        let answer = client.ask(next(session, epoch, asked)).await;
        assert_eq!(answered(&answer), [(0, 1, 0), (8, 3, 0)], "epoch {epoch}");
    }
}
