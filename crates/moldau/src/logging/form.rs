//! How a line looks.

use jiff::tz::TimeZone;

use super::record::Record;
use super::{java_pattern, json_lines, people};

/// The three forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// For people: the time in UTC, our own names of places
    People,
    /// One JSON object in each line
    Json,
    /// Kafka Connect's usual pattern, with Java's names of loggers
    Java,
}

impl Form {
    /// The form of that name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        clap::ValueEnum::from_str(name.trim(), true).ok()
    }

    /// The lines of a record, with their ends.
    pub(super) fn text(self, record: &Record, zone: &TimeZone) -> String {
        match self {
            Self::People => people::text(record),
            Self::Json => json_lines::text(record),
            Self::Java => java_pattern::text(record, zone),
        }
    }
}
