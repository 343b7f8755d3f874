//! All connectors in one process: what the herder is, the verbs, and what they are made of.

mod configurations;
mod herder;
mod making;
mod questions;
mod turns;
mod verbs;

pub use herder::{StandaloneHerder, StandaloneSettings};
