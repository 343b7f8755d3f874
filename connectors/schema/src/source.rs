//! The plug-in and its tasks.

use std::fmt::Write;
use std::sync::Arc;

use async_trait::async_trait;
use connect_api::plugin::{Plugin, SourcePlugin};
use connect_api::source::{SourceConnector, SourceHalves, SourceTask, SourceTaskContext, Unacknowledged};
use connect_api::{Datum, Error, Kind, Record, Result, Schema, Value};
use connect_load::{Endless, Generator, Numbered, Partition, int, long};
use kafka_config::{ConfigDef, RawConfig};
use tracing::info;

use crate::record::Values;

/// The plug-in.
#[derive(Clone, Copy, Debug, Default)]
pub struct SchemaSource;

impl Plugin for SchemaSource {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.tools.SchemaSourceConnector"
    }

    fn version(&self) -> &'static str {
        connect_load::VERSION
    }

    /// Parity: no key is declared, so none is checked before a task starts.
    fn config(&self) -> ConfigDef {
        ConfigDef::new()
    }
}

impl SourcePlugin for SchemaSource {
    fn connector(&self) -> Box<dyn SourceConnector> {
        Box::<Numbered>::default()
    }

    fn task(&self) -> Box<dyn SourceTask> {
        Box::new(Task)
    }

    fn task_class(&self) -> &'static str {
        "org.apache.kafka.connect.tools.SchemaSourceTask"
    }
}

/// The numbers of a configuration.
struct Numbers {
    id: i32,
    limit: i64,
    slices: i32,
    per_second: i64,
}

impl Numbers {
    fn parse(config: &RawConfig) -> Result<Self> {
        Ok(Self {
            id: int(config.get("id"))?,
            limit: long(config.get("num.messages"))?,
            // A key that is there without a value is no number.
            slices: if config.contains_key("partition.count") { int(config.get("partition.count"))? } else { 1 },
            per_second: long(config.get("throughput"))?,
        })
    }
}

struct Task;

#[async_trait]
impl SourceTask for Task {
    async fn start(self: Box<Self>, context: SourceTaskContext, config: RawConfig) -> Result<SourceHalves> {
        let Numbers { id, limit, slices, per_second } = Numbers::parse(&config)
            .map_err(|error| Error::connect("Invalid SchemaSourceTask configuration").caused_by(error))?;
        let partition = Partition::of(id);
        let seqno = partition.next(&*context.offsets).await?;
        let topic = config.get("topic").map(Arc::<str>::from);
        info!(
            "Started SchemaSourceTask {}-{id} producing to topic {} resuming from seqno {seqno}",
            config.get("name").unwrap_or("null"),
            topic.as_deref().unwrap_or("null"),
        );
        let multiple = config.get("multiple.schema").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let key = Datum::new(Schema::string(), Value::string("key"));
        let generator = Records { id, topic, partition, slices, key, values: Values::new(id, multiple) };
        let limit = u64::try_from(limit).unwrap_or(0);
        Ok(SourceHalves {
            reader: Box::new(Endless::new(context, generator, per_second, seqno, limit)),
            acknowledger: Box::new(Unacknowledged),
        })
    }
}

struct Records {
    id: i32,
    topic: Option<Arc<str>>,
    partition: Partition,
    /// `partition.count`
    slices: i32,
    key: Datum,
    values: Values,
}

impl Generator for Records {
    fn record(&self, seqno: i64, made: u64, _now: i64, lines: &mut String) -> Result<Record> {
        let slice = seqno.checked_rem(i64::from(self.slices)).or((self.slices != 0).then_some(0));
        let slice = slice.ok_or_else(|| {
            Error::new(Kind::IllegalArgument, "/ by zero").with_class("java.lang.ArithmeticException")
        })?;
        let slice = i32::try_from(slice).expect("a remainder is smaller than its divisor");
        let value = self.values.value(seqno, made, slice);
        let id = self.id;
        writeln!(lines, "{{\"task\": {id}, \"seqno\": {seqno}}}").expect("writing to a string cannot fail");
        let topic = self.topic.clone().ok_or_else(|| Error::new(Kind::IllegalArgument, "Topic cannot be null."))?;
        let mut record = Record::source(topic, self.partition.partition(), self.partition.offset(seqno), value);
        record.partition = Some(id);
        record.key = self.key.clone();
        Ok(record)
    }
}
