//! The data plane: runs connectors and tasks, moves records, keeps offsets. It knows nothing of REST, herders or
//! clusters.
//!
//! Read [`source`] (its `run.rs` is the table of contents of a source record's life) and [`sink`], then [`record`] and
//! [`errors`], which both share.

pub mod errors;
pub mod probe;
pub mod record;
pub mod sink;
pub mod source;

mod assemble;
mod budget;
mod connector;
mod containment;
mod fairness;
mod offsets;
mod scope;
mod status;
mod supervise;
mod tasks_max;
mod topic_tracking;
mod worker;

pub use budget::Budget;
pub use containment::contain_now;
pub use offsets::{ConnectorOffsets, OffsetChanges, SourceChanges};
pub use status::{State, StatusListener, TaskId};
pub use supervise::Abandoned;
pub use tasks_max::TasksMax;
pub use topic_tracking::{TopicResets, TopicTracking};
pub use worker::{Worker, WorkerSettings};
