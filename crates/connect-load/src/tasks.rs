//! Connectors whose work needs no division.

use async_trait::async_trait;
use connect_api::Result;
use connect_api::sink::{SinkConnector, SinkConnectorContext};
use connect_api::source::{SourceConnector, SourceConnectorContext};
use kafka_config::RawConfig;

/// A connector of `tasks.max` tasks, each with the connector's configuration and its number under `id`.
#[derive(Debug, Default)]
pub struct Numbered {
    config: RawConfig,
}

impl Numbered {
    fn configs(&self, max_tasks: usize) -> Vec<RawConfig> {
        let numbered = |id: usize| {
            let mut config = self.config.clone();
            config.insert("id", id.to_string());
            config
        };
        (0..max_tasks).map(numbered).collect()
    }
}

#[async_trait]
impl SourceConnector for Numbered {
    async fn start(&mut self, _context: SourceConnectorContext, config: RawConfig) -> Result<()> {
        self.config = config;
        Ok(())
    }

    async fn task_configs(&mut self, max_tasks: usize) -> Result<Vec<RawConfig>> {
        Ok(self.configs(max_tasks))
    }
}

#[async_trait]
impl SinkConnector for Numbered {
    async fn start(&mut self, _context: SinkConnectorContext, config: RawConfig) -> Result<()> {
        self.config = config;
        Ok(())
    }

    async fn task_configs(&mut self, max_tasks: usize) -> Result<Vec<RawConfig>> {
        Ok(self.configs(max_tasks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_differ_by_their_id_whatever_the_connector_says() {
        let connector = Numbered { config: [("name", "n"), ("id", "7")].into() };
        let expected: Vec<RawConfig> = ["0", "1", "2"].map(|id| [("name", "n"), ("id", id)].into()).into();
        assert_eq!(connector.configs(3), expected);
        assert!(connector.configs(0).is_empty());
    }
}
