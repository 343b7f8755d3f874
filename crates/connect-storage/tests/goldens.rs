//! Offset files and offset keys against what Apache Kafka Connect 4.3.1 reads and writes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "reads the goldens and works on real files")]

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use connect_api::data::{Map, Text};
use connect_api::{SourceOffset, SourcePartition, Value};
use connect_storage::offsets::{
    FileOffsetStore, OffsetFileError, OffsetStore, decode_offset, decode_partition, encode_offset, encode_partition,
};
use serde_json::Value as Json;

fn goldens(name: &str) -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn bytes(json: &Json) -> Bytes {
    BASE64_STANDARD.decode(json.as_str().unwrap()).unwrap().into()
}

fn text(json: &Json) -> Bytes {
    Bytes::copy_from_slice(json.as_str().unwrap().as_bytes())
}

fn on_the_machine<F: Future<Output = ()>>(body: impl FnOnce(env::Env, tempfile::TempDir) -> F) {
    let runtime = env_real::runtime(1, 2).unwrap();
    let env = env_real::env(runtime.handle().clone());
    runtime.block_on(body(env, tempfile::tempdir().unwrap()));
}

#[test]
fn what_java_wrote_is_read_and_we_write_what_java_writes() {
    on_the_machine(|env, folder| async move {
        for golden in goldens("offset-file-write.jsonl") {
            let case = golden["case"].as_str().unwrap();
            let pairs = golden["input"]["entries"].as_array().unwrap();
            let javas = bytes(&golden["output"]["file"]);
            let mut expected: Vec<(Bytes, Option<Bytes>)> = pairs
                .iter()
                .filter(|pair| !pair[0].is_null())
                .map(|pair| (text(&pair[0]), (!pair[1].is_null()).then(|| text(&pair[1]))))
                .collect();

            let path = folder.path().join(case);
            std::fs::write(&path, &javas).unwrap();
            let store = FileOffsetStore::open(&env, &path).await.unwrap();
            let read = store.entries().await;
            drop(store);
            let mut sorted = read.clone();
            sorted.sort();
            expected.sort();
            assert_eq!(sorted, expected, "{case}");

            // Java's order is that of identity hash codes: given the same order, the bytes are the same.
            let ours = folder.path().join("ours");
            let store = FileOffsetStore::open(&env, &ours).await.unwrap();
            store.set(read).await.unwrap();
            drop(store);
            let skips_null_key = case == "null key";
            assert_eq!(std::fs::read(&ours).unwrap() == javas, !skips_null_key, "{case}");
            std::fs::remove_file(ours).unwrap();
        }
    });
}

#[test]
fn every_file_java_reads_is_read_the_same() {
    on_the_machine(|env, folder| async move {
        let path = folder.path().join("offsets");
        for golden in goldens("offset-file-read.jsonl") {
            let case = golden["case"].as_str().unwrap();
            std::fs::write(&path, bytes(&golden["input"]["file"])).unwrap();
            let opened = FileOffsetStore::open(&env, &path).await;
            let java_error = golden["error"]["message"].as_str();
            match opened {
                Ok(store) => {
                    let keys: Vec<Bytes> = golden["input"]["keys"].as_array().unwrap().iter().map(bytes).collect();
                    let values = store.get(&keys).await.unwrap();
                    let expected: Vec<Option<Bytes>> = golden["output"]["values"]
                        .as_array()
                        .unwrap_or_else(|| panic!("{case}: Java says {java_error:?}"))
                        .iter()
                        .map(|value| (!value.is_null()).then(|| bytes(value)))
                        .collect();
                    assert_eq!(values, expected, "{case}");
                }
                Err(error) => {
                    let said = error.to_string();
                    assert!(said.contains(&*path.to_string_lossy()), "{case}: {said}");
                    // A file cut off is refused where Java would forget all offsets.
                    if case.starts_with("cut after") {
                        assert!(said.contains("the file ends too early"), "{case}: {said}");
                    } else {
                        let java_error = java_error.unwrap_or_else(|| panic!("{case}: {said}, Java reads it"));
                        if matches!(error, OffsetFileError::WrongClass { .. }) {
                            assert!(said.starts_with(java_error), "{case}: {said}");
                        }
                    }
                }
            }
        }
    });
}

/// A typed value of the goldens; only what partitions hold.
fn typed(json: &Json) -> Value {
    let Some(object) = json.as_object() else { return Value::Null };
    let (kind, json) = object.iter().next().unwrap();
    match kind.as_str() {
        "string" => Value::from(json.as_str().unwrap()),
        "boolean" => Value::Boolean(json.as_bool().unwrap()),
        "int8" => Value::Int8(json.as_i64().unwrap() as i8),
        "int16" => Value::Int16(json.as_i64().unwrap() as i16),
        "int32" => Value::Int32(json.as_i64().unwrap() as i32),
        "int64" => Value::Int64(json.as_i64().unwrap()),
        "float32" => Value::Float32(number(json) as f32),
        "float64" => Value::Float64(number(json)),
        "bytes" => Value::Bytes(bytes(json)),
        "decimal" => Value::from(connect_api::Decimal {
            unscaled: json["unscaled"].as_str().unwrap().parse().unwrap(),
            scale: json["scale"].as_i64().unwrap() as i32,
        }),
        "map" => Value::from(entries(json).into_iter().collect::<Map>()),
        other => panic!("unknown type {other}"),
    }
}

fn number(json: &Json) -> f64 {
    json.as_f64().unwrap_or_else(|| json.as_str().unwrap().parse().unwrap())
}

fn entries(json: &Json) -> Vec<(Text, Value)> {
    let pairs = json.as_array().unwrap().iter();
    pairs.map(|pair| (Text::from(typed(&pair[0]).as_str().unwrap()), typed(&pair[1]))).collect()
}

#[test]
fn keys_and_values_are_javas_bytes() {
    let mut sizes = std::collections::BTreeSet::new();
    for golden in goldens("offset-keys.jsonl") {
        let case = golden["case"].as_str().unwrap();
        let connector = golden["input"]["connector"].as_str().unwrap();
        let partition = &golden["input"]["partition"];
        if partition.is_null() {
            let (name, none) = decode_partition(&bytes(&golden["output"]["key"]["bytes"])).unwrap();
            assert_eq!((name.as_str(), none), (connector, None), "{case}");
            continue;
        }
        let put = entries(&partition["map"]);
        sizes.insert(put.len());
        let partition = SourcePartition::new(put.clone());
        let offset = SourceOffset::of(put);
        if let Some(message) = golden["error"]["message"].as_str() {
            assert_eq!(encode_partition(connector, &partition).unwrap_err().message(), Some(message), "{case}");
            assert_eq!(encode_offset(&offset).unwrap_err().message(), Some(message), "{case}");
            continue;
        }
        let key = encode_partition(connector, &partition).unwrap();
        assert_eq!(key, bytes(&golden["output"]["key"]["bytes"]), "{case}: {}", String::from_utf8_lossy(&key));
        let value = encode_offset(&offset).unwrap();
        assert_eq!(value, bytes(&golden["output"]["value"]["bytes"]), "{case}");

        let (name, read) = decode_partition(&key).unwrap();
        assert_eq!(name, connector);
        assert_eq!(
            encode_partition(&name, &read.unwrap()).unwrap(),
            key,
            "{case}: reading and writing keeps the bytes"
        );
        let read = decode_offset(&value).unwrap().unwrap();
        assert_eq!(encode_offset(&read).unwrap(), value, "{case}: reading and writing keeps the bytes");
    }
    assert!((1..=6).all(|size| sizes.contains(&size)), "{sizes:?}");
}
