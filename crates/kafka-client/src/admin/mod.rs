//! The admin client: the cluster itself, topics, consumer groups.

mod client;
mod groups;
mod topics;

pub use client::{Admin, Cluster};
pub use groups::PartitionResults;
pub use topics::{NewTopic, TopicDescription};
