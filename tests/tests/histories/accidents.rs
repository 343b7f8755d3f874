//! What is done to the system, and how it is undone.

use std::time::Duration;

use env_sim::{DiskFault, DiskOperation, NetworkPlan};
use hyper::Method;
use serde_json::{Value, json};

use super::broker::{BROKER_FOLDER, Weather};
use super::plan::{Accident, OFFSET_FILE, SINK, SINK_FILE, SOURCE, SOURCE_FILE};
use super::world::{BROKER, WORKER, World};

/// What ends an accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cure {
    NetworkHeals,
    NetworkIsFast,
    ConnectionsPass,
    NetworkIsSteady,
    RequestsPass,
    BrokerStarts,
    BrokerReplaced,
    BrokerDiskHasRoom,
    BrokerDiskIsFast,
    DiskHasRoom,
    DiskIsFast,
    Resumed(&'static str),
}

impl World {
    /// Lets an accident happen, and says when it ends.
    pub(crate) async fn strike(&mut self, accident: Accident) {
        self.tally.add(format!("{accident:?}"));
        self.sim.trace(format_args!("accident: {accident:?}"));
        match accident {
            Accident::ConnectionsCut
            | Accident::AnswerCutShort
            | Accident::NetworkSilent
            | Accident::NetworkSlow
            | Accident::ConnectionsRefused
            | Accident::NetworkShaky => self.strike_network(accident),
            Accident::RequestsRefused => self.requests(Weather::Refuse),
            Accident::RequestsDropped => self.requests(Weather::Drop),
            Accident::AnswersLost => self.requests(Weather::LoseAnswer),
            Accident::RequestsLate => self.requests(Weather::Late),
            Accident::BrokerRestarted => {
                self.broker.stop().await;
                self.later(Cure::BrokerStarts, 1..=4000);
            }
            Accident::BrokerKilled => {
                self.broker.kill();
                self.later(Cure::BrokerStarts, 1..=4000);
            }
            Accident::BrokerPowerLost => {
                self.broker.lose_power();
                self.later(Cure::BrokerStarts, 1..=4000);
            }
            Accident::BrokerDiskFails | Accident::BrokerDiskFull | Accident::BrokerDiskSlow => {
                self.strike_broker_disk(accident);
            }
            Accident::WorkerKilled => self.chaos.kill(),
            Accident::PowerLost => self.chaos.lose_power(),
            Accident::WorkerRestarted => self.worker.stop(),
            Accident::DiskFull | Accident::DiskSlow | Accident::OffsetFileFails | Accident::SinkFileFails => {
                self.strike_disk(accident);
            }
            Accident::ClockStepped => {
                // From one end to the other it is less than `message.timestamp.after.max.ms`: a broker refuses records of a
                // later time for good, and a letter has the time of its record.
                let ahead = self.dice.within(0..=3_500_000) as i64 - 1_750_000;
                self.sim.step_clock(ahead - std::mem::replace(&mut self.clock_ahead, ahead));
            }
            Accident::ConnectorRestarted
            | Accident::TaskRestarted
            | Accident::ConnectorPaused
            | Accident::ConnectorStopped
            | Accident::ConnectorChanged
            | Accident::ConnectorRecreated => self.ask(accident),
            Accident::OutsiderJoins if !self.outsider.is_in() => self.outsider.join(),
            Accident::OutsiderJoins => {}
            Accident::OutsiderLeaves => {
                let env = self.env.clone();
                self.outsider.leave(&env).await;
            }
            Accident::OutsiderDies => self.outsider.die(),
        }
    }

    fn later(&mut self, cure: Cure, millis: std::ops::RangeInclusive<u64>) {
        let due = self.env.clock().now() + self.dice.millis(millis);
        self.cures.push((due, cure));
    }

    fn requests(&mut self, weather: Weather) {
        self.faults.begin(weather);
        self.later(Cure::RequestsPass, 50..=6000);
    }

    fn strike_network(&mut self, accident: Accident) {
        let network = self.sim.network();
        match accident {
            Accident::ConnectionsCut => network.cut_between(WORKER, BROKER),
            Accident::AnswerCutShort => network.cut_after(BROKER, WORKER, self.dice.within(1..=200)),
            Accident::NetworkSilent => {
                match self.dice.below(3) {
                    0 => network.block(WORKER, BROKER),
                    1 => network.block(BROKER, WORKER),
                    _ => network.partition(WORKER, BROKER),
                }
                self.later(Cure::NetworkHeals, 100..=15_000);
            }
            Accident::NetworkSlow => {
                let (from, to) = if self.dice.percent(50) { (WORKER, BROKER) } else { (BROKER, WORKER) };
                network.delay(from, to, self.dice.millis(10..=3000));
                self.later(Cure::NetworkIsFast, 100..=10_000);
            }
            Accident::ConnectionsRefused => {
                network.refuse(BROKER, true);
                self.later(Cure::ConnectionsPass, 100..=8000);
            }
            _ => {
                network.plan(NetworkPlan {
                    spike_chance: 0.1,
                    spike: Duration::from_millis(10)..=Duration::from_secs(2),
                    split_chance: 0.5,
                    refuse_chance: 0.3,
                    cut_chance: 0.05,
                    ..NetworkPlan::default()
                });
                self.later(Cure::NetworkIsSteady, 100..=10_000);
            }
        }
    }

    fn strike_disk(&mut self, accident: Accident) {
        let disk = self.sim.disk(WORKER);
        match accident {
            Accident::DiskFull => {
                let size = |file: &str| disk.read(file).map_or(0, |content| content.len() as u64);
                let used: u64 = [SOURCE_FILE, SINK_FILE, OFFSET_FILE].into_iter().map(size).sum();
                disk.set_capacity(Some(used + self.dice.below(400)));
                self.later(Cure::DiskHasRoom, 100..=6000);
            }
            Accident::DiskSlow => {
                let longest = if self.plan.calm { 5 } else { 300 };
                disk.set_delay(self.dice.millis(1..=longest));
                self.later(Cure::DiskIsFast, 100..=6000);
            }
            _ => {
                const OFFSETS: [DiskOperation; 5] = [
                    DiskOperation::Write,
                    DiskOperation::Sync,
                    DiskOperation::Rename,
                    DiskOperation::SyncDir,
                    DiskOperation::Open,
                ];
                const LINES: [DiskOperation; 4] =
                    [DiskOperation::Write, DiskOperation::Sync, DiskOperation::SyncDir, DiskOperation::Open];
                let (operation, path) = match accident {
                    Accident::OffsetFileFails => (self.dice.pick(&OFFSETS), "/var/moldau"),
                    _ => (self.dice.pick(&LINES), "/out"),
                };
                self.tally.add(format!("{operation:?} fails below {path}"));
                let (after, times) = (self.dice.below(4), self.dice.within(1..=3));
                disk.fail(DiskFault { operation: Some(operation), path_contains: path.to_owned(), after, times });
            }
        }
    }

    fn strike_broker_disk(&mut self, accident: Accident) {
        const OPERATIONS: [DiskOperation; 6] = [
            DiskOperation::Write,
            DiskOperation::Sync,
            DiskOperation::Read,
            DiskOperation::Open,
            DiskOperation::Rename,
            DiskOperation::SyncDir,
        ];
        let disk = self.sim.disk(BROKER);
        match accident {
            Accident::BrokerDiskFull => {
                disk.set_capacity(Some(disk.used() + self.dice.below(400)));
                self.later(Cure::BrokerDiskHasRoom, 100..=6000);
            }
            Accident::BrokerDiskSlow => {
                disk.set_delay(self.dice.millis(1..=300));
                self.later(Cure::BrokerDiskIsFast, 100..=6000);
            }
            _ => {
                let operation = self.dice.pick(&OPERATIONS);
                self.tally.add(format!("{operation:?} fails on the broker's disk"));
                let (after, times) = (self.dice.below(4), self.dice.within(1..=3));
                disk.fail(DiskFault {
                    operation: Some(operation),
                    path_contains: BROKER_FOLDER.to_owned(),
                    after,
                    times,
                });
                self.later(Cure::BrokerReplaced, 100..=6000);
            }
        }
    }

    fn ask(&mut self, accident: Accident) {
        let name = if self.dice.percent(50) { SOURCE } else { SINK };
        let task = if name == SINK { self.dice.below(self.plan.sink_tasks) } else { 0 };
        let (tasks, failed) = (self.dice.percent(70), self.dice.percent(20));
        let config = match name {
            SOURCE => self.plan.source_config(self.dice.pick(&[1, 2, 50])),
            _ => self.plan.sink_config(self.dice.within(1..=2)),
        };
        if matches!(accident, Accident::ConnectorPaused | Accident::ConnectorStopped) {
            self.later(Cure::Resumed(name), 10..=5000);
        }
        let config: serde_json::Map<_, _> =
            config.iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
        let path = |rest: &str| format!("/connectors/{name}{rest}");
        self.operator.ask(match accident {
            Accident::ConnectorRestarted => {
                vec![(Method::POST, path(&format!("/restart?includeTasks={tasks}&onlyFailed={failed}")), None)]
            }
            Accident::TaskRestarted => vec![(Method::POST, path(&format!("/tasks/{task}/restart")), None)],
            Accident::ConnectorPaused => vec![(Method::PUT, path("/pause"), None)],
            Accident::ConnectorStopped => vec![(Method::PUT, path("/stop"), None)],
            Accident::ConnectorChanged => vec![(Method::PUT, path("/config"), Some(config.into()))],
            _ => vec![
                (Method::DELETE, path(""), None),
                (Method::POST, "/connectors".to_owned(), Some(json!({ "name": name, "config": config }))),
            ],
        });
    }

    /// Ends the accidents whose time is over, or all.
    pub(crate) async fn cure(&mut self, all: bool) {
        let now = self.env.clock().now();
        let cures = std::mem::take(&mut self.cures);
        let (due, rest): (Vec<_>, Vec<_>) = cures.into_iter().partition(|(due, _)| all || *due <= now);
        self.cures = rest;
        for (_, cure) in due {
            self.sim.trace(format_args!("cure: {cure:?}"));
            let (network, disk) = (self.sim.network(), self.sim.disk(WORKER));
            match cure {
                Cure::NetworkHeals => network.heal_all(),
                Cure::NetworkIsFast => {
                    network.delay(WORKER, BROKER, Duration::ZERO);
                    network.delay(BROKER, WORKER, Duration::ZERO);
                }
                Cure::ConnectionsPass => network.refuse(BROKER, false),
                Cure::NetworkIsSteady => network.plan(NetworkPlan::default()),
                Cure::RequestsPass => self.faults.end(),
                Cure::BrokerStarts => self.broker.start().await,
                Cure::BrokerReplaced => {
                    self.broker.kill();
                    self.broker.start().await;
                }
                Cure::BrokerDiskHasRoom => {
                    self.sim.disk(BROKER).set_capacity(None);
                    self.broker.kill();
                    self.broker.start().await;
                }
                Cure::BrokerDiskIsFast => self.sim.disk(BROKER).set_delay(Duration::ZERO),
                Cure::DiskHasRoom => disk.set_capacity(None),
                Cure::DiskIsFast => disk.set_delay(Duration::ZERO),
                Cure::Resumed(name) => self.resume(name),
            }
        }
    }
}
