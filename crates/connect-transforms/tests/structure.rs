//! What the goldens cannot show of the transforms of structure: shared schemas, any input, and filters among others.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use connect_api::plugin::{PredicatePlugin, TransformPlugin};
use connect_api::{
    Datum, Exception, Map, Outcomes, Record, Schema, SchemaBuilder, Selection, SourceOffset, SourcePartition, Struct,
    Transform, Value,
};
use connect_converters::java_map;
use connect_transforms::predicates::TopicNameMatchesPlugin;
use connect_transforms::{
    ExtractFieldPlugin, FilterPlugin, FlattenPlugin, HeaderFromPlugin, HoistFieldPlugin, InsertFieldPlugin,
    MaskFieldPlugin, RegexRouterPlugin, SetSchemaMetadataPlugin, Side,
};
use kafka_config::RawConfig;
use proptest::prelude::*;

fn record(topic: &str, value: Datum) -> Record {
    Record::source(topic.into(), SourcePartition::new([("p", 1)]), SourceOffset::of([("o", 1)]), value)
}

fn made(plugin: impl TransformPlugin, config: &[(&str, &str)]) -> Box<dyn Transform> {
    let config: RawConfig = config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    plugin.transform(&config).unwrap()
}

/// A struct in a struct, its schemas made anew each time.
fn nested() -> Datum {
    let inner = SchemaBuilder::structure().field("a", Schema::int32()).field("b", Schema::optional_string()).build();
    let outer = SchemaBuilder::structure().name("outer").field("in", inner.clone()).field("c", Schema::int8()).build();
    let inner = Struct::from_slots(inner, [Value::Int32(1), Value::Null]);
    Datum::new(outer.clone(), Struct::from_slots(outer, [inner.into(), Value::Int8(2)]))
}

#[test]
fn records_of_equal_schemas_share_the_new_one() {
    let transforms = [
        made(FlattenPlugin(Side::Value), &[]),
        made(HoistFieldPlugin(Side::Value), &[("field", "f")]),
        made(SetSchemaMetadataPlugin(Side::Value), &[("schema.name", "n")]),
        made(HeaderFromPlugin(Side::Value), &[("fields", "c"), ("headers", "h"), ("operation", "move")]),
        made(ExtractFieldPlugin(Side::Value), &[("field", "in")]),
    ];
    for mut transform in transforms {
        let mut records = [record("t", nested()), record("t", nested())];
        for record in &mut records {
            transform.apply(record).unwrap();
        }
        let [first, second] = records.map(|record| record.value);
        assert!(first.schema.as_ref().unwrap().same(second.schema.as_ref().unwrap()), "{first:?}");
        assert_eq!(first, second);
    }
}

#[test]
fn a_filter_drops_what_is_selected_and_nothing_else() {
    let config: RawConfig = [("pattern", "drop.*")].into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let mut predicate = TopicNameMatchesPlugin.predicate(&config).unwrap();
    let mut records: Vec<Record> = ["keep", "drop", "other", "drop-2"].map(|topic| record(topic, nested())).into();
    let mut dropped = |negate: bool| {
        let mask: Vec<bool> = records.iter().map(|record| predicate.test(record).unwrap() != negate).collect();
        let mut outcomes = Outcomes::default();
        made(FilterPlugin, &[]).apply_batch(&mut records, Selection::Mask(&mask), &mut outcomes);
        let rows = outcomes.drain().map(|(row, exception)| {
            assert!(matches!(exception, Exception::Drop));
            row
        });
        rows.collect::<Vec<_>>()
    };
    assert_eq!(dropped(false), [1, 3]);
    assert_eq!(dropped(true), [0, 2]);
}

#[test]
fn a_router_gives_records_of_one_topic_one_new_topic() {
    let mut router = made(RegexRouterPlugin, &[("regex", "(.*)"), ("replacement", "new-$1")]);
    let mut first = record("t", nested());
    let mut second = first.clone();
    router.apply(&mut first).unwrap();
    router.apply(&mut second).unwrap();
    assert_eq!(&*first.topic, "new-t");
    assert!(std::sync::Arc::ptr_eq(&first.topic, &second.topic));
}

/// The chain of Apache's guide, whose consumer shows `{"line":"foo","data_source":"test-file-source"}`.
#[test]
fn fields_of_a_chain_stand_in_the_order_of_the_guide() {
    let mut record = record("t", Datum::schemaless("foo"));
    made(HoistFieldPlugin(Side::Value), &[("field", "line")]).apply(&mut record).unwrap();
    let source = [("static.field", "data_source"), ("static.value", "test-file-source")];
    made(InsertFieldPlugin(Side::Value), &source).apply(&mut record).unwrap();
    let Value::Map(map) = &record.value.value else { panic!("{record:?}") };
    let names: Vec<_> = java_map::entries(map).into_iter().map(|(key, _)| key.as_str().unwrap()).collect();
    assert_eq!(names, ["line", "data_source"]);
}

/// Numbers and, up to three deep, structs of them.
fn tree() -> impl Strategy<Value = Datum> {
    let leaf = any::<i32>().prop_map(|number| Datum::new(Schema::int32(), Value::Int32(number)));
    let fields = |tree: BoxedStrategy<Datum>| prop::collection::btree_map("[a-d]{1,2}", tree, 0..4).prop_map(structure);
    fields(leaf.prop_recursive(3, 24, 4, fields).boxed())
}

fn structure(fields: std::collections::BTreeMap<String, Datum>) -> Datum {
    let schema = fields.iter().fold(SchemaBuilder::structure(), |schema, (name, datum)| {
        schema.field(name.as_str(), datum.schema.clone().unwrap())
    });
    let schema = schema.build();
    let slots: Vec<_> = fields.into_values().map(|datum| datum.value).collect();
    Datum::new(schema.clone(), Struct::from_slots(schema, slots))
}

fn schemaless(value: &Value) -> Value {
    match value {
        Value::Struct(value) => {
            let names = value.schema().fields().iter().map(|field| Value::from(&*field.name));
            names.zip(value.slots().iter().map(schemaless)).collect::<Map>().into()
        }
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn structs_and_maps_are_flattened_alike(tree in tree()) {
        let mut with_schema = record("t", tree.clone());
        let mut without = record("t", Datum::schemaless(schemaless(&tree.value)));
        let mut flatten = made(FlattenPlugin(Side::Value), &[("delimiter", "/")]);
        flatten.apply(&mut with_schema).unwrap();
        flatten.apply(&mut without).unwrap();
        prop_assert_eq!(schemaless(&with_schema.value.value), without.value.value);
    }

    /// Whatever the path is: the field it leads to, an error that leaves the record alone, or a refusal.
    #[test]
    fn any_path_is_walked_or_refused(path in "[a-c.`\\\\\u{e4}]{0,8}", tree in tree()) {
        let config = [("field", path.as_str()), ("field.syntax.version", "V2")];
        let config: RawConfig = config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        if let Ok(mut extract) = ExtractFieldPlugin(Side::Value).transform(&config) {
            for datum in [tree.clone(), Datum::schemaless(schemaless(&tree.value))] {
                let mut record = record("t", datum.clone());
                if extract.apply(&mut record).is_err() {
                    prop_assert_eq!(record.value, datum);
                }
            }
        }
    }

    #[test]
    fn any_replacement_is_used_or_fails(replacement in "[a$\\\\{}0-9n\u{e4}]{0,8}", topic in "[a-c]{0,3}") {
        let config = [("regex", "(?<n>.)?(.*)"), ("replacement", replacement.as_str())];
        let mut router = made(RegexRouterPlugin, &config);
        let mut record = record(&topic, nested());
        if router.apply(&mut record).is_err() {
            prop_assert_eq!(&*record.topic, topic.as_str());
        }
        if !replacement.contains(['$', '\\']) {
            prop_assert_eq!(&*record.topic, replacement.as_str());
        }
    }

    #[test]
    fn any_replacement_masks_a_number_or_fails(replacement in "[0-9.eE+-]{1,12}", before in any::<i16>()) {
        let mut mask = made(MaskFieldPlugin(Side::Value), &[("fields", "a"), ("replacement", replacement.as_str())]);
        let map: Map = [("a", before)].into_iter().collect();
        let mut record = record("t", Datum::schemaless(map.clone()));
        match mask.apply(&mut record) {
            Err(_) => prop_assert_eq!(record.value.value, Value::from(map)),
            Ok(_) => {
                if let Ok(number) = replacement.parse::<i64>() {
                    let masked: Map = [("a", number as i16)].into_iter().collect();
                    prop_assert_eq!(record.value.value, Value::from(masked));
                }
            }
        }
    }
}
