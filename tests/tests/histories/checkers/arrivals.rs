//! What the topics hold: whole lines of the file, in the topic and the order they belong in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use kafka_broker::Data;
use kafka_wire::Batches;
use kafka_wire::batch::DEFAULT_MAX_DECOMPRESSED;

use super::super::fates::Fate;
use super::super::plan::{QUEUE, SOURCE_QUEUE};
use super::letters::Letters;
use super::{Observer, State};

/// A partition of a topic.
pub(super) struct Partition {
    pub(super) topic: Arc<str>,
    pub(super) index: i32,
    /// Whether the sink takes it.
    pub(super) subscribed: bool,
    /// The line in each record.
    pub(super) records: Vec<usize>,
    /// How many records are known to be delivered, since an offset beyond them was committed.
    pub(super) owed: usize,
}

/// What one run of the source's task has sent.
#[derive(Default)]
pub(super) struct Run {
    pub(super) sent: BTreeSet<usize>,
    /// The newest line in each partition.
    pub(super) newest: BTreeMap<usize, usize>,
    /// A request of it was refused for good: the task fails, but what its producer has already taken may still be sent.
    pub(super) failed: bool,
}

impl Observer {
    /// A broker goes on with what the last one has left. Only with its machine's power may it have lost anything, and then
    /// only what was not acknowledged: whatever depends on the rest is checked at the next look.
    pub(crate) fn broker_is_up(&self, data: &Data, power_was_lost: bool) {
        let state = &mut *self.state.lock().unwrap();
        for index in 0..state.partitions.len() {
            let known = state.partitions[index].records.len();
            let end = state.partitions[index].end_in(data);
            let kept = known.min(usize::try_from(end).unwrap_or(0));
            if kept < known && !power_was_lost {
                let name = state.partitions[index].name();
                let what = format!("partition {name} had {known} records, and has {end} though no power was lost");
                state.violate(&self.sim, what);
            }
            state.partitions[index].records.truncate(kept);
        }
        let left: BTreeSet<usize> =
            state.partitions.iter().flat_map(|partition| partition.records.iter().copied()).collect();
        for (line, seen) in state.seen.iter_mut().enumerate() {
            *seen = left.contains(&line) || state.lines[line].fate == Fate::EndsInSource;
        }
        state.first_missing = 0;
        state.pass_seen();
        if power_was_lost {
            state.letters = Letters::default();
            state.source_letters = Letters::default();
            state.recheck = true;
        }
        *self.data.lock().unwrap() = Some(data.clone());
    }

    /// A task of the source begins.
    pub(crate) fn source_task_begins(&self) {
        self.state.lock().unwrap().runs.push(Run::default());
    }

    /// A request to append is about to be carried out.
    pub(crate) fn produce_from(&self, peer: SocketAddr) {
        let state = &mut *self.state.lock().unwrap();
        let newest = state.runs.len().saturating_sub(1);
        state.sender = *state.senders.entry(peer).or_insert(newest);
    }

    /// That request is refused for good.
    pub(crate) fn producer_fails(&self) {
        let state = &mut *self.state.lock().unwrap();
        if let Some(run) = state.runs.get_mut(state.sender) {
            run.failed = true;
        }
    }

    /// Takes in what is new. False: the broker's disk did not let it be read, so nothing can be said now.
    pub(super) fn look_at_topic(&self, data: &Data, state: &mut State) -> Result<bool, String> {
        for index in 0..state.partitions.len() {
            let known = |state: &State| state.partitions[index].records.len() as i64;
            // A read may end where a segment does.
            while state.partitions[index].end_in(data) != known(state) {
                let Partition { topic, index: of_topic, .. } = &state.partitions[index];
                let batches = data.batches(topic, *of_topic, known(state));
                if batches.is_empty() {
                    return Ok(false);
                }
                self.check_topic(data, state, index)?;
                self.take_in(state, index, batches)?;
            }
        }
        while data.end_offset(QUEUE, 0) != state.letters.known {
            let batches = data.batches(QUEUE, 0, state.letters.known);
            if batches.is_empty() {
                return Ok(false);
            }
            self.take_in_letters(state, batches)?;
        }
        while data.end_offset(SOURCE_QUEUE, 0) != state.source_letters.known {
            let batches = data.batches(SOURCE_QUEUE, 0, state.source_letters.known);
            if batches.is_empty() {
                return Ok(false);
            }
            self.take_in_source_letters(state, batches)?;
        }
        Ok(true)
    }

    /// A topic has the number of partitions that its maker gave it.
    fn check_topic(&self, data: &Data, state: &mut State, index: usize) -> Result<(), String> {
        let name = &state.partitions[index].topic;
        if self.topics.rules.is_none() || !state.known_topics.insert(name.clone()) {
            return Ok(());
        }
        let Some(topic) = self.topics.list.iter().find(|topic| topic.name == *name) else { return Ok(()) };
        self.tally.add(if topic.there {
            "lines in a topic that was there"
        } else {
            "lines in a topic that the source made"
        });
        match data.topics().get(&**name) {
            Some(count) if *count == topic.partitions => Ok(()),
            other => Err(format!("topic {name} has {other:?} partitions instead of {}", topic.partitions)),
        }
    }

    fn take_in(&self, state: &mut State, index: usize, batches: Bytes) -> Result<(), String> {
        for batch in Batches::new(batches) {
            let batch = batch.map_err(|error| format!("partition {index} holds a bad batch: {error}"))?;
            let records = batch.records(DEFAULT_MAX_DECOMPRESSED).map_err(|error| error.to_string())?;
            for record in records {
                let record = record.map_err(|error| error.to_string())?;
                let text = self.text_of(record.value.as_deref().unwrap_or_default())?;
                let line = state.number_of(&text)?;
                let name = state.partitions[index].name();
                self.sim.trace(format_args!("partition {name} offset {} is line {line}", record.offset));
                self.arrived(state, index, line)?;
            }
        }
        Ok(())
    }

    fn arrived(&self, state: &mut State, index: usize, line: usize) -> Result<(), String> {
        if state.lines[line].end > state.file_len {
            return Err(format!("line {line} is in the topic before its end is in the file"));
        }
        state.partitions[index].records.push(line);
        let right = &self.topics.list[self.topics.of_line(line)].name;
        if state.partitions[index].topic != *right {
            return Err(format!("line {line} is in partition {}, not in {right}", state.partitions[index].name()));
        }
        if state.lines[line].fate == Fate::EndsInSource {
            return Err(format!("line {line} is in the topic, and the source should drop it"));
        }
        if std::mem::replace(&mut state.seen[line], true) && self.calm {
            return Err(format!("nothing failed, and line {line} is in the topic twice"));
        }
        state.pass_seen();
        // Where requests linger nobody knows whose lines these are.
        if self.lingering { Ok(()) } else { state.sent(index, line) }
    }
}

impl Partition {
    pub(super) fn name(&self) -> String {
        format!("{}-{}", self.topic, self.index)
    }

    /// The offset that its next record gets.
    fn end_in(&self, data: &Data) -> i64 {
        data.end_offset(&self.topic, self.index)
    }
}

impl State {
    /// The run that sends now has a line in a partition.
    fn sent(&mut self, index: usize, line: usize) -> Result<(), String> {
        let alone = self.partitions.len() == 1;
        let lines = &self.lines;
        let follows = |first: usize, second: usize| {
            lines.get(first..second).is_some_and(|lines| lines.iter().all(|line| line.fate == Fate::EndsInSource))
        };
        let Some(run) = self.runs.get_mut(self.sender) else { return Ok(()) };
        if !run.sent.insert(line) || run.failed {
            return Ok(());
        }
        match run.newest.insert(index, line) {
            Some(newest) if newest > line => Err(format!(
                "in partition {} line {line} comes for the first time after {newest}",
                self.partitions[index].name()
            )),
            Some(newest) if alone && !follows(newest + 1, line) => {
                Err(format!("after line {newest} comes {line}: a gap"))
            }
            None if alone && line > self.first_missing => Err(format!("a task begins with line {line}: a gap")),
            _ => Ok(()),
        }
    }
}
