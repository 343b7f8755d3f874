//! Every transform and predicate against what Java's made of the same input.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads its files and may fail by panicking")]

mod golden;

use connect_api::plugin::{PredicatePlugin, TransformPlugin};
use connect_api::{Error, Record, Slot, Struct, Transform, Value, Verdict};
use connect_converters::java_map;
use connect_transforms::predicates::{HasHeaderKeyPlugin, RecordIsTombstonePlugin, TopicNameMatchesPlugin};
use connect_transforms::{
    DropHeadersPlugin, ExtractFieldPlugin, FilterPlugin, FlattenPlugin, HeaderFromPlugin, HoistFieldPlugin,
    InsertFieldPlugin, InsertHeaderPlugin, MaskFieldPlugin, RegexRouterPlugin, ReplaceFieldPlugin,
    SetSchemaMetadataPlugin, Side, ValueToKeyPlugin,
};
use serde_json::Value as Json;

fn transforms() -> Vec<Box<dyn TransformPlugin>> {
    let mut all: Vec<Box<dyn TransformPlugin>> = vec![
        Box::new(DropHeadersPlugin),
        Box::new(FilterPlugin),
        Box::new(InsertHeaderPlugin),
        Box::new(RegexRouterPlugin),
        Box::new(ValueToKeyPlugin),
    ];
    for side in [Side::Key, Side::Value] {
        all.push(Box::new(ExtractFieldPlugin(side)));
        all.push(Box::new(FlattenPlugin(side)));
        all.push(Box::new(HeaderFromPlugin(side)));
        all.push(Box::new(HoistFieldPlugin(side)));
        all.push(Box::new(InsertFieldPlugin(side)));
        all.push(Box::new(MaskFieldPlugin(side)));
        all.push(Box::new(ReplaceFieldPlugin(side)));
        all.push(Box::new(SetSchemaMetadataPlugin(side)));
    }
    all
}

fn predicates() -> Vec<Box<dyn PredicatePlugin>> {
    vec![Box::new(HasHeaderKeyPlugin), Box::new(RecordIsTombstonePlugin), Box::new(TopicNameMatchesPlugin)]
}

/// Whether Java walks the maps of both in the same order: `expected` has its entries as Java wrote them.
fn assert_same_order(actual: &Record, expected: &Record, case: &str) {
    for (actual, expected) in [(&actual.key, &expected.key), (&actual.value, &expected.value)] {
        if let (None, Value::Map(actual), Value::Map(expected)) = (&actual.schema, &actual.value, &expected.value) {
            let actual: Vec<_> = java_map::entries(actual).into_iter().map(|(key, _)| key).collect();
            assert_eq!(actual, expected.iter().map(|(key, _)| key).collect::<Vec<_>>(), "{case}");
        }
    }
}

/// What transforms can change.
fn seen(record: &Record) -> String {
    format!("{record:#?}")
}

fn assert_same(actual: &Record, expected: &Record, case: &str) {
    assert_eq!(actual.topic, expected.topic, "{case}");
    assert_eq!(actual.partition, expected.partition, "{case}");
    assert_eq!(actual.timestamp, expected.timestamp, "{case}");
    assert_eq!(actual.key, expected.key, "{case}");
    assert_eq!(actual.value, expected.value, "{case}");
    assert_eq!(actual.headers, expected.headers, "{case}");
}

fn assert_error(error: &Error, expected: &Json, case: &str) {
    assert_eq!(Some(error.class()), expected["class"].as_str(), "{case}: {error:?}");
    // The words of these are the virtual machine's own.
    let anonymous = ["NullPointerException", "ClassCastException"];
    if !anonymous.iter().any(|class| error.class().ends_with(class)) {
        let message = expected["message"].as_str().map(|message| message.replace("@<identity>", "@0"));
        assert_eq!(error.message(), message.as_deref(), "{case}");
    }
    assert_eq!(error.cause().is_some(), !expected["cause"].is_null(), "{case}: {}", expected["cause"]);
    if let Some(cause) = error.cause() {
        assert_error(cause, &expected["cause"], case);
    }
}

#[test]
fn transforms_do_what_javas_do() {
    compare("transforms", 150, 5);
}

#[test]
fn transforms_of_structure_do_what_javas_do() {
    compare("transforms-structure", 1200, 80);
}

/// What the rewrite that the transform announces makes of the record, if it announces one.
fn rewritten(transform: &dyn Transform, record: &Record) -> Option<Record> {
    let Value::Struct(input) = &record.value.value else { return None };
    if !input.clone().prove() || record.value.schema.as_ref() != Some(input.schema()) {
        return None;
    }
    let rewrite = transform.rewrite(input.schema())?;
    let value = |slot: &Slot| {
        Some(match slot {
            Slot::Field(index) => input.slots()[*index].clone(),
            Slot::Masked(index, _) if input.slots()[*index].is_null() => Value::Null,
            Slot::Masked(_, value) | Slot::Constant(value) => value.clone(),
            Slot::Topic => Value::from(&*record.topic),
            Slot::Partition => Value::Int32(record.partition?),
            Slot::Offset => Value::Int64(record.sink_origin()?.offset),
            Slot::Timestamp => Value::Date(record.timestamp?),
        })
    };
    let slots: Vec<Value> = rewrite.slots().iter().map(value).collect::<Option<_>>()?;
    let mut output = Struct::from_slots(rewrite.output().clone(), slots);
    assert!(output.prove(), "{output:?}");
    let mut record = record.clone();
    record.value.schema = Some(output.schema().clone());
    record.value.value = output.into();
    Some(record)
}

fn compare(file: &str, least: usize, least_rewritten: usize) {
    let plugins = transforms();
    let cases = golden::cases(file);
    assert!(cases.len() > least, "{} cases", cases.len());
    let mut rewrites = 0;
    for json in &cases {
        let (case, input) = (json["case"].as_str().unwrap(), &json["input"]);
        let class = input["transform"].as_str().unwrap();
        let plugin = plugins.iter().find(|plugin| plugin.class() == class).unwrap_or_else(|| panic!("no {class}"));
        let mut before = golden::record(&input["record"]).unwrap();
        if file == "transforms" {
            // These cases were given maps that keep their order.
            for datum in [&mut before.key, &mut before.value] {
                if let Value::Map(map) = &mut datum.value {
                    **map = std::mem::take(&mut **map).linked();
                }
            }
        }
        let mut transform = match plugin.transform(&golden::config(&input["config"])) {
            Ok(transform) => transform,
            Err(error) => {
                assert_error(&error, &json["error"], case);
                continue;
            }
        };
        if let Some(record) = rewritten(&*transform, &before) {
            assert!(json["error"].is_null(), "{case}: Java fails with {}", json["error"]);
            assert_same(&record, &golden::record(&json["output"]["record"]).unwrap(), case);
            rewrites += 1;
        }
        // The second time the plan is there already.
        for _ in 0..2 {
            let mut record = before.clone();
            match transform.apply(&mut record) {
                Err(error) => {
                    assert_error(&error, &json["error"], case);
                    assert_eq!(seen(&record), seen(&before), "{case}: a failed record stays as it was");
                }
                Ok(verdict) => {
                    assert!(json["error"].is_null(), "{case}: Java fails with {}", json["error"]);
                    let expected = &json["output"]["record"];
                    assert_eq!(verdict, if expected.is_null() { Verdict::Drop } else { Verdict::Keep }, "{case}");
                    if verdict == Verdict::Keep {
                        let expected = golden::record(expected).unwrap();
                        assert_same(&record, &expected, case);
                        assert_same_order(&record, &expected, case);
                    }
                }
            }
        }
    }
    assert!(rewrites >= least_rewritten, "{rewrites} rewrites");
}

#[test]
fn predicates_hold_where_javas_hold() {
    let plugins = predicates();
    let cases = golden::cases("predicates");
    assert!(cases.len() > 100, "{} cases", cases.len());
    let mut without_topic = 0;
    for json in &cases {
        let (case, input) = (json["case"].as_str().unwrap(), &json["input"]);
        let class = input["predicate"].as_str().unwrap();
        let plugin = plugins.iter().find(|plugin| plugin.class() == class).unwrap_or_else(|| panic!("no {class}"));
        match plugin.predicate(&golden::config(&input["config"])) {
            Err(error) => assert_error(&error, &json["error"], case),
            Ok(mut predicate) => match golden::record(&input["record"]) {
                Some(record) => {
                    for _ in 0..2 {
                        assert_eq!(predicate.test(&record).unwrap(), json["output"].as_bool().unwrap(), "{case}");
                    }
                }
                // A topic is never null here.
                None => without_topic += 1,
            },
        }
    }
    assert!(without_topic <= 1, "{without_topic} cases were left out");
}

#[test]
fn keys_are_javas() {
    let plugins = transforms();
    for json in &golden::cases("transforms-structure-keys") {
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
