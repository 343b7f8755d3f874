//! The quick reading: JSON text straight into Connect values along a schema, without a tree between.

use bytes::Bytes;
use connect_api::data::LogicalType;
use connect_api::{Decimal, Field, Map, Schema, Struct, Text, Type, Value};

use super::node::{Reader, decimal, double, float};
use super::number_scan::Number;
use super::scanner::{Inside, Lead};
use super::string_scan::Span;
use super::syntax::SyntaxError;
use super::{base64_text, logical, value_read};
use crate::calendar::DAY;

/// The text is not what the schema leads one to expect, or no JSON at all: the slow reading says what it means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surprise;

impl From<Box<SyntaxError>> for Surprise {
    fn from(_: Box<SyntaxError>) -> Self {
        Surprise
    }
}

/// How to read along a schema.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    /// `replace.null.with.default`
    pub(super) replace_null: bool,
    /// Of the schema.
    pub(super) outline: &'a Outline,
}

/// What data of a schema look like in JSON: worked out once, compared as a whole while reading.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// Of a struct, its fields.
    members: Vec<Member>,
    /// Of the fields; of the values of a map or the elements of an array.
    inner: Vec<Outline>,
}

static NO_OUTLINE: Outline = Outline { members: Vec::new(), inner: Vec::new() };

/// A field of a struct.
#[derive(Debug)]
struct Member {
    /// What stands in front of its value.
    lead: Lead,
    usual: Usual,
}

/// Fields whose values nearly always have one short form, which is tried first.
#[derive(Clone, Copy, Debug)]
enum Usual {
    Int32,
    Int64,
    Float64,
    String,
    Other,
}

impl Usual {
    fn of(schema: &Schema) -> Self {
        match (schema.logical(), schema.kind()) {
            (None, Type::Int32) => Usual::Int32,
            (None, Type::Int64) => Usual::Int64,
            (None, Type::Float64) => Usual::Float64,
            (None, Type::String) => Usual::String,
            _ => Usual::Other,
        }
    }
}

impl Outline {
    /// Of a schema.
    pub(super) fn of(schema: &Schema) -> Self {
        let fields = schema.fields();
        let member =
            |field: &Field| Member { lead: Lead::of(&field.name, field.index == 0), usual: Usual::of(&field.schema) };
        Self {
            members: fields.iter().map(member).collect(),
            inner: match schema.value_schema() {
                Some(values) => vec![Self::of(values)],
                None => fields.iter().map(|field| Self::of(&field.schema)).collect(),
            },
        }
    }
}

impl<'a> Way<'a> {
    /// For the field of that index, or (0) the values or elements.
    fn inner(self, index: usize) -> Self {
        Self { outline: self.outline.inner.get(index).unwrap_or(&NO_OUTLINE), ..self }
    }
}

type Result<T> = std::result::Result<T, Surprise>;

/// Room in a struct for the fields that transforms often append.
const SPARE: usize = 2;

impl Reader<'_> {
    /// The value of `schema` that starts at the next byte.
    pub(super) fn value(&mut self, schema: &Schema, way: Way<'_>) -> Result<Value> {
        let start = self.scanner.position();
        let byte = *self.scanner.text().get(start).ok_or(Surprise)?;
        if byte == b'n' {
            self.scanner.word("null")?;
            return value_read::null(schema, way.replace_null).map_err(|_| Surprise);
        }
        if let Some(logical) = schema.logical() {
            return self.logical_value(schema, logical, byte);
        }
        let kind = schema.kind();
        Ok(match (kind, byte) {
            (Type::String, b'"') => {
                let span = self.scanner.string()?;
                Value::String(self.text(span)?)
            }
            (Type::Int8, _) => Value::Int8(self.integer(byte)? as i8),
            (Type::Int16, _) => Value::Int16(self.integer(byte)? as i16),
            (Type::Int32, _) => Value::Int32(self.integer(byte)? as i32),
            (Type::Int64, _) => Value::Int64(self.integer(byte)?),
            (Type::Float32, _) => match self.number(byte)? {
                Number::Int(value) => Value::Float32(value as f32),
                Number::Float(text) => Value::Float32(float(text)),
                Number::Big(_) => return Err(Surprise),
            },
            (Type::Float64, _) => match self.number(byte)? {
                Number::Int(value) => Value::Float64(value as f64),
                Number::Float(text) => Value::Float64(double(text)),
                Number::Big(_) => return Err(Surprise),
            },
            (Type::Boolean, b't') => {
                self.scanner.word("true")?;
                Value::Boolean(true)
            }
            (Type::Boolean, b'f') => {
                self.scanner.word("false")?;
                Value::Boolean(false)
            }
            (Type::Bytes, b'"') => Value::Bytes(self.bytes()?),
            (Type::Array, b'[') => self.array_value(schema, way, start)?,
            (Type::Map, b'{') => self.map_value(schema, way, start)?,
            (Type::Struct, b'{') => self.struct_value(schema, way, start)?,
            _ => return Err(Surprise),
        })
    }

    fn number(&mut self, byte: u8) -> Result<Number<'_>> {
        match byte {
            b'-' | b'0'..=b'9' => Ok(self.scanner.number()?),
            _ => Err(Surprise),
        }
    }

    fn integer(&mut self, byte: u8) -> Result<i64> {
        match self.number(byte)? {
            Number::Int(value) => Ok(value),
            _ => Err(Surprise),
        }
    }

    fn bytes(&mut self) -> Result<Bytes> {
        let span = self.scanner.string()?;
        let text = self.scanner.content(span)?;
        base64_text::decode(&text).map(Bytes::from).map_err(|_| Surprise)
    }

    fn logical_value(&mut self, schema: &Schema, logical: LogicalType, byte: u8) -> Result<Value> {
        if logical == LogicalType::Decimal && byte == b'"' {
            let scale = logical::scale(schema).map_err(|_| Surprise)?;
            let bytes = self.bytes()?;
            return Decimal::from_bytes(&bytes, scale).map(Value::from).ok_or(Surprise);
        }
        let number = self.number(byte)?;
        match (logical, number) {
            (LogicalType::Decimal, Number::Int(value)) => Ok(Value::from(Decimal::new(value, 0))),
            (LogicalType::Decimal, Number::Float(text)) => decimal(text).map(Value::from).ok_or(Surprise),
            (LogicalType::Date, Number::Int(days)) => match i32::try_from(days) {
                Ok(days) => Ok(Value::Date(i64::from(days) * DAY)),
                Err(_) => Err(Surprise),
            },
            (LogicalType::Time, Number::Int(millis)) if (0..=DAY).contains(&millis) => Ok(Value::Date(millis)),
            (LogicalType::Timestamp, Number::Int(millis)) => Ok(Value::Date(millis)),
            _ => Err(Surprise),
        }
    }

    fn array_value(&mut self, schema: &Schema, way: Way<'_>, start: usize) -> Result<Value> {
        let element = schema.value_schema().ok_or(Surprise)?;
        self.scanner.enter()?;
        let mut items = Vec::new();
        while self.scanner.element(start, items.is_empty())? {
            items.push(self.value(element, way.inner(0))?);
        }
        Ok(Value::Array(items))
    }

    fn map_value(&mut self, schema: &Schema, way: Way<'_>, start: usize) -> Result<Value> {
        let (Some(keys), Some(values)) = (schema.key_schema(), schema.value_schema()) else {
            return Err(Surprise);
        };
        if keys.kind() != Type::String {
            return Err(Surprise);
        }
        self.scanner.enter()?;
        let mut map = Map::new();
        let mut first = true;
        while let Some(name) = self.scanner.member(start, first)? {
            let name = self.text(name)?;
            map.insert(name, self.value(values, way.inner(0))?);
            first = false;
        }
        Ok(Value::from(map))
    }

    fn struct_value(&mut self, schema: &Schema, way: Way<'_>, start: usize) -> Result<Value> {
        let fields = schema.fields();
        if way.outline.members.len() != fields.len() {
            return Err(Surprise);
        }
        self.scanner.enter()?;
        let mut slots = Vec::with_capacity(fields.len() + SPARE);
        // As long as the members come in the order of the fields, each value is appended.
        for (field, member) in fields.iter().zip(&way.outline.members) {
            if !self.scanner.take(&member.lead) {
                let Some(name) = self.scanner.member(start, slots.is_empty())? else {
                    return fill(schema, slots, way);
                };
                if !self.is_name(name, &field.name) {
                    return self.rest_of_struct(schema, slots, name, way, start);
                }
            }
            let value = match self.usual_value(member.usual) {
                Some(value) => value,
                None => self.value(&field.schema, way.inner(field.index))?,
            };
            slots.push(value);
        }
        match self.scanner.member(start, fields.is_empty())? {
            None => Ok(made(schema, slots)),
            Some(name) => self.rest_of_struct(schema, slots, name, way, start),
        }
    }

    /// The value that starts at the next byte, when it has the usual form.
    #[inline]
    fn usual_value(&mut self, usual: Usual) -> Option<Value> {
        match usual {
            Usual::Int32 => self.scanner.short_integer().map(|value| Value::Int32(value as i32)),
            Usual::Int64 => self.scanner.short_integer().map(Value::Int64),
            Usual::Float64 => self.scanner.short_decimal().map(Value::Float64),
            Usual::String => {
                let span = self.scanner.plain_string()?;
                let text = Text::try_from(self.source.slice(span)).ok()?;
                self.scanner.at += text.len() + 2;
                Some(Value::String(text))
            }
            Usual::Other => None,
        }
    }

    fn is_name(&self, span: Span, name: &str) -> bool {
        !span.escaped && self.scanner.text()[span.start..span.end] == *name.as_bytes()
    }

    /// Reads the members from `name` on, in whatever order they come; the later of two of one name counts, unknown
    /// ones are skipped.
    fn rest_of_struct(
        &mut self,
        schema: &Schema,
        mut slots: Vec<Value>,
        name: Span,
        way: Way<'_>,
        start: usize,
    ) -> Result<Value> {
        let fields = schema.fields();
        slots.resize(fields.len(), Value::Null);
        let mut next = Some(name);
        while let Some(name) = next {
            let name = self.scanner.content(name)?;
            match schema.field(&name) {
                Some(field) => {
                    slots[field.index] = self.value(&field.schema, way.inner(field.index))?;
                }
                None => self.scanner.skip(Inside::Object(start))?,
            }
            next = self.scanner.member(start, false)?;
        }
        fill(schema, slots, way)
    }
}

/// Gives every field without a value what a null stands for there.
fn fill(schema: &Schema, mut slots: Vec<Value>, way: Way<'_>) -> Result<Value> {
    slots.resize(schema.fields().len(), Value::Null);
    for (field, slot) in schema.fields().iter().zip(&mut slots) {
        if slot.is_null() {
            *slot = value_read::null(&field.schema, way.replace_null).map_err(|_| Surprise)?;
        }
    }
    Ok(made(schema, slots))
}

/// The struct of values that were read along their schemas, or are what a null stands for.
fn made(schema: &Schema, slots: Vec<Value>) -> Value {
    let fits = |(slot, field): (&Value, &Field)| !slot.is_null() || field.schema.is_optional();
    let fitting = slots.iter().zip(schema.fields()).all(fits);
    let made = if fitting { Struct::from_proven_slots } else { Struct::from_slots };
    Value::Struct(made(schema.clone(), slots))
}
