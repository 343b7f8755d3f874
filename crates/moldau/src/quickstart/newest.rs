//! The newest records of all topics.

use std::collections::BTreeMap;

use kafka_broker::Data;
use kafka_wire::{BatchError, Batches};

use super::text::printable;

/// How many are shown.
const SHOWN: i64 = 5;
/// How much of a value is shown, in characters.
const WIDTH: usize = 100;
/// The most memory that one compressed batch may take to be looked at.
const MOST_DECOMPRESSED: usize = 16 << 20;
/// Partitions that are looked at.
const PARTITIONS: usize = 200;

/// A record to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewestRecord {
    /// Milliseconds since 1970.
    pub(super) timestamp: i64,
    /// `topic-partition@offset`.
    pub(super) place: String,
    /// Its value, cut and made harmless.
    pub(super) value: String,
}

/// Looks at what has changed since the last look.
pub(super) struct Newest {
    data: Data,
    seen: BTreeMap<(String, i32), (i64, Vec<NewestRecord>)>,
}

impl Newest {
    pub(super) fn of(data: Data) -> Self {
        Self { data, seen: BTreeMap::new() }
    }

    /// The newest records, the oldest of them first.
    pub(super) fn look(&mut self) -> Vec<NewestRecord> {
        let topics = self.data.topics().into_iter().filter(|(name, _)| !name.starts_with("__"));
        let partitions: Vec<(String, i32)> = topics
            .flat_map(|(name, count)| (0..count).map(move |index| (name.clone(), index)))
            .take(PARTITIONS)
            .collect();
        self.seen.retain(|of, _| partitions.contains(of));
        for of in partitions {
            let end = self.data.end_offset(&of.0, of.1);
            if self.seen.get(&of).is_none_or(|(known, _)| *known != end) {
                let records = last_records(&self.data, &of.0, of.1, end);
                self.seen.insert(of, (end, records));
            }
        }
        let mut newest: Vec<NewestRecord> = self.seen.values().flat_map(|(_, records)| records).cloned().collect();
        newest.sort_by_key(|record| record.timestamp);
        newest.split_off(newest.len().saturating_sub(SHOWN as usize))
    }
}

fn last_records(data: &Data, topic: &str, partition: i32, end: i64) -> Vec<NewestRecord> {
    let mut records = Vec::new();
    for batch in Batches::new(data.batches(topic, partition, (end - SHOWN).max(0))) {
        // What cannot be read is shown by whoever reads it for its content.
        let Ok(batch) = batch else { break };
        if batch.header().is_control() {
            continue;
        }
        let place = |offset: i64| format!("{topic}-{partition}@{offset}");
        let read = || -> Result<Vec<NewestRecord>, BatchError> {
            let mut found = Vec::new();
            let mut views = batch.records(MOST_DECOMPRESSED)?;
            while let Some(view) = views.next_view() {
                let view = view?;
                if view.offset >= end - SHOWN {
                    let value = view.value.map_or_else(|| "null".to_owned(), |value| printable(value, WIDTH));
                    found.push(NewestRecord { timestamp: view.timestamp, place: place(view.offset), value });
                }
            }
            Ok(found)
        };
        records.extend(read().unwrap_or_default());
    }
    records.split_off(records.len().saturating_sub(SHOWN as usize))
}
