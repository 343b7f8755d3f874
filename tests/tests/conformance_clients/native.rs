//! What our own client does.

use std::collections::BTreeMap;
use std::time::Duration;

use kafka_client::TopicPartition;
use kafka_client::admin::NewTopic;

use crate::clients::{Rec, admin, consume, consumer, produce_well, producer};
use crate::place::{Case, Place};

pub(crate) const CASES: &[Case] = &[
    ("native.every_codec", every_codec),
    ("native.group_of_two", group_of_two),
    ("native.committed_offsets", committed_offsets),
    ("native.topics", topics),
];

fn numbered(count: usize, partitions: i32) -> Vec<Rec> {
    let one = |number: usize| Rec::value(number.to_string()).key("k").on(number as i32 % partitions);
    (0..count).map(one).collect()
}

fn every_codec(place: &Place) {
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let topic = place.topic(codec, 1);
        place.wait(async {
            let writer = producer(&place.env, &place.bootstrap, [("compression.type", codec), ("batch.size", "500")]);
            let mut sent = numbered(200, 1);
            sent[7].value = None;
            sent[8].headers = vec![("h".to_owned(), Some(b"1".to_vec())), ("h".to_owned(), None)];
            produce_well(&writer, &topic, &sent).await;
            let mut reader = consumer(&place.env, &place.bootstrap, &topic, []);
            reader.subscribe([topic.as_str()]).unwrap();
            let found = consume(&place.env, &mut reader, 200).await;
            let records: Vec<_> = found.iter().flat_map(|each| &each.records).collect();
            for (number, (record, sent)) in records.iter().zip(&sent).enumerate() {
                assert_eq!(record.value.as_deref(), sent.value.as_deref(), "{codec} {number}");
                let headers: Vec<_> =
                    record.headers.iter().map(|(name, value)| (name.to_vec(), value.map(<[u8]>::to_vec))).collect();
                let wanted: Vec<_> =
                    sent.headers.iter().map(|(name, value)| (name.clone().into_bytes(), value.clone())).collect();
                assert_eq!(headers, wanted);
            }
            reader.close(Duration::from_secs(5)).await;
        });
    }
}

fn group_of_two(place: &Place) {
    let topic = place.topic("t", 4);
    place.wait(async {
        let group = place.name("g");
        let fast = [("session.timeout.ms", "2000"), ("heartbeat.interval.ms", "200")];
        let mut first = consumer(&place.env, &place.bootstrap, &group, fast);
        let mut second = consumer(&place.env, &place.bootstrap, &group, fast);
        first.subscribe([topic.as_str()]).unwrap();
        second.subscribe([topic.as_str()]).unwrap();
        while first.assignment().len() != 2 || second.assignment().len() != 2 {
            first.poll(Duration::from_millis(50)).await.unwrap();
            second.poll(Duration::from_millis(50)).await.unwrap();
        }
        let (ours, theirs) = (first.assignment(), second.assignment());
        assert!(ours.iter().all(|one| !theirs.contains(one)));
        // One leaves; the other has all.
        second.close(Duration::from_secs(5)).await;
        while first.assignment().len() != 4 {
            first.poll(Duration::from_millis(50)).await.unwrap();
        }
        let writer = producer(&place.env, &place.bootstrap, []);
        produce_well(&writer, &topic, &numbered(40, 4)).await;
        let found = consume(&place.env, &mut first, 40).await;
        assert_eq!(found.iter().map(|each| each.records.len()).sum::<usize>(), 40);
        first.close(Duration::from_secs(5)).await;
    });
}

fn committed_offsets(place: &Place) {
    let topic = place.topic("t", 1);
    place.wait(async {
        let writer = producer(&place.env, &place.bootstrap, []);
        produce_well(&writer, &topic, &numbered(10, 1)).await;
        let group = place.name("g");
        let partition = TopicPartition::new(topic.as_str(), 0);
        let mut reader = consumer(&place.env, &place.bootstrap, &group, []);
        reader.subscribe([topic.as_str()]).unwrap();
        consume(&place.env, &mut reader, 10).await;
        reader.commit(&BTreeMap::from([(partition.clone(), 7)])).await.unwrap();
        reader.close(Duration::from_secs(5)).await;
        let mut next = consumer(&place.env, &place.bootstrap, &group, []);
        next.subscribe([topic.as_str()]).unwrap();
        let found = consume(&place.env, &mut next, 3).await;
        let first = found.iter().flat_map(|each| &each.records).next().unwrap();
        assert_eq!(first.offset, 7);
        next.close(Duration::from_secs(5)).await;
    });
}

fn topics(place: &Place) {
    let there = place.topic("there", 3);
    place.wait(async {
        let admin = admin(&place.env, &place.bootstrap);
        let found = admin.list_topics().await.unwrap();
        assert_eq!(found[&there].leaders.len(), 3);
        let nowhere = place.name("nowhere");
        assert!(admin.describe_topics(&[&nowhere]).await.unwrap()[&nowhere].is_err());
        let again =
            NewTopic { name: there.clone(), partitions: None, replication_factor: None, configs: BTreeMap::new() };
        let error = admin.create_topics(&[again]).await.unwrap()[&there].clone().unwrap_err();
        assert!(error.to_string().contains("already exists"), "{error}");
        let cluster = admin.describe_cluster().await.unwrap();
        assert_eq!(cluster.brokers.len(), 1);
        assert!(cluster.id.is_some());
    });
}
