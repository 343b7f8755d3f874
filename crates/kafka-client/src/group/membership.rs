//! The life of a member: find the coordinator, join, sync, stay, and over again.

use std::sync::Arc;
use std::time::Duration;

use env::{Env, Instant, Task};
use kafka_wire::messages::{HeartbeatRequest, JoinGroupResponse};
use kafka_wire::{ErrorCode, messages};
use tokio::sync::mpsc;

use super::coordinator::Coordinator;
use super::protocol::{Generation, GroupProtocol, Joined, Member, MembershipEvent, RevokeDone};
use super::requests;
use super::state::Shared;
use crate::cluster::Cluster;
use crate::config::{ClientConfig, GroupConfig};
use crate::error::ClientError;
use crate::net::Backoff;

/// How much longer a request may take that the broker holds back for the rebalance time-out.
const HELD_BACK_MARGIN: Duration = Duration::from_secs(5);

/// A place in a group. Dropping it leaves the group in the background.
pub struct Membership {
    env: Env,
    shared: Arc<Shared>,
    task: Box<dyn Task>,
}

impl Membership {
    /// Joins the group of `config` over connections of its own. Events go to `events`, which must be read.
    pub fn new(
        env: Env,
        client: ClientConfig,
        config: GroupConfig,
        protocol: Arc<dyn GroupProtocol>,
        events: mpsc::Sender<MembershipEvent>,
    ) -> Self {
        let cluster = Cluster::new(env.clone(), Arc::new(client));
        let coordinator = Arc::new(Coordinator::new(cluster, &config.group_id));
        Self::within(env, coordinator, config, protocol, events)
    }

    /// As [`Membership::new`], over a client's connections, which end with the membership.
    pub(crate) fn within(
        env: Env,
        coordinator: Arc<Coordinator>,
        config: GroupConfig,
        protocol: Arc<dyn GroupProtocol>,
        events: mpsc::Sender<MembershipEvent>,
    ) -> Self {
        let shared = Arc::new(Shared::new(env.clock().now()));
        let life = Life {
            backoff: Backoff::new(coordinator.cluster().config().retry_backoff),
            env: env.clone(),
            shared: shared.clone(),
            coordinator,
            config,
            protocol,
            events,
            member_id: "".into(),
            has_assignment: false,
            last_heartbeat: env.clock().now(),
        };
        let task = env.work().spawn("kafka-group", Box::pin(life.run()));
        Self { env, shared, task }
    }

    /// Who this member is; `None` while it joins or has no place.
    pub fn generation(&self) -> Option<Generation> {
        self.shared.state.lock().generation.clone()
    }

    /// Joins again, because what it tells the leader has changed.
    pub fn rejoin(&self, reason: &str) {
        self.shared.rejoin(reason);
    }

    /// The owner begins to wait for events. Between [`Membership::poll_ends`] and this no more than the rebalance
    /// time-out may pass, or the member leaves the group.
    pub fn poll_begins(&self) {
        self.shared.poll_begins(self.env.clock().now());
    }

    /// The owner has something to do.
    pub fn poll_ends(&self) {
        self.shared.poll_ends(self.env.clock().now());
    }

    /// Leaves the group; completes when the coordinator knows, or cannot be told.
    pub async fn leave(&self) {
        self.shared.leave();
        let _ = self.task.join().await;
    }

    /// Stops at once, without a word to the coordinator, which notices when the session time-out is over.
    pub fn abort(&self) {
        self.task.abort();
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.shared.leave();
    }
}

/// Why a member does not stay as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    /// The group rebalances, or this member wants it to.
    Rejoin(String),
    /// The group went on without it.
    Lost { reason: String, forget_member: bool },
    /// Its owner took too long.
    Stuck,
    /// Its owner is done.
    Leave,
    /// Something that trying again does not heal.
    Failed(ClientError),
}

/// The task.
struct Life {
    env: Env,
    shared: Arc<Shared>,
    coordinator: Arc<Coordinator>,
    config: GroupConfig,
    protocol: Arc<dyn GroupProtocol>,
    events: mpsc::Sender<MembershipEvent>,
    member_id: Arc<str>,
    /// Whether the owner holds an assignment.
    has_assignment: bool,
    last_heartbeat: Instant,
    backoff: Backoff,
}

impl Life {
    async fn run(mut self) {
        let mut reason = "rebalance enabled".to_owned();
        loop {
            let change = match self.join(&reason).await {
                Ok(joined) => {
                    self.has_assignment = true;
                    self.tell(MembershipEvent::Joined(joined)).await;
                    self.stay().await
                }
                Err(change) => change,
            };
            match self.follow(change).await {
                Some(next) => reason = next,
                None => break,
            }
        }
        self.coordinator.cluster().abort();
    }

    /// Does what a change asks for; the reason for the next join, `None` when there is none.
    async fn follow(&mut self, change: Change) -> Option<String> {
        match change {
            Change::Rejoin(reason) => {
                tracing::info!(group = self.config.group_id, reason, "joining the group again");
                match self.revoke().await {
                    None => Some(reason),
                    Some(change) => Box::pin(self.follow(change)).await,
                }
            }
            Change::Lost { reason, forget_member } => {
                if forget_member {
                    self.member_id = "".into();
                }
                self.lose(&reason).await
            }
            Change::Stuck => {
                tracing::warn!(
                    group = self.config.group_id,
                    "the time between polls was longer than max.poll.interval.ms, leaving the group"
                );
                self.leave("consumer poll timeout has expired.").await;
                self.lose("consumer poll timeout has expired.").await
            }
            Change::Failed(error) => {
                self.shared.state.lock().generation = None;
                let polls = self.shared.state.lock().polls;
                if std::mem::take(&mut self.has_assignment) {
                    self.tell(MembershipEvent::Lost { reason: error.to_string() }).await;
                }
                self.tell(MembershipEvent::Failed(error)).await;
                self.wait_for_poll(polls).await.then(|| "the last attempt failed".to_owned())
            }
            Change::Leave => {
                self.leave("the consumer is being closed").await;
                None
            }
        }
    }

    async fn lose(&mut self, reason: &str) -> Option<String> {
        tracing::warn!(group = self.config.group_id, reason, "lost the place in the group");
        self.shared.state.lock().generation = None;
        let polls = self.shared.state.lock().polls;
        if std::mem::take(&mut self.has_assignment) {
            self.tell(MembershipEvent::Lost { reason: reason.to_owned() }).await;
            if !self.wait_for_poll(polls).await {
                self.leave("the consumer is being closed").await;
                return None;
            }
        }
        Some(reason.to_owned())
    }

    async fn tell(&self, event: MembershipEvent) {
        tokio::select! {
            biased;
            _ = self.events.send(event) => {}
            () = self.until_leaving() => {}
        }
    }

    /// Waits until the owner polls again; false when it leaves instead.
    async fn wait_for_poll(&self, seen: u64) -> bool {
        loop {
            {
                let state = self.shared.state.lock();
                if state.leaving {
                    return false;
                }
                if state.polls > seen {
                    return true;
                }
            }
            self.shared.wake.notified().await;
        }
    }

    async fn until_leaving(&self) {
        while !self.shared.is_leaving() {
            self.shared.wake.notified().await;
        }
    }

    /// Joins and syncs until it works.
    async fn join(&mut self, reason: &str) -> Result<Joined, Change> {
        {
            let mut state = self.shared.state.lock();
            state.generation = None;
            state.rejoin = None;
        }
        loop {
            if self.shared.is_leaving() {
                return Err(Change::Leave);
            }
            let shared = self.shared.clone();
            let attempt = tokio::select! {
                biased;
                attempt = self.join_once(reason) => attempt,
                () = async { while !shared.is_leaving() { shared.wake.notified().await } } => return Err(Change::Leave),
            };
            match attempt {
                Ok(joined) => {
                    self.backoff.reset();
                    self.last_heartbeat = self.env.clock().now();
                    self.shared.state.lock().generation = Some(joined.generation.clone());
                    return Ok(joined);
                }
                Err(error) => self.after_failed_join(error).await?,
            }
        }
    }

    /// Waits as the error wants; an error that waiting does not heal is returned.
    async fn after_failed_join(&mut self, error: ClientError) -> Result<(), Change> {
        tracing::debug!(group = self.config.group_id, %error, "joining failed");
        match error.code() {
            // The id is kept already.
            Some(ErrorCode::MemberIdRequired) => return Ok(()),
            Some(ErrorCode::UnknownMemberId) => self.member_id = "".into(),
            Some(ErrorCode::IllegalGeneration | ErrorCode::RebalanceInProgress) => {}
            Some(code) if self.coordinator.note(code) || code.is_retriable() => {}
            None if error.is_retriable() => {}
            _ => return Err(Change::Failed(error)),
        }
        let wait = self.backoff.fail(self.env.random());
        self.env.sleep(wait).await;
        Ok(())
    }

    async fn join_once(&mut self, reason: &str) -> Result<Joined, ClientError> {
        let held_back = self.config.rebalance_timeout.saturating_add(HELD_BACK_MARGIN);
        let timeout = held_back.max(self.coordinator.cluster().config().request_timeout);
        let protocols = self.protocol.protocols();
        let (config, kind, member) = (&self.config, self.protocol.protocol_type(), self.member_id.clone());
        let make = |version| requests::join(config, version, kind, protocols, &member, reason);
        let response = self.coordinator.call(timeout, make).await?;
        let code = ErrorCode::from_code(response.error_code);
        if matches!(code, None | Some(ErrorCode::MemberIdRequired)) {
            self.member_id = response.member_id.as_str().into();
        }
        if let Some(code) = code {
            return Err(self.coordinator.refusal(code, None));
        }
        self.sync(response, timeout).await
    }

    async fn sync(&mut self, response: JoinGroupResponse, timeout: Duration) -> Result<Joined, ClientError> {
        let generation = Generation { id: response.generation_id, member_id: self.member_id.clone() };
        let protocol = response.protocol_name.as_ref().map(|name| name.to_string()).unwrap_or_default();
        let is_leader = response.leader == *response.member_id.as_str();
        let mut assignments = std::collections::BTreeMap::new();
        if is_leader && !response.skip_assignment {
            let members = response.members.into_iter().map(|member| Member {
                id: member.member_id.to_string(),
                instance_id: member.group_instance_id.map(|id| id.to_string()),
                metadata: member.metadata,
            });
            assignments = self.protocol.assign(&protocol, members.collect()).await?;
        }
        let (config, kind) = (&self.config, self.protocol.protocol_type());
        let make = |version| requests::sync(config, version, kind, &protocol, &generation, &assignments);
        let synced: messages::SyncGroupResponse = self.coordinator.call(timeout, make).await?;
        if let Some(code) = ErrorCode::from_code(synced.error_code) {
            return Err(self.coordinator.refusal(code, None));
        }
        let leader = response.leader.to_string();
        tracing::info!(group = self.config.group_id, generation = generation.id, is_leader, "joined the group");
        Ok(Joined { generation, protocol, is_leader, leader, assignment: synced.assignment })
    }

    /// Keeps the session alive until something changes.
    async fn stay(&mut self) -> Change {
        loop {
            if let Some(change) = self.wanted() {
                return change;
            }
            if let Some(change) = self.keep_alive(true).await {
                return change;
            }
        }
    }

    /// What the owner wants, or the clock says.
    fn wanted(&self) -> Option<Change> {
        let mut state = self.shared.state.lock();
        if state.leaving {
            return Some(Change::Leave);
        }
        if let Some(reason) = state.rejoin.take() {
            return Some(Change::Rejoin(reason));
        }
        drop(state);
        let deadline = self.shared.poll_deadline(self.config.rebalance_timeout);
        (deadline <= self.env.clock().now()).then_some(Change::Stuck)
    }

    /// Waits for the next heartbeat, or until woken, and sends it. What its answer asks for; a rebalance is a change
    /// only when `rebalance` is wanted.
    async fn keep_alive(&mut self, rebalance: bool) -> Option<Change> {
        let due = self.last_heartbeat + self.config.heartbeat_interval;
        let until = due.min(self.shared.poll_deadline(self.config.rebalance_timeout));
        tokio::select! {
            biased;
            () = self.shared.wake.notified() => return None,
            () = self.env.clock().sleep_until(until) => {}
        }
        if self.env.clock().now() < due {
            return None;
        }
        let beat = tokio::select! {
            biased;
            beat = self.heartbeat() => beat,
            () = self.until_leaving() => return None,
        };
        self.last_heartbeat = self.env.clock().now();
        let Err(error) = beat else {
            self.backoff.reset();
            return None;
        };
        self.after_failed_heartbeat(error, rebalance).await
    }

    async fn heartbeat(&self) -> Result<(), ClientError> {
        let generation = self.shared.state.lock().generation.clone();
        let Some(generation) = generation else { return Ok(()) };
        let timeout = self.coordinator.cluster().config().request_timeout.min(self.config.session_timeout);
        let request: HeartbeatRequest = requests::heartbeat(&self.config, &generation);
        let response = self.coordinator.call(timeout, |_| request).await?;
        match ErrorCode::from_code(response.error_code) {
            None => Ok(()),
            Some(code) => Err(self.coordinator.refusal(code, None)),
        }
    }

    async fn after_failed_heartbeat(&mut self, error: ClientError, rebalance: bool) -> Option<Change> {
        match error.code() {
            Some(ErrorCode::RebalanceInProgress) => {
                return rebalance.then(|| Change::Rejoin("group is already rebalancing".to_owned()));
            }
            Some(code @ (ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration | ErrorCode::FencedInstanceId)) => {
                // The id stays valid when only the generation is old.
                let forget_member = code != ErrorCode::IllegalGeneration;
                return Some(Change::Lost {
                    reason: format!("encountered {} from HEARTBEAT response", code.name()),
                    forget_member,
                });
            }
            Some(code) if self.coordinator.note(code) || code.is_retriable() => {}
            None if error.is_retriable() => {}
            _ => return Some(Change::Failed(error)),
        }
        // Try again before the session ends, not at the usual pace.
        tracing::debug!(group = self.config.group_id, %error, "heartbeat failed");
        let wait = self.backoff.fail(self.env.random()).min(self.config.heartbeat_interval);
        let now = self.env.clock().now();
        let since = now.since_origin().saturating_add(wait).saturating_sub(self.config.heartbeat_interval);
        self.last_heartbeat = Instant::from_origin(since);
        None
    }

    /// Has the owner give up its assignment, keeping the session alive meanwhile. A change that came in between.
    async fn revoke(&mut self) -> Option<Change> {
        if !std::mem::take(&mut self.has_assignment) {
            return None;
        }
        let (done, mut dropped) = RevokeDone::new();
        self.tell(MembershipEvent::Revoke { done }).await;
        let deadline = self.env.clock().now() + self.config.rebalance_timeout;
        loop {
            let late = self.env.clock().sleep_until(deadline);
            let change = tokio::select! {
                biased;
                _ = &mut dropped => return None,
                change = self.keep_alive(false) => change,
                () = late => {
                    tracing::warn!(group = self.config.group_id, "partitions were not given up within the rebalance time-out");
                    return None;
                }
            };
            let mut wanted = change.or_else(|| self.wanted());
            if matches!(wanted, Some(Change::Rejoin(_))) {
                wanted = None;
            }
            if let Some(change) = wanted {
                // The owner still holds it, so it must hear of the loss.
                self.has_assignment = true;
                return Some(change);
            }
        }
    }

    /// Tells the coordinator, once.
    async fn leave(&mut self, reason: &str) {
        if self.shared.state.lock().generation.take().is_none() {
            // A JoinGroup may be held back on it.
            self.coordinator.cut();
        }
        if self.member_id.is_empty() {
            return;
        }
        let member = std::mem::replace(&mut self.member_id, "".into());
        let timeout = self.coordinator.cluster().config().request_timeout;
        let make = |version| requests::leave(&self.config, version, &member, reason);
        let told = self.env.timeout(timeout, self.coordinator.call(timeout, make)).await;
        match told {
            Ok(Ok(_)) => tracing::info!(group = self.config.group_id, reason, "left the group"),
            Ok(Err(error)) => tracing::debug!(group = self.config.group_id, %error, "could not leave the group"),
            Err(_) => tracing::debug!(group = self.config.group_id, "could not leave the group in time"),
        }
    }
}
