//! Produce: what is taken, what is refused, and how it comes back.

use std::time::Duration;

use bytes::Bytes;
use kafka_wire::batch::{ControlType, DEFAULT_MAX_DECOMPRESSED, TimestampType, control_batch};
use kafka_wire::messages::*;
use kafka_wire::{BatchBuilder, BatchOptions, Batches, Compression, ErrorCode, ProducerState};

use super::requests::*;
use super::runner::{Cx, cases};

cases![
    records_in_every_version,
    every_codec_in_every_version,
    every_shape_of_a_record,
    acks_of_all_kinds,
    without_acks_a_failure_closes,
    unknown_topics_and_partitions,
    several_topics_in_one_request,
    bad_batches,
    batches_whose_header_does_not_add_up,
    a_batch_too_large_for_its_topic,
    the_broker_s_time,
    a_timestamp_from_the_future,
    a_record_without_key_in_a_compacted_topic,
];

async fn records_in_every_version(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    for version in cx.versions::<ProduceRequest>() {
        let answer = client.ask_at(version, produce_request(&name, 0, batch(&["a", "b"], 7), -1)).await;
        let [topic] = &answer.responses[..] else { panic!("{answer:?}") };
        assert_eq!(topic.name.0, text(&name));
        let [partition] = &topic.partition_responses[..] else { panic!("{answer:?}") };
        fine(partition.error_code);
        assert_eq!((partition.index, partition.base_offset), (0, i64::from(version - 3) * 2));
        assert_eq!(partition.log_append_time_ms, -1);
        assert_eq!(partition.log_start_offset, if version >= 5 { 0 } else { -1 });
        assert!(partition.record_errors.is_empty());
    }
    assert_eq!(offsets(client.fetch(&name, 0, 0, false).await.records), (0..18).collect::<Vec<_>>());
}

async fn every_codec_in_every_version(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    let mut next = 0;
    for version in cx.versions::<ProduceRequest>() {
        for codec in Compression::ALL {
            let sent = batch_in(codec, &["same", "same", "same"], 7);
            let answer = client.ask_at(version, produce_request(&name, 0, sent.clone(), -1)).await;
            let partition = &answer.responses[0].partition_responses[0];
            if codec == Compression::Zstd && version < 7 {
                refused(partition.error_code, ErrorCode::UnsupportedCompressionType);
                continue;
            }
            assert_eq!((partition.error_code, partition.base_offset), (0, next), "{codec} {version}");
            let stored = client.fetch(&name, 0, next, false).await.records.unwrap();
            // The bytes are the sender's, but for offset and leader epoch.
            assert_eq!(stored[16..], sent[16..]);
            next += 3;
            assert_eq!(offsets(Some(stored)), [next - 3, next - 2, next - 1]);
        }
    }
}

async fn every_shape_of_a_record(cx: Cx) {
    type Shape = (i64, Option<&'static [u8]>, Option<&'static [u8]>, Vec<(&'static [u8], Option<&'static [u8]>)>);
    let shapes: Vec<Shape> = vec![
        (5, Some(b"k"), Some(b"v"), vec![]),
        (4, None, None, vec![(b"h", Some(b"1")), (b"h", None), (b"h", Some(b"1"))]),
        (-1, Some(b""), Some(b""), vec![(b"", Some(b""))]),
        (9, Some(&[0, 255]), None, vec![("ключ".as_bytes(), Some(&[0, 255]))]),
    ];
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    for codec in Compression::ALL {
        let mut builder = BatchBuilder::new(BatchOptions { compression: codec, ..BatchOptions::default() });
        for (timestamp, key, value, headers) in &shapes {
            builder.append(*timestamp, *key, *value, headers.iter().copied()).unwrap();
        }
        let (code, base) = client.produce(&name, 0, builder.finish(None, false).unwrap()).await;
        fine(code);
        let stored = client.fetch(&name, 0, base, false).await.records.unwrap();
        let stored = Batches::new(stored).next().unwrap().unwrap();
        assert_eq!(stored.header().timestamp_type(), TimestampType::CreateTime);
        let records = stored.records(DEFAULT_MAX_DECOMPRESSED).unwrap().map(Result::unwrap);
        for ((index, record), (timestamp, key, value, headers)) in records.enumerate().zip(&shapes) {
            assert_eq!((record.offset, record.timestamp), (base + index as i64, *timestamp));
            assert_eq!((record.key.as_deref(), record.value.as_deref()), (*key, *value));
            let got: Vec<_> = record.headers.iter().collect();
            assert_eq!(&got, headers);
        }
    }
}

async fn acks_of_all_kinds(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    for (acks, code) in [(1, 0), (-1, 0), (2, 21), (-2, 21)] {
        let answer = client.ask(produce_request(&name, 0, batch(&["v"], 1), acks)).await;
        assert_eq!(answer.responses[0].partition_responses[0].error_code, code, "acks {acks}");
    }
    // Nothing answers this: the next answer is the next request's.
    client.send(11, &produce_request(&name, 0, batch(&["v"], 1), 0)).await;
    assert_eq!(client.list_offset(&name, 0, -1).await, (0, 3, -1));
}

async fn without_acks_a_failure_closes(cx: Cx) {
    let mut client = cx.connect().await;
    client.send(11, &produce_request(&cx.name("nowhere"), 0, batch(&["v"], 1), 0)).await;
    assert!(client.is_closed().await);
}

async fn unknown_topics_and_partitions(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    for (name, partition) in [(&cx.name("nowhere"), 0), (&name, 1), (&name, -1)] {
        let (code, base) = client.produce(name, partition, batch(&["v"], 1)).await;
        refused(code, ErrorCode::UnknownTopicOrPartition);
        assert_eq!(base, -1);
    }
}

async fn several_topics_in_one_request(cx: Cx) {
    let (one, two) = (cx.topic("one", 2).await, cx.topic("two", 1).await);
    let mut client = cx.connect().await;
    let data =
        |index| produce_request::PartitionProduceData::default().with_index(index).with_records(Some(batch(&["v"], 1)));
    let of = |name: &str, partitions: &[i32]| {
        let data = partitions.iter().map(|index| data(*index)).collect();
        produce_request::TopicProduceData::default().with_name(topic(name)).with_partition_data(data)
    };
    let request =
        produce_request(&one, 0, Bytes::new(), -1).with_topic_data(vec![of(&one, &[1, 0, 7]), of(&two, &[0])]);
    let answer = client.ask(request).await;
    let mut codes: Vec<_> = answer
        .responses
        .iter()
        .flat_map(|topic| {
            topic.partition_responses.iter().map(|one| (topic.name.to_string(), one.index, one.error_code))
        })
        .collect();
    codes.sort();
    assert_eq!(codes, [(one.clone(), 0, 0), (one.clone(), 1, 0), (one, 7, 3), (two, 0, 0)]);
}

/// A good batch with a change, and the checksum that goes with it.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut bytes = batch(&["a", "b"], 1).to_vec();
    change(&mut bytes);
    let crc = crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    bytes.into()
}

/// Bit by bit: a few batches of some hundred bytes.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 })
    })
}

async fn bad_batches(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    let good = batch(&["v"], 1);
    let mut damaged = good.to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    let old = changed(|bytes| bytes[16] = 1);
    let two = [&good[..], &good[..]].concat();
    let marker = control_batch(ControlType::Commit, (5, 0), 0, 0, 1, 0).unwrap();
    let control = changed(|bytes| bytes[22] = 0x20);
    for (what, records, code) in [
        ("damaged", damaged.into(), ErrorCode::CorruptMessage),
        ("cut short", good.slice(..good.len() - 1), ErrorCode::InvalidRecord),
        ("only a length", good.slice(..14), ErrorCode::InvalidRecord),
        ("magic 1", old, ErrorCode::InvalidRecord),
        ("two batches", two.into(), ErrorCode::InvalidRecord),
        ("nothing", Bytes::new(), ErrorCode::InvalidRecord),
        ("a control batch", control, ErrorCode::InvalidRecord),
        ("a marker", marker, ErrorCode::TransactionalIdAuthorizationFailed),
        ("a transaction's", transactional((5, 0), 0, &["v"]), ErrorCode::TransactionalIdAuthorizationFailed),
    ] {
        let (got, base) = client.produce(&name, 0, records).await;
        assert_eq!((ErrorCode::from_code(got), base), (Some(code), -1), "{what}");
    }
    assert_eq!(client.produce(&name, 0, good).await, (0, 0), "nothing bad was kept");
}

async fn batches_whose_header_does_not_add_up(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    let put = |at: usize, bytes: &'static [u8]| changed(|batch| batch[at..at + bytes.len()].copy_from_slice(bytes));
    assert_eq!(client.produce(&name, 0, put(57, &[0, 0, 0, 2])).await, (0, 0), "nothing changed");
    for (what, records, code) in [
        ("more records than offsets", put(57, &[0, 0, 0, 3]), ErrorCode::InvalidRecord),
        ("fewer records than offsets", put(57, &[0, 0, 0, 1]), ErrorCode::InvalidRecord),
        ("no record", put(57, &[0, 0, 0, 0]), ErrorCode::InvalidRecord),
        ("an offset delta below 0", put(23, &[255, 255, 255, 255]), ErrorCode::InvalidRecord),
        ("a producer without sequence", put(43, &[0, 0, 0, 0, 0, 0, 0, 5, 0, 0]), ErrorCode::InvalidRecord),
    ] {
        let (got, base) = client.produce(&name, 0, records).await;
        assert_eq!((ErrorCode::from_code(got), base), (Some(code), -1), "{what}");
    }
    // A codec nobody has.
    let (code, _) = client.produce(&name, 0, put(21, &[0, 5])).await;
    assert_ne!(code, 0);
    assert_eq!(client.list_offset(&name, 0, -1).await.1, 2);
}

async fn a_batch_too_large_for_its_topic(cx: Cx) {
    let name = cx.topic_with("t", 1, &[("max.message.bytes", "1000")]).await;
    let mut client = cx.connect().await;
    let sized = |size: usize| batch(&[&"x".repeat(size)], 1);
    let over = sized(800).len() - 800;
    assert_eq!(client.produce(&name, 0, sized(1_000 - over)).await, (0, 0));
    let (code, base) = client.produce(&name, 0, sized(1_001 - over)).await;
    refused(code, ErrorCode::MessageTooLarge);
    assert_eq!(base, -1);
    // The broker's own limit, just over 1 MiB.
    let usual = cx.topic("usual", 1).await;
    assert_eq!(client.produce(&usual, 0, sized(1_048_588 - 75)).await, (0, 0));
    refused(client.produce(&usual, 0, sized(1_048_589)).await.0, ErrorCode::MessageTooLarge);
    // What counts is the size as sent.
    let packed = batch_in(Compression::Gzip, &[&"x".repeat(3_000)], 1);
    assert_eq!(client.produce(&name, 0, packed).await, (0, 1));
}

async fn the_broker_s_time(cx: Cx) {
    let name = cx.topic_with("t", 1, &[("message.timestamp.type", "LogAppendTime")]).await;
    let mut client = cx.connect().await;
    let before = wall_clock();
    for version in cx.versions::<ProduceRequest>() {
        let answer = client.ask_at(version, produce_request(&name, 0, batch(&["a", "b"], 7), -1)).await;
        let partition = &answer.responses[0].partition_responses[0];
        fine(partition.error_code);
        let at = partition.log_append_time_ms;
        assert!(before - 1_000 <= at && at <= wall_clock() + 1_000, "{at}");
        let stored = client.fetch(&name, 0, partition.base_offset, false).await.records.unwrap();
        let stored = Batches::new(stored).next().unwrap().unwrap();
        stored.check_crc().unwrap();
        assert_eq!(stored.header().timestamp_type(), TimestampType::LogAppendTime);
        assert_eq!(stored.header().max_timestamp, at);
        let records = stored.records(DEFAULT_MAX_DECOMPRESSED).unwrap();
        assert!(records.map(Result::unwrap).all(|record| record.timestamp == at));
    }
    let (code, offset, at) = client.list_offset(&name, 0, before - 1_000).await;
    assert_eq!((code, offset), (0, 0));
    assert!(at >= before - 1_000);
}

async fn a_timestamp_from_the_future(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    let soon = wall_clock() + Duration::from_secs(30 * 60).as_millis() as i64;
    fine(client.produce(&name, 0, batch(&["v"], soon)).await.0);
    let far = wall_clock() + Duration::from_secs(2 * 60 * 60).as_millis() as i64;
    refused(client.produce(&name, 0, batch(&["v"], far)).await.0, ErrorCode::InvalidTimestamp);
    // Where the topic allows it.
    let open = cx.topic_with("open", 1, &[("message.timestamp.after.max.ms", &i64::MAX.to_string())]).await;
    fine(client.produce(&open, 0, batch(&["v"], far)).await.0);
    // And the past, where it does not.
    let strict = cx.topic_with("strict", 1, &[("message.timestamp.before.max.ms", "1000")]).await;
    refused(client.produce(&strict, 0, batch(&["v"], 1)).await.0, ErrorCode::InvalidTimestamp);
    let now = wall_clock();
    fine(client.produce(&strict, 0, batch(&["v"], now)).await.0);
}

async fn a_record_without_key_in_a_compacted_topic(cx: Cx) {
    let name = cx.topic_with("t", 1, &[("cleanup.policy", "compact")]).await;
    let mut client = cx.connect().await;
    for compression in Compression::ALL {
        let mut builder = BatchBuilder::new(BatchOptions { compression, ..BatchOptions::default() });
        builder.append(1, Some(b"k"), Some(b"v"), []).unwrap();
        builder.append(1, None, Some(b"v"), []).unwrap();
        let answer = client.ask(produce_request(&name, 0, builder.finish(None, false).unwrap(), -1)).await;
        let partition = &answer.responses[0].partition_responses[0];
        refused(partition.error_code, ErrorCode::InvalidRecord);
        let wrong: Vec<i32> = partition.record_errors.iter().map(|error| error.batch_index).collect();
        assert_eq!(wrong, [1]);
        assert!(partition.error_message.is_some());
    }
    let producer = ProducerState { id: 77, epoch: 0, base_sequence: 0 };
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.append(1, Some(b""), None, []).unwrap();
    assert_eq!(client.produce(&name, 0, builder.finish(Some(producer), false).unwrap()).await, (0, 0));
}
