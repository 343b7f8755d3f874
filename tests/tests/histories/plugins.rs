//! The connectors of a history.
//!
//! The source is FileStreamSource, with an eye on when a task begins. The sink is FileStreamSink, or one around it that
//! gathers records until it is flushed, as many real ones do, and that fails at times: some puts with an error that may
//! be retried, some flushes with the loss of what was gathered.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::plugin::{Plugin, SinkPlugin, SourcePlugin};
use connect_api::sink::{Offsets, SinkConnector, SinkTask, SinkTaskContext, TopicPartition};
use connect_api::source::{SourceConnector, SourceHalves, SourceTask, SourceTaskContext};
use connect_api::{Error, Record, Result};
use connector_file::{FileStreamSink, FileStreamSource};
use env_sim::Action;
use kafka_config::{ConfigDef, RawConfig};

use super::checkers::Observer;
use super::fates::{line_of, put_refuses};
use super::probes::Chaos;

/// FileStreamSource, watched.
pub(crate) struct WatchedSource {
    pub(crate) inner: FileStreamSource,
    pub(crate) observer: Arc<Observer>,
}

impl Plugin for WatchedSource {
    fn class(&self) -> &'static str {
        self.inner.class()
    }

    fn version(&self) -> &'static str {
        self.inner.version()
    }

    fn config(&self) -> ConfigDef {
        self.inner.config()
    }
}

impl SourcePlugin for WatchedSource {
    fn connector(&self) -> Box<dyn SourceConnector> {
        self.inner.connector()
    }

    fn task(&self) -> Box<dyn SourceTask> {
        Box::new(WatchedTask { inner: self.inner.task(), observer: self.observer.clone() })
    }

    fn task_class(&self) -> &'static str {
        self.inner.task_class()
    }
}

struct WatchedTask {
    inner: Box<dyn SourceTask>,
    observer: Arc<Observer>,
}

#[async_trait]
impl SourceTask for WatchedTask {
    async fn start(self: Box<Self>, context: SourceTaskContext, config: RawConfig) -> Result<SourceHalves> {
        self.observer.source_task_begins();
        self.inner.start(context, config).await
    }
}

/// The class of the unsteady sink.
pub(crate) const CLASS: &str = "e2e.UnsteadySinkConnector";
/// The failpoint in its puts.
pub(crate) const PUT: &str = "unsteady sink: put";
/// The failpoint in its flushes.
pub(crate) const FLUSH: &str = "unsteady sink: flush";

/// The unsteady sink.
pub(crate) struct UnsteadySink(pub(crate) Arc<Chaos>);

impl Plugin for UnsteadySink {
    fn class(&self) -> &'static str {
        CLASS
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn config(&self) -> ConfigDef {
        FileStreamSink.config()
    }
}

impl SinkPlugin for UnsteadySink {
    fn connector(&self) -> Box<dyn SinkConnector> {
        FileStreamSink.connector()
    }

    fn task(&self) -> Box<dyn SinkTask> {
        Box::new(UnsteadyTask {
            chaos: self.0.clone(),
            inner: FileStreamSink.task(),
            context: None,
            gathered: Vec::new(),
            picky: false,
            open: BTreeSet::new(),
            refused: Vec::new(),
        })
    }

    fn task_class(&self) -> &'static str {
        "e2e.UnsteadySinkTask"
    }
}

struct UnsteadyTask {
    chaos: Arc<Chaos>,
    inner: Box<dyn SinkTask>,
    context: Option<SinkTaskContext>,
    gathered: Vec<Record>,
    /// Whether it refuses certain lines.
    picky: bool,
    /// Its partitions.
    open: BTreeSet<TopicPartition>,
    /// The records of a batch that is to be put again.
    refused: Vec<(TopicPartition, i64)>,
}

/// Where records are.
fn places(records: &[Record]) -> Vec<(TopicPartition, i64)> {
    let place = |record: &Record| {
        let origin = record.sink_origin()?;
        Some((TopicPartition::new(origin.topic.clone(), origin.partition), origin.offset))
    };
    records.iter().filter_map(place).collect()
}

impl UnsteadyTask {
    /// Records are of open partitions, and a batch that is put again is what it was, closed partitions aside.
    fn check(&mut self, records: &[Record]) {
        let places = places(records);
        if let Some((partition, offset)) = places.iter().find(|(partition, _)| !self.open.contains(partition)) {
            self.chaos.violate(format!("record {offset} of {partition} is put, which is not open"));
        }
        let refused = std::mem::take(&mut self.refused);
        // A batch that is put in halves is begun again as a whole.
        if !self.picky && !refused.is_empty() && refused != places {
            self.chaos.violate(format!("{} records are put again in place of {}", places.len(), refused.len()));
        }
    }

    /// Waits as the failpoint wants, and says whether the call fails.
    async fn fails(&mut self, point: &str) -> bool {
        let action = self.chaos.reached(point);
        if let (Action::Delay(by), Some(context)) = (action, &self.context) {
            context.env.sleep(by).await;
        }
        action == Action::Error
    }
}

#[async_trait]
impl SinkTask for UnsteadyTask {
    async fn start(&mut self, context: SinkTaskContext, config: RawConfig) -> Result<()> {
        self.context = Some(context.clone());
        self.picky = config.contains_key("moldau.errors.put.bisect");
        self.inner.start(context, config).await
    }

    async fn put(&mut self, records: &[Record]) -> Result<()> {
        self.inner.put(&[]).await?;
        if !records.is_empty() {
            self.check(records);
        }
        if !records.is_empty() && self.fails(PUT).await {
            if let Some(context) = &self.context {
                context.runtime.timeout(Duration::from_millis(200));
            }
            self.refused = places(records);
            return Err(Error::retriable("the test lets this put fail"));
        }
        if self.picky && records.iter().filter_map(line_of).any(put_refuses) {
            self.chaos.tally("batch refused by the sink");
            return Err(Error::data("one of these cannot be taken"));
        }
        self.gathered.extend_from_slice(records);
        Ok(())
    }

    async fn flush(&mut self, offsets: &Offsets) -> Result<()> {
        let gathered = std::mem::take(&mut self.gathered);
        if self.fails(FLUSH).await {
            // What waits comes again, with what was put since the last commit.
            self.refused.clear();
            return Err(Error::retriable("the test lets this flush fail"));
        }
        self.inner.put(&gathered).await?;
        self.inner.flush(offsets).await
    }

    async fn open(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.open.extend(partitions.iter().cloned());
        self.inner.open(partitions).await
    }

    async fn close(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.open.retain(|open| !partitions.contains(open));
        self.refused.retain(|(partition, _)| !partitions.contains(partition));
        self.gathered.retain(|record| {
            record.sink_origin().is_none_or(|origin| {
                !partitions.iter().any(|other| other.partition == origin.partition && other.topic == origin.topic)
            })
        });
        self.inner.close(partitions).await
    }

    async fn stop(&mut self) -> Result<()> {
        self.inner.stop().await
    }
}
