//! The log: who may say something ([`levels`], by the names of [`names`]), what is said ([`record`], in the [`context`]
//! of a connector or task), how it looks ([`form`]), and where it goes ([`output`]).
//!
//! A line that nobody wants costs one comparison at its place; one that is wanted is written by a thread of its own, so
//! that a slow disk or an output that nobody reads holds up no task. What came out of config providers is hidden.

mod names;

mod levels;

mod context;
mod record;

mod form;
mod java_pattern;
mod json_lines;
mod people;

mod output;
mod rolling;

mod layer;
mod start;

pub(crate) use start::{Settings, finish, loggers, secrets, start, start_in};
