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
//! [`arrivals`] looks at the topics, [`letters`] at the dead letter queues, [`offsets`] at what is stored and committed,
//! [`deliveries`] at what the sink has written.

mod arrivals;
mod deliveries;
mod letters;
mod offsets;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use env_sim::SimHandle;
use kafka_broker::Data;

use self::arrivals::{Partition, Run};
use self::deliveries::Written;
use self::letters::Letters;
use self::offsets::check_position;
use super::fates::{Fate, fate_of, is_source_letter};
use super::plan::{Plan, SinkKind};
use super::tally::Tally;
use super::topics::Topics;

/// A line of the source file.
#[derive(Debug)]
struct Line {
    text: String,
    /// The number of bytes up to its end.
    end: u64,
    /// Where it ends.
    fate: Fate,
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

    /// The broker's process is gone; what it keeps cannot be seen until there is another.
    pub(crate) fn broker_is_down(&self) {
        *self.data.lock().unwrap() = None;
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

impl State {
    fn pass_seen(&mut self) {
        while self.seen.get(self.first_missing) == Some(&true) {
            self.first_missing += 1;
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
}

/// A line begins with its number.
fn number_in(text: &str, lines: &[Line]) -> Option<usize> {
    let digits = text.split(' ').next()?;
    let number: usize = digits.parse().ok()?;
    lines.get(number).is_some_and(|line| line.text == text).then_some(number)
}
