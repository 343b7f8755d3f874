//! How far that is a secret which goes to a key.

use crate::{RawConfig, Type};

/// Decided by what a key is defined as, and by its name. See [`Secrets`](super::Secrets) for what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// A number or a truth value.
    Open,
    /// A text, a list or a class.
    Plain,
    /// A password, something that nobody defines, or a key whose name speaks of secrets.
    Secret,
}

impl Secrecy {
    /// Of a key; `kind` is `None` where nobody defines it.
    pub fn of(name: &str, kind: Option<Type>) -> Self {
        if RawConfig::is_secret(name) {
            return Self::Secret;
        }
        match kind {
            Some(Type::Boolean | Type::Short | Type::Int | Type::Long | Type::Double) => Self::Open,
            Some(Type::String | Type::List | Type::Class) => Self::Plain,
            Some(Type::Password) | None => Self::Secret,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_decide_unless_the_name_speaks_of_secrets() {
        let cases = [
            ("tasks.max", Some(Type::Int), Secrecy::Open),
            ("enabled", Some(Type::Boolean), Secrecy::Open),
            ("topic", Some(Type::String), Secrecy::Plain),
            ("topics", Some(Type::List), Secrecy::Plain),
            ("key.converter", Some(Type::Class), Secrecy::Plain),
            ("ssl.keystore.location", Some(Type::Password), Secrecy::Secret),
            ("pin", None, Secrecy::Secret),
            ("password.length", Some(Type::Int), Secrecy::Secret),
            ("api.token", Some(Type::String), Secrecy::Secret),
        ];
        for (name, kind, secrecy) in cases {
            assert_eq!(Secrecy::of(name, kind), secrecy, "{name}");
        }
    }
}
