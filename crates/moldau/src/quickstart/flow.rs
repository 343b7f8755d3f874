//! What moves: connectors and tasks with their states, and how much has gone through them.
//!
//! Numbers come from what is there anyway: end offsets, committed offsets and the sizes of files. No record is counted.

use std::path::Path;
use std::sync::Arc;

use connect_herder::{ConnectorStatus, Herder, StandaloneHerder};
use env::Env;
use kafka_broker::Data;
use kafka_config::RawConfig;

use super::newest::{Newest, NewestRecord};
use super::rate::Rates;
use super::text::printable;

/// How much of an error is shown, in characters.
const TROUBLE: usize = 120;

/// All that is shown, at one moment.
pub(super) struct Snapshot {
    pub(super) connectors: Vec<ConnectorRow>,
    pub(super) newest: Vec<NewestRecord>,
}

/// A connector and its tasks.
pub(super) struct ConnectorRow {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) state: &'static str,
    /// Number and state of each.
    pub(super) tasks: Vec<(u32, &'static str)>,
    /// The first line of why something failed.
    pub(super) trouble: Option<String>,
    /// What has gone through it, where that can be told from outside.
    pub(super) moved: Option<Moved>,
}

/// Records and bytes, in all and per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moved {
    pub(super) records: u64,
    pub(super) records_per_second: f64,
    pub(super) bytes_per_second: f64,
}

/// Looks at broker, worker and files.
pub(super) struct Flow {
    env: Env,
    data: Data,
    herder: Arc<StandaloneHerder>,
    rates: Rates,
    newest: Newest,
}

impl Flow {
    pub(super) fn new(env: Env, data: Data, herder: Arc<StandaloneHerder>) -> Self {
        Self { env, newest: Newest::of(data.clone()), data, herder, rates: Rates::default() }
    }

    /// What there is now.
    pub(super) fn look(&mut self) -> Snapshot {
        let mut connectors = Vec::new();
        for name in self.herder.connectors() {
            // One that is being removed just now is none.
            let Ok(status) = self.herder.connector_status(&name) else { continue };
            let Ok(info) = self.herder.connector_info(&name) else { continue };
            let moved = self.moved(&name, &info.config);
            connectors.push(row(status, moved));
        }
        // As records flow.
        connectors.sort_by_key(|row| row.kind != "source");
        self.rates.forget_old(self.env.clock().now());
        Snapshot { connectors, newest: self.newest.look() }
    }

    /// What has gone through a file connector.
    fn moved(&mut self, name: &str, config: &RawConfig) -> Option<Moved> {
        let class = config.get("connector.class")?.rsplit('.').next()?;
        let records = match class.trim_end_matches("Connector") {
            "FileStreamSource" => self.end(config.get("topic")?),
            "FileStreamSink" => {
                let topics = config.get("topics")?.split(',').map(str::trim);
                topics.map(|topic| self.committed(name, topic)).sum()
            }
            _ => return None,
        };
        let bytes = self.env.disk().metadata(Path::new(config.get("file")?)).map_or(0, |file| file.len);
        let now = self.env.clock().now();
        Some(Moved {
            records,
            records_per_second: self.rates.note(format!("{name} records"), now, records),
            bytes_per_second: self.rates.note(format!("{name} bytes"), now, bytes),
        })
    }

    fn end(&self, topic: &str) -> u64 {
        let count = self.data.topics().get(topic).copied().unwrap_or(0);
        (0..count).map(|index| self.data.end_offset(topic, index).max(0).unsigned_abs()).sum()
    }

    fn committed(&self, connector: &str, topic: &str) -> u64 {
        let count = self.data.topics().get(topic).copied().unwrap_or(0);
        let group = format!("connect-{connector}");
        let offsets = (0..count).filter_map(|index| self.data.committed(&group, topic, index));
        offsets.map(|offset| offset.max(0).unsigned_abs()).sum()
    }
}

fn row(status: ConnectorStatus, moved: Option<Moved>) -> ConnectorRow {
    let tasks: Vec<_> = status.tasks.iter().map(|task| (task.id, task.status.state)).collect();
    let traces = std::iter::once(&status.connector).chain(status.tasks.iter().map(|task| &task.status));
    let trace = traces.filter_map(|instance| instance.trace.as_deref()).next();
    let trouble = trace.and_then(|trace| trace.lines().next()).map(|line| printable(line.as_bytes(), TROUBLE));
    ConnectorRow {
        name: printable(status.name.as_bytes(), 40),
        kind: status.kind,
        state: status.connector.state,
        tasks,
        trouble,
        moved,
    }
}
