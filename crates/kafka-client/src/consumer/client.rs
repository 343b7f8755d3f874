//! The consumer as its users see it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use env::planted::{self, Bug};
use env::{Env, Task};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};

use super::assignment::State;
use super::driver::Driver;
use super::event::{Event, StartAt};
use super::protocol::ConsumerProtocol;
use crate::cluster::{Cluster, Interest};
use crate::config::ConsumerConfig;
use crate::error::ClientError;
use crate::group::{Coordinator, Membership, MembershipEvent};
use crate::topic_partition::TopicPartition;

const CLOSED: ClientError = ClientError::Closed("This consumer has already been closed.");
/// Events of the group that the consumer's task has not taken yet; membership waits when there are more.
const GROUP_EVENTS: usize = 8;

/// Chooses topics by name.
pub type TopicMatcher = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Reads records, as a member of a group ([`ConsumerHandle::subscribe`]) or alone ([`ConsumerHandle::assign`]).
///
/// [`Consumer::poll`] is to be called again and again; a member of a group that does not do so for
/// `max.poll.interval.ms` loses its partitions. Records are fetched ahead in the background, and heartbeats are sent while
/// the user works. All methods but `poll` are also on the [`ConsumerHandle`], which other tasks can have.
///
/// Dropping a consumer leaves the group in the background; [`Consumer::close`] waits until that is done.
pub struct Consumer {
    handle: ConsumerHandle,
}

/// Everything but polling, for any task.
#[derive(Clone)]
pub struct ConsumerHandle {
    pub(super) inner: Arc<Inner>,
}

/// What the consumer shares with its task.
pub(super) struct Inner {
    pub(super) env: Env,
    pub(super) config: ConsumerConfig,
    pub(super) cluster: Arc<Cluster>,
    pub(super) coordinator: Option<Arc<Coordinator>>,
    pub(super) protocol: Arc<ConsumerProtocol>,
    pub(super) state: Mutex<State>,
    /// Wakes the task.
    pub(super) wake: Notify,
    /// Wakes the poll.
    pub(super) news: Notify,
    pub(super) membership: Mutex<Option<Membership>>,
    pub(super) matcher: Mutex<Option<TopicMatcher>>,
    events: mpsc::Sender<MembershipEvent>,
    /// For the task, until it is started.
    receiver: Mutex<Option<mpsc::Receiver<MembershipEvent>>>,
    is_manual: AtomicBool,
    /// Whether somebody waits in a poll.
    polling: AtomicBool,
    task: Mutex<Option<Box<dyn Task>>>,
}

impl Consumer {
    /// A consumer. Nothing is opened yet.
    pub fn new(env: Env, config: ConsumerConfig) -> Self {
        let cluster = Cluster::new(env.clone(), Arc::new(config.client.clone()));
        let coordinator =
            config.group.as_ref().map(|group| Arc::new(Coordinator::new(cluster.clone(), &group.group_id)));
        let (events, receiver) = mpsc::channel(GROUP_EVENTS);
        let inner = Inner {
            env,
            protocol: Arc::new(ConsumerProtocol::new(cluster.clone())),
            config,
            cluster,
            coordinator,
            state: Mutex::default(),
            wake: Notify::new(),
            news: Notify::new(),
            membership: Mutex::new(None),
            matcher: Mutex::new(None),
            events,
            receiver: Mutex::new(Some(receiver)),
            is_manual: AtomicBool::new(false),
            polling: AtomicBool::new(false),
            task: Mutex::new(None),
        };
        Self { handle: ConsumerHandle { inner: Arc::new(inner) } }
    }

    /// What other tasks may use.
    pub fn handle(&self) -> ConsumerHandle {
        self.handle.clone()
    }

    /// The next event; [`Event::Idle`] when `max_wait` is over. May be dropped at any time: nothing is lost.
    ///
    /// # Errors
    /// What keeps this consumer from going on: it is told again by the next poll as long as it lasts.
    pub async fn poll(&mut self, max_wait: Duration) -> Result<Event, ClientError> {
        let inner = &self.handle.inner;
        let _polling = Polling::begin(inner);
        let deadline = inner.env.clock().now() + max_wait;
        loop {
            if let Some(next) = inner.next() {
                return next;
            }
            tokio::select! {
                biased;
                () = inner.news.notified() => {}
                () = inner.env.clock().sleep_until(deadline) => return Ok(Event::Idle),
            }
        }
    }

    /// Leaves the group and closes everything; completes when the coordinator knows, or `timeout` is over.
    pub async fn close(self, timeout: Duration) {
        let inner = &self.handle.inner;
        inner.stop();
        let membership = inner.membership.lock().take();
        if let Some(membership) = membership
            && inner.env.timeout(timeout, membership.leave()).await.is_err()
        {
            membership.abort();
        }
        inner.cluster.abort();
    }
}

impl std::ops::Deref for Consumer {
    type Target = ConsumerHandle;

    fn deref(&self) -> &ConsumerHandle {
        &self.handle
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.handle.fmt(f)
    }
}

impl std::fmt::Debug for ConsumerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let config = &self.inner.config;
        f.debug_struct("Consumer").field("client_id", &config.client.client_id).finish_non_exhaustive()
    }
}

impl ConsumerHandle {
    /// Subscribes to topics in place of earlier ones, as a member of the group.
    ///
    /// # Errors
    /// Without `group.id`, or when partitions were assigned by hand.
    pub fn subscribe<T: Into<Arc<str>>>(&self, topics: impl IntoIterator<Item = T>) -> Result<(), ClientError> {
        let inner = &self.inner;
        inner.may_subscribe()?;
        *inner.matcher.lock() = None;
        if inner.protocol.subscribe(topics.into_iter().map(Into::into).collect(), false) {
            inner.join("topic subscription changed");
        }
        Ok(())
    }

    /// Subscribes to every topic that `matcher` takes, now and later: new ones are found when metadata is refreshed
    /// (`metadata.max.age.ms`). Kafka's own topics are left out unless `exclude.internal.topics=false`.
    ///
    /// # Errors
    /// As [`ConsumerHandle::subscribe`].
    pub fn subscribe_matching(&self, matcher: TopicMatcher) -> Result<(), ClientError> {
        let inner = &self.inner;
        inner.may_subscribe()?;
        *inner.matcher.lock() = Some(matcher);
        inner.start();
        inner.protocol.subscribe(BTreeSet::new(), true);
        inner.cluster.request_update();
        Ok(())
    }

    /// Reads these partitions alone, without rebalances, in place of earlier ones.
    ///
    /// # Errors
    /// When topics were subscribed to.
    pub fn assign(&self, partitions: BTreeMap<TopicPartition, StartAt>) -> Result<(), ClientError> {
        let inner = &self.inner;
        if inner.membership.lock().is_some() || inner.matcher.lock().is_some() {
            return Err(mutually_exclusive());
        }
        inner.is_manual.store(true, Ordering::Relaxed);
        let topics = partitions.keys().map(|of| of.topic.clone()).collect();
        inner.cluster.set_interest(Interest { all: false, topics });
        {
            let mut state = inner.state.lock();
            state.reset();
            state.partitions.assign(partitions);
        }
        inner.start();
        inner.wake.notify_one();
        Ok(())
    }

    /// The partitions read now.
    pub fn assignment(&self) -> Vec<TopicPartition> {
        self.inner.state.lock().partitions.assigned()
    }

    /// The offset of the next record of a partition; `None` when it is not assigned, or not known yet.
    pub fn position(&self, of: &TopicPartition) -> Option<i64> {
        self.inner.state.lock().partitions.position(of)
    }

    /// Why a partition has no position and will not get one until somebody seeks, if that is so.
    pub fn failure(&self, of: &TopicPartition) -> Option<ClientError> {
        self.inner.state.lock().partitions.failure(of)
    }

    /// Moves the position. What was fetched for another is dropped. False when the partition is not assigned.
    pub fn seek(&self, of: &TopicPartition, start: StartAt) -> bool {
        let moved = self.inner.state.lock().partitions.seek(of, start);
        self.inner.wake.notify_one();
        moved
    }

    /// Hands out no records of these partitions until they are resumed. Those not assigned are ignored.
    pub fn pause<'a>(&self, partitions: impl IntoIterator<Item = &'a TopicPartition>) {
        self.set_paused(partitions, true);
    }

    /// Hands out records of these partitions again.
    pub fn resume<'a>(&self, partitions: impl IntoIterator<Item = &'a TopicPartition>) {
        self.set_paused(partitions, false);
        self.inner.news.notify_one();
    }

    fn set_paused<'a>(&self, partitions: impl IntoIterator<Item = &'a TopicPartition>, paused: bool) {
        {
            let mut state = self.inner.state.lock();
            for of in partitions {
                state.partitions.set_paused(of, paused);
            }
        }
        self.inner.wake.notify_one();
    }

    /// The partitions that are paused.
    pub fn paused(&self) -> Vec<TopicPartition> {
        self.inner.state.lock().partitions.paused()
    }

    /// Leaves the group in the background and ends everything, whoever holds the consumer: for a consumer whose user hangs.
    pub fn abort(&self) {
        self.inner.stop();
        // A membership leaves when it is dropped, and then ends the connections.
        if self.inner.membership.lock().take().is_none() {
            self.inner.cluster.abort();
        }
    }

    /// Makes the poll that waits, or else the next one, return [`Event::Idle`] (unless there is something to tell).
    pub fn interrupt(&self) {
        self.inner.state.lock().interrupted = true;
        self.inner.news.notify_one();
    }

    /// Bytes of fetched records that were not handed out yet.
    pub fn buffered(&self) -> usize {
        self.inner.state.lock().partitions.buffered()
    }
}

fn mutually_exclusive() -> ClientError {
    ClientError::unsupported("Subscription to topics, partitions and pattern are mutually exclusive")
}

impl Inner {
    fn next(&self) -> Option<Result<Event, ClientError>> {
        let mut state = self.state.lock();
        if state.closed {
            return Some(Err(CLOSED));
        }
        if let Some(event) = state.next_event() {
            return Some(event);
        }
        let before = state.partitions.buffered();
        let taken = state.take(self.config.max_poll_records, self.config.check_crcs);
        let freed = state.partitions.buffered() < before;
        let interrupted = std::mem::take(&mut state.interrupted);
        drop(state);
        if freed {
            // There is room for more, also when what was buffered held no record any more.
            self.wake.notify_one();
        }
        match taken {
            Ok(records) if records.is_empty() => {
                if interrupted {
                    return Some(Ok(Event::Idle));
                }
                match self.cluster.error() {
                    Some(error @ ClientError::UnresolvableHost { .. }) => Some(Err(error)),
                    _ => None,
                }
            }
            Ok(records) => {
                // What was handed out may be the end of a chunk, so there may be room for more.
                self.wake.notify_one();
                Some(Ok(Event::Records(records)))
            }
            Err(error) => Some(Err(error)),
        }
    }

    fn may_subscribe(&self) -> Result<(), ClientError> {
        if self.is_manual.load(Ordering::Relaxed) {
            return Err(mutually_exclusive());
        }
        self.group_needed().map(drop)
    }

    /// The coordinator, for what only works with a group.
    pub(super) fn group_needed(&self) -> Result<&Arc<Coordinator>, ClientError> {
        self.coordinator.as_ref().ok_or_else(|| {
            ClientError::broker_said(
                kafka_wire::ErrorCode::InvalidGroupId,
                Some(
                    "To use the group management or offset commit APIs, you must provide a valid group.id in the consumer configuration.",
                ),
            )
        })
    }

    /// Joins, or joins again.
    fn join(self: &Arc<Self>, reason: &str) {
        self.start();
        let (Some(coordinator), Some(group)) = (&self.coordinator, &self.config.group) else { return };
        let mut membership = self.membership.lock();
        match &*membership {
            Some(membership) => membership.rejoin(reason),
            None => {
                let (env, protocol) = (self.env.clone(), self.protocol.clone());
                let (coordinator, events) = (coordinator.clone(), self.events.clone());
                let joined = Membership::within(env, coordinator, group.clone(), protocol, events);
                if self.polling.load(Ordering::Relaxed) {
                    joined.poll_begins();
                }
                *membership = Some(joined);
            }
        }
    }

    /// Leaders have moved, or topics have come or gone.
    pub(super) fn metadata_changed(self: &Arc<Self>) {
        let snapshot = self.cluster.snapshot();
        let matcher = self.matcher.lock().clone();
        if let Some(matcher) = matcher
            && snapshot.generation > 0
        {
            let all = !self.config.exclude_internal_topics;
            let known = snapshot.topics.iter().filter(|(_, info)| (all || !info.internal) && info.error.is_none());
            let topics: BTreeSet<Arc<str>> = known.map(|(name, _)| name.clone()).filter(|name| matcher(name)).collect();
            let none_yet = self.membership.lock().is_none();
            let unnoticed = !none_yet && planted::acts(Bug::NewTopicsUnnoticed);
            if !unnoticed && (self.protocol.subscribe(topics, true) || none_yet) {
                self.join("matching topics have changed");
            }
        } else {
            let refused = snapshot.topics.iter().find_map(|(name, info)| {
                info.error.filter(|code| !code.is_retriable()).map(|code| ClientError::about_topic(code, name))
            });
            if let Some(error) = refused {
                self.state.lock().fail(error);
            }
        }
        if self.protocol.is_outdated()
            && let Some(membership) = &*self.membership.lock()
        {
            membership.rejoin("cached metadata has changed");
        }
        self.news.notify_one();
    }

    fn start(self: &Arc<Self>) {
        if let Some(receiver) = self.receiver.lock().take() {
            let run = Box::pin(Driver::new(self.clone(), receiver).run());
            *self.task.lock() = Some(self.env.work().spawn("kafka-consumer", run));
        }
    }

    /// Ends the task; nothing is handed out any more.
    fn stop(&self) {
        self.receiver.lock().take();
        if let Some(task) = self.task.lock().take() {
            task.abort();
        }
        let mut state = self.state.lock();
        state.closed = true;
        state.reset();
        drop(state);
        self.news.notify_one();
    }
}

/// Tells membership that its owner is alive, for as long as a poll lasts, also when the poll is dropped.
struct Polling<'a>(&'a Inner);

impl<'a> Polling<'a> {
    fn begin(inner: &'a Inner) -> Self {
        let membership = inner.membership.lock();
        inner.polling.store(true, Ordering::Relaxed);
        if let Some(membership) = &*membership {
            membership.poll_begins();
        }
        Self(inner)
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        let membership = self.0.membership.lock();
        self.0.polling.store(false, Ordering::Relaxed);
        if let Some(membership) = &*membership {
            membership.poll_ends();
        }
    }
}
