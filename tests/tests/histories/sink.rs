//! A sink that gathers records until it is flushed, as many real ones do, and that fails at times: some puts with an
//! error that may be retried, some flushes with the loss of what was gathered. It writes through FileStreamSink.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::plugin::{Plugin, SinkPlugin};
use connect_api::sink::{Offsets, SinkConnector, SinkTask, SinkTaskContext, TopicPartition};
use connect_api::{Error, Record, Result};
use connector_file::FileStreamSink;
use env_sim::Action;
use kafka_config::{ConfigDef, RawConfig};

use super::probes::Chaos;

/// Its class.
pub(crate) const CLASS: &str = "e2e.UnsteadySinkConnector";
/// The failpoint in its puts.
pub(crate) const PUT: &str = "unsteady sink: put";
/// The failpoint in its flushes.
pub(crate) const FLUSH: &str = "unsteady sink: flush";

/// The plug-in.
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
        Box::new(Task { chaos: self.0.clone(), inner: FileStreamSink.task(), context: None, gathered: Vec::new() })
    }

    fn task_class(&self) -> &'static str {
        "e2e.UnsteadySinkTask"
    }
}

struct Task {
    chaos: Arc<Chaos>,
    inner: Box<dyn SinkTask>,
    context: Option<SinkTaskContext>,
    gathered: Vec<Record>,
}

#[async_trait]
impl SinkTask for Task {
    async fn start(&mut self, context: SinkTaskContext, config: RawConfig) -> Result<()> {
        self.context = Some(context.clone());
        self.inner.start(context, config).await
    }

    async fn put(&mut self, records: &[Record]) -> Result<()> {
        self.inner.put(&[]).await?;
        if !records.is_empty() && self.chaos.reached(PUT) == Action::Error {
            if let Some(context) = &self.context {
                context.runtime.timeout(Duration::from_millis(200));
            }
            return Err(Error::retriable("the test lets this put fail"));
        }
        self.gathered.extend_from_slice(records);
        Ok(())
    }

    async fn flush(&mut self, offsets: &Offsets) -> Result<()> {
        let gathered = std::mem::take(&mut self.gathered);
        if self.chaos.reached(FLUSH) == Action::Error {
            return Err(Error::retriable("the test lets this flush fail"));
        }
        self.inner.put(&gathered).await?;
        self.inner.flush(offsets).await
    }

    async fn close(&mut self, partitions: &[TopicPartition]) -> Result<()> {
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
