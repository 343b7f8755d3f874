//! Cast: changes the type of fields, or of the whole key or value.

mod number;
mod spec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connect_api::data::LogicalType;
use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{Error, Record, Result, Schema, SchemaBuilder, Struct, Transform, Type, Value, Verdict};
use connect_converters::java_text::value_text;
use connect_converters::values::convert_to_string;
use kafka_config::{ConfigDef, ConfigKey, Importance, Lambda, RawConfig};

use self::number::{Number, number};
use self::spec::{Spec, type_list};
use crate::operand::{
    REPLACE_NULL, Side, or_default, refused, replace_null_key, require_map, require_struct, take_map, take_struct,
};
use crate::plan::Plans;

const PURPOSE: &str = "cast types";
const SPEC: &str = "spec";
const DAY: i64 = 86_400_000;

/// The plug-in `Cast$Key` or `Cast$Value`.
#[derive(Clone, Copy, Debug)]
pub struct CastPlugin(pub Side);

impl Plugin for CastPlugin {
    fn class(&self) -> &'static str {
        match self.0 {
            Side::Key => "org.apache.kafka.connect.transforms.Cast$Key",
            Side::Value => "org.apache.kafka.connect.transforms.Cast$Value",
        }
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        let pairs = Lambda::new(
            "list of colon-delimited pairs, e.g. <code>foo:bar,abc:xyz</code>",
            |_: &str, value: Option<&kafka_config::Value>| {
                Spec::checked(value.and_then(kafka_config::Value::as_list).unwrap_or_default()).map(|_| ())
            },
        );
        ConfigDef::new()
            .define(ConfigKey::new(SPEC, kafka_config::Type::List).validator(pairs).importance(Importance::High).doc(
                "Fields and their new types, as `field:type` pairs, or one type for the whole key or value. \
                         Types are int8, int16, int32, int64, float32, float64, boolean and string; bytes can become \
                         a string only.",
            ))
            .define(replace_null_key())
    }
}

impl TransformPlugin for CastPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(|error| match error.to_string() {
            // Parity: a pair of nothing with nothing is an accident there.
            text if text == spec::NO_PAIR => Error::config(text).with_class("java.lang.ArrayIndexOutOfBoundsException"),
            _ => refused(error),
        })?;
        let spec = Spec::checked(config.list(SPEC)).map_err(refused)?;
        let replace_null = config.bool(REPLACE_NULL).map_err(refused)?;
        Ok(Box::new(Cast { side: self.0, spec, replace_null, plans: Plans::new() }))
    }
}

/// The value as another type (`castValueToType`).
fn cast(schema: Option<&Schema>, value: &Value, target: Type) -> Result<Value> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let kind = match schema {
        Some(schema) => schema.kind(),
        None => plain_type(value).ok_or_else(|| {
            let class = value.java_class();
            Error::data(format!(
                "Cast transformation was passed a value of type class {class} which is not supported by Connect's data API"
            ))
        })?,
    };
    if matches!(kind, Type::Array | Type::Map | Type::Struct) {
        let types = type_list(true);
        return Err(Error::data(format!(
            "Cast transformation does not support casting from {kind}; supported types are {types}"
        )));
    }
    if target == Type::String {
        return Ok(Value::string(text(value)));
    }
    let number = match schema.and_then(Schema::logical) {
        Some(logical @ (LogicalType::Date | LogicalType::Time | LogicalType::Timestamp)) => encoded(logical, value)?,
        _ => number(value, target)?,
    };
    Ok(number.to(target))
}

/// The type of a value without a schema (`ConnectSchema.schemaType`).
fn plain_type(value: &Value) -> Option<Type> {
    Some(match value {
        Value::Null | Value::Decimal(_) | Value::Date(_) => return None,
        Value::Boolean(_) => Type::Boolean,
        Value::Int8(_) => Type::Int8,
        Value::Int16(_) => Type::Int16,
        Value::Int32(_) => Type::Int32,
        Value::Int64(_) => Type::Int64,
        Value::Float32(_) => Type::Float32,
        Value::Float64(_) => Type::Float64,
        Value::String(_) => Type::String,
        Value::Bytes(_) => Type::Bytes,
        Value::Array(_) => Type::Array,
        Value::Map(_) => Type::Map,
        Value::Struct(_) => Type::Struct,
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::Date(_) => convert_to_string(value).unwrap_or_default(),
        Value::Bytes(bytes) => STANDARD.encode(bytes),
        other => value_text(other),
    }
}

/// The number that stands for a date or time.
fn encoded(logical: LogicalType, value: &Value) -> Result<Number> {
    let Value::Date(millis) = *value else {
        let class = value.java_class();
        return Err(Error::data(format!("class {class} cannot be cast to class java.util.Date"))
            .with_class("java.lang.ClassCastException"));
    };
    match logical {
        LogicalType::Date if millis % DAY != 0 => {
            Err(Error::data("Kafka Connect Date type should not have any time fields set to non-zero values."))
        }
        // Days beyond an int wrap.
        LogicalType::Date => Ok(Number::Integer(i64::from((millis / DAY) as i32))),
        LogicalType::Time if !(0..=DAY).contains(&millis) => {
            Err(Error::data("Kafka Connect Time type should not have any date fields set to non-zero values."))
        }
        _ => Ok(Number::Integer(millis)),
    }
}

struct Cast {
    side: Side,
    spec: Spec,
    replace_null: bool,
    plans: Plans<Plan>,
}

/// How a schema becomes another one.
struct Plan {
    input: Schema,
    output: Schema,
    /// For each field of the input: its new type, if it gets one.
    targets: Vec<Option<Type>>,
    /// What messages call each field.
    locations: Vec<String>,
}

/// A builder with the attributes of `source`, of another type.
fn basics(source: &Schema, kind: Type) -> SchemaBuilder {
    let mut builder = SchemaBuilder::new(kind);
    if let Some(name) = source.name() {
        builder = builder.name(name.clone());
    }
    if let Some(version) = source.version() {
        builder = builder.version(version);
    }
    if let Some(doc) = source.doc() {
        builder = builder.doc(doc.clone());
    }
    match source.parameters() {
        Some(parameters) => builder.parameters(parameters),
        None => builder,
    }
}

/// Makes the result as optional as the source was, with the default cast.
fn finish(source: &Schema, kind: Type, mut builder: SchemaBuilder) -> Result<Schema> {
    if source.is_optional() {
        builder = builder.optional();
    }
    if let Some(default) = source.default_value() {
        builder = builder.default_value(cast(Some(source), default, kind)?);
    }
    builder.try_build()
}

impl Plan {
    fn new(input: &Schema, spec: &Spec) -> Result<Self> {
        let fields = input.fields();
        let locations = fields.iter().map(|field| format!("field: \"{}\"", field.name)).collect();
        let (output, targets) = match spec {
            Spec::Whole(target) => (finish(input, *target, basics(input, *target))?, Vec::new()),
            Spec::Fields(_) => {
                if input.kind() != Type::Struct {
                    return Err(Error::data("Cannot list fields on non-struct type"));
                }
                let mut builder = SchemaBuilder::basics_of(input);
                let targets: Vec<Option<Type>> = fields.iter().map(|field| spec.target(&field.name)).collect();
                for (field, target) in fields.iter().zip(&targets) {
                    let schema = match target {
                        Some(target) => finish(&field.schema, *target, SchemaBuilder::new(*target))?,
                        None => field.schema.clone(),
                    };
                    builder = builder.field(field.name.clone(), schema);
                }
                (finish(input, Type::Struct, builder)?, targets)
            }
        };
        Ok(Self { input: input.clone(), output, targets, locations })
    }

    /// The values that change, by field, after everything was checked.
    fn changes(&self, value: &Struct, replace_null: bool) -> Result<Vec<(usize, Value)>> {
        let mut changes = Vec::new();
        for (field, target) in self.input.fields().iter().zip(&self.targets) {
            let (index, slot) = (field.index, &value.slots()[field.index]);
            let old = or_default(slot, &field.schema, replace_null);
            let new = target.map(|target| cast(Some(&field.schema), old, target)).transpose()?;
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

impl Cast {
    fn apply_schemaless(&self, record: &mut Record) -> Result<()> {
        let place = &mut self.side.of_mut(record).value;
        let fields = match &self.spec {
            Spec::Whole(target) => {
                *place = cast(None, place, *target)?;
                return Ok(());
            }
            Spec::Fields(fields) => fields,
        };
        let map = require_map(place, PURPOSE)?;
        let mut changes = Vec::with_capacity(fields.len());
        for (name, target) in fields {
            let name = Value::String(name.clone());
            let value = map.get(&name).map_or(Ok(Value::Null), |value| cast(None, value, *target))?;
            changes.push((name, value));
        }
        if let Some(mut map) = take_map(place) {
            for (name, value) in changes {
                map.insert(name, value);
            }
            *place = map.into();
        }
        Ok(())
    }

    fn apply_with_schema(&mut self, record: &mut Record) -> Result<()> {
        let Some(schema) = &self.side.of(record).schema else { return Ok(()) };
        let spec = &self.spec;
        let plan = self.plans.plan(schema, || Plan::new(schema, spec))?;
        if let Spec::Whole(target) = spec {
            let datum = self.side.of_mut(record);
            datum.value = cast(datum.schema.as_ref(), &datum.value, *target)?;
            datum.schema = Some(plan.output.clone());
            return Ok(());
        }
        let value = require_struct(&self.side.of(record).value, PURPOSE)?;
        if value.schema() != &plan.input {
            let result = cast_foreign(value, spec, self.replace_null, &plan.output)?;
            let datum = self.side.of_mut(record);
            (datum.value, datum.schema) = (result.into(), Some(plan.output.clone()));
            return Ok(());
        }
        let changes = plan.changes(value, self.replace_null)?;
        let datum = self.side.of_mut(record);
        if let Some(value) = take_struct(&mut datum.value) {
            let (_, mut slots) = value.into_parts();
            for (index, value) in changes {
                slots[index] = value;
            }
            datum.value = Struct::from_slots(plan.output.clone(), slots).into();
            datum.schema = Some(plan.output.clone());
        }
        Ok(())
    }
}

/// Casts a struct whose schema is not that of the record: the fields are those of the struct, their results must fit
/// the fields made of the record's schema.
fn cast_foreign(value: &Struct, spec: &Spec, replace_null: bool, output: &Schema) -> Result<Struct> {
    let mut result = Struct::new(output.clone())?;
    for (field, slot) in value.schema().fields().iter().zip(value.slots()) {
        let old = or_default(slot, &field.schema, replace_null);
        let new = match spec.target(&field.name) {
            Some(target) => cast(Some(&field.schema), old, target)?,
            None => old.clone(),
        };
        if output.field(&field.name).is_none() {
            return Err(Error::data("field cannot be null."));
        }
        result.put(&field.name, new)?;
    }
    Ok(result)
}

impl Transform for Cast {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        let datum = self.side.of(record);
        match (&datum.value, &datum.schema) {
            (Value::Null, _) => {}
            (_, None) => self.apply_schemaless(record)?,
            (_, Some(_)) => self.apply_with_schema(record)?,
        }
        Ok(Verdict::Keep)
    }
}
