//! A producer in memory that acknowledges, fails, refuses and blocks as the test says.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connect_api::sink::TopicPartition;
use connect_api::{Error, Kind, Result};
use connect_kafka::{AppendError, Completion, Producer, Rows, Run};
use env::Env;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Cluster, StoredRecord};

#[derive(Default)]
struct Script {
    hold: bool,
    capacity: Option<usize>,
    /// By value: the error, and how often it comes.
    refuse: BTreeMap<String, (Error, usize)>,
    fail: BTreeMap<String, Error>,
}

/// The test's hand on all producers of one client id, one after the other.
#[derive(Clone, Default)]
pub(crate) struct ProducerControl {
    script: Arc<Mutex<Script>>,
    instances: Arc<Mutex<Vec<Arc<ScriptedProducer>>>>,
}

impl ProducerControl {
    /// Rows are acknowledged only when the test says so.
    pub(crate) fn hold(&self) {
        self.script.lock().hold = true;
    }

    /// Rows are acknowledged at once from now on, those that wait too.
    pub(crate) fn release(&self) {
        self.script.lock().hold = false;
        for producer in &*self.instances.lock() {
            producer.acknowledge(usize::MAX);
        }
    }

    /// At most so many rows wait for their acknowledgement; then the producer is full.
    pub(crate) fn capacity(&self, rows: usize) {
        self.script.lock().capacity = Some(rows);
    }

    /// A row of this value is refused when it is appended, the next `times` times.
    pub(crate) fn refuse(&self, value: &str, error: Error, times: usize) {
        self.script.lock().refuse.insert(value.to_owned(), (error, times));
    }

    /// A row of this value fails instead of being stored.
    pub(crate) fn fail(&self, value: &str, error: Error) {
        self.script.lock().fail.insert(value.to_owned(), error);
    }

    /// The producer made last.
    pub(crate) fn last(&self) -> Arc<ScriptedProducer> {
        self.instances.lock().last().cloned().expect("a producer was made")
    }

    pub(crate) fn count(&self) -> usize {
        self.instances.lock().len()
    }

    pub(crate) fn make(&self, env: &Env, cluster: &Cluster, transactional_id: Option<&str>) -> Arc<ScriptedProducer> {
        let transactional = transactional_id.map(|id| (id.to_owned(), cluster.new_epoch(id)));
        let producer = Arc::new(ScriptedProducer {
            env: env.clone(),
            cluster: cluster.clone(),
            script: self.script.clone(),
            transactional,
            inner: Mutex::default(),
            progress: Notify::new(),
        });
        self.instances.lock().push(producer.clone());
        producer
    }
}

struct Waiting {
    row: u64,
    partition: TopicPartition,
    record: StoredRecord,
}

#[derive(Default)]
struct Inner {
    accepted: u64,
    waiting: VecDeque<Waiting>,
    completions: VecDeque<Completion>,
    closed: bool,
    flushes: usize,
    /// What the open transaction has stored.
    transaction: Option<Vec<(TopicPartition, i64)>>,
    failed: Option<Error>,
}

/// One producer.
pub(crate) struct ScriptedProducer {
    env: Env,
    cluster: Cluster,
    script: Arc<Mutex<Script>>,
    transactional: Option<(String, u64)>,
    inner: Mutex<Inner>,
    progress: Notify,
}

impl ScriptedProducer {
    /// Rows accepted so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.inner.lock().accepted
    }

    /// The values of rows that wait for their acknowledgement.
    pub(crate) fn waiting(&self) -> Vec<String> {
        self.inner.lock().waiting.iter().map(|waiting| waiting.record.text()).collect()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.inner.lock().closed
    }

    pub(crate) fn flushes(&self) -> usize {
        self.inner.lock().flushes
    }

    /// Acknowledges (or fails, by the script) the first `count` waiting rows.
    pub(crate) fn acknowledge(&self, count: usize) {
        let mut inner = self.inner.lock();
        for _ in 0..count.min(inner.waiting.len()) {
            let waiting = inner.waiting.pop_front().unwrap();
            self.end(&mut inner, waiting);
        }
        drop(inner);
        self.progress.notify_waiters();
    }

    /// Acknowledges the waiting row of this value, before those that wait longer.
    pub(crate) fn acknowledge_value(&self, value: &str) {
        let mut inner = self.inner.lock();
        let index = inner.waiting.iter().position(|waiting| waiting.record.text() == value).expect("it waits");
        let waiting = inner.waiting.remove(index).unwrap();
        self.end(&mut inner, waiting);
        drop(inner);
        self.progress.notify_waiters();
    }

    fn end(&self, inner: &mut Inner, waiting: Waiting) {
        let Waiting { row, partition, mut record } = waiting;
        let scripted = self.script.lock().fail.get(&record.text()).cloned();
        let error = self.fenced().err().or(scripted);
        let mut base_offset = -1;
        if let Some(error) = &error {
            inner.failed.get_or_insert(error.clone());
        } else {
            record.visible = self.transactional.is_none();
            base_offset = self.cluster.append(&partition, record);
            if let Some(stored) = &mut inner.transaction {
                stored.push((partition.clone(), base_offset));
            }
        }
        if let Some(last) = inner.completions.back_mut()
            && last.topic == partition.topic
            && last.partition == partition.partition
            && last.error.is_none()
            && error.is_none()
            && last.runs[0].first_row + u64::from(last.runs[0].count) == row
            && last.runs[0].base_offset + i64::from(last.runs[0].count) == base_offset
        {
            last.runs[0].count += 1;
            return;
        }
        inner.completions.push_back(Completion {
            topic: partition.topic,
            partition: partition.partition,
            runs: vec![Run { first_row: row, count: 1, base_offset }],
            log_append_time: None,
            error,
        });
    }

    fn fenced(&self) -> Result<()> {
        match &self.transactional {
            Some((id, epoch)) if self.cluster.is_fenced(id, *epoch) => {
                Err(Error::new(Kind::Fenced, "There is a newer producer with the same transactionalId."))
            }
            _ => Ok(()),
        }
    }

    fn fail_waiting(&self, inner: &mut Inner, error: &Error) {
        while let Some(waiting) = inner.waiting.pop_front() {
            inner.completions.push_back(Completion {
                topic: waiting.partition.topic,
                partition: waiting.partition.partition,
                runs: vec![Run { first_row: waiting.row, count: 1, base_offset: -1 }],
                log_append_time: None,
                error: Some(error.clone()),
            });
        }
    }

    async fn wait_until(&self, mut condition: impl FnMut(&mut Inner) -> bool) {
        loop {
            let progress = self.progress.notified();
            tokio::pin!(progress);
            progress.as_mut().enable();
            if condition(&mut self.inner.lock()) {
                return;
            }
            progress.await;
        }
    }

    fn refusal(&self, value: &str) -> Option<Error> {
        let mut script = self.script.lock();
        let (error, times) = script.refuse.get_mut(value)?;
        *times = times.checked_sub(1)?;
        Some(error.clone())
    }
}

#[async_trait]
impl Producer for ScriptedProducer {
    fn append(&self, rows: &Rows, range: Range<usize>) -> Result<usize, AppendError> {
        let mut inner = self.inner.lock();
        if inner.closed {
            let error = Error::connect("Cannot perform operation after producer has been closed");
            return Err(AppendError { row: range.start, error });
        }
        assert!(self.transactional.is_none() || inner.transaction.is_some(), "append outside a transaction");
        let (capacity, hold) = {
            let script = self.script.lock();
            (script.capacity.unwrap_or(usize::MAX), script.hold)
        };
        let (mut accepted, mut refused) = (0, None);
        for index in range {
            let row = &rows.rows()[index];
            let value = row.value.as_ref().map(|value| rows.copy(value));
            if let Some(error) = self.refusal(&String::from_utf8_lossy(value.as_deref().unwrap_or(b"null"))) {
                refused = Some(AppendError { row: index, error });
                break;
            }
            if inner.waiting.len() >= capacity {
                break;
            }
            let header = |(key, value): (&[u8], Option<&[u8]>)| {
                (String::from_utf8_lossy(key).into_owned(), value.map(Bytes::copy_from_slice))
            };
            let waiting = Waiting {
                row: inner.accepted,
                partition: TopicPartition::new(row.topic.clone(), row.partition.unwrap_or(0)),
                record: StoredRecord {
                    key: row.key.as_ref().map(|key| rows.copy(key)),
                    value,
                    headers: rows.headers(row).map(header).collect(),
                    timestamp: row.timestamp.unwrap_or(-1),
                    visible: true,
                },
            };
            inner.waiting.push_back(waiting);
            inner.accepted += 1;
            accepted += 1;
        }
        drop(inner);
        if !hold {
            self.acknowledge(usize::MAX);
        }
        refused.map_or(Ok(accepted), Err)
    }

    async fn ready(&self) -> Result<()> {
        let capacity = self.script.lock().capacity.unwrap_or(usize::MAX);
        let mut closed = false;
        self.wait_until(|inner| {
            closed = inner.closed;
            closed || inner.waiting.len() < capacity
        })
        .await;
        if closed { Err(Error::connect("Producer is closed")) } else { Ok(()) }
    }

    fn flush(&self) {
        self.inner.lock().flushes += 1;
    }

    async fn completions(&self) -> Vec<Completion> {
        let mut found = Vec::new();
        self.wait_until(|inner| {
            found = inner.completions.drain(..).collect();
            !found.is_empty() || (inner.closed && inner.waiting.is_empty())
        })
        .await;
        found
    }

    fn begin(&self) -> Result<()> {
        self.fenced()?;
        let mut inner = self.inner.lock();
        assert!(self.transactional.is_some() && inner.transaction.is_none(), "begin, when nothing is open");
        inner.transaction = Some(Vec::new());
        inner.failed = None;
        Ok(())
    }

    async fn commit(&self) -> Result<()> {
        self.wait_until(|inner| inner.waiting.is_empty()).await;
        self.fenced()?;
        let mut inner = self.inner.lock();
        let stored = inner.transaction.take().expect("commit, when something is open");
        if let Some(error) = inner.failed.take() {
            return Err(error);
        }
        self.cluster.reveal(&stored);
        Ok(())
    }

    async fn abort(&self) -> Result<()> {
        self.fenced()?;
        {
            let mut inner = self.inner.lock();
            inner.transaction.take().expect("abort, when something is open");
            self.fail_waiting(&mut inner, &Error::connect("the transaction was aborted"));
            inner.failed = None;
        }
        self.progress.notify_waiters();
        Ok(())
    }

    async fn close(&self, limit: Duration) {
        let _ = self.env.timeout(limit, self.wait_until(|inner| inner.waiting.is_empty())).await;
        self.close_now();
    }

    fn close_now(&self) {
        {
            let mut inner = self.inner.lock();
            inner.closed = true;
            // As the real one does: what is not reported yet is reported as failed.
            self.fail_waiting(&mut inner, &Error::connect("Producer is closed forcefully."));
        }
        self.progress.notify_waiters();
    }
}
