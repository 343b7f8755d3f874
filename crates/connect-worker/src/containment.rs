//! A panic in the code of a plug-in is a failure like any other.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use connect_api::{Error, Kind, Result};
use futures_util::FutureExt;

/// What `future` says; a panic is [`Kind::Panicked`] with its text. What the code that panicked owns may be in any
/// state: call only its `stop` after it, or what Apache Kafka Connect calls after an exception.
pub(crate) async fn contain<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(future).catch_unwind().await.unwrap_or_else(|payload| Err(panicked(&*payload)))
}

/// The same for code that does not wait.
pub fn contain_now<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| Err(panicked(&*payload)))
}

fn panicked(payload: &(dyn Any + Send)) -> Error {
    let text = match payload.downcast_ref::<&str>() {
        Some(text) => (*text).to_owned(),
        None => payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic without text".to_owned()),
    };
    Error::new(Kind::Panicked, text)
}
