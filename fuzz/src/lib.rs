//! Throws damaged input at every parser of bytes from outside. See `README.md` beside this crate.
//!
//! [`TARGETS`] lists what is tried; `mutation` makes inputs out of the corpus, `run` tries them in this process, and
//! `supervise` runs targets in processes of their own, because an overflowing stack or an endless loop takes its process
//! with it.
// A tool of developers: it reads files, clocks and waits for processes; nothing here runs in a worker.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used)]

mod corpus;
mod mutation;
mod run;
mod supervise;
mod target;
mod targets;

pub use corpus::make;
pub use run::{Limits, replay, run};
pub use supervise::{Plan, supervise};
pub use target::{Outcome, Target, outcome, target};
pub use targets::TARGETS;
