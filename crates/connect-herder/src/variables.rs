//! Variables of config providers: configurations are kept and shown as submitted, connectors and tasks get the values,
//! and what goes back to people names the variables again.

use std::sync::Arc;

use connect_api::Error;
use kafka_config::provider::{Providers, Secrecy, has_variable};
use kafka_config::{ConfigValue, RawConfig, Value};

use crate::HerderError;

/// Resolves and hides.
#[derive(Clone, Debug)]
pub(crate) struct Variables(pub(crate) Arc<Providers>);

impl Variables {
    /// The configuration with values in the place of variables; `secrecy` says of a key how far those are secrets.
    pub(crate) fn resolve(
        &self,
        config: &RawConfig,
        secrecy: impl Fn(&str) -> Secrecy,
    ) -> Result<RawConfig, HerderError> {
        self.0.resolve(config, secrecy).map_err(|error| self.hide_in(Error::config(error.to_string()).into()))
    }

    /// Text with variables in the place of their values.
    pub(crate) fn hide(&self, text: String) -> String {
        self.0.secrets().hide(&text).into_owned()
    }

    /// The same for one key of a validation.
    pub(crate) fn hide_in_value(&self, value: &mut ConfigValue) {
        let hide = |text: &mut String| *text = self.hide(std::mem::take(text));
        value.errors.iter_mut().for_each(hide);
        match &mut value.value {
            Some(Value::String(text) | Value::Class(text)) => hide(text),
            Some(Value::List(texts)) => texts.iter_mut().for_each(hide),
            _ => {}
        }
    }

    /// An answer whose error shows no value.
    pub(crate) fn hidden<T>(&self, answer: Result<T, HerderError>) -> Result<T, HerderError> {
        answer.map_err(|error| self.hide_in(error))
    }

    fn hide_in(&self, error: HerderError) -> HerderError {
        match error {
            HerderError::NotFound(text) => HerderError::NotFound(self.hide(text)),
            HerderError::AlreadyExists(text) => HerderError::AlreadyExists(self.hide(text)),
            HerderError::BadRequest(text) => HerderError::BadRequest(self.hide(text)),
            HerderError::Forbidden(text) => HerderError::Forbidden(self.hide(text)),
            HerderError::Failed(error) => HerderError::Failed(self.hide_in_failure(error)),
        }
    }

    fn hide_in_failure(&self, error: Error) -> Error {
        let trace = error.located_trace();
        if self.0.secrets().hide(&trace) == trace {
            return error;
        }
        let message = error.message().map(|text| self.hide(text.to_owned()));
        let hidden = match message {
            Some(message) => Error::new(error.kind(), message),
            None => Error::without_message(error.kind()),
        };
        let hidden = hidden.with_class(error.class().to_owned());
        match error.cause() {
            Some(cause) => hidden.caused_by(self.hide_in_failure(cause.clone())),
            None => hidden,
        }
    }
}

/// A task's configuration to keep: where the connector's has a variable under the same key, so has it (Apache:
/// `AbstractHerder.reverseTransform`).
pub(crate) fn restored(mut task: RawConfig, connector: &RawConfig) -> RawConfig {
    for (name, text) in connector.iter() {
        if let Some(text) = text.filter(|text| has_variable(text) && task.contains_key(name)) {
            task.insert(name, text);
        }
    }
    task
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_keep_variables_of_the_connector() {
        let connector = RawConfig::from([("topic", "${f:t}"), ("file", "plain"), ("password", "${f:p}")]);
        let task = RawConfig::from([("topic", "secret"), ("file", "other"), ("task.id", "1")]);
        let expected = RawConfig::from([("topic", "${f:t}"), ("file", "other"), ("task.id", "1")]);
        assert_eq!(restored(task, &connector), expected);
    }
}
