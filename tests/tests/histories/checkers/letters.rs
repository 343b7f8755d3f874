//! What the dead letter queues hold: what was refused, and nothing else.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_wire::Batches;
use kafka_wire::batch::DEFAULT_MAX_DECOMPRESSED;

use super::super::fates::{Fate, is_source_letter};
use super::{Observer, State};

/// The dead letter queue.
#[derive(Default)]
pub(super) struct Letters {
    /// How many are known.
    pub(super) known: i64,
    /// How often each line is there.
    pub(super) counts: BTreeMap<usize, u64>,
}

impl Observer {
    pub(super) fn take_in_letters(&self, state: &mut State, batches: Bytes) -> Result<(), String> {
        for batch in Batches::new(batches) {
            let batch = batch.map_err(|error| format!("the dead letter queue holds a bad batch: {error}"))?;
            for record in batch.records(DEFAULT_MAX_DECOMPRESSED).map_err(|error| error.to_string())? {
                let record = record.map_err(|error| error.to_string())?;
                let text = self.text_of(record.value.as_deref().unwrap_or_default())?;
                let line = state.number_of(&text)?;
                if state.lines[line].fate != Fate::Letter {
                    return Err(format!("line {line} is in the dead letter queue, and nothing refuses it"));
                }
                self.sim.trace(format_args!("letter {} is line {line}", record.offset));
                state.letters.known = record.offset + 1;
                let count = state.letters.counts.entry(line).or_default();
                *count += 1;
                if self.calm && *count > 1 {
                    return Err(format!("nothing failed, and line {line} is in the dead letter queue twice"));
                }
            }
        }
        Ok(())
    }

    pub(super) fn take_in_source_letters(&self, state: &mut State, batches: Bytes) -> Result<(), String> {
        for batch in Batches::new(batches) {
            let batch = batch.map_err(|error| format!("the source's queue holds a bad batch: {error}"))?;
            for record in batch.records(DEFAULT_MAX_DECOMPRESSED).map_err(|error| error.to_string())? {
                let record = record.map_err(|error| error.to_string())?;
                let letter: serde_json::Value =
                    serde_json::from_slice(record.value.as_deref().unwrap_or_default()).map_err(|e| e.to_string())?;
                let line = state.number_of(letter["payload"].as_str().unwrap_or_default())?;
                if !is_source_letter(line) {
                    return Err(format!("line {line} is in the source's dead letter queue, and nothing refuses it"));
                }
                self.sim.trace(format_args!("source letter {} is line {line}", record.offset));
                state.source_letters.known = record.offset + 1;
                let count = state.source_letters.counts.entry(line).or_default();
                *count += 1;
            }
        }
        Ok(())
    }
}
