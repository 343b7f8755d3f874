//! Reads golden cases and puts answers into their form.

#![allow(clippy::unwrap_used, reason = "a golden file that cannot be read is a failed test")]

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use connect_api::data::LogicalType;
use connect_api::{Datum, Decimal, Error, Map, Schema, SchemaBuilder, Struct, Type, Value};
use connect_converters::{java_map, java_text};
use kafka_config::RawConfig;
use serde_json::{Value as Json, json};

/// What a case answers: its output, or the failure.
pub(crate) type Answer = Result<Json, Error>;

/// One line of a golden file.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) input: Json,
    pub(crate) output: Json,
    pub(crate) error: Json,
}

impl Case {
    /// The members `schema` and `value` of the input.
    pub(crate) fn datum(&self) -> Result<Datum, Error> {
        let schema = schema(&self.input["schema"]).map_err(Error::data)?;
        let value = value(schema.as_ref(), &self.input["value"]).map_err(Error::data)?;
        Ok(Datum { schema, value })
    }
}

/// Runs all cases of a file. `allowed`: names of cases that differ, with the reason.
pub(crate) fn compare(file: &str, allowed: &[(&str, &str)], answer: impl Fn(&Case) -> Answer) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(format!("{file}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (mut same, mut differing, mut wrong) = (0, 0, Vec::new());
    for line in text.lines() {
        let mut line: Json = serde_json::from_str(line).unwrap();
        let case = Case {
            name: line["case"].as_str().unwrap_or("null").to_owned(),
            input: line["input"].take(),
            output: line["output"].take(),
            error: line["error"].take(),
        };
        let expected = if case.error.is_null() { case.output.clone() } else { json!({ "error": case.error }) };
        let actual = match answer(&case) {
            Ok(output) => output,
            Err(error) => json!({ "error": failure(&error) }),
        };
        let expected = same_numbers(expected);
        let alike = actual == expected || same_but_for_jvm_text(&actual, &expected);
        match (alike, allowed.iter().any(|(name, _)| *name == case.name)) {
            (true, false) => same += 1,
            (false, true) => differing += 1,
            (true, true) => wrong.push(format!("{}: differs no longer, take it off the list", case.name)),
            (false, false) => {
                wrong.push(format!("{}: {}\n    expected {expected}\n    actual   {actual}", case.name, case.input));
            }
        }
    }
    println!("{file}: {same} cases as in Java, {differing} known to differ, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{} of {file} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(same > 0);
}

/// A value counts, not with how many digits a release of Java prints it.
fn same_numbers(mut json: Json) -> Json {
    match &mut json {
        Json::Object(members) => {
            for (name, member) in members {
                *member = match (name.as_str(), member.as_str()) {
                    ("float32", Some(text)) => java_text::float_text(text.parse().unwrap()).into(),
                    ("float64", Some(text)) => java_text::double_text(text.parse().unwrap()).into(),
                    _ => same_numbers(member.take()),
                };
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| *item = same_numbers(item.take())),
        _ => {}
    }
    json
}

/// The JVM's own texts differ between releases; there only the class counts.
fn same_but_for_jvm_text(actual: &Json, expected: &Json) -> bool {
    fn strip(json: &Json) -> Json {
        let mut json = json.clone();
        let mut part = &mut json["error"];
        while let Some(error) = part.as_object_mut() {
            let class = error["class"].as_str().unwrap_or_default();
            if matches!(class, "java.lang.NullPointerException" | "java.lang.ClassCastException") {
                error["message"] = Json::Null;
            }
            let Some(cause) = error.get_mut("cause") else { break };
            part = cause;
        }
        json
    }
    actual.get("error").is_some() && expected.get("error").is_some() && strip(actual) == strip(expected)
}

fn failure(error: &Error) -> Json {
    let mut json = json!({ "class": error.class(), "message": error.message() });
    if let Some(cause) = error.cause() {
        json["cause"] = failure(cause);
    }
    json
}

pub(crate) fn config(json: &Json) -> RawConfig {
    let entries = json.as_object().into_iter().flatten();
    let mut config = RawConfig::new();
    for (name, value) in entries {
        config.insert_entry(name, value.as_str().map(str::to_owned));
    }
    config
}

pub(crate) fn decode_bytes(json: &Json) -> Option<Bytes> {
    json.as_str().map(|text| STANDARD.decode(text).unwrap().into())
}

pub(crate) fn bytes(bytes: &[u8]) -> Json {
    let mut json = json!({ "bytes": STANDARD.encode(bytes) });
    if let Ok(text) = std::str::from_utf8(bytes) {
        json["text"] = text.into();
    }
    json
}

pub(crate) fn no_bytes() -> Json {
    json!({ "bytes": null })
}

/// A schema from its golden form.
pub(crate) fn schema(json: &Json) -> Result<Option<Schema>, String> {
    let Some(kind) = json["type"].as_str() else { return Ok(None) };
    let mut builder = match kind {
        "array" => SchemaBuilder::array(schema(&json["items"])?),
        "map" => SchemaBuilder::map(schema(&json["keys"])?, schema(&json["values"])?),
        "struct" => {
            let mut builder = SchemaBuilder::structure();
            for field in json["fields"].as_array().ok_or("no fields")? {
                let schema = schema(&field["schema"])?.ok_or("a field without schema")?;
                builder = builder.field(field["name"].as_str().ok_or("no name")?, schema);
            }
            builder
        }
        kind => SchemaBuilder::new(primitive(kind)?),
    };
    builder = builder.optional_is(json["optional"].as_bool().unwrap_or(false));
    if let Some(name) = json["name"].as_str() {
        builder = builder.name(name);
    }
    if let Some(version) = json["version"].as_i64() {
        builder = builder.version(version as i32);
    }
    if let Some(doc) = json["doc"].as_str() {
        builder = builder.doc(doc);
    }
    for (name, value) in json["parameters"].as_object().into_iter().flatten() {
        builder = builder.parameter(name.as_str(), value.as_str().ok_or("no text")?);
    }
    if !json["default"].is_null() {
        let so_far = builder.clone().build();
        builder = builder.default_value(value(Some(&so_far), &json["default"])?);
    }
    builder.try_build().map(Some).map_err(|error| error.to_string())
}

fn primitive(kind: &str) -> Result<Type, String> {
    Ok(match kind {
        "int8" => Type::Int8,
        "int16" => Type::Int16,
        "int32" => Type::Int32,
        "int64" => Type::Int64,
        "float32" => Type::Float32,
        "float64" => Type::Float64,
        "boolean" => Type::Boolean,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        kind => return Err(format!("no type {kind}")),
    })
}

/// A value from its golden form.
pub(crate) fn value(declared: Option<&Schema>, json: &Json) -> Result<Value, String> {
    let Some((member, content)) = json.as_object().and_then(|members| members.iter().next()) else {
        return Ok(Value::Null);
    };
    let number = || content.as_i64().ok_or_else(|| format!("no number {content}"));
    let text = || content.as_str().ok_or_else(|| format!("no text {content}"));
    Ok(match member.as_str() {
        "int8" => Value::Int8(number()? as i8),
        "int16" => Value::Int16(number()? as i16),
        "int32" => Value::Int32(number()? as i32),
        "int64" => Value::Int64(number()?),
        "float32" => Value::Float32(text()?.parse().map_err(|_| "no float")?),
        "float64" => Value::Float64(text()?.parse().map_err(|_| "no float")?),
        "boolean" => Value::Boolean(content.as_bool().ok_or("no boolean")?),
        "string" => Value::from(text()?),
        "utf16" => return Err("half of a surrogate pair".to_owned()),
        "bytes" => Value::Bytes(decode_bytes(content).ok_or("no bytes")?),
        "decimal" => {
            let unscaled: num_bigint::BigInt = content["unscaled"].as_str().unwrap_or_default().parse().unwrap();
            Value::from(Decimal::new(unscaled, content["scale"].as_i64().unwrap_or(0) as i32))
        }
        "date" | "time" | "timestamp" => Value::Date(number()?),
        "array" => {
            let element = declared.and_then(Schema::value_schema);
            let items = content.as_array().ok_or("no array")?.iter();
            Value::Array(items.map(|item| value(element, item)).collect::<Result<_, _>>()?)
        }
        "map" => {
            let keys = declared.and_then(Schema::key_schema);
            let values = declared.and_then(Schema::value_schema);
            let mut map = Map::new();
            for pair in content.as_array().ok_or("no map")? {
                map.insert(value(keys, &pair[0])?, value(values, &pair[1])?);
            }
            Value::from(map)
        }
        "struct" => {
            let own = schema(&json["schema"])?;
            let schema = own.as_ref().or(declared).ok_or("a struct without schema")?;
            let slots = schema.fields().iter().map(|field| value(Some(&field.schema), &content[&*field.name]));
            Value::Struct(Struct::from_slots(schema.clone(), slots.collect::<Result<Vec<_>, String>>()?))
        }
        member => return Err(format!("no value {member}")),
    })
}

/// A datum in its golden form; its maps in their own order.
pub(crate) fn datum(datum: &Datum) -> Json {
    let schema = datum.schema.as_ref();
    json!({ "schema": schema.map_or(Json::Null, schema_json), "value": typed(schema, &datum.value) })
}

/// The same with the maps in the order of a `HashMap`, which is what Java has in this place.
pub(crate) fn datum_of_hash_maps(datum: &Datum) -> Json {
    let value = hashed(&datum.value);
    self::datum(&Datum { schema: datum.schema.clone(), value })
}

fn hashed(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(hashed).collect()),
        Value::Map(map) => {
            let entries = java_map::entries(map).into_iter();
            Value::from(entries.map(|(key, value)| (key.clone(), hashed(value))).collect::<Map>())
        }
        Value::Struct(value) => {
            let slots: Vec<_> = value.slots().iter().map(hashed).collect();
            Value::Struct(Struct::from_slots(value.schema().clone(), slots))
        }
        value => value.clone(),
    }
}

/// A schemaless value in its golden form.
pub(crate) fn value_json(value: &Value) -> Json {
    typed(None, value)
}

fn schema_json(schema: &Schema) -> Json {
    let part = |schema: Option<&Schema>| schema.map_or(Json::Null, schema_json);
    let mut json = json!({ "type": schema.kind().name() });
    match schema.kind() {
        Type::Array => json["items"] = part(schema.value_schema()),
        Type::Map => {
            json["keys"] = part(schema.key_schema());
            json["values"] = part(schema.value_schema());
        }
        Type::Struct => {
            let fields = schema.fields().iter();
            json["fields"] =
                fields.map(|field| json!({ "name": &*field.name, "schema": schema_json(&field.schema) })).collect();
        }
        _ => {}
    }
    json["optional"] = schema.is_optional().into();
    if let Some(name) = schema.name() {
        json["name"] = (**name).into();
    }
    if let Some(version) = schema.version() {
        json["version"] = version.into();
    }
    if let Some(doc) = schema.doc() {
        json["doc"] = (**doc).into();
    }
    if let Some(parameters) = schema.parameters() {
        json["parameters"] =
            parameters.iter().map(|(name, value)| ((**name).to_owned(), Json::from(&**value))).collect();
    }
    if let Some(default) = schema.default_value() {
        json["default"] = typed(Some(schema), default);
    }
    if schema.kind() == Type::Map && schema.value_schema().is_none() && schema.key_schema().is_some() {
        // Java hands out the builder of such a schema; nothing else can have it.
        json["unbuilt"] = true.into();
    }
    json
}

fn typed(declared: Option<&Schema>, value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(value) => json!({ "boolean": value }),
        Value::Int8(value) => json!({ "int8": value }),
        Value::Int16(value) => json!({ "int16": value }),
        Value::Int32(value) => json!({ "int32": value }),
        Value::Int64(value) => json!({ "int64": value }),
        Value::Float32(value) => json!({ "float32": java_text::float_text(*value) }),
        Value::Float64(value) => json!({ "float64": java_text::double_text(*value) }),
        Value::String(text) => json!({ "string": &**text }),
        Value::Bytes(bytes) => json!({ "bytes": STANDARD.encode(bytes) }),
        Value::Decimal(decimal) => {
            json!({ "decimal": { "unscaled": decimal.unscaled.to_string(), "scale": decimal.scale } })
        }
        Value::Date(millis) => match declared.and_then(Schema::logical) {
            Some(LogicalType::Date) => json!({ "date": millis }),
            Some(LogicalType::Time) => json!({ "time": millis }),
            _ => json!({ "timestamp": millis }),
        },
        Value::Array(items) => {
            let element = declared.and_then(Schema::value_schema);
            json!({ "array": items.iter().map(|item| typed(element, item)).collect::<Vec<_>>() })
        }
        Value::Map(map) => {
            let (keys, values) = (declared.and_then(Schema::key_schema), declared.and_then(Schema::value_schema));
            let pairs = map.iter().map(|(key, value)| json!([typed(keys, key), typed(values, value)]));
            json!({ "map": pairs.collect::<Vec<_>>() })
        }
        Value::Struct(value) => {
            let fields = value.schema().fields().iter().zip(value.slots());
            let fields: serde_json::Map<String, Json> =
                fields.map(|(field, slot)| (field.name.to_string(), typed(Some(&field.schema), slot))).collect();
            json!({ "struct": fields })
        }
    }
}

/// Lists nested too deep to compare are counted.
pub(crate) fn nested_lists(datum: &Datum) -> Json {
    let (mut depth, mut value) = (0, Some(&datum.value));
    while let Some(Value::Array(items)) = value {
        depth += 1;
        value = items.first();
    }
    json!({ "nested_lists": depth })
}
