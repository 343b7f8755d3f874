//! A source task's run: start, the two halves, the end.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use connect_api::plugin::SourcePlugin;
use connect_api::source::{SourceHalves, SourceTaskContext};
use connect_api::{Error, Result, SourceOffset, SourcePartition};
use connect_kafka::Producer;
use connect_storage::offsets::{OffsetStore, StoredOffsets, encode_offset, encode_partition};
use env::Task;
use tokio::sync::mpsc;

use super::Blueprint;
use super::blueprint::config_error;
use crate::State;
use crate::errors::{DeadLetterQueue, Policy, Reporters};
use crate::record::Encoder;
use crate::source::{Acknowledging, Delivery, InFlight, OffsetWriter, Outbox, Reading, Runner, TopicCreation};
use crate::supervise::{Reporter, Run};

/// The most one task has in flight: several batches of a megabyte, which keeps a fast link busy; more only costs memory.
const TASK_BYTES: usize = 4 << 20;

/// Writes the offsets of one connector, as long as its task may act.
struct Writer {
    connector: Arc<str>,
    store: Arc<dyn OffsetStore>,
    reporter: Arc<Reporter>,
}

#[async_trait]
impl OffsetWriter for Writer {
    async fn write(&self, offsets: &[(SourcePartition, SourceOffset)]) -> Result<()> {
        let encode = |(partition, offset): &(SourcePartition, SourceOffset)| -> Result<(Bytes, Option<Bytes>)> {
            Ok((encode_partition(&self.connector, partition)?, Some(encode_offset(offset)?)))
        };
        let entries = offsets.iter().map(encode).collect::<Result<Vec<_>>>()?;
        if !self.reporter.is_alive() {
            return Err(Error::connect("the task was given up"));
        }
        self.store.set(entries).await
    }
}

/// Ends what runs beside the reading half when that ends, however it ends.
struct Beside {
    in_flight: InFlight,
    producer: Arc<dyn Producer>,
    acknowledging: Box<dyn Task>,
}

impl Drop for Beside {
    fn drop(&mut self) {
        close(&self.in_flight, &*self.producer);
        self.acknowledging.abort();
    }
}

/// Ends a producer at once. It reports its rows as failed; nobody must take that for a record that may be skipped.
fn close(in_flight: &InFlight, producer: &dyn Producer) {
    in_flight.lock().abandon();
    producer.close_now();
}

pub(super) async fn run(mut blueprint: Blueprint, plugin: Arc<dyn SourcePlugin>, run: Run) -> Result<()> {
    if !super::sink::wait_while_paused(&run).await {
        return Ok(());
    }
    let settings = blueprint.settings.clone();
    let env = settings.env.clone();
    let stored = Arc::new(StoredOffsets::new(blueprint.id.connector.clone(), settings.offsets.clone()));
    let closed = stored.clone();
    run.closers.add(move || closed.close());
    let context = SourceTaskContext {
        connector: blueprint.id.connector.clone(),
        task: blueprint.id.task,
        env: env.clone(),
        token: run.token.clone(),
        offsets: stored,
        defines_transactions: false,
    };
    let topics = topic_creation(&blueprint, &run)?;
    let configured = blueprint.connector.own.dead_letter_queue.clone();
    let letters = super::sink::dead_letter_queue(&mut blueprint, &run, configured).await?;
    let producer_config = blueprint.clients().source_producer(blueprint.id.task).map_err(config_error)?;
    let producer = settings.clients.producer(&producer_config)?;
    let closed = producer.clone();
    run.closers.add(move || closed.close_now());
    run.reporter.made();
    let task_config = blueprint.task_config.clone();
    let start = async { plugin.task().start(context, task_config).await };
    let halves = env.lend(start).await?;
    run.reporter.say(State::Running);
    tracing::info!("WorkerSourceTask{{id={}}} Source task finished initialization and start", blueprint.id);
    let ended = halves_run(blueprint, halves, producer, topics, letters.clone(), run).await;
    if let Some(queue) = letters {
        queue.close(settings.config.offset_flush_timeout).await;
    }
    ended
}

/// `None`: the connector has no rules, or the worker takes none.
fn topic_creation(blueprint: &Blueprint, run: &Run) -> Result<Option<TopicCreation>> {
    let Some(rules) = blueprint.topic_rules.clone() else { return Ok(None) };
    let config = blueprint.clients().topic_admin(blueprint.id.task).map_err(config_error)?;
    let admin = blueprint.settings.clients.admin(&config)?;
    Ok(Some(TopicCreation::new(blueprint.settings.env.clone(), run.token.clone(), admin, rules)))
}

async fn halves_run(
    blueprint: Blueprint,
    halves: SourceHalves,
    producer: Arc<dyn Producer>,
    topics: Option<TopicCreation>,
    letters: Option<Arc<DeadLetterQueue>>,
    run: Run,
) -> Result<()> {
    let settings = blueprint.settings.clone();
    let env = settings.env.clone();
    let SourceHalves { reader, acknowledger } = halves;
    let in_flight = InFlight::new(acknowledger.wants_records());
    let closed = (in_flight.clone(), producer.clone());
    run.closers.add(move || close(&closed.0, &*closed.1));
    let tolerance = blueprint.tolerance();
    let reporters = Reporters { log: blueprint.log_reporter(), dead_letters: letters.clone() };
    let acknowledging = Acknowledging {
        env: env.clone(),
        task: blueprint.id.clone(),
        producer: producer.clone(),
        in_flight: in_flight.clone(),
        acknowledger,
        offsets: Some(Arc::new(Writer {
            connector: blueprint.id.connector.clone(),
            store: settings.offsets.clone(),
            reporter: run.reporter.clone(),
        })),
        flush_interval: settings.config.offset_flush_interval,
        flush_timeout: settings.config.offset_flush_timeout,
        // By default both are the same, and a task that waits to the end is given up before it stores its offsets.
        finish_limit: settings.config.offset_flush_timeout.min(settings.config.task_shutdown_graceful_timeout * 4 / 5),
        tolerance: tolerance.tolerance,
        letters: letters.clone(),
        topics: blueprint.topic_tracking(&run),
        probes: settings.probes.clone(),
    };
    let (requests, inbox) = mpsc::channel(1);
    let name = format!("acknowledgements of task {}", blueprint.id);
    let acknowledging = env.work().spawn(&name, Box::pin(acknowledging.run(inbox)));
    let _beside = Beside { in_flight: in_flight.clone(), producer: producer.clone(), acknowledging };
    let reporter = run.reporter.clone();
    let budget = settings.budget.share(&env, TASK_BYTES);
    let reading = Reading {
        env: env.clone(),
        token: run.token,
        halt: run.halt,
        reader,
        chain: blueprint.chain,
        encoder: Encoder::new(blueprint.converters),
        policy: Policy::new(env.clone(), tolerance, reporters),
        outbox: Outbox { env, producer, in_flight, budget, topics, letters: letters.is_some() },
        delivery: Delivery::AtLeastOnce,
        acknowledging: requests,
        stop_limit: settings.config.task_shutdown_graceful_timeout,
        paused: Arc::new(move |paused| reporter.say(if paused { State::Paused } else { State::Running })),
        probes: settings.probes,
    };
    Runner::new(reading).run().await
}
