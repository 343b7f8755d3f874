//! Work beside the caller: asynchronous tasks, and sections that may block a thread.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::BoxFuture;

/// How a spawned task ended when it did not return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskError {
    /// [`Task::abort`] came first.
    Aborted,
    /// It panicked with this text.
    Panicked(String),
}

impl std::fmt::Display for TaskError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TaskError::Aborted => f.write_str("the task was aborted"),
            TaskError::Panicked(text) => write!(f, "the task panicked: {text}"),
        }
    }
}

impl std::error::Error for TaskError {}

/// A spawned task. Dropping the handle lets the task run on.
pub trait Task: Send + Sync {
    /// Drops the task's future as soon as it is not being polled; one that blocks its thread goes on until it yields.
    fn abort(&self);
    /// Waits until the task has ended; every call gives the same answer.
    fn join(&self) -> BoxFuture<'static, Result<(), TaskError>>;
}

/// Where work runs.
pub trait Work: Send + Sync {
    /// Runs `future` beside the caller. `name` appears in diagnostics. A panic ends that task alone.
    fn spawn(&self, name: &str, future: BoxFuture<'static, ()>) -> Box<dyn Task>;
    /// Runs `job`, which may block, on a thread lent from a bounded pool.
    fn spawn_blocking(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> Box<dyn Task>;
    /// Runs `section`, which may block, on the calling thread, after making sure that no other task waits for that
    /// thread: a section that never returns costs one thread. Called once per batch, never per record.
    fn in_place(&self, section: &mut dyn FnMut());
}

/// A future whose every poll runs inside [`Work::in_place`]; made by [`crate::Env::lend`].
pub struct Lent<F> {
    work: Arc<dyn Work>,
    future: Pin<Box<F>>,
}

impl<F> Lent<F> {
    pub(crate) fn new(work: Arc<dyn Work>, future: F) -> Self {
        Self { work, future: Box::pin(future) }
    }
}

impl<F: Future> Future for Lent<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let mut polled = Poll::Pending;
        let (work, future) = (&this.work, &mut this.future);
        work.in_place(&mut || polled = future.as_mut().poll(cx));
        polled
    }
}
