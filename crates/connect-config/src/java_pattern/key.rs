//! A configuration key whose value is a pattern.

use kafka_config::{ConfigError, ValidPattern, Validator, Value};

use super::JavaPattern;

/// A pattern that Java takes, and that can be matched here.
#[derive(Clone, Copy, Debug)]
pub struct UsablePattern;

impl Validator for UsablePattern {
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        ValidPattern.ensure_valid(name, value)?;
        value.and_then(Value::as_text).map_or(Ok(()), |pattern| usable(name, pattern).map(|_| ()))
    }

    fn describe(&self) -> String {
        ValidPattern.describe()
    }
}

/// The pattern that a key has for its value.
///
/// # Errors
/// Why it cannot be matched here.
pub fn usable(name: &str, pattern: &str) -> Result<JavaPattern, ConfigError> {
    JavaPattern::new(pattern).map_err(|reason| unusable(name, pattern, &reason))
}

/// The error of a key whose pattern cannot be matched here.
pub fn unusable(name: &str, pattern: &str, reason: &str) -> ConfigError {
    ConfigError::invalid(name, pattern, format!("This regular expression cannot be used: {reason}"))
}
