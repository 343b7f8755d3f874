//! The names of all cases, so that none goes missing, and of those that our broker does not pass yet.

/// What the program must run.
#[rustfmt::skip] // A theme a paragraph.
pub(crate) const REQUIRED: &[&str] = &[
    "topics.create", "topics.create-with-defaults", "topics.create-twice", "topics.create-validate-only",
    "topics.invalid-names", "topics.invalid-numbers", "topics.invalid-config", "topics.describe", "topics.list",
    "topics.delete", "topics.delete-and-create-again", "topics.auto-created-by-a-producer",
    "topics.auto-created-by-a-consumer", "topics.internal",
];

/// The cases that ours does not pass yet. One that passes must leave the list.
#[rustfmt::skip] // A theme a paragraph.
pub(crate) const NOT_YET: &[&str] = &[
    "topics.delete", "topics.delete-and-create-again", "topics.auto-created-by-a-producer",
];
