//! OffsetCommit, OffsetFetch, OffsetDelete.

use kafka_wire::messages::*;
use kafka_wire::{ErrorCode, StrBytes};

use super::member::{Member, subscription, two_joined};
use super::requests::*;
use super::runner::{Cx, cases};

cases![
    committed_in_every_version,
    fetched_in_every_version,
    all_topics_of_a_group,
    several_groups_at_once,
    a_member_s_commits,
    commits_that_are_refused,
    commits_while_a_group_rebalances,
    a_commit_keeps_a_member_alive,
    deleted_offsets,
    offsets_that_cannot_be_deleted,
    offsets_of_subscribed_topics,
];

async fn committed_in_every_version(cx: Cx) {
    let topic = cx.topic("t", 2).await;
    let mut client = cx.connect().await;
    for version in cx.versions::<OffsetCommitRequest>() {
        let name = cx.name(&format!("v{version}"));
        let mut request = committing(&name, &topic, 1, 40 + i64::from(version));
        let partition = &mut request.topics[0].partitions[0];
        partition.committed_metadata = Some(text("about it"));
        partition.committed_leader_epoch = if version >= 6 { 0 } else { -1 };
        let answer = client.ask_at(version, request).await;
        fine(answer.topics[0].partitions[0].error_code);
        assert_eq!((answer.topics.len(), answer.topics[0].partitions[0].partition_index), (1, 1));
        let fetched = client.ask(fetching(&name, &topic, &[1, 0])).await;
        let [found] = &fetched.groups[..] else { panic!("{fetched:?}") };
        fine(found.error_code);
        let [one, zero] = &found.topics[0].partitions[..] else { panic!("{found:?}") };
        assert_eq!((one.error_code, one.committed_offset), (0, 40 + i64::from(version)));
        assert_eq!(
            (one.metadata.as_deref(), one.committed_leader_epoch),
            (Some("about it"), if version >= 6 { 0 } else { -1 })
        );
        assert_eq!((zero.error_code, zero.committed_offset, zero.metadata.as_deref()), (0, -1, Some("")));
        assert_eq!(zero.committed_leader_epoch, -1);
    }
}

async fn fetched_in_every_version(cx: Cx) {
    let topic = cx.topic("t", 2).await;
    let name = cx.name("g");
    let mut client = cx.connect().await;
    let mut request = committing(&name, &topic, 1, 5);
    request.topics[0].partitions[0].committed_metadata = None;
    fine(client.ask(request).await.topics[0].partitions[0].error_code);
    for version in cx.versions::<OffsetFetchRequest>() {
        let found: Vec<(i32, i64, Option<String>, i16)> = if version < 8 {
            let topics = offset_fetch_request::OffsetFetchRequestTopic::default()
                .with_name(self::topic(&topic))
                .with_partition_indexes(vec![0, 1, 9]);
            let request = OffsetFetchRequest::default().with_group_id(group(&name)).with_topics(Some(vec![topics]));
            let answer = client.ask_at(version, request).await;
            fine(answer.error_code);
            let partitions = &answer.topics[0].partitions;
            let plain = |text: &Option<StrBytes>| text.as_deref().map(str::to_owned);
            partitions
                .iter()
                .map(|p| (p.partition_index, p.committed_offset, plain(&p.metadata), p.error_code))
                .collect()
        } else {
            let answer = client.ask_at(version, fetching(&name, &topic, &[0, 1, 9])).await;
            let partitions = &answer.groups[0].topics[0].partitions;
            let plain = |text: &Option<StrBytes>| text.as_deref().map(str::to_owned);
            partitions
                .iter()
                .map(|p| (p.partition_index, p.committed_offset, plain(&p.metadata), p.error_code))
                .collect()
        };
        let none = Some(String::new());
        assert_eq!(found, [(0, -1, none.clone(), 0), (1, 5, none.clone(), 0), (9, -1, none, 0)], "version {version}");
    }
}

async fn all_topics_of_a_group(cx: Cx) {
    let (one, two) = (cx.topic("one", 2).await, cx.topic("two", 1).await);
    let name = cx.name("g");
    let mut client = cx.connect().await;
    for (topic, partition, offset) in [(&one, 0, 1), (&one, 1, 2), (&two, 0, 3)] {
        let answer = client.ask(committing(&name, topic, partition, offset)).await;
        fine(answer.topics[0].partitions[0].error_code);
    }
    for version in 2..=9 {
        let request = OffsetFetchRequest::default();
        let mut found: Vec<(String, i32, i64)> = if version < 8 {
            let answer = client.ask_at(version, request.with_group_id(group(&name)).with_topics(None)).await;
            let topics = answer.topics.iter();
            let of = |topic: &offset_fetch_response::OffsetFetchResponseTopic| {
                let name = topic.name.to_string();
                topic.partitions.iter().map(move |p| (name.clone(), p.partition_index, p.committed_offset)).collect()
            };
            topics.flat_map::<Vec<_>, _>(of).collect()
        } else {
            let asked =
                offset_fetch_request::OffsetFetchRequestGroup::default().with_group_id(group(&name)).with_topics(None);
            let answer = client.ask_at(version, request.with_groups(vec![asked])).await;
            let topics = answer.groups[0].topics.iter();
            let of = |topic: &offset_fetch_response::OffsetFetchResponseTopics| {
                let name = topic.name.to_string();
                topic.partitions.iter().map(move |p| (name.clone(), p.partition_index, p.committed_offset)).collect()
            };
            topics.flat_map::<Vec<_>, _>(of).collect()
        };
        found.sort();
        assert_eq!(found, [(one.clone(), 0, 1), (one.clone(), 1, 2), (two.clone(), 0, 3)], "version {version}");
    }
}

async fn several_groups_at_once(cx: Cx) {
    let topic = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    let names = ["one", "two"].map(|what| cx.name(what));
    for (name, offset) in names.iter().zip([7, 8]) {
        fine(client.ask(committing(name, &topic, 0, offset)).await.topics[0].partitions[0].error_code);
    }
    let mut request = fetching(&names[0], &topic, &[0]);
    request.groups.extend(fetching(&names[1], &topic, &[0]).groups);
    request.groups.extend(fetching("nobody", &topic, &[0]).groups);
    let answer = client.ask(request).await;
    let mut found: Vec<_> = answer
        .groups
        .iter()
        .map(|one| (one.group_id.to_string(), one.error_code, one.topics[0].partitions[0].committed_offset))
        .collect();
    found.sort();
    assert_eq!(found, [(names[0].clone(), 0, 7), (names[1].clone(), 0, 8), ("nobody".to_owned(), 0, -1)]);
}

async fn a_member_s_commits(cx: Cx) {
    let topic = cx.topic("t", 1).await;
    let mut me = Member::of(&cx, &cx.name("g")).await;
    me.settle().await;
    fine(me.commit(&topic, 5).await);
    assert_eq!(committed(&mut me.client, &me.group.clone(), &topic, 0).await, 5);
    // Backwards is allowed.
    fine(me.commit(&topic, 2).await);
    assert_eq!(committed(&mut me.client, &me.group.clone(), &topic, 0).await, 2);
    let id = me.id.clone();
    for (id, generation, code) in [
        (id.clone(), 0, ErrorCode::IllegalGeneration),
        (id.clone(), 2, ErrorCode::IllegalGeneration),
        (text("nobody"), 1, ErrorCode::UnknownMemberId),
        // Nobody in particular, while there are members.
        (StrBytes::default(), -1, ErrorCode::UnknownMemberId),
    ] {
        (me.id, me.generation) = (id, generation);
        refused(me.commit(&topic, 9).await, code);
    }
    assert_eq!(committed(&mut me.client, &me.group.clone(), &topic, 0).await, 2);
    (me.id, me.generation) = (id, 1);
    fine(me.leave().await);
    (me.id, me.generation) = (StrBytes::default(), -1);
    fine(me.commit(&topic, 9).await);
}

async fn commits_that_are_refused(cx: Cx) {
    let topic = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    let name = cx.name("g");
    // A member's commit to a group that is not there.
    let request = committing(&name, &topic, 0, 1).with_member_id(text("me"));
    let request = request.with_generation_id_or_member_epoch(1);
    for (version, code) in
        [(2, ErrorCode::IllegalGeneration), (8, ErrorCode::IllegalGeneration), (9, ErrorCode::GroupIdNotFound)]
    {
        let answer = client.ask_at(version, request.clone()).await;
        refused(answer.topics[0].partitions[0].error_code, code);
    }
    let mut large = committing(&name, &topic, 0, 1);
    large.topics[0].partitions[0].committed_metadata = Some(text(&"x".repeat(4_097)));
    refused(client.ask(large.clone()).await.topics[0].partitions[0].error_code, ErrorCode::OffsetMetadataTooLarge);
    large.topics[0].partitions[0].committed_metadata = Some(text(&"x".repeat(4_096)));
    fine(client.ask(large).await.topics[0].partitions[0].error_code);
    for (topic, partition) in [(&cx.name("nowhere"), 0), (&topic, 1)] {
        let answer = client.ask(committing(&name, topic, partition, 1)).await;
        refused(answer.topics[0].partitions[0].error_code, ErrorCode::UnknownTopicOrPartition);
    }
    // The group without a name may have offsets.
    fine(client.ask(committing("", &topic, 0, 1)).await.topics[0].partitions[0].error_code);
}

async fn commits_while_a_group_rebalances(cx: Cx) {
    let topic = cx.topic("t", 1).await;
    let name = cx.name("g");
    let (mut first, mut second) = (Member::of(&cx, &name).await, Member::of(&cx, &name).await);
    two_joined(&mut first, &mut second).await;
    // Joined, but nobody has assignments yet.
    refused(first.commit(&topic, 1).await, ErrorCode::RebalanceInProgress);
    let id = first.id.clone();
    fine(first.sync(&[(&id, "all")]).await.error_code);
    fine(first.commit(&topic, 2).await);
    // Told to join again: what was read before may be committed still.
    fine(second.leave().await);
    refused(first.heartbeat().await, ErrorCode::RebalanceInProgress);
    fine(first.commit(&topic, 3).await);
}

async fn a_commit_keeps_a_member_alive(cx: Cx) {
    let topic = cx.topic("t", 1).await;
    let mut me = Member::of(&cx, &cx.name("g")).await.with_sessions_of(800);
    me.settle().await;
    for offset in 0..6 {
        me.client.sleep(std::time::Duration::from_millis(300)).await;
        fine(me.commit(&topic, offset).await);
    }
    fine(me.heartbeat().await);
}

fn deleting(name: &str, of: &str, partitions: &[i32]) -> OffsetDeleteRequest {
    let partitions = partitions
        .iter()
        .map(|index| offset_delete_request::OffsetDeleteRequestPartition::default().with_partition_index(*index));
    OffsetDeleteRequest::default().with_group_id(group(name)).with_topics(vec![
        offset_delete_request::OffsetDeleteRequestTopic::default()
            .with_name(topic(of))
            .with_partitions(partitions.collect()),
    ])
}

async fn deleted_offsets(cx: Cx) {
    let topic = cx.topic("t", 3).await;
    let name = cx.name("g");
    let mut client = cx.connect().await;
    for partition in 0..2 {
        fine(client.ask(committing(&name, &topic, partition, 5)).await.topics[0].partitions[0].error_code);
    }
    let answer = client.ask(deleting(&name, &topic, &[0, 2])).await;
    fine(answer.error_code);
    let mut codes: Vec<_> =
        answer.topics[0].partitions.iter().map(|one| (one.partition_index, one.error_code)).collect();
    codes.sort();
    assert_eq!(codes, [(0, 0), (2, 0)]);
    assert_eq!(committed(&mut client, &name, &topic, 0).await, -1);
    assert_eq!(committed(&mut client, &name, &topic, 1).await, 5);
}

async fn offsets_that_cannot_be_deleted(cx: Cx) {
    let topic = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    refused(client.ask(deleting("nobody", &topic, &[0])).await.error_code, ErrorCode::GroupIdNotFound);
    // A group with members of another kind.
    let mut me = Member::of(&cx, &cx.name("g")).await;
    me.kind = "connect".to_owned();
    me.settle().await;
    fine(me.commit(&topic, 5).await);
    refused(client.ask(deleting(&me.group, &topic, &[0])).await.error_code, ErrorCode::NonEmptyGroup);
    fine(me.leave().await);
    fine(client.ask(deleting(&me.group, &topic, &[0])).await.error_code);
    assert_eq!(committed(&mut client, &me.group, &topic, 0).await, -1);
    // A topic that is not there.
    let answer = client.ask(deleting(&me.group, &cx.name("nowhere"), &[0])).await;
    refused(answer.topics[0].partitions[0].error_code, ErrorCode::UnknownTopicOrPartition);
}

async fn offsets_of_subscribed_topics(cx: Cx) {
    let (read, other) = (cx.topic("read", 1).await, cx.topic("other", 1).await);
    let mut me = Member::of(&cx, &cx.name("g")).await;
    me.protocols[0].1 = subscription(&[&read], "");
    me.settle().await;
    for topic in [&read, &other] {
        fine(me.commit(topic, 5).await);
    }
    let mut client = cx.connect().await;
    let answer = client.ask(deleting(&me.group, &read, &[0])).await;
    fine(answer.error_code);
    refused(answer.topics[0].partitions[0].error_code, ErrorCode::GroupSubscribedToTopic);
    let answer = client.ask(deleting(&me.group, &other, &[0])).await;
    assert_eq!((answer.error_code, answer.topics[0].partitions[0].error_code), (0, 0));
    assert_eq!(committed(&mut client, &me.group, &read, 0).await, 5);
    assert_eq!(committed(&mut client, &me.group, &other, 0).await, -1);
}
