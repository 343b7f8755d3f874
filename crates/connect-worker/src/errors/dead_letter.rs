//! The dead letter queue: records that failed, as they were consumed, with headers that say why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use connect_api::{Converter, Datum, EncodeContext, Error, Record, Result, Schema, SourceOffset, Value};
use connect_converters::java_text::value_text;
use connect_converters::{JsonConfig, JsonConverter};
use connect_kafka::{Completion, Producer, Row, Rows};
use connect_storage::offsets::encode_offset;
use env::{BoxFuture, Env, Task, watch};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use super::{FailedRecord, Failure, Stage};
use crate::TaskId;

/// How many failed records may wait for the dead letter queue while the next batch is worked on.
pub const DEAD_LETTERS_AHEAD: usize = 1_000;

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
    /// Why a letter could not be stored, once one could not.
    lost: Arc<Mutex<Option<Error>>>,
    source_text: Mutex<SourceLetters>,
    /// Where the source records are that became letters before they reached the producer.
    unsent: Mutex<BTreeSet<usize>>,
}

impl DeadLetterQueue {
    /// A queue that sends through `producer`.
    pub fn start(env: &Env, settings: DeadLetterSettings, producer: Arc<dyn Producer>) -> Arc<Self> {
        let outgoing: Arc<Mutex<Outgoing>> = Arc::default();
        let wake = Arc::new(Notify::new());
        let unfinished = watch::Sender::new(0);
        let lost = Arc::default();
        let pump = Pump {
            producer: producer.clone(),
            outgoing: outgoing.clone(),
            wake: wake.clone(),
            unfinished: unfinished.clone(),
            lost: Arc::clone(&lost),
            waiting: BTreeMap::new(),
            accepted: 0,
            task: settings.task.clone(),
        };
        let name = format!("{} dead letter queue", settings.task);
        let pump = env.work().spawn(&name, Box::pin(pump.run()));
        let source_text = Mutex::default();
        let unsent = Mutex::default();
        Arc::new(Self { settings, outgoing, wake, unfinished, producer, pump, lost, source_text, unsent })
    }

    /// Takes a record. The result completes when Kafka has stored it, or will never.
    pub fn report(&self, failure: &Failure<'_>) -> BoxFuture<'static, Result<()>> {
        let (done, finished) = oneshot::channel();
        let rows = self.rows(failure);
        if let (FailedRecord::Source(record), true) = (failure.record, failure.stage != Stage::KafkaProduce) {
            self.unsent.lock().insert(std::ptr::from_ref(record).addr());
        }
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

    /// Why a letter was lost, if one was.
    pub fn lost(&self) -> Option<Error> {
        self.lost.lock().clone()
    }

    /// Begins a batch of source records, whose originals are alive until it ends.
    pub fn begin_batch(&self) {
        self.unsent.lock().clear();
    }

    /// Whether this original of the batch has become a letter without reaching the producer.
    pub fn has(&self, original: &Arc<Record>) -> bool {
        self.unsent.lock().contains(&Arc::as_ptr(original).addr())
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
        let mut rows = Rows::new();
        let (raw, timestamp) = match failure.record {
            FailedRecord::Consumed { timestamp, raw, .. } => (raw, timestamp),
            FailedRecord::Source(record) => return self.source_rows(failure, record),
        };
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

    /// What a source made, as JSON with schemas.
    fn source_rows(&self, failure: &Failure<'_>, record: &Record) -> Rows {
        let mut rows = Rows::new();
        let mut text = self.source_text.lock();
        for header in &record.headers {
            push_header(&mut rows, &header.key, text.json(&record.topic, &header.datum).as_deref());
        }
        if self.settings.context_headers {
            self.context(failure, &mut rows);
        }
        let key = text.json(&record.topic, &record.key).map(|bytes| write(&mut rows, &bytes));
        let value = text.json(&record.topic, &record.value).map(|bytes| write(&mut rows, &bytes));
        let (topic, headers) = (self.settings.topic.clone(), 0..rows.header_position());
        let timestamp = record.timestamp.filter(|timestamp| *timestamp >= 0);
        rows.push(Row { topic, partition: None, timestamp, key, value, headers });
        rows
    }

    /// The headers of KIP-298; of a source record its place in the source system instead of one in Kafka.
    fn context(&self, failure: &Failure<'_>, rows: &mut Rows) {
        let task = &self.settings.task;
        let mut add = |name: &str, value: Option<&str>| {
            push_header(rows, &format!("__connect.errors.{name}"), value.map(str::as_bytes));
        };
        match failure.record {
            FailedRecord::Consumed { topic, partition, offset, .. } => {
                add("topic", Some(topic));
                add("partition", Some(&partition.to_string()));
                add("offset", Some(&offset.to_string()));
            }
            FailedRecord::Source(record) => {
                add("topic", Some(&record.topic));
                if let Some(origin) = record.source_origin() {
                    let partition = SourceOffset::of(origin.partition.entries().to_vec());
                    add("source.partition", json_of(&partition).as_deref());
                    add("source.offset", json_of(&origin.offset).as_deref());
                }
            }
        }
        add("connector.name", Some(&task.connector));
        add("task.id", Some(&task.task.to_string()));
        add("stage", Some(failure.stage.name()));
        add("class.name", Some(failure.class));
        add("exception.class.name", Some(failure.error.class()));
        add("exception.message", failure.error.message());
        add("exception.stacktrace", Some(&failure.error.trace()));
    }
}

/// Writes what sources make.
#[derive(Default)]
struct SourceLetters(Option<JsonConverter>);

impl SourceLetters {
    /// JSON with the schema; data that do not fit their schema, as their text. `None`: null.
    fn json(&mut self, topic: &Arc<str>, datum: &Datum) -> Option<Vec<u8>> {
        if datum.value.is_null() {
            return None;
        }
        let converter = match &mut self.0 {
            Some(converter) => converter,
            none => none.insert(JsonConverter::new(JsonConfig::default()).ok()?),
        };
        let (context, mut out) = (EncodeContext::new(topic), Vec::new());
        if converter.encode(context, datum, &mut out).is_err() {
            out.clear();
            let text = Datum { schema: Some(Schema::string()), value: Value::from(value_text(&datum.value).as_str()) };
            converter.encode(context, &text, &mut out).ok()?;
        }
        Some(out)
    }
}

fn json_of(position: &SourceOffset) -> Option<String> {
    String::from_utf8(encode_offset(position).ok()?.to_vec()).ok()
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
    lost: Arc<Mutex<Option<Error>>>,
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
            self.lost.lock().get_or_insert_with(|| error.clone());
            // Parity: DeadLetterQueueReporter logs a report that could not be produced, and goes on.
            tracing::error!(task = %self.task, error = format!("{error:#}"), "Could not produce message to dead letter queue");
        }
        let _ = done.send(result);
        let mut outgoing = self.outgoing.lock();
        outgoing.unfinished -= 1;
        self.unfinished.send_replace(outgoing.unfinished);
    }
}
