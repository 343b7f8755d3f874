//! Corners of groups: who is whom, what is waited for, and what stays when all are gone.

use std::time::Duration;

use kafka_wire::messages::*;
use kafka_wire::{ErrorCode, StrBytes};
use leave_group_request::MemberIdentity;

use super::member::{Member, two_joined, two_settled};
use super::requests::*;
use super::runner::{Cx, cases};

cases![
    a_member_with_other_protocols_alone,
    an_id_that_was_given_to_one_without_a_name,
    a_group_that_is_left_behind,
    a_leader_is_replaced_while_it_assigns,
    a_member_that_never_syncs,
    names_and_ids_that_do_not_belong_together,
    commits_from_outside,
    a_group_nobody_has_heard_of,
    a_round_that_a_named_member_misses,
];

/// Even alone, a member has to go on with something it spoke before.
async fn a_member_with_other_protocols_alone(cx: Cx) {
    let mut me = Member::of(&cx, &cx.name("g")).await;
    me.settle().await;
    me = me.with_protocols(&["roundrobin"]);
    refused(me.try_join(9).await.error_code, ErrorCode::InconsistentGroupProtocol);
    me = me.with_protocols(&["roundrobin", "range"]);
    let joined = me.try_join(9).await;
    assert_eq!((joined.error_code, joined.protocol_name.as_deref()), (0, Some("roundrobin")));
}

async fn an_id_that_was_given_to_one_without_a_name(cx: Cx) {
    let mut me = Member::of(&cx, &cx.name("g")).await;
    assert_eq!(me.try_join(9).await.error_code, 79);
    me = me.static_as("late");
    refused(me.try_join(9).await.error_code, ErrorCode::UnknownServerError);
    me.instance = None;
    assert_eq!(me.join().await.generation_id, 1);
}

async fn a_group_that_is_left_behind(cx: Cx) {
    let mut me = Member::of(&cx, &cx.name("g")).await;
    me.settle().await;
    fine(me.leave().await);
    let listed = me.client.ask(ListGroupsRequest::default()).await;
    let found = listed.groups.iter().find(|found| *found.group_id.0 == *me.group).expect("it is still there");
    assert_eq!((&*found.group_state, &*found.protocol_type, &*found.group_type), ("Empty", "consumer", "classic"));
    // The next members may be of another kind, and begin the next generation.
    let mut other = Member::of(&cx, &me.group).await;
    other.kind = "connect".to_owned();
    assert_eq!(other.join().await.generation_id, 3);
}

async fn a_leader_is_replaced_while_it_assigns(cx: Cx) {
    let name = cx.name("g");
    let mut first = Member::of(&cx, &name).await.static_as("first");
    let mut second = Member::of(&cx, &name).await.static_as("second");
    two_joined(&mut first, &mut second).await;
    let waiting = second.syncing(&[]);
    second.client.send(5, &waiting).await;
    second.client.sleep(Duration::from_millis(100)).await;
    // It may assign to the one before, so everybody joins again.
    let again = Member::of(&cx, &name).await.static_as("first");
    let mut again_client = again.client;
    let again = Member { client: cx.connect().await, ..again };
    again_client.send(9, &again.joining(9)).await;
    let synced = second.client.receive::<SyncGroupRequest>(5).await.unwrap();
    refused(synced.error_code, ErrorCode::RebalanceInProgress);
    refused(first.heartbeat().await, ErrorCode::FencedInstanceId);
    let other = second.try_join(9).await;
    let answer = again_client.receive::<JoinGroupRequest>(9).await.unwrap();
    assert_eq!((other.error_code, other.generation_id, answer.generation_id), (0, 3, 3));
    assert_eq!(other.leader, answer.member_id, "who leads is who comes in the place of the leader");
}

async fn a_member_that_never_syncs(cx: Cx) {
    let name = cx.name("g");
    let (mut first, mut second) = (Member::of(&cx, &name).await, Member::of(&cx, &name).await);
    (first.rebalance, second.rebalance) = (1_000, 1_000);
    two_joined(&mut first, &mut second).await;
    let id = first.id.clone();
    fine(first.sync(&[(&id, "all")]).await.error_code);
    // The other lives, but that is not enough.
    let mut code = first.heartbeat().await;
    for _ in 0..100 {
        if code == 27 {
            break;
        }
        fine(code);
        let _ = second.heartbeat().await;
        first.client.sleep(Duration::from_millis(30)).await;
        code = first.heartbeat().await;
    }
    assert_eq!(code, 27);
    refused(second.heartbeat().await, ErrorCode::UnknownMemberId);
    assert_eq!(first.try_join(9).await.members.len(), 1);
}

async fn names_and_ids_that_do_not_belong_together(cx: Cx) {
    let name = cx.name("g");
    let mut first = Member::of(&cx, &name).await.static_as("first");
    let mut second = Member::of(&cx, &name).await.static_as("second");
    two_settled(&mut first, &mut second).await;
    let leaving = |id: &StrBytes, instance: &str| {
        let who = MemberIdentity::default().with_member_id(id.clone()).with_group_instance_id(Some(text(instance)));
        LeaveGroupRequest::default().with_group_id(group(&name)).with_members(vec![who])
    };
    let mut client = cx.connect().await;
    for (request, code) in [
        (leaving(&first.id, "second"), ErrorCode::FencedInstanceId),
        (leaving(&first.id, "third"), ErrorCode::UnknownMemberId),
        (leaving(&text("nobody"), "first"), ErrorCode::FencedInstanceId),
        (leaving(&text(""), "third"), ErrorCode::UnknownMemberId),
    ] {
        refused(client.ask(request).await.members[0].error_code, code);
    }
    fine(first.heartbeat().await);
    first.instance = Some(text("second"));
    refused(first.heartbeat().await, ErrorCode::FencedInstanceId);
    refused(first.try_join(9).await.error_code, ErrorCode::FencedInstanceId);
    refused(first.sync(&[]).await.error_code, ErrorCode::FencedInstanceId);
    first.instance = Some(text("third"));
    refused(first.heartbeat().await, ErrorCode::UnknownMemberId);
    // Its id alone is enough.
    first.instance = None;
    fine(first.heartbeat().await);
    fine(second.heartbeat().await);
}

async fn commits_from_outside(cx: Cx) {
    let topic = cx.topic("t", 1).await;
    let mut me = Member::of(&cx, &cx.name("g")).await;
    me.settle().await;
    let mut client = cx.connect().await;
    let outside = committing(&me.group, &topic, 0, 5).with_generation_id_or_member_epoch(-1);
    let somebody = outside.clone().with_member_id(me.id.clone());
    let named = outside.clone().with_group_instance_id(Some(text("nobody")));
    for (request, code) in [
        (outside.clone(), ErrorCode::UnknownMemberId),
        (somebody, ErrorCode::IllegalGeneration),
        (named, ErrorCode::UnknownMemberId),
    ] {
        refused(client.ask(request).await.topics[0].partitions[0].error_code, code);
    }
    fine(me.leave().await);
    fine(client.ask(outside).await.topics[0].partitions[0].error_code);
}

async fn a_group_nobody_has_heard_of(cx: Cx) {
    let name = cx.name("nobody");
    let mut client = cx.connect().await;
    let asked =
        DescribeGroupsRequest::default().with_groups(vec![group(&name)]).with_include_authorized_operations(true);
    let found = client.ask_at(6, asked.clone()).await.groups.remove(0);
    refused(found.error_code, ErrorCode::GroupIdNotFound);
    assert_eq!((&*found.group_state, found.authorized_operations), ("Dead", i32::MIN));
    assert_eq!(found.error_message, Some(text(&format!("Group {name} not found."))));
    let mut me = Member::of(&cx, &name).await;
    me.settle().await;
    let found = client.ask_at(6, asked).await.groups.remove(0);
    assert_eq!((found.error_code, found.authorized_operations), (0, 3400));
}

async fn a_round_that_a_named_member_misses(cx: Cx) {
    let name = cx.name("g");
    let mut first = Member::of(&cx, &name).await.static_as("first");
    let mut second = Member::of(&cx, &name).await;
    (first.rebalance, second.rebalance) = (1_000, 1_000);
    first.settle().await;
    // The named one stays a member without joining again, but somebody else leads.
    let joined = second.join().await;
    assert_eq!((joined.generation_id, &joined.leader, joined.members.len()), (2, &second.id, 2));
    refused(first.heartbeat().await, ErrorCode::IllegalGeneration);
}
