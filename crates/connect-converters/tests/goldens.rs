//! Compares every answer with what Apache Kafka Connect 4.3.1 gave for the same input (`tests/golden` at the top of
//! the repository). A case that may differ is listed with its reason; one listed that does not differ fails, too.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "reads the golden files")]

mod golden_cases;

use bytes::Bytes;
use connect_api::plugin::{ConverterPlugin, HeaderConverterPlugin};
use connect_api::{Datum, DecodeContext, EncodeContext, Encoded, Error, Map, Role, Schema, SchemaBuilder, Value};
use connect_converters::json::plain;
use connect_converters::{
    ByteArrayConverterPlugin, JsonConverterPlugin, Primitive, PrimitiveConverterPlugin, SimpleHeaderConverterPlugin,
    StringConverterPlugin, java_map, values,
};
use golden_cases::{Answer, Case, compare, config, decode_bytes, value};
use kafka_config::RawConfig;
use serde_json::Value as Json;

/// Java before JDK 19 prints some numbers with more digits than are needed to read them back; ours are those of later
/// releases, and both mean the same number.
const DIGITS: &str = "digits of JDK 17";
/// The case uses a `LinkedHashMap`; schemaless maps are written in the order of a `HashMap`, which connectors use.
const LINKED: &str = "a LinkedHashMap's order";
/// Half of a surrogate pair is no text here; it becomes `?`.
const SURROGATE: &str = "half of a surrogate pair";

fn topic() -> EncodeContext<'static> {
    EncodeContext::new("topic")
}

fn write(plugin: &dyn ConverterPlugin, case: &Case) -> Answer {
    let datum = case.datum()?;
    let mut converter = plugin.converter(&config(&case.input["config"]), Role::Value)?;
    let mut out = Vec::new();
    match converter.encode(topic(), &datum, &mut out)? {
        Encoded::Null => Ok(golden_cases::no_bytes()),
        Encoded::Written => Ok(golden_cases::bytes(&out)),
    }
}

fn read(plugin: &dyn ConverterPlugin, case: &Case) -> Answer {
    let bytes = decode_bytes(&case.input["bytes"]);
    let mut converter = plugin.converter(&config(&case.input["config"]), Role::Value)?;
    let datum = converter.decode(DecodeContext::new("topic"), bytes.as_ref())?;
    if case.output.get("nested_lists").is_some() {
        return Ok(golden_cases::nested_lists(&datum));
    }
    // The second reading takes the quick way, where there is one, and must agree.
    let again = converter.decode(DecodeContext::new("topic"), bytes.as_ref())?;
    assert_eq!(datum, again, "{}", case.name);
    Ok(golden_cases::datum_of_hash_maps(&datum))
}

#[test]
fn json_is_written_as_by_java() {
    let allowed = [
        ("float32 #9 1.17549435E-38/envelope", DIGITS),
        ("float32 #9 1.17549435E-38/plain", DIGITS),
        ("float64 #22 9.999999999999999E22/envelope", DIGITS),
        ("float64 #22 9.999999999999999E22/plain", DIGITS),
        ("float64 #23 1.9999999999999998E23/envelope", DIGITS),
        ("float64 #23 1.9999999999999998E23/plain", DIGITS),
        ("float64 #26 8.409999999999999E21/envelope", DIGITS),
        ("float64 #26 8.409999999999999E21/plain", DIGITS),
        ("schemaless map/envelope", LINKED),
        ("schemaless map/plain", LINKED),
    ];
    compare("json-converter-write", &allowed, |case| write(&JsonConverterPlugin, case));
}

#[test]
fn json_is_read_as_by_java() {
    let allowed = [("092", SURROGATE), ("636", SURROGATE)];
    compare("json-converter-read", &allowed, |case| read(&JsonConverterPlugin, case));
}

#[test]
fn plain_converters_do_as_in_java() {
    let allowed = [
        ("StringConverter to 386", SURROGATE),
        ("StringConverter to 415", SURROGATE),
        ("StringConverter to 473", SURROGATE),
        ("StringConverter to 534", SURROGATE),
    ];
    compare("plain-converters", &allowed, |case| {
        let class = case.input["converter"].as_str().unwrap();
        let mut plugins: Vec<Box<dyn ConverterPlugin>> =
            vec![Box::new(StringConverterPlugin), Box::new(ByteArrayConverterPlugin)];
        for primitive in Primitive::ALL {
            plugins.push(Box::new(PrimitiveConverterPlugin(primitive)));
        }
        let plugin = plugins.iter().find(|plugin| plugin.class() == class).unwrap();
        if case.input["direction"] == "from" { write(&**plugin, case) } else { read(&**plugin, case) }
    });
}

#[test]
fn headers_are_converted_as_by_java() {
    let allowed = [("from 049", DIGITS), ("from 088", DIGITS), ("from 089", DIGITS), ("from 092", DIGITS)];
    compare("simple-header-converter", &allowed, |case| {
        let mut converter = SimpleHeaderConverterPlugin.header_converter(&config(&Json::Null))?;
        if case.name.starts_with("to") {
            let bytes = decode_bytes(&case.input["bytes"]);
            let datum = converter.decode(DecodeContext::new("topic"), "key", bytes.as_ref())?;
            return Ok(golden_cases::datum(&datum));
        }
        let mut out = Vec::new();
        match converter.encode(topic(), "key", &case.datum()?, &mut out)? {
            Encoded::Null => Ok(golden_cases::no_bytes()),
            Encoded::Written => Ok(golden_cases::bytes(&out)),
        }
    });
}

#[test]
fn strings_are_parsed_as_by_java() {
    compare("values-parse-string", &[], |case| match case.input["text"].as_str() {
        None => Ok(golden_cases::datum(&Datum::NULL)),
        Some(text) => Ok(golden_cases::datum(&values::parse_string(text)?)),
    });
}

#[test]
fn values_are_printed_as_by_java() {
    let allowed = [("049", DIGITS), ("088", DIGITS), ("089", DIGITS), ("092", DIGITS)];
    compare("values-convert-to-string", &allowed, |case| {
        Ok(values::convert_to_string(&case.datum()?.value).map_or(Json::Null, Json::from))
    });
}

#[test]
fn offsets_are_written_as_by_java() {
    let allowed = [
        ("decimal value", "refused by the storage, not the JSON"),
        ("nested map", "refused by the storage, not the JSON"),
    ];
    compare("offset-keys", &allowed, |case| {
        let partition = value(None, &case.input["partition"]).map_err(Error::data)?;
        let name = Value::from(case.input["connector"].as_str().unwrap());
        let key = written(&Value::Array(vec![name, partition.clone()]))?;
        let hashed = match &partition {
            Value::Map(map) => {
                let map: Map = java_map::entries(map).into_iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                golden_cases::value_json(&Value::from(map))
            }
            _ => Json::Null,
        };
        let value = match &partition {
            Value::Null => golden_cases::no_bytes(),
            partition => written(partition)?,
        };
        Ok(serde_json::json!({ "hashed": hashed, "key": key, "value": value }))
    });
}

fn written(value: &Value) -> Answer {
    let mut out = Vec::new();
    plain::write_value(value, &mut out)?;
    // What was written reads back as the same, numbers as wide as JSON makes them.
    plain::parse(&out)?;
    Ok(golden_cases::bytes(&out))
}

#[test]
fn random_data_go_there_and_back_as_in_java() {
    compare("json-random", &[], |case| {
        let datum = case.datum()?;
        let mut converter = JsonConverterPlugin.converter(&config(&case.input["config"]), Role::Value)?;
        let mut out = Vec::new();
        let (mut answer, bytes) = match converter.encode(topic(), &datum, &mut out)? {
            Encoded::Null => (golden_cases::no_bytes(), None),
            Encoded::Written => (golden_cases::bytes(&out), Some(Bytes::from(out))),
        };
        let read = converter.decode(DecodeContext::new("topic"), bytes.as_ref())?;
        assert_eq!(read, converter.decode(DecodeContext::new("topic"), bytes.as_ref())?, "{}", case.name);
        answer["read"] = golden_cases::datum_of_hash_maps(&read);
        Ok(answer)
    });
}

#[test]
fn json_ends_at_the_limits_of_jackson() {
    compare("json-limits", &[], |case| match case.input["write"].as_str() {
        Some(kind) => write_deep(kind, case.input["depth"].as_u64().unwrap()),
        None => read_pieces(case),
    });
}

fn read_pieces(case: &Case) -> Answer {
    let mut text = String::new();
    for piece in case.input["pieces"].as_array().unwrap() {
        text.push_str(&piece[0].as_str().unwrap().repeat(piece[1].as_u64().unwrap() as usize));
    }
    let bytes = match case.input["charset"].as_str().unwrap() {
        "UTF-16LE" => text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().into(),
        _ => Bytes::from(text),
    };
    let mut converter = JsonConverterPlugin.converter(&config(&case.input["config"]), Role::Value)?;
    let datum = converter.decode(DecodeContext::new("topic"), Some(&bytes))?;
    let (mut depth, mut name, mut value) = (0, 0, &datum.value);
    loop {
        value = match value {
            Value::Array(items) => items.first().unwrap_or(&Value::Null),
            Value::Map(map) => {
                let (key, inner) = map.iter().next().unwrap();
                name = key.as_str().unwrap().encode_utf16().count();
                inner
            }
            _ => break,
        };
        depth += 1;
    }
    let mut summary = serde_json::json!({ "depth": depth, "name": name });
    match value.as_str() {
        Some(text) => summary["text"] = text.encode_utf16().count().into(),
        None => summary["value"] = connect_converters::java_text::value_text(value).into(),
    }
    Ok(summary)
}

fn write_deep(kind: &str, depth: u64) -> Answer {
    let mut value = if kind == "map" { Value::from(Map::new()) } else { Value::Array(Vec::new()) };
    let mut schema = (kind == "array").then(|| SchemaBuilder::array(Some(Schema::int8())).build());
    for _ in 1..depth {
        value = if kind == "map" {
            Value::from([("a", value)].into_iter().collect::<Map>())
        } else {
            Value::Array(vec![value])
        };
        schema = schema.map(|schema| SchemaBuilder::array(Some(schema)).build());
    }
    let config = RawConfig::from([("schemas.enable", "false")]);
    let mut out = Vec::new();
    JsonConverterPlugin.converter(&config, Role::Value)?.encode(topic(), &Datum { schema, value }, &mut out)?;
    Ok(serde_json::json!({ "length": out.len() }))
}

/// The character sets of one byte stand in the crate as the golden file has them.
#[test]
fn character_sets_are_those_of_java() {
    let golden =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/charsets.jsonl")).unwrap();
    let ascii: String = (0..128).map(|byte| format!("{byte:04x}")).collect();
    let mut expected = Vec::new();
    for line in golden.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let (name, output) = (case["case"].as_str().unwrap(), &case["output"]);
        assert_eq!(output["replacement"], 63, "{name}");
        if matches!(name, "US-ASCII" | "ISO-8859-1") {
            continue;
        }
        let aliases: Vec<_> = output["aliases"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
        let decode = output["decode"].as_str().unwrap();
        let decode = decode.strip_prefix(&ascii).unwrap_or(decode);
        expected.push(format!("{name}\t{}\t{decode}\t{}", aliases.join(","), output["encode"].as_str().unwrap()));
    }
    let tables = include_str!("../src/charset/single_byte.tsv");
    let known: Vec<_> = tables.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(known, expected, "src/charset/single_byte.tsv must hold these lines");
    println!("charsets: {} as in Java", known.len());
}
