//! Reads the golden files' way of writing schemas, values and records; `tests/golden/README.md` describes it.

use base64::Engine as _;
use connect_api::{
    Datum, Decimal, Headers, Map, Origin, Record, Schema, SchemaBuilder, SinkOrigin, SourceOffset, SourcePartition,
    Struct, Text, TimestampType, Type, Value,
};
use kafka_config::{ConfigKey, RawConfig};
use serde_json::Value as Json;

/// The cases of a file.
pub(crate) fn cases(name: &str) -> Vec<Json> {
    let path = format!("{}/../../tests/golden/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn config(json: &Json) -> RawConfig {
    let text = |value: &Json| value.as_str().map(str::to_owned);
    json.as_object().unwrap().iter().map(|(key, value)| (key.clone(), text(value))).collect()
}

fn text(json: &Json) -> Text {
    json.as_str().unwrap().into()
}

pub(crate) fn schema(json: &Json) -> Option<Schema> {
    if json.is_null() {
        return None;
    }
    let mut builder = match json["type"].as_str().unwrap() {
        "array" => SchemaBuilder::array(schema(&json["items"])),
        "map" => SchemaBuilder::map(schema(&json["keys"]), schema(&json["values"])),
        "struct" => json["fields"].as_array().unwrap().iter().fold(SchemaBuilder::structure(), |builder, field| {
            builder.field(text(&field["name"]), schema(&field["schema"]).unwrap())
        }),
        primitive => SchemaBuilder::new(kind(primitive)),
    };
    if json["optional"] == true {
        builder = builder.optional();
    }
    if let Some(name) = json["name"].as_str() {
        builder = builder.name(name);
    }
    if let Some(version) = json["version"].as_i64() {
        builder = builder.version(version as i32);
    }
    if let Some(doc) = json["doc"].as_str() {
        builder = builder.doc(doc);
    }
    if let Some(parameters) = json["parameters"].as_object() {
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| (Text::from(&**name), text(value))).collect();
        builder = builder.parameters(parameters.iter().map(|(name, value)| (name, value)));
    }
    if let Some(default) = json.get("default") {
        let so_far = builder.clone().build();
        builder = builder.default_value(value(default, Some(&so_far)));
    }
    Some(builder.build())
}

fn kind(name: &str) -> Type {
    match name {
        "int8" => Type::Int8,
        "int16" => Type::Int16,
        "int32" => Type::Int32,
        "int64" => Type::Int64,
        "float32" => Type::Float32,
        "float64" => Type::Float64,
        "boolean" => Type::Boolean,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        other => panic!("no type {other}"),
    }
}

/// A value; a struct without a schema of its own has the one declared at its place.
pub(crate) fn value(json: &Json, declared: Option<&Schema>) -> Value {
    let Some((class, content)) = json.as_object().and_then(|object| object.iter().next()) else {
        assert!(json.is_null(), "{json}");
        return Value::Null;
    };
    let integer = || content.as_i64().unwrap();
    match class.as_str() {
        "int8" => Value::Int8(integer() as i8),
        "int16" => Value::Int16(integer() as i16),
        "int32" => Value::Int32(integer() as i32),
        "int64" => Value::Int64(integer()),
        "float32" => Value::Float32(content.as_str().unwrap().replace("Infinity", "inf").parse().unwrap()),
        "float64" => Value::Float64(content.as_str().unwrap().replace("Infinity", "inf").parse().unwrap()),
        "boolean" => Value::Boolean(content.as_bool().unwrap()),
        "string" => Value::String(text(content)),
        "bytes" => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(content.as_str().unwrap());
            Value::Bytes(bytes.unwrap().into())
        }
        "array" => {
            let element = declared.and_then(Schema::value_schema);
            Value::Array(content.as_array().unwrap().iter().map(|item| value(item, element)).collect())
        }
        "map" => {
            let (keys, values) = (declared.and_then(Schema::key_schema), declared.and_then(Schema::value_schema));
            let pair = |pair: &Json| (value(&pair[0], keys), value(&pair[1], values));
            content.as_array().unwrap().iter().map(pair).collect::<Map>().into()
        }
        "struct" => {
            let own = json.get("schema").and_then(schema);
            let schema = own.as_ref().or(declared).unwrap_or_else(|| panic!("a struct without schema: {json}"));
            let slot = |field: &connect_api::Field| value(&content[&*field.name], Some(&field.schema));
            Struct::from_slots(schema.clone(), schema.fields().iter().map(slot).collect::<Vec<_>>()).into()
        }
        "decimal" => {
            let unscaled: num_bigint::BigInt = content["unscaled"].as_str().unwrap().parse().unwrap();
            Decimal::new(unscaled, content["scale"].as_i64().unwrap() as i32).into()
        }
        "date" | "time" | "timestamp" => Value::Date(integer()),
        other => panic!("no class {other}"),
    }
}

fn datum(schema_json: &Json, value_json: &Json) -> Datum {
    let schema = schema(schema_json);
    let value = value(value_json, schema.as_ref());
    Datum { schema, value }
}

/// A record; `None` when its topic is null, which no record here can have.
pub(crate) fn record(json: &Json) -> Option<Record> {
    let topic: std::sync::Arc<str> = json["topic"].as_str()?.into();
    let partition = json["partition"].as_i64().map(|partition| partition as i32);
    let mut headers = Headers::new();
    for header in json["headers"].as_array().unwrap() {
        headers.add(text(&header["key"]), datum(&header["schema"], &header["value"]));
    }
    let origin = match json["kind"].as_str().unwrap() {
        "sink" => Origin::Sink(SinkOrigin {
            topic: topic.clone(),
            partition: partition.unwrap_or(0),
            offset: json["offset"].as_i64().unwrap(),
            timestamp_type: match json["timestamp_type"].as_str() {
                Some("CreateTime") => TimestampType::CreateTime,
                Some("LogAppendTime") => TimestampType::LogAppendTime,
                _ => TimestampType::NoTimestampType,
            },
            raw: Default::default(),
        }),
        _ => {
            let partition = SourcePartition::new([("p", 1_i64)]);
            let value = Datum::NULL;
            Record::source(topic.clone(), partition, SourceOffset::of([("o", 2_i64)]), value).origin
        }
    };
    Some(Record {
        topic,
        partition,
        key: datum(&json["key_schema"], &json["key"]),
        value: datum(&json["value_schema"], &json["value"]),
        timestamp: json["timestamp"].as_i64(),
        headers,
        origin,
    })
}

/// What the golden files say of a configuration key.
pub(crate) fn described(key: &ConfigKey) -> Json {
    serde_json::json!({
        "name": key.name,
        "type": key.kind.name(),
        "required": !key.has_default(),
        "default": key.default_value().map(kafka_config::convert_to_string),
        "importance": key.importance.name(),
        "validator": key.validator.as_ref().map(|validator| validator.describe()),
    })
}
