//! The control plane: what REST and the command line ask of connectors. It never touches a record.
//!
//! [`Herder`] is the verbs, [`StandaloneHerder`] carries them out in one process.

mod error;
mod events;
mod herder;
mod listener;
mod loggers;
mod masks;
mod offsets;
mod plugin_keys;
mod progress;
mod restarts;
mod self_restart;
mod standalone;
mod validate;
mod variables;

pub use error::HerderError;
pub use herder::{
    ConnectorInfo, ConnectorStatus, Created, Herder, InstanceStatus, OwnRestarts, OwnStatus, RestartRequest, TaskInfo,
    TaskStatus,
};
pub use loggers::{DetachedLoggers, LogLevel, LoggerState, LoggerTree, Loggers, ROOT as ROOT_LOGGER};
pub use offsets::PartitionOffset;
pub use progress::Progress;
pub use standalone::{StandaloneHerder, StandaloneSettings};
pub use validate::{ValidatedKey, Validation};
