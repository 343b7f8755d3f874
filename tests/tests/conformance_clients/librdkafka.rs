//! What librdkafka does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::message::{Header, Headers as _, Message as _, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::place::{Case, Place};

pub(crate) const CASES: &[Case] = &[
    ("librdkafka.every_codec", every_codec),
    ("librdkafka.idempotent_producer", idempotent_producer),
    ("librdkafka.group_of_two", group_of_two),
    ("librdkafka.cooperative_group", cooperative_group),
    ("librdkafka.static_member", static_member),
    ("librdkafka.transactions", transactions),
    ("librdkafka.offsets_within_transactions", offsets_within_transactions),
    ("librdkafka.offsets_by_time", offsets_by_time),
];

const LIMIT: Duration = Duration::from_secs(30);

fn config(place: &Place, own: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &place.bootstrap);
    for (key, value) in own {
        config.set(*key, *value);
    }
    config
}

fn producer(place: &Place, own: &[(&str, &str)]) -> BaseProducer {
    config(place, own).create().unwrap()
}

fn reader(place: &Place, group: &str, own: &[(&str, &str)]) -> BaseConsumer {
    let mut config = config(place, own);
    config.set("group.id", place.name(group)).set("auto.offset.reset", "earliest").set("check.crcs", "true");
    config.set("enable.auto.commit", "false").set("session.timeout.ms", "2000").set("heartbeat.interval.ms", "200");
    config.create().unwrap()
}

fn send(producer: &BaseProducer, topic: &str, partition: i32, value: &str) {
    producer.send(BaseRecord::<(), str>::to(topic).partition(partition).payload(value)).unwrap();
}

/// Polls until so many records came.
fn read(reader: &BaseConsumer, count: usize) -> Vec<OwnedMessage> {
    let began = Instant::now();
    let mut found = Vec::new();
    while found.len() < count {
        assert!(began.elapsed() < LIMIT, "{} of {count} records came", found.len());
        if let Some(message) = reader.poll(Duration::from_millis(100)) {
            found.push(message.unwrap().detach());
        }
    }
    found
}

/// Polls all until `done`; the records that came.
fn poll_until(readers: &[&BaseConsumer], mut done: impl FnMut() -> bool) -> Vec<OwnedMessage> {
    let began = Instant::now();
    let mut found = Vec::new();
    while !done() {
        assert!(began.elapsed() < LIMIT, "in vain");
        for reader in readers {
            if let Some(message) = reader.poll(Duration::from_millis(20)) {
                found.push(message.unwrap().detach());
            }
        }
    }
    found
}

fn value(message: &OwnedMessage) -> String {
    String::from_utf8(message.payload().unwrap_or_default().to_vec()).unwrap()
}

fn has(reader: &BaseConsumer) -> BTreeSet<i32> {
    reader.assignment().unwrap().elements().iter().map(|one| one.partition()).collect()
}

fn every_codec(place: &Place) {
    for codec in ["none", "gzip", "snappy", "lz4"] {
        let topic = place.topic(codec, 1);
        let writer = producer(place, &[("compression.codec", codec), ("linger.ms", "20")]);
        let headers = || {
            let header = |key, value| Header { key, value };
            OwnedHeaders::new().insert(header("h", Some("1"))).insert(header("h", None)).insert(header("h", Some("1")))
        };
        for number in 0..100 {
            let (key, text) = (number.to_string(), "x".repeat(number * 10));
            let mut record = BaseRecord::to(&topic).key(&key).headers(headers()).timestamp(number as i64 + 1);
            if number % 10 != 0 {
                record = record.payload(&text);
            }
            writer.send(record).unwrap();
        }
        writer.flush(LIMIT).unwrap();
        let reader = reader(place, codec, &[]);
        reader.subscribe(&[&topic]).unwrap();
        for (number, message) in read(&reader, 100).iter().enumerate() {
            assert_eq!((message.offset(), message.key()), (number as i64, Some(number.to_string().as_bytes())));
            assert_eq!(message.payload().map(<[u8]>::len), (number % 10 != 0).then_some(number * 10), "{codec}");
            assert_eq!(message.timestamp().to_millis(), Some(number as i64 + 1));
            let found: Vec<_> = message.headers().unwrap().iter().map(|one| (one.key, one.value)).collect();
            assert_eq!(found, [("h", Some(&b"1"[..])), ("h", None), ("h", Some(b"1"))]);
        }
    }
}

fn idempotent_producer(place: &Place) {
    let topic = place.topic("t", 3);
    let writer = producer(place, &[("enable.idempotence", "true"), ("batch.num.messages", "20"), ("linger.ms", "1")]);
    for number in 0..3_000 {
        send(&writer, &topic, number % 3, &number.to_string());
        writer.poll(Duration::ZERO);
    }
    writer.flush(LIMIT).unwrap();
    let reader = reader(place, "g", &[]);
    reader.subscribe(&[&topic]).unwrap();
    let mut next = [0, 1, 2];
    for message in read(&reader, 3_000) {
        let expected = &mut next[message.partition() as usize];
        assert_eq!(value(&message), expected.to_string());
        *expected += 3;
    }
    for partition in 0..3 {
        assert_eq!(reader.fetch_watermarks(&topic, partition, LIMIT).unwrap(), (0, 1_000));
    }
}

fn group_of_two(place: &Place) {
    two_share(place, "range");
}

fn cooperative_group(place: &Place) {
    two_share(place, "cooperative-sticky");
}

/// Two share four partitions; one leaves, and the other goes on where it was.
fn two_share(place: &Place, strategy: &str) {
    let topic = place.topic("t", 4);
    let writer = producer(place, &[]);
    let write = |from: i32| {
        for number in from..from + 40 {
            send(&writer, &topic, number % 4, &number.to_string());
        }
        writer.flush(LIMIT).unwrap();
    };
    let own = [("partition.assignment.strategy", strategy)];
    let (first, second) = (reader(place, "g", &own), reader(place, "g", &own));
    first.subscribe(&[&topic]).unwrap();
    poll_until(&[&first], || has(&first).len() == 4);
    second.subscribe(&[&topic]).unwrap();
    poll_until(&[&first, &second], || has(&first).len() == 2 && has(&second).len() == 2);
    assert!(has(&first).is_disjoint(&has(&second)));
    write(0);
    let mut seen = BTreeMap::new();
    let mut count = |messages: Vec<OwnedMessage>| {
        for message in messages {
            *seen.entry(value(&message)).or_insert(0) += 1;
        }
        seen.len()
    };
    let began = Instant::now();
    while count(poll_once(&[&first, &second])) < 40 {
        assert!(began.elapsed() < LIMIT);
    }
    first.commit_consumer_state(CommitMode::Sync).unwrap();
    second.commit_consumer_state(CommitMode::Sync).unwrap();
    drop(second);
    let late = poll_until(&[&first], || has(&first).len() == 4);
    count(late);
    write(40);
    while count(poll_once(&[&first])) < 80 {
        assert!(began.elapsed() < LIMIT);
    }
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
}

fn poll_once(readers: &[&BaseConsumer]) -> Vec<OwnedMessage> {
    let polled = readers.iter().filter_map(|reader| reader.poll(Duration::from_millis(20)));
    polled.map(|message| message.unwrap().detach()).collect()
}

fn static_member(place: &Place) {
    let topic = place.topic("t", 2);
    let named = |name: &str| reader(place, "g", &[("group.instance.id", name), ("session.timeout.ms", "10000")]);
    let (first, second) = (named("first"), named("second"));
    first.subscribe(&[&topic]).unwrap();
    second.subscribe(&[&topic]).unwrap();
    poll_until(&[&first, &second], || has(&first).len() == 1 && has(&second).len() == 1);
    let had = has(&second);
    // It comes back before its session ends: nobody else's partitions change.
    drop(second);
    let again = named("second");
    again.subscribe(&[&topic]).unwrap();
    poll_until(&[&first, &again], || !has(&again).is_empty());
    assert_eq!(has(&again), had);
    assert_eq!(has(&first).len(), 1);
}

fn transactions(place: &Place) {
    let topic = place.topic("t", 2);
    let writer = producer(place, &[("transactional.id", &place.name("tx"))]);
    writer.init_transactions(LIMIT).unwrap();
    for round in 0..6 {
        writer.begin_transaction().unwrap();
        for partition in 0..2 {
            send(&writer, &topic, partition, &format!("{round}"));
        }
        writer.flush(LIMIT).unwrap();
        if round % 2 == 0 {
            writer.commit_transaction(LIMIT).unwrap();
        } else {
            writer.abort_transaction(LIMIT).unwrap();
        }
    }
    let all = |isolation: &str, count| {
        let reader = reader(place, isolation, &[("isolation.level", isolation)]);
        reader.subscribe(&[&topic]).unwrap();
        let mut values: Vec<String> = read(&reader, count).iter().map(value).collect();
        // And nothing after it.
        assert!(reader.poll(Duration::from_millis(300)).is_none());
        values.sort();
        values
    };
    assert_eq!(all("read_committed", 6), ["0", "0", "2", "2", "4", "4"]);
    assert_eq!(all("read_uncommitted", 12).len(), 12);
    // A second producer of the same name fences the first.
    let next = producer(place, &[("transactional.id", &place.name("tx"))]);
    next.init_transactions(LIMIT).unwrap();
    writer.begin_transaction().unwrap();
    send(&writer, &topic, 0, "late");
    assert!(writer.commit_transaction(LIMIT).is_err());
    next.begin_transaction().unwrap();
    send(&next, &topic, 0, "next");
    next.flush(LIMIT).unwrap();
    next.commit_transaction(LIMIT).unwrap();
    let reader = reader(place, "after", &[("isolation.level", "read_committed")]);
    reader.subscribe(&[&topic]).unwrap();
    let values: Vec<String> = read(&reader, 7).iter().map(value).collect();
    assert!(values.contains(&"next".to_owned()) && !values.contains(&"late".to_owned()));
}

/// Reads from one topic and writes to another, offsets and records at once.
fn offsets_within_transactions(place: &Place) {
    let (from, to) = (place.topic("from", 1), place.topic("to", 1));
    let plain = producer(place, &[]);
    for number in 0..20 {
        send(&plain, &from, 0, &number.to_string());
    }
    plain.flush(LIMIT).unwrap();
    let writer = producer(place, &[("transactional.id", &place.name("tx"))]);
    writer.init_transactions(LIMIT).unwrap();
    let reading = reader(place, "g", &[]);
    reading.subscribe(&[&from]).unwrap();
    let messages = read(&reading, 20);
    // The first half is aborted, then written again with the rest.
    for (range, commit) in [(0..10, false), (0..10, true), (10..20, true)] {
        writer.begin_transaction().unwrap();
        for message in &messages[range.clone()] {
            send(&writer, &to, 0, &value(message));
        }
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(&from, 0, Offset::Offset(range.end as i64)).unwrap();
        writer.send_offsets_to_transaction(&offsets, &reading.group_metadata().unwrap(), LIMIT).unwrap();
        writer.flush(LIMIT).unwrap();
        if commit {
            writer.commit_transaction(LIMIT).unwrap();
        } else {
            writer.abort_transaction(LIMIT).unwrap();
        }
    }
    let committed = reading.committed(LIMIT).unwrap();
    assert_eq!(committed.find_partition(&from, 0).unwrap().offset(), Offset::Offset(20));
    let checking = reader(place, "check", &[("isolation.level", "read_committed")]);
    checking.subscribe(&[&to]).unwrap();
    let values: Vec<String> = read(&checking, 20).iter().map(value).collect();
    assert_eq!(values, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
}

fn offsets_by_time(place: &Place) {
    let topic = place.topic("t", 1);
    let writer = producer(place, &[("linger.ms", "20")]);
    for time in [100, 200, 300] {
        writer.send(BaseRecord::<(), str>::to(&topic).payload("v").timestamp(time)).unwrap();
    }
    writer.flush(LIMIT).unwrap();
    let reader = reader(place, "g", &[]);
    for (time, wanted) in
        [(0, Offset::Offset(0)), (150, Offset::Offset(1)), (300, Offset::Offset(2)), (301, Offset::End)]
    {
        let mut asked = TopicPartitionList::new();
        asked.add_partition_offset(&topic, 0, Offset::Offset(time)).unwrap();
        let found = reader.offsets_for_times(asked, LIMIT).unwrap();
        assert_eq!(found.elements()[0].offset(), wanted, "{time}");
    }
}
