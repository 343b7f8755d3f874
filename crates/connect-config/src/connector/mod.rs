//! A connector's configuration: its keys, the check before it is taken, and what it means at start.

mod enrichment;
mod keys;
pub(crate) mod own_keys;
mod preflight;
mod recommendations;
mod settings;
mod sink_keys;
mod source_keys;
mod stages;
mod topic_creation;

pub use enrichment::enrich;
pub use keys::{common_definition, definition, definition_for_class, definition_for_worker};
pub use own_keys::{OwnSettings, RestartSettings, names as own_key_names};
pub use preflight::{NULL_VALUE, Preflight, preflight};
pub use settings::{
    ConnectorConfig, ConnectorKind, DeadLetterQueue, ErrorSettings, SinkSettings, SourceSettings, Tolerance,
    TransactionBoundary,
};
pub use sink_keys::{check_sink, sink_faults, topics_list};
pub use stages::{PredicateStage, TransformStage};
pub use topic_creation::{TopicCreationRules, TopicGroup};
