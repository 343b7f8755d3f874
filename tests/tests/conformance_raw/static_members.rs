//! Members with a name of their own (KIP-345).

use std::time::Duration;

use kafka_wire::messages::*;
use kafka_wire::{ErrorCode, StrBytes};
use leave_group_request::MemberIdentity;

use super::member::{Member, subscription, two_settled};
use super::requests::*;
use super::runner::{Cx, cases};

cases![
    a_named_member_needs_no_second_join,
    a_replaced_follower_keeps_its_assignment,
    a_replaced_leader_keeps_leading,
    the_replaced_is_fenced,
    a_replacement_with_other_metadata,
    a_named_member_is_removed_by_its_name,
    a_named_member_dies_too,
];

async fn a_named_member_needs_no_second_join(cx: Cx) {
    for version in 5..=9 {
        let mut me = Member::of(&cx, &cx.name(&format!("v{version}"))).await.static_as("here");
        let answer = me.try_join(version).await;
        fine(answer.error_code);
        assert_eq!((answer.generation_id, &answer.leader), (1, &answer.member_id));
        assert!(answer.member_id.starts_with("here-"), "{answer:?}");
        assert_eq!(answer.members[0].group_instance_id.as_deref(), Some("here"));
        let id = me.id.clone();
        fine(me.sync(&[(&id, "mine")]).await.error_code);
        fine(me.heartbeat().await);
    }
}

async fn pair(cx: &Cx) -> (Member, Member) {
    let name = cx.name("g");
    let mut first = Member::of(cx, &name).await.static_as("first");
    let mut second = Member::of(cx, &name).await.static_as("second");
    two_settled(&mut first, &mut second).await;
    (first, second)
}

async fn a_replaced_follower_keeps_its_assignment(cx: Cx) {
    let (mut first, second) = pair(&cx).await;
    let mut again = Member::of(&cx, &second.group).await.static_as("second");
    let answer = again.try_join(9).await;
    assert_eq!((answer.error_code, answer.generation_id), (0, 2));
    assert_ne!(answer.member_id, second.id);
    assert_eq!((&answer.leader, answer.members.len()), (&first.id, 0));
    assert_eq!(&again.sync(&[]).await.assignment[..], b"two");
    fine(again.heartbeat().await);
    fine(first.heartbeat().await);
}

async fn a_replaced_leader_keeps_leading(cx: Cx) {
    let (first, mut second) = pair(&cx).await;
    let mut again = Member::of(&cx, &first.group).await.static_as("first");
    let answer = again.try_join(9).await;
    assert_eq!((answer.error_code, answer.generation_id), (0, 2));
    assert_eq!(answer.leader, answer.member_id);
    // It leads, and has nothing to do.
    assert!(answer.skip_assignment);
    assert_eq!(answer.members.len(), 2);
    assert_eq!(&again.sync(&[]).await.assignment[..], b"one");
    fine(second.heartbeat().await);
    // Older versions cannot say so: they are told of another leader.
    let mut older = Member::of(&cx, &first.group).await.static_as("first");
    let answer = older.try_join(8).await;
    assert_eq!((answer.error_code, answer.generation_id, answer.members.len()), (0, 2, 0));
    assert_ne!(answer.leader, answer.member_id);
    assert_eq!(&older.sync(&[]).await.assignment[..], b"one");
}

async fn the_replaced_is_fenced(cx: Cx) {
    let topic = cx.topic("t", 1).await;
    let (_first, mut second) = pair(&cx).await;
    let mut again = Member::of(&cx, &second.group).await.static_as("second");
    fine(again.try_join(9).await.error_code);
    refused(second.heartbeat().await, ErrorCode::FencedInstanceId);
    refused(second.sync(&[]).await.error_code, ErrorCode::FencedInstanceId);
    refused(second.commit(&topic, 1).await, ErrorCode::FencedInstanceId);
    refused(second.leave().await, ErrorCode::FencedInstanceId);
    refused(second.try_join(9).await.error_code, ErrorCode::FencedInstanceId);
    fine(again.heartbeat().await);
    fine(again.commit(&topic, 1).await);
    // A name nobody has.
    let mut stranger = Member::of(&cx, &second.group).await.static_as("third");
    (stranger.id, stranger.generation) = (again.id.clone(), 2);
    refused(stranger.heartbeat().await, ErrorCode::UnknownMemberId);
    refused(stranger.commit(&topic, 1).await, ErrorCode::UnknownMemberId);
}

async fn a_replacement_with_other_metadata(cx: Cx) {
    let (mut first, second) = pair(&cx).await;
    let mut again = Member::of(&cx, &second.group).await.static_as("second");
    again.protocols[0].1 = subscription(&[], "changed");
    // While the protocol stays the same, the leader need not know.
    let answer = again.try_join(9).await;
    assert_eq!((answer.error_code, answer.generation_id), (0, 2));
    fine(first.heartbeat().await);
}

async fn a_named_member_is_removed_by_its_name(cx: Cx) {
    let (mut first, mut second) = pair(&cx).await;
    let removing = |names: &[&str]| {
        let members = names.iter().map(|name| {
            MemberIdentity::default().with_member_id(StrBytes::default()).with_group_instance_id(Some(text(name)))
        });
        LeaveGroupRequest::default().with_group_id(group(&first.group)).with_members(members.collect())
    };
    let answer = cx.connect().await.ask(removing(&["nobody", "second"])).await;
    fine(answer.error_code);
    let codes: Vec<_> = answer.members.iter().map(|one| (one.group_instance_id.as_deref(), one.error_code)).collect();
    assert_eq!(codes, [(Some("nobody"), 25), (Some("second"), 0)]);
    refused(second.heartbeat().await, ErrorCode::UnknownMemberId);
    refused(first.heartbeat().await, ErrorCode::RebalanceInProgress);
    assert_eq!(first.try_join(9).await.members.len(), 1);
}

async fn a_named_member_dies_too(cx: Cx) {
    let name = cx.name("g");
    let mut first = Member::of(&cx, &name).await.static_as("first");
    let mut second = Member::of(&cx, &name).await.static_as("second").with_sessions_of(600);
    two_settled(&mut first, &mut second).await;
    while first.heartbeat().await != 27 {
        first.client.sleep(Duration::from_millis(20)).await;
    }
    let joined = first.try_join(9).await;
    assert_eq!((joined.error_code, joined.members.len()), (0, 1));
    refused(second.heartbeat().await, ErrorCode::UnknownMemberId);
}
