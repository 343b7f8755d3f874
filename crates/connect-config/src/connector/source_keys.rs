//! The keys of source connectors.

use kafka_config::{
    CaseInsensitiveValidString, ConfigDef, Importance, Lambda, NonEmptyString, Range, Type, Validator, Value, Width,
};

use super::keys::{key, unique_aliases};

const EXACTLY_ONCE: &str = "Exactly Once Support";

/// Adds them in Java's order.
pub(super) fn with_source_keys(definition: ConfigDef) -> ConfigDef {
    let at_least_zero = Range::at_least(0);
    let description = at_least_zero.describe();
    definition
        .define(
            key(
                "topic.creation.groups",
                Type::List,
                "Topic Creation Groups",
                "Groups of rules by which the connector's topics are created.",
            )
            .default("")
            .validator(unique_aliases("unique topic creation groups"))
            .group("Topic Creation", 1)
            .width(Width::Long),
        )
        .define(
            key(
                "exactly.once.support",
                Type::String,
                "Exactly once support",
                "Whether exactly-once delivery is a condition (required) or a wish (requested).",
            )
            .default("requested")
            .validator(CaseInsensitiveValidString::of(["required", "requested"]))
            .importance(Importance::Medium)
            .group(EXACTLY_ONCE, 2)
            .width(Width::Short),
        )
        .define(
            key(
                "transaction.boundary",
                Type::String,
                "Transaction Boundary",
                "When a transaction ends: after each poll, after an interval, or where the connector says.",
            )
            .default("poll")
            .validator(CaseInsensitiveValidString::of(["poll", "interval", "connector"]))
            .importance(Importance::Medium)
            .group(EXACTLY_ONCE, 3)
            .width(Width::Short),
        )
        .define(
            key(
                "transaction.boundary.interval.ms",
                Type::Long,
                "Transaction boundary interval",
                "How long a transaction lasts when transaction.boundary is interval; offset.flush.interval.ms if not set.",
            )
            .default_null()
            .validator(Lambda::new(description, move |name: &str, value: Option<&Value>| match value {
                None => Ok(()),
                Some(_) => at_least_zero.ensure_valid(name, value),
            }))
            .group(EXACTLY_ONCE, 4)
            .width(Width::Short),
        )
        .define(
            key(
                "offsets.storage.topic",
                Type::String,
                "Offsets topic",
                "A topic of its own for the connector's offsets; standalone workers take no notice of it.",
            )
            .default_null()
            .validator(NonEmptyString)
            .group("offsets.topic", 1)
            .width(Width::Long),
        )
}
