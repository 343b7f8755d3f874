//! Groups by raw requests.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use client::{Client, join_request, leave_request, on_both};
use kafka_broker::{Broker, BrokerConfig};
use kafka_wire::messages::*;
use kafka_wire::{ErrorCode, StrBytes};

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// Joins as a newcomer does: first for an id, then with it.
async fn join(client: &mut Client, member: &str) -> JoinGroupResponse {
    let mut request = join_request(9, "g", member);
    let mut response = client.ask(9, request.clone()).await;
    if response.error_code == ErrorCode::MemberIdRequired.code() {
        request.member_id = response.member_id;
        response = client.ask(9, request).await;
    }
    response
}

async fn sync(client: &mut Client, member: &str, generation: i32, all: &BTreeMap<String, String>) -> SyncGroupResponse {
    let assignments = all.iter().map(|(member, assignment)| {
        sync_group_request::SyncGroupRequestAssignment::default()
            .with_member_id(text(member))
            .with_assignment(Bytes::from(assignment.clone()))
    });
    let request = SyncGroupRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_member_id(text(member))
        .with_generation_id(generation)
        .with_protocol_type(Some(text("consumer")))
        .with_protocol_name(Some(text("range")))
        .with_assignments(assignments.collect());
    client.ask(5, request).await
}

async fn beat(client: &mut Client, member: &str, generation: i32) -> i16 {
    let request = HeartbeatRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_member_id(text(member))
        .with_generation_id(generation);
    client.ask(4, request).await.error_code
}

#[test]
fn two_members_share_rebalance_commit_and_leave() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut a = Client::connect(&env, &broker).await;
        let mut b = Client::connect(&env, &broker).await;
        a.create("t", 1).await;

        let first = join(&mut a, "").await;
        assert_eq!((first.error_code, first.generation_id, first.members.len()), (0, 1, 1));
        let a_id = first.member_id.to_string();
        assert!(a_id.starts_with("raw-"), "{a_id}");
        let alone = BTreeMap::from([(a_id.clone(), "everything".to_owned())]);
        let synced = sync(&mut a, &a_id, 1, &alone).await;
        assert_eq!((synced.error_code, &synced.assignment[..]), (0, &b"everything"[..]));
        assert_eq!(beat(&mut a, &a_id, 1).await, 0);
        assert_eq!(a.commit("g", &a_id, 1, "t", 3).await, 0);
        assert_eq!(a.commit("g", &a_id, 1, "nowhere", 3).await, ErrorCode::UnknownTopicOrPartition.code());

        // b joins, a learns of it by its heartbeat and joins again.
        let again = async {
            while beat(&mut a, &a_id, 1).await == 0 {
                env.sleep(Duration::from_millis(20)).await;
            }
            join(&mut a, &a_id).await
        };
        let (b_joined, a_joined) = futures_util::future::join(join(&mut b, ""), again).await;
        assert_eq!((a_joined.generation_id, b_joined.generation_id), (2, 2));
        assert_eq!((a_joined.members.len(), b_joined.members.len()), (2, 0));
        assert_eq!(&*b_joined.leader, a_id);
        let b_id = b_joined.member_id.to_string();
        let both = BTreeMap::from([(a_id.clone(), "half".to_owned()), (b_id.clone(), "other".to_owned())]);
        let leader = async {
            env.sleep(Duration::from_millis(50)).await;
            sync(&mut a, &a_id, 2, &both).await
        };
        let none = BTreeMap::new();
        let (b_synced, _) = futures_util::future::join(sync(&mut b, &b_id, 2, &none), leader).await;
        assert_eq!(&b_synced.assignment[..], b"other");

        // A commit of the past generation does not count.
        assert_eq!(a.commit("g", &a_id, 1, "t", 9).await, ErrorCode::IllegalGeneration.code());
        assert_eq!(a.commit("g", "", -1, "t", 9).await, ErrorCode::UnknownMemberId.code());
        assert_eq!(a.committed("g", "t").await, 3);

        assert_eq!(b.ask(5, leave_request(5, "g", &b_id)).await.members[0].error_code, 0);
        assert_eq!(beat(&mut b, &b_id, 2).await, ErrorCode::UnknownMemberId.code());
        assert_eq!(beat(&mut a, &a_id, 2).await, ErrorCode::RebalanceInProgress.code());
        assert_eq!(a.ask(1, leave_request(1, "g", &a_id)).await.error_code, 0);
        assert_eq!(a.committed("g", "t").await, 3, "the offsets outlive the members");
        assert_eq!(a.commit("g", "", -1, "t", 4).await, 0, "and anybody may commit for an empty group");
    });
}

#[test]
fn a_member_whose_machine_is_gone_is_replaced() {
    env_sim::replay(5, |_, sim| async move {
        let env = sim.env_for("broker");
        let listen = std::net::SocketAddr::new(sim.ip_of("broker"), 9092);
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut lost = Client::connect(&sim.env_for("lost"), &broker).await;
        let first = join(&mut lost, "").await;
        sync(&mut lost, &first.member_id, 1, &BTreeMap::new()).await;
        sim.crash("lost");
        let began = env.clock().now();
        let mut next = Client::connect(&sim.env_for("next"), &broker).await;
        let joined = join(&mut next, "").await;
        assert_eq!((joined.error_code, joined.members.len()), (0, 1));
        // The rebalance timeout, 1 s, or the session timeout, 6 s, whichever is over first.
        let waited = env.clock().now() - began;
        assert!(waited >= Duration::from_millis(900) && waited < Duration::from_millis(6_500), "{waited:?}");
        assert_eq!(next.committed("g", "nowhere").await, -1);
    });
}

#[test]
fn bad_requests_to_join_are_refused() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        let good = join_request(9, "g", "");
        for (request, code) in [
            (good.clone().with_group_id(GroupId::default()), ErrorCode::InvalidGroupId),
            (good.clone().with_session_timeout_ms(1), ErrorCode::InvalidSessionTimeout),
            (good.clone().with_session_timeout_ms(i32::MAX), ErrorCode::InvalidSessionTimeout),
            (good.clone().with_protocols(vec![]), ErrorCode::InconsistentGroupProtocol),
            (good.clone().with_protocol_type(StrBytes::default()), ErrorCode::InconsistentGroupProtocol),
            (good.clone().with_member_id(text("made up")), ErrorCode::UnknownMemberId),
        ] {
            assert_eq!(client.ask(9, request).await.error_code, code.code());
        }
        assert_eq!(join(&mut client, "").await.error_code, 0);
        let other = good.with_protocol_type(text("connect"));
        assert_eq!(client.ask(9, other).await.error_code, ErrorCode::InconsistentGroupProtocol.code());
    });
}
