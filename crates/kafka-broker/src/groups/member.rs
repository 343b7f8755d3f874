//! A member of a group.

use std::time::Duration;

use bytes::Bytes;
use env::Instant;
use kafka_wire::{ErrorCode, StrBytes};
use tokio::sync::oneshot;

use super::group::{JoinReply, SyncReply};

/// A protocol a member speaks, with what it says of itself in it.
pub(crate) type Protocol = (StrBytes, Bytes);

/// A member of a group.
pub(super) struct Member {
    pub(super) instance_id: Option<StrBytes>,
    pub(super) protocols: Vec<Protocol>,
    pub(super) session_timeout: Duration,
    pub(super) rebalance_timeout: Duration,
    /// When it is taken for dead, unless it is waiting for an answer.
    pub(super) session_end: Instant,
    pub(super) assignment: Bytes,
    joining: Option<oneshot::Sender<JoinReply>>,
    syncing: Option<oneshot::Sender<SyncReply>>,
}

impl Member {
    pub(super) fn new(
        instance_id: Option<StrBytes>,
        protocols: Vec<Protocol>,
        session_timeout: Duration,
        rebalance_timeout: Duration,
        now: Instant,
    ) -> Self {
        Self {
            instance_id,
            protocols,
            session_timeout,
            rebalance_timeout,
            session_end: now + session_timeout,
            assignment: Bytes::new(),
            joining: None,
            syncing: None,
        }
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
        (!self.is_joining() && !self.is_syncing()).then_some(self.session_end)
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
        self.answer_join(Err(ErrorCode::UnknownMemberId));
        self.answer_sync(Err(ErrorCode::UnknownMemberId));
    }

    pub(super) fn speaks(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| **name == *protocol)
    }

    /// What it says of itself in a protocol.
    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        self.protocols.iter().find(|(name, _)| **name == *protocol).map(|(_, data)| data.clone()).unwrap_or_default()
    }
}
