//! Configurations on their way in and out: variables resolved, secrets hidden, mistakes found.

use std::sync::Arc;

use connect_api::plugin::ConnectorPlugin;
use kafka_config::RawConfig;
use kafka_config::provider::has_variable;

use super::StandaloneHerder;
use super::herder::Answer;
use crate::masks::Masks;
use crate::offsets;
use crate::validate::Validation;

impl StandaloneHerder {
    /// The configuration of a connector with values in the place of variables.
    pub(crate) fn resolved(&self, config: &RawConfig) -> Answer<RawConfig> {
        self.resolved_task(config, config)
    }

    /// The same for the configuration of one of its tasks.
    pub(super) fn resolved_task(&self, task: &RawConfig, connector: &RawConfig) -> Answer<RawConfig> {
        if !task.iter().any(|(_, value)| value.is_some_and(has_variable)) {
            return Ok(task.clone());
        }
        self.masks(connector, |masks| self.variables.resolve(task, |name| masks.secrecy(name, connector)))
    }

    /// The configuration, resolved, of a connector whose offsets nobody is using.
    pub(super) fn stopped(&self, name: &str) -> Answer<RawConfig> {
        let known = self.known(name)?;
        offsets::check_stopped(name, &known)?;
        self.resolved(&known.config)
    }

    /// A configuration of a connector or its tasks as people see it.
    pub(super) fn shown(&self, config: &Arc<RawConfig>, connector: &RawConfig) -> Arc<RawConfig> {
        if !self.settings.worker_config.mask_secrets {
            return config.clone();
        }
        let masked = self.masks(connector, |masks| masks.masked(config, connector));
        // A task may have what a provider found, under any key.
        let hide = |value: &str| self.variables.hide(value.to_owned());
        Arc::new(masked.in_order().map(|(name, value)| (name.to_owned(), value.map(hide))).collect())
    }

    /// A submitted configuration with what was hidden from people.
    pub(super) fn meant(&self, name: &str, config: RawConfig) -> Answer<RawConfig> {
        if !self.settings.worker_config.mask_secrets {
            return Ok(config);
        }
        let stored = self.configured(name).map(|known| known.config.clone());
        let connector = config.clone();
        self.masks(&connector, |masks| masks.unmasked(config, stored.as_deref()))
    }

    fn masks<T>(&self, connector: &RawConfig, ask: impl FnOnce(&Masks<'_>) -> T) -> T {
        let class = connector.get("connector.class").unwrap_or_default();
        let plugin = self.worker.registry().connectors.find(class).ok();
        let own = plugin.map(ConnectorPlugin::config);
        ask(&Masks { own: own.as_ref(), plugins: &self.settings.plugins })
    }

    /// Refuses a configuration with mistakes, with all of them in the words of Apache Kafka Connect.
    pub(super) async fn check(&self, name: &str, config: &RawConfig) -> Answer<()> {
        for warning in self.validation(config).await?.accept()? {
            tracing::warn!(connector = name, "{warning}");
        }
        Ok(())
    }

    /// What is wrong with a configuration. Before it is refused, all plug-ins that are installed are known: the reason
    /// may be that one of them cannot run here.
    pub(super) async fn validation(&self, config: &RawConfig) -> Answer<Validation> {
        let found = self.validate_now(config);
        let sound = found.as_ref().is_ok_and(|found| found.error_count == 0);
        match self.settings.plugins.settled() {
            Some(settling) if !sound => {
                settling.await;
                self.validate_now(config)
            }
            _ => found,
        }
    }

    fn validate_now(&self, config: &RawConfig) -> Answer<Validation> {
        let config = self.resolved(config)?;
        let registry = self.worker.registry();
        let found = crate::validate::validate(&config, registry, &self.settings.plugins, &self.settings.worker_config);
        let mut found = self.variables.hidden(found)?;
        for value in found.keys.iter_mut().filter_map(|key| key.value.as_mut()) {
            self.variables.hide_in_value(value);
        }
        Ok(found)
    }
}
