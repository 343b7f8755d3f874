//! MockSink: a sink that drops its records.

use async_trait::async_trait;
use connect_api::plugin::{Plugin, SinkPlugin};
use connect_api::sink::{SinkConnector, SinkTask, SinkTaskContext};
use connect_api::{Record, Result};
use kafka_config::{ConfigDef, RawConfig};
use tracing::debug;

use crate::connector::Mock;
use crate::failure::{self, Mode, Planned};

/// The longest time between two calls of a task that is to fail, in milliseconds.
const WAKE_UP_MS: i64 = 250;

/// The plug-in.
#[derive(Clone, Copy, Debug, Default)]
pub struct MockSink;

impl Plugin for MockSink {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.tools.MockSinkConnector"
    }

    fn version(&self) -> &'static str {
        connect_load::VERSION
    }

    /// Parity: no key is declared, so none is checked before a start.
    fn config(&self) -> ConfigDef {
        ConfigDef::new()
    }
}

impl SinkPlugin for MockSink {
    fn connector(&self) -> Box<dyn SinkConnector> {
        Box::<Mock>::default()
    }

    fn task(&self) -> Box<dyn SinkTask> {
        Box::<Task>::default()
    }

    fn task_class(&self) -> &'static str {
        "org.apache.kafka.connect.tools.MockSinkTask"
    }
}

/// Nothing to do, unless a failure is planned.
#[derive(Default)]
struct Task {
    failing: Option<(SinkTaskContext, Planned)>,
}

/// Without records there may be no call for long, so that the failure would be late.
fn ask_for_a_call(context: &SinkTaskContext, planned: &Planned) {
    context.runtime.timeout(failure::length(planned.delay.min(WAKE_UP_MS)));
}

#[async_trait]
impl SinkTask for Task {
    async fn start(&mut self, context: SinkTaskContext, config: RawConfig) -> Result<()> {
        if let Some(delay) = failure::delay(&config, Mode::Task)? {
            debug!("Started MockSinkTask with failure scheduled in {delay} ms");
            let planned = Planned::new(&context.env, delay);
            ask_for_a_call(&context, &planned);
            self.failing = Some((context, planned));
        }
        Ok(())
    }

    async fn put(&mut self, _records: &[Record]) -> Result<()> {
        let Some((context, planned)) = &self.failing else {
            return Ok(());
        };
        planned.check(&context.env).inspect_err(|_| debug!("Triggering sink task failure"))?;
        ask_for_a_call(context, planned);
        Ok(())
    }
}
