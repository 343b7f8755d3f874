//! The transforms of values and time against what Java's made of the same input, causes of failures included.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads its files and may fail by panicking")]

mod golden;

use connect_api::plugin::TransformPlugin;
use connect_api::{Datum, Error, Record, Schema, Verdict};
use connect_transforms::{CastPlugin, Side, TimestampConverterPlugin, TimestampRouterPlugin};
use serde_json::Value as Json;

fn transforms() -> Vec<Box<dyn TransformPlugin>> {
    vec![
        Box::new(CastPlugin(Side::Key)),
        Box::new(CastPlugin(Side::Value)),
        Box::new(TimestampConverterPlugin(Side::Key)),
        Box::new(TimestampConverterPlugin(Side::Value)),
        Box::new(TimestampRouterPlugin),
    ]
}

/// What transforms can change.
fn seen(record: &Record) -> String {
    format!(
        "{} {:?} {:?} {:?} {:?} {:?}",
        record.topic, record.partition, record.timestamp, record.key, record.value, record.headers
    )
}

fn same(actual: &Record, expected: &Record) -> bool {
    (&actual.topic, actual.partition, actual.timestamp) == (&expected.topic, expected.partition, expected.timestamp)
        && (&actual.key, &actual.value, &actual.headers) == (&expected.key, &expected.value, &expected.headers)
}

/// Class and message of an error and of its causes; the virtual machine's own words do not count.
fn chain(error: &Error) -> Vec<(String, Option<String>)> {
    let errors = std::iter::successors(Some(error), |error| error.cause());
    errors.map(|error| link(error.class(), error.message())).collect()
}

fn java_chain(json: &Json) -> Vec<(String, Option<String>)> {
    let errors = std::iter::successors(Some(json), |json| json.get("cause"));
    errors.map(|json| link(json["class"].as_str().unwrap(), json["message"].as_str())).collect()
}

fn link(class: &str, message: Option<&str>) -> (String, Option<String>) {
    let own = ["java.lang.NullPointerException", "java.lang.ClassCastException"].contains(&class);
    (class.to_owned(), message.filter(|_| !own).map(str::to_owned))
}

/// What is wrong with the answer to a case.
fn fault(plugin: &dyn TransformPlugin, json: &Json) -> Option<String> {
    let input = &json["input"];
    let before = golden::record(&input["record"]).unwrap();
    let judge = |error: &Error| {
        let expected = if json["error"].is_null() { Vec::new() } else { java_chain(&json["error"]) };
        (chain(error) != expected).then(|| format!("{:?} instead of {expected:?}", chain(error)))
    };
    let mut transform = match plugin.transform(&golden::config(&input["config"])) {
        Ok(transform) => transform,
        Err(error) => return judge(&error),
    };
    // The second time the plan is there already, and the schema must be the one that the first record got.
    let mut schemas: Option<[Option<Schema>; 2]> = None;
    (0..2).find_map(|_| {
        let mut record = before.clone();
        match transform.apply(&mut record) {
            Err(error) if seen(&record) != seen(&before) => Some(format!("a failed record has changed: {error}")),
            Err(error) => judge(&error),
            Ok(Verdict::Drop) => Some("dropped".to_owned()),
            Ok(Verdict::Keep) if !json["error"].is_null() => Some(format!("Java fails with {}", json["error"])),
            Ok(Verdict::Keep) => {
                let expected = golden::record(&json["output"]["record"]).unwrap();
                if !same(&record, &expected) {
                    return Some(format!("{}\n  instead of {}", seen(&record), seen(&expected)));
                }
                let new = [record.key.schema.clone(), record.value.schema.clone()];
                let old = schemas.get_or_insert_with(|| new.clone());
                let shared = old.iter().zip(&new).all(|pair| match pair {
                    (Some(old), Some(new)) => old.same(new),
                    (old, new) => old == new,
                });
                (!shared).then(|| "the same schema became two".to_owned())
            }
        }
    })
}

#[test]
fn values_and_times_become_what_java_makes_of_them() {
    let plugins = transforms();
    let cases = golden::cases("transforms-values");
    assert!(cases.len() > 1000, "{} cases", cases.len());
    let mut faults = Vec::new();
    for json in &cases {
        let class = json["input"]["transform"].as_str().unwrap();
        let plugin = plugins.iter().find(|plugin| plugin.class() == class).unwrap_or_else(|| panic!("no {class}"));
        if let Some(fault) = fault(&**plugin, json) {
            faults.push(format!("{} {}: {fault}", json["case"], json["input"]["config"]));
        }
    }
    assert!(faults.is_empty(), "{} wrong answers:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn keys_are_javas() {
    let plugins = transforms();
    let cases = golden::cases("transforms-values-keys");
    assert!(cases.len() > 40, "{} cases", cases.len());
    for json in &cases {
        let (case, input) = (json["case"].as_str().unwrap(), &json["input"]);
        let plugin = plugins.iter().find(|plugin| input["transform"] == plugin.class());
        let definition = plugin.unwrap_or_else(|| panic!("{case}")).config();
        if input["config"].is_null() {
            let keys: Vec<Json> = definition.keys().map(golden::described).collect();
            assert_eq!(Json::from(keys), json["output"], "{case}");
        } else {
            let found = definition.validate_all(&golden::config(&input["config"]));
            let errors = found.into_iter().map(|value| (value.name, Json::from(value.errors))).collect();
            assert_eq!(Json::Object(errors), json["output"], "{case}");
        }
    }
}

#[test]
fn two_digit_years_lie_around_the_time_when_the_transform_was_made() {
    let config = [("target.type", "string"), ("format", "yy-MM-dd")].into();
    let plugin = TimestampConverterPlugin(Side::Value);
    for (now, text, moment) in [
        (1_600_000_000_000, "39-01-01", 2_177_452_800_000_i64),
        (1_600_000_000_000, "41-01-01", -915_148_800_000),
        (0, "89-01-01", 599_616_000_000),
        (0, "91-01-01", -2_492_985_600_000),
    ] {
        let mut read = plugin.transform_at(&[("target.type", "unix"), ("format", "yy-MM-dd")].into(), now).unwrap();
        let mut print = plugin.transform_at(&config, now).unwrap();
        let mut record = golden::record(&golden::cases("transforms-values")[0]["input"]["record"]).unwrap();
        record.value = Datum::schemaless(text);
        read.apply(&mut record).unwrap();
        assert_eq!(record.value, Datum::schemaless(moment), "{text}");
        print.apply(&mut record).unwrap();
        assert_eq!(record.value, Datum::schemaless(text));
    }
}
