//! Topics and their partitions.

mod append_rules;
mod catalog;
mod name;
mod partition;
mod producers;

pub(crate) use append_rules::{AppendError, is_compressed};
pub(crate) use catalog::{NewTopic, Topic, Topics};
pub(crate) use name::check as check_name;
pub(crate) use partition::{Appended, Isolation, Marker, Partition};
pub(crate) use producers::Aborted;
