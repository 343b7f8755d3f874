//! The broker's machine: a broker that keeps its data when it is restarted, and the faults of its requests.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connect_kafka::{Clients, NativeClients, Row, Rows};
use env::Env;
use env_sim::SimHandle;
use kafka_broker::{Broker, BrokerConfig, Data, Fault, Faults, Handle, Request};
use kafka_client::admin::NewTopic;
use kafka_client::{Admin, AdminConfig};
use kafka_config::RawConfig;
use kafka_wire::{ApiKey, ErrorCode};

use super::checkers::Observer;
use super::dice::Dice;
use super::plan::Plan;
use super::tally::Tally;
use super::topics::{INTERNAL, INTERNAL_VALUE};
use super::world::BROKER;

/// What happens to requests for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// They are answered with an error.
    Refuse,
    /// The connection is closed.
    Drop,
    /// They are carried out, and the connection is closed.
    LoseAnswer,
    /// They wait.
    Late,
}

#[derive(Clone, Copy)]
struct Spell {
    weather: Weather,
    /// The only kind of request it is for.
    api: Option<ApiKey>,
    /// How many of a hundred.
    percent: u64,
}

/// The faults of the broker's requests; every request is a moment for the observer to look.
pub(crate) struct RequestFaults {
    dice: Dice,
    tally: Arc<Tally>,
    observer: Arc<Observer>,
    /// Whether what is produced may be refused for good. Where failures are tolerated that loses records, as in Java.
    for_good: bool,
    /// Only requests to append are refused, and not for good.
    sent_again: bool,
    spell: Mutex<Option<Spell>>,
    /// The request to make a topic that something happens to, and what.
    creation: Option<(u64, Weather)>,
    creations: AtomicU64,
    /// The history has begun.
    open: AtomicBool,
}

/// Requests whose loss or failure matters most.
const APIS: [ApiKey; 12] = [
    ApiKey::Produce,
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::Metadata,
    ApiKey::OffsetCommit,
    ApiKey::OffsetFetch,
    ApiKey::JoinGroup,
    ApiKey::SyncGroup,
    ApiKey::Heartbeat,
    ApiKey::FindCoordinator,
    ApiKey::ListOffsets,
    ApiKey::CreateTopics,
];

impl RequestFaults {
    pub(crate) fn new(sim: &SimHandle, tally: Arc<Tally>, observer: Arc<Observer>, plan: &Plan) -> Arc<Self> {
        Arc::new(Self {
            dice: Dice::new(sim),
            tally,
            observer,
            for_good: !plan.fates,
            sent_again: plan.sent_again,
            spell: Mutex::new(None),
            creation: plan.creation_fault,
            creations: AtomicU64::new(0),
            open: AtomicBool::new(false),
        })
    }

    /// From now on requests have this weather.
    pub(crate) fn begin(&self, weather: Weather) {
        let api =
            if self.sent_again { Some(ApiKey::Produce) } else { self.dice.percent(70).then(|| self.dice.pick(&APIS)) };
        let percent = self.dice.pick(&[10, 50, 100]);
        *self.spell.lock().unwrap() = Some(Spell { weather, api, percent });
    }

    /// The history begins.
    pub(crate) fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// From now on they pass.
    pub(crate) fn end(&self) {
        *self.spell.lock().unwrap() = None;
    }
}

impl Faults for RequestFaults {
    fn on_request(&self, request: &Request<'_>) -> Fault {
        self.observer.look();
        if request.api == ApiKey::Produce {
            self.observer.produce_from(request.peer);
        }
        if request.api == ApiKey::CreateTopics && self.open.load(Ordering::Relaxed) {
            let number = self.creations.fetch_add(1, Ordering::Relaxed);
            if let Some((_, weather)) = self.creation.filter(|(which, _)| *which == number) {
                self.tally.add(format!("request to make a topic: {weather:?}"));
                return self.fault(request.api, weather);
            }
        }
        let Some(spell) = *self.spell.lock().unwrap() else { return Fault::None };
        if spell.api.is_some_and(|api| api != request.api) || !self.dice.percent(spell.percent) {
            return Fault::None;
        }
        self.tally.add(format!("{:?} {:?}", request.api, spell.weather));
        self.fault(request.api, spell.weather)
    }
}

impl RequestFaults {
    fn fault(&self, api: ApiKey, weather: Weather) -> Fault {
        match weather {
            Weather::Refuse => refusals(api).map_or(Fault::None, |codes| {
                let code = self.dice.pick(codes);
                let of_producers = matches!(api, ApiKey::Produce | ApiKey::Metadata);
                if of_producers && !code.is_retriable() && (!self.for_good || self.sent_again) {
                    return Fault::None;
                }
                if self.sent_again {
                    self.tally.add("refused where all arrives once");
                }
                if api == ApiKey::Produce && !code.is_retriable() {
                    self.observer.producer_fails();
                }
                self.tally.add("request refused");
                Fault::Refuse(code)
            }),
            Weather::Drop => {
                self.tally.add("request dropped");
                Fault::Disconnect
            }
            Weather::LoseAnswer => {
                self.tally.add("answer lost");
                Fault::LoseAnswer
            }
            Weather::Late => {
                self.tally.add("request late");
                Fault::Delay(self.dice.millis(1..=4000))
            }
        }
    }
}

/// The errors with which Kafka answers such requests.
fn refusals(api: ApiKey) -> Option<&'static [ErrorCode]> {
    use ErrorCode::*;
    Some(match api {
        ApiKey::Produce => &[
            NotLeaderOrFollower,
            UnknownTopicOrPartition,
            LeaderNotAvailable,
            NotEnoughReplicas,
            NotEnoughReplicasAfterAppend,
            RequestTimedOut,
            KafkaStorageError,
            TopicAuthorizationFailed,
            InvalidRequiredAcks,
            UnknownServerError,
        ],
        ApiKey::Fetch => &[
            NotLeaderOrFollower,
            UnknownTopicOrPartition,
            OffsetOutOfRange,
            KafkaStorageError,
            FencedLeaderEpoch,
            UnknownLeaderEpoch,
            OffsetNotAvailable,
            TopicAuthorizationFailed,
            UnknownServerError,
        ],
        ApiKey::ListOffsets => &[NotLeaderOrFollower, UnknownTopicOrPartition, LeaderNotAvailable, KafkaStorageError],
        ApiKey::Metadata => &[LeaderNotAvailable, UnknownTopicOrPartition, TopicAuthorizationFailed],
        ApiKey::CreateTopics => &[
            NotController,
            RequestTimedOut,
            TopicAuthorizationFailed,
            ClusterAuthorizationFailed,
            PolicyViolation,
            ThrottlingQuotaExceeded,
            UnknownServerError,
        ],
        ApiKey::FindCoordinator => &[CoordinatorNotAvailable, CoordinatorLoadInProgress],
        ApiKey::JoinGroup => &[
            CoordinatorLoadInProgress,
            CoordinatorNotAvailable,
            NotCoordinator,
            UnknownMemberId,
            RebalanceInProgress,
            GroupAuthorizationFailed,
        ],
        ApiKey::SyncGroup => {
            &[CoordinatorNotAvailable, NotCoordinator, UnknownMemberId, IllegalGeneration, RebalanceInProgress]
        }
        ApiKey::Heartbeat => {
            &[CoordinatorNotAvailable, NotCoordinator, UnknownMemberId, IllegalGeneration, RebalanceInProgress]
        }
        ApiKey::OffsetCommit => &[
            CoordinatorLoadInProgress,
            CoordinatorNotAvailable,
            NotCoordinator,
            RequestTimedOut,
            UnknownTopicOrPartition,
            UnknownMemberId,
            IllegalGeneration,
            RebalanceInProgress,
            TopicAuthorizationFailed,
        ],
        ApiKey::OffsetFetch => {
            &[CoordinatorLoadInProgress, NotCoordinator, CoordinatorNotAvailable, UnstableOffsetCommit]
        }
        _ => return None,
    })
}

/// Where the broker keeps its data when it is on a disk.
pub(crate) const BROKER_FOLDER: &str = "/var/kafka";

/// How often a broker that cannot start is started again, every second.
const START_ATTEMPTS: usize = 60;

/// The broker's machine.
pub(crate) struct BrokerHost {
    sim: SimHandle,
    observer: Arc<Observer>,
    config: BrokerConfig,
    /// In memory; `None`: on a disk.
    data: Option<Data>,
    running: Option<Handle>,
    power_was_lost: bool,
}

impl BrokerHost {
    pub(crate) fn new(sim: &SimHandle, observer: Arc<Observer>, faults: Arc<RequestFaults>, plan: &Plan) -> Self {
        let mut config = BrokerConfig::new("0.0.0.0:9092".parse().expect("an address"));
        config.advertised_host = Some(BROKER.to_owned());
        match &plan.topics.rules {
            None => config.default_partitions = plan.topics.list[0].partitions,
            Some(rules) => {
                // No rule of the source gives so many: a topic that has them was made by somebody else.
                config.default_partitions = 5;
                config.auto_create_topics = rules.broker_makes_topics;
            }
        }
        config.max_batch_bytes = plan.max_batch_bytes;
        config.faults = Some(faults);
        if plan.broker_disk.is_some_and(|disk| disk.syncs_each) {
            config.log.flush_messages = 1;
        }
        let data = plan.broker_disk.is_none().then(Data::new);
        Self { sim: sim.clone(), observer, config, data, running: None, power_was_lost: false }
    }

    /// Starts the broker unless it runs.
    pub(crate) async fn start(&mut self) {
        for _ in 0..START_ATTEMPTS {
            if self.running.is_some() {
                return;
            }
            let env = self.sim.env_for(BROKER);
            match self.try_start(&env).await {
                Ok((handle, data)) => {
                    self.observer.broker_is_up(&data, std::mem::take(&mut self.power_was_lost));
                    self.running = Some(handle);
                }
                Err(error) => {
                    self.sim.trace(format_args!("the broker does not start: {error}"));
                    self.sim.kill(BROKER);
                    self.sim.env_for(WATCHER).sleep(Duration::from_secs(1)).await;
                }
            }
        }
        if self.running.is_none() {
            self.observer.violate("the broker does not start any more");
        }
    }

    /// Makes the topics that are there from the beginning, with small segments if they are to have them. Another one is
    /// made when somebody asks for it.
    pub(crate) async fn prepare(&self, plan: &Plan) {
        let segment_bytes = plan.broker_disk.and_then(|disk| disk.segment_bytes);
        let Some(topic) = plan.topics.list.first().filter(|_| plan.topics.rules.is_none()) else {
            for topic in plan.topics.list.iter().filter(|topic| topic.there) {
                self.create_topic(&topic.name, Some(topic.partitions), segment_bytes).await;
            }
            self.create_topic(INTERNAL, Some(1), None).await;
            return self.write_internal().await;
        };
        if segment_bytes.is_some() {
            self.create_topic(&topic.name, None, segment_bytes).await;
        }
    }

    /// Writes what no sink must get.
    async fn write_internal(&self) {
        let config = RawConfig::from([("bootstrap.servers", "broker:9092"), ("enable.idempotence", "false")]);
        let producer = NativeClients::new(self.sim.env_for(WATCHER)).producer(&config).expect("a sound configuration");
        let mut rows = Rows::new();
        rows.data_mut().extend_from_slice(INTERNAL_VALUE.as_bytes());
        let value = Some(0..rows.position());
        let (topic, headers) = (INTERNAL.into(), 0..rows.header_position());
        rows.push(Row { topic, partition: None, timestamp: None, key: None, value, headers });
        while producer.append(&rows, 0..1).expect("a sound record") == 0 {
            producer.ready().await.expect("nothing has failed yet");
        }
        producer.flush();
        producer.completions().await;
        producer.close(Duration::from_secs(1)).await;
    }

    /// Makes a topic.
    async fn create_topic(&self, name: &str, partitions: Option<i32>, segment_bytes: Option<u64>) {
        let env = self.sim.env_for(WATCHER);
        let config = AdminConfig::parse(&RawConfig::from([("bootstrap.servers", "broker:9092")]));
        let admin = Admin::new(env, config.expect("a sound configuration"));
        let topic = NewTopic {
            name: name.to_owned(),
            partitions,
            replication_factor: None,
            configs: segment_bytes
                .map(|bytes| ("internal.segment.bytes".to_owned(), bytes.to_string()))
                .into_iter()
                .collect(),
        };
        let created = admin.create_topics(std::slice::from_ref(&topic)).await.expect("nothing has failed yet");
        created[name].clone().expect("nothing has failed yet");
    }

    async fn try_start(&self, env: &Env) -> Result<(Handle, Data), String> {
        let data = match &self.data {
            Some(data) => data.clone(),
            None => Data::open(env, Path::new(BROKER_FOLDER)).map_err(|error| error.to_string())?,
        };
        let data = data.with_cluster_id("history");
        let handle = Broker::start_with(env, self.config.clone(), data.clone()).await;
        Ok((handle.map_err(|error| error.to_string())?, data))
    }

    /// Stops it in order.
    pub(crate) async fn stop(&mut self) {
        if let Some(handle) = self.running.take() {
            handle.stop().await;
            self.observer.look();
            self.observer.broker_is_down();
            self.sim.kill(BROKER);
        }
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        self.observer.look();
        self.observer.broker_is_down();
        self.sim.kill(BROKER);
        self.running = None;
    }

    /// Its machine loses power.
    pub(crate) fn lose_power(&mut self) {
        self.observer.look();
        self.observer.broker_is_down();
        self.sim.crash(BROKER);
        self.running = None;
        self.power_was_lost = true;
    }
}

/// A machine that only waits.
const WATCHER: &str = "watcher";
