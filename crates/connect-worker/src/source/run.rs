//! The reading half of a source task: the life of a source record, in order.

use std::sync::Arc;
use std::time::Duration;

use connect_api::source::{Boundary, SourceBatch, SourceReader};
use connect_api::{Error, Record, Result, Signal, Token};
use connect_kafka::Rows;
use env::Env;
use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot};

use super::acknowledge::Finish;
use super::delivery::Delivery;
use super::send::{Letters, Outbox};
use crate::containment::contain;
use crate::errors::{DEAD_LETTERS_AHEAD, Policy};
use crate::fairness::{Idle, give_way};
use crate::probe::{Probes, Step};
use crate::record::{Chain, Encoder};

/// What the reading half is made of.
pub struct Reading {
    /// The world.
    pub env: Env,
    /// Stop and pause.
    pub token: Token,
    /// Says stop to the connector, because the task has failed beside it.
    pub halt: Arc<dyn Fn() + Send + Sync>,
    /// The connector's half.
    pub reader: Box<dyn SourceReader>,
    /// The transforms.
    pub chain: Chain,
    /// The converters.
    pub encoder: Encoder,
    /// The error policy.
    pub policy: Policy,
    /// The producer and the records in flight.
    pub outbox: Outbox,
    /// At least once or exactly once.
    pub delivery: Delivery,
    /// Requests to the acknowledging half.
    pub acknowledging: mpsc::Sender<Finish>,
    /// How long a poll may take to return when the task has failed.
    pub stop_limit: Duration,
    /// Told when the task pauses (`true`) and resumes.
    pub paused: Arc<dyn Fn(bool) + Send + Sync>,
    /// For tests.
    pub probes: Probes,
}

/// Runs the reading half.
pub struct Runner {
    parts: Reading,
    batch: SourceBatch,
    rows: Rows,
    /// The records of the rows, one for one.
    records: Vec<Record>,
    /// What became letters of the same batch.
    letters: Letters,
    idle: Idle,
    /// The reader's poll did not return in time: nothing of the reader is called any more.
    reader_is_dead: bool,
}

impl Runner {
    /// Ready to run.
    pub fn new(parts: Reading) -> Self {
        Self {
            parts,
            batch: SourceBatch::new(),
            rows: Rows::new(),
            records: Vec::new(),
            letters: Letters::default(),
            idle: Idle::default(),
            reader_is_dead: false,
        }
    }

    /// Reads until told to stop, then waits for what is in flight and has offsets stored, also when the reading failed.
    ///
    /// # Errors
    /// The error that fails the task.
    pub async fn run(mut self) -> Result<()> {
        let outcome = contain(self.read_until_stopped()).await;
        let finished = self.finish(outcome.is_ok()).await;
        self.parts.chain.tell_dropped();
        if !self.reader_is_dead
            && let Err(error) = contain(self.parts.env.lend(self.parts.reader.stop())).await
        {
            tracing::warn!(error = format!("{error:#}"), "the task's stop failed");
        }
        outcome.and(finished)
    }

    async fn read_until_stopped(&mut self) -> Result<()> {
        loop {
            match self.parts.token.signal() {
                Signal::Stop => return Ok(()),
                Signal::Pause => self.pause().await?,
                Signal::Run => {
                    self.poll().await?;
                    self.pass_on().await?;
                }
            }
        }
    }

    async fn pause(&mut self) -> Result<()> {
        let ended = self.parts.delivery.finish().await?;
        self.tell_of_transaction(ended).await;
        (self.parts.paused)(true);
        if self.parts.token.changed_from(Signal::Pause).await == Signal::Run {
            self.parts.delivery.resumed();
            (self.parts.paused)(false);
        }
        Ok(())
    }

    /// Polls once. What was sent before goes out at once when the poll has to wait.
    async fn poll(&mut self) -> Result<()> {
        self.batch.clear();
        if !self.parts.delivery.is_exactly_once() {
            self.parts.outbox.in_flight.told_enough().await;
        }
        if self.parts.outbox.in_flight.failure().is_some() {
            return Err(self.parts.outbox.failure());
        }
        let began = self.parts.env.clock().now();
        if let Err(error) = self.poll_reader().await {
            if !error.is_retriable() {
                return Err(error);
            }
            tracing::warn!(error = format!("{error:#}"), "poll failed with a retriable error; polling again");
            self.batch.clear();
        }
        if !self.batch.is_empty() {
            self.idle = Idle::default();
            return self.parts.probes.at(Step::Polled).await;
        }
        let took = self.parts.env.clock().now() - began;
        if let Some(wait) = self.idle.after(took) {
            self.parts.outbox.producer.flush();
            tokio::select! {
                biased;
                _ = self.parts.token.changed_from(Signal::Run) => {}
                () = self.parts.env.sleep(wait) => {}
            }
        }
        Ok(())
    }

    async fn poll_reader(&mut self) -> Result<()> {
        let Self { parts, batch, .. } = self;
        let mut poll = std::pin::pin!(parts.env.lend(parts.reader.poll(batch)));
        if let Some(polled) = poll.as_mut().now_or_never() {
            give_way().await;
            return polled;
        }
        parts.outbox.producer.flush();
        tokio::select! {
            biased;
            polled = &mut poll => return polled,
            () = parts.outbox.in_flight.failed() => {}
        }
        (parts.halt)();
        self.reader_is_dead = parts.env.timeout(parts.stop_limit, poll).await.is_err();
        Err(parts.outbox.failure())
    }

    /// Passes the polled records on, transaction mark by transaction mark.
    async fn pass_on(&mut self) -> Result<()> {
        let marks: Vec<(usize, Boundary)> = self.batch.marks().to_vec();
        let mut polled = std::mem::take(self.batch.records_mut());
        let mut passed = 0;
        for (end, boundary) in marks {
            let rest = polled.split_off(end.saturating_sub(passed).min(polled.len()));
            passed += polled.len();
            self.send(std::mem::replace(&mut polled, rest)).await?;
            let ended = self.parts.delivery.marked(boundary).await?;
            self.tell_of_transaction(ended).await;
        }
        self.send(polled).await?;
        let ended = self.parts.delivery.polled().await?;
        self.tell_of_transaction(ended).await;
        Ok(())
    }

    /// Transforms, converts and sends. Records before the first one that fails the task are sent.
    async fn send(&mut self, records: Vec<Record>) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        // Transforms and converters are plug-ins too: one that blocks costs its thread and stalls no neighbour.
        let env = self.parts.env.clone();
        let fatal = env.lend(self.convert(records)).await;
        let parts = &mut self.parts;
        parts.probes.at(Step::Converted).await?;
        if let Some(queue) = &parts.policy.reporters().dead_letters {
            queue.settle(DEAD_LETTERS_AHEAD).await;
        }
        if !self.records.is_empty() || !self.letters.is_empty() {
            parts.delivery.before_send()?;
            let tolerant = !parts.delivery.is_exactly_once();
            parts.outbox.send(&self.rows, &self.records, &self.letters, &parts.policy, tolerant).await?;
            parts.delivery.sent(&self.records);
            parts.probes.at(Step::Appended).await?;
        }
        fatal.map_or(Ok(()), Err)
    }

    /// Makes rows of records, up to the first one that fails the task.
    async fn convert(&mut self, mut records: Vec<Record>) -> Option<Error> {
        let parts = &mut self.parts;
        let in_flight = parts.outbox.in_flight.clone();
        let mut gone = |record: Record| {
            if let Some(origin) = record.source_origin() {
                in_flight.lock().gone(origin.tag);
            }
        };
        if parts.policy.reporters().want_originals() {
            records.iter_mut().for_each(Record::keep_original);
        }
        let queue = parts.policy.reporters().dead_letters.clone();
        let originals: Vec<Arc<Record>> = match &queue {
            None => Vec::new(),
            Some(queue) => {
                queue.begin_batch();
                records.iter().filter_map(|record| record.source_origin()?.original.clone()).collect()
            }
        };
        let mut fatal = parts.chain.apply(&mut records, &parts.policy, &mut gone).await;
        self.rows.clear();
        self.records.clear();
        let now = parts.env.clock().unix_millis();
        for record in records {
            match parts.encoder.encode(&record, now, &mut self.rows, &parts.policy).await {
                Ok(true) => self.records.push(record),
                Ok(false) => gone(record),
                Err(error) => {
                    fatal = Some(error);
                    break;
                }
            }
        }
        parts.outbox.in_flight.wake_for_gone();
        self.letters = match &queue {
            None => Letters::default(),
            Some(queue) => Letters::among(&originals, &self.records, queue, fatal.is_some()),
        };
        fatal
    }

    /// Waits until the connector knows how its transaction ended.
    async fn tell_of_transaction(&mut self, ended: Option<Boundary>) {
        let Some(boundary) = ended else { return };
        let (done, finished) = oneshot::channel();
        if self.parts.acknowledging.send(Finish::Transaction(boundary, done)).await.is_ok() {
            let _ = finished.await;
        }
    }

    /// In order or not, what is acknowledged has its offsets stored; a transaction is committed only in order.
    async fn finish(&mut self, in_order: bool) -> Result<()> {
        if self.parts.delivery.is_exactly_once() {
            let ended = if in_order { self.parts.delivery.finish().await } else { Ok(None) };
            self.tell_of_transaction(ended.as_ref().ok().copied().flatten()).await;
            let _ = self.parts.acknowledging.send(Finish::Abandon).await;
            return ended.map(|_| ());
        }
        let (done, finished) = oneshot::channel();
        if self.parts.acknowledging.send(Finish::AtLeastOnce(done)).await.is_ok() {
            let _ = finished.await;
        }
        Ok(())
    }
}
