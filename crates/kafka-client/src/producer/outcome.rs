//! What becomes of a batch once the broker has answered, or has not.

use bytes::Bytes;
use env::planted::{self, Bug};
use env::{Instant, Random};
use kafka_wire::batch::{DEFAULT_MAX_DECOMPRESSED, split};
use kafka_wire::messages::produce_response::PartitionProduceResponse;
use kafka_wire::{Batch as WireBatch, ErrorCode};

use super::accumulator::Accumulator;
use super::batch::{Batch, Body, Meta, options, take_rows};
use super::rows::{Completion, Run};
use crate::error::ClientError;
use crate::net::backoff_after;
use crate::topic_partition::TopicPartition;

/// Batches whose memory is kept for the next ones.
const MAX_SPARE: usize = 4;

/// The answer to one batch.
pub(super) struct Outcome {
    /// Where it went.
    pub(super) to: TopicPartition,
    /// Its bytes as sent; `None` when it could not even be built.
    pub(super) bytes: Option<Bytes>,
    /// Bytes before compression.
    pub(super) size: usize,
    /// What came of it.
    pub(super) result: Result<Stored, Refused>,
}

/// A batch that is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stored {
    /// The first record's offset, -1 when unknown.
    pub(super) base_offset: i64,
    /// The timestamp the broker put.
    pub(super) log_append_time: Option<i64>,
}

/// A batch that is not known to be in the log.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    /// Why.
    pub(super) error: ClientError,
    /// The records at fault by their place in the batch, when the broker names them.
    pub(super) records: Vec<(u32, ClientError)>,
}

impl From<ClientError> for Refused {
    fn from(error: ClientError) -> Self {
        Self { error, records: Vec::new() }
    }
}

/// Reads a partition's answer.
pub(super) fn read(topic: &str, response: &PartitionProduceResponse) -> Result<Stored, Refused> {
    let Some(code) = ErrorCode::from_code(response.error_code) else {
        let log_append_time = Some(response.log_append_time_ms).filter(|time| *time >= 0);
        return Ok(Stored { base_offset: response.base_offset, log_append_time });
    };
    let said = response.error_message.as_deref();
    let error = match code {
        ErrorCode::TopicAuthorizationFailed => ClientError::about_topic(code, topic),
        _ => ClientError::broker_said(code, said),
    };
    let several = response.record_errors.len() > 1;
    let records = response.record_errors.iter().map(|each| {
        let message = each.batch_index_error_message.as_deref().or(said).unwrap_or(code.message());
        // Parity: with several, the batch's code need not be each record's, so Java names them all invalid.
        let code = if several { ErrorCode::InvalidRecord } else { code };
        (u32::try_from(each.batch_index).unwrap_or(0), ClientError::broker_said(code, Some(message)))
    });
    Err(Refused { error, records: records.collect() })
}

impl Accumulator {
    /// Does with a batch what its outcome asks for; whether metadata should be asked for again.
    pub(super) fn settle(&mut self, outcome: Outcome, now: Instant, random: &dyn Random) -> bool {
        let Outcome { to, bytes, size, result } = outcome;
        let Some(topic) = self.topics.get_mut(&to.topic) else { return false };
        if let Some(bytes) = &bytes {
            topic.learn_ratio(bytes.len() as f64 / size.max(1) as f64);
        }
        let Some(meta) = topic.queue(to.partition).and_then(|queue| queue.in_flight.take()) else { return false };
        match result {
            Ok(stored) => {
                self.report_stored(to, meta, stored);
                self.recycle(bytes);
                false
            }
            Err(refused) => {
                let stale = refused.error.invalidates_metadata();
                self.settle_refused(to, meta, bytes, refused, now, random);
                stale
            }
        }
    }

    fn settle_refused(
        &mut self,
        to: TopicPartition,
        meta: Meta,
        bytes: Option<Bytes>,
        refused: Refused,
        now: Instant,
        random: &dyn Random,
    ) {
        let too_large = refused.error.code() == Some(ErrorCode::MessageTooLarge);
        let in_time = now < meta.created + self.config.delivery_timeout;
        match bytes {
            Some(bytes) if too_large && meta.count > 1 => self.split(to, meta, bytes),
            Some(bytes) if refused.error.is_retriable() && in_time && meta.attempts < self.config.retries => {
                self.retry(&to, meta, bytes, &refused.error, now, random);
            }
            bytes => {
                tracing::debug!(partition = %to, error = %refused.error, records = meta.count, "batch failed");
                self.report_refused(to, meta, refused);
                self.recycle(bytes);
            }
        }
    }

    /// Back to the front of its queue, where it keeps everything behind it waiting.
    fn retry(
        &mut self,
        to: &TopicPartition,
        mut meta: Meta,
        bytes: Bytes,
        error: &ClientError,
        now: Instant,
        random: &dyn Random,
    ) {
        let wait = backoff_after(self.config.client.retry_backoff, meta.attempts, random);
        tracing::debug!(partition = %to, %error, attempts = meta.attempts, "batch is sent again");
        meta.attempts = meta.attempts.saturating_add(1);
        if let Some(queue) = self.topics.get_mut(&to.topic).and_then(|topic| topic.queue(to.partition)) {
            if planted::acts(Bug::RetriedTwice) {
                let meta = Meta { runs: Vec::new(), count: 0, memory: 0, ..meta.clone() };
                queue.full.push_front(Batch { meta, body: Body::Sealed(bytes.clone()) });
            }
            let batch = Batch { meta, body: Body::Sealed(bytes) };
            if planted::acts(Bug::RetryAfterOthers) {
                queue.full.push_back(batch);
            } else {
                queue.full.push_front(batch);
            }
            queue.not_before = Some(now + wait);
        }
    }

    /// Two batches or more in place of one the broker finds too large, in the same order.
    fn split(&mut self, to: TopicPartition, mut meta: Meta, bytes: Bytes) {
        let half = (meta.memory / 2).max(1);
        let parts = WireBatch::new(bytes)
            .and_then(|batch| split(&batch, options(&self.config), half, DEFAULT_MAX_DECOMPRESSED));
        let parts = match parts {
            Ok(parts) => parts,
            Err(error) => return self.report_refused(to, meta, ClientError::from(error).into()),
        };
        tracing::warn!(partition = %to, records = meta.count, parts = parts.len(), "batch is too large for the broker, splitting it");
        self.memory -= meta.memory;
        let mut batches = Vec::with_capacity(parts.len());
        for builder in parts {
            let count = builder.count() as u32;
            let part = Meta {
                runs: take_rows(&mut meta.runs, count),
                count,
                memory: builder.size(),
                created: meta.created,
                attempts: 0,
            };
            self.memory += part.memory;
            batches.push(Batch { meta: part, body: Body::Open(builder) });
        }
        if let Some(topic) = self.topics.get_mut(&to.topic) {
            // Compression did less than was hoped for.
            topic.ratio = topic.ratio.max(1.0);
            if let Some(queue) = topic.queue(to.partition) {
                for batch in batches.into_iter().rev() {
                    queue.full.push_front(batch);
                }
            }
        }
    }

    fn report_stored(&mut self, to: TopicPartition, mut meta: Meta, stored: Stored) {
        meta.place(stored.base_offset);
        self.report(&to, meta.runs, stored.log_append_time, None);
        self.release(meta.memory);
    }

    fn report_refused(&mut self, to: TopicPartition, mut meta: Meta, refused: Refused) {
        self.release(meta.memory);
        let Refused { error, mut records } = refused;
        if records.is_empty() {
            return self.report(&to, meta.runs, None, Some(error));
        }
        records.sort_by_key(|(at, _)| *at);
        let bystander = ClientError::Batch(
            "Failed to append record because it was part of a batch which had one more more invalid records".into(),
        );
        let mut done = 0;
        for (at, error) in records {
            if at < done || at >= meta.count {
                continue;
            }
            let before = take_rows(&mut meta.runs, at - done);
            self.report(&to, before, None, Some(bystander.clone()));
            let row = take_rows(&mut meta.runs, 1);
            self.report(&to, row, None, Some(error));
            done = at + 1;
        }
        self.report(&to, meta.runs, None, Some(bystander));
    }

    fn report(
        &mut self,
        to: &TopicPartition,
        runs: Vec<Run>,
        log_append_time: Option<i64>,
        error: Option<ClientError>,
    ) {
        if runs.is_empty() {
            return;
        }
        self.outstanding -= runs.iter().map(|run| u64::from(run.count)).sum::<u64>();
        let (topic, partition) = (to.topic.clone(), to.partition);
        self.completions.push_back(Completion { topic, partition, runs, log_append_time, error });
    }

    /// Keeps the memory of a batch for another, while rows flow.
    fn recycle(&mut self, bytes: Option<Bytes>) {
        if let Some(bytes) = bytes
            && self.memory > 0
            && self.spare.len() < MAX_SPARE
            && bytes.is_unique()
        {
            self.spare.push(bytes.into());
        }
    }
}
