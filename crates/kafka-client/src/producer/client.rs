//! The producer as its users see it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use env::{Env, Task};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::accumulator::{Accumulator, World};
use super::rows::{Completion, Rows};
use super::sender::Sender;
use crate::cluster::Cluster;
use crate::config::ProducerConfig;
use crate::error::ClientError;

const CLOSED: ClientError = ClientError::Closed("Cannot perform operation after producer has been closed");
const FORCED: ClientError = ClientError::Closed("Producer is closed forcefully.");

/// Why an append stopped at a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct AppendError {
    /// The row's place among the rows given. Those of the range before it were accepted.
    pub row: usize,
    /// Why it was not.
    pub error: ClientError,
}

/// Sends rows to Kafka, in order within each partition.
///
/// ```text
/// append -> fewer than given? ready().await, then append the rest
///        -> completions().await, for as long as rows are outstanding
/// close, or abort_now
/// ```
///
/// All methods take `&self`: one task may append while another collects completions. Completions must be collected; when
/// several thousand wait, no more rows are accepted. Dropping a producer is [`Producer::abort_now`].
pub struct Producer {
    inner: Arc<Inner>,
}

/// What the producer shares with its sender.
pub(super) struct Inner {
    pub(super) env: Env,
    pub(super) config: Arc<ProducerConfig>,
    pub(super) cluster: Arc<Cluster>,
    pub(super) state: Mutex<Accumulator>,
    /// Wakes the sender.
    pub(super) wake: Notify,
    /// Wakes those who wait for room or completions.
    pub(super) progress: Notify,
    started: AtomicBool,
    task: Mutex<Option<Box<dyn Task>>>,
}

impl Producer {
    /// A producer. Nothing is opened before the first append.
    pub fn new(env: Env, config: ProducerConfig) -> Self {
        let config = Arc::new(config);
        let cluster = Cluster::new(env.clone(), Arc::new(config.client.clone()));
        let inner = Inner {
            env,
            state: Mutex::new(Accumulator::new(config.clone())),
            config,
            cluster,
            wake: Notify::new(),
            progress: Notify::new(),
            started: AtomicBool::new(false),
            task: Mutex::new(None),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Copies rows into the batches of their partitions. How many were accepted, from the start of `range`: fewer than
    /// given when memory is full, completions wait to be collected, or the partitions of a row's topic are not known yet;
    /// [`Producer::ready`] tells when to go on. Rows are numbered in the order in which they are accepted.
    ///
    /// # Errors
    /// The row that will never be accepted as it is; the rows before it were accepted. `RecordTooLarge`,
    /// `InvalidPartition`, the broker's refusal of its topic, `Closed`.
    pub fn append(&self, rows: &Rows, range: Range<usize>) -> Result<usize, AppendError> {
        let inner = &self.inner;
        let start = range.start;
        let snapshot = inner.cluster.snapshot();
        let appended = inner.with_world(&snapshot, |state, world| {
            if state.closing {
                return Err(AppendError { row: start, error: CLOSED });
            }
            Ok(state.append(rows, range, world))
        })?;
        if appended.wake {
            inner.start();
            inner.wake.notify_one();
        }
        match appended.refused {
            Some(error) => Err(AppendError { row: start + appended.accepted, error }),
            None => Ok(appended.accepted),
        }
    }

    /// Completes when the row at which the last append stopped may be tried again.
    ///
    /// # Errors
    /// When it will not be accepted: `Timeout` after `max.block.ms`, the broker's refusal of its topic,
    /// `UnresolvableHost` when no broker's name was ever resolved, `Closed`.
    pub async fn ready(&self) -> Result<(), ClientError> {
        let inner = &self.inner;
        let mut changes = inner.cluster.changes();
        loop {
            let progress = inner.progress.notified();
            tokio::pin!(progress);
            progress.as_mut().enable();
            let snapshot = inner.cluster.snapshot();
            let deadline = inner.with_world(&snapshot, |state, world| {
                if state.closing {
                    return Err(CLOSED);
                }
                let ready = state.is_ready(world)?;
                Ok(state.blocked.as_ref().filter(|_| !ready).map(|blocked| blocked.since + inner.config.max_block))
            })?;
            let Some(deadline) = deadline else { return Ok(()) };
            if let Some(error @ ClientError::UnresolvableHost { .. }) = inner.cluster.error() {
                return Err(error);
            }
            tokio::select! {
                biased;
                () = &mut progress => {}
                _ = changes.changed() => {}
                () = inner.env.clock().sleep_until(deadline) => {}
            }
        }
    }

    /// Closes the open batches: what was accepted so far does not linger.
    pub fn flush(&self) {
        let mut state = self.inner.state.lock();
        state.flush_below = state.next_row;
        drop(state);
        self.inner.wake.notify_one();
    }

    /// What became of rows since the last call; waits for at least one completion. Empty only when the producer was
    /// closed and nothing is outstanding. Per partition, in the order of acceptance.
    pub async fn completions(&self) -> Vec<Completion<ClientError>> {
        loop {
            let progress = self.inner.progress.notified();
            tokio::pin!(progress);
            progress.as_mut().enable();
            let completions = self.try_completions();
            if !completions.is_empty() {
                return completions;
            }
            {
                let state = self.inner.state.lock();
                if state.closing && state.outstanding == 0 {
                    return completions;
                }
            }
            progress.await;
        }
    }

    /// As [`Producer::completions`], without waiting.
    pub fn try_completions(&self) -> Vec<Completion<ClientError>> {
        let mut state = self.inner.state.lock();
        let was_full = state.completions.len() >= super::accumulator::MAX_UNCOLLECTED;
        let completions: Vec<_> = state.completions.drain(..).collect();
        drop(state);
        if was_full {
            self.inner.progress.notify_waiters();
        }
        completions
    }

    /// How many rows were accepted and are not reported yet.
    pub fn outstanding(&self) -> u64 {
        self.inner.state.lock().outstanding
    }

    /// How many rows were accepted: the number of the next one.
    pub fn accepted(&self) -> u64 {
        self.inner.state.lock().next_row
    }

    /// Bytes held for rows that are not reported yet.
    pub fn memory_in_use(&self) -> usize {
        self.inner.state.lock().memory
    }

    /// Accepts no more rows, sends what there is, and waits until all is reported, at most `timeout`; then
    /// [`Producer::abort_now`]. Whether everything was reported in time. Completions can be collected after.
    pub async fn close(&self, timeout: Duration) -> bool {
        self.inner.state.lock().closing = true;
        self.inner.wake.notify_one();
        self.inner.progress.notify_waiters();
        let reported = self.inner.env.timeout(timeout, self.wait_until_reported()).await.is_ok();
        self.abort_now();
        reported
    }

    async fn wait_until_reported(&self) {
        loop {
            let progress = self.inner.progress.notified();
            tokio::pin!(progress);
            progress.as_mut().enable();
            if self.outstanding() == 0 {
                return;
            }
            progress.await;
        }
    }

    /// Ends everything at once: rows that are not reported yet are reported as failed, connections are cut. A batch that
    /// was in flight may still have been stored.
    pub fn abort_now(&self) {
        let inner = &self.inner;
        inner.started.store(true, Ordering::Relaxed);
        if let Some(task) = inner.task.lock().take() {
            task.abort();
        }
        inner.state.lock().fail_all(&FORCED);
        inner.cluster.abort();
        inner.progress.notify_waiters();
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.abort_now();
    }
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer").field("client_id", &self.inner.config.client.client_id).finish_non_exhaustive()
    }
}

impl Inner {
    /// Takes over what the cluster is known to be now.
    pub(super) fn apply_metadata(&self) {
        let snapshot = self.cluster.snapshot();
        let forgotten = {
            let mut state = self.state.lock();
            state.apply(&snapshot);
            let idle = self.config.metadata_max_idle;
            let now = self.env.clock().now();
            match now.since_origin().checked_sub(idle) {
                Some(before) => state.forget_idle(env::Instant::from_origin(before)),
                None => Vec::new(),
            }
        };
        for topic in forgotten {
            self.cluster.forget_topic(&topic);
        }
    }

    /// Leaders are not where they were.
    pub(super) fn ask_for_metadata(&self) {
        self.cluster.request_update();
    }

    fn with_world<T>(
        &self,
        snapshot: &crate::cluster::Snapshot,
        work: impl FnOnce(&mut Accumulator, &World<'_>) -> T,
    ) -> T {
        let world = World {
            now: self.env.clock().now(),
            unix_millis: self.env.clock().unix_millis(),
            snapshot,
            random: self.env.random(),
            ask: &|topic| {
                self.cluster.add_topic(topic);
                self.cluster.request_update()
            },
            is_served: &|asked| self.cluster.is_served(asked),
        };
        work(&mut self.state.lock(), &world)
    }

    fn start(self: &Arc<Self>) {
        if !self.started.swap(true, Ordering::Relaxed) {
            let run = Box::pin(Sender::new(self.clone()).run());
            *self.task.lock() = Some(self.env.work().spawn("kafka-producer", run));
        }
    }
}
