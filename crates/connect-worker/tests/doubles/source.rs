//! A source whose polls the test writes down.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use connect_api::source::{
    Acknowledgement, Acknowledger, Boundary, SourceBatch, SourceHalves, SourceReader, SourceTask, SourceTaskContext,
};
use connect_api::{Datum, Error, Record, Result, Signal, SourceOffset, SourcePartition};
use env::Env;
use kafka_config::RawConfig;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Gate;

/// What a call to the connector does.
#[derive(Clone)]
pub(crate) enum Turn {
    /// Gives these records.
    Records(Vec<Record>),
    /// Gives these records, each with the mark that follows it.
    Marked(Vec<(Option<Record>, Option<Boundary>)>),
    /// Gives nothing, at once.
    Empty,
    /// Waits, then gives nothing.
    Wait(Duration),
    Fail(Error),
    Panic(&'static str),
    /// Never completes and heeds no token.
    Hang,
    /// Blocks its thread at the gate, then gives these records.
    Block(Gate, Vec<Record>),
}

/// A record of topic `t` whose value, tag and offset are all this number.
pub(crate) fn record(number: u64) -> Record {
    record_of("p", number)
}

/// The same of another source partition.
pub(crate) fn record_of(partition: &str, number: u64) -> Record {
    let partition = SourcePartition::new([("p", partition)]);
    let offset = SourceOffset::of([("o", number as i64)]);
    Record::source("t".into(), partition, offset, Datum::schemaless(number.to_string().as_str())).with_tag(number)
}

/// The number in an offset of [`record`].
pub(crate) fn offset_of(offset: &SourceOffset) -> i64 {
    offset.get("o").and_then(connect_api::Value::as_i64).unwrap()
}

#[derive(Default)]
struct State {
    turns: Mutex<VecDeque<Turn>>,
    added: Notify,
    polls: AtomicUsize,
    starts: AtomicUsize,
    stops: AtomicUsize,
    commits: AtomicUsize,
    acknowledged: Mutex<Vec<Acknowledgement>>,
    start: Mutex<Option<Turn>>,
    stop: Mutex<Option<Turn>>,
    acknowledging: Mutex<Option<Turn>>,
    started_from: Mutex<Vec<Option<i64>>>,
}

/// The test's hand on a source task and its successors. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct SourceScript(Arc<State>);

impl SourceScript {
    /// The next poll does this. Without a turn a poll waits as a good connector does.
    pub(crate) fn then(&self, turn: Turn) -> &Self {
        self.0.turns.lock().push_back(turn);
        self.0.added.notify_one();
        self
    }

    pub(crate) fn then_records(&self, numbers: impl IntoIterator<Item = u64>) -> &Self {
        self.then(Turn::Records(numbers.into_iter().map(record).collect()))
    }

    /// The next start does this.
    pub(crate) fn on_start(&self, turn: Turn) {
        *self.0.start.lock() = Some(turn);
    }

    /// The next stop does this.
    pub(crate) fn on_stop(&self, turn: Turn) {
        *self.0.stop.lock() = Some(turn);
    }

    /// The next acknowledgement does this.
    pub(crate) fn on_acknowledgement(&self, turn: Turn) {
        *self.0.acknowledging.lock() = Some(turn);
    }

    pub(crate) fn polls(&self) -> usize {
        self.0.polls.load(Ordering::SeqCst)
    }

    pub(crate) fn starts(&self) -> usize {
        self.0.starts.load(Ordering::SeqCst)
    }

    pub(crate) fn stops(&self) -> usize {
        self.0.stops.load(Ordering::SeqCst)
    }

    pub(crate) fn commits(&self) -> usize {
        self.0.commits.load(Ordering::SeqCst)
    }

    /// The tags acknowledged so far, in order.
    pub(crate) fn tags(&self) -> Vec<u64> {
        self.0.acknowledged.lock().iter().map(|acknowledgement| acknowledgement.tag).collect()
    }

    pub(crate) fn acknowledged(&self) -> Vec<Acknowledgement> {
        self.0.acknowledged.lock().clone()
    }

    /// The stored offset that each start found.
    pub(crate) fn started_from(&self) -> Vec<Option<i64>> {
        self.0.started_from.lock().clone()
    }

    /// A reader and an acknowledger for a test that runs the halves itself.
    pub(crate) fn halves(&self, context: SourceTaskContext) -> SourceHalves {
        SourceHalves {
            reader: Box::new(Reader { script: self.clone(), context }),
            acknowledger: Box::new(Told { script: self.clone() }),
        }
    }

    pub(crate) fn task(&self) -> Box<dyn SourceTask> {
        Box::new(Task(self.clone()))
    }
}

async fn act(turn: Turn, env: &Env, batch: &mut SourceBatch) -> Result<()> {
    match turn {
        Turn::Records(records) => records.into_iter().for_each(|record| batch.push(record)),
        Turn::Marked(items) => {
            for (record, mark) in items {
                record.into_iter().for_each(|record| batch.push(record));
                mark.into_iter().for_each(|mark| batch.mark(mark));
            }
        }
        Turn::Empty => {}
        Turn::Wait(time) => env.sleep(time).await,
        Turn::Fail(error) => return Err(error),
        Turn::Panic(text) => panic!("{text}"),
        Turn::Hang => std::future::pending().await,
        Turn::Block(gate, records) => {
            gate.block();
            records.into_iter().for_each(|record| batch.push(record));
        }
    }
    Ok(())
}

struct Task(SourceScript);

#[async_trait]
impl SourceTask for Task {
    async fn start(self: Box<Self>, context: SourceTaskContext, _config: RawConfig) -> Result<SourceHalves> {
        let state = &self.0.0;
        state.starts.fetch_add(1, Ordering::SeqCst);
        let turn = state.start.lock().take();
        if let Some(turn) = turn {
            act(turn, &context.env, &mut SourceBatch::new()).await?;
        }
        let stored = context.offsets.offset(&SourcePartition::new([("p", "p")])).await?;
        state.started_from.lock().push(stored.as_ref().map(offset_of));
        Ok(self.0.halves(context))
    }
}

struct Reader {
    script: SourceScript,
    context: SourceTaskContext,
}

#[async_trait]
impl SourceReader for Reader {
    async fn poll(&mut self, batch: &mut SourceBatch) -> Result<()> {
        let state = &self.script.0;
        state.polls.fetch_add(1, Ordering::SeqCst);
        loop {
            let turn = state.turns.lock().pop_front();
            if let Some(turn) = turn {
                return act(turn, &self.context.env, batch).await;
            }
            tokio::select! {
                biased;
                _ = self.context.token.changed_from(Signal::Run) => return Ok(()),
                () = state.added.notified() => {}
            }
        }
    }

    async fn stop(&mut self) -> Result<()> {
        let state = &self.script.0;
        state.stops.fetch_add(1, Ordering::SeqCst);
        let turn = state.stop.lock().take();
        match turn {
            Some(turn) => act(turn, &self.context.env, &mut SourceBatch::new()).await,
            None => Ok(()),
        }
    }
}

struct Told {
    script: SourceScript,
}

#[async_trait]
impl Acknowledger for Told {
    async fn commit_records(&mut self, records: &[Acknowledgement]) -> Result<()> {
        let state = &self.script.0;
        state.acknowledged.lock().extend_from_slice(records);
        let turn = state.acknowledging.lock().take();
        match turn {
            Some(Turn::Fail(error)) => Err(error),
            Some(Turn::Panic(text)) => panic!("{text}"),
            Some(Turn::Hang) => std::future::pending().await,
            Some(Turn::Block(gate, _)) => {
                gate.block();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn commit(&mut self) -> Result<()> {
        self.script.0.commits.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
