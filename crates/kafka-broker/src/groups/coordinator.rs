//! All groups, and the clock that ends their sessions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use env::{BoxFuture, Env, Instant};
use kafka_wire::{ErrorCode, StrBytes};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use super::group::{Group, Join, JoinReply, SyncReply};
use crate::{BrokerConfig, Data};

/// How long the clock sleeps when nothing is due.
const IDLE: Duration = Duration::from_secs(3600);
/// More groups than one node can have.
const MAX_GROUPS: usize = 100_000;

/// The coordinator of all groups.
pub(crate) struct Coordinator {
    env: Env,
    data: Data,
    initial_delay: Duration,
    session_timeouts: (Duration, Duration),
    groups: Mutex<BTreeMap<String, Group>>,
    /// Something may be due earlier than before.
    changed: Notify,
}

/// Who wants to join.
pub(crate) struct Joiner<'a> {
    /// The id it says it has; empty for a newcomer.
    pub(crate) member_id: &'a str,
    pub(crate) client_id: &'a str,
    /// Whether it knows that newcomers get an id first and join with that (KIP-394).
    pub(crate) takes_promises: bool,
}

impl Coordinator {
    pub(crate) fn new(env: Env, data: Data, config: &BrokerConfig) -> Arc<Self> {
        Arc::new(Self {
            env,
            data,
            initial_delay: config.initial_rebalance_delay,
            session_timeouts: (config.min_session_timeout, config.max_session_timeout),
            groups: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// Ends sessions and rounds when their time is over; never ends itself.
    pub(crate) fn run(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                let next = self.groups.lock().values().filter_map(Group::next_deadline).min();
                let wake = next.unwrap_or_else(|| self.now() + IDLE);
                tokio::select! {
                    biased;
                    () = self.changed.notified() => {}
                    () = self.env.clock().sleep_until(wake) => self.tick(),
                }
            }
        })
    }

    fn now(&self) -> Instant {
        self.env.clock().now()
    }

    fn tick(&self) {
        let now = self.now();
        let mut groups = self.groups.lock();
        for group in groups.values_mut() {
            group.tick(now);
        }
        groups.retain(|name, group| !group.is_deserted() || self.data.0.offsets.has(name));
    }

    /// A member joins; gives its id and the outcome, which may take as long as the other members' rebalance timeout.
    pub(crate) async fn join(&self, group: &str, joiner: Joiner<'_>, join: Join) -> (String, JoinReply) {
        match self.begin_join(group, &joiner, join) {
            Ok((id, answer)) => {
                self.changed.notify_one();
                (id, answer.await.unwrap_or(Err(ErrorCode::UnknownMemberId)))
            }
            Err((id, error)) => {
                self.changed.notify_one();
                (id, Err(error))
            }
        }
    }

    fn begin_join(
        &self,
        name: &str,
        joiner: &Joiner<'_>,
        join: Join,
    ) -> Result<(String, oneshot::Receiver<JoinReply>), (String, ErrorCode)> {
        let mut id = joiner.member_id.to_owned();
        if name.is_empty() {
            return Err((id, ErrorCode::InvalidGroupId));
        }
        let (shortest, longest) = self.session_timeouts;
        if join.session_timeout < shortest || join.session_timeout > longest {
            return Err((id, ErrorCode::InvalidSessionTimeout));
        }
        let now = self.now();
        let mut groups = self.groups.lock();
        let is_new = id.is_empty();
        if !groups.contains_key(name) {
            if !is_new {
                return Err((id, ErrorCode::UnknownMemberId));
            }
            if groups.len() >= MAX_GROUPS {
                return Err((id, ErrorCode::GroupMaxSizeReached));
            }
            groups.insert(name.to_owned(), Group::new(self.initial_delay));
        }
        let Some(group) = groups.get_mut(name) else { return Err((id, ErrorCode::UnknownMemberId)) };
        if is_new {
            id = self.new_member_id(joiner.client_id);
            if joiner.takes_promises {
                group.check_protocols(&join, "").map_err(|error| (String::new(), error))?;
                group.promise(id.clone(), join.session_timeout, now);
                return Err((id, ErrorCode::MemberIdRequired));
            }
        }
        let (reply, answer) = oneshot::channel();
        group.join(&id, is_new, join, reply, now);
        Ok((id, answer))
    }

    /// The client's name and a random UUID.
    fn new_member_id(&self, client_id: &str) -> String {
        let mut bytes = [0; 16];
        self.env.random().fill(&mut bytes);
        format!("{client_id}-{}", uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// A member asks for its assignment; the leader brings everybody's.
    pub(crate) async fn sync(
        &self,
        group: &str,
        member: &str,
        generation: i32,
        protocol: (Option<StrBytes>, Option<StrBytes>),
        assignments: BTreeMap<String, Bytes>,
    ) -> SyncReply {
        let answer = {
            let mut groups = self.groups.lock();
            let group = groups.get_mut(group).ok_or(ErrorCode::UnknownMemberId)?;
            let (reply, answer) = oneshot::channel();
            let protocol = (protocol.0.as_deref(), protocol.1.as_deref());
            group.sync(member, generation, protocol, assignments, reply, self.now());
            answer
        };
        self.changed.notify_one();
        answer.await.unwrap_or(Err(ErrorCode::UnknownMemberId))
    }

    /// A member says that it lives.
    pub(crate) fn heartbeat(&self, group: &str, member: &str, generation: i32) -> Result<(), ErrorCode> {
        let mut groups = self.groups.lock();
        let group = groups.get_mut(group).ok_or(ErrorCode::UnknownMemberId)?;
        group.heartbeat(member, generation, self.now())
    }

    /// A member leaves.
    pub(crate) fn leave(&self, group: &str, member: &str) -> Result<(), ErrorCode> {
        let mut groups = self.groups.lock();
        let left = groups.get_mut(group).ok_or(ErrorCode::UnknownMemberId)?.leave(member, self.now());
        groups.retain(|name, group| !group.is_deserted() || self.data.0.offsets.has(name));
        self.changed.notify_one();
        left
    }

    /// Whether a commit of offsets counts.
    pub(crate) fn check_commit(&self, group: &str, member: &str, generation: i32) -> Result<(), ErrorCode> {
        if group.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        match self.groups.lock().get_mut(group) {
            Some(group) => group.check_commit(member, generation, self.now()),
            None if generation < 0 => Ok(()),
            // A member of a group that this broker has not seen since its start.
            None => Err(ErrorCode::IllegalGeneration),
        }
    }
}
