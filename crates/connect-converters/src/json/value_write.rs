//! Connect values as JSON.

use connect_api::data::LogicalType;
use connect_api::{Decimal, Error, Kind, Map, Result, Schema, Struct, Type, Value};

use super::config::DecimalFormat;
use super::text;
use crate::calendar::DAY;
use crate::java_map;

/// `StreamWriteConstraints`: the deepest nesting.
const MAX_DEPTH: u32 = 1000;

/// How many objects and arrays are open around what is written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Depth(u32);

impl Depth {
    /// Within the envelope.
    pub(super) const ENVELOPE: Self = Self(1);

    /// One further in.
    ///
    /// # Errors
    /// When that is too deep.
    #[inline]
    pub(super) fn deeper(self) -> Result<Self> {
        if self.0 >= MAX_DEPTH { Err(too_deep()) } else { Ok(Self(self.0 + 1)) }
    }
}

#[cold]
fn too_deep() -> Error {
    let limit = format!(
        "Document nesting depth ({}) exceeds the maximum allowed ({MAX_DEPTH}, from `StreamWriteConstraints.getMaxNestingDepth()`)",
        MAX_DEPTH + 1
    );
    let cause =
        Error::new(Kind::Serialization, limit).with_class("com.fasterxml.jackson.core.exc.StreamConstraintsException");
    Error::data("Converting Kafka Connect data to byte[] failed due to serialization error: ")
        .caused_by(Error::new(Kind::Serialization, "Error serializing JSON message").caused_by(cause))
}

/// Appends a value that has no schema.
pub(super) fn schemaless(value: &Value, depth: Depth, out: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(value) => write_boolean(*value, out),
        Value::Int8(value) => text::write_integer(*value, out),
        Value::Int16(value) => text::write_integer(*value, out),
        Value::Int32(value) => text::write_integer(*value, out),
        Value::Int64(value) => text::write_integer(*value, out),
        Value::Float32(value) => text::write_float(*value, out),
        Value::Float64(value) => text::write_double(*value, out),
        Value::String(value) => text::write_string(value, out),
        Value::Bytes(value) => text::write_bytes(value, out),
        Value::Array(items) => {
            let depth = depth.deeper()?;
            return array(items.iter(), out, |item, out| schemaless(item, depth, out));
        }
        Value::Map(map) => return schemaless_map(map, depth.deeper()?, out),
        // Parity: Java takes the type from the class, then compares the struct's schema with the absent one.
        Value::Struct(_) => return Err(mismatch()),
        Value::Decimal(_) | Value::Date(_) => {
            return Err(Error::data(format!(
                "Java class class {} does not have corresponding schema type.",
                value.java_class()
            )));
        }
    }
    Ok(())
}

fn schemaless_map(map: &Map, depth: Depth, out: &mut Vec<u8>) -> Result<()> {
    let entries = java_map::entries(map);
    if entries.iter().all(|(key, _)| key.as_str().is_some()) {
        out.push(b'{');
        for (index, (key, value)) in entries.into_iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            text::write_string(key.as_str().unwrap_or_default(), out);
            out.push(b':');
            schemaless(value, depth, out)?;
        }
        out.push(b'}');
        return Ok(());
    }
    let inner = depth.deeper()?;
    array(entries.into_iter(), out, |(key, value), out| {
        out.push(b'[');
        schemaless(key, inner, out)?;
        out.push(b',');
        schemaless(value, inner, out)?;
        out.push(b']');
        Ok(())
    })
}

fn array<T>(
    items: impl Iterator<Item = T>,
    out: &mut Vec<u8>,
    mut write: impl FnMut(T, &mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out)?;
    }
    out.push(b']');
    Ok(())
}

fn write_boolean(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

/// What the configuration says about writing values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) decimals: DecimalFormat,
    pub(super) replace_null_with_default: bool,
    /// How deep the value stands.
    pub(super) depth: Depth,
}

impl Style {
    /// For what stands one further in.
    #[inline]
    pub(super) fn deeper(self) -> Result<Self> {
        Ok(Self { depth: self.depth.deeper()?, ..self })
    }
}

/// How the values of one schema are written: the schema, with what can be said of it beforehand.
#[derive(Debug)]
pub(super) struct Plan {
    schema: Schema,
    /// Of a struct: `{"name":` for the first field and `,"name":` for the others. Else empty.
    names: Vec<Box<[u8]>>,
    /// Of a struct one per field, of an array its elements, of a map keys and values; absent where the schema has none.
    parts: Vec<Option<Plan>>,
}

impl Plan {
    /// How values of `schema` are written.
    pub(super) fn new(schema: &Schema) -> Self {
        let part = |schema: Option<&Schema>| schema.map(Plan::new);
        let (names, parts) = match schema.kind() {
            Type::Struct => {
                let fields = schema.fields();
                let name = |(index, name): (usize, &str)| {
                    let mut fragment = vec![if index == 0 { b'{' } else { b',' }];
                    text::write_string(name, &mut fragment);
                    fragment.push(b':');
                    fragment.into_boxed_slice()
                };
                let names = fields.iter().map(|field| &*field.name).enumerate().map(name).collect();
                (names, fields.iter().map(|field| part(Some(&field.schema))).collect())
            }
            Type::Array => (Vec::new(), vec![part(schema.value_schema())]),
            Type::Map => (Vec::new(), vec![part(schema.key_schema()), part(schema.value_schema())]),
            _ => (Vec::new(), Vec::new()),
        };
        Self { schema: schema.clone(), names, parts }
    }

    /// The schema the plan is for.
    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Appends a value of the schema.
    pub(super) fn write(&self, style: Style, value: &Value, out: &mut Vec<u8>) -> Result<()> {
        if value.is_null() {
            return self.write_null(style, out);
        }
        if let Some(logical) = self.schema.logical() {
            return self.write_logical(logical, style, value, out);
        }
        match (self.schema.kind(), value) {
            (Type::Int8, Value::Int8(value)) => text::write_integer(*value, out),
            (Type::Int16, Value::Int16(value)) => text::write_integer(*value, out),
            (Type::Int32, Value::Int32(value)) => text::write_integer(*value, out),
            (Type::Int64, Value::Int64(value)) => text::write_integer(*value, out),
            (Type::Float32, Value::Float32(value)) => text::write_float(*value, out),
            (Type::Float64, Value::Float64(value)) => text::write_double(*value, out),
            (Type::Boolean, Value::Boolean(value)) => write_boolean(*value, out),
            (Type::String, Value::String(value)) => text::write_string(value, out),
            (Type::Bytes, Value::Bytes(value)) => text::write_bytes(value, out),
            (Type::Array, Value::Array(items)) => {
                let (element, style) = (self.part(0), style.deeper()?);
                return array(items.iter(), out, |item, out| write_part(element, style, item, out));
            }
            (Type::Map, Value::Map(map)) => return self.write_map(style.deeper()?, map, out),
            (Type::Struct, Value::Struct(value)) => return self.write_struct(style.deeper()?, value, out),
            (Type::Bytes, _) => {
                return Err(Error::data(format!("Invalid type for bytes type: class {}", value.java_class())));
            }
            (kind, _) => {
                return Err(Error::data(format!("Invalid type for {kind}: class {}", value.java_class())));
            }
        }
        Ok(())
    }

    fn part(&self, index: usize) -> Option<&Plan> {
        self.parts.get(index).and_then(Option::as_ref)
    }

    fn write_null(&self, style: Style, out: &mut Vec<u8>) -> Result<()> {
        match self.schema.default_value() {
            Some(default) if style.replace_null_with_default => self.write(style, default, out),
            _ if self.schema.is_optional() => {
                out.extend_from_slice(b"null");
                Ok(())
            }
            _ => Err(Error::data("Conversion error: null value for field that is required and has no default value")),
        }
    }

    fn write_struct(&self, style: Style, value: &Struct, out: &mut Vec<u8>) -> Result<()> {
        if *value.schema() != self.schema {
            return Err(mismatch());
        }
        if self.names.is_empty() {
            out.push(b'{');
        }
        for ((name, plan), value) in self.names.iter().zip(&self.parts).zip(value.slots()) {
            out.extend_from_slice(name);
            write_part(plan.as_ref(), style, value, out)?;
        }
        out.push(b'}');
        Ok(())
    }

    fn write_map(&self, style: Style, map: &Map, out: &mut Vec<u8>) -> Result<()> {
        let (Some(keys), values) = (self.part(0), self.part(1)) else {
            return Err(null_key_schema());
        };
        if keys.schema.kind() != Type::String {
            let style = style.deeper()?;
            return array(map.iter(), out, |(key, value), out| {
                out.push(b'[');
                keys.write(style, key, out)?;
                out.push(b',');
                write_part(values, style, value, out)?;
                out.push(b']');
                Ok(())
            });
        }
        out.push(b'{');
        for (index, (key, value)) in map.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let start = out.len();
            keys.write(style, key, out)?;
            if out.get(start) != Some(&b'"') {
                // A null key, or one of a logical type, becomes the text of its JSON.
                out.insert(start, b'"');
                out.push(b'"');
            }
            out.push(b':');
            write_part(values, style, value, out)?;
        }
        out.push(b'}');
        Ok(())
    }

    fn write_logical(&self, logical: LogicalType, style: Style, value: &Value, out: &mut Vec<u8>) -> Result<()> {
        let class = value.java_class();
        match (logical, value) {
            (LogicalType::Decimal, Value::Decimal(decimal)) => return self.write_decimal(style, decimal, out),
            (LogicalType::Decimal, _) => {
                return Err(Error::data(format!(
                    "Invalid type for Decimal, expected BigDecimal but was class {class}"
                )));
            }
            (LogicalType::Date, Value::Date(millis)) => {
                if millis.rem_euclid(DAY) != 0 {
                    return Err(Error::data(
                        "Kafka Connect Date type should not have any time fields set to non-zero values.",
                    ));
                }
                text::write_integer((millis / DAY) as i32, out);
            }
            (LogicalType::Time, Value::Date(millis)) => {
                if !(0..=DAY).contains(millis) {
                    return Err(Error::data(
                        "Kafka Connect Time type should not have any date fields set to non-zero values.",
                    ));
                }
                text::write_integer(*millis, out);
            }
            (LogicalType::Timestamp, Value::Date(millis)) => text::write_integer(*millis, out),
            (LogicalType::Date | LogicalType::Time | LogicalType::Timestamp, _) => {
                return Err(Error::data(format!("Invalid type for {logical:?}, expected Date but was class {class}")));
            }
        }
        Ok(())
    }

    fn write_decimal(&self, style: Style, decimal: &Decimal, out: &mut Vec<u8>) -> Result<()> {
        if style.decimals == DecimalFormat::Numeric {
            out.extend_from_slice(decimal.to_string().as_bytes());
            return Ok(());
        }
        let scale = super::logical::scale(&self.schema)?;
        if scale != decimal.scale {
            return Err(Error::data(format!(
                "Decimal value has mismatching scale for given Decimal schema. Schema has scale {scale}, value has scale {}.",
                decimal.scale
            )));
        }
        text::write_bytes(&decimal.to_bytes(), out);
        Ok(())
    }
}

fn write_part(plan: Option<&Plan>, style: Style, value: &Value, out: &mut Vec<u8>) -> Result<()> {
    match plan {
        Some(plan) => plan.write(style, value, out),
        None => schemaless(value, style.depth, out),
    }
}

fn mismatch() -> Error {
    Error::data("Mismatching schema.")
}

/// What Java fails with for a map without a key schema, such as the header `{}` read by SimpleHeaderConverter.
fn null_key_schema() -> Error {
    Error::data(
        "Cannot invoke \"org.apache.kafka.connect.data.Schema.type()\" because the return value of \"org.apache.kafka.connect.data.Schema.keySchema()\" is null",
    )
    .with_class("java.lang.NullPointerException")
}
