//! The producer.

use std::time::Duration;

use e2e::Record;
use kafka_client::ClientError;
use kafka_client::producer::{Completion, Run};

use super::clients::{Rec, append_all, consume, consumer, produce, produce_well, producer, rows, values};
use super::support::{kafka, run};

fn numbered(count: usize) -> Vec<Rec> {
    (0..count).map(|at| Rec::value(format!("value {at}"))).collect()
}

#[test]
fn what_is_produced_is_consumed_with_every_codec() {
    run(async |env| {
        for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
            let topic = format!("codec.{codec}");
            kafka().create_topic(&topic, 1, &[]).unwrap();
            let producer = producer(&env, kafka().bootstrap(), [("compression.type", codec), ("batch.size", "1000")]);
            let completions = produce_well(&producer, &topic, &numbered(1000)).await;
            assert!(completions.len() > 1, "several batches");
            let mut next = 0;
            for run in completions.iter().flat_map(|completion| &completion.runs) {
                assert_eq!(*run, Run { first_row: next, count: run.count, base_offset: next as i64 });
                next += u64::from(run.count);
            }
            let mut consumer = consumer(&env, kafka().bootstrap(), &format!("codec-{codec}"), []);
            consumer.subscribe([topic.as_str()]).unwrap();
            let found = values(&consume(&env, &mut consumer, 1000).await, 0);
            let expected: Vec<_> = (0..1000).map(|at| (at as i64, format!("value {at}"))).collect();
            assert_eq!(found, expected);
            // Java reads the same.
            let stored = kafka().consume_all(&topic).unwrap();
            assert!(stored.iter().map(e2e::Stored::text).eq(expected.into_iter().map(|(_, value)| value)));
            consumer.close(Duration::from_secs(10)).await;
            assert!(producer.close(Duration::from_secs(10)).await);
        }
    });
}

#[test]
fn a_topic_that_does_not_exist_is_created() {
    run(async |env| {
        let producer = producer(&env, kafka().bootstrap(), []);
        produce_well(&producer, "made.by.producing", &numbered(3)).await;
        assert_eq!(kafka().consume_all("made.by.producing").unwrap().len(), 3);
    });
}

#[test]
fn keyed_records_go_where_java_sends_them() {
    run(async |env| {
        kafka().create_topic("keyed", 7, &[]).unwrap();
        kafka().create_topic("keyed.java", 7, &[]).unwrap();
        let keys: Vec<String> = (0..200).map(|at| format!("key-{}", "é".repeat(at % 9) + &at.to_string())).collect();
        let ours: Vec<Rec> = keys.iter().map(|key| Rec::value(key.clone()).key(key.clone())).collect();
        let producer = producer(&env, kafka().bootstrap(), []);
        produce_well(&producer, "keyed", &ours).await;
        let java: Vec<Record> =
            keys.iter().map(|key| Record::to("keyed.java").key(key.clone()).value(key.clone())).collect();
        kafka().driver().unwrap().produce_with(&java, &[("enable.idempotence", "false")]).unwrap();
        let places = |topic: &str| {
            let mut places: Vec<_> =
                kafka().consume_all(topic).unwrap().iter().map(|each| (each.text(), each.partition)).collect();
            places.sort();
            places
        };
        assert_eq!(places("keyed"), places("keyed.java"));
        assert!(places("keyed").iter().any(|(_, partition)| *partition != 0));
    });
}

#[test]
fn records_without_a_key_spread_a_batch_at_a_time() {
    run(async |env| {
        kafka().create_topic("sticky", 4, &[]).unwrap();
        let producer = producer(&env, kafka().bootstrap(), [("batch.size", "2000")]);
        produce_well(&producer, "sticky", &(0..4000).map(|_| Rec::value("x".repeat(20))).collect::<Vec<_>>()).await;
        let stored = kafka().consume_all("sticky").unwrap();
        for partition in 0..4 {
            let count = stored.iter().filter(|each| each.partition == partition).count();
            assert!((300..2500).contains(&count), "partition {partition} has {count}");
        }
    });
}

#[test]
fn batches_too_large_for_the_broker_are_split() {
    run(async |env| {
        kafka().create_topic("small", 1, &[("max.message.bytes", "2000")]).unwrap();
        let producer = producer(&env, kafka().bootstrap(), [("batch.size", "100000"), ("linger.ms", "200")]);
        let mut records = numbered(500);
        // Alone above the limit: an error for this record and no other.
        records[250] = Rec::value("x".repeat(5000));
        let completions = produce(&producer, "small", &records).await;
        let failed: Vec<&Completion<ClientError>> =
            completions.iter().filter(|completion| completion.error.is_some()).collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].runs, [Run { first_row: 250, count: 1, base_offset: -1 }]);
        let error = failed[0].error.as_ref().unwrap();
        assert_eq!(error.java_class(), "org.apache.kafka.common.errors.RecordTooLargeException");
        let stored: Vec<String> = kafka().consume_all("small").unwrap().iter().map(e2e::Stored::text).collect();
        let expected: Vec<String> = (0..500).filter(|at| *at != 250).map(|at| format!("value {at}")).collect();
        assert_eq!(stored, expected);
    });
}

#[test]
fn a_record_above_max_request_size_is_refused_with_javas_words() {
    run(async |env| {
        let producer = producer(&env, kafka().bootstrap(), []);
        produce_well(&producer, "refused", &numbered(1)).await;
        let records = [Rec::value("before"), Rec::value(vec![b'x'; 1_048_572]), Rec::value("after")];
        let rows = rows("refused", &records);
        let refused = producer.append(&rows, 0..3).unwrap_err();
        assert_eq!(refused.row, 1);
        assert_eq!(
            refused.error.to_string(),
            "The message is 1048659 bytes when serialized which is larger than 1048576, which is the value of the max.request.size configuration."
        );
        assert!(matches!(&refused.error, ClientError::RecordTooLarge { topic, .. } if &**topic == "refused"));
        assert_eq!(producer.append(&rows, 2..3), Ok(1));
        producer.flush();
        assert!(producer.close(Duration::from_secs(10)).await);
        let stored: Vec<String> = kafka().consume_all("refused").unwrap().iter().map(e2e::Stored::text).collect();
        assert_eq!(stored, ["value 0", "before", "after"]);
    });
}

#[test]
fn memory_is_bounded_and_a_larger_record_passes_alone() {
    run(async |env| {
        kafka().create_topic("bounded", 1, &[("max.message.bytes", "4000000")]).unwrap();
        let producer = producer(
            &env,
            kafka().bootstrap(),
            [("buffer.memory", "50000"), ("max.request.size", "3000000"), ("linger.ms", "1000")],
        );
        let mut records: Vec<Rec> = (0..2000).map(|at| Rec::value(format!("{at:0100}"))).collect();
        records[700] = Rec::value("y".repeat(2_000_000));
        let rows = rows("bounded", &records);
        let mut completions = Vec::new();
        let mut done = 0;
        let mut waited = 0;
        while done < rows.len() {
            done += producer.append(&rows, done..rows.len()).unwrap();
            assert!(producer.memory_in_use() < 51_000 || done == 701, "{} at {done}", producer.memory_in_use());
            if done < rows.len() {
                waited += 1;
                producer.ready().await.unwrap();
            }
            completions.extend(producer.try_completions());
        }
        assert!(waited > 3);
        assert!(producer.close(Duration::from_secs(20)).await);
        completions.extend(producer.completions().await);
        assert!(completions.iter().all(|completion| completion.error.is_none()));
        assert_eq!(producer.memory_in_use(), 0);
        let stored = kafka().consume_all("bounded").unwrap();
        assert_eq!(stored.len(), 2000);
        assert!(stored.iter().enumerate().all(|(at, each)| each.value == records[at].value));
    });
}

#[test]
fn a_partition_that_is_not_there_is_refused() {
    run(async |env| {
        kafka().create_topic("two", 2, &[]).unwrap();
        let producer = producer(&env, kafka().bootstrap(), []);
        let rows = rows("two", &[Rec::value("a").on(1), Rec::value("b").on(2)]);
        let mut done = 0;
        let refused = loop {
            match producer.append(&rows, done..2) {
                Ok(accepted) => done += accepted,
                Err(refused) => break refused,
            }
            producer.ready().await.unwrap();
        };
        assert_eq!((refused.row, done), (1, 1));
        assert_eq!(
            refused.error.to_string(),
            "Invalid partition given with record: 2 is not in the range [0...2) of topic two."
        );
    });
}

#[test]
fn an_invalid_topic_is_an_error_of_ready() {
    run(async |env| {
        let producer = producer(&env, kafka().bootstrap(), []);
        let rows = rows("bad topic", &[Rec::value("a")]);
        assert_eq!(producer.append(&rows, 0..1), Ok(0));
        let error = producer.ready().await.unwrap_err();
        assert_eq!(error.java_class(), "org.apache.kafka.common.errors.InvalidTopicException");
        assert_eq!(error.to_string(), "Invalid topics: [bad topic]");
        // It can be asked again, and other topics work.
        assert_eq!(producer.append(&rows, 0..1), Ok(0));
        assert!(producer.ready().await.is_err());
        produce_well(&producer, "good.topic", &numbered(1)).await;
    });
}

#[test]
fn without_acknowledgements_offsets_are_unknown() {
    run(async |env| {
        kafka().create_topic("acks0", 1, &[]).unwrap();
        let producer = producer(&env, kafka().bootstrap(), [("acks", "0")]);
        let completions = produce_well(&producer, "acks0", &numbered(10)).await;
        assert!(completions.iter().flat_map(|completion| &completion.runs).all(|run| run.base_offset == -1));
        assert_eq!(kafka().consume_count("acks0", 10, Duration::from_secs(20)).unwrap().len(), 10);
    });
}

#[test]
fn the_brokers_time_is_reported() {
    run(async |env| {
        kafka().create_topic("appendtime", 1, &[("message.timestamp.type", "LogAppendTime")]).unwrap();
        let producer = producer(&env, kafka().bootstrap(), []);
        let completions = produce_well(&producer, "appendtime", &[Rec { timestamp: Some(5), ..Rec::value("a") }]).await;
        let time = completions[0].log_append_time.unwrap();
        let stored = kafka().consume_all("appendtime").unwrap();
        assert_eq!((stored[0].timestamp, stored[0].timestamp_type.as_str()), (time, "LogAppendTime"));
        let mut consumer = consumer(&env, kafka().bootstrap(), "appendtime", []);
        consumer.subscribe(["appendtime"]).unwrap();
        let found = consume(&env, &mut consumer, 1).await;
        assert_eq!(found[0].timestamp_type, kafka_client::consumer::TimestampType::LogAppendTime);
        assert_eq!(found[0].records[0].timestamp, time);
    });
}

#[test]
fn records_refused_by_the_broker_are_named() {
    run(async |env| {
        // A compacted topic takes no record without a key.
        kafka().create_topic("compacted", 1, &[("cleanup.policy", "compact")]).unwrap();
        let producer = producer(&env, kafka().bootstrap(), [("linger.ms", "100")]);
        let records = [Rec::value("a").key("k"), Rec::value("b"), Rec::value("c").key("k")];
        let completions = produce(&producer, "compacted", &records).await;
        let told: Vec<(u64, String)> = completions
            .iter()
            .flat_map(|completion| completion.runs.iter().map(|run| (run.first_row, completion.error.clone().unwrap())))
            .map(|(row, error)| (row, error.to_string()))
            .collect();
        assert_eq!(told.len(), 3);
        assert!(told[1].1.contains("Compacted topic cannot accept message without key"), "{told:?}");
        assert!(told[0].1.starts_with("Failed to append record because it was part of a batch"), "{told:?}");
        assert_eq!(kafka().consume_all("compacted").unwrap().len(), 0);
    });
}

#[test]
fn aborting_reports_every_row() {
    run(async |env| {
        kafka().create_topic("aborted", 1, &[]).unwrap();
        let producer = producer(&env, kafka().bootstrap(), [("linger.ms", "60000"), ("batch.size", "1000000")]);
        let rows = rows("aborted", &numbered(100));
        append_all(&producer, &rows).await;
        assert_eq!(producer.outstanding(), 100);
        producer.abort_now();
        let completions = producer.completions().await;
        assert_eq!(completions.iter().map(Completion::len).sum::<u64>(), 100);
        assert!(completions.iter().all(|completion| matches!(completion.error, Some(ClientError::Closed(_)))));
        assert!(producer.completions().await.is_empty());
        assert!(producer.append(&rows, 0..1).is_err());
        assert_eq!(kafka().consume_all("aborted").unwrap().len(), 0);
    });
}
