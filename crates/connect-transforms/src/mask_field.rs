//! MaskField: puts a zero, an empty value or a replacement in place of what fields hold.

use connect_api::data::LogicalType;
use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{
    Datum, Decimal, Error, Map, Record, Result, Rewrite, Schema, Slot, Struct, Text, Transform, Type, Value, Verdict,
};
use connect_converters::{java_map, values};
use kafka_config::{ConfigDef, ConfigKey, Importance, NonEmptyString, RawConfig, Type as KeyType, ValidList};
use smallvec::SmallVec;

use crate::operand::{
    Side, all_fields, copies_alike, or_default, refused, rehomed, replace_null, replace_null_key, require_map,
    require_struct, take_map, take_struct,
};
use crate::plan::{Plans, locations};

const PURPOSE: &str = "mask fields";
const FIELDS: &str = "fields";
const REPLACEMENT: &str = "replacement";

/// The plug-in `MaskField$Key` or `MaskField$Value`.
#[derive(Clone, Copy, Debug)]
pub struct MaskFieldPlugin(pub Side);

impl Plugin for MaskFieldPlugin {
    fn class(&self) -> &'static str {
        match self.0 {
            Side::Key => "org.apache.kafka.connect.transforms.MaskField$Key",
            Side::Value => "org.apache.kafka.connect.transforms.MaskField$Value",
        }
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new()
            .define(
                ConfigKey::new(FIELDS, KeyType::List)
                    .validator(ValidList::any(false, false))
                    .importance(Importance::High)
                    .doc("The fields to mask."),
            )
            .define(
                ConfigKey::new(REPLACEMENT, KeyType::String)
                    .default_null()
                    .validator(NonEmptyString)
                    .importance(Importance::Low)
                    .doc("What numbers and texts become instead of 0 and nothing; read as a number for numbers."),
            )
            .define(replace_null_key())
    }
}

impl TransformPlugin for MaskFieldPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        Ok(Box::new(MaskField {
            side: self.0,
            fields: in_the_order_of_a_set(config.list(FIELDS)),
            mask: config.get_string(REPLACEMENT).map_or(Mask::Nothing, Mask::replacement),
            replace_null: replace_null(&config)?,
            plans: Plans::new(),
        }))
    }
}

/// Parity: Java keeps the names in a `HashSet` and walks it: that decides which of several fields is refused first, and in which
/// order those that a map lacks come into it.
fn in_the_order_of_a_set(names: &[String]) -> Vec<Text> {
    let mut set = Map::sized((names.len() * 4 / 3 + 1).max(16));
    for name in names {
        set.insert(name.as_str(), Value::Null);
    }
    java_map::into_entries(set).iter().filter_map(|(name, _)| name.as_str()).map(Text::from).collect()
}

/// What stands in place of a value.
enum Mask {
    /// The nothing of its type.
    Nothing,
    /// A text; and the number that it is, or why it is none.
    Replacement(Text, Result<Number>),
}

/// A replacement for numbers of every type.
struct Number {
    decimal: Decimal,
    whole: i64,
    real: f64,
}

impl Mask {
    fn replacement(text: &str) -> Self {
        let number = values::parse_decimal(text).map(|decimal| Number {
            whole: decimal.low_bits(),
            real: nearest_double(&decimal),
            decimal,
        });
        Mask::Replacement(text.into(), number)
    }

    fn of(&self, value: &Value) -> Result<Value> {
        match (self, value) {
            (_, Value::Null) => Ok(Value::Null),
            (Mask::Nothing, value) => nothing(value),
            (Mask::Replacement(text, number), value) => replaced(value, text, number),
        }
    }
}

fn nothing(value: &Value) -> Result<Value> {
    Ok(match value {
        Value::Boolean(_) => Value::Boolean(false),
        Value::Int8(_) => Value::Int8(0),
        Value::Int16(_) => Value::Int16(0),
        Value::Int32(_) => Value::Int32(0),
        Value::Int64(_) => Value::Int64(0),
        Value::Float32(_) => Value::Float32(0.0),
        Value::Float64(_) => Value::Float64(0.0),
        // Parity: a zero without digits behind the point, whatever scale the schema has.
        Value::Decimal(_) => Decimal::new(0, 0).into(),
        Value::Date(_) => Value::Date(0),
        Value::String(_) => Value::from(""),
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Map(_) => Map::new().into(),
        Value::Null | Value::Bytes(_) | Value::Struct(_) => {
            return Err(Error::data(format!("Cannot mask value of type: class {}", value.java_class())));
        }
    })
}

fn replaced(value: &Value, text: &Text, number: &Result<Number>) -> Result<Value> {
    let number = |what: &str| {
        number.as_ref().map_err(|cause| {
            let text = format!("Unable to convert {text} (class java.lang.String) to {what}");
            Error::data(text).caused_by(cause.clone())
        })
    };
    let whole = || number("a number").map(|number| number.whole);
    let real = || number("a number").map(|number| number.real);
    Ok(match value {
        Value::String(_) => Value::String(text.clone()),
        // Parity: what does not fit loses its upper bits.
        Value::Int8(_) => Value::Int8(whole()? as i8),
        Value::Int16(_) => Value::Int16(whole()? as i16),
        Value::Int32(_) => Value::Int32(whole()? as i32),
        Value::Int64(_) => Value::Int64(whole()?),
        Value::Float32(_) => Value::Float32(real()? as f32),
        Value::Float64(_) => Value::Float64(real()?),
        Value::Decimal(_) => number("number")?.decimal.clone().into(),
        other => {
            let class = other.java_class();
            return Err(Error::data(format!("Cannot mask value of type class {class} with custom replacement.")));
        }
    })
}

/// `BigDecimal.doubleValue`.
fn nearest_double(number: &Decimal) -> f64 {
    format!("{}E{}", number.unscaled, -i64::from(number.scale)).parse().unwrap_or(0.0)
}

struct MaskField {
    side: Side,
    fields: Vec<Text>,
    mask: Mask,
    replace_null: bool,
    plans: Plans<Plan>,
}

/// Which fields of a struct are masked, and what messages call all of them.
struct Plan {
    masked: Vec<bool>,
    locations: Vec<String>,
}

impl MaskField {
    fn apply_schemaless(&self, datum: &mut Datum) -> Result<()> {
        let map = require_map(&datum.value, PURPOSE)?;
        let mask = |name: &Text| map.get_str(name).map_or(Ok(Value::Null), |value| self.mask.of(value));
        let masks: Vec<Value> = self.fields.iter().map(mask).collect::<Result<_>>()?;
        if let Some(mut map) = take_map(&mut datum.value) {
            // Parity: a field that is not there comes to be, with null.
            for (name, value) in self.fields.iter().zip(masks) {
                map.insert(name.clone(), value);
            }
            datum.value = map.into();
        }
        Ok(())
    }

    fn apply_with_schema(&mut self, record: &mut Record) -> Result<()> {
        let value = require_struct(&self.side.of(record).value, PURPOSE)?;
        let (schema, names) = (value.schema(), &self.fields);
        let plan = self.plans.plan(schema, || {
            let masked = schema.fields().iter().map(|field| names.contains(&field.name)).collect();
            Ok(Plan { masked, locations: locations(schema) })
        })?;
        let mut masks: SmallVec<[(usize, Value); 1]> = SmallVec::new();
        for (((field, slot), location), masked) in
            schema.fields().iter().zip(value.slots()).zip(&plan.locations).zip(&plan.masked)
        {
            let slot = or_default(slot, &field.schema, self.replace_null);
            if *masked {
                let mask = self.mask.of(slot)?;
                field.schema.validate_as(location, &mask)?;
                masks.push((field.index, mask));
            } else {
                field.schema.validate_as(location, slot)?;
            }
        }
        let datum = self.side.of_mut(record);
        if let Some(value) = take_struct(&mut datum.value) {
            let schema = value.schema().clone();
            let (schema, mut slots) = rehomed(value, schema, self.replace_null).into_parts();
            masks.into_iter().for_each(|(index, mask)| slots[index] = mask);
            datum.value = Struct::from_slots(schema, slots).into();
        }
        Ok(())
    }
}

impl Transform for MaskField {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        match self.side.of(record).schema {
            None => self.apply_schemaless(self.side.of_mut(record))?,
            Some(_) => self.apply_with_schema(record)?,
        }
        Ok(Verdict::Keep)
    }

    fn rewrite(&self, input: &Schema) -> Option<Rewrite> {
        let mut slots = all_fields(input);
        for field in input.fields().iter().filter(|field| self.fields.contains(&field.name)) {
            let mask = self.mask.of(&something(&field.schema)?).ok()?;
            field.schema.validate(&mask).ok()?;
            slots[field.index] = Slot::Masked(field.index, mask);
        }
        copies_alike(self.side, input, self.replace_null).then(|| Rewrite::new(input.clone(), slots))?
    }
}

/// Any value of a schema, of those that can be masked alike.
fn something(schema: &Schema) -> Option<Value> {
    Some(match (schema.logical(), schema.kind()) {
        (Some(LogicalType::Decimal), _) => Decimal::new(0, 0).into(),
        (Some(_), _) => Value::Date(0),
        (None, Type::Boolean) => Value::Boolean(true),
        (None, Type::Int8) => Value::Int8(1),
        (None, Type::Int16) => Value::Int16(1),
        (None, Type::Int32) => Value::Int32(1),
        (None, Type::Int64) => Value::Int64(1),
        (None, Type::Float32) => Value::Float32(1.0),
        (None, Type::Float64) => Value::Float64(1.0),
        (None, Type::String) => Value::from("1"),
        (None, Type::Array) => Value::Array(Vec::new()),
        (None, Type::Map) => Map::new().into(),
        (None, Type::Bytes | Type::Struct) => return None,
    })
}
