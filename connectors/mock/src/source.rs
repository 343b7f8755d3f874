//! MockSource: a source without records.

use async_trait::async_trait;
use connect_api::plugin::{Plugin, SourcePlugin};
use connect_api::source::{
    SourceBatch, SourceConnector, SourceHalves, SourceReader, SourceTask, SourceTaskContext, Unacknowledged,
};
use connect_api::{Result, Signal};
use kafka_config::{ConfigDef, RawConfig};
use tracing::debug;

use crate::connector::Mock;
use crate::failure::{self, Mode, Planned};

/// The plug-in.
#[derive(Clone, Copy, Debug, Default)]
pub struct MockSource;

impl Plugin for MockSource {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.tools.MockSourceConnector"
    }

    fn version(&self) -> &'static str {
        connect_load::VERSION
    }

    /// Parity: no key is declared, so none is checked before a start.
    fn config(&self) -> ConfigDef {
        ConfigDef::new()
    }
}

impl SourcePlugin for MockSource {
    fn connector(&self) -> Box<dyn SourceConnector> {
        Box::<Mock>::default()
    }

    fn task(&self) -> Box<dyn SourceTask> {
        Box::new(Task)
    }

    fn task_class(&self) -> &'static str {
        "org.apache.kafka.connect.tools.MockSourceTask"
    }
}

struct Task;

#[async_trait]
impl SourceTask for Task {
    async fn start(self: Box<Self>, context: SourceTaskContext, config: RawConfig) -> Result<SourceHalves> {
        let delay = failure::delay(&config, Mode::Task)?;
        if let Some(delay) = delay {
            debug!("Started MockSourceTask with failure scheduled in {delay} ms");
        }
        let planned = delay.map(|delay| Planned::new(&context.env, delay));
        Ok(SourceHalves { reader: Box::new(Reader { context, planned }), acknowledger: Box::new(Unacknowledged) })
    }
}

struct Reader {
    context: SourceTaskContext,
    planned: Option<Planned>,
}

#[async_trait]
impl SourceReader for Reader {
    /// Waits for the failure or the signal. Java returns at once, over and over.
    async fn poll(&mut self, _batch: &mut SourceBatch) -> Result<()> {
        let (env, token) = (&self.context.env, &self.context.token);
        let Some(planned) = &self.planned else {
            token.changed_from(Signal::Run).await;
            return Ok(());
        };
        tokio::select! {
            biased;
            _ = token.changed_from(Signal::Run) => return Ok(()),
            () = env.clock().sleep_until(planned.at) => {}
        }
        debug!("Triggering source task failure");
        planned.check(env)
    }
}
