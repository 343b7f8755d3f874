//! What topics and the broker can be told: the keys Apache Kafka 4.3.1 has for them, where a value comes from, and what
//! follows for a topic.

mod keys;

mod broker_keys;
mod topic_keys;

mod change;
mod description;
mod layers;
mod settings;

pub(crate) use broker_keys::given;
pub(crate) use change::{Change, Scope, apply};
pub(crate) use description::{Described, describe_broker, describe_topic};
pub(crate) use layers::Layers;
pub(crate) use settings::{TopicSettings, check_topic};
