//! What a history is made of: drawn from its seed before it begins.

use std::collections::BTreeSet;
use std::time::Duration;

use connect_worker::probe::Step;
use env_sim::{Action, FaultPlan};
use kafka_config::RawConfig;

use super::broker::Weather;
use super::dice::Dice;
use super::topics::Topics;

/// The topic between source and sink.
pub(crate) const TOPIC: &str = "lines";
/// The sink's dead letter queue.
pub(crate) const QUEUE: &str = "bad-lines";
/// The source's dead letter queue.
pub(crate) const SOURCE_QUEUE: &str = "bad-source-lines";
/// The file that is read.
pub(crate) const SOURCE_FILE: &str = "/data/source.txt";
/// The file that is written.
pub(crate) const SINK_FILE: &str = "/out/sink.txt";
/// The offsets of the source.
pub(crate) const OFFSET_FILE: &str = "/var/moldau/connect.offsets";
/// The source connector.
pub(crate) const SOURCE: &str = "file-source";
/// The sink connector.
pub(crate) const SINK: &str = "file-sink";
/// The sink's consumer group.
pub(crate) const GROUP: &str = "connect-file-sink";

/// Something that is done to the system while it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Accident {
    /// Open connections of the worker are reset.
    ConnectionsCut,
    /// A connection is reset in the middle of an answer.
    AnswerCutShort,
    /// Nothing passes between worker and broker, connections stay open.
    NetworkSilent,
    /// What one of the two writes takes longer.
    NetworkSlow,
    /// The broker's machine refuses connections.
    ConnectionsRefused,
    /// Some writes are late, some are the last of their connection, some attempts to connect are refused.
    NetworkShaky,
    /// Requests of one kind are refused with an error of the protocol.
    RequestsRefused,
    /// Requests are answered by closing the connection, not carried out.
    RequestsDropped,
    /// Requests are carried out, the answer is lost.
    AnswersLost,
    /// Requests are carried out late.
    RequestsLate,
    /// The broker stops in order and comes back.
    BrokerRestarted,
    /// The broker is killed and comes back.
    BrokerKilled,
    /// The broker's machine loses power; what was acknowledged must be there when it comes back.
    BrokerPowerLost,
    /// An operation on the broker's disk fails; then the broker is killed and comes back.
    BrokerDiskFails,
    /// Hardly a byte fits on the broker's disk.
    BrokerDiskFull,
    /// The broker's disk is slow.
    BrokerDiskSlow,
    /// `kill -9` of the worker.
    WorkerKilled,
    /// The worker's machine loses power.
    PowerLost,
    /// The worker is told to stop, stops, and is started again.
    WorkerRestarted,
    /// No byte fits on the worker's disk.
    DiskFull,
    /// The worker's disk is slow.
    DiskSlow,
    /// An operation on the offset file fails.
    OffsetFileFails,
    /// An operation on the sink's file fails.
    SinkFileFails,
    /// The wall clock jumps.
    ClockStepped,
    /// A connector is restarted with its tasks.
    ConnectorRestarted,
    /// A task is restarted.
    TaskRestarted,
    /// A connector is paused, later resumed.
    ConnectorPaused,
    /// A connector is stopped, later resumed.
    ConnectorStopped,
    /// A connector gets another configuration.
    ConnectorChanged,
    /// A connector is removed and made again.
    ConnectorRecreated,
    /// A consumer of somebody else joins the sink's group.
    OutsiderJoins,
    /// It leaves.
    OutsiderLeaves,
    /// It dies.
    OutsiderDies,
}

impl Accident {
    /// Those after which every record still arrives exactly once.
    pub(crate) const HARMLESS: [Accident; 11] = [
        Accident::WorkerRestarted,
        Accident::DiskSlow,
        Accident::ClockStepped,
        Accident::ConnectorRestarted,
        Accident::TaskRestarted,
        Accident::ConnectorPaused,
        Accident::ConnectorStopped,
        Accident::ConnectorChanged,
        Accident::ConnectorRecreated,
        Accident::OutsiderJoins,
        Accident::OutsiderLeaves,
    ];

    /// The others.
    pub(crate) const HARMFUL: [Accident; 22] = [
        Accident::ConnectionsCut,
        Accident::AnswerCutShort,
        Accident::NetworkSilent,
        Accident::NetworkSlow,
        Accident::ConnectionsRefused,
        Accident::NetworkShaky,
        Accident::RequestsRefused,
        Accident::RequestsDropped,
        Accident::AnswersLost,
        Accident::RequestsLate,
        Accident::BrokerRestarted,
        Accident::BrokerKilled,
        Accident::BrokerPowerLost,
        Accident::BrokerDiskFails,
        Accident::BrokerDiskFull,
        Accident::BrokerDiskSlow,
        Accident::WorkerKilled,
        Accident::PowerLost,
        Accident::DiskFull,
        Accident::OffsetFileFails,
        Accident::SinkFileFails,
        Accident::OutsiderDies,
    ];

    /// Whether a request may reach the broker after the one who sent it is gone.
    fn lets_requests_linger(self) -> bool {
        matches!(
            self,
            Accident::NetworkSilent | Accident::NetworkSlow | Accident::NetworkShaky | Accident::RequestsLate
        )
    }
}

/// A broker whose data is on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BrokerDisk {
    /// Whether everything is durable before it is acknowledged; if not, its power is not lost.
    pub(crate) syncs_each: bool,
    /// The size of the topic's segments; `None`: they never end.
    pub(crate) segment_bytes: Option<u64>,
}

/// What the sink is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SinkKind {
    /// FileStreamSink.
    File,
    /// One around it that gathers records until it is flushed, and fails at times.
    Unsteady,
}

/// A history.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Nothing harmful happens: every record arrives exactly once.
    pub(crate) calm: bool,
    /// In a calm history, requests to append are refused all the same, with errors after which they are sent again.
    pub(crate) sent_again: bool,
    /// What may happen.
    pub(crate) accidents: Vec<Accident>,
    /// Whether requests may reach the broker after the one who sent them is gone.
    pub(crate) lingering: bool,
    /// Failpoints with a plan, and one fixed hit.
    pub(crate) failpoints: Vec<(String, FaultPlan)>,
    pub(crate) fixed: Option<(String, u64, Action)>,
    /// Where the lines go.
    pub(crate) topics: Topics,
    /// What happens to one request of the source to make a topic: to which one, and what.
    pub(crate) creation_fault: Option<(u64, Weather)>,
    /// The largest batch that the broker takes; every single line fits.
    pub(crate) max_batch_bytes: usize,
    /// The broker's disk; `None`: in memory.
    pub(crate) broker_disk: Option<BrokerDisk>,
    /// What writes.
    pub(crate) sink: SinkKind,
    /// Whether lines are dropped and refused on the way, and bad ones go to a dead letter queue.
    pub(crate) fates: bool,
    /// Whether what has failed is restarted by the worker instead of by the operator.
    pub(crate) own_restarts: bool,
    /// `tasks.max` of the sink.
    pub(crate) sink_tasks: u64,
    /// Whether values are JSON, and with a schema.
    pub(crate) json: Option<bool>,
    /// Lines of the source file.
    pub(crate) lines: usize,
    /// Steps of the test body while accidents happen.
    pub(crate) steps: u64,
    /// How long the supervisor waits before it starts an ended worker again.
    pub(crate) restart_delay: Duration,
    /// Whether the source's file is there from the beginning.
    pub(crate) file_at_start: bool,
    /// Whether the outsider commits what it gets.
    pub(crate) outsider_commits: bool,
    /// The worker's properties.
    pub(crate) worker: RawConfig,
    /// `batch.size` of the source.
    pub(crate) batch_size: u64,
}

impl Plan {
    /// Draws a history.
    pub(crate) fn draw(dice: &Dice) -> Self {
        let calm = dice.percent(15);
        let mut accidents: Vec<_> = Accident::HARMLESS.into_iter().filter(|_| dice.percent(40)).collect();
        if dice.percent(25) {
            // Many rebalances.
            accidents.extend([Accident::OutsiderJoins, Accident::OutsiderLeaves]);
        }
        if !calm {
            accidents.extend(Accident::HARMFUL.into_iter().filter(|_| dice.percent(30)));
            if dice.percent(40) {
                accidents.retain(|accident| !accident.lets_requests_linger());
            }
        }
        let sent_again = calm && dice.percent(50);
        if sent_again {
            // What ends a task that has to send again may have lines come twice; so may a letter that keeps its sink waiting.
            accidents = vec![Accident::DiskSlow, Accident::ClockStepped, Accident::RequestsRefused];
        }
        let sink = if calm || dice.percent(60) { SinkKind::File } else { SinkKind::Unsteady };
        let (failpoints, fixed) = if calm { (Vec::new(), None) } else { interference(dice, sink) };
        if failpoints.iter().any(|(point, _)| *point == failpoint(Step::Revoked)) {
            accidents.extend([Accident::OutsiderJoins, Accident::OutsiderLeaves]);
        }
        let fates = dice.percent(45) && !sent_again;
        let topics = if dice.percent(35) { Topics::several(dice) } else { Topics::one(dice.within(1..=3) as i32) };
        let creation_fault = (topics.rules.is_some() && !calm && dice.percent(60)).then(|| {
            let weather =
                dice.pick(&[Weather::Refuse, Weather::Refuse, Weather::LoseAnswer, Weather::Drop, Weather::Late]);
            (dice.below(6), weather)
        });
        let broker_disk = dice.percent(60).then(|| BrokerDisk {
            syncs_each: dice.percent(70),
            segment_bytes: [None, Some(1000), Some(20_000)][dice.below(3) as usize],
        });
        accidents.retain(|accident| match accident {
            Accident::BrokerPowerLost => broker_disk.is_some_and(|disk| disk.syncs_each),
            Accident::BrokerDiskFails | Accident::BrokerDiskFull | Accident::BrokerDiskSlow => broker_disk.is_some(),
            _ => true,
        });
        Self {
            calm,
            sent_again,
            lingering: accidents.iter().any(|accident| accident.lets_requests_linger()),
            accidents,
            failpoints,
            fixed,
            creation_fault,
            broker_disk,
            // A letter that the broker takes in no batch is lost, as in Java; a line with its headers may be that large.
            max_batch_bytes: dice.pick(&[if fates { 2_500 } else { 700 }, 1_048_588, 1_048_588]) as usize,
            sink,
            fates,
            own_restarts: dice.percent(40),
            sink_tasks: dice.within(1..=2),
            json: if dice.percent(60) { Some(dice.percent(50)) } else { None },
            lines: dice.within(20..=300) as usize,
            steps: dice.within(40..=250),
            restart_delay: dice.millis(300..=3000),
            file_at_start: dice.percent(70),
            outsider_commits: calm || dice.percent(70),
            worker: worker(dice, topics.rules.is_some()),
            topics,
            batch_size: dice.pick(&[1, 3, 10, 2000]),
        }
    }

    /// The source's configuration.
    pub(crate) fn source_config(&self, batch_size: u64) -> RawConfig {
        let mut raw = RawConfig::from([
            ("name", SOURCE.to_owned()),
            ("connector.class", "FileStreamSource".to_owned()),
            ("tasks.max", "1".to_owned()),
            ("file", SOURCE_FILE.to_owned()),
            ("topic", TOPIC.to_owned()),
            ("batch.size", batch_size.to_string()),
        ]);
        self.add_restarts(&mut raw);
        if self.fates {
            raw.insert("topic", format!("raw-{TOPIC}"));
            super::fates::source_lines(SOURCE_QUEUE).into_iter().for_each(|(key, value)| raw.insert(key, value));
        }
        self.topics.add_to_source(&mut raw);
        raw
    }

    fn add_restarts(&self, raw: &mut RawConfig) {
        if self.own_restarts {
            raw.insert("moldau.restart.max.attempts", "1000");
            raw.insert("moldau.restart.backoff.ms", "100");
            raw.insert("moldau.restart.backoff.max.ms", "4000");
        }
    }

    /// The sink's configuration.
    pub(crate) fn sink_config(&self, tasks: u64) -> RawConfig {
        let class = match self.sink {
            SinkKind::File => "FileStreamSink",
            SinkKind::Unsteady => super::plugins::CLASS,
        };
        let mut raw = RawConfig::from([
            ("name", SINK.to_owned()),
            ("connector.class", class.to_owned()),
            ("tasks.max", tasks.to_string()),
            ("file", SINK_FILE.to_owned()),
        ]);
        self.topics.add_to_sink(&mut raw);
        self.add_restarts(&mut raw);
        if self.fates {
            super::fates::sink_lines(self.json, QUEUE).into_iter().for_each(|(key, value)| raw.insert(key, value));
        }
        raw
    }

    /// The properties of the connectors that the configuration does not vary.
    pub(crate) fn properties(&self) -> RawConfig {
        let mut raw = self.worker.clone();
        raw.insert("bootstrap.servers", "broker:9092");
        raw.insert("offset.storage.file.filename", OFFSET_FILE);
        raw.insert("key.converter", "org.apache.kafka.connect.storage.StringConverter");
        match self.json {
            None => raw.insert("value.converter", "org.apache.kafka.connect.storage.StringConverter"),
            Some(schemas) => {
                raw.insert("value.converter", "org.apache.kafka.connect.json.JsonConverter");
                raw.insert("value.converter.schemas.enable", schemas.to_string());
            }
        }
        raw
    }
}

/// The name of the failpoint at a step.
pub(crate) fn failpoint(step: Step) -> String {
    format!("step {step:?}")
}

/// How often a step is reached in a history, more or less.
fn usual_hits(step: Step) -> u64 {
    match step {
        Step::Revoked => 1,
        Step::PreCommitted | Step::Committed | Step::OffsetsTaken | Step::OffsetsStored => 5,
        Step::Polled | Step::Converted | Step::Appended | Step::Acknowledged => 30,
        Step::Consumed | Step::Decoded | Step::Put => 60,
    }
}

/// Which failpoints act, and how; at most one kills at a hit fixed beforehand.
fn interference(dice: &Dice, sink: SinkKind) -> (Vec<(String, FaultPlan)>, Option<(String, u64, Action)>) {
    let mut chosen = BTreeSet::new();
    for _ in 0..dice.below(5) {
        chosen.insert(dice.pick(&Step::ALL));
    }
    if dice.percent(15) {
        chosen.insert(Step::Revoked);
    }
    let plan = |step: Step| {
        let chance = |most: f64| {
            let chance = most * dice.within(1..=100) as f64 / 100.0 / usual_hits(step) as f64;
            if dice.percent(50) { chance.min(0.3) } else { 0.0 }
        };
        FaultPlan { error: chance(2.0), crash: chance(1.0), delay: chance(3.0), longest_delay: dice.millis(1..=8000) }
    };
    let mut plans: Vec<_> = chosen.into_iter().map(|step| (failpoint(step), plan(step))).collect();
    if sink == SinkKind::Unsteady {
        for (point, most) in [(super::plugins::PUT, 40), (super::plugins::FLUSH, 60)] {
            let error = dice.below(most) as f64 / 100.0;
            let delay = if dice.percent(40) { dice.within(1..=5) as f64 / 100.0 } else { 0.0 };
            let longest_delay = dice.millis(10..=20_000);
            plans.push((point.to_owned(), FaultPlan { error, delay, longest_delay, ..FaultPlan::default() }));
        }
    }
    let fixed = dice.percent(50).then(|| {
        let action = if dice.percent(75) { Action::Crash } else { Action::Error };
        let step = dice.pick(&Step::ALL);
        (failpoint(step), dice.within(1..=usual_hits(step)), action)
    });
    (plans, fixed)
}

fn worker(dice: &Dice, new_topics: bool) -> RawConfig {
    let heartbeat = dice.pick(&[500, 2000]);
    let mut raw = RawConfig::new();
    let mut set = |key: &str, value: &dyn std::fmt::Display| raw.insert(key, value.to_string());
    set("offset.flush.interval.ms", &dice.pick(&[100, 500, 2000, 5000]));
    set("offset.flush.timeout.ms", &dice.pick(&[500, 2000, 5000]));
    set("task.shutdown.graceful.timeout.ms", &dice.pick(&[1000, 5000]));
    set("metadata.max.age.ms", &dice.pick(&[1000, 300_000]));
    set("producer.metadata.max.age.ms", &dice.pick(&[1000, 300_000]));
    set("producer.request.timeout.ms", &dice.pick(&[1000, 30_000]));
    set("producer.linger.ms", &dice.pick(&[0, 5, 100]));
    set("producer.batch.size", &dice.pick(&[120, 1000, 16_384]));
    set("producer.buffer.memory", &dice.pick(&[20_000, 33_554_432]));
    set("producer.compression.type", &dice.pick(&["none", "gzip", "snappy", "lz4", "zstd"]));
    // So late can a new topic be found.
    set("consumer.metadata.max.age.ms", &dice.pick(&[1000, if new_topics { 5000 } else { 300_000 }]));
    set("consumer.request.timeout.ms", &dice.pick(&[2000, 30_000]));
    set("consumer.session.timeout.ms", &6000);
    set("consumer.heartbeat.interval.ms", &heartbeat);
    set("consumer.max.poll.interval.ms", &dice.pick(&[6000, 30_000]));
    set("consumer.max.poll.records", &dice.pick(&[1, 7, 500]));
    set("consumer.fetch.max.bytes", &dice.pick(&[400, 52_428_800]));
    set("consumer.max.partition.fetch.bytes", &dice.pick(&[300, 1_048_576]));
    raw
}
