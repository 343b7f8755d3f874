//! Every key of every transform and predicate decides something: some case of the goldens, which hold what Java's made of
//! them, comes out otherwise without it.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads its files and may fail by panicking")]

#[allow(dead_code, reason = "other tests use the rest")]
mod golden;

use std::collections::BTreeMap;

use connect_api::plugin::{PredicatePlugin, TransformPlugin};
use connect_transforms::predicates::{HasHeaderKeyPlugin, TopicNameMatchesPlugin};
use connect_transforms::{
    CastPlugin, DropHeadersPlugin, ExtractFieldPlugin, FlattenPlugin, HeaderFromPlugin, HoistFieldPlugin,
    InsertFieldPlugin, InsertHeaderPlugin, MaskFieldPlugin, RegexRouterPlugin, ReplaceFieldPlugin,
    SetSchemaMetadataPlugin, Side, TimestampConverterPlugin, TimestampRouterPlugin, ValueToKeyPlugin,
};
use kafka_config::RawConfig;
use serde_json::Value as Json;

fn transforms() -> Vec<Box<dyn TransformPlugin>> {
    let mut all: Vec<Box<dyn TransformPlugin>> = vec![
        Box::new(DropHeadersPlugin),
        Box::new(InsertHeaderPlugin),
        Box::new(RegexRouterPlugin),
        Box::new(TimestampRouterPlugin),
        Box::new(ValueToKeyPlugin),
    ];
    for side in [Side::Key, Side::Value] {
        all.push(Box::new(CastPlugin(side)));
        all.push(Box::new(ExtractFieldPlugin(side)));
        all.push(Box::new(FlattenPlugin(side)));
        all.push(Box::new(HeaderFromPlugin(side)));
        all.push(Box::new(HoistFieldPlugin(side)));
        all.push(Box::new(InsertFieldPlugin(side)));
        all.push(Box::new(MaskFieldPlugin(side)));
        all.push(Box::new(ReplaceFieldPlugin(side)));
        all.push(Box::new(SetSchemaMetadataPlugin(side)));
        all.push(Box::new(TimestampConverterPlugin(side)));
    }
    all
}

/// What comes of a case: a record as text, or the words of a failure.
fn transformed(plugin: &dyn TransformPlugin, config: &RawConfig, input: &Json) -> Result<String, String> {
    let mut record = golden::record(&input["record"]).unwrap();
    let mut transform = plugin.transform(config).map_err(|error| format!("{error:#}"))?;
    match transform.apply(&mut record) {
        Ok(verdict) => Ok(format!("{verdict:?} {record:?}")),
        Err(error) => Err(format!("{error:#}")),
    }
}

fn judged(plugin: &dyn PredicatePlugin, config: &RawConfig, input: &Json) -> Result<String, String> {
    let Some(record) = golden::record(&input["record"]) else { return Ok(String::new()) };
    let mut predicate = plugin.predicate(config).map_err(|error| format!("{error:#}"))?;
    predicate.test(&record).map(|holds| holds.to_string()).map_err(|error| format!("{error:#}"))
}

/// The configuration of a case, and those without one of its keys that is given.
fn without_each(input: &Json) -> (RawConfig, BTreeMap<String, RawConfig>) {
    let config = golden::config(&input["config"]);
    let names: Vec<String> = config.iter().map(|(name, _)| name.to_owned()).collect();
    let without = names.into_iter().map(|name| {
        let kept = config.iter().filter(|(other, _)| *other != name);
        let kept = kept.map(|(other, value)| (other.to_owned(), value.map(str::to_owned))).collect();
        (name, kept)
    });
    let without = without.collect();
    (config, without)
}

/// How many cases that come out well do so in another way, or not at all, without the key; by class and key.
type Counts = BTreeMap<(String, String), usize>;

/// The name of a class; those for keys and values share their code and their keys.
fn plain(class: &str) -> &str {
    class.split('$').next().unwrap_or(class)
}

fn count(counts: &mut Counts, class: &str, input: &Json, run: impl Fn(&RawConfig) -> Result<String, String>) {
    let (config, without) = without_each(input);
    let Ok(whole) = run(&config) else { return };
    for (key, config) in without {
        if run(&config).as_ref() != Ok(&whole) {
            *counts.entry((plain(class).to_owned(), key)).or_default() += 1;
        }
    }
}

#[test]
fn no_key_can_be_left_out_of_every_case() {
    let (transforms, mut counts) = (transforms(), Counts::new());
    for file in ["transforms", "transforms-structure", "transforms-values"] {
        for json in golden::cases(file) {
            let (input, class) = (&json["input"], json["input"]["transform"].as_str().unwrap());
            let Some(plugin) = transforms.iter().find(|plugin| plugin.class() == class) else { continue };
            count(&mut counts, class, input, |config| transformed(&**plugin, config, input));
        }
    }
    let predicates: [Box<dyn PredicatePlugin>; 2] = [Box::new(HasHeaderKeyPlugin), Box::new(TopicNameMatchesPlugin)];
    for json in golden::cases("predicates") {
        let (input, class) = (&json["input"], json["input"]["predicate"].as_str().unwrap());
        let Some(plugin) = predicates.iter().find(|plugin| plugin.class() == class) else { continue };
        count(&mut counts, class, input, |config| judged(&**plugin, config, input));
    }
    let transforms = transforms.iter().map(|plugin| (plugin.class(), plugin.config()));
    let predicates = predicates.iter().map(|plugin| (plugin.class(), plugin.config()));
    let mut lacking = Vec::new();
    for (class, definition) in transforms.chain(predicates) {
        for key in definition.keys() {
            if !counts.contains_key(&(plain(class).to_owned(), key.name.clone())) {
                lacking.push(format!("{class} {}", key.name));
            }
        }
    }
    assert_eq!(lacking, Vec::<String>::new());
    assert!(counts.len() > 40, "{counts:?}");
}
