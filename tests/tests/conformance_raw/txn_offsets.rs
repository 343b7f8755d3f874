//! Groups' offsets committed within transactions.

use std::time::Duration;

use kafka_wire::ErrorCode;
use kafka_wire::messages::*;

use super::client::Client;
use super::member::Member;
use super::requests::*;
use super::runner::{Cx, cases};
use super::transaction::{Producer, outside};

cases![
    offsets_in_every_version,
    aborted_offsets,
    readers_of_stable_offsets_wait,
    offsets_and_records_end_together,
    a_group_that_was_not_added,
    fenced_producers,
    members_and_generations,
    topics_nobody_has,
];

async fn until_committed(client: &mut Client, group: &str, topic: &str, offset: i64) {
    while committed(client, group, topic, 0).await != offset {
        client.sleep(Duration::from_millis(10)).await;
    }
}

async fn offsets_in_every_version(cx: Cx) {
    let topic = cx.topic("t", 1).await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    let add = cx.versions::<AddOffsetsToTxnRequest>();
    for version in cx.versions::<TxnOffsetCommitRequest>() {
        let name = cx.name(&format!("v{version}"));
        fine(producer.add_offsets_at(version.min(*add.end()), &name).await);
        fine(producer.commit_at(version, &name, &topic, 5).await);
        assert_eq!(committed(&mut producer.client, &name, &topic, 0).await, -1);
        fine(producer.end_at(4, true).await);
        until_committed(&mut producer.client, &name, &topic, 5).await;
        let fetched = producer.client.ask(fetching(&name, &topic, &[0])).await;
        assert_eq!(fetched.groups[0].topics[0].partitions[0].metadata.as_deref(), Some("about it"));
    }
}

async fn aborted_offsets(cx: Cx) {
    let (topic, name) = (cx.topic("t", 1).await, cx.name("g"));
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    let before = producer.client.ask(committing(&name, &topic, 0, 3)).await;
    fine(before.topics[0].partitions[0].error_code);
    fine(producer.add_offsets_at(4, &name).await);
    fine(producer.commit_at(4, &name, &topic, 5).await);
    fine(producer.end_at(4, false).await);
    // The next one waits for the end of this.
    fine(producer.add_offsets_at(4, &name).await);
    assert_eq!(committed(&mut producer.client, &name, &topic, 0).await, 3);
    fine(producer.commit_at(4, &name, &topic, 7).await);
    assert_eq!(committed(&mut producer.client, &name, &topic, 0).await, 3);
    fine(producer.end_at(4, true).await);
    until_committed(&mut producer.client, &name, &topic, 7).await;
}

async fn readers_of_stable_offsets_wait(cx: Cx) {
    let (topic, name) = (cx.topic("t", 2).await, cx.name("g"));
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    fine(producer.add_offsets_at(4, &name).await);
    fine(producer.commit_at(4, &name, &topic, 5).await);
    let stable = fetching(&name, &topic, &[0, 1]).with_require_stable(true);
    let answer = producer.client.ask(stable.clone()).await;
    let codes = |answer: &OffsetFetchResponse| -> Vec<_> {
        let partitions = &answer.groups[0].topics[0].partitions;
        partitions.iter().map(|one| (one.error_code, one.committed_offset)).collect()
    };
    assert_eq!(codes(&answer), [(ErrorCode::UnstableOffsetCommit.code(), -1), (0, -1)]);
    let asked = offset_fetch_request::OffsetFetchRequestTopic::default()
        .with_name(self::topic(&topic))
        .with_partition_indexes(vec![0]);
    let older = OffsetFetchRequest::default().with_group_id(group(&name)).with_topics(Some(vec![asked]));
    let answer = producer.client.ask_at(7, older.with_require_stable(true)).await;
    refused(answer.topics[0].partitions[0].error_code, ErrorCode::UnstableOffsetCommit);
    fine(producer.end_at(4, true).await);
    until_committed(&mut producer.client, &name, &topic, 5).await;
    assert_eq!(codes(&producer.client.ask(stable).await), [(0, 5), (0, -1)]);
}

async fn offsets_and_records_end_together(cx: Cx) {
    let (topic, name) = (cx.topic("t", 1).await, cx.name("g"));
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    for (round, commit) in [false, true].into_iter().enumerate() {
        let base = round as i64 * 2;
        assert_eq!(producer.put(&topic, 0, &["v"]).await, base);
        fine(producer.add_offsets_at(4, &name).await);
        fine(producer.commit_at(4, &name, &topic, 10 + base).await);
        producer.end(commit, &topic, 0, base + 1).await;
    }
    until_committed(&mut producer.client, &name, &topic, 12).await;
    assert_eq!(producer.client.end(&topic, 0, true).await, 4);
}

async fn a_group_that_was_not_added(cx: Cx) {
    let (topic, name) = (cx.topic("t", 1).await, cx.name("g"));
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    for version in cx.versions::<TxnOffsetCommitRequest>() {
        outside(producer.commit_at(version, &name, &topic, 5).await);
    }
    assert_eq!(committed(&mut producer.client, &name, &topic, 0).await, -1);
}

async fn fenced_producers(cx: Cx) {
    let (topic, name) = (cx.topic("t", 1).await, cx.name("g"));
    let mut old = Producer::of(&cx, &cx.name("tx")).await;
    fine(old.add_offsets_at(4, &name).await);
    fine(old.commit_at(4, &name, &topic, 5).await);
    let mut new = Producer::of(&cx, &cx.name("tx")).await;
    fine(new.add_offsets_at(4, &name).await);
    for version in cx.versions::<TxnOffsetCommitRequest>() {
        refused(old.commit_at(version, &name, &topic, 6).await, ErrorCode::InvalidProducerEpoch);
    }
    fine(new.commit_at(4, &name, &topic, 7).await);
    fine(new.end_at(4, true).await);
    until_committed(&mut new.client, &name, &topic, 7).await;
}

async fn members_and_generations(cx: Cx) {
    let (topic, name) = (cx.topic("t", 1).await, cx.name("g"));
    let mut member = Member::of(&cx, &name).await.static_as("here");
    member.settle().await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    fine(producer.add_offsets_at(4, &name).await);
    let by = |producer: &Producer, id: &str, generation, instance: Option<&str>| {
        let request = producer.committing(&name, &topic, 5).with_member_id(text(id)).with_generation_id(generation);
        request.with_group_instance_id(instance.map(text))
    };
    let id = member.id.to_string();
    for (request, code) in [
        (by(&producer, &id, 0, None), ErrorCode::IllegalGeneration),
        (by(&producer, &id, 2, None), ErrorCode::IllegalGeneration),
        (by(&producer, "nobody", 1, None), ErrorCode::UnknownMemberId),
        (by(&producer, "nobody", 1, Some("here")), ErrorCode::FencedInstanceId),
        (by(&producer, &id, 1, Some("there")), ErrorCode::UnknownMemberId),
    ] {
        for version in 3..=4 {
            let answer = producer.client.ask_at(version, request.clone()).await;
            refused(answer.topics[0].partitions[0].error_code, code);
        }
    }
    // Whoever does not say who it is may commit.
    fine(producer.commit_at(4, &name, &topic, 4).await);
    fine(producer.client.ask(by(&producer, &id, 1, Some("here"))).await.topics[0].partitions[0].error_code);
    fine(producer.end_at(4, true).await);
    until_committed(&mut producer.client, &name, &topic, 5).await;
}

async fn topics_nobody_has(cx: Cx) {
    let name = cx.name("g");
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    fine(producer.add_offsets_at(4, &name).await);
    refused(producer.commit_at(4, &name, &cx.name("nowhere"), 5).await, ErrorCode::UnknownTopicOrPartition);
    fine(producer.end_at(4, true).await);
}
