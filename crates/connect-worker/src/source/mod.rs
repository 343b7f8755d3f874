//! The source side: poll → transform → convert → append → acknowledged → offsets stored → commit.
//!
//! [`run`](run::Runner) is the reading half and the table of contents; [`acknowledge`](acknowledge::Acknowledging) is
//! the half that runs beside it, so that offsets are stored also while a poll waits for minutes. What both share is
//! [`in_flight`](in_flight::InFlight): the [`tracker`](tracker::Tracker), locked once per batch.

mod acknowledge;
mod delivery;
mod in_flight;
mod run;
mod send;
mod topic_creation;
mod tracker;

pub use acknowledge::{Acknowledging, Finish, OffsetWriter};
pub use delivery::{Delivery, Transaction, TransactionBoundary, TransactionParts, TransactionalOffsets};
pub use in_flight::InFlight;
pub use run::{Reading, Runner};
pub use send::Outbox;
pub use topic_creation::TopicCreation;
pub use tracker::{Entry, Tracker};
