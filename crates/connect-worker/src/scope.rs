//! Of which connector or task a line of the log is: the spans that whatever runs for one runs in (Apache:
//! `LoggingContext`).

use tracing::{Span, info_span};

use crate::TaskId;

/// What is done for a connector.
pub(crate) fn connector(name: &str) -> Span {
    info_span!("connector", connector = name)
}

/// What is done for a task.
pub(crate) fn task(id: &TaskId) -> Span {
    info_span!("task", task = %id)
}

/// The commits of a task's offsets.
pub(crate) fn offsets(id: &TaskId) -> Span {
    info_span!("offsets", task = %id, scope = "offsets")
}
