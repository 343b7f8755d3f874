//! The task that sends batches and hands their outcomes back.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use env::BoxFuture;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use indexmap::IndexMap;
use kafka_wire::StrBytes;
use kafka_wire::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_wire::messages::produce_response::PartitionProduceResponse;
use kafka_wire::messages::{ProduceRequest, ProduceResponse, TopicName};

use super::batch::Body;
use super::client::Inner;
use super::drain::{Capacity, Drained, Shipment};
use super::outcome::{self, Outcome, Refused, Stored};
use crate::config::{Acks, ProducerConfig};
use crate::error::ClientError;
use crate::net::{Connection, Link};

/// What the sender waits for.
enum Done {
    /// A request to this broker was answered, or was not.
    Produced(i32, Vec<Outcome>),
    /// The attempt to connect to this broker is over.
    Connected(i32, Result<(), ClientError>),
}

/// What goes on with a broker.
#[derive(Default)]
struct Traffic {
    in_flight: usize,
    connecting: bool,
}

/// The sender of one producer.
pub(super) struct Sender {
    producer: Arc<Inner>,
    traffic: BTreeMap<i32, Traffic>,
    pending: FuturesUnordered<BoxFuture<'static, Done>>,
}

impl Sender {
    pub(super) fn new(producer: Arc<Inner>) -> Self {
        Self { producer, traffic: BTreeMap::new(), pending: FuturesUnordered::new() }
    }

    /// Runs until the producer is closing and nothing is left to report.
    pub(super) async fn run(mut self) {
        let mut changes = self.producer.cluster.changes();
        loop {
            let drained = self.drain();
            self.act_on(&drained);
            let look_again = drained.look_again;
            self.send(drained);
            if self.is_done() {
                return;
            }
            let clock = self.producer.env.clock();
            tokio::select! {
                biased;
                Some(done) = self.pending.next(), if !self.pending.is_empty() => self.take(done),
                () = self.producer.wake.notified() => {}
                _ = changes.changed() => self.producer.apply_metadata(),
                () = async {
                    match look_again {
                        Some(at) => clock.sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                } => {}
            }
        }
    }

    fn is_done(&self) -> bool {
        let state = self.producer.state.lock();
        state.closing && state.outstanding == 0 && self.pending.is_empty()
    }

    fn drain(&self) -> Drained {
        let snapshot = self.producer.cluster.snapshot();
        let cluster = &self.producer.cluster;
        let capacity = |broker: i32| {
            let traffic = self.traffic.get(&broker);
            if traffic.is_some_and(|traffic| traffic.connecting) {
                return Capacity::Busy;
            }
            if traffic.is_some_and(|traffic| traffic.in_flight >= self.producer.config.max_in_flight) {
                return Capacity::Busy;
            }
            match snapshot.brokers.get(&broker) {
                Some(address) if cluster.link(address).live().is_some() => Capacity::Free,
                _ => Capacity::Unconnected,
            }
        };
        self.producer.state.lock().drain(self.producer.env.clock().now(), &capacity)
    }

    fn act_on(&mut self, drained: &Drained) {
        if drained.completed {
            self.producer.progress.notify_waiters();
        }
        let mut stale = drained.leaderless;
        let snapshot = self.producer.cluster.snapshot();
        for broker in &drained.unconnected {
            let Some(address) = snapshot.brokers.get(broker) else {
                stale = true;
                continue;
            };
            let link = self.producer.cluster.link(address);
            self.traffic.entry(*broker).or_default().connecting = true;
            self.pending.push(Box::pin(connect(*broker, link)));
        }
        if stale {
            self.producer.ask_for_metadata();
        }
    }

    fn send(&mut self, drained: Drained) {
        let snapshot = self.producer.cluster.snapshot();
        for (broker, shipments) in drained.requests {
            self.traffic.entry(broker).or_default().in_flight += 1;
            let link = snapshot.brokers.get(&broker).map(|address| self.producer.cluster.link(address));
            let config = self.producer.config.clone();
            self.pending.push(Box::pin(async move { Done::Produced(broker, produce(link, &config, shipments).await) }));
        }
    }

    fn take(&mut self, done: Done) {
        match done {
            Done::Connected(broker, result) => {
                self.traffic.entry(broker).or_default().connecting = false;
                if result.is_err() {
                    self.producer.ask_for_metadata();
                }
            }
            Done::Produced(broker, outcomes) => {
                self.traffic.entry(broker).or_default().in_flight -= 1;
                let env = &self.producer.env;
                let stale = {
                    let mut state = self.producer.state.lock();
                    let now = env.clock().now();
                    outcomes
                        .into_iter()
                        .map(|outcome| state.settle(outcome, now, env.random()))
                        .filter(|stale| *stale)
                        .count()
                        > 0
                };
                self.producer.progress.notify_waiters();
                if stale {
                    self.producer.ask_for_metadata();
                }
            }
        }
    }
}

async fn connect(broker: i32, link: Arc<Link>) -> Done {
    Done::Connected(broker, link.connection().await.map(drop))
}

/// Sends batches to one broker; what became of each.
async fn produce(link: Option<Arc<Link>>, config: &ProducerConfig, shipments: Vec<Shipment>) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(shipments.len());
    let mut sealed = Vec::with_capacity(shipments.len());
    for Shipment { to, body, size } in shipments {
        let bytes = match body {
            Body::Sealed(bytes) => Ok(bytes),
            Body::Open(builder) => builder.finish(None, false),
        };
        match bytes {
            Ok(bytes) => sealed.push((to, bytes, size)),
            Err(error) => {
                outcomes.push(Outcome { to, bytes: None, size, result: Err(ClientError::from(error).into()) })
            }
        }
    }
    if sealed.is_empty() {
        return outcomes;
    }
    let mut by_topic: IndexMap<Arc<str>, Vec<(i32, Bytes)>> = IndexMap::new();
    for (to, bytes, _) in &sealed {
        by_topic.entry(to.topic.clone()).or_default().push((to.partition, bytes.clone()));
    }
    let answer = match link.and_then(|link| link.live()) {
        Some(connection) => exchange(&connection, config, by_topic).await,
        None => Err(ClientError::Disconnected { broker: "the leader".into(), reason: "there is no connection".into() }),
    };
    let answers = answer.map(Answers::from_response);
    for (to, bytes, size) in sealed {
        let result = match &answers {
            Ok(answers) => answers.result(&to.topic, to.partition),
            Err(error) => Err(error.clone().into()),
        };
        outcomes.push(Outcome { to, bytes: Some(bytes), size, result });
    }
    outcomes
}

/// The exchange itself; without acknowledgements there is no answer.
async fn exchange(
    connection: &Connection,
    config: &ProducerConfig,
    by_topic: IndexMap<Arc<str>, Vec<(i32, Bytes)>>,
) -> Result<Option<ProduceResponse>, ClientError> {
    let topics = by_topic.into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter();
        let data = partitions
            .map(|(index, bytes)| PartitionProduceData::default().with_index(index).with_records(Some(bytes)));
        TopicProduceData::default()
            .with_name(TopicName(StrBytes::from_string(name.to_string())))
            .with_partition_data(data.collect())
    });
    let timeout = config.client.request_timeout;
    let request = ProduceRequest::default()
        .with_acks(config.acks.wire())
        .with_timeout_ms(i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX))
        .with_topic_data(topics.collect());
    let version = connection.version::<ProduceRequest>()?;
    let answered = config.acks != Acks::None;
    let pending = connection.submit_with(version, &request, timeout, answered).await?;
    // The request was encoded: its batches need not be held by it any longer.
    drop(request);
    if answered { pending.answer().await.map(Some) } else { pending.written().await.map(|()| None) }
}

/// The partitions' answers.
enum Answers {
    /// The broker was not to answer.
    Unasked,
    Given(BTreeMap<String, Vec<PartitionProduceResponse>>),
}

impl Answers {
    fn from_response(response: Option<ProduceResponse>) -> Self {
        let Some(response) = response else { return Answers::Unasked };
        let topics = response.responses.into_iter();
        Answers::Given(topics.map(|topic| (topic.name.0.to_string(), topic.partition_responses)).collect())
    }

    fn result(&self, topic: &str, partition: i32) -> Result<Stored, Refused> {
        match self {
            Answers::Unasked => Ok(Stored { base_offset: -1, log_append_time: None }),
            Answers::Given(topics) => {
                let partitions = topics.get(topic).map(Vec::as_slice).unwrap_or_default();
                match partitions.iter().find(|each| each.index == partition) {
                    Some(response) => outcome::read(topic, response),
                    // Whether the batch is stored is not known: as if the connection had been lost.
                    None => Err(Refused::from(ClientError::Disconnected {
                        broker: "the leader".into(),
                        reason: format!("its answer does not name {topic}-{partition}").into(),
                    })),
                }
            }
        }
    }
}
