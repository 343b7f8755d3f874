//! Classic groups: joining, syncing, heartbeats, leaving, dying.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join;
use kafka_wire::messages::*;
use kafka_wire::{ErrorCode, StrBytes};
use leave_group_request::MemberIdentity;

use super::member::{Member, subscription, two_joined, two_settled};
use super::requests::*;
use super::runner::{Cx, cases};

cases![
    a_member_alone_in_every_version,
    groups_and_members_that_cannot_be,
    protocols_that_do_not_match,
    two_members_and_their_leader,
    the_protocol_all_have,
    the_protocol_most_like,
    a_third_member_makes_all_join_again,
    joining_again_without_need,
    syncing_at_the_wrong_time,
    heartbeats_at_the_wrong_time,
    nothing_for_a_member,
    leaving_in_every_version,
    several_leave_at_once,
    a_member_who_dies_is_noticed,
    heartbeats_keep_a_member_alive,
    a_member_who_does_not_join_again_is_left_out,
    an_id_that_is_never_used,
    a_group_of_another_kind,
];

async fn a_member_alone_in_every_version(cx: Cx) {
    for version in cx.versions::<JoinGroupRequest>() {
        let mut me = Member::of(&cx, &cx.name(&format!("v{version}"))).await;
        let mut answer = me.try_join(version).await;
        if version >= 4 {
            refused(answer.error_code, ErrorCode::MemberIdRequired);
            assert!(!answer.member_id.is_empty());
            assert_eq!(answer.generation_id, -1);
            answer = me.try_join(version).await;
        }
        fine(answer.error_code);
        assert_eq!((answer.generation_id, answer.protocol_name.as_deref()), (1, Some("range")));
        assert_eq!(answer.protocol_type.as_deref(), (version >= 7).then_some("consumer"));
        assert!(answer.member_id.starts_with("raw-"), "{answer:?}");
        assert_eq!(answer.leader, answer.member_id);
        assert!(!answer.skip_assignment);
        let [member] = &answer.members[..] else { panic!("{answer:?}") };
        assert_eq!((&member.member_id, &member.metadata), (&answer.member_id, &subscription(&[], "about me")));

        let version = version.min(5);
        let mut sync = me.syncing(&[(&me.id.clone(), "mine")]);
        if version < 5 {
            sync = sync.with_protocol_type(None).with_protocol_name(None);
        }
        if version < 3 {
            sync = sync.with_group_instance_id(None);
        }
        let synced = me.client.ask_at(version, sync).await;
        assert_eq!((synced.error_code, &synced.assignment[..]), (0, &b"mine"[..]));
        if version >= 5 {
            assert_eq!(synced.protocol_type.as_deref(), Some("consumer"));
            assert_eq!(synced.protocol_name.as_deref(), Some("range"));
        }
        let beat = HeartbeatRequest::default()
            .with_group_id(group(&me.group))
            .with_member_id(me.id.clone())
            .with_generation_id(1);
        fine(me.client.ask_at(version.min(4), beat).await.error_code);
    }
}

async fn groups_and_members_that_cannot_be(cx: Cx) {
    let mut me = Member::of(&cx, "").await;
    refused(me.try_join(9).await.error_code, ErrorCode::InvalidGroupId);
    me.group = cx.name("g");
    for session in [499, 0, -1, 1_800_001] {
        me.session = session;
        refused(me.try_join(9).await.error_code, ErrorCode::InvalidSessionTimeout);
    }
    for session in [500, 1_800_000] {
        me.session = session;
        refused(me.try_join(9).await.error_code, ErrorCode::MemberIdRequired);
        me.id = StrBytes::default();
    }
    me.id = text("nobody");
    for version in cx.versions::<JoinGroupRequest>() {
        let answer = me.try_join(version).await;
        refused(answer.error_code, ErrorCode::UnknownMemberId);
        assert_eq!((answer.generation_id, &*answer.member_id), (-1, "nobody"));
    }
}

async fn protocols_that_do_not_match(cx: Cx) {
    let name = cx.name("g");
    let mut first = Member::of(&cx, &name).await;
    // None at all, or no type.
    let mut none = Member::of(&cx, &name).await.with_protocols(&[]);
    refused(none.try_join(9).await.error_code, ErrorCode::InconsistentGroupProtocol);
    none = none.with_protocols(&["range"]);
    none.kind = String::new();
    refused(none.try_join(9).await.error_code, ErrorCode::InconsistentGroupProtocol);
    first.settle().await;
    let mut other = Member::of(&cx, &name).await.with_protocols(&["roundrobin", "sticky"]);
    refused(other.try_join(9).await.error_code, ErrorCode::InconsistentGroupProtocol);
    other = other.with_protocols(&["range"]);
    other.kind = "connect".to_owned();
    refused(other.try_join(9).await.error_code, ErrorCode::InconsistentGroupProtocol);
    // The first has not noticed.
    fine(first.heartbeat().await);
}

async fn two_members_and_their_leader(cx: Cx) {
    let name = cx.name("g");
    let (mut first, mut second) = (Member::of(&cx, &name).await, Member::of(&cx, &name).await);
    second.protocols[0].1 = subscription(&[], "about the second");
    let (joined, other) = two_joined(&mut first, &mut second).await;
    assert_eq!((joined.generation_id, other.generation_id), (2, 2));
    assert_eq!((&joined.leader, &other.leader), (&first.id, &first.id));
    assert!(other.members.is_empty());
    let mut members: Vec<_> =
        joined.members.iter().map(|member| (member.metadata.clone(), member.member_id.clone())).collect();
    members.sort();
    assert_eq!(
        members,
        [(subscription(&[], "about me"), first.id.clone()), (subscription(&[], "about the second"), second.id.clone())]
    );
    // The other waits for the leader's assignments.
    let ids = (first.id.clone(), second.id.clone());
    let lead = async {
        first.client.sleep(Duration::from_millis(150)).await;
        first.sync(&[(&ids.0, "one"), (&ids.1, "two")]).await
    };
    let began = Instant::now();
    let (mine, waited) = join(lead, second.sync(&[])).await;
    assert!(began.elapsed() >= Duration::from_millis(140));
    assert_eq!((mine.error_code, &mine.assignment[..]), (0, &b"one"[..]));
    assert_eq!((waited.error_code, &waited.assignment[..]), (0, &b"two"[..]));
    // Again, the same.
    assert_eq!(&second.sync(&[]).await.assignment[..], b"two");
    fine(first.heartbeat().await);
    fine(second.heartbeat().await);
}

async fn the_protocol_all_have(cx: Cx) {
    let name = cx.name("g");
    let mut first = Member::of(&cx, &name).await.with_protocols(&["range", "sticky"]);
    let mut second = Member::of(&cx, &name).await.with_protocols(&["roundrobin", "sticky"]);
    second.protocols[1].1 = subscription(&[], "sticky");
    let (joined, other) = two_joined(&mut first, &mut second).await;
    assert_eq!((joined.protocol_name.as_deref(), other.protocol_name.as_deref()), (Some("sticky"), Some("sticky")));
    let of_second = joined.members.iter().find(|member| member.member_id == second.id).unwrap();
    assert_eq!(of_second.metadata, subscription(&[], "sticky"));
}

async fn the_protocol_most_like(cx: Cx) {
    let name = cx.name("g");
    let mut first = Member::of(&cx, &name).await.with_protocols(&["b", "a"]);
    let mut second = Member::of(&cx, &name).await.with_protocols(&["b", "a", "c"]);
    let (joined, _) = two_joined(&mut first, &mut second).await;
    assert_eq!(joined.protocol_name.as_deref(), Some("b"));
}

async fn a_third_member_makes_all_join_again(cx: Cx) {
    let name = cx.name("g");
    let (mut first, mut second) = (Member::of(&cx, &name).await, Member::of(&cx, &name).await);
    two_settled(&mut first, &mut second).await;
    let mut third = Member::of(&cx, &name).await;
    assert_eq!(third.try_join(9).await.error_code, 79);
    fine(first.heartbeat().await);
    let request = third.joining(9);
    third.client.send(9, &request).await;
    while second.heartbeat().await != 27 {
        second.client.sleep(Duration::from_millis(10)).await;
    }
    refused(first.heartbeat().await, ErrorCode::RebalanceInProgress);
    refused(first.sync(&[]).await.error_code, ErrorCode::RebalanceInProgress);
    let (one, two) = join(first.try_join(9), second.try_join(9)).await;
    let three = third.client.receive::<JoinGroupRequest>(9).await.unwrap();
    assert_eq!([one.error_code, two.error_code, three.error_code], [0; 3]);
    assert_eq!([one.generation_id, two.generation_id, three.generation_id], [3; 3]);
    assert_eq!((one.members.len(), two.members.len(), three.members.len()), (3, 0, 0));
    assert_eq!(three.leader, first.id);
}

async fn joining_again_without_need(cx: Cx) {
    let name = cx.name("g");
    let (mut first, mut second) = (Member::of(&cx, &name).await, Member::of(&cx, &name).await);
    two_settled(&mut first, &mut second).await;
    // A follower whose metadata are the same is told what it knows.
    let again = second.try_join(9).await;
    assert_eq!((again.error_code, again.generation_id, again.members.len()), (0, 2, 0));
    fine(first.heartbeat().await);
    // One whose metadata have changed makes all join again.
    second.protocols[0].1 = subscription(&[], "changed");
    let request = second.joining(9);
    second.client.send(9, &request).await;
    while first.heartbeat().await != 27 {
        first.client.sleep(Duration::from_millis(10)).await;
    }
    let joined = first.try_join(9).await;
    assert_eq!((joined.error_code, joined.generation_id, joined.members.len()), (0, 3, 2));
    let other = second.client.receive::<JoinGroupRequest>(9).await.unwrap();
    assert_eq!((other.error_code, other.generation_id), (0, 3));
    second.generation = 3;
    let ids = (first.id.clone(), second.id.clone());
    fine(first.sync(&[(&ids.0, "one"), (&ids.1, "two")]).await.error_code);
    // The leader makes all join again, changed or not.
    let request = first.joining(9);
    first.client.send(9, &request).await;
    while second.heartbeat().await != 27 {
        second.client.sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(second.try_join(9).await.generation_id, 4);
    assert_eq!(first.client.receive::<JoinGroupRequest>(9).await.unwrap().generation_id, 4);
}

async fn syncing_at_the_wrong_time(cx: Cx) {
    let mut me = Member::of(&cx, &cx.name("g")).await;
    me.id = text("nobody");
    me.generation = 1;
    refused(me.sync(&[]).await.error_code, ErrorCode::UnknownMemberId);
    me.id = StrBytes::default();
    me.settle().await;
    me.generation = 2;
    refused(me.sync(&[]).await.error_code, ErrorCode::IllegalGeneration);
    me.generation = 1;
    let both = (Some("consumer"), Some("range"));
    for (kind, name) in [(Some("connect"), both.1), (both.0, Some("sticky")), (None, both.1), (both.0, None)] {
        let request = me.syncing(&[]).with_protocol_type(kind.map(text)).with_protocol_name(name.map(text));
        refused(me.client.ask(request).await.error_code, ErrorCode::InconsistentGroupProtocol);
    }
    let mut other = Member::of(&cx, &me.group).await;
    other.id = text("nobody");
    other.generation = 1;
    refused(other.sync(&[]).await.error_code, ErrorCode::UnknownMemberId);
    assert_eq!(&me.sync(&[]).await.assignment[..], b"mine");
}

async fn heartbeats_at_the_wrong_time(cx: Cx) {
    let mut me = Member::of(&cx, &cx.name("g")).await;
    refused(me.heartbeat().await, ErrorCode::UnknownMemberId);
    me.join().await;
    // Joined, not synced.
    fine(me.heartbeat().await);
    let id = me.id.clone();
    fine(me.sync(&[(&id, "mine")]).await.error_code);
    me.generation = 0;
    refused(me.heartbeat().await, ErrorCode::IllegalGeneration);
    me.generation = 1;
    me.id = text("nobody");
    refused(me.heartbeat().await, ErrorCode::UnknownMemberId);
    (me.id, me.group) = (id, String::new());
    refused(me.heartbeat().await, ErrorCode::InvalidGroupId);
}

async fn nothing_for_a_member(cx: Cx) {
    let name = cx.name("g");
    let (mut first, mut second) = (Member::of(&cx, &name).await, Member::of(&cx, &name).await);
    two_joined(&mut first, &mut second).await;
    let id = first.id.clone();
    fine(first.sync(&[(&id, "all")]).await.error_code);
    let synced = second.sync(&[]).await;
    assert_eq!((synced.error_code, synced.assignment.len()), (0, 0));
}

async fn leaving_in_every_version(cx: Cx) {
    for version in cx.versions::<LeaveGroupRequest>() {
        let name = cx.name(&format!("v{version}"));
        let (mut first, mut second) = (Member::of(&cx, &name).await, Member::of(&cx, &name).await);
        two_settled(&mut first, &mut second).await;
        let request = LeaveGroupRequest::default().with_group_id(group(&name));
        let request = match version {
            0..3 => request.with_member_id(second.id.clone()),
            _ => request.with_members(vec![MemberIdentity::default().with_member_id(second.id.clone())]),
        };
        let answer = second.client.ask_at(version, request.clone()).await;
        fine(answer.error_code);
        if version >= 3 {
            assert_eq!((answer.members.len(), answer.members[0].error_code), (1, 0));
            assert_eq!(answer.members[0].member_id, second.id);
        }
        refused(second.heartbeat().await, ErrorCode::UnknownMemberId);
        refused(first.heartbeat().await, ErrorCode::RebalanceInProgress);
        let again = second.client.ask_at(version, request).await;
        let code = if version >= 3 { again.members[0].error_code } else { again.error_code };
        refused(code, ErrorCode::UnknownMemberId);
        let joined = first.try_join(9).await;
        assert_eq!((joined.error_code, joined.generation_id, joined.members.len()), (0, 3, 1));
    }
}

async fn several_leave_at_once(cx: Cx) {
    let name = cx.name("g");
    let (mut first, mut second) = (Member::of(&cx, &name).await, Member::of(&cx, &name).await);
    two_settled(&mut first, &mut second).await;
    let leaving = |ids: &[&StrBytes]| {
        let members = ids.iter().map(|id| MemberIdentity::default().with_member_id((*id).clone()));
        LeaveGroupRequest::default().with_group_id(group(&name)).with_members(members.collect())
    };
    let answer = cx.connect().await.ask(leaving(&[&second.id, &text("nobody"), &first.id])).await;
    fine(answer.error_code);
    assert_eq!(answer.members.iter().map(|member| member.error_code).collect::<Vec<_>>(), [0, 25, 0]);
    refused(first.heartbeat().await, ErrorCode::UnknownMemberId);
    // The next member begins the next generation.
    first.id = StrBytes::default();
    assert_eq!(first.join().await.generation_id, 4);
}

async fn a_member_who_dies_is_noticed(cx: Cx) {
    let name = cx.name("g");
    let mut first = Member::of(&cx, &name).await;
    let mut second = Member::of(&cx, &name).await.with_sessions_of(700);
    two_settled(&mut first, &mut second).await;
    let began = Instant::now();
    // The connection stays: only heartbeats count.
    loop {
        let code = first.heartbeat().await;
        if code == 27 {
            break;
        }
        fine(code);
        first.client.sleep(Duration::from_millis(20)).await;
    }
    let noticed = began.elapsed();
    assert!(noticed >= Duration::from_millis(600) && noticed < Duration::from_secs(3), "{noticed:?}");
    let joined = first.try_join(9).await;
    assert_eq!((joined.error_code, joined.generation_id, joined.members.len()), (0, 3, 1));
    refused(second.heartbeat().await, ErrorCode::UnknownMemberId);
    refused(second.try_join(9).await.error_code, ErrorCode::UnknownMemberId);
}

async fn heartbeats_keep_a_member_alive(cx: Cx) {
    let mut me = Member::of(&cx, &cx.name("g")).await.with_sessions_of(800);
    me.settle().await;
    for _ in 0..8 {
        me.client.sleep(Duration::from_millis(250)).await;
        fine(me.heartbeat().await);
    }
}

async fn a_member_who_does_not_join_again_is_left_out(cx: Cx) {
    let name = cx.name("g");
    let (mut first, mut second) = (Member::of(&cx, &name).await, Member::of(&cx, &name).await);
    first.rebalance = 600;
    second.rebalance = 600;
    two_settled(&mut first, &mut second).await;
    // It sends heartbeats and is told to join, but does not.
    let began = Instant::now();
    let beats = async {
        while second.heartbeat().await != 25 {
            second.client.sleep(Duration::from_millis(50)).await;
        }
    };
    let (joined, ()) = join(first.try_join(9), beats).await;
    assert_eq!((joined.error_code, joined.generation_id, joined.members.len()), (0, 3, 1));
    let waited = began.elapsed();
    assert!(waited >= Duration::from_millis(500) && waited < Duration::from_secs(4), "{waited:?}");
}

async fn an_id_that_is_never_used(cx: Cx) {
    let name = cx.name("g");
    let (mut first, mut second) = (Member::of(&cx, &name).await, Member::of(&cx, &name).await);
    assert_eq!(first.try_join(9).await.error_code, 79);
    let began = Instant::now();
    second.settle().await;
    assert!(began.elapsed() < Duration::from_secs(3));
    fine(second.heartbeat().await);
    // An id only, no member.
    first.generation = 1;
    refused(first.heartbeat().await, ErrorCode::UnknownMemberId);
}

async fn a_group_of_another_kind(cx: Cx) {
    let name = cx.name("g");
    let (mut first, mut second) = (Member::of(&cx, &name).await, Member::of(&cx, &name).await);
    for (number, member) in [&mut first, &mut second].into_iter().enumerate() {
        member.kind = "connect".to_owned();
        member.protocols = ["sessioned", "compatible", "default"]
            .map(|protocol| (protocol.to_owned(), Bytes::from(vec![0, 1, 255, 0, number as u8])))
            .to_vec();
    }
    let (joined, other) = two_joined(&mut first, &mut second).await;
    assert_eq!(joined.protocol_type.as_deref(), Some("connect"));
    assert_eq!(
        (joined.protocol_name.as_deref(), other.protocol_name.as_deref()),
        (Some("sessioned"), Some("sessioned"))
    );
    let mut metadata: Vec<_> = joined.members.iter().map(|member| member.metadata.to_vec()).collect();
    metadata.sort();
    assert_eq!(metadata, [[0, 1, 255, 0, 0], [0, 1, 255, 0, 1]]);
    let ids = (first.id.clone(), second.id.clone());
    fine(first.sync(&[(&ids.0, "\0\u{1}a"), (&ids.1, "\0\u{2}b")]).await.error_code);
    assert_eq!(&second.sync(&[]).await.assignment[..], b"\0\x02b");
}
