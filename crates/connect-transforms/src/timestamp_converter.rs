//! TimestampConverter: turns text, Unix time, Date, Time and Timestamp into one another.

use std::sync::LazyLock;

use connect_api::data::LogicalType;
use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{Error, Kind, Record, Result, Schema, SchemaBuilder, Struct, Text, Transform, Type, Value, Verdict};
use kafka_config::{ConfigDef, ConfigError, ConfigKey, Importance, ParsedConfig, RawConfig, ValidString};

use crate::java_date_format::{DateFormat, Unreadable};
use crate::operand::{
    REPLACE_NULL, Side, or_default, refused, replace_null_key, require_map, require_struct, take_map, take_struct,
};
use crate::plan::Plans;

const PURPOSE: &str = "converting timestamp formats";
const FIELD: &str = "field";
const TARGET_TYPE: &str = "target.type";
const FORMAT: &str = "format";
const UNIX_PRECISION: &str = "unix.precision";
const DAY: i64 = 86_400_000;

/// What a moment can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Unix,
    Date,
    Time,
    Timestamp,
}

impl Form {
    const NAMES: [(&str, Form); 5] = [
        ("string", Form::Text),
        ("unix", Form::Unix),
        ("Date", Form::Date),
        ("Time", Form::Time),
        ("Timestamp", Form::Timestamp),
    ];

    /// What values of a schema are.
    fn of_schema(schema: &Schema) -> Result<Self> {
        match (schema.logical(), schema.kind()) {
            (Some(LogicalType::Timestamp), _) => Ok(Form::Timestamp),
            (Some(LogicalType::Date), _) => Ok(Form::Date),
            (Some(LogicalType::Time), _) => Ok(Form::Time),
            (_, Type::String) => Ok(Form::Text),
            (_, Type::Int64) => Ok(Form::Unix),
            _ => Err(Error::connect(format!("Schema {schema} does not correspond to a known timestamp type format"))),
        }
    }

    /// What a value without a schema is.
    fn of_value(value: &Value) -> Result<Self> {
        match value {
            Value::Date(_) => Ok(Form::Timestamp),
            Value::Int64(_) => Ok(Form::Unix),
            Value::String(_) => Ok(Form::Text),
            other => {
                let class = other.java_class();
                Err(Error::data(format!("TimestampConverter does not support class {class} objects as timestamps")))
            }
        }
    }

    fn schema(self, optional: bool) -> Schema {
        type Pair = LazyLock<[Schema; 2]>;
        static DATE: Pair = LazyLock::new(|| [SchemaBuilder::date().build(), SchemaBuilder::date().optional().build()]);
        static TIME: Pair = LazyLock::new(|| [SchemaBuilder::time().build(), SchemaBuilder::time().optional().build()]);
        static TIMESTAMP: Pair = LazyLock::new(|| [Schema::timestamp(), SchemaBuilder::timestamp().optional().build()]);
        let at = usize::from(optional);
        match self {
            Form::Text => [Schema::string, Schema::optional_string][at](),
            Form::Unix => [Schema::int64, Schema::optional_int64][at](),
            Form::Date => DATE[at].clone(),
            Form::Time => TIME[at].clone(),
            Form::Timestamp => TIMESTAMP[at].clone(),
        }
    }
}

/// The unit of Unix time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Precision {
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
}

impl Precision {
    const NAMES: [(&str, Precision); 4] = [
        ("nanoseconds", Precision::Nanoseconds),
        ("microseconds", Precision::Microseconds),
        ("milliseconds", Precision::Milliseconds),
        ("seconds", Precision::Seconds),
    ];

    fn to_millis(self, time: i64) -> i64 {
        match self {
            Precision::Nanoseconds => time / 1_000_000,
            Precision::Microseconds => time / 1000,
            Precision::Milliseconds => time,
            Precision::Seconds => time.saturating_mul(1000),
        }
    }

    fn of_millis(self, millis: i64) -> i64 {
        match self {
            Precision::Nanoseconds => millis.saturating_mul(1_000_000),
            Precision::Microseconds => millis.saturating_mul(1000),
            Precision::Milliseconds => millis,
            Precision::Seconds => millis / 1000,
        }
    }
}

/// The plug-in `TimestampConverter$Key` or `TimestampConverter$Value`.
#[derive(Clone, Copy, Debug)]
pub struct TimestampConverterPlugin(pub Side);

impl Plugin for TimestampConverterPlugin {
    fn class(&self) -> &'static str {
        match self.0 {
            Side::Key => "org.apache.kafka.connect.transforms.TimestampConverter$Key",
            Side::Value => "org.apache.kafka.connect.transforms.TimestampConverter$Value",
        }
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        let string = |name: &str| ConfigKey::new(name, kafka_config::Type::String);
        ConfigDef::new()
            .define(
                string(FIELD)
                    .default("")
                    .importance(Importance::High)
                    .doc("The field to convert; empty converts the whole key or value."),
            )
            .define(
                string(TARGET_TYPE)
                    .validator(ValidString::of(Form::NAMES.map(|(name, _)| name)))
                    .importance(Importance::High)
                    .doc("What to convert to: string, unix, Date, Time or Timestamp."),
            )
            .define(
                string(FORMAT)
                    .default("")
                    .doc("How text is read and written, in UTC, as a pattern of java.text.SimpleDateFormat."),
            )
            .define(
                string(UNIX_PRECISION)
                    .default("milliseconds")
                    .validator(ValidString::of(Precision::NAMES.map(|(name, _)| name)))
                    .importance(Importance::Low)
                    .doc(
                        "The unit of Unix time, read and written: seconds, milliseconds, microseconds or nanoseconds.",
                    ),
            )
            .define(replace_null_key())
    }
}

impl TransformPlugin for TimestampConverterPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        self.transform_at(config, 0)
    }

    fn transform_at(&self, config: &RawConfig, now: i64) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        let rule = Rule::new(&config, now).map_err(refused)?;
        Ok(Box::new(TimestampConverter { side: self.0, rule, plans: Plans::new() }))
    }
}

/// What is converted, and how.
struct Rule {
    /// The field; empty for the whole key or value.
    field: Option<Text>,
    target: Form,
    pattern: String,
    format: Option<DateFormat>,
    precision: Precision,
    replace_null: bool,
}

fn chosen<T: Copy>(names: &[(&str, T)], name: &str, default: T) -> T {
    names.iter().find(|(known, _)| *known == name).map_or(default, |(_, value)| *value)
}

impl Rule {
    fn new(config: &ParsedConfig, now: i64) -> Result<Self, ConfigError> {
        let target = chosen(&Form::NAMES, config.get_string(TARGET_TYPE).unwrap_or_default(), Form::Timestamp);
        let pattern = config.get_string(FORMAT).unwrap_or_default();
        let blank = pattern.trim_matches(|c: char| c <= ' ').is_empty();
        if blank && target == Form::Text {
            return Err(ConfigError::sentence(
                "TimestampConverter requires format option to be specified when using string timestamps",
            ));
        }
        // Parity: the cause stands where the value belongs, and the sentence where the key belongs.
        let wrong = |message| ConfigError::InvalidValue {
            name: format!(
                "TimestampConverter requires a SimpleDateFormat-compatible pattern for string timestamps: {pattern}"
            ),
            value: format!("java.lang.IllegalArgumentException: {message}"),
            message: None,
        };
        let precision = config.get_string(UNIX_PRECISION).unwrap_or_default();
        Ok(Self {
            field: config.get_string(FIELD).map(Text::from),
            target,
            pattern: pattern.to_owned(),
            format: if blank { None } else { Some(DateFormat::new(pattern, now).map_err(wrong)?) },
            precision: chosen(&Precision::NAMES, precision, Precision::Milliseconds),
            replace_null: config.bool(REPLACE_NULL)?,
        })
    }

    /// The name of the field, or nothing for the whole key or value.
    fn field(&self) -> Result<Option<&Text>> {
        match &self.field {
            Some(name) => Ok(Some(name).filter(|name| !name.is_empty())),
            None => Err(null_pointer()),
        }
    }

    fn convert(&self, value: &Value, form: Form) -> Result<Value> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        let millis = self.read(value, form)?;
        Ok(match self.target {
            Form::Text => Value::string(self.format.as_ref().ok_or_else(null_pointer)?.format(millis)),
            Form::Unix => Value::Int64(self.precision.of_millis(millis)),
            Form::Date => Value::Date(millis.div_euclid(DAY).wrapping_mul(DAY)),
            Form::Time => Value::Date(millis.rem_euclid(DAY)),
            Form::Timestamp => Value::Date(millis),
        })
    }

    fn read(&self, value: &Value, form: Form) -> Result<i64> {
        let expected =
            |what: &str| Err(Error::data(format!("Expected {what}, but found class {}", value.java_class())));
        match (form, value) {
            (Form::Text, Value::String(text)) => self.parse(text),
            (Form::Text, _) => expected("string timestamp to be a String"),
            (Form::Unix, Value::Int64(time)) => Ok(self.precision.to_millis(*time)),
            (Form::Unix, _) => expected("Unix timestamp to be a Long"),
            (_, Value::Date(millis)) => Ok(*millis),
            (Form::Date, _) => expected("Date to be a java.util.Date"),
            (Form::Time, _) => expected("Time to be a java.util.Date"),
            (Form::Timestamp, _) => expected("Timestamp to be a java.util.Date"),
        }
    }

    fn parse(&self, text: &str) -> Result<i64> {
        let pattern = &self.pattern;
        match self.format.as_ref().ok_or_else(null_pointer)?.parse(text) {
            Ok(millis) => Ok(millis),
            Err(Unreadable::Mismatch) => {
                let cause =
                    Error::connect(format!("Unparseable date: \"{text}\"")).with_class("java.text.ParseException");
                let message = format!("Could not parse timestamp: value ({text}) does not match pattern ({pattern})");
                Err(Error::data(message).caused_by(cause))
            }
            Err(Unreadable::ZoneName) => Err(Error::data(format!(
                "Could not parse timestamp: value ({text}) with pattern ({pattern}) may name a time zone; of names only \
                 UTC and GMT can be read here, and offsets such as +0100"
            ))),
        }
    }
}

fn null_pointer() -> Error {
    Error::without_message(Kind::Connect).with_class("java.lang.NullPointerException")
}

struct TimestampConverter {
    side: Side,
    rule: Rule,
    plans: Plans<Plan>,
}

/// How a struct becomes one with a converted field.
struct Plan {
    input: Schema,
    output: Schema,
    /// What messages call each field.
    locations: Vec<String>,
}

impl Plan {
    fn new(input: &Schema, name: &str, rule: &Rule) -> Result<Self> {
        if input.kind() != Type::Struct {
            return Err(Error::data("Cannot list fields on non-struct type"));
        }
        let mut builder = SchemaBuilder::basics_of(input);
        for field in input.fields() {
            let schema =
                if field.name == name { rule.target.schema(field.schema.is_optional()) } else { field.schema.clone() };
            builder = builder.field(field.name.clone(), schema);
        }
        if input.is_optional() {
            builder = builder.optional();
        }
        if let Some(Value::Struct(default)) = input.default_value() {
            let so_far = builder.clone().try_build()?;
            builder = builder.default_value(convert_fields(default, name, rule, &so_far)?);
        }
        let locations = input.fields().iter().map(|field| format!("field: \"{}\"", field.name)).collect();
        Ok(Self { input: input.clone(), output: builder.try_build()?, locations })
    }

    /// The values that change, by field, after everything was checked.
    fn changes(&self, value: &Struct, name: &str, rule: &Rule) -> Result<Vec<(usize, Value)>> {
        let mut changes = Vec::new();
        for (field, slot) in self.input.fields().iter().zip(value.slots()) {
            let (index, old) = (field.index, or_default(slot, &field.schema, rule.replace_null));
            let new = if field.name == name { Some(rule.convert(old, Form::of_schema(&field.schema)?)?) } else { None };
            self.output.fields()[index].schema.validate_as(&self.locations[index], new.as_ref().unwrap_or(old))?;
            match new {
                Some(new) => changes.push((index, new)),
                None if slot.is_null() && !old.is_null() => changes.push((index, old.clone())),
                None => {}
            }
        }
        Ok(changes)
    }
}

/// Converts a struct whose fields need not be those of the new schema.
fn convert_fields(value: &Struct, name: &str, rule: &Rule, output: &Schema) -> Result<Struct> {
    let mut result = Struct::new(output.clone())?;
    for (field, slot) in value.schema().fields().iter().zip(value.slots()) {
        let old = or_default(slot, &field.schema, rule.replace_null);
        let new = if field.name == name { rule.convert(old, Form::of_schema(&field.schema)?)? } else { old.clone() };
        result.put(&field.name, new)?;
    }
    Ok(result)
}

impl TimestampConverter {
    fn apply_schemaless(&self, record: &mut Record) -> Result<()> {
        let rule = &self.rule;
        let place = &mut self.side.of_mut(record).value;
        let convert = |value: &Value| match value {
            Value::Null => Ok(Value::Null),
            value => rule.convert(value, Form::of_value(value)?),
        };
        if place.is_null() {
            return Ok(());
        }
        let Some(name) = rule.field()? else {
            *place = convert(place)?;
            return Ok(());
        };
        let map = require_map(place, PURPOSE)?;
        let name = Value::String(name.clone());
        let value = map.get(&name).map_or(Ok(Value::Null), convert)?;
        if let Some(mut map) = take_map(place) {
            map.insert(name, value);
            *place = map.into();
        }
        Ok(())
    }

    fn apply_with_schema(&mut self, record: &mut Record) -> Result<()> {
        let rule = &self.rule;
        let datum = self.side.of_mut(record);
        let Some(schema) = &datum.schema else { return Ok(()) };
        let Some(name) = rule.field()? else {
            let output = rule.target.schema(schema.is_optional());
            datum.value = rule.convert(&datum.value, Form::of_schema(schema)?)?;
            datum.schema = Some(output);
            return Ok(());
        };
        let value = match &datum.value {
            Value::Null => None,
            value => Some(require_struct(value, PURPOSE)?),
        };
        let plan = self.plans.plan(schema, || Plan::new(schema, name, rule))?;
        match value {
            Some(value) if value.schema() == &plan.input => {
                let changes = plan.changes(value, name, rule)?;
                if let Some(value) = take_struct(&mut datum.value) {
                    let (_, mut slots) = value.into_parts();
                    for (index, value) in changes {
                        slots[index] = value;
                    }
                    datum.value = Struct::from_slots(plan.output.clone(), slots).into();
                }
            }
            Some(value) => datum.value = convert_fields(value, name, rule, &plan.output)?.into(),
            None => {}
        }
        datum.schema = Some(plan.output.clone());
        Ok(())
    }
}

impl Transform for TimestampConverter {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        match self.side.of(record).schema {
            None => self.apply_schemaless(record)?,
            Some(_) => self.apply_with_schema(record)?,
        }
        Ok(Verdict::Keep)
    }
}
