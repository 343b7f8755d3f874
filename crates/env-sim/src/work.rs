//! Tasks, all on one thread, in an order that the seed shakes.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use env::{BoxFuture, Task, TaskError, Work};
use futures_util::FutureExt;
use futures_util::future::Shared;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Sleep;
use tracing::{Instrument, Span};

use crate::host::Process;
use crate::world::World;

/// The work of one process.
pub(crate) struct SimWork {
    pub(crate) world: Arc<World>,
    pub(crate) process: Arc<Process>,
}

impl Work for SimWork {
    fn spawn(&self, name: &str, future: BoxFuture<'static, ()>) -> Box<dyn Task> {
        let id = self.world.next_id();
        let host = &self.process.host.name;
        self.world.record(format_args!("{host}: task {id} {name} starts"));
        let span = tracing::info_span!("task", host, name);
        let span = if span.is_disabled() { Span::current() } else { span };
        let future = Scheduled {
            world: self.world.clone(),
            process: self.process.clone(),
            id,
            future: Box::pin(future.instrument(span)),
            jostled: false,
            blocked: None,
            returned: false,
        };
        let task = self.world.runtime.spawn(future);
        self.process.own_task(id, task.abort_handle());
        Box::new(SimTask::new(task))
    }

    /// The job runs as one step of a task: everybody else waits for it.
    fn spawn_blocking(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> Box<dyn Task> {
        self.spawn(name, Box::pin(async move { job() }))
    }

    fn in_place(&self, section: &mut dyn FnMut()) {
        section();
    }
}

/// A task's future, which runs as the simulated scheduler lets it.
struct Scheduled {
    world: Arc<World>,
    process: Arc<Process>,
    id: u64,
    future: BoxFuture<'static, ()>,
    jostled: bool,
    /// Ends when a call that blocked the task's thread would have returned.
    blocked: Option<Pin<Box<Sleep>>>,
    returned: bool,
}

impl Future for Scheduled {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            if let Some(blocked) = &mut this.blocked {
                ready!(blocked.as_mut().poll(cx));
                this.blocked = None;
            }
            if this.returned {
                return Poll::Ready(());
            }
            if !this.jostled && this.world.jostles() {
                this.jostled = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            this.jostled = false;
            this.world.trace.mix(&[this.id]);
            // What a future outside any task was blocked for is nobody's.
            this.process.take_busy();
            this.returned = this.future.as_mut().poll(cx).is_ready();
            let busy = this.process.take_busy();
            if busy == Duration::ZERO {
                return if this.returned { Poll::Ready(()) } else { Poll::Pending };
            }
            this.blocked = Some(Box::pin(this.world.time.timer(this.world.time.now() + busy)));
        }
    }
}

impl Drop for Scheduled {
    fn drop(&mut self) {
        self.process.disown_task(self.id);
    }
}

struct SimTask {
    abort: AbortHandle,
    end: Shared<BoxFuture<'static, Result<(), TaskError>>>,
}

impl SimTask {
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

impl Task for SimTask {
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
