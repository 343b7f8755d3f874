//! What the offsets say: those that are stored for the source, and those that are committed for the sink.

use kafka_broker::Data;

use super::super::fates::is_source_letter;
use super::super::plan::{GROUP, OFFSET_FILE};
use super::super::topics::INTERNAL;
use super::super::world::WORKER;
use super::{Observer, State};

impl Observer {
    /// The worker reported that offsets are stored.
    pub(crate) fn offsets_stored(&self) {
        if let Some(position) = self.stored_position() {
            let state = &mut *self.state.lock().unwrap();
            state.stored = state.stored.max(position);
        }
    }

    /// What the offset file holds now.
    pub(super) fn stored_position(&self) -> Option<u64> {
        const MARK: &[u8] = b"{\"position\":";
        let content = self.sim.disk(WORKER).read(OFFSET_FILE).ok()?;
        let at = content.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
        let digits: Vec<u8> = content[at..].iter().copied().take_while(u8::is_ascii_digit).collect();
        String::from_utf8(digits).ok()?.parse().ok()
    }

    pub(super) fn look_at_commits(&self, data: &Data, state: &mut State) -> Result<(), String> {
        let mut grown = std::mem::take(&mut state.recheck);
        for index in 0..state.partitions.len() {
            let partition = &mut state.partitions[index];
            let committed = data.committed(GROUP, &partition.topic, partition.index);
            if !partition.subscribed && committed.is_some() {
                return Err(format!(
                    "the sink has committed an offset of {}, which it should not take",
                    partition.name()
                ));
            }
            let committed = committed.unwrap_or(0);
            let committed = usize::try_from(committed).unwrap_or(0);
            if committed > partition.records.len() {
                let name = partition.name();
                return Err(format!("offset {committed} of partition {name} is committed, which has no such record"));
            }
            if self.calm && committed < partition.owed {
                return Err(format!("nothing failed, and the committed offset went back to {committed}"));
            }
            while partition.owed < committed {
                *state.owed.entry(partition.records[partition.owed]).or_default() += 1;
                partition.owed += 1;
                grown = true;
            }
        }
        if self.topics.rules.is_some() && data.committed(GROUP, INTERNAL, 0).is_some() {
            return Err("the sink has committed an offset of Kafka's own topic".to_owned());
        }
        if grown {
            self.read_durable(state);
            if let Some((line, times)) = state.undelivered(&state.owed) {
                return Err(format!(
                    "the sink's committed offsets cover line {line} {times} more time(s) than it is durable: {}",
                    self.shown(state, line)
                ));
            }
        }
        Ok(())
    }
}

pub(super) fn check_position(state: &State, position: Option<u64>) -> Result<(), String> {
    let position = position.unwrap_or(0);
    if position < state.stored {
        return Err(format!("offset {} was stored, and now it is {position}", state.stored));
    }
    let covered = state.lines.partition_point(|line| line.end <= position);
    if covered > state.first_missing {
        let missing = state.first_missing;
        return Err(format!("the stored offset {position} is ahead: line {missing} is not in the topic"));
    }
    let unsent = state.lines[..covered]
        .iter()
        .enumerate()
        .find(|(line, _)| state.fates && is_source_letter(*line) && !state.source_letters.counts.contains_key(line));
    if let Some((line, _)) = unsent {
        return Err(format!(
            "the stored offset {position} is ahead: line {line} is not in the source's dead letter queue"
        ));
    }
    let ends_a_line = position == 0 || covered > 0 && state.lines[covered - 1].end == position;
    if ends_a_line { Ok(()) } else { Err(format!("the stored offset {position} is not the end of a line")) }
}
