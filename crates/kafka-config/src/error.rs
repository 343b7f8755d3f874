//! What is wrong with a configuration, in the words of Java's `ConfigException`.

/// A configuration that cannot be used. `Display` is the exact text Java clients know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A key has a value that it cannot have. Values of PASSWORD keys are stored as `[hidden]`.
    #[error("Invalid value {value} for configuration {name}{}", Tail(.message))]
    InvalidValue {
        /// The key.
        name: String,
        /// The value as Java prints it; `null` where there is none.
        value: String,
        /// What is wrong with it.
        message: Option<String>,
    },
    /// A key without a default was not set.
    #[error("Missing required configuration \"{name}\" which has no default value.")]
    Missing {
        /// The key.
        name: String,
    },
    /// Anything that Java reports as a sentence of its own.
    #[error("{message}")]
    Sentence {
        /// The key it is about, where there is one.
        name: Option<String>,
        /// The whole text.
        message: String,
    },
}

impl ConfigError {
    /// `Invalid value <value> for configuration <name>: <message>`.
    pub fn invalid(name: impl Into<String>, value: impl std::fmt::Display, message: impl Into<String>) -> Self {
        Self::InvalidValue { name: name.into(), value: value.to_string(), message: Some(message.into()) }
    }

    /// `Missing required configuration "<name>" which has no default value.`
    pub fn missing(name: impl Into<String>) -> Self {
        Self::Missing { name: name.into() }
    }

    /// A sentence about one key.
    pub fn about(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Sentence { name: Some(name.into()), message: message.into() }
    }

    /// A sentence about no key in particular.
    pub fn sentence(message: impl Into<String>) -> Self {
        Self::Sentence { name: None, message: message.into() }
    }

    /// The key at fault, where one is known.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::InvalidValue { name, .. } | Self::Missing { name } => Some(name),
            Self::Sentence { name, .. } => name.as_deref(),
        }
    }

    /// The refused value as printed, where one is known.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::InvalidValue { value, .. } => Some(value),
            Self::Missing { .. } | Self::Sentence { .. } => None,
        }
    }
}

struct Tail<'a>(&'a Option<String>);

impl std::fmt::Display for Tail<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_java_does() {
        let error = ConfigError::invalid("tasks.max", "x", "Not a number of type INT");
        assert_eq!(error.to_string(), "Invalid value x for configuration tasks.max: Not a number of type INT");
        assert_eq!((error.name(), error.value()), (Some("tasks.max"), Some("x")));
        let bare = ConfigError::InvalidValue { name: "a".into(), value: "b".into(), message: None };
        assert_eq!(bare.to_string(), "Invalid value b for configuration a");
        assert_eq!(
            ConfigError::missing("name").to_string(),
            "Missing required configuration \"name\" which has no default value."
        );
        assert_eq!(ConfigError::sentence("as it is").to_string(), "as it is");
    }
}
