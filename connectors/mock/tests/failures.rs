//! When MockSource and MockSink fail, in simulated time.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::plugin::{SinkPlugin, SourcePlugin};
use connect_api::sink::{Offsets, SinkRuntime, SinkTask, SinkTaskContext, TopicPartition};
use connect_api::source::{
    ConnectorRuntime, OffsetReader, SourceBatch, SourceConnector, SourceConnectorContext, SourceReader,
    SourceTaskContext,
};
use connect_api::{Error, Result, Signal, SourceOffset, SourcePartition, TokenSource};
use connector_mock::{MockSink, MockSource};
use env::Env;
use env_sim::Sim;
use kafka_config::RawConfig;
use parking_lot::Mutex;

/// A runtime that notes what it is told.
#[derive(Default)]
struct Runtime {
    raised: Mutex<Vec<String>>,
    timeouts: Mutex<Vec<Duration>>,
}

impl ConnectorRuntime for Runtime {
    fn request_task_reconfiguration(&self) {}
    fn raise_error(&self, error: Error) {
        self.raised.lock().push(error.trace());
    }
}

impl SinkRuntime for Runtime {
    fn rewind(&self, _: Offsets) {}
    fn timeout(&self, limit: Duration) {
        self.timeouts.lock().push(limit);
    }
    fn assignment(&self) -> Vec<TopicPartition> {
        Vec::new()
    }
    fn pause(&self, _: &[TopicPartition]) -> Result<()> {
        Ok(())
    }
    fn resume(&self, _: &[TopicPartition]) -> Result<()> {
        Ok(())
    }
    fn request_commit(&self) {}
}

#[async_trait]
impl OffsetReader for Runtime {
    async fn offsets(&self, _: &[SourcePartition]) -> Result<Vec<Option<SourceOffset>>> {
        unreachable!("a mock has no offsets")
    }
}

fn config(mode: &str, delay: Option<&str>) -> RawConfig {
    let mut config = RawConfig::from([("mock_mode", mode)]);
    delay.into_iter().for_each(|delay| config.insert("delay_ms", delay));
    config
}

async fn source(env: &Env, config: RawConfig) -> Result<(Box<dyn SourceReader>, TokenSource)> {
    let signals = TokenSource::new(Signal::Run);
    let context = SourceTaskContext {
        connector: "mock".into(),
        task: 0,
        env: env.clone(),
        token: signals.token(),
        offsets: Arc::<Runtime>::default(),
        defines_transactions: false,
    };
    Ok((MockSource.task().start(context, config).await?.reader, signals))
}

async fn sink(env: &Env, runtime: &Arc<Runtime>, config: RawConfig) -> Result<Box<dyn SinkTask>> {
    let context = SinkTaskContext {
        connector: "mock".into(),
        task: 0,
        env: env.clone(),
        token: TokenSource::new(Signal::Run).token(),
        runtime: runtime.clone(),
        errant_records: None,
    };
    let mut task = MockSink.task();
    task.start(context, config).await.map(|()| task)
}

async fn connector(env: &Env, runtime: &Arc<Runtime>, config: RawConfig) -> Result<Box<dyn SourceConnector>> {
    let context = SourceConnectorContext {
        name: "mock".into(),
        env: env.clone(),
        runtime: runtime.clone(),
        offsets: Arc::<Runtime>::default(),
    };
    let mut connector = MockSource.connector();
    connector.start(context, config).await.map(|()| connector)
}

const FAILURE: &str = "java.lang.RuntimeException\n";

#[test]
fn a_source_task_fails_after_its_delay_and_not_while_it_is_paused() {
    Sim::new(1).run(|env, _| async move {
        for (delay, millis) in [(Some("700"), 701), (None, 15_001), (Some("-5"), 0)] {
            let (mut reader, _signals) = source(&env, config("task-failure", delay)).await.unwrap();
            let began = env.clock().now();
            assert_eq!(reader.poll(&mut SourceBatch::new()).await.unwrap_err().trace(), FAILURE);
            assert_eq!(env.clock().now() - began, Duration::from_millis(millis));
        }
        let (mut reader, signals) = source(&env, config("task-failure", Some("100"))).await.unwrap();
        signals.say(Signal::Pause);
        reader.poll(&mut SourceBatch::new()).await.unwrap();
        env.sleep(Duration::from_secs(1)).await;
        signals.say(Signal::Run);
        assert_eq!(reader.poll(&mut SourceBatch::new()).await.unwrap_err().trace(), FAILURE);
    });
}

#[test]
fn a_sink_task_asks_to_be_called_until_it_fails() {
    Sim::new(1).run(|env, _| async move {
        let runtime = Arc::new(Runtime::default());
        let mut task = sink(&env, &runtime, config("task-failure", Some("400"))).await.unwrap();
        env.sleep(Duration::from_millis(400)).await;
        task.put(&[]).await.unwrap();
        env.sleep(Duration::from_millis(1)).await;
        assert_eq!(task.put(&[]).await.unwrap_err().trace(), FAILURE);
        assert_eq!(*runtime.timeouts.lock(), [Duration::from_millis(250); 2]);
        let _short = sink(&env, &runtime, config("task-failure", Some("40"))).await.unwrap();
        assert_eq!(runtime.timeouts.lock()[2..], [Duration::from_millis(40)]);
    });
}

#[test]
fn a_connector_fails_after_its_delay_unless_it_was_stopped() {
    Sim::new(1).run(|env, _| async move {
        let runtime = Arc::new(Runtime::default());
        let mut first = connector(&env, &runtime, config("connector-failure", Some("300"))).await.unwrap();
        assert_eq!(first.task_configs(9).await.unwrap(), [config("connector-failure", Some("300"))]);
        let mut second = connector(&env, &runtime, config("connector-failure", Some("300"))).await.unwrap();
        env.sleep(Duration::from_millis(299)).await;
        assert!(runtime.raised.lock().is_empty());
        second.stop().await.unwrap();
        env.sleep(Duration::from_millis(2)).await;
        assert_eq!(*runtime.raised.lock(), [FAILURE]);
        first.stop().await.unwrap();
    });
}

#[test]
fn what_is_not_to_fail_never_does_and_reads_no_delay() {
    Sim::new(1).run(|env, _| async move {
        let runtime = Arc::new(Runtime::default());
        for mode in ["", "Task-Failure", "connector-failure"] {
            let (mut reader, _signals) = source(&env, config(mode, Some("x"))).await.unwrap();
            let mut batch = SourceBatch::new();
            assert!(env.timeout(Duration::from_secs(3600), reader.poll(&mut batch)).await.is_err());
            sink(&env, &runtime, config(mode, Some("x"))).await.unwrap().put(&[]).await.unwrap();
        }
        connector(&env, &runtime, config("task-failure", Some("x"))).await.unwrap();
        assert!(runtime.timeouts.lock().is_empty() && runtime.raised.lock().is_empty());
    });
}

#[test]
fn a_delay_that_is_no_number_fails_the_start_of_what_is_to_fail() {
    Sim::new(1).run(|env, _| async move {
        let runtime = Arc::new(Runtime::default());
        let trace = "java.lang.NumberFormatException: For input string: \"x\"\n";
        let error = source(&env, config("task-failure", Some("x"))).await.err().unwrap();
        assert_eq!(error.trace(), trace);
        let error = sink(&env, &runtime, config("task-failure", Some("x"))).await.err().unwrap();
        assert_eq!(error.trace(), trace);
        let error = connector(&env, &runtime, config("connector-failure", Some("x"))).await.err().unwrap();
        assert_eq!(error.trace(), trace);
    });
}
