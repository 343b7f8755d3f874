//! A member of a classic group, step by step.

use bytes::{BufMut, Bytes, BytesMut};
use join_group_request::JoinGroupRequestProtocol;
use kafka_wire::StrBytes;
use kafka_wire::messages::*;
use leave_group_request::MemberIdentity;
use sync_group_request::SyncGroupRequestAssignment;

use super::client::Client;
use super::requests::*;
use super::runner::Cx;

/// What a consumer says of itself: version 0, topics, and more for its own kind. Kafka reads this where the group's type
/// is `consumer`, and no group of consumers comes to anything without.
pub(crate) fn subscription(topics: &[&str], more: &str) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(0);
    bytes.put_i32(topics.len() as i32);
    for topic in topics {
        bytes.put_i16(topic.len() as i16);
        bytes.put_slice(topic.as_bytes());
    }
    bytes.put_i32(more.len() as i32);
    bytes.put_slice(more.as_bytes());
    bytes.freeze()
}

/// Who it is, what it asks for, and what it was told.
pub(crate) struct Member {
    pub(crate) client: Client,
    pub(crate) group: String,
    pub(crate) id: StrBytes,
    pub(crate) instance: Option<StrBytes>,
    pub(crate) generation: i32,
    pub(crate) session: i32,
    pub(crate) rebalance: i32,
    pub(crate) kind: String,
    pub(crate) protocols: Vec<(String, Bytes)>,
    /// The protocol the group has chosen.
    pub(crate) chosen: StrBytes,
}

impl Member {
    /// One that has not joined yet: type `consumer`, one protocol `range`, sessions of 10 s.
    pub(crate) async fn of(cx: &Cx, group: &str) -> Self {
        Self {
            client: cx.connect().await,
            group: group.to_owned(),
            id: StrBytes::default(),
            instance: None,
            generation: -1,
            session: 10_000,
            rebalance: 10_000,
            kind: "consumer".to_owned(),
            protocols: vec![("range".to_owned(), subscription(&[], "about me"))],
            chosen: text("range"),
        }
    }

    pub(crate) fn static_as(mut self, instance: &str) -> Self {
        self.instance = Some(text(instance));
        self
    }

    pub(crate) fn with_sessions_of(mut self, milliseconds: i32) -> Self {
        self.session = milliseconds;
        self
    }

    pub(crate) fn with_protocols(mut self, names: &[&str]) -> Self {
        self.protocols = names.iter().map(|name| ((*name).to_owned(), subscription(&[], "about me"))).collect();
        self
    }

    /// What it would send to join.
    pub(crate) fn joining(&self, version: i16) -> JoinGroupRequest {
        let protocols = self.protocols.iter().map(|(name, metadata)| {
            JoinGroupRequestProtocol::default().with_name(text(name)).with_metadata(metadata.clone())
        });
        let request = JoinGroupRequest::default()
            .with_group_id(group(&self.group))
            .with_member_id(self.id.clone())
            .with_session_timeout_ms(self.session)
            .with_protocol_type(text(&self.kind))
            .with_protocols(protocols.collect());
        let request = if version >= 1 { request.with_rebalance_timeout_ms(self.rebalance) } else { request };
        if version >= 5 { request.with_group_instance_id(self.instance.clone()) } else { request }
    }

    /// Joins once and believes the answer; takes the id it is given when it has none.
    pub(crate) async fn try_join(&mut self, version: i16) -> JoinGroupResponse {
        let answer = self.client.ask_at(version, self.joining(version)).await;
        if answer.error_code == 0 || answer.error_code == 79 {
            self.id = answer.member_id.clone();
            self.generation = answer.generation_id;
            self.chosen = answer.protocol_name.clone().unwrap_or_default();
        }
        answer
    }

    /// Joins, twice where the first answer is only an id.
    pub(crate) async fn join(&mut self) -> JoinGroupResponse {
        let answer = self.try_join(9).await;
        let answer = if answer.error_code == 79 { self.try_join(9).await } else { answer };
        fine(answer.error_code);
        answer
    }

    /// Asks for its assignment, or brings everybody's.
    pub(crate) async fn sync(&mut self, assignments: &[(&StrBytes, &str)]) -> SyncGroupResponse {
        let request = self.syncing(assignments);
        self.client.ask(request).await
    }

    /// What it would send to sync.
    pub(crate) fn syncing(&self, assignments: &[(&StrBytes, &str)]) -> SyncGroupRequest {
        let assignments = assignments.iter().map(|(id, assignment)| {
            SyncGroupRequestAssignment::default()
                .with_member_id((*id).clone())
                .with_assignment(Bytes::copy_from_slice(assignment.as_bytes()))
        });
        SyncGroupRequest::default()
            .with_group_id(group(&self.group))
            .with_member_id(self.id.clone())
            .with_group_instance_id(self.instance.clone())
            .with_generation_id(self.generation)
            .with_protocol_type(Some(text(&self.kind)))
            .with_protocol_name(Some(self.chosen.clone()))
            .with_assignments(assignments.collect())
    }

    /// Joins and syncs as the only member.
    pub(crate) async fn settle(&mut self) {
        self.join().await;
        let id = self.id.clone();
        let synced = self.sync(&[(&id, "mine")]).await;
        fine(synced.error_code);
    }

    /// The code of a heartbeat.
    pub(crate) async fn heartbeat(&mut self) -> i16 {
        let request = HeartbeatRequest::default()
            .with_group_id(group(&self.group))
            .with_member_id(self.id.clone())
            .with_group_instance_id(self.instance.clone())
            .with_generation_id(self.generation);
        self.client.ask(request).await.error_code
    }

    /// The code of its leaving.
    pub(crate) async fn leave(&mut self) -> i16 {
        let me =
            MemberIdentity::default().with_member_id(self.id.clone()).with_group_instance_id(self.instance.clone());
        let request = LeaveGroupRequest::default().with_group_id(group(&self.group)).with_members(vec![me]);
        let answer = self.client.ask(request).await;
        if answer.error_code == 0 { answer.members[0].error_code } else { answer.error_code }
    }

    /// The code of a commit of one offset.
    pub(crate) async fn commit(&mut self, topic: &str, offset: i64) -> i16 {
        let request = committing(&self.group, topic, 0, offset)
            .with_member_id(self.id.clone())
            .with_group_instance_id(self.instance.clone())
            .with_generation_id_or_member_epoch(self.generation);
        self.client.ask(request).await.topics[0].partitions[0].error_code
    }
}

/// Two members that have joined, the first of them leading; nobody has synced.
pub(crate) async fn two_joined(first: &mut Member, second: &mut Member) -> (JoinGroupResponse, JoinGroupResponse) {
    first.settle().await;
    if second.id.is_empty() && second.instance.is_none() {
        assert_eq!(second.try_join(9).await.error_code, 79);
    }
    let request = second.joining(9);
    second.client.send(9, &request).await;
    while first.heartbeat().await != 27 {
        first.client.sleep(std::time::Duration::from_millis(10)).await;
    }
    let joined = first.try_join(9).await;
    fine(joined.error_code);
    let other = second.client.receive::<JoinGroupRequest>(9).await.unwrap();
    fine(other.error_code);
    (second.id, second.generation) = (other.member_id.clone(), other.generation_id);
    second.chosen = other.protocol_name.clone().unwrap();
    (joined, other)
}

/// As [`two_joined`], and synced: the first has `one`, the second `two`.
pub(crate) async fn two_settled(first: &mut Member, second: &mut Member) {
    two_joined(first, second).await;
    let ids = (first.id.clone(), second.id.clone());
    let synced = first.sync(&[(&ids.0, "one"), (&ids.1, "two")]).await;
    assert_eq!((synced.error_code, &synced.assignment[..]), (0, &b"one"[..]));
    let synced = second.sync(&[]).await;
    assert_eq!((synced.error_code, &synced.assignment[..]), (0, &b"two"[..]));
}
