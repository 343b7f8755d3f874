//! Somebody else in the sink's consumer group: takes its share of the partitions for a while.

use std::sync::Arc;
use std::time::Duration;

use connect_api::sink::{Offsets, TopicPartition};
use connect_kafka::{Clients, Consumer, ConsumerEvent, NativeClients};
use connect_worker::Budget;
use env::{Env, Task};
use env_sim::SimHandle;
use kafka_config::RawConfig;
use tokio::sync::Notify;

use super::checkers::Observer;
use super::plan::{GROUP, Plan, TOPIC};

const HOST: &str = "outsider";

/// The outsider's machine.
pub(crate) struct Outsider {
    sim: SimHandle,
    observer: Arc<Observer>,
    commits: bool,
    topics: RawConfig,
    running: Option<(Arc<Notify>, Box<dyn Task>)>,
}

impl Outsider {
    pub(crate) fn new(sim: &SimHandle, observer: Arc<Observer>, plan: &Plan) -> Self {
        let mut topics = RawConfig::new();
        plan.topics.add_to_sink(&mut topics);
        Self { sim: sim.clone(), observer, commits: plan.outsider_commits, topics, running: None }
    }

    pub(crate) fn is_in(&self) -> bool {
        self.running.is_some()
    }

    /// Joins the group.
    pub(crate) fn join(&mut self) {
        let env = self.sim.env_for(HOST);
        let leave = Arc::new(Notify::new());
        let member = Member {
            env: env.clone(),
            observer: self.observer.clone(),
            commits: self.commits,
            matching: self.topics.contains_key("topics.regex"),
            leave: leave.clone(),
        };
        let task = env.work().spawn("outsider", Box::pin(member.run()));
        self.running = Some((leave, task));
    }

    /// Leaves the group in order; completes when it has left.
    pub(crate) async fn leave(&mut self, own: &Env) {
        let Some((leave, task)) = self.running.take() else { return };
        leave.notify_one();
        if own.timeout(Duration::from_secs(120), task.join()).await.is_err() {
            self.observer.violate("a consumer does not close");
        }
        self.sim.kill(HOST);
    }

    /// Is gone without a word.
    pub(crate) fn die(&mut self) {
        if self.running.take().is_some() {
            self.sim.kill(HOST);
        }
    }
}

struct Member {
    env: Env,
    observer: Arc<Observer>,
    commits: bool,
    /// Takes the topics that match, as the sink does.
    matching: bool,
    leave: Arc<Notify>,
}

impl Member {
    async fn run(self) {
        let config = RawConfig::from([
            ("bootstrap.servers", "broker:9092"),
            ("group.id", GROUP),
            ("client.id", "outsider"),
            ("enable.auto.commit", "false"),
            ("auto.offset.reset", "earliest"),
            ("session.timeout.ms", "6000"),
            ("heartbeat.interval.ms", "1000"),
            ("metadata.max.age.ms", if self.matching { "2000" } else { "300000" }),
        ]);
        let clients = NativeClients::new(self.env.clone());
        let memory = Arc::new(Budget::new(1 << 20).share(&self.env, 1 << 20));
        let mut consumer = clients.consumer(&config, memory).expect("a sound configuration");
        let subscribed = if self.matching {
            consumer.subscribe_matching(Arc::new(|topic| topic.starts_with("lines-")))
        } else {
            consumer.subscribe(&[TOPIC.into()])
        };
        subscribed.expect("nothing has failed yet");
        loop {
            let event = tokio::select! {
                biased;
                () = self.leave.notified() => break,
                event = consumer.poll(Duration::from_secs(1)) => event,
            };
            match event {
                Ok(ConsumerEvent::Records(batches)) => self.take(&mut *consumer, batches).await,
                Ok(_) => {}
                Err(_) => {
                    // As a task that has failed: it is gone until somebody lets it join again.
                    self.leave.notified().await;
                    break;
                }
            }
        }
        consumer.close().await;
    }

    async fn take(&self, consumer: &mut dyn Consumer, batches: Vec<connect_kafka::PartitionRecords>) {
        if !self.commits {
            return;
        }
        let mut next = Offsets::new();
        for batch in batches {
            for record in batch.records {
                self.observer.delivered_elsewhere(record.raw.value().map_or(&[][..], |value| value));
                next.insert(TopicPartition::new(batch.topic.clone(), batch.partition), record.offset + 1);
            }
        }
        // A commit that fails has the records delivered again, here or there.
        let _ = consumer.commit(&next).await;
    }
}
