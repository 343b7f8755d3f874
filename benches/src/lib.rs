//! Side-by-side measurements: Moldau, the real Kafka Connect and the bare wire do the same work in one run.
//!
//! A row is one workload. Its subjects take turns in the order A B B A on one broker; each run starts with a fresh topic, a
//! fresh worker and fresh offsets, and its output is compared with its input line by line. The unit is CPU seconds (user and
//! system, all processes of the worker) per million records, between two marks of progress: rates of a shared machine
//! say little, and ratios within one run say most.
// Measurements start processes and read clocks and files by nature.
#![allow(clippy::disallowed_methods)]

mod arguments;
mod machine;

mod bench;
mod rows;

mod worker;

mod progress;

mod meter;

mod form;
mod lines;
mod wire;

mod statistics;
mod table;

pub use arguments::{Arguments, RowName, USAGE};
pub use bench::Bench;
pub use form::{ENVELOPE, Form, TEXT};
pub use lines::{Checker, Lines};
pub use machine::facts;
pub use rows::run;
pub use statistics::{Spread, noise, ratio};
pub use worker::{Setting, Side, Subject};
