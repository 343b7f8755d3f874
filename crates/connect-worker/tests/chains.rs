//! Whole chains against what Java made of the same bytes: through the converter, several transforms with predicates, and the converter
//! again, record by record and as one batch.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads its files and may fail by panicking")]

use std::time::Duration;

use bytes::Bytes;
use connect_api::plugin::{ConverterPlugin, HeaderConverterPlugin, PredicatePlugin, TransformPlugin};
use connect_api::{
    Converter, Datum, DecodeContext, EncodeContext, Encoded, Error, HeaderConverter, Headers, Origin, RawRecord,
    Record, Role, Schema, SinkOrigin, SourceOffset, SourcePartition, TimestampType, Value,
};
use connect_converters::JsonConverterPlugin;
use connect_transforms::predicates::{HasHeaderKeyPlugin, RecordIsTombstonePlugin, TopicNameMatchesPlugin};
use connect_transforms::{
    CastPlugin, DropHeadersPlugin, ExtractFieldPlugin, FilterPlugin, FlattenPlugin, HeaderFromPlugin, HoistFieldPlugin,
    InsertFieldPlugin, InsertHeaderPlugin, MaskFieldPlugin, RegexRouterPlugin, ReplaceFieldPlugin,
    SetSchemaMetadataPlugin, Side, TimestampConverterPlugin, ValueToKeyPlugin,
};
use connect_worker::errors::{Policy, Reporters, Tolerance, ToleranceType};
use connect_worker::record::{Chain, Condition, Link};
use env::Env;
use kafka_config::RawConfig;
use serde_json::{Value as Json, json};

fn transforms() -> Vec<Box<dyn TransformPlugin>> {
    let mut all: Vec<Box<dyn TransformPlugin>> = vec![
        Box::new(DropHeadersPlugin),
        Box::new(FilterPlugin),
        Box::new(InsertHeaderPlugin),
        Box::new(RegexRouterPlugin),
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

fn predicates() -> Vec<Box<dyn PredicatePlugin>> {
    vec![Box::new(HasHeaderKeyPlugin), Box::new(RecordIsTombstonePlugin), Box::new(TopicNameMatchesPlugin)]
}

/// One golden case: a chain, its converters, and records.
struct Case {
    name: String,
    config: Json,
    records: Vec<Record>,
    key: Box<dyn Converter>,
    value: Box<dyn Converter>,
    header: Box<dyn HeaderConverter>,
    expected: Vec<Json>,
}

fn raw(json: &Json, prefix: &str) -> RawConfig {
    let own =
        |(key, value): (&String, &Json)| Some((key.strip_prefix(prefix)?.to_owned(), Some(value.as_str()?.to_owned())));
    json.as_object().unwrap().iter().filter_map(own).collect()
}

impl Case {
    fn of(line: &str) -> Self {
        let json: Json = serde_json::from_str(line).unwrap();
        let input = &json["input"];
        let of = |role| ConverterPlugin::converter(&JsonConverterPlugin, &raw(&input["converter"], ""), role).unwrap();
        let header = HeaderConverterPlugin::header_converter(&JsonConverterPlugin, &raw(&input["converter"], ""));
        let mut case = Case {
            name: json["case"].as_str().unwrap().to_owned(),
            config: input["config"].clone(),
            records: Vec::new(),
            key: of(Role::Key),
            value: of(Role::Value),
            header: header.unwrap(),
            expected: json["output"].as_array().unwrap().clone(),
        };
        case.records = input["records"].as_array().unwrap().iter().map(|record| case.record(record)).collect();
        case
    }

    fn record(&mut self, json: &Json) -> Record {
        let topic: std::sync::Arc<str> = json["topic"].as_str().unwrap().into();
        let bytes = |name: &str| json[name].as_str().map(|text| Bytes::from(text.to_owned()));
        let partition = json["partition"].as_i64().map(|partition| partition as i32);
        let (key, value) = (bytes("key"), bytes("value"));
        let origin = match json["kind"].as_str().unwrap() {
            "sink" => Origin::Sink(SinkOrigin {
                topic: topic.clone(),
                partition: partition.unwrap(),
                offset: json["offset"].as_i64().unwrap(),
                timestamp_type: TimestampType::CreateTime,
                raw: RawRecord::default(),
            }),
            _ => {
                let partition = SourcePartition::new([("p", 1_i64)]);
                Record::source(topic.clone(), partition, SourceOffset::of([("o", 2_i64)]), Datum::NULL).origin
            }
        };
        let mut headers = Headers::new();
        for header in json["headers"].as_array().unwrap() {
            let text = header[1].as_str().map_or(Value::Null, Value::from);
            headers.add(header[0].as_str().unwrap(), Datum::new(Schema::optional_string(), text));
        }
        Record {
            key: self.key.decode(DecodeContext::new("t"), key.as_ref()).unwrap(),
            value: self.value.decode(DecodeContext::new("t"), value.as_ref()).unwrap(),
            timestamp: json["timestamp"].as_i64(),
            topic,
            partition,
            headers,
            origin,
        }
    }

    fn chain(&self) -> Chain {
        let (transforms, predicates) = (transforms(), predicates());
        let text = |key: String| self.config[&*key].as_str();
        let link = |alias: &str| {
            let class = text(format!("transforms.{alias}.type")).unwrap();
            let plugin =
                transforms.iter().find(|plugin| plugin.class() == class).unwrap_or_else(|| panic!("no {class}"));
            let config = raw(&self.config, &format!("transforms.{alias}."));
            let condition = text(format!("transforms.{alias}.predicate")).map(|name| {
                let class = text(format!("predicates.{name}.type")).unwrap();
                let plugin = predicates.iter().find(|plugin| plugin.class() == class).unwrap();
                let config = raw(&self.config, &format!("predicates.{name}."));
                let negate = text(format!("transforms.{alias}.negate")) == Some("true");
                Condition { predicate: plugin.predicate(&config).unwrap(), negate }
            });
            Link { alias: alias.into(), class: class.into(), transform: plugin.transform(&config).unwrap(), condition }
        };
        Chain::new(text("transforms".into()).unwrap().split(',').map(link).collect())
    }

    /// What is told of a record that has passed.
    fn told(&mut self, record: &Record) -> Result<Json, Error> {
        let context = EncodeContext::new(&record.topic);
        let text = |encoded: Encoded, out: Vec<u8>| match encoded {
            Encoded::Null => Json::Null,
            Encoded::Written => Json::String(String::from_utf8(out).unwrap()),
        };
        let mut out = Vec::new();
        let key = self.key.encode(context, &record.key, &mut out).map(|encoded| text(encoded, out))?;
        let mut out = Vec::new();
        let value = self.value.encode(context, &record.value, &mut out).map(|encoded| text(encoded, out))?;
        let mut headers = Vec::new();
        for header in &record.headers {
            let mut out = Vec::new();
            let encoded = self.header.encode(context, &header.key, &header.datum, &mut out)?;
            headers.push(json!([&*header.key, text(encoded, out)]));
        }
        Ok(json!({
            "topic": &*record.topic, "partition": record.partition, "timestamp": record.timestamp,
            "key": key, "value": value, "headers": headers,
        }))
    }
}

/// How a record failed, without the words that are the virtual machine's own.
fn failed(class: &str, message: Option<&str>) -> Json {
    let anonymous = ["NullPointerException", "ClassCastException"].iter().any(|own| class.ends_with(own));
    json!({"class": class, "message": if anonymous { None } else { message }})
}

fn policy(env: Env, tolerance: ToleranceType) -> Policy {
    let zero = Some(Duration::ZERO);
    let tolerance = Tolerance { tolerance, retry_timeout: zero, retry_delay_max: Duration::ZERO };
    Policy::new(env, tolerance, Reporters::default())
}

fn play(case: &mut Case, differences: &mut Vec<String>) -> usize {
    let expected: Vec<Json> = case
        .expected
        .iter()
        .map(|outcome| match outcome["class"].as_str() {
            Some(class) => failed(class, outcome["message"].as_str()),
            None => outcome.clone(),
        })
        .collect();
    let (config, records) = (case.config.clone(), case.records.clone());
    let chain = case.chain();
    let all = records.clone();
    let (singles, batch) = env_sim::Sim::new(1).run(|env: Env, _| async move {
        let mut chain = chain;
        let mut singles = Vec::new();
        let strict = policy(env.clone(), ToleranceType::None);
        for record in records {
            let mut one = vec![record];
            let fatal = chain.apply(&mut one, &strict, &mut |_| {}).await;
            singles.push((one.pop(), fatal));
        }
        // The second time all plans and schemas are known.
        let mut batch = all;
        chain.apply(&mut batch, &policy(env, ToleranceType::All), &mut |_| {}).await;
        (singles, batch)
    });
    let (mut passed, mut compared) = (Vec::new(), 0);
    for (row, (record, fatal)) in singles.into_iter().enumerate() {
        let outcome = match (record, fatal) {
            (Some(record), _) => case.told(&record),
            (None, None) => Ok(json!({})),
            (None, Some(fatal)) => Err(fatal.cause().unwrap().clone()),
        };
        let outcome = outcome.unwrap_or_else(|error| failed(error.class(), error.message()));
        if outcome != expected[row] {
            let name = &case.name;
            differences.push(format!("{name} record {row}\n  Java: {}\n  ours: {outcome}\n  {config}", expected[row]));
        }
        compared += usize::from(outcome.get("topic").is_some());
        passed.push(outcome);
    }
    // What passes alone passes in a batch, and in the same order. Some pass the chain, not the converter.
    passed.retain(|outcome| outcome.get("topic").is_some());
    let batch: Vec<Json> = batch.iter().filter_map(|record| case.told(record).ok()).collect();
    assert_eq!(batch, passed, "{}", case.name);
    compared
}

#[test]
fn chains_make_javas_bytes_of_records_with_changing_schemas() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/chains.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let (mut differences, mut records) = (Vec::new(), 0);
    for line in text.lines() {
        records += play(&mut Case::of(line), &mut differences);
    }
    assert!(records >= 500, "{records} records came through");
    let count = differences.len();
    differences.truncate(12);
    assert!(count == 0, "{count} differences\n{}", differences.join("\n"));
}
