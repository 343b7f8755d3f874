//! All groups, what their members ask, and the clock that ends their sessions.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use env::{BoxFuture, Env, Instant};
use kafka_wire::ErrorCode;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, oneshot};

use super::exchange::{Identity, Join, JoinReply, Refused, Sync, SyncReply};
use super::fact::Fact;
use super::group::{Group, Limits, Moment};
use super::offsets::Committed;
use crate::journal::{Change, Kind};
use crate::{BrokerConfig, Data};

/// More groups than one node can have.
const MAX_GROUPS: usize = 100_000;
/// What Kafka makes of a disk that fails: clients look for the coordinator again, and come back.
const NOT_KEPT: ErrorCode = ErrorCode::NotCoordinator;

/// The groups, by name.
pub(super) type Groups = BTreeMap<String, Group>;

/// The coordinator of all groups.
pub(crate) struct Coordinator {
    pub(super) env: Env,
    pub(super) data: Data,
    limits: Limits,
    session_timeouts: (Duration, Duration),
    pub(super) offsets_retention: Duration,
    check_interval: Duration,
    groups: Mutex<Groups>,
    /// Something may be due earlier than before.
    changed: Notify,
}

/// Who commits offsets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Committer {
    pub(crate) who: Identity,
    /// Below 0 from outside any group.
    pub(crate) generation: i32,
    /// What a member of a group that is not there is told.
    pub(crate) no_group: Option<ErrorCode>,
}

impl Coordinator {
    /// Groups and offsets as the journal has them. Members' sessions begin again.
    ///
    /// # Errors
    /// When a fact in the journal cannot be read.
    pub(crate) fn new(env: Env, data: Data, config: &BrokerConfig) -> io::Result<Arc<Self>> {
        data.0.offsets.restore()?;
        let facts = data.0.journal.all::<Fact>(Kind::Group)?;
        let coordinator = Self {
            env,
            data,
            limits: Limits { initial_delay: config.initial_rebalance_delay, max_size: config.max_group_size },
            session_timeouts: (config.min_session_timeout, config.max_session_timeout),
            offsets_retention: config.offsets_retention,
            check_interval: config.offsets_retention_check_interval.max(Duration::from_secs(1)),
            groups: Mutex::default(),
            changed: Notify::new(),
        };
        let mut groups = Groups::new();
        for (name, fact) in facts {
            let group = coordinator.at(&name, |at| Group::restored(fact, coordinator.limits, at));
            groups.insert(name, group);
        }
        *coordinator.groups.lock() = groups;
        Ok(Arc::new(coordinator))
    }

    /// Ends sessions and rounds when their time is over, and forgets offsets that are too old; never ends itself. What
    /// is due may have to be written, so this blocks at times.
    pub(crate) fn run(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut cleaning = self.now() + self.check_interval;
            loop {
                let next = self.groups.lock().values().filter_map(Group::next_deadline).min();
                let wake = next.map_or(cleaning, |next| next.min(cleaning));
                tokio::select! {
                    biased;
                    () = self.changed.notified() => {}
                    () = self.env.clock().sleep_until(wake) => self.tick(),
                }
                if self.now() >= cleaning {
                    self.expire_offsets();
                    cleaning = self.now() + self.check_interval;
                }
            }
        })
    }

    fn now(&self) -> Instant {
        self.env.clock().now()
    }

    /// Does something at this moment for the group of this name.
    fn at<T>(&self, name: &str, act: impl FnOnce(&Moment<'_>) -> T) -> T {
        let keep = |fact: &Fact| {
            let written =
                Change::put(Kind::Group, name, fact).and_then(|change| self.data.0.journal.write(vec![change]));
            written.map_err(|error| {
                tracing::error!(group = name, %error, "a group cannot be written down");
                NOT_KEPT
            })
        };
        let clock = self.env.clock();
        act(&Moment { now: clock.now(), unix_millis: clock.unix_millis(), keep: &keep })
    }

    fn tick(&self) {
        for (name, group) in self.groups.lock().iter_mut() {
            self.at(name, |at| group.tick(at));
        }
    }

    /// All groups. Those that have offsets and never had members are among them.
    pub(super) fn all(&self) -> MutexGuard<'_, Groups> {
        let mut groups = self.groups.lock();
        for name in self.data.0.offsets.groups() {
            self.ensure(&mut groups, &name);
        }
        groups
    }

    fn ensure(&self, groups: &mut Groups, name: &str) {
        if !groups.contains_key(name) {
            groups.insert(name.to_owned(), Group::new(self.limits, self.env.clock().unix_millis()));
        }
    }

    /// Lets a group act, if there is one.
    fn with<T>(&self, name: &str, act: impl FnOnce(&mut Group, &Moment<'_>) -> T) -> Option<T> {
        let mut groups = self.groups.lock();
        if self.data.0.offsets.has(name) {
            self.ensure(&mut groups, name);
        }
        let group = groups.get_mut(name)?;
        Some(self.at(name, |at| act(group, at)))
    }

    /// An id for a newcomer, from its name; the same never comes twice.
    pub(crate) fn new_member_id(&self, name: &str) -> String {
        let mut bytes = [0; 16];
        self.env.random().fill(&mut bytes);
        format!("{name}-{}", uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// A member joins; the outcome may take as long as the other members' rebalance timeout.
    pub(crate) async fn join(&self, group: &str, join: Join) -> JoinReply {
        let id = join.member_id.clone();
        let refused = |error| Err(Refused { member_id: id.clone(), error });
        let (shortest, longest) = self.session_timeouts;
        if group.is_empty() {
            return refused(ErrorCode::InvalidGroupId);
        }
        if join.session_timeout < shortest || join.session_timeout > longest {
            return refused(ErrorCode::InvalidSessionTimeout);
        }
        if let Err(error) = self.found(group, join.member_id.is_empty()) {
            return refused(error);
        }
        let (reply, answer) = oneshot::channel();
        self.with(group, |group, at| group.join(join, reply, at));
        self.changed.notify_one();
        // Unanswered: it has asked again elsewhere, or the group is gone.
        answer.await.unwrap_or_else(|_| refused(ErrorCode::RebalanceInProgress))
    }

    /// A group there is, or a new one if somebody without an id asks for it.
    fn found(&self, name: &str, may_be_new: bool) -> Result<(), ErrorCode> {
        let mut groups = self.groups.lock();
        if groups.contains_key(name) || self.data.0.offsets.has(name) {
            return Ok(());
        }
        if !may_be_new {
            return Err(ErrorCode::UnknownMemberId);
        }
        if groups.len() >= MAX_GROUPS {
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        let group = Group::new(self.limits, self.env.clock().unix_millis());
        self.at(name, |at| (at.keep)(&Fact::of(&group)))?;
        groups.insert(name.to_owned(), group);
        Ok(())
    }

    /// A member asks for its assignment; the leader brings everybody's.
    pub(crate) async fn sync(&self, group: &str, sync: Sync) -> SyncReply {
        if group.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let (reply, answer) = oneshot::channel();
        self.with(group, |group, at| group.sync(sync, reply, at)).ok_or(ErrorCode::UnknownMemberId)?;
        self.changed.notify_one();
        answer.await.unwrap_or(Err(ErrorCode::RebalanceInProgress))
    }

    /// A member says that it lives.
    pub(crate) fn heartbeat(&self, group: &str, who: &Identity, generation: i32) -> Result<(), ErrorCode> {
        if group.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let alive = self.with(group, |group, at| group.heartbeat(who, generation, at.now));
        alive.unwrap_or(Err(ErrorCode::UnknownMemberId))
    }

    /// Members leave; says for each whether it was there.
    ///
    /// # Errors
    /// When nobody can leave such a group.
    pub(crate) fn leave(&self, group: &str, leavers: &[Identity]) -> Result<Vec<Result<(), ErrorCode>>, ErrorCode> {
        if group.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let left = self.with(group, |group, at| group.leave(leavers, at));
        self.changed.notify_one();
        Ok(left.unwrap_or_else(|| vec![Err(ErrorCode::UnknownMemberId); leavers.len()]))
    }

    /// Commits offsets, all of them or none.
    ///
    /// # Errors
    /// When the committer may not, or they could not be kept.
    pub(crate) fn commit(
        &self,
        group: &str,
        committer: &Committer,
        offsets: Vec<((String, i32), Committed)>,
    ) -> Result<(), ErrorCode> {
        self.for_commit(group, committer)?;
        let may = |group: &mut Group, at: &Moment<'_>| group.check_commit(&committer.who, committer.generation, at.now);
        let committed = self.with(group, |state, at| {
            may(state, at)?;
            self.data.0.offsets.commit(group, offsets).map_err(|error| {
                tracing::error!(group, %error, "offsets cannot be written down");
                NOT_KEPT
            })
        });
        committed.unwrap_or(Err(ErrorCode::UnknownMemberId))
    }

    /// Whether offsets can become part of a transaction.
    ///
    /// # Errors
    /// When the committer may not.
    pub(crate) fn check_transactional_commit(&self, group: &str, committer: &Committer) -> Result<(), ErrorCode> {
        if group.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        self.for_commit(group, committer)?;
        let may = self.with(group, |group, _| group.check_transactional_commit(&committer.who, committer.generation));
        may.unwrap_or(Err(ErrorCode::UnknownMemberId))
    }

    /// From outside any group, offsets can be committed for a name nobody has used before.
    fn for_commit(&self, group: &str, committer: &Committer) -> Result<(), ErrorCode> {
        let mut groups = self.groups.lock();
        if groups.contains_key(group) || self.data.0.offsets.has(group) {
            return Ok(());
        }
        if committer.generation >= 0 {
            return Err(committer.no_group.unwrap_or(ErrorCode::IllegalGeneration));
        }
        if groups.len() >= MAX_GROUPS {
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        self.ensure(&mut groups, group);
        Ok(())
    }
}
