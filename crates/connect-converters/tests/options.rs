//! Every key of the converters that may decide something does: some case of the goldens, which hold what Java's made of
//! them, comes out otherwise without it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "reads the golden files")]

#[allow(dead_code, reason = "other tests use the rest")]
mod golden_cases;

use std::collections::BTreeMap;
use std::path::PathBuf;

use connect_api::plugin::ConverterPlugin;
use connect_api::{DecodeContext, EncodeContext, Role};
use connect_converters::{JsonConverterPlugin, StringConverterPlugin};
use golden_cases::{Case, config, decode_bytes};
use kafka_config::RawConfig;
use serde_json::Value as Json;

/// What the worker sets itself, and what decides only how much is kept.
const WITHOUT_A_CASE: [&str; 2] = ["converter.type", "schemas.cache.size"];

fn cases(file: &str) -> Vec<Case> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(format!("{file}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let case = |line: &str| {
        let mut line: Json = serde_json::from_str(line).unwrap();
        let name = line["case"].as_str().unwrap_or_default().to_owned();
        Case { name, input: line["input"].take(), output: line["output"].take(), error: line["error"].take() }
    };
    text.lines().map(case).collect()
}

/// What comes of a case that comes out well, as text.
fn converted(plugin: &dyn ConverterPlugin, config: &RawConfig, case: &Case) -> Option<String> {
    let mut converter = plugin.converter(config, Role::Value).ok()?;
    if case.input.get("bytes").is_some() {
        let bytes = decode_bytes(&case.input["bytes"]);
        let datum = converter.decode(DecodeContext::new("topic"), bytes.as_ref()).ok()?;
        return Some(format!("{datum:?}"));
    }
    let mut out = Vec::new();
    let encoded = converter.encode(EncodeContext::new("topic"), &case.datum().ok()?, &mut out).ok()?;
    Some(format!("{encoded:?} {out:?}"))
}

fn without(config: &RawConfig, key: &str) -> RawConfig {
    let kept = config.iter().filter(|(name, _)| *name != key);
    kept.map(|(name, value)| (name.to_owned(), value.map(str::to_owned))).collect()
}

#[test]
fn no_key_can_be_left_out_of_every_case() {
    let plugins: [(&dyn ConverterPlugin, &[&str]); 2] = [
        (&JsonConverterPlugin, &["json-converter-write", "json-converter-read"]),
        (&StringConverterPlugin, &["plain-converters"]),
    ];
    for (plugin, files) in plugins {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for case in files.iter().flat_map(|file| cases(file)) {
            if case.input["converter"].as_str().is_some_and(|class| class != plugin.class()) {
                continue;
            }
            let config = config(&case.input["config"]);
            let Some(whole) = converted(plugin, &config, &case) else { continue };
            for (key, _) in config.iter() {
                if converted(plugin, &without(&config, key), &case).as_ref() != Some(&whole) {
                    *counts.entry(key.to_owned()).or_default() += 1;
                }
            }
        }
        for key in plugin.config().keys().filter(|key| !WITHOUT_A_CASE.contains(&&*key.name)) {
            assert!(counts.contains_key(&key.name), "{} {}: {counts:?}", plugin.class(), key.name);
        }
    }
}
