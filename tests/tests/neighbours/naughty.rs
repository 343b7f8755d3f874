//! A connector for each way of behaving badly when it is asked something.

use std::sync::{Arc, Condvar, Mutex};

use async_trait::async_trait;
use connect_api::plugin::{Plugin, SourcePlugin};
use connect_api::source::{
    SourceBatch, SourceConnector, SourceConnectorContext, SourceHalves, SourceReader, SourceTask, SourceTaskContext,
    Unacknowledged,
};
use connect_api::{Result, Signal, SourceOffset, SourcePartition};
use kafka_config::{ConfigDef, ConfigError, ConfigKey, RawConfig, Type, Validator, Value};

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Habit {
    None,
    HangsInConfig,
    HangsInValidate,
    HangsInAlterOffsets,
    PanicsInConfig,
    PanicsInValidate,
    PanicsInVersion,
    PanicsInTaskConfigs,
    /// Wants two more tasks than it may have, as `java/plugins/Greedy.java`.
    Greedy,
}

impl Habit {
    pub(crate) const ALL: [Habit; 9] = [
        Habit::None,
        Habit::HangsInConfig,
        Habit::HangsInValidate,
        Habit::HangsInAlterOffsets,
        Habit::PanicsInConfig,
        Habit::PanicsInValidate,
        Habit::PanicsInVersion,
        Habit::PanicsInTaskConfigs,
        Habit::Greedy,
    ];
}

#[derive(Default)]
struct Held {
    released: bool,
    blocked: usize,
}

/// The plug-in; clones are the same. One that hangs does so until it is released.
#[derive(Clone)]
pub(crate) struct Naughty {
    habit: Habit,
    held: Arc<(Mutex<Held>, Condvar)>,
}

impl Naughty {
    /// The class without a bad habit.
    pub(crate) const HEALTHY: &str = "test.HealthyConnector";

    pub(crate) fn new(habit: Habit) -> Self {
        Self { habit, held: Arc::default() }
    }

    /// How many threads are blocked in it.
    pub(crate) fn blocked(&self) -> usize {
        self.held.0.lock().unwrap().blocked
    }

    pub(crate) fn release(&self) {
        self.held.0.lock().unwrap().released = true;
        self.held.1.notify_all();
    }

    fn hang(&self, habit: Habit) {
        if self.habit != habit {
            return;
        }
        let mut held = self.held.0.lock().unwrap();
        held.blocked += 1;
        while !held.released {
            held = self.held.1.wait(held).unwrap();
        }
        held.blocked -= 1;
    }

    fn panic(&self, habit: Habit, text: &str) {
        assert!(self.habit != habit, "{text}");
    }
}

impl Plugin for Naughty {
    fn class(&self) -> &'static str {
        match self.habit {
            Habit::None => Self::HEALTHY,
            Habit::HangsInConfig => "test.HangsInConfigConnector",
            Habit::HangsInValidate => "test.HangsInValidateConnector",
            Habit::HangsInAlterOffsets => "test.HangsInAlterOffsetsConnector",
            Habit::PanicsInConfig => "test.PanicsInConfigConnector",
            Habit::PanicsInValidate => "test.PanicsInValidateConnector",
            Habit::PanicsInVersion => "test.PanicsInVersionConnector",
            Habit::PanicsInTaskConfigs => "test.PanicsInTaskConfigsConnector",
            Habit::Greedy => "demo.Greedy",
        }
    }

    fn version(&self) -> &'static str {
        self.panic(Habit::PanicsInVersion, "version panicked");
        "1"
    }

    fn config(&self) -> ConfigDef {
        self.hang(Habit::HangsInConfig);
        self.panic(Habit::PanicsInConfig, "config panicked");
        ConfigDef::new().define(ConfigKey::new("key", Type::String).default("d").validator(Check(self.clone())))
    }
}

struct Check(Naughty);

impl Validator for Check {
    fn ensure_valid(&self, _name: &str, value: Option<&Value>) -> std::result::Result<(), ConfigError> {
        // Not for the default, which is checked when the key is defined.
        if value == Some(&Value::String("v".to_owned())) {
            self.0.hang(Habit::HangsInValidate);
            self.0.panic(Habit::PanicsInValidate, "validate panicked");
        }
        Ok(())
    }

    fn describe(&self) -> String {
        "anything".to_owned()
    }
}

impl SourcePlugin for Naughty {
    fn connector(&self) -> Box<dyn SourceConnector> {
        Box::new(NaughtyConnector(self.clone()))
    }

    fn task(&self) -> Box<dyn SourceTask> {
        Box::new(Idle)
    }

    fn task_class(&self) -> &'static str {
        "test.NaughtyTask"
    }

    fn alter_offsets(&self, _: &RawConfig, _: &[(Option<SourcePartition>, Option<SourceOffset>)]) -> Result<bool> {
        self.hang(Habit::HangsInAlterOffsets);
        Ok(true)
    }
}

struct NaughtyConnector(Naughty);

#[async_trait]
impl SourceConnector for NaughtyConnector {
    async fn start(&mut self, _: SourceConnectorContext, _: RawConfig) -> Result<()> {
        Ok(())
    }

    async fn task_configs(&mut self, max: usize) -> Result<Vec<RawConfig>> {
        self.0.panic(Habit::PanicsInTaskConfigs, "task_configs panicked");
        let count = if self.0.habit == Habit::Greedy { max + 2 } else { 0 };
        Ok((0..count).map(|number| RawConfig::from([("number", number.to_string())])).collect())
    }
}

/// Has nothing to read.
struct Idle;

#[async_trait]
impl SourceTask for Idle {
    async fn start(self: Box<Self>, context: SourceTaskContext, _: RawConfig) -> Result<SourceHalves> {
        Ok(SourceHalves { reader: Box::new(Waiting(context)), acknowledger: Box::new(Unacknowledged) })
    }
}

struct Waiting(SourceTaskContext);

#[async_trait]
impl SourceReader for Waiting {
    async fn poll(&mut self, _: &mut SourceBatch) -> Result<()> {
        self.0.token.changed_from(Signal::Run).await;
        Ok(())
    }
}
