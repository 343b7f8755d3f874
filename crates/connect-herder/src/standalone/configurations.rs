//! Configurations on their way in and out: variables resolved, secrets hidden, mistakes found.

use std::sync::Arc;

use kafka_config::RawConfig;
use kafka_config::provider::has_variable;

use super::StandaloneHerder;
use super::herder::Answer;
use crate::masks::Masks;
use crate::offsets;
use crate::progress::Progress;
use crate::validate::Validation;

impl StandaloneHerder {
    /// The configuration of a connector with values in the place of variables.
    pub(crate) fn resolved(&self, config: &RawConfig) -> Answer<RawConfig> {
        self.resolved_task(config, config)
    }

    /// The same for the configuration of one of its tasks.
    pub(super) fn resolved_task(&self, task: &RawConfig, connector: &RawConfig) -> Answer<RawConfig> {
        if !has_variables(task) {
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
    pub(super) async fn meant(&self, name: &str, config: RawConfig, progress: &Progress) -> Answer<RawConfig> {
        if !self.settings.worker_config.mask_secrets {
            return Ok(config);
        }
        self.learn(&config, progress).await;
        let stored = self.configured(name).map(|known| known.config.clone());
        let connector = config.clone();
        self.masks(&connector, |masks| masks.unmasked(config, stored.as_deref()))
    }

    fn masks<T>(&self, connector: &RawConfig, ask: impl FnOnce(&Masks<'_>) -> T) -> T {
        let class = connector.get("connector.class").unwrap_or_default();
        let plugin = self.worker.registry().connectors.find(class).ok();
        let own = plugin.and_then(|plugin| self.questions.definition(plugin));
        ask(&Masks { own: own.as_deref(), plugins: &self.settings.plugins })
    }

    /// Learns the keys of a submitted configuration's connector, where its secrets have to be told apart.
    async fn learn(&self, config: &RawConfig, progress: &Progress) {
        let masks = self.settings.worker_config.mask_secrets;
        if (masks || has_variables(config))
            && let Ok(plugin) = self.plugin(config)
        {
            self.questions.learn(self.env(), &plugin, progress).await;
        }
    }

    /// Refuses a configuration with mistakes, with all of them in the words of Apache Kafka Connect.
    pub(super) async fn check(&self, name: &str, config: &RawConfig, progress: &Progress) -> Answer<()> {
        for warning in self.validation(config, progress).await?.accept()? {
            tracing::warn!(connector = name, "{warning}");
        }
        Ok(())
    }

    /// What is wrong with a configuration. Before it is refused, all plug-ins that are installed are known: the reason
    /// may be that one of them cannot run here.
    pub(super) async fn validation(&self, config: &RawConfig, progress: &Progress) -> Answer<Validation> {
        self.learn(config, progress).await;
        let found = self.validate_beside(config, progress).await;
        let sound = found.as_ref().is_ok_and(|found| found.error_count == 0);
        match self.settings.plugins.settled() {
            Some(settling) if !sound => {
                settling.await;
                self.validate_beside(config, progress).await
            }
            _ => found,
        }
    }

    async fn validate_beside(&self, config: &RawConfig, progress: &Progress) -> Answer<Validation> {
        let validate = || self.validate_now(config, progress);
        let found = match self.plugin(config) {
            Ok(plugin) => self.questions.ask(self.env(), &plugin, progress, validate).await,
            // Nobody is asked; what is wrong is found all the same.
            Err(_) => validate(),
        };
        self.variables.hidden(found)
    }

    fn validate_now(&self, config: &RawConfig, progress: &Progress) -> Answer<Validation> {
        let resolve = || self.resolved(config);
        let config = progress.during("resolving transformed configuration properties for the connector", resolve)?;
        let registry = self.worker.registry();
        let (plugins, worker) = (&self.settings.plugins, &self.settings.worker_config);
        let mut found = crate::validate::validate(&config, registry, plugins, worker, progress)?;
        for value in found.keys.iter_mut().filter_map(|key| key.value.as_mut()) {
            self.variables.hide_in_value(value);
        }
        Ok(found)
    }
}

fn has_variables(config: &RawConfig) -> bool {
    config.iter().any(|(_, value)| value.is_some_and(has_variable))
}
