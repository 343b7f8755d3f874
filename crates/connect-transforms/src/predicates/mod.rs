//! Predicates: whether a transform applies to a record.

mod has_header_key;
mod record_is_tombstone;
mod topic_name_matches;

pub use has_header_key::HasHeaderKeyPlugin;
pub use record_is_tombstone::RecordIsTombstonePlugin;
pub use topic_name_matches::TopicNameMatchesPlugin;
