//! How long a client may be silent. A connection on which nothing is asked, or a body that does not go on, holds one of
//! the few places for connections: after the time that Java gives them both are over.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use env::{Env, Instant};
use futures_util::future::BoxFuture;
use hyper::body::{Frame, SizeHint};
use parking_lot::Mutex;

/// Parity: Kafka Connect gives connections the time it gives requests.
const LIMIT: Duration = Duration::from_secs(90);

/// What is going on on one connection.
#[derive(Clone)]
pub(crate) struct Patience {
    env: Env,
    last: Arc<Mutex<Last>>,
}

#[derive(Clone, Copy)]
enum Last {
    /// A request is being carried out, however long that takes.
    Asked,
    /// Nothing is being carried out since then.
    Answered(Instant),
}

impl Patience {
    /// That of a connection which is new.
    pub(crate) fn new(env: &Env) -> Self {
        Self { env: env.clone(), last: Arc::new(Mutex::new(Last::Answered(env.clock().now()))) }
    }

    /// Completes when the client has asked nothing for too long.
    pub(crate) async fn end(&self) {
        loop {
            let now = self.env.clock().now();
            let begun = match *self.last.lock() {
                Last::Asked => now,
                Last::Answered(then) => then,
            };
            let end = begun + LIMIT;
            if end <= now {
                return;
            }
            self.env.clock().sleep_until(end).await;
        }
    }
}

/// Says that a request is going on until its answer is there.
struct Asking<'a>(&'a Patience);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        *self.0.last.lock() = Last::Answered(self.0.env.clock().now());
    }
}

/// Notes when a request begins and when it is answered, and waits for its body no longer than for requests.
pub(crate) async fn kept(State(patience): State<Patience>, request: Request, next: Next) -> Response {
    *patience.last.lock() = Last::Asked;
    let _asking = Asking(&patience);
    let request = request.map(|body| match body.is_end_stream() {
        true => body,
        false => Body::new(Awaited { body, env: patience.env.clone(), end: None }),
    });
    next.run(request).await
}

/// A body did not go on. Parity: Jetty's words.
#[derive(Debug)]
pub(crate) struct Silence;

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = LIMIT.as_millis();
        write!(f, "java.util.concurrent.TimeoutException: Idle timeout expired: {limit}/{limit} ms")
    }
}

impl std::error::Error for Silence {}

/// A body that fails when it does not go on.
struct Awaited {
    body: Body,
    env: Env,
    end: Option<BoxFuture<'static, ()>>,
}

impl HttpBody for Awaited {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.end = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let Self { env, end, .. } = &mut *self;
        ready!(end.get_or_insert_with(|| env.sleep(LIMIT)).as_mut().poll(context));
        Poll::Ready(Some(Err(Silence.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
