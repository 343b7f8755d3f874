//! The broker's machine: a broker that keeps its data when it is restarted, and the faults of its requests.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use env::Env;
use env_sim::SimHandle;
use kafka_broker::{Broker, BrokerConfig, Data, Fault, Faults, Handle, Request};
use kafka_client::admin::NewTopic;
use kafka_client::{Admin, AdminConfig};
use kafka_config::RawConfig;
use kafka_wire::{ApiKey, ErrorCode};

use super::checkers::Observer;
use super::dice::Dice;
use super::plan::{Plan, TOPIC};
use super::tally::Tally;
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
    spell: Mutex<Option<Spell>>,
}

/// Requests whose loss or failure matters most.
const APIS: [ApiKey; 11] = [
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
];

impl RequestFaults {
    pub(crate) fn new(sim: &SimHandle, tally: Arc<Tally>, observer: Arc<Observer>, for_good: bool) -> Arc<Self> {
        Arc::new(Self { dice: Dice::new(sim), tally, observer, for_good, spell: Mutex::new(None) })
    }

    /// From now on requests have this weather.
    pub(crate) fn begin(&self, weather: Weather) {
        let api = self.dice.percent(70).then(|| self.dice.pick(&APIS));
        let percent = self.dice.pick(&[10, 50, 100]);
        *self.spell.lock().unwrap() = Some(Spell { weather, api, percent });
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
        let Some(spell) = *self.spell.lock().unwrap() else { return Fault::None };
        if spell.api.is_some_and(|api| api != request.api) || !self.dice.percent(spell.percent) {
            return Fault::None;
        }
        self.tally.add(format!("{:?} {:?}", request.api, spell.weather));
        match spell.weather {
            Weather::Refuse => refusals(request.api).map_or(Fault::None, |codes| {
                let code = self.dice.pick(codes);
                let of_producers = matches!(request.api, ApiKey::Produce | ApiKey::Metadata);
                if of_producers && !code.is_retriable() && !self.for_good {
                    return Fault::None;
                }
                if request.api == ApiKey::Produce && !code.is_retriable() {
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
        config.default_partitions = plan.partitions;
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

    /// Makes the topic with small segments; without it, it is made when somebody asks for it.
    pub(crate) async fn create_topic(&self, segment_bytes: u64) {
        let env = self.sim.env_for(WATCHER);
        let config = AdminConfig::parse(&RawConfig::from([("bootstrap.servers", "broker:9092")]));
        let admin = Admin::new(env, config.expect("a sound configuration"));
        let topic = NewTopic {
            name: TOPIC.to_owned(),
            partitions: None,
            replication_factor: None,
            configs: [("internal.segment.bytes".to_owned(), segment_bytes.to_string())].into(),
        };
        let created = admin.create_topics(std::slice::from_ref(&topic)).await.expect("nothing has failed yet");
        created[TOPIC].clone().expect("nothing has failed yet");
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
