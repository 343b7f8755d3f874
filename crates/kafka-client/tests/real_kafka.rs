//! The client against Apache Kafka itself, with Java's clients and librdkafka as second opinions.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests wait and measure on the real clock, and may fail"
)]

mod clients;
#[path = "real_kafka/support.rs"]
mod support;

#[path = "real_kafka/admin.rs"]
mod admin;
#[path = "real_kafka/group_offsets.rs"]
mod group_offsets;
#[path = "real_kafka/groups.rs"]
mod groups;
#[path = "real_kafka/leaders.rs"]
mod leaders;
#[path = "real_kafka/outages.rs"]
mod outages;
#[path = "real_kafka/producing.rs"]
mod producing;
#[path = "real_kafka/second_opinions.rs"]
mod second_opinions;
