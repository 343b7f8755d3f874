//! What the load generators among the connectors share: records made at a given rate, a line on standard output for
//! each, and any number of tasks that differ by their `id`.
//!
//! A connector implements [`Generator`]; [`Endless`] polls it. [`Numbered`] makes the tasks.

mod generator;
mod number;
mod pace;
mod printer;
mod tasks;

pub use generator::{Endless, Generator, Partition};
pub use number::{int, long, number_format};
pub use pace::{Pace, Turn};
pub use printer::Printer;
pub use tasks::Numbered;

/// The version that the connectors report: that of the Apache Kafka whose behaviour they follow.
pub const VERSION: &str = "4.3.1";
