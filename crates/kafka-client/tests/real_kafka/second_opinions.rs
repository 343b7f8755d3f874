//! The same records through Java's clients and librdkafka, both ways, byte for byte.

use std::time::Duration;

use e2e::{ConsoleOptions, Record, java_console_consume};
use kafka_client::consumer::FetchedRecords;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Header, Headers as _, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::clients::{Rec, consume, consumer, produce_well, producer};
use super::support::{kafka, run};

fn header(name: &str, value: Option<&[u8]>) -> (String, Option<Vec<u8>>) {
    (name.to_owned(), value.map(<[u8]>::to_vec))
}

/// Records from 1970 would be deleted for their age, half a minute after the broker's start.
const FOREVER: &[(&str, &str)] = &[("retention.ms", "-1")];

/// Everything that a format can get wrong.
fn specimens() -> Vec<Rec> {
    vec![
        Rec::value("plain"),
        Rec { timestamp: Some(1), key: Some(Vec::new()), value: Some(Vec::new()), ..Rec::default() },
        Rec { timestamp: Some(1_700_000_000_000), key: Some(b"tombstone".to_vec()), value: None, ..Rec::default() },
        Rec {
            timestamp: Some(3),
            key: Some(vec![0, 0xff, 0x80]),
            value: Some((0..=255).collect()),
            headers: vec![
                header("same", Some(b"1")),
                header("other", Some(b"")),
                header("same", Some(b"2")),
                header("none", None),
                header("same", Some(b"1")),
                header("ünï", Some(&[0xff])),
                header("", Some(b"nameless")),
            ],
            ..Rec::default()
        },
        Rec { timestamp: Some(2), value: Some(vec![b'x'; 100_000]), ..Rec::default() },
    ]
}

fn ours(found: &[FetchedRecords]) -> Vec<Rec> {
    found
        .iter()
        .flat_map(|each| &each.records)
        .map(|record| Rec {
            partition: None,
            timestamp: Some(record.timestamp),
            key: record.key.as_deref().map(<[u8]>::to_vec),
            value: record.value.as_deref().map(<[u8]>::to_vec),
            headers: record
                .headers
                .iter()
                .map(|(name, value)| (String::from_utf8(name.to_vec()).unwrap(), value.map(<[u8]>::to_vec)))
                .collect(),
        })
        .collect()
}

/// Specimens whose first timestamp is set, to compare with.
fn timed() -> Vec<Rec> {
    let mut records = specimens();
    records[0].timestamp = Some(7);
    records
}

#[test]
fn java_reads_what_we_write() {
    run(async |env| {
        for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
            let topic = format!("ours.java.{codec}");
            kafka().create_topic(&topic, 1, FOREVER).unwrap();
            produce_well(&producer(&env, kafka().bootstrap(), [("compression.type", codec)]), &topic, &timed()).await;
            let stored = kafka().consume_all(&topic).unwrap();
            let found: Vec<Rec> = stored
                .into_iter()
                .map(|each| Rec {
                    partition: None,
                    timestamp: Some(each.timestamp),
                    key: each.key,
                    value: each.value,
                    headers: each.headers,
                })
                .collect();
            assert_eq!(found, timed(), "{codec}");
        }
    });
}

#[test]
fn the_console_consumer_prints_what_we_write() {
    run(async |env| {
        kafka().create_topic("ours.console", 1, FOREVER).unwrap();
        let mut records = vec![timed().swap_remove(3)];
        records[0].key = Some(b"key".to_vec());
        records[0].value = Some("wört".into());
        records[0].headers.truncate(5);
        produce_well(&producer(&env, kafka().bootstrap(), []), "ours.console", &records).await;
        let options = ConsoleOptions::count(1)
            .property("print.key", "true")
            .property("print.headers", "true")
            .property("print.timestamp", "true");
        let lines = java_console_consume(kafka(), "ours.console", &options).unwrap();
        assert_eq!(lines, ["CreateTime:3\tsame:1,other:,same:2,none:null,same:1\tkey\twört"]);
    });
}

#[test]
fn we_read_what_java_writes() {
    run(async |env| {
        for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
            let topic = format!("java.ours.{codec}");
            kafka().create_topic(&topic, 1, FOREVER).unwrap();
            let records: Vec<Record> = timed()
                .into_iter()
                .map(|rec| Record {
                    topic: topic.clone(),
                    partition: Some(0),
                    timestamp: rec.timestamp,
                    key: rec.key,
                    value: rec.value,
                    headers: rec.headers,
                })
                .collect();
            let config = [("compression.type", codec), ("linger.ms", "50"), ("batch.size", "300000")];
            kafka().driver().unwrap().produce_with(&records, &config).unwrap();
            let mut reader = consumer(&env, kafka().bootstrap(), &topic, []);
            reader.subscribe([topic.as_str()]).unwrap();
            assert_eq!(ours(&consume(&env, &mut reader, 5).await), timed(), "{codec}");
        }
    });
}

#[test]
fn librdkafka_reads_what_we_write() {
    run(async |env| {
        for codec in ["none", "gzip", "snappy", "lz4"] {
            let topic = format!("ours.rdkafka.{codec}");
            kafka().create_topic(&topic, 1, FOREVER).unwrap();
            produce_well(&producer(&env, kafka().bootstrap(), [("compression.type", codec)]), &topic, &timed()).await;
            assert_eq!(rdkafka_read(&topic, 5), timed(), "{codec}");
        }
    });
}

fn rdkafka_read(topic: &str, count: usize) -> Vec<Rec> {
    let reader: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", kafka().bootstrap())
        .set("group.id", "rdkafka")
        .set("check.crcs", "true")
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Beginning).unwrap();
    reader.assign(&list).unwrap();
    let mut found = Vec::new();
    while found.len() < count {
        let message = reader.poll(Duration::from_secs(20));
        let message =
            message.unwrap_or_else(|| panic!("{} of {count} messages came from {topic}", found.len())).unwrap();
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        found.push(Rec {
            partition: None,
            timestamp: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers.map(|each| header(each.key, each.value)).collect(),
        });
    }
    found
}

#[test]
fn we_read_what_librdkafka_writes() {
    run(async |env| {
        for codec in ["none", "gzip", "snappy", "lz4"] {
            let topic = format!("rdkafka.ours.{codec}");
            kafka().create_topic(&topic, 1, FOREVER).unwrap();
            let writer: BaseProducer = ClientConfig::new()
                .set("bootstrap.servers", kafka().bootstrap())
                .set("compression.codec", codec)
                .set("linger.ms", "50")
                .create()
                .unwrap();
            let records = timed();
            for rec in &records {
                let mut headers = OwnedHeaders::new();
                for (name, value) in &rec.headers {
                    headers = headers.insert(Header { key: name, value: value.as_deref() });
                }
                let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(&topic).partition(0).headers(headers);
                record.key = rec.key.as_deref();
                record.payload = rec.value.as_deref();
                record.timestamp = rec.timestamp;
                writer.send(record).map_err(|(error, _)| error).unwrap();
            }
            writer.flush(Duration::from_secs(20)).unwrap();
            assert_eq!(kafka().driver().unwrap().end_offsets(&topic).unwrap()[&0], 5, "{codec}");
            let mut reader = consumer(&env, kafka().bootstrap(), &topic, []);
            reader.subscribe([topic.as_str()]).unwrap();
            assert_eq!(ours(&consume(&env, &mut reader, 5).await), records, "{codec}");
        }
    });
}
