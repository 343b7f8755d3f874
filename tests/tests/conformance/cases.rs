//! The names of all cases, so that none goes missing, and of those that our broker does not pass yet.

/// What the program must run.
#[rustfmt::skip] // A theme a paragraph.
pub(crate) const REQUIRED: &[&str] = &[
    "topics.create", "topics.create-with-defaults", "topics.create-twice", "topics.create-validate-only",
    "topics.invalid-names", "topics.invalid-numbers", "topics.invalid-config", "topics.describe", "topics.list",
    "topics.delete", "topics.delete-and-create-again", "topics.auto-created-by-a-producer",
    "topics.auto-created-by-a-consumer", "topics.internal",

    "configs.describe-a-topic", "configs.describe-with-synonyms", "configs.describe-the-broker",
    "configs.set-and-delete", "configs.append-and-subtract", "configs.validate-only", "configs.invalid-values",
    "configs.unknown-topic",

    "cluster.describe", "partitions.grow", "partitions.refused", "partitions.seen-by-a-producer",
    "partitions.fifty-at-once", "records.delete", "records.delete-all", "records.delete-refused",

    "records.acks-0", "records.acks-1", "records.acks-all", "records.big-batches", "records.codec-gzip",
    "records.codec-lz4", "records.codec-none", "records.codec-snappy", "records.codec-zstd", "records.create-time",
    "records.headers", "records.idempotent", "records.keyless-in-a-compacted-topic", "records.keys-and-values",
    "records.log-append-time", "records.mixed-codecs", "records.timestamps-too-far-away", "records.too-large",
    "records.too-large-for-a-fetch", "records.two-producers",

    "transactions.abort", "transactions.after-an-error", "transactions.commit", "transactions.compressed",
    "transactions.empty", "transactions.fenced-by-a-second-producer", "transactions.fenced-by-an-administrator",
    "transactions.fenced-while-open", "transactions.interleaved", "transactions.many-partitions",
    "transactions.offsets-aborted", "transactions.offsets-committed", "transactions.open-ones-are-not-passed",
    "transactions.read-process-write", "transactions.time-out",

    "reading.a-close-does-not-wait-twice", "reading.a-partition-over-100-megabytes",
    "reading.a-topic-that-is-deleted", "reading.an-empty-wait", "reading.enough-bytes", "reading.few-at-a-time",
    "reading.from-a-while-ago", "reading.no-offset", "reading.offset-of-the-latest-time", "reading.offsets-by-time",
    "reading.offsets-of-committed-records", "reading.offsets-of-the-ends", "reading.out-of-range",
    "reading.pause-and-resume", "reading.seek", "reading.wakes-at-once", "reading.while-it-is-written",

    "groups.a-death-is-noticed", "groups.a-member-that-does-not-poll", "groups.a-static-member-comes-back",
    "groups.a-static-member-is-replaced", "groups.a-static-member-that-stays-away", "groups.by-pattern",
    "groups.change-of-the-assignor", "groups.cooperative-members-keep-what-they-have", "groups.cooperative-sticky",
    "groups.members-come-and-go", "groups.more-members-than-partitions", "groups.one-member",
    "groups.partitions-that-are-added", "groups.protocols-that-do-not-go-together", "groups.range",
    "groups.round-robin", "groups.session-time-outs-that-cannot-be",

    "offsets.commit", "offsets.commit-by-itself", "offsets.commit-for-a-missing-topic",
    "offsets.commit-for-many-partitions", "offsets.commit-too-late", "offsets.commit-with-metadata",
    "offsets.commit-with-too-much-metadata", "offsets.commit-without-waiting", "offsets.groups-are-apart",
    "offsets.lag", "offsets.none-committed", "offsets.of-a-deleted-topic",

    "group-admin.alter-offsets", "group-admin.delete", "group-admin.delete-offsets", "group-admin.describe",
    "group-admin.describe-a-missing-one", "group-admin.list", "group-admin.list-offsets",
    "group-admin.remove-members", "group-admin.remove-static-members",
];

/// What it must run before the broker is stopped.
pub(crate) const BEFORE: &[&str] = &[
    "before-a-restart.topics",
    "before-a-restart.records",
    "before-a-restart.offsets",
    "before-a-restart.transactions",
    "before-a-restart.a-static-member",
];

/// What it must run when the broker has been started again.
pub(crate) const AFTER: &[&str] = &[
    "after-a-restart.topics",
    "after-a-restart.records",
    "after-a-restart.offsets",
    "after-a-restart.transactions",
    "after-a-restart.a-static-member",
];

/// The cases that ours does not pass yet. One that passes must leave the list.
pub(crate) const NOT_YET: &[&str] = &[];
