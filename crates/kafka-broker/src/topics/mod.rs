//! Topics and their partitions.

mod catalog;
mod name;
mod partition;
mod producers;

pub(crate) use catalog::{NewTopic, Topic, Topics};
pub(crate) use name::check as check_name;
pub(crate) use partition::{AppendError, Appended, Isolation, Marker};
pub(crate) use producers::Aborted;
