//! The consumer: fetches batches of records, alone or as a member of a group.
//!
//! [`Consumer::poll`] hands out what one task (`driver`) has prepared: it learns where partitions stand (`offsets`),
//! fetches ahead (`fetch`) within bounds (`partitions`), and follows the group's rebalances (`assignment`), while
//! membership keeps the session alive in a task of its own.

mod event;

mod client;

mod assignment;
mod driver;
mod partitions;

mod chunk;
mod commit;
mod fetch;
pub(crate) mod offsets;
mod protocol;

pub use client::{Consumer, ConsumerHandle, TopicMatcher};
pub use event::{Event, FetchedRecords, Revoked, StartAt};
pub use kafka_wire::Record;
pub use kafka_wire::batch::TimestampType;
