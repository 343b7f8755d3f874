//! Config providers: where the text behind a variable `${provider:[path:]key}` comes from.
//!
//! [`Providers`] are made from a worker's configuration and resolve variables in configurations; what they look at is
//! behind [`Surroundings`]; what they found is kept in [`Secrets`], so that it can be hidden in logs and errors.
//! Behaviour and messages follow `org.apache.kafka.common.config.provider` and `ConfigTransformer`.

mod allowed_paths;
mod directory;
mod env_var;
mod file;
mod providers;
mod secrecy;
mod secrets;
mod surroundings;
mod variable;

pub use providers::Providers;
pub use secrecy::Secrecy;
pub use secrets::Secrets;
pub use surroundings::{FileKind, Matcher, Surroundings};
pub use variable::has_variable;

#[cfg(test)]
mod doubles;
