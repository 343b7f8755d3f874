//! What of a record a transform works on, and what it must be.

use connect_api::{Datum, Error, Map, Record, Result, Schema, Slot, Struct, Type as SchemaType, Value};
use kafka_config::{ConfigError, ConfigKey, ParsedConfig, Type};

/// The part of the record that `X$Key` and `X$Value` classes work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The key.
    Key,
    /// The value.
    Value,
}

impl Side {
    /// That part of a record.
    pub(crate) fn of(self, record: &Record) -> &Datum {
        match self {
            Side::Key => &record.key,
            Side::Value => &record.value,
        }
    }

    /// That part of a record, to be changed.
    pub(crate) fn of_mut(self, record: &mut Record) -> &mut Datum {
        match self {
            Side::Key => &mut record.key,
            Side::Value => &mut record.value,
        }
    }
}

/// The map of schemaless data.
///
/// # Errors
/// When it is anything else.
pub(crate) fn require_map<'a>(value: &'a Value, purpose: &str) -> Result<&'a Map> {
    match value {
        Value::Map(map) => Ok(map),
        other => Err(Error::data(format!(
            "Only Map objects supported in absence of schema for [{purpose}], found: {}",
            other.java_class()
        ))),
    }
}

/// The struct of data with a schema.
///
/// # Errors
/// When it is anything else.
pub(crate) fn require_struct<'a>(value: &'a Value, purpose: &str) -> Result<&'a Struct> {
    match value {
        Value::Struct(value) => Ok(value),
        other => {
            Err(Error::data(format!("Only Struct objects supported for [{purpose}], found: {}", other.java_class())))
        }
    }
}

/// Moves a struct out of its place, when it is one.
pub(crate) fn take_struct(value: &mut Value) -> Option<Struct> {
    match std::mem::take(value) {
        Value::Struct(taken) => Some(taken),
        other => {
            *value = other;
            None
        }
    }
}

/// Moves a map out of its place, when it is one, as Java copies it into a `HashMap`.
pub(crate) fn take_map(value: &mut Value) -> Option<Map> {
    match std::mem::take(value) {
        Value::Map(taken) => Some(taken.copied()),
        other => {
            *value = other;
            None
        }
    }
}

/// The text of a map's key.
///
/// # Errors
/// When it is no text: in Java the class cast fails.
pub(crate) fn require_text(key: &Value) -> Result<&str> {
    key.as_str().ok_or_else(|| {
        let class = key.java_class();
        Error::data(format!("class {class} cannot be cast to class java.lang.String"))
            .with_class("java.lang.ClassCastException")
    })
}

/// The value a copied field gets: its default instead of null, when that is asked for.
#[inline]
pub(crate) fn or_default<'a>(value: &'a Value, schema: &'a Schema, replace_null_with_default: bool) -> &'a Value {
    if !value.is_null() || !replace_null_with_default {
        return value;
    }
    schema.default_value().unwrap_or(value)
}

/// A struct of `schema`, which has the fields of the old one, with the same values.
pub(crate) fn rehomed(value: Struct, schema: Schema, replace_null_with_default: bool) -> Struct {
    let (_, mut slots) = value.into_parts();
    if replace_null_with_default {
        fill_defaults(&schema, &mut slots);
    }
    Struct::from_slots(schema, slots)
}

/// Gives null fields the default of their schema.
pub(crate) fn fill_defaults(schema: &Schema, slots: &mut [Value]) {
    if !schema.has_field_defaults() {
        return;
    }
    for (field, slot) in schema.fields().iter().zip(slots) {
        if let (Value::Null, Some(default)) = (&*slot, field.schema.default_value()) {
            *slot = default.clone();
        }
    }
}

/// Whether a transform that copies structs field by field does so alike for all values of `input`: no null of theirs is
/// replaced.
pub(crate) fn copies_alike(side: Side, input: &Schema, replace_null_with_default: bool) -> bool {
    side == Side::Value
        && input.kind() == SchemaType::Struct
        && !(replace_null_with_default && input.has_field_defaults())
}

/// Every field of a struct of `input` as it is.
pub(crate) fn all_fields(input: &Schema) -> Vec<Slot> {
    (0..input.fields().len()).map(Slot::Field).collect()
}

/// Checks every field as Java does when it copies them one by one; `locations` are what messages call them.
///
/// # Errors
/// The message of [`Schema::validate_as`].
pub(crate) fn validate_copied(value: &Struct, locations: &[String], replace_null_with_default: bool) -> Result<()> {
    if value.is_proven() {
        return Ok(());
    }
    for ((field, slot), location) in value.schema().fields().iter().zip(value.slots()).zip(locations) {
        field.schema.validate_as(location, or_default(slot, &field.schema, replace_null_with_default))?;
    }
    Ok(())
}

/// `replace.null.with.default`.
pub(crate) const REPLACE_NULL: &str = "replace.null.with.default";

/// The key `replace.null.with.default`.
pub(crate) fn replace_null_key() -> ConfigKey {
    ConfigKey::new(REPLACE_NULL, Type::Boolean)
        .default(true)
        .doc("Whether a copied field that is null gets the default of its schema (true), or stays null (false).")
}

/// Whether `replace.null.with.default` is on.
///
/// # Errors
/// When it was set to null.
pub(crate) fn replace_null(config: &ParsedConfig) -> Result<bool> {
    config.get_bool(REPLACE_NULL).ok_or_else(|| {
        null_pointer(Some(
            "Cannot invoke \"java.lang.Boolean.booleanValue()\" because the return value of \
             \"org.apache.kafka.connect.transforms.util.SimpleConfig.getBoolean(String)\" is null",
        ))
    })
}

/// A configuration on which Java falls over instead of refusing it.
pub(crate) fn null_pointer(message: Option<&str>) -> Error {
    let error = message.map_or_else(|| Error::without_message(connect_api::Kind::Config), Error::config);
    error.with_class("java.lang.NullPointerException")
}

/// What a wrong configuration is for the runtime.
pub(crate) fn refused(error: ConfigError) -> Error {
    Error::config(error.to_string())
}
