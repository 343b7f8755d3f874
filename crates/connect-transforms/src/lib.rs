//! The single message transforms and predicates of Apache Kafka Connect: one file each, with Java's class names, keys,
//! results and messages.
//!
//! A transform that changes structs makes a plan per input schema and keeps it: the next record of that
//! schema costs one comparison of pointers. A record that cannot be transformed is left as it was.

mod insert_field;
mod replace_field;
mod value_to_key;

pub mod predicates;

pub mod java_pattern;
mod operand;
mod plan;

pub use insert_field::InsertFieldPlugin;
pub use operand::Side;
pub use replace_field::ReplaceFieldPlugin;
pub use value_to_key::ValueToKeyPlugin;

/// The version all of them report: that of the Apache Kafka whose behaviour they follow.
const VERSION: &str = "4.3.1";
