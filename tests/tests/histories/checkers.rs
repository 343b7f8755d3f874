//! What must hold at every moment, whatever happens:
//!
//! - the topic holds whole lines of the file only;
//! - what one run of the source's task sends comes, in each partition, for the first time in the order of the file; with
//!   one partition without gaps;
//! - a stored source offset is the end of a line, and all lines before it are in the topic; once storing was reported,
//!   it is never lost;
//! - a committed sink offset is never ahead of what is durable in the sink's file (or was given to somebody else);
//! - where lines are dropped and refused on the way, each is only where it belongs, and a committed sink offset is never
//!   ahead of the dead letter queue.
//!
//! The unsteady sink adds what a task may rely on: it gets records of open partitions only, and a batch that it asked to
//! have again comes again as it was.
//!
//! [`Observer::look`] checks all of it at one moment, and is called at every request to the broker, at every step of a
//! record's life, and around every death of the worker. What it learned it keeps, so a look costs what is new.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use env_sim::SimHandle;
use kafka_broker::Data;
use kafka_wire::Batches;
use kafka_wire::batch::DEFAULT_MAX_DECOMPRESSED;

use super::fates::{Fate, fate_of, is_source_letter};
use super::plan::{GROUP, OFFSET_FILE, Plan, QUEUE, SINK_FILE, SOURCE_QUEUE, SinkKind};
use super::tally::Tally;
use super::topics::{INTERNAL, INTERNAL_VALUE, Topics};
use super::world::WORKER;

/// A line of the source file.
#[derive(Debug)]
struct Line {
    text: String,
    /// The number of bytes up to its end.
    end: u64,
    /// Where it ends.
    fate: Fate,
}

/// A partition of a topic.
struct Partition {
    topic: Arc<str>,
    index: i32,
    /// Whether the sink takes it.
    subscribed: bool,
    /// The line in each record.
    records: Vec<usize>,
    /// How many records are known to be delivered, since an offset beyond them was committed.
    owed: usize,
}

/// What one run of the source's task has sent.
#[derive(Default)]
struct Run {
    sent: BTreeSet<usize>,
    /// The newest line in each partition.
    newest: BTreeMap<usize, usize>,
    /// A request of it was refused for good: the task fails, but what its producer has already taken may still be sent.
    failed: bool,
}

/// The lines of the sink's file.
#[derive(Default)]
struct Written {
    parsed: usize,
    /// How often each line is there.
    counts: BTreeMap<usize, u64>,
    fragments: Vec<String>,
}

/// The dead letter queue.
#[derive(Default)]
struct Letters {
    /// How many are known.
    known: i64,
    /// How often each line is there.
    counts: BTreeMap<usize, u64>,
}

#[derive(Default)]
struct State {
    lines: Vec<Line>,
    /// Bytes that the source file has.
    file_len: u64,
    partitions: Vec<Partition>,
    /// Topics whose partitions were counted.
    known_topics: BTreeSet<Arc<str>>,
    /// Lines that are in the topic.
    seen: Vec<bool>,
    /// The first line that is not.
    first_missing: usize,
    /// The last stored offset whose storing was reported.
    stored: u64,
    durable: Written,
    letters: Letters,
    source_letters: Letters,
    /// What somebody else in the group got.
    elsewhere: BTreeMap<usize, u64>,
    /// How often each line must have been delivered.
    owed: BTreeMap<usize, u64>,
    runs: Vec<Run>,
    /// The run that sends from an address.
    senders: BTreeMap<SocketAddr, usize>,
    /// The run that sent what comes next.
    sender: usize,
    /// Whether lines are dropped and refused.
    fates: bool,
    /// The broker may have lost something: what was owed is to be looked for again.
    recheck: bool,
    violation: Option<String>,
}

/// Checks what must hold.
pub(crate) struct Observer {
    sim: SimHandle,
    /// What the broker keeps; `None` while it is down.
    data: Mutex<Option<Data>>,
    topics: Topics,
    tally: Arc<Tally>,
    calm: bool,
    json: bool,
    fates: bool,
    /// Whether the sink itself refuses lines.
    picky: bool,
    /// Whether requests may arrive after their sender is gone.
    lingering: bool,
    state: Mutex<State>,
}

impl Observer {
    pub(crate) fn new(sim: &SimHandle, plan: &Plan, tally: Arc<Tally>) -> Self {
        let partitions = plan.topics.list.iter().flat_map(|topic| {
            let of = |index| Partition {
                topic: topic.name.clone(),
                index,
                subscribed: topic.subscribed,
                records: Vec::new(),
                owed: 0,
            };
            (0..topic.partitions).map(of)
        });
        let state = State { fates: plan.fates, partitions: partitions.collect(), ..State::default() };
        Self {
            sim: sim.clone(),
            data: Mutex::default(),
            topics: plan.topics.clone(),
            tally,
            calm: plan.calm,
            json: plan.json.is_some(),
            fates: plan.fates,
            picky: plan.sink == SinkKind::Unsteady,
            lingering: plan.lingering,
            state: Mutex::new(state),
        }
    }

    /// A line will be written to the source file, up to byte `end`.
    pub(crate) fn line(&self, text: String, end: u64) {
        let state = &mut *self.state.lock().unwrap();
        let number = state.lines.len();
        let fate = match if self.fates { fate_of(number, self.picky) } else { Fate::File } {
            Fate::EndsInSource => Fate::EndsInSource,
            _ if !self.topics.is_taken(number) => Fate::Beside,
            fate => fate,
        };
        state.lines.push(Line { text, end, fate });
        state.seen.push(fate == Fate::EndsInSource);
        state.pass_seen();
    }

    /// The source file has so many bytes.
    pub(crate) fn file_has(&self, len: u64) {
        self.state.lock().unwrap().file_len = len;
    }

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

    /// The broker's process is gone; what it keeps cannot be seen until there is another.
    pub(crate) fn broker_is_down(&self) {
        *self.data.lock().unwrap() = None;
    }

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

    /// The worker reported that offsets are stored.
    pub(crate) fn offsets_stored(&self) {
        if let Some(position) = self.stored_position() {
            let state = &mut *self.state.lock().unwrap();
            state.stored = state.stored.max(position);
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

    /// Something that must not be.
    pub(crate) fn violate(&self, what: impl Into<String>) {
        self.state.lock().unwrap().violate(&self.sim, what.into());
    }

    /// The first thing found that must not be.
    pub(crate) fn violation(&self) -> Option<String> {
        self.state.lock().unwrap().violation.clone()
    }

    /// Checks everything, now.
    pub(crate) fn look(&self) {
        let position = self.stored_position();
        let state = &mut *self.state.lock().unwrap();
        if state.violation.is_some() {
            return;
        }
        let Some(data) = self.data.lock().unwrap().clone() else { return };
        let checked = self.look_at_topic(&data, state).and_then(|all_seen| {
            if !all_seen {
                return Ok(());
            }
            check_position(state, position)?;
            self.look_at_commits(&data, state)
        });
        if let Err(what) = checked {
            state.violate(&self.sim, what);
        }
    }

    /// Takes in what is new. False: the broker's disk did not let it be read, so nothing can be said now.
    fn look_at_topic(&self, data: &Data, state: &mut State) -> Result<bool, String> {
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

    fn take_in_letters(&self, state: &mut State, batches: Bytes) -> Result<(), String> {
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

    fn take_in_source_letters(&self, state: &mut State, batches: Bytes) -> Result<(), String> {
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

    fn look_at_commits(&self, data: &Data, state: &mut State) -> Result<(), String> {
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

    /// Where a line stands.
    fn shown(&self, state: &State, line: usize) -> String {
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

    fn read_durable(&self, state: &mut State) {
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

    /// What the offset file holds now.
    fn stored_position(&self) -> Option<u64> {
        const MARK: &[u8] = b"{\"position\":";
        let content = self.sim.disk(WORKER).read(OFFSET_FILE).ok()?;
        let at = content.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
        let digits: Vec<u8> = content[at..].iter().copied().take_while(u8::is_ascii_digit).collect();
        String::from_utf8(digits).ok()?.parse().ok()
    }

    fn text_of(&self, value: &[u8]) -> Result<String, String> {
        let text = std::str::from_utf8(value).map_err(|_| format!("{value:?} is no text"))?;
        if !self.json {
            return Ok(text.to_owned());
        }
        let parsed: serde_json::Value = serde_json::from_str(text).map_err(|error| format!("{text}: {error}"))?;
        let payload = parsed.get("payload").unwrap_or(&parsed);
        payload.as_str().map(str::to_owned).ok_or_else(|| format!("{text} has no text"))
    }

    /// What is still missing at the end; `None`: everything arrived, and all offsets say so.
    pub(crate) fn missing(&self) -> Option<String> {
        let position = self.stored_position();
        let state = &mut *self.state.lock().unwrap();
        if state.first_missing < state.lines.len() {
            return Some(format!("line {} is not in the topic", state.first_missing));
        }
        // The offset of a line that is dropped is not stored, as in Java; that of a dead letter is.
        let counts = |(number, line): &(usize, &Line)| line.fate != Fate::EndsInSource || is_source_letter(*number);
        let end = state.lines.iter().enumerate().rfind(counts).map_or(0, |(_, line)| line.end);
        if position.unwrap_or(0) != end {
            return Some(format!("the stored offset is {position:?}, the file's last line ends at {end}"));
        }
        self.read_durable(state);
        for partition in state.partitions.iter().filter(|partition| partition.subscribed) {
            if partition.owed < partition.records.len() {
                let end = partition.records.len();
                return Some(format!(
                    "the committed offset of partition {} is {} of {end}",
                    partition.name(),
                    partition.owed
                ));
            }
        }
        state.undelivered(&state.owed).map(|(line, _)| format!("line {line}: {}", self.shown(state, line)))
    }

    /// What must hold in the end beyond that, when nothing failed: exactly once everywhere.
    pub(crate) fn check_end(&self) -> Result<(), String> {
        let state = &mut *self.state.lock().unwrap();
        self.read_durable(state);
        if !self.calm {
            return Ok(());
        }
        if let Some(fragment) = state.durable.fragments.first() {
            return Err(format!("nothing failed, and the sink's file has {fragment:?}, which is no line"));
        }
        for line in 0..state.lines.len() {
            let count = |counts: &BTreeMap<usize, u64>| counts.get(&line).copied().unwrap_or(0);
            let (file, letters) = (count(&state.durable.counts), count(&state.letters.counts));
            let once = match state.lines[line].fate {
                Fate::File | Fate::Letter => file + letters + count(&state.elsewhere) == 1,
                Fate::EndsInSource | Fate::EndsInSink | Fate::Beside => file + letters == 0,
            };
            if !once {
                return Err(format!("nothing failed, and line {line} is not there once: {}", self.shown(state, line)));
            }
        }
        Ok(())
    }

    /// A line for people.
    pub(crate) fn summary(&self) -> String {
        let state = self.state.lock().unwrap();
        let records: usize = state.partitions.iter().map(|partition| partition.records.len()).sum();
        let lines: u64 = state.durable.counts.values().sum();
        format!(
            "{} lines, {records} records, {lines} lines in the sink's file, fragments: {:?}",
            state.lines.len(),
            state.durable.fragments
        )
    }
}

impl Partition {
    fn name(&self) -> String {
        format!("{}-{}", self.topic, self.index)
    }

    /// The offset that its next record gets.
    fn end_in(&self, data: &Data) -> i64 {
        data.end_offset(&self.topic, self.index)
    }
}

impl State {
    fn pass_seen(&mut self) {
        while self.seen.get(self.first_missing) == Some(&true) {
            self.first_missing += 1;
        }
    }

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

    fn violate(&mut self, sim: &SimHandle, what: String) {
        sim.trace(format_args!("VIOLATION: {what}"));
        self.violation.get_or_insert(what);
    }

    /// The number of the line that has this text.
    fn number_of(&self, text: &str) -> Result<usize, String> {
        number_in(text, &self.lines).ok_or_else(|| format!("{text:?} is no line of the file"))
    }

    /// A line that was delivered less often than it had to be, and how many times less.
    fn undelivered(&self, owed: &BTreeMap<usize, u64>) -> Option<(usize, u64)> {
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

/// A line begins with its number.
fn number_in(text: &str, lines: &[Line]) -> Option<usize> {
    let digits = text.split(' ').next()?;
    let number: usize = digits.parse().ok()?;
    lines.get(number).is_some_and(|line| line.text == text).then_some(number)
}

fn check_position(state: &State, position: Option<u64>) -> Result<(), String> {
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
