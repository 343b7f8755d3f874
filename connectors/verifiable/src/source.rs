//! VerifiableSource: numbered records, each printed when it is made and when Kafka has acknowledged it.

use std::fmt::Write;
use std::sync::Arc;

use async_trait::async_trait;
use connect_api::plugin::{Plugin, SourcePlugin};
use connect_api::source::{
    Acknowledgement, Acknowledger, SourceConnector, SourceHalves, SourceTask, SourceTaskContext,
};
use connect_api::{Datum, Error, Kind, Record, Result, Schema, SchemaBuilder, Struct, Text, Value};
use connect_load::{Endless, Generator, Numbered, Partition, Printer, int, long};
use env::Env;
use kafka_config::{ConfigDef, RawConfig};
use tracing::info;

use crate::line;

/// The plug-in.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifiableSource;

impl Plugin for VerifiableSource {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.tools.VerifiableSourceConnector"
    }

    fn version(&self) -> &'static str {
        connect_load::VERSION
    }

    /// Parity: no key is declared, so none is checked before a task starts.
    fn config(&self) -> ConfigDef {
        ConfigDef::new()
    }
}

impl SourcePlugin for VerifiableSource {
    fn connector(&self) -> Box<dyn SourceConnector> {
        Box::<Numbered>::default()
    }

    fn task(&self) -> Box<dyn SourceTask> {
        Box::new(Task)
    }

    fn task_class(&self) -> &'static str {
        "org.apache.kafka.connect.tools.VerifiableSourceTask"
    }
}

struct Task;

#[async_trait]
impl SourceTask for Task {
    async fn start(self: Box<Self>, context: SourceTaskContext, config: RawConfig) -> Result<SourceHalves> {
        let numbers = int(config.get("id")).and_then(|id| Ok((id, long(config.get("throughput"))?)));
        let (id, per_second) =
            numbers.map_err(|error| Error::connect("Invalid VerifiableSourceTask configuration").caused_by(error))?;
        let partition = Partition::of(id);
        let seqno = partition.next(&*context.offsets).await?;
        let (name, topic) = (config.get("name").map(Text::from), config.get("topic").map(Arc::<str>::from));
        info!(
            "Started VerifiableSourceTask {}-{id} producing to topic {} resuming from seqno {seqno}",
            name.as_deref().unwrap_or("null"),
            topic.as_deref().unwrap_or("null"),
        );
        let complete = config.get("complete.record.data").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let lines = Lines::new(id, name.as_deref(), topic.as_deref());
        let acknowledger =
            Printed { printer: Printer::new(&context.env), env: context.env.clone(), lines: lines.clone(), complete };
        let generator = Numbers {
            id,
            name,
            topic,
            partition,
            lines,
            int32: Schema::int32(),
            int64: Schema::int64(),
            complete: complete.then(complete_schema),
        };
        Ok(SourceHalves {
            reader: Box::new(Endless::new(context, generator, per_second, seqno, u64::MAX)),
            acknowledger: Box::new(acknowledger),
        })
    }
}

/// The schema of values with `complete.record.data`.
fn complete_schema() -> Schema {
    SchemaBuilder::structure()
        .field("name", Schema::string())
        .field("task", Schema::int32())
        .field("topic", Schema::string())
        .field("time_ms", Schema::int64())
        .field("seqno", Schema::int64())
        .build()
}

/// Makes the lines. Their keys stand in the order in which Java walks its `HashMap`.
#[derive(Clone)]
struct Lines {
    id: i32,
    tail: Arc<str>,
}

impl Lines {
    fn new(id: i32, name: Option<&str>, topic: Option<&str>) -> Self {
        let tail = format!(",\"name\":{},\"topic\":{}}}\n", line::quoted(name), line::quoted(topic));
        Self { id, tail: tail.into() }
    }

    fn push(&self, start: &str, seqno: i64, now: i64, lines: &mut String) {
        let (id, tail) = (self.id, &self.tail);
        write!(lines, "{start}\"task\":{id},\"seqno\":{seqno},\"time_ms\":{now}{tail}")
            .expect("writing to a string cannot fail");
    }
}

struct Numbers {
    id: i32,
    name: Option<Text>,
    topic: Option<Arc<str>>,
    partition: Partition,
    lines: Lines,
    int32: Schema,
    int64: Schema,
    complete: Option<Schema>,
}

impl Numbers {
    fn complete_value(&self, schema: &Schema, now: i64, seqno: i64) -> Result<Value> {
        let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        let mut value = Struct::new(schema.clone())?;
        value.put("name", text(self.name.as_deref()))?;
        value.put("task", self.id)?.put("topic", text(self.topic.as_deref()))?;
        value.put("time_ms", now)?.put("seqno", seqno)?;
        Ok(Value::Struct(value))
    }
}

impl Generator for Numbers {
    fn record(&self, seqno: i64, _made: u64, now: i64, lines: &mut String) -> Result<Record> {
        self.lines.push("{", seqno, now, lines);
        let value = match &self.complete {
            Some(schema) => Datum::new(schema.clone(), self.complete_value(schema, now, seqno)?),
            None => Datum::new(self.int64.clone(), seqno),
        };
        let topic = self.topic.clone().ok_or_else(no_topic)?;
        let mut record = Record::source(topic, self.partition.partition(), self.partition.offset(seqno), value);
        record.key = Datum::new(self.int32.clone(), self.id);
        Ok(record)
    }
}

/// What Java's producer says of a record without a topic.
fn no_topic() -> Error {
    Error::new(Kind::IllegalArgument, "Topic cannot be null.")
}

/// Prints what was acknowledged, dropped or skipped.
struct Printed {
    env: Env,
    printer: Printer,
    lines: Lines,
    complete: bool,
}

#[async_trait]
impl Acknowledger for Printed {
    async fn commit_records(&mut self, records: &[Acknowledgement]) -> Result<()> {
        let now = self.env.clock().unix_millis();
        let mut lines = String::new();
        for record in records {
            if self.complete {
                // Parity: the number is the record's value there, and Jackson cannot print a struct.
                lines.push_str(&line::bad_struct("seqno"));
                lines.push('\n');
            } else {
                self.lines.push("{\"committed\":true,", record.tag as i64, now, &mut lines);
            }
        }
        self.printer.print(&lines);
        Ok(())
    }
}
