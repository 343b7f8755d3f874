//! A member of a group.

use std::time::Duration;

use bytes::Bytes;
use env::Instant;
use kafka_wire::{ErrorCode, StrBytes};
use tokio::sync::oneshot;

use super::exchange::{Join, JoinReply, Protocol, Refused, SyncReply};

/// A member of a group.
pub(super) struct Member {
    pub(super) instance_id: Option<StrBytes>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) protocols: Vec<Protocol>,
    pub(super) session_timeout: Duration,
    pub(super) rebalance_timeout: Duration,
    pub(super) assignment: Bytes,
    /// It has yet to be told that it is a member. It cannot send heartbeats, so it does not wait for ever.
    pub(super) is_new: bool,
    /// When it is taken for dead, unless it is waiting for an answer.
    pub(super) session_end: Instant,
    joining: Option<oneshot::Sender<JoinReply>>,
    syncing: Option<oneshot::Sender<SyncReply>>,
}

impl Member {
    /// A newcomer that has `patience` for the round it waits for.
    pub(super) fn new(join: Join, patience: Duration, now: Instant) -> Self {
        Self {
            instance_id: join.instance_id,
            client_id: join.client_id,
            client_host: join.client_host,
            protocols: join.protocols,
            session_timeout: join.session_timeout,
            rebalance_timeout: join.rebalance_timeout,
            assignment: Bytes::new(),
            is_new: true,
            session_end: now + patience,
            joining: None,
            syncing: None,
        }
    }

    /// The same for whom nobody waits.
    pub(super) fn successor(&self) -> Self {
        Self {
            instance_id: self.instance_id.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            protocols: self.protocols.clone(),
            session_timeout: self.session_timeout,
            rebalance_timeout: self.rebalance_timeout,
            assignment: self.assignment.clone(),
            is_new: false,
            session_end: self.session_end,
            joining: None,
            syncing: None,
        }
    }

    /// It joins again, perhaps as somebody with other abilities.
    pub(super) fn update(&mut self, join: Join, reply: oneshot::Sender<JoinReply>) {
        self.protocols = join.protocols;
        self.session_timeout = join.session_timeout;
        self.rebalance_timeout = join.rebalance_timeout;
        self.wait_for_join(reply);
    }

    /// It was heard of.
    pub(super) fn alive(&mut self, now: Instant) {
        self.session_end = now + self.session_timeout;
    }

    /// Whether it has joined the round under way.
    pub(super) fn is_joining(&self) -> bool {
        self.joining.is_some()
    }

    pub(super) fn is_syncing(&self) -> bool {
        self.syncing.is_some()
    }

    /// When it dies if it is not heard of; `None` while the broker owes it an answer.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (self.is_new || (!self.is_joining() && !self.is_syncing())).then_some(self.session_end)
    }

    pub(super) fn wait_for_join(&mut self, reply: oneshot::Sender<JoinReply>) {
        // Asked twice, the first asker has given up.
        self.joining = Some(reply);
    }

    pub(super) fn wait_for_sync(&mut self, reply: oneshot::Sender<SyncReply>) {
        self.syncing = Some(reply);
    }

    pub(super) fn answer_join(&mut self, answer: JoinReply) {
        if let Some(reply) = self.joining.take() {
            // The connection may be gone; then the session ends in its time.
            let _ = reply.send(answer);
        }
    }

    pub(super) fn answer_sync(&mut self, answer: SyncReply) {
        if let Some(reply) = self.syncing.take() {
            let _ = reply.send(answer);
        }
    }

    /// It is a member no more.
    pub(super) fn dismiss(mut self) {
        self.answer_join(Err(Refused { member_id: String::new(), error: ErrorCode::UnknownMemberId }));
        self.answer_sync(Err(ErrorCode::UnknownMemberId));
    }

    /// Another has taken its place; it had the id `id`.
    pub(super) fn fence(mut self, id: &str) {
        self.answer_join(Err(Refused { member_id: id.to_owned(), error: ErrorCode::FencedInstanceId }));
        self.answer_sync(Err(ErrorCode::FencedInstanceId));
    }

    pub(super) fn speaks(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| **name == *protocol)
    }

    /// What it says of itself in a protocol.
    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        self.protocols.iter().find(|(name, _)| **name == *protocol).map(|(_, data)| data.clone()).unwrap_or_default()
    }
}
