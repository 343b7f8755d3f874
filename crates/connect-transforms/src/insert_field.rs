//! InsertField: adds fields with the topic, partition, offset or timestamp of the record, or with a fixed text.

use std::sync::{Arc, LazyLock};

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{
    Error, Origin, Record, Result, Rewrite, Schema, SchemaBuilder, Slot, Struct, Text, Transform, Value, Verdict,
};
use kafka_config::{ConfigDef, ConfigError, ConfigKey, ParsedConfig, RawConfig, Type};

use crate::operand::{
    Side, all_fields, copies_alike, fill_defaults, refused, replace_null, replace_null_key, require_map,
    require_struct, take_map, take_struct, validate_copied,
};
use crate::plan::{Plans, locations};

const PURPOSE: &str = "field insertion";
const STATIC_VALUE: &str = "static.value";

/// What is inserted, in the order of insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Topic,
    Partition,
    Offset,
    Timestamp,
    Static,
}

impl Source {
    const ALL: [Source; 5] = [Source::Topic, Source::Partition, Source::Offset, Source::Timestamp, Source::Static];

    const fn key(self) -> &'static str {
        match self {
            Source::Topic => "topic.field",
            Source::Partition => "partition.field",
            Source::Offset => "offset.field",
            Source::Timestamp => "timestamp.field",
            Source::Static => "static.field",
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Source::Topic => "the topic",
            Source::Partition => "the partition",
            Source::Offset => "the offset (sink connectors only)",
            Source::Timestamp => "the timestamp of the record",
            Source::Static => "a fixed text",
        }
    }

    fn schema(self, optional: bool) -> Schema {
        static OPTIONAL_TIMESTAMP: LazyLock<Schema> = LazyLock::new(|| SchemaBuilder::timestamp().optional().build());
        match (self, optional) {
            (Source::Topic | Source::Static, true) => Schema::optional_string(),
            (Source::Topic | Source::Static, false) => Schema::string(),
            (Source::Partition, true) => Schema::optional_int32(),
            (Source::Partition, false) => Schema::int32(),
            (Source::Offset, true) => Schema::optional_int64(),
            (Source::Offset, false) => Schema::int64(),
            (Source::Timestamp, true) => OPTIONAL_TIMESTAMP.clone(),
            (Source::Timestamp, false) => Schema::timestamp(),
        }
    }
}

/// The plug-in `InsertField$Key` or `InsertField$Value`.
#[derive(Clone, Copy, Debug)]
pub struct InsertFieldPlugin(pub Side);

impl Plugin for InsertFieldPlugin {
    fn class(&self) -> &'static str {
        match self.0 {
            Side::Key => "org.apache.kafka.connect.transforms.InsertField$Key",
            Side::Value => "org.apache.kafka.connect.transforms.InsertField$Value",
        }
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        let fields = Source::ALL.into_iter().fold(ConfigDef::new(), |keys, source| {
            let what = source.what();
            keys.define(ConfigKey::new(source.key(), Type::String).default_null().doc(format!(
                "The name of the field that gets {what}. A `!` after the name makes the field required, a `?` or \
                 nothing optional."
            )))
        });
        fields
            .define(ConfigKey::new(STATIC_VALUE, Type::String).default_null().doc("The text for static.field."))
            .define(replace_null_key())
    }
}

impl TransformPlugin for InsertFieldPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        Ok(Box::new(InsertField::new(self.0, &config)?))
    }
}

struct Insertion {
    source: Source,
    name: Text,
    optional: bool,
}

/// What a record has for the fields to be inserted.
struct Particulars {
    topic: Option<Text>,
    partition: Option<i32>,
    offset: i64,
    timestamp: Option<i64>,
}

struct InsertField {
    side: Side,
    insertions: Vec<Insertion>,
    static_value: Text,
    replace_null: bool,
    plans: Plans<Plan>,
    topic: Option<(Arc<str>, Text)>,
}

/// How a struct becomes one with more fields.
struct Plan {
    schema: Schema,
    /// What messages call each field that is copied.
    locations: Vec<String>,
}

impl InsertField {
    fn new(side: Side, config: &ParsedConfig) -> Result<Self> {
        let insertion = |source: Source| config.get_string(source.key()).map(|spec| Insertion::parse(source, spec));
        let insertions: Vec<Insertion> = Source::ALL.into_iter().filter_map(insertion).collect();
        if insertions.is_empty() {
            return Err(refused(ConfigError::sentence("No field insertion configured")));
        }
        let static_value = config.get_string(STATIC_VALUE);
        if static_value.is_none() && insertions.iter().any(|insertion| insertion.source == Source::Static) {
            // Parity: Java prints the object that it made of static.field, which has no text of its own.
            let spec = "org.apache.kafka.connect.transforms.InsertField$InsertionSpec@0";
            let text = format!("No value specified for static field: {spec}");
            return Err(refused(ConfigError::invalid(STATIC_VALUE, "null", text)));
        }
        Ok(Self {
            side,
            insertions,
            static_value: static_value.unwrap_or_default().into(),
            replace_null: replace_null(config)?,
            plans: Plans::new(),
            topic: None,
        })
    }

    /// What is inserted comes from this record.
    ///
    /// # Errors
    /// When it has no offset, and one is asked for.
    fn particulars(&mut self, record: &Record) -> Result<Particulars> {
        let asked = |source| self.insertions.iter().any(|insertion| insertion.source == source);
        Ok(Particulars {
            offset: if asked(Source::Offset) { sink_offset(record)? } else { 0 },
            partition: record.partition,
            timestamp: record.timestamp,
            topic: asked(Source::Topic).then(|| topic_text(&mut self.topic, &record.topic)),
        })
    }

    /// The value to insert, null where the record has none.
    fn value(&self, source: Source, of: &Particulars, timestamp: fn(i64) -> Value) -> Value {
        match source {
            Source::Topic => of.topic.clone().map_or(Value::Null, Value::String),
            Source::Partition => of.partition.map_or(Value::Null, Value::Int32),
            Source::Offset => Value::Int64(of.offset),
            Source::Timestamp => of.timestamp.map_or(Value::Null, timestamp),
            Source::Static => Value::String(self.static_value.clone()),
        }
    }

    fn apply_schemaless(&mut self, record: &mut Record) -> Result<()> {
        require_map(&self.side.of(record).value, PURPOSE)?;
        let particulars = self.particulars(record)?;
        let place = &mut self.side.of_mut(record).value;
        if let Some(mut map) = take_map(place) {
            for insertion in &self.insertions {
                let value = self.value(insertion.source, &particulars, Value::Int64);
                if !value.is_null() {
                    map.insert(insertion.name.clone(), value);
                }
            }
            *place = map.into();
        }
        Ok(())
    }

    fn apply_with_schema(&mut self, record: &mut Record) -> Result<()> {
        let value = require_struct(&self.side.of(record).value, PURPOSE)?;
        let insertions = &self.insertions;
        let plan = self.plans.plan(value.schema(), || Plan::new(value.schema(), insertions))?;
        validate_copied(value, &plan.locations, self.replace_null)?;
        let output = plan.schema.clone();
        let particulars = self.particulars(record)?;
        let datum = self.side.of_mut(record);
        if let Some(value) = take_struct(&mut datum.value) {
            let (input, mut slots) = value.into_parts();
            if self.replace_null {
                fill_defaults(&input, &mut slots);
            }
            for insertion in &self.insertions {
                slots.push(self.value(insertion.source, &particulars, Value::Date));
            }
            datum.value = Struct::from_slots(output.clone(), slots).into();
            datum.schema = Some(output);
        }
        Ok(())
    }
}

impl Insertion {
    fn parse(source: Source, spec: &str) -> Self {
        let (name, optional) = match (spec.strip_suffix('?'), spec.strip_suffix('!')) {
            (Some(name), _) => (name, true),
            (None, Some(name)) => (name, false),
            (None, None) => (spec, true),
        };
        Self { source, name: name.into(), optional }
    }
}

impl Plan {
    fn new(input: &Schema, insertions: &[Insertion]) -> Result<Self> {
        let mut builder = SchemaBuilder::basics_of(input);
        for field in input.fields() {
            builder = builder.field(field.name.clone(), field.schema.clone());
        }
        for insertion in insertions {
            builder = builder.field(insertion.name.clone(), insertion.source.schema(insertion.optional));
        }
        Ok(Self { schema: builder.try_build()?, locations: locations(input) })
    }
}

/// The topic as a value; made once for records that share it.
fn topic_text(last: &mut Option<(Arc<str>, Text)>, topic: &Arc<str>) -> Text {
    match last {
        Some((known, text)) if Arc::ptr_eq(known, topic) => text.clone(),
        _ => last.insert((topic.clone(), Text::from(&**topic))).1.clone(),
    }
}

fn sink_offset(record: &Record) -> Result<i64> {
    match &record.origin {
        Origin::Sink(origin) => Ok(origin.offset),
        Origin::Source(_) => Err(Error::data(format!(
            "Only SinkRecord supported for [{PURPOSE}], found: org.apache.kafka.connect.source.SourceRecord"
        ))),
    }
}

impl Transform for InsertField {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        let datum = self.side.of(record);
        match (&datum.value, &datum.schema) {
            (Value::Null, _) => {}
            (_, None) => self.apply_schemaless(record)?,
            (_, Some(_)) => self.apply_with_schema(record)?,
        }
        Ok(Verdict::Keep)
    }

    fn rewrite(&self, input: &Schema) -> Option<Rewrite> {
        let plan = Plan::new(input, &self.insertions).ok()?;
        let inserted = self.insertions.iter().map(|insertion| match insertion.source {
            Source::Topic => Slot::Topic,
            Source::Partition => Slot::Partition,
            Source::Offset => Slot::Offset,
            Source::Timestamp => Slot::Timestamp,
            Source::Static => Slot::Constant(Value::String(self.static_value.clone())),
        });
        let slots = all_fields(input).into_iter().chain(inserted).collect();
        copies_alike(self.side, input, self.replace_null).then(|| Rewrite::new(plan.schema, slots))?
    }
}
