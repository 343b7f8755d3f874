//! What was delivered: what is durable in the sink's file, and what somebody else in its group got.

use std::collections::BTreeMap;

use super::super::fates::Fate;
use super::super::plan::SINK_FILE;
use super::super::topics::INTERNAL_VALUE;
use super::super::world::WORKER;
use super::{Line, Observer, State, number_in};

/// The lines of the sink's file.
#[derive(Default)]
pub(super) struct Written {
    pub(super) parsed: usize,
    /// How often each line is there.
    pub(super) counts: BTreeMap<usize, u64>,
    pub(super) fragments: Vec<String>,
}

impl Observer {
    /// The worker's machine lost power: what was delivered must still be there. A file whose name was not durable may be
    /// gone, with lines that count no more.
    pub(crate) fn power_lost(&self) {
        let state = &mut *self.state.lock().unwrap();
        state.durable = Written::default();
        self.read_durable(state);
        if let Some((line, _)) = state.undelivered(&state.owed) {
            let what = format!("line {line} was committed and is gone with the power: {}", self.shown(state, line));
            state.violate(&self.sim, what);
        }
    }

    /// Somebody else in the sink's group got this value.
    pub(crate) fn delivered_elsewhere(&self, value: &[u8]) {
        let state = &mut *self.state.lock().unwrap();
        match self.text_of(value).and_then(|text| state.number_of(&text)) {
            Ok(line) => *state.elsewhere.entry(line).or_default() += 1,
            Err(what) => state.violate(&self.sim, what),
        }
    }

    /// Where a line stands.
    pub(super) fn shown(&self, state: &State, line: usize) -> String {
        let places = state.partitions.iter().flat_map(|partition| {
            let here = partition.records.iter().enumerate().filter(move |(_, found)| **found == line);
            here.map(move |(offset, _)| format!("partition {} offset {offset}", partition.name()))
        });
        let places: Vec<_> = places.collect();
        let durable = state.durable.counts.get(&line).copied().unwrap_or(0);
        let elsewhere = state.elsewhere.get(&line).copied().unwrap_or(0);
        let letters = state.letters.counts.get(&line).copied().unwrap_or(0);
        let places = places.join(", ");
        format!("{places}; {durable} time(s) in the file, {letters} letter(s), {elsewhere} time(s) elsewhere")
    }

    pub(super) fn read_durable(&self, state: &mut State) {
        let content = self.sim.disk(WORKER).read_durable(SINK_FILE).unwrap_or_default();
        let State { durable, lines, .. } = state;
        durable.read_on(&content, lines);
        if let Some(line) = durable.counts.keys().find(|line| lines[**line].fate != Fate::File) {
            let what = format!("line {line} is in the sink's file, and should not be");
            state.violate(&self.sim, what);
        }
        if let Some(text) = state.durable.fragments.iter().find(|text| text.contains(INTERNAL_VALUE.trim_matches('"')))
        {
            let what = format!("{text:?} is in the sink's file, from Kafka's own topic");
            state.violate(&self.sim, what);
        }
    }
}

impl State {
    /// A line that was delivered less often than it had to be, and how many times less.
    pub(super) fn undelivered(&self, owed: &BTreeMap<usize, u64>) -> Option<(usize, u64)> {
        owed.iter().find_map(|(line, times)| {
            let count = |counts: &BTreeMap<usize, u64>| counts.get(line).copied().unwrap_or(0);
            let here = match self.lines[*line].fate {
                Fate::File => count(&self.durable.counts),
                Fate::Letter => count(&self.letters.counts),
                Fate::EndsInSource | Fate::EndsInSink | Fate::Beside => return None,
            };
            let short = times.saturating_sub(here + count(&self.elsewhere));
            (short > 0).then_some((*line, short))
        })
    }
}

impl Written {
    /// Reads the whole lines that are new; what was durable before is durable for ever.
    fn read_on(&mut self, content: &[u8], lines: &[Line]) {
        while let Some(length) = content[self.parsed.min(content.len())..].iter().position(|byte| *byte == b'\n') {
            let bytes = &content[self.parsed..self.parsed + length];
            self.parsed += length + 1;
            // What a failed sync lost reads as zeros, the end of the line before included.
            let text = String::from_utf8_lossy(bytes);
            let last = text.rsplit('\0').next().unwrap_or_default();
            match number_in(last, lines) {
                Some(line) => *self.counts.entry(line).or_default() += 1,
                None if text.is_empty() => {}
                None => self.fragments.push(text.into_owned()),
            }
        }
    }
}
