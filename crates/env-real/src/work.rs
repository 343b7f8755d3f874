//! Tasks on tokio, and sections that may block.

use std::any::Any;

use env::{BoxFuture, Task, TaskError, Work};
use futures_util::FutureExt;
use futures_util::future::Shared;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{AbortHandle, JoinHandle};
use tracing::{Instrument, Span};

/// Work on one tokio runtime.
pub(crate) struct MachineWork {
    runtime: Handle,
}

impl MachineWork {
    pub(crate) fn new(runtime: Handle) -> Self {
        Self { runtime }
    }
}

impl Work for MachineWork {
    fn spawn(&self, name: &str, future: BoxFuture<'static, ()>) -> Box<dyn Task> {
        Box::new(TokioTask::new(self.runtime.spawn(future.instrument(task_span(name)))))
    }

    fn spawn_blocking(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> Box<dyn Task> {
        let span = task_span(name);
        Box::new(TokioTask::new(self.runtime.spawn_blocking(move || span.in_scope(job))))
    }

    fn in_place(&self, section: &mut dyn FnMut()) {
        // tokio panics when a current-thread runtime is asked to give its only thread away.
        match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
            Ok(RuntimeFlavor::CurrentThread) | Err(_) => section(),
            Ok(_) => tokio::task::block_in_place(section),
        }
    }
}

/// The span a task runs in, below the spawner's. A filter that hides it does not hide those above.
fn task_span(name: &str) -> Span {
    let span = tracing::info_span!("task", name);
    if span.is_disabled() { Span::current() } else { span }
}

struct TokioTask {
    abort: AbortHandle,
    end: Shared<BoxFuture<'static, Result<(), TaskError>>>,
}

impl TokioTask {
    fn new(task: JoinHandle<()>) -> Self {
        let abort = task.abort_handle();
        let end: BoxFuture<'static, _> = Box::pin(async move {
            match task.await {
                Ok(()) => Ok(()),
                Err(error) if error.is_panic() => Err(TaskError::Panicked(panic_text(&*error.into_panic()))),
                Err(_) => Err(TaskError::Aborted),
            }
        });
        Self { abort, end: end.shared() }
    }
}

impl Task for TokioTask {
    fn abort(&self) {
        self.abort.abort();
    }

    fn join(&self) -> BoxFuture<'static, Result<(), TaskError>> {
        Box::pin(self.end.clone())
    }
}

/// What was passed to `panic!`, when it was text.
fn panic_text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without text".to_owned()
    }
}
