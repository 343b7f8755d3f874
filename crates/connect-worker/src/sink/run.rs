//! The loop of a sink task: the life of a consumed record, in order.

use std::sync::Arc;
use std::time::Duration;

use connect_api::sink::{Offsets, SinkTask, TopicPartition};
use connect_api::{Record, Result, Signal, SinkOrigin, Token};
use connect_kafka::{Consumer, ConsumerEvent, PartitionRecords, Revocation};
use env::planted::{self, Bug};
use env::{Env, Instant};

use super::{Assignment, Reports, Requests};
use crate::containment::contain;
use crate::errors::{DEAD_LETTERS_AHEAD, Policy};
use crate::fairness::give_way;
use crate::probe::{Probes, Step};
use crate::record::{Chain, Decoder};
use crate::topic_tracking::TopicTracking;

/// What a sink task is made of.
pub struct Sinking {
    /// The world.
    pub env: Env,
    /// Stop and pause.
    pub token: Token,
    /// The consumer, subscribed.
    pub consumer: Box<dyn Consumer>,
    /// The connector's task, started.
    pub task: Box<dyn SinkTask>,
    /// The converters.
    pub decoder: Decoder,
    /// The transforms.
    pub chain: Chain,
    /// The error policy.
    pub policy: Policy,
    /// What the task asks for.
    pub requests: Arc<Requests>,
    /// Whether a batch that the task refuses as a whole is narrowed down to what is bad.
    pub bisect: bool,
    /// Bad records the task reported.
    pub reports: Reports,
    /// `offset.flush.interval.ms`
    pub flush_interval: Duration,
    /// `offset.flush.timeout.ms`
    pub flush_timeout: Duration,
    /// Whether this task may still act: false once it was given up.
    pub alive: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Told when the task pauses (`true`) and resumes.
    pub paused: Arc<dyn Fn(bool) + Send + Sync>,
    /// Told which topics records came from; `None`: nobody wants to know.
    pub topics: Option<TopicTracking>,
    /// For tests.
    pub probes: Probes,
}

/// Runs a sink task.
pub struct Runner {
    pub(super) parts: Sinking,
    pub(super) assignment: Assignment,
    /// Records to be put; kept when the put is to be tried again.
    pub(super) records: Vec<Record>,
    /// The next offsets once `records` are put.
    pub(super) next: Offsets,
    /// The put before failed and is to be tried again.
    pub(super) retrying: bool,
    /// How many records were taken for bad since the task last took any.
    pub(super) unproven: usize,
    is_paused: bool,
    pub(super) commit_due: Instant,
}

impl Runner {
    /// Ready to run.
    pub fn new(parts: Sinking) -> Self {
        let commit_due = parts.env.clock().now() + parts.flush_interval;
        Self {
            parts,
            assignment: Assignment::default(),
            records: Vec::new(),
            next: Offsets::new(),
            retrying: false,
            unproven: 0,
            is_paused: false,
            commit_due,
        }
    }

    /// Consumes until told to stop, then commits what is durable and closes everything, also after an error.
    ///
    /// # Errors
    /// The error that fails the task.
    pub async fn run(mut self) -> Result<()> {
        let outcome = contain(self.consume_until_stopped()).await;
        let partitions = self.assignment.partitions();
        let closed = contain(self.close(&partitions, true)).await;
        self.parts.chain.tell_dropped();
        let stopped = contain(self.parts.env.lend(self.parts.task.stop())).await;
        self.parts.consumer.close().await;
        if let Some(queue) = &self.parts.policy.reporters().dead_letters {
            queue.close(self.parts.flush_timeout).await;
        }
        if let Err(error) = stopped {
            tracing::warn!(error = format!("{error:#}"), "the task's stop failed");
        }
        outcome.and(closed)
    }

    async fn consume_until_stopped(&mut self) -> Result<()> {
        loop {
            match self.parts.token.signal() {
                Signal::Stop => return Ok(()),
                signal => self.follow(signal),
            }
            self.commit_when_due().await;
            self.apply_requests();
            match self.poll().await? {
                ConsumerEvent::Records(batches) => self.take(batches).await?,
                ConsumerEvent::Assigned(partitions) => self.open(partitions).await?,
                ConsumerEvent::Revoked(partitions, revocation) => self.revoke(partitions, revocation).await?,
                ConsumerEvent::Lost(partitions) => self.lose(&partitions).await?,
                ConsumerEvent::Idle => {}
            }
            if !self.assignment.partitions().is_empty() || !self.records.is_empty() {
                self.put().await?;
            }
            give_way().await;
        }
    }

    fn follow(&mut self, signal: Signal) {
        let pause = signal == Signal::Pause;
        if pause == self.is_paused {
            return;
        }
        self.is_paused = pause;
        let partitions = self.assignment.partitions();
        if pause {
            self.parts.consumer.pause(&partitions);
            // Parity: WorkerSinkTask commits soon after a pause, so that the offsets of a paused sink are current.
            self.commit_due = self.parts.env.clock().now();
        } else if !self.retrying {
            self.resume_unpaused();
        }
        (self.parts.paused)(pause);
    }

    /// Waits for the consumer, at most until a commit is due, the task's own limit, or a signal.
    async fn poll(&mut self) -> Result<ConsumerEvent> {
        let now = self.parts.env.clock().now();
        let mut limit = self.commit_due - now;
        if let Some(asked) = self.parts.requests.take_timeout() {
            limit = limit.min(asked);
        }
        let Sinking { token, consumer, requests, .. } = &mut self.parts;
        let changed = token.changed_from(if self.is_paused { Signal::Pause } else { Signal::Run });
        let mut poll = std::pin::pin!(consumer.poll(limit));
        tokio::select! {
            biased;
            _ = changed => {
                // The poll may have an event in its hands: it is not dropped.
                requests.interrupt();
                poll.await
            }
            event = &mut poll => event,
        }
    }

    fn apply_requests(&mut self) {
        for (partition, offset) in self.parts.requests.take_rewind() {
            if self.assignment.rewind(&partition, offset) {
                self.parts.consumer.seek(&partition, offset);
                // What waits to be put again from there on comes again.
                self.records.retain(|record| {
                    record.sink_origin().is_none_or(|origin| !is_of(origin, &partition) || origin.offset < offset)
                });
                self.next.entry(partition).and_modify(|next| *next = offset);
                self.end_retry_of_nothing();
            } else {
                tracing::warn!(%partition, offset, "the task asked for an offset of a partition it does not have");
            }
        }
        if let Some(paused) = self.parts.requests.take_pauses()
            && !self.is_paused
            && !self.retrying
        {
            self.resume_unpaused();
            self.parts.consumer.pause(&paused);
        }
    }

    /// Without records there is nothing to try again, and nothing to hold back the others for.
    pub(super) fn end_retry_of_nothing(&mut self) {
        if self.records.is_empty() && std::mem::take(&mut self.retrying) && !self.is_paused {
            self.resume_unpaused();
        }
    }

    /// Resumes every partition that the task itself has not paused.
    fn resume_unpaused(&mut self) {
        let paused = self.parts.requests.paused();
        let mut partitions = self.assignment.partitions();
        partitions.retain(|partition| !paused.contains(partition));
        self.parts.consumer.resume(&partitions);
    }

    /// Converts and transforms what was consumed.
    async fn take(&mut self, batches: Vec<PartitionRecords>) -> Result<()> {
        self.parts.probes.at(Step::Consumed).await?;
        // Converters and transforms are plug-ins too: one that blocks costs its thread and stalls no neighbour.
        let env = self.parts.env.clone();
        env.lend(self.convert(batches)).await?;
        if planted::acts(Bug::CommitBeforePut) {
            self.assignment.delivered(&self.next);
        }
        if let Some(queue) = &self.parts.policy.reporters().dead_letters {
            // At most one batch of letters waits for the queue.
            queue.settle(DEAD_LETTERS_AHEAD).await;
        }
        self.parts.probes.at(Step::Decoded).await
    }

    async fn convert(&mut self, batches: Vec<PartitionRecords>) -> Result<()> {
        for batch in batches {
            let partition = TopicPartition::new(batch.topic.clone(), batch.partition);
            if self.assignment.contains(&partition) {
                self.take_partition(partition, batch).await?;
            }
        }
        Ok(())
    }

    /// Failures are reported in the order of the records. Parity: a sink that fails in conversion puts none of the good
    /// records polled with the bad one.
    async fn take_partition(&mut self, partition: TopicPartition, batch: PartitionRecords) -> Result<()> {
        // What waits to be put again is transformed already.
        let mut taken = Vec::with_capacity(batch.records.len().min(TAKEN_AT_ONCE));
        self.records.reserve(batch.records.len());
        let mut last = None;
        for mut record in batch.records {
            let next = record.offset + 1;
            match self.parts.decoder.decode(&batch.topic, batch.partition, &mut record) {
                Ok(decoded) => {
                    if taken.is_empty() {
                        self.uses(&batch.topic);
                    }
                    taken.push(decoded);
                    if taken.len() == TAKEN_AT_ONCE {
                        self.transform(&mut taken).await?;
                    }
                }
                Err(failure) => {
                    self.transform(&mut taken).await?;
                    let parts = &mut self.parts;
                    let settled = parts.decoder.settle(&batch.topic, batch.partition, record, &parts.policy, failure);
                    if let Some(settled) = settled.await? {
                        self.uses(&batch.topic);
                        taken.push(settled);
                    }
                }
            }
            last = Some(next);
        }
        if let Some(next) = last {
            self.next.insert(partition, next);
        }
        self.transform(&mut taken).await
    }

    /// Parity: a topic counts once a record of it is converted, whatever becomes of the record.
    fn uses(&mut self, topic: &Arc<str>) {
        if let Some(topics) = &mut self.parts.topics {
            topics.uses(topic);
        }
    }

    async fn transform(&mut self, taken: &mut Vec<Record>) -> Result<()> {
        let parts = &mut self.parts;
        let fatal = parts.chain.apply(taken, &parts.policy, &mut |_| {}).await;
        self.records.append(taken);
        fatal.map_or(Ok(()), Err)
    }

    async fn open(&mut self, partitions: Vec<TopicPartition>) -> Result<()> {
        for partition in &partitions {
            let position = self.parts.consumer.position(partition).await?;
            self.assignment.assign(partition.clone(), position);
        }
        self.parts.requests.assigned(self.assignment.partitions());
        if self.is_paused || self.retrying {
            self.parts.consumer.pause(&partitions);
        }
        self.parts.env.lend(self.parts.task.open(&partitions)).await
    }

    async fn revoke(&mut self, partitions: Vec<TopicPartition>, revocation: Revocation) -> Result<()> {
        self.parts.probes.at(Step::Revoked).await?;
        let closed = self.close(&partitions, true).await;
        drop(revocation);
        closed
    }

    async fn lose(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.parts.reports.forget(partitions);
        self.close(partitions, false).await
    }

    /// Ends the work on partitions: pre-commit, close, commit, in this order; then they are forgotten.
    async fn close(&mut self, partitions: &[TopicPartition], commit: bool) -> Result<()> {
        let held: Vec<_> = partitions.iter().filter(|p| self.assignment.contains(p)).cloned().collect();
        if held.is_empty() {
            return Ok(());
        }
        self.records.retain(|record| {
            planted::acts(Bug::ClosedPartitionKept)
                || record.sink_origin().is_none_or(|origin| !held.iter().any(|partition| is_of(origin, partition)))
        });
        self.next.retain(|partition, _| !held.contains(partition));
        let commit = commit && !planted::acts(Bug::NoCommitAtClose);
        let durable = if commit { self.pre_commit(&held, true).await } else { None };
        let closed = self.parts.env.lend(self.parts.task.close(&held)).await;
        if let Some(offsets) = durable {
            self.commit(&offsets).await;
        }
        for partition in &held {
            self.assignment.remove(partition);
        }
        self.parts.requests.assigned(self.assignment.partitions());
        closed
    }
}

fn is_of(origin: &SinkOrigin, partition: &TopicPartition) -> bool {
    origin.partition == partition.partition && origin.topic == partition.topic
}

/// How many records are converted, then transformed, before the next are: few enough that a processor's cache holds them
/// from one step to the other.
const TAKEN_AT_ONCE: usize = 256;
