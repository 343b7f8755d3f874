//! FindCoordinator, and groups as administrators see them: describe, list, delete.

use std::time::Duration;

use kafka_wire::ErrorCode;
use kafka_wire::messages::*;

use super::client::Client;
use super::member::{Member, subscription, two_joined};
use super::requests::*;
use super::runner::{Cx, cases};

cases![
    the_coordinator_in_every_version,
    several_coordinators_at_once,
    coordinators_nobody_has,
    described_in_every_version,
    states_of_a_group,
    listed_in_every_version,
    lists_of_some_states_and_types,
    deleted_in_every_version,
    groups_that_cannot_be_deleted,
];

async fn the_coordinator_in_every_version(cx: Cx) {
    let mut client = cx.connect().await;
    let port = i32::from(cx.addr().port());
    for version in cx.versions::<FindCoordinatorRequest>() {
        for kind in [0, 1].into_iter().filter(|kind| *kind == 0 || version >= 1) {
            let request = FindCoordinatorRequest::default();
            let request = if version >= 1 { request.with_key_type(kind) } else { request };
            if version < 4 {
                let answer = client.ask_at(version, request.with_key(text("anything"))).await;
                fine(answer.error_code);
                assert_eq!((&*answer.host, answer.port), ("127.0.0.1", port));
            } else {
                let answer = client.ask_at(version, request.with_coordinator_keys(vec![text("anything")])).await;
                let [found] = &answer.coordinators[..] else { panic!("{answer:?}") };
                fine(found.error_code);
                assert_eq!((&*found.key, &*found.host, found.port), ("anything", "127.0.0.1", port));
            }
        }
    }
}

async fn several_coordinators_at_once(cx: Cx) {
    let mut client = cx.connect().await;
    let keys = ["a", "b", "c"].map(text);
    let answer = client.ask(FindCoordinatorRequest::default().with_coordinator_keys(keys.to_vec())).await;
    let mut found: Vec<_> = answer.coordinators.iter().map(|one| (one.key.clone(), one.error_code)).collect();
    found.sort();
    assert_eq!(found, keys.map(|key| (key, 0)));
}

async fn coordinators_nobody_has(cx: Cx) {
    let mut client = cx.connect().await;
    for kind in [3, 9, -1] {
        let request = FindCoordinatorRequest::default().with_key_type(kind);
        let answer = client.ask_at(3, request.clone().with_key(text("a"))).await;
        refused(answer.error_code, ErrorCode::InvalidRequest);
        assert_eq!((answer.node_id, answer.port), (BrokerId(-1), -1));
        let answer = client.ask(request.with_coordinator_keys(vec![text("a")])).await;
        refused(answer.coordinators[0].error_code, ErrorCode::InvalidRequest);
    }
}

async fn describe(client: &mut Client, name: &str) -> describe_groups_response::DescribedGroup {
    client.ask(DescribeGroupsRequest::default().with_groups(vec![group(name)])).await.groups.remove(0)
}

async fn described_in_every_version(cx: Cx) {
    let mut me = Member::of(&cx, &cx.name("g")).await.static_as("here");
    me.settle().await;
    for version in cx.versions::<DescribeGroupsRequest>() {
        let groups = vec![group(&me.group), group("nobody")];
        let mut answer = me.client.ask_at(version, DescribeGroupsRequest::default().with_groups(groups)).await;
        answer.groups.sort_by_key(|found| found.members.is_empty());
        let [found, nobody] = &answer.groups[..] else { panic!("{answer:?}") };
        fine(found.error_code);
        assert_eq!((&*found.group_id.0, &*found.group_state), (&me.group[..], "Stable"));
        assert_eq!((&*found.protocol_type, &*found.protocol_data), ("consumer", "range"));
        let [member] = &found.members[..] else { panic!("{found:?}") };
        assert_eq!((&member.member_id, &*member.client_id), (&me.id, "raw"));
        assert_eq!(member.group_instance_id.as_deref(), (version >= 4).then_some("here"));
        assert_eq!(&*member.client_host, "/127.0.0.1");
        assert_eq!(
            (&member.member_metadata, &member.member_assignment[..]),
            (&subscription(&[], "about me"), &b"mine"[..])
        );
        assert_eq!(found.authorized_operations, i32::MIN, "not asked for");
        // A group nobody has heard of is dead, which is no error.
        fine(nobody.error_code);
        assert_eq!((&*nobody.group_state, nobody.members.len()), ("Dead", 0));
    }
}

async fn states_of_a_group(cx: Cx) {
    let name = cx.name("g");
    let (mut first, mut second) = (Member::of(&cx, &name).await, Member::of(&cx, &name).await);
    let mut client = cx.connect().await;
    two_joined(&mut first, &mut second).await;
    let found = describe(&mut client, &name).await;
    assert_eq!((&*found.group_state, found.members.len()), ("CompletingRebalance", 2));
    let id = first.id.clone();
    fine(first.sync(&[(&id, "all")]).await.error_code);
    assert_eq!(&*describe(&mut client, &name).await.group_state, "Stable");
    fine(second.leave().await);
    let found = describe(&mut client, &name).await;
    assert_eq!((&*found.group_state, found.members.len()), ("PreparingRebalance", 1));
    // Metadata belong to a chosen protocol.
    assert_eq!((&*found.protocol_type, &*found.protocol_data), ("consumer", ""));
    fine(first.leave().await);
    let found = describe(&mut client, &name).await;
    assert_eq!((&*found.group_state, found.members.len()), ("Empty", 0));
    assert_eq!(&*found.protocol_type, "consumer");
}

async fn listed_in_every_version(cx: Cx) {
    let mut me = Member::of(&cx, &cx.name("g")).await;
    me.kind = "connect".to_owned();
    me.settle().await;
    for version in cx.versions::<ListGroupsRequest>() {
        let answer = me.client.ask_at(version, ListGroupsRequest::default()).await;
        fine(answer.error_code);
        let found = answer.groups.iter().find(|one| *one.group_id.0 == *me.group).unwrap();
        assert_eq!(&*found.protocol_type, "connect");
        assert_eq!(&*found.group_state, if version >= 4 { "Stable" } else { "" });
        assert_eq!(&*found.group_type, if version >= 5 { "classic" } else { "" });
    }
}

async fn lists_of_some_states_and_types(cx: Cx) {
    let mut me = Member::of(&cx, &cx.name("stable")).await;
    me.settle().await;
    let mut client = cx.connect().await;
    let empty = cx.name("empty");
    let topic = cx.topic("t", 1).await;
    fine(client.ask(committing(&empty, &topic, 0, 3)).await.topics[0].partitions[0].error_code);
    for (states, types, stable, emptied) in [
        (&["Stable"][..], &[][..], true, false),
        (&["empty"], &[], false, true),
        (&["Stable", "Empty"], &["classic"], true, true),
        (&[], &["Classic"], true, true),
        (&["Dead"], &[], false, false),
        (&["NoSuchState"], &[], false, false),
        (&[], &["consumer"], false, false),
    ] {
        let request = ListGroupsRequest::default()
            .with_states_filter(states.iter().map(|state| text(state)).collect())
            .with_types_filter(types.iter().map(|kind| text(kind)).collect());
        let answer = client.ask(request).await;
        fine(answer.error_code);
        let has = |name: &str| answer.groups.iter().any(|one| *one.group_id.0 == *name);
        assert_eq!((has(&me.group), has(&empty)), (stable, emptied), "{states:?} {types:?}");
    }
}

async fn deleted_in_every_version(cx: Cx) {
    let topic = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    for version in cx.versions::<DeleteGroupsRequest>() {
        let name = cx.name(&format!("v{version}"));
        fine(client.ask(committing(&name, &topic, 0, 3)).await.topics[0].partitions[0].error_code);
        assert_eq!(committed(&mut client, &name, &topic, 0).await, 3);
        let request = DeleteGroupsRequest::default().with_groups_names(vec![group(&name)]);
        let answer = client.ask_at(version, request.clone()).await;
        assert_eq!((answer.results.len(), answer.results[0].error_code), (1, 0));
        assert_eq!(&*describe(&mut client, &name).await.group_state, "Dead");
        assert_eq!(committed(&mut client, &name, &topic, 0).await, -1);
        refused(client.ask_at(version, request).await.results[0].error_code, ErrorCode::GroupIdNotFound);
    }
}

async fn groups_that_cannot_be_deleted(cx: Cx) {
    let mut me = Member::of(&cx, &cx.name("g")).await.with_sessions_of(600);
    me.settle().await;
    let deleting = |names: &[&str]| {
        DeleteGroupsRequest::default().with_groups_names(names.iter().map(|name| group(name)).collect())
    };
    let answer = me.client.ask(deleting(&[&me.group.clone(), "nobody"])).await;
    let mut codes: Vec<_> = answer.results.iter().map(|one| (one.group_id.to_string(), one.error_code)).collect();
    codes.sort();
    assert_eq!(codes, [(me.group.clone(), 68), ("nobody".to_owned(), 69)]);
    // Once its last member is gone, it can.
    loop {
        let answer = me.client.ask(deleting(&[&me.group.clone()])).await;
        if answer.results[0].error_code == 0 {
            break;
        }
        refused(answer.results[0].error_code, ErrorCode::NonEmptyGroup);
        me.client.sleep(Duration::from_millis(50)).await;
    }
}
