//! What the goldens cannot show: quirks of renaming, and that a failed record stays as it was.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{
    Datum, Exception, Map, Outcomes, Record, Result, Schema, SchemaBuilder, Selection, SourceOffset, SourcePartition,
    Struct, Transform, Value,
};
use connect_transforms::{InsertFieldPlugin, ReplaceFieldPlugin, Side, ValueToKeyPlugin};
use kafka_config::RawConfig;
use proptest::prelude::*;

fn record(value: Datum) -> Record {
    Record::source("t".into(), SourcePartition::new([("p", 1)]), SourceOffset::of([("o", 1)]), value)
}

fn replace(config: &[(&str, &str)]) -> Box<dyn Transform> {
    let config: RawConfig = config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    ReplaceFieldPlugin(Side::Value).transform(&config).unwrap()
}

fn structure(fields: &[(&str, i32)]) -> Datum {
    let schema = fields.iter().fold(SchemaBuilder::structure(), |s, (name, _)| s.field(*name, Schema::int32())).build();
    let slots: Vec<_> = fields.iter().map(|(_, number)| Value::Int32(*number)).collect();
    Datum::new(schema.clone(), Struct::from_slots(schema, slots))
}

/// Applies to a struct of these fields; gives the fields after it, or the message.
fn replaced(config: &[(&str, &str)], fields: &[(&str, i32)]) -> Result<Vec<(String, Value)>, String> {
    let before = record(structure(fields));
    let mut after = before.clone();
    match replace(config).apply(&mut after) {
        Err(error) => {
            assert_eq!(after.value, before.value);
            Err(error.message().unwrap().to_owned())
        }
        Ok(_) => {
            let Value::Struct(value) = &after.value.value else { panic!("{after:?}") };
            assert_eq!(after.value.schema.as_ref(), Some(value.schema()));
            let names = value.schema().fields().iter().map(|field| field.name.to_string());
            Ok(names.zip(value.slots().iter().cloned()).collect())
        }
    }
}

fn fields(fields: &[(&str, i32)]) -> Result<Vec<(String, Value)>, String> {
    Ok(fields.iter().map(|(name, number)| ((*name).to_owned(), Value::Int32(*number))).collect())
}

#[test]
fn renaming_onto_a_field_that_stays_fills_it_from_the_old_one() {
    assert_eq!(
        replaced(&[("exclude", "a"), ("renames", "a:b")], &[("a", 1), ("b", 2), ("c", 3)]),
        fields(&[("b", 1), ("c", 3)])
    );
    assert_eq!(replaced(&[("renames", "x:b")], &[("a", 1), ("b", 2)]), Err("x is not a valid field name".to_owned()));
    // Both outputs need the same field.
    assert_eq!(
        replaced(&[("exclude", "b"), ("renames", "a:z,b:y,x:a")], &[("a", 1), ("b", 2), ("x", 3)]),
        fields(&[("z", 1), ("a", 3)])
    );
    // Of two old names the last one counts, kept or not.
    assert_eq!(replaced(&[("include", "a"), ("renames", "a:c,b:c")], &[("a", 1), ("b", 2)]), fields(&[("c", 2)]));
}

#[test]
fn a_missing_required_value_fails_as_in_java() {
    let schema = SchemaBuilder::structure().field("a", Schema::int32()).field("b", Schema::string()).build();
    let unset = Struct::from_slots(schema.clone(), vec![Value::Int32(1), Value::Null].into_boxed_slice());
    let before = record(Datum::new(schema, unset));
    let insert = InsertFieldPlugin(Side::Value).transform(&[("topic.field", "t")].into()).unwrap();
    let to_key = ValueToKeyPlugin.transform(&[("fields", "a,b")].into()).unwrap();
    for mut transform in [replace(&[("exclude", "a")]), insert, to_key] {
        let mut after = before.clone();
        let error = transform.apply(&mut after).unwrap_err();
        let text = "Invalid value: null used for required field: \"b\", schema type: STRING";
        assert_eq!(error.message(), Some(text));
        assert_eq!((&after.value, &after.key), (&before.value, &before.key));
    }
}

#[test]
fn keys_of_maps_are_text() {
    let map: Map = [(Value::Int32(1), Value::Int32(2)), (Value::from("a"), Value::Int32(3))].into_iter().collect();
    let before = record(Datum::schemaless(map));
    for config in [&[("exclude", "a")][..], &[("renames", "a:b")]] {
        let mut after = before.clone();
        let error = replace(config).apply(&mut after).unwrap_err();
        assert_eq!(error.class(), "java.lang.ClassCastException");
        assert_eq!(after.value, before.value);
    }
}

#[test]
fn one_bad_record_of_a_batch_leaves_the_others_done() {
    let mut records: Vec<Record> = [1, 2, 3].into_iter().map(|a| record(structure(&[("a", a), ("b", 0)]))).collect();
    records[1].value = Datum::new(Schema::string(), "no struct");
    let mut outcomes = Outcomes::default();
    replace(&[("exclude", "b")]).apply_batch(&mut records, Selection::All, &mut outcomes);
    let noted: Vec<_> = outcomes.drain().collect();
    assert!(matches!(noted[..], [(1, Exception::Fail(_))]), "{noted:?}");
    assert_eq!(records[2].value, structure(&[("a", 3)]));
    assert_eq!(records[1].value.value, Value::from("no struct"));
    // Records of one schema share the new one too.
    assert!(records[0].value.schema.as_ref().unwrap().same(records[2].value.schema.as_ref().unwrap()));
}

#[test]
fn keys_have_the_defaults_and_the_rules_of_java() {
    let insert = InsertFieldPlugin(Side::Key).config();
    let names: Vec<&str> = insert.keys().map(|key| key.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "topic.field",
            "partition.field",
            "offset.field",
            "timestamp.field",
            "static.field",
            "static.value",
            "replace.null.with.default"
        ]
    );
    let replace = ReplaceFieldPlugin(Side::Key).config();
    let rule = replace.get("renames").unwrap().validator.as_ref().unwrap().describe();
    assert_eq!(rule, "list of colon-delimited pairs, e.g. <code>foo:bar,abc:xyz</code>");
    assert!(!ValueToKeyPlugin.config().get("fields").unwrap().has_default());
}

proptest! {
    /// Whatever is excluded, included and renamed: with and without a schema the same fields with the same values come
    /// out, as long as no two fields get one name.
    #[test]
    fn structs_and_maps_are_treated_alike(
        exclude in prop::collection::btree_set("[a-d]", 0..3),
        include in prop::collection::btree_set("[a-d]", 0..4),
        renames in prop::collection::btree_map("[a-d]", "[a-d]", 0..3),
    ) {
        let join = |names: &std::collections::BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(",");
        let pairs: Vec<String> = renames.iter().map(|(old, new)| format!("{old}:{new}")).collect();
        let config = [("exclude", join(&exclude)), ("include", join(&include)), ("renames", pairs.join(","))];
        let config: Vec<(&str, &str)> = config.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let input = [("a", 1), ("b", 2), ("c", 3), ("d", 4)];
        let kept = |name: &str| !exclude.contains(name) && (include.is_empty() || include.contains(name));
        let new: Vec<&str> = input.iter().map(|(name, _)| *name).filter(|name| kept(name))
            .map(|name| renames.get(name).map_or(name, String::as_str)).collect();
        let distinct = new.iter().collect::<std::collections::BTreeSet<_>>().len() == new.len();
        // The quirks: a new name that is also the name of a field that stays, and one for two old names.
        let clean = renames.iter().all(|(old, new)| kept(old) || !kept(new) || renames.contains_key(new));
        let single = renames.values().collect::<std::collections::BTreeSet<_>>().len() == renames.len();
        prop_assume!(distinct && clean && single);
        let with_schema = replaced(&config, &input).unwrap();
        let map: Map = input.iter().map(|(name, number)| (Value::from(*name), Value::Int32(*number))).collect();
        let mut schemaless = record(Datum::schemaless(map));
        replace(&config).apply(&mut schemaless).unwrap();
        let expected: Map = with_schema.into_iter().map(|(name, value)| (Value::from(&*name), value)).collect();
        prop_assert_eq!(schemaless.value.value, Value::from(expected));
    }
}
