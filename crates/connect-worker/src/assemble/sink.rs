//! A sink task's run: dead letter queue, consumer, start, the loop.

use std::sync::Arc;

use connect_api::plugin::SinkPlugin;
use connect_api::sink::{ErrantRecordReporter, SinkTaskContext};
use connect_api::{Error, Result, Signal};
use connect_config::java_pattern::usable;
use connect_kafka::{Consumer, NewTopic};
use env::planted::{self, Bug};

use super::Blueprint;
use super::blueprint::config_error;
use crate::State;
use crate::errors::{DeadLetterQueue, DeadLetterSettings, Hints, Policy, Reporters, ToleranceType};
use crate::record::Decoder;
use crate::sink::{ErrantRecords, Reports, Requests, Runner, Sinking};
use crate::supervise::Run;

/// The most one task may have fetched and not yet let go of, a single larger batch aside.
const TASK_BYTES: usize = 16 << 20;

/// A task that is created paused says so and waits. False: it is to stop.
pub(super) async fn wait_while_paused(run: &Run) -> bool {
    if run.token.signal() == Signal::Pause {
        run.reporter.say(State::Paused);
        run.token.changed_from(Signal::Pause).await;
    }
    !run.token.is_stopping()
}

pub(super) async fn run(mut blueprint: Blueprint, plugin: Arc<dyn SinkPlugin>, run: Run) -> Result<()> {
    if !wait_while_paused(&run).await {
        return Ok(());
    }
    let env = blueprint.settings.env.clone();
    let tolerance = blueprint.tolerance();
    let configured = blueprint.connector.sink.as_ref().and_then(|sink| sink.dead_letter_queue.clone());
    let dead_letters = dead_letter_queue(&mut blueprint, &run, configured).await?;
    let reporters = Reporters { log: blueprint.log_reporter(), dead_letters };
    let consumer_config = blueprint.clients().sink_consumer(blueprint.id.task).map_err(config_error)?;
    let memory = Arc::new(blueprint.settings.budget.share(&env, TASK_BYTES));
    let mut consumer = blueprint.settings.clients.consumer(&consumer_config, memory)?;
    run.closers.add({
        let abandon = consumer.abandon();
        move || abandon()
    });
    run.reporter.made();
    subscribe(&mut *consumer, &blueprint)?;
    let requests = Arc::new(Requests::new(consumer.interrupt()));
    let reports = Reports::default();
    let errant: Option<Arc<dyn ErrantRecordReporter>> = reporters.any().then(|| {
        Arc::new(ErrantRecords::new(tolerance, reporters.clone(), reports.clone())) as Arc<dyn ErrantRecordReporter>
    });
    let context = SinkTaskContext {
        connector: blueprint.id.connector.clone(),
        task: blueprint.id.task,
        env: env.clone(),
        token: run.token.clone(),
        runtime: requests.clone(),
        errant_records: errant,
    };
    let mut task = plugin.task();
    env.lend(task.start(context, blueprint.task_config.clone())).await?;
    run.reporter.say(State::Running);
    tracing::info!("WorkerSinkTask{{id={}}} Sink task finished initialization and start", blueprint.id);
    let (alive, paused) = (run.reporter.clone(), run.reporter.clone());
    let topics = blueprint.topic_tracking(&run);
    let [key, value] = blueprint.facts;
    let hints = Hints::new(blueprint.id, key, value);
    let settings = blueprint.settings;
    let sinking = Sinking {
        env: env.clone(),
        token: run.token,
        consumer,
        task,
        decoder: Decoder::new(blueprint.converters),
        chain: blueprint.chain,
        policy: Policy::new(env, tolerance, reporters).with_hints(hints),
        requests,
        bisect: blueprint.connector.own.bisect_puts && tolerance.tolerance == ToleranceType::All,
        reports,
        flush_interval: settings.config.offset_flush_interval,
        flush_timeout: settings.config.offset_flush_timeout,
        alive: Arc::new(move || alive.is_alive()),
        paused: Arc::new(move |is_paused| paused.say(if is_paused { State::Paused } else { State::Running })),
        topics,
        probes: settings.probes,
    };
    Runner::new(sinking).run().await
}

/// To the listed topics, or to those that match `topics.regex`.
fn subscribe(consumer: &mut dyn Consumer, blueprint: &Blueprint) -> Result<()> {
    let Some(sink) = &blueprint.connector.sink else { return Ok(()) };
    let Some(pattern) = sink.topics_regex.clone().filter(|_| sink.topics.is_empty()) else {
        let topics: Vec<Arc<str>> = sink.topics.iter().map(|topic| topic.as_str().into()).collect();
        return consumer.subscribe(&topics);
    };
    let pattern = usable("topics.regex", &pattern).map_err(config_error)?;
    consumer.subscribe_matching(Arc::new(move |topic| {
        let rest = topic.split_once('-').filter(|_| planted::acts(Bug::PatternFoundInside));
        if rest.is_some_and(|(_, rest)| pattern.matches(rest).unwrap_or(false)) {
            return true;
        }
        pattern.matches(topic).unwrap_or_else(|error| {
            tracing::error!(topic, error = format!("{error:#}"), "the topic is not read");
            false
        })
    }))
}

/// Makes the topic if it is not there, and the producer.
pub(super) async fn dead_letter_queue(
    blueprint: &mut Blueprint,
    run: &Run,
    queue: Option<connect_config::connector::DeadLetterQueue>,
) -> Result<Option<Arc<DeadLetterQueue>>> {
    let Some(queue) = queue else { return Ok(None) };
    let settings = blueprint.settings.clone();
    let failed = |error: Error| {
        let text = format!("Could not initialize dead letter queue with topic={}", queue.topic);
        Error::connect(text).caused_by(error)
    };
    let admin_config = blueprint.clients().dead_letter_admin(blueprint.id.task).map_err(config_error)?;
    let admin = settings.clients.admin(&admin_config)?;
    if !admin.topic_exists(&queue.topic).await.map_err(failed)? {
        let topic = NewTopic {
            name: queue.topic.clone(),
            partitions: 1,
            replication_factor: queue.replication_factor,
            configs: Vec::new(),
        };
        admin.create_topic(&topic).await.map_err(failed)?;
    }
    admin.close().await;
    let producer_config = blueprint.clients().dead_letter_producer(blueprint.id.task).map_err(config_error)?;
    let producer = settings.clients.producer(&producer_config)?;
    let closed = producer.clone();
    run.closers.add(move || closed.close_now());
    let letters = DeadLetterSettings {
        topic: queue.topic.as_str().into(),
        context_headers: queue.context_headers,
        task: blueprint.id.clone(),
    };
    Ok(Some(DeadLetterQueue::start(&settings.env, letters, producer)))
}
