//! The dead letter queue: records that failed, as they were consumed, with headers that say why.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use connect_api::{Error, Result};
use connect_kafka::{Completion, Producer, Row, Rows};
use env::{BoxFuture, Env, Task, watch};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use super::{FailedRecord, Failure};
use crate::TaskId;

/// What a dead letter queue needs to know.
#[derive(Clone, Debug)]
pub struct DeadLetterSettings {
    /// `errors.deadletterqueue.topic.name`
    pub topic: Arc<str>,
    /// `errors.deadletterqueue.context.headers.enable`
    pub context_headers: bool,
    /// The task.
    pub task: TaskId,
}

/// A record on its way into the queue.
struct Letter {
    rows: Rows,
    done: oneshot::Sender<Result<()>>,
}

#[derive(Default)]
struct Outgoing {
    letters: std::collections::VecDeque<Letter>,
    unfinished: usize,
}

/// The dead letter queue of one task. Reports are taken without waiting; [`DeadLetterQueue::settle`] waits for them.
pub struct DeadLetterQueue {
    settings: DeadLetterSettings,
    outgoing: Arc<Mutex<Outgoing>>,
    wake: Arc<Notify>,
    unfinished: watch::Sender<usize>,
    producer: Arc<dyn Producer>,
    pump: Box<dyn Task>,
}

impl DeadLetterQueue {
    /// A queue that sends through `producer`.
    pub fn start(env: &Env, settings: DeadLetterSettings, producer: Arc<dyn Producer>) -> Arc<Self> {
        let outgoing: Arc<Mutex<Outgoing>> = Arc::default();
        let wake = Arc::new(Notify::new());
        let unfinished = watch::Sender::new(0);
        let pump = Pump {
            producer: producer.clone(),
            outgoing: outgoing.clone(),
            wake: wake.clone(),
            unfinished: unfinished.clone(),
            waiting: BTreeMap::new(),
            accepted: 0,
            task: settings.task.clone(),
        };
        let name = format!("{} dead letter queue", settings.task);
        let pump = env.work().spawn(&name, Box::pin(pump.run()));
        Arc::new(Self { settings, outgoing, wake, unfinished, producer, pump })
    }

    /// Takes a record. The result completes when Kafka has stored it, or will never.
    pub fn report(&self, failure: &Failure<'_>) -> BoxFuture<'static, Result<()>> {
        let FailedRecord::Consumed { .. } = failure.record else {
            return Box::pin(std::future::ready(Ok(())));
        };
        let (done, finished) = oneshot::channel();
        let rows = self.rows(failure);
        {
            let mut outgoing = self.outgoing.lock();
            outgoing.letters.push_back(Letter { rows, done });
            outgoing.unfinished += 1;
            self.unfinished.send_replace(outgoing.unfinished);
        }
        self.wake.notify_one();
        Box::pin(
            async move { finished.await.unwrap_or_else(|_| Err(Error::connect("the dead letter queue was closed"))) },
        )
    }

    /// Waits until at most `left` reports are unfinished.
    pub async fn settle(&self, left: usize) {
        let mut unfinished = self.unfinished.subscribe();
        let _ = unfinished.wait_for(|count| *count <= left).await;
    }

    /// Sends what was taken, for at most `limit`, then closes.
    pub async fn close(&self, limit: Duration) {
        self.producer.close(limit).await;
        self.pump.abort();
    }

    fn rows(&self, failure: &Failure<'_>) -> Rows {
        let FailedRecord::Consumed { timestamp, raw, .. } = failure.record else { return Rows::new() };
        let mut rows = Rows::new();
        for header in connect_kafka::raw_headers(raw) {
            match header {
                Ok((key, value)) => push_header(&mut rows, &key, value.as_deref()),
                Err(error) => tracing::warn!(error = format!("{error:#}"), "a header cannot be read; left out"),
            }
        }
        if self.settings.context_headers {
            self.context(failure, &mut rows);
        }
        let key = raw.key().map(|bytes| write(&mut rows, bytes));
        let value = raw.value().map(|bytes| write(&mut rows, bytes));
        let headers = 0..rows.header_position();
        rows.push(Row {
            topic: self.settings.topic.clone(),
            partition: None,
            timestamp: (timestamp >= 0).then_some(timestamp),
            key,
            value,
            headers,
        });
        rows
    }

    /// The headers of KIP-298.
    fn context(&self, failure: &Failure<'_>, rows: &mut Rows) {
        let FailedRecord::Consumed { topic, partition, offset, .. } = failure.record else { return };
        let task = &self.settings.task;
        let mut add = |name: &str, value: Option<&str>| {
            push_header(rows, &format!("__connect.errors.{name}"), value.map(str::as_bytes));
        };
        add("topic", Some(topic));
        add("partition", Some(&partition.to_string()));
        add("offset", Some(&offset.to_string()));
        add("connector.name", Some(&task.connector));
        add("task.id", Some(&task.task.to_string()));
        add("stage", Some(failure.stage.name()));
        add("class.name", Some(failure.class));
        add("exception.class.name", Some(failure.error.class()));
        add("exception.message", failure.error.message());
        add("exception.stacktrace", Some(&failure.error.trace()));
    }
}

impl Drop for DeadLetterQueue {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

fn write(rows: &mut Rows, bytes: &[u8]) -> std::ops::Range<u32> {
    let start = rows.position();
    rows.data_mut().extend_from_slice(bytes);
    start..rows.position()
}

fn push_header(rows: &mut Rows, key: &str, value: Option<&[u8]>) {
    let key = write(rows, key.as_bytes());
    let value = value.map(|value| write(rows, value));
    rows.push_header(key, value);
}

/// Feeds the producer and hears what became of each letter.
struct Pump {
    producer: Arc<dyn Producer>,
    outgoing: Arc<Mutex<Outgoing>>,
    wake: Arc<Notify>,
    unfinished: watch::Sender<usize>,
    waiting: BTreeMap<u64, oneshot::Sender<Result<()>>>,
    accepted: u64,
    task: TaskId,
}

impl Pump {
    async fn run(mut self) {
        loop {
            let full = self.feed();
            tokio::select! {
                biased;
                completions = self.producer.completions() => {
                    if completions.is_empty() {
                        return;
                    }
                    for completion in completions {
                        self.complete(completion);
                    }
                }
                ready = self.producer.ready(), if full => {
                    if let Err(error) = ready {
                        self.give_up_first(error);
                    }
                }
                () = self.wake.notified(), if !full => {}
            }
        }
    }

    /// Hands letters to the producer; true when it cannot take the next one now.
    fn feed(&mut self) -> bool {
        loop {
            let Some(letter) = self.outgoing.lock().letters.pop_front() else { break };
            match self.producer.append(&letter.rows, 0..1) {
                Ok(0) => {
                    self.outgoing.lock().letters.push_front(letter);
                    self.producer.flush();
                    return true;
                }
                Ok(_) => {
                    self.waiting.insert(self.accepted, letter.done);
                    self.accepted += 1;
                }
                Err(refused) => self.finish(letter.done, Err(refused.error)),
            }
        }
        self.producer.flush();
        false
    }

    fn complete(&mut self, completion: Completion) {
        for run in &completion.runs {
            for row in run.first_row..run.first_row + u64::from(run.count) {
                if let Some(done) = self.waiting.remove(&row) {
                    let result = completion.error.clone().map_or(Ok(()), Err);
                    self.finish(done, result);
                }
            }
        }
    }

    fn give_up_first(&mut self, error: Error) {
        let letter = self.outgoing.lock().letters.pop_front();
        if let Some(letter) = letter {
            self.finish(letter.done, Err(error));
        }
    }

    fn finish(&self, done: oneshot::Sender<Result<()>>, result: Result<()>) {
        if let Err(error) = &result {
            // Parity: DeadLetterQueueReporter logs a report that could not be produced, and goes on.
            tracing::error!(task = %self.task, error = format!("{error:#}"), "Could not produce message to dead letter queue");
        }
        let _ = done.send(result);
        let mut outgoing = self.outgoing.lock();
        outgoing.unfinished -= 1;
        self.unfinished.send_replace(outgoing.unfinished);
    }
}
