//! A sink whose answers the test writes down.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::sink::{Offsets, SinkTask, SinkTaskContext, TopicPartition};
use connect_api::{Error, Record, Result};
use env::Env;
use kafka_config::RawConfig;
use parking_lot::Mutex;

use super::{Gate, Journal};

/// What a call to the sink does.
#[derive(Clone)]
pub(crate) enum Answer {
    Done,
    /// Takes so long.
    Takes(Duration),
    Fail(Error),
    Panic(&'static str),
    /// Never completes.
    Hang,
    /// Blocks its thread at the gate.
    Block(Gate),
}

type PreCommit = Box<dyn FnMut(&Offsets) -> Result<Offsets> + Send>;

#[derive(Default)]
struct State {
    puts: Mutex<VecDeque<Answer>>,
    start: Mutex<Option<Answer>>,
    stop: Mutex<Option<Answer>>,
    flush: Mutex<VecDeque<Answer>>,
    pre_commit: Mutex<Option<PreCommit>>,
    context: Mutex<Option<SinkTaskContext>>,
    taken: Mutex<Vec<Record>>,
    journal: Journal,
}

/// The test's hand on a sink task and its successors. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct SinkScript(Arc<State>);

impl SinkScript {
    pub(crate) fn new(journal: Journal) -> Self {
        Self(Arc::new(State { journal, ..State::default() }))
    }

    /// The next put with records does this; without an answer it takes them.
    pub(crate) fn on_put(&self, answer: Answer) -> &Self {
        self.0.puts.lock().push_back(answer);
        self
    }

    pub(crate) fn on_start(&self, answer: Answer) {
        *self.0.start.lock() = Some(answer);
    }

    pub(crate) fn on_stop(&self, answer: Answer) {
        *self.0.stop.lock() = Some(answer);
    }

    /// The next flush does this.
    pub(crate) fn on_flush(&self, answer: Answer) {
        self.0.flush.lock().push_back(answer);
    }

    /// From now on these offsets are durable.
    pub(crate) fn on_pre_commit(&self, answer: impl FnMut(&Offsets) -> Result<Offsets> + Send + 'static) {
        *self.0.pre_commit.lock() = Some(Box::new(answer));
    }

    /// The context of the newest task.
    pub(crate) fn context(&self) -> SinkTaskContext {
        self.0.context.lock().clone().expect("it has started")
    }

    /// The values of the records taken by puts that succeeded.
    pub(crate) fn values(&self) -> Vec<String> {
        let value = |record: &Record| record.value.value.as_str().unwrap_or("null").to_owned();
        self.0.taken.lock().iter().map(value).collect()
    }

    pub(crate) fn task(&self) -> Box<dyn SinkTask> {
        Box::new(Task { script: self.clone(), env: None })
    }
}

async fn act(answer: Option<Answer>, env: &Env) -> Result<()> {
    match answer {
        None | Some(Answer::Done) => {}
        Some(Answer::Takes(time)) => env.sleep(time).await,
        Some(Answer::Fail(error)) => return Err(error),
        Some(Answer::Panic(text)) => panic!("{text}"),
        Some(Answer::Hang) => std::future::pending().await,
        Some(Answer::Block(gate)) => gate.block(),
    }
    Ok(())
}

fn list(offsets: &Offsets) -> String {
    offsets.iter().map(|(partition, offset)| format!("{partition}@{offset}")).collect::<Vec<_>>().join(" ")
}

fn names(partitions: &[TopicPartition]) -> String {
    partitions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

struct Task {
    script: SinkScript,
    env: Option<Env>,
}

impl Task {
    fn env(&self) -> &Env {
        self.env.as_ref().expect("started")
    }

    fn note(&self, event: String) {
        self.script.0.journal.note(event);
    }
}

#[async_trait]
impl SinkTask for Task {
    async fn start(&mut self, context: SinkTaskContext, _config: RawConfig) -> Result<()> {
        self.env = Some(context.env.clone());
        *self.script.0.context.lock() = Some(context);
        self.note("start".into());
        let answer = self.script.0.start.lock().take();
        act(answer, self.env()).await
    }

    async fn open(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.note(format!("open {}", names(partitions)));
        Ok(())
    }

    async fn close(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.note(format!("close {}", names(partitions)));
        Ok(())
    }

    async fn put(&mut self, records: &[Record]) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let values: Vec<_> = records.iter().map(|record| record.value.value.as_str().unwrap_or("null")).collect();
        self.note(format!("put {}", values.join(" ")));
        let answer = self.script.0.puts.lock().pop_front();
        act(answer, self.env()).await?;
        self.script.0.taken.lock().extend_from_slice(records);
        Ok(())
    }

    async fn pre_commit(&mut self, offsets: &Offsets) -> Result<Offsets> {
        self.note(format!("pre_commit {}", list(offsets)));
        let answer = self.script.0.flush.lock().pop_front();
        act(answer, self.env()).await?;
        match &mut *self.script.0.pre_commit.lock() {
            Some(durable) => durable(offsets),
            None => Ok(offsets.clone()),
        }
    }

    async fn stop(&mut self) -> Result<()> {
        self.note("stop".into());
        let answer = self.script.0.stop.lock().take();
        act(answer, self.env()).await
    }
}
