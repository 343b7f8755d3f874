//! The connector's own part, the same for source and sink.

use std::sync::Arc;

use async_trait::async_trait;
use connect_api::Result;
use connect_api::sink::{SinkConnector, SinkConnectorContext};
use connect_api::source::{ConnectorRuntime, SourceConnector, SourceConnectorContext};
use env::{Env, Task};
use kafka_config::RawConfig;
use tracing::debug;

use crate::failure::{self, Mode};

/// One task with the connector's configuration; with `connector-failure`, an error raised after the delay.
#[derive(Default)]
pub(crate) struct Mock {
    config: RawConfig,
    alarm: Option<Box<dyn Task>>,
}

impl Mock {
    fn begin(&mut self, env: &Env, runtime: Arc<dyn ConnectorRuntime>, config: RawConfig) -> Result<()> {
        if let Some(delay) = failure::delay(&config, Mode::Connector)? {
            debug!("Started MockConnector with failure delay of {delay} ms");
            let sleep = env.sleep(failure::length(delay));
            let alarm = async move {
                sleep.await;
                debug!("Triggering connector failure");
                runtime.raise_error(failure::failure());
            };
            self.alarm = Some(env.work().spawn("mock-connector-failure", Box::pin(alarm)));
        }
        self.config = config;
        Ok(())
    }

    fn configs(&self) -> Vec<RawConfig> {
        debug!("Creating single task for MockConnector");
        vec![self.config.clone()]
    }

    async fn end(&mut self) {
        if let Some(alarm) = self.alarm.take() {
            alarm.abort();
            // How it ended does not matter: it was aborted, or had raised its error.
            let _ = alarm.join().await;
        }
    }
}

#[async_trait]
impl SourceConnector for Mock {
    async fn start(&mut self, context: SourceConnectorContext, config: RawConfig) -> Result<()> {
        self.begin(&context.env, context.runtime, config)
    }

    async fn task_configs(&mut self, _max_tasks: usize) -> Result<Vec<RawConfig>> {
        Ok(self.configs())
    }

    async fn stop(&mut self) -> Result<()> {
        self.end().await;
        Ok(())
    }
}

#[async_trait]
impl SinkConnector for Mock {
    async fn start(&mut self, context: SinkConnectorContext, config: RawConfig) -> Result<()> {
        self.begin(&context.env, context.runtime, config)
    }

    async fn task_configs(&mut self, _max_tasks: usize) -> Result<Vec<RawConfig>> {
        Ok(self.configs())
    }

    async fn stop(&mut self) -> Result<()> {
        self.end().await;
        Ok(())
    }
}
