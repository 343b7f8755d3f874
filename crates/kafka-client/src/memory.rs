//! Room for what brokers send, shared with whoever else holds memory.

use std::any::Any;
use std::fmt;

use env::BoxFuture;

/// Lends room for the answers to Fetch requests, the large ones. Each is asked for once its length is known and before
/// its content is read, so that a broker waits, and not memory, when there is no room.
pub trait Memory: fmt::Debug + Send + Sync {
    /// The most a Fetch should ask for. A single batch that is larger comes nevertheless.
    fn most(&self) -> usize;

    /// Waits for room for `bytes`. It is given back when what is returned is dropped, which happens with the last slice
    /// of the answer.
    fn reserve(&self, bytes: usize) -> BoxFuture<'static, Reserved>;
}

/// Room that somebody has.
pub struct Reserved(#[expect(dead_code, reason = "held for its drop")] Box<dyn Any + Send + Sync>);

impl Reserved {
    /// Room that is given back when `held` is dropped.
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self(Box::new(held))
    }
}

impl fmt::Debug for Reserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reserved")
    }
}
