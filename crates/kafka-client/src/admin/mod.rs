//! The admin client: topics and the cluster itself.

mod client;
mod topics;

pub use client::{Admin, Cluster};
pub use topics::{NewTopic, TopicDescription};
