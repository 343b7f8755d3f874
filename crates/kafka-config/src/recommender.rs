//! What a form offers for a key, given the other values.

use crate::error::ConfigError;
use crate::parsed::ParsedValues;
use crate::value::Value;

/// Recommended values and visibility of a key, given what was submitted so far (`null` where a value was bad).
pub trait Recommender: Send + Sync {
    /// The values to offer, of the key's type.
    ///
    /// # Errors
    /// Added to the key's errors.
    fn valid_values(&self, name: &str, parsed: &ParsedValues) -> Result<Vec<Value>, ConfigError>;

    /// Whether a form shows the key at all.
    fn visible(&self, _name: &str, _parsed: &ParsedValues) -> bool {
        true
    }
}

/// Always the same values, always visible.
#[derive(Debug, Clone, Default)]
pub struct FixedValues(pub Vec<Value>);

impl Recommender for FixedValues {
    fn valid_values(&self, _name: &str, _parsed: &ParsedValues) -> Result<Vec<Value>, ConfigError> {
        Ok(self.0.clone())
    }
}
