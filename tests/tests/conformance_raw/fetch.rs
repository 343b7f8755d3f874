//! Fetch without a session: what comes, how much, and when.

use std::time::{Duration, Instant};

use futures_util::future::join;
use kafka_wire::ErrorCode;
use kafka_wire::messages::*;

use super::requests::*;
use super::runner::{Cx, cases};

cases![
    records_in_every_version,
    a_wait_as_long_as_asked_for,
    records_end_a_wait_at_once,
    enough_bytes_end_a_wait,
    errors_end_a_wait,
    records_that_are_there_are_not_waited_for,
    a_deleted_topic_ends_a_wait,
    limits,
    offsets_out_of_range,
    unknown_topics_and_partitions,
    leader_epochs,
    from_within_a_batch,
];

async fn records_in_every_version(cx: Cx) {
    let name = cx.topic("t", 2).await;
    let mut client = cx.connect().await;
    fine(client.produce(&name, 1, batch(&["a", "b"], 7)).await.0);
    for version in cx.versions::<FetchRequest>() {
        let answer = client.ask_at(version, fetch_all(&name, vec![fetch_partition(1, 0)], Duration::ZERO)).await;
        assert_eq!((answer.error_code, answer.session_id), (0, 0));
        let [topic] = &answer.responses[..] else { panic!("{answer:?}") };
        assert_eq!(topic.topic.0, text(&name));
        let [partition] = &topic.partitions[..] else { panic!("{answer:?}") };
        fine(partition.error_code);
        assert_eq!((partition.partition_index, partition.high_watermark), (1, 2));
        assert_eq!(partition.last_stable_offset, 2);
        assert_eq!(partition.log_start_offset, if version >= 5 { 0 } else { -1 });
        assert_eq!(partition.preferred_read_replica, BrokerId(-1));
        assert!(partition.aborted_transactions.as_ref().is_none_or(Vec::is_empty));
        assert_eq!(values(partition.records.clone()), [(0, "a".to_owned()), (1, "b".to_owned())]);
    }
}

async fn a_wait_as_long_as_asked_for(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    let began = Instant::now();
    let answer = client.ask(fetch_request(&name, 0, 0, Duration::from_millis(400))).await;
    let waited = began.elapsed();
    let partition = &answer.responses[0].partitions[0];
    assert_eq!((partition.error_code, partition.high_watermark), (0, 0));
    assert!(values(partition.records.clone()).is_empty());
    assert!(waited >= Duration::from_millis(390) && waited < Duration::from_secs(3), "{waited:?}");
    // Nothing wanted is there at once.
    let began = Instant::now();
    client.ask(fetch_request(&name, 0, 0, Duration::from_secs(10)).with_min_bytes(0)).await;
    assert!(began.elapsed() < Duration::from_secs(3));
}

async fn records_end_a_wait_at_once(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let (mut reader, mut writer) = (cx.connect().await, cx.connect().await);
    let write = async {
        writer.sleep(Duration::from_millis(200)).await;
        fine(writer.produce(&name, 0, batch(&["v"], 1)).await.0);
        Instant::now()
    };
    let read = async {
        let answer = reader.ask(fetch_request(&name, 0, 0, Duration::from_secs(10))).await;
        (answer, Instant::now())
    };
    let ((answer, read), written) = join(read, write).await;
    assert_eq!(offsets(answer.responses[0].partitions[0].records.clone()), [0]);
    assert!(read < written + Duration::from_secs(1));
}

async fn enough_bytes_end_a_wait(cx: Cx) {
    let name = cx.topic("t", 2).await;
    let (mut reader, mut writer) = (cx.connect().await, cx.connect().await);
    let one = batch(&["v"], 1);
    let size = one.len() as i32;
    let write = async {
        for partition in [0, 1, 0] {
            writer.sleep(Duration::from_millis(150)).await;
            fine(writer.produce(&name, partition, one.clone()).await.0);
        }
    };
    let both = vec![fetch_partition(0, 0), fetch_partition(1, 0)];
    let wait = fetch_all(&name, both.clone(), Duration::from_secs(10)).with_min_bytes(3 * size);
    let (answer, ()) = join(reader.ask(wait), write).await;
    let counts: Vec<_> = answer.responses[0].partitions.iter().map(|one| offsets(one.records.clone()).len()).collect();
    assert_eq!(counts, [2, 1]);
    // Too few until the end: what there is comes then.
    let began = Instant::now();
    let wait = fetch_all(&name, both, Duration::from_millis(300)).with_min_bytes(4 * size);
    let answer = reader.ask(wait).await;
    assert!(began.elapsed() >= Duration::from_millis(290));
    assert_eq!(offsets(answer.responses[0].partitions[0].records.clone()), [0, 1]);
}

async fn errors_end_a_wait(cx: Cx) {
    let name = cx.topic("t", 2).await;
    let mut client = cx.connect().await;
    let began = Instant::now();
    let asked = vec![fetch_partition(0, 0), fetch_partition(1, 5)];
    let answer = client.ask(fetch_all(&name, asked, Duration::from_secs(10))).await;
    let mut codes: Vec<_> =
        answer.responses[0].partitions.iter().map(|one| (one.partition_index, one.error_code)).collect();
    codes.sort();
    assert_eq!(codes, [(0, 0), (1, 1)]);
    // Nor is there anything to wait for in a partition nobody has.
    let answer = client.ask(fetch_request(&name, 9, 0, Duration::from_secs(10))).await;
    refused(answer.responses[0].partitions[0].error_code, ErrorCode::UnknownTopicOrPartition);
    assert!(began.elapsed() < Duration::from_secs(5));
}

async fn records_that_are_there_are_not_waited_for(cx: Cx) {
    let name = cx.topic("t", 2).await;
    let mut client = cx.connect().await;
    fine(client.produce(&name, 1, batch(&["v"], 1)).await.0);
    let began = Instant::now();
    let asked = vec![fetch_partition(0, 0), fetch_partition(1, 0)];
    let answer = client.ask(fetch_all(&name, asked, Duration::from_secs(10))).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(answer.responses[0].partitions.len(), 2);
    // A read by time-out of nothing at all.
    let began = Instant::now();
    let none = client.ask(fetch_all(&name, vec![], Duration::from_secs(10)).with_topics(vec![])).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(none.responses.is_empty());
}

async fn a_deleted_topic_ends_a_wait(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let (mut reader, mut other) = (cx.connect().await, cx.connect().await);
    let delete = async {
        other.sleep(Duration::from_millis(200)).await;
        let gone = delete_topics_request::DeleteTopicState::default().with_name(Some(topic(&name)));
        other.ask(DeleteTopicsRequest::default().with_timeout_ms(10_000).with_topics(vec![gone])).await
    };
    let began = Instant::now();
    let (answer, _) = join(reader.ask(fetch_request(&name, 0, 0, Duration::from_secs(10))), delete).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    let code = answer.responses[0].partitions[0].error_code;
    assert!([3, 6].contains(&code), "{code}");
}

async fn limits(cx: Cx) {
    let name = cx.topic("t", 2).await;
    let mut client = cx.connect().await;
    let one = batch(&[&"x".repeat(100)], 1);
    for partition in [0, 1] {
        for _ in 0..3 {
            fine(client.produce(&name, partition, one.clone()).await.0);
        }
    }
    let size = one.len() as i32;
    for (max_bytes, partition_bytes, expected) in [
        (i32::MAX, i32::MAX, [3, 3]),
        (i32::MAX, 2 * size, [2, 2]),
        (4 * size, i32::MAX, [3, 1]),
        (1, i32::MAX, [1, 0]),
        (i32::MAX, 1, [1, 0]),
        (0, 0, [1, 0]),
    ] {
        let asked = [0, 1].map(|partition| fetch_partition(partition, 0).with_partition_max_bytes(partition_bytes));
        let request = fetch_all(&name, asked.to_vec(), Duration::ZERO).with_max_bytes(max_bytes);
        for version in [4, 11, 12] {
            let answer = client.ask_at(version, request.clone()).await;
            // Kafka may cut the last batch; a client reads whole ones.
            let counts: Vec<usize> = answer.responses[0]
                .partitions
                .iter()
                .map(|partition| partition.records.as_ref().map_or(0, |records| records.len() / one.len()))
                .collect();
            assert_eq!(counts, expected, "{max_bytes} {partition_bytes}");
        }
    }
}

async fn offsets_out_of_range(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    fine(client.produce(&name, 0, batch(&["a", "b"], 1)).await.0);
    for offset in [3, 1_000, -1, -2] {
        let partition = client.fetch(&name, 0, offset, false).await;
        refused(partition.error_code, ErrorCode::OffsetOutOfRange);
        assert!(partition.records.is_none_or(|records| records.is_empty()));
        assert_eq!(partition.high_watermark, -1);
    }
    fine(client.fetch(&name, 0, 2, false).await.error_code);
}

async fn unknown_topics_and_partitions(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    for (name, partition) in [(&cx.name("nowhere"), 0), (&name, 1), (&name, -1)] {
        let fetched = client.fetch(name, partition, 0, false).await;
        refused(fetched.error_code, ErrorCode::UnknownTopicOrPartition);
        assert_eq!(fetched.high_watermark, -1);
    }
}

async fn leader_epochs(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    fine(client.produce(&name, 0, batch(&["a"], 1)).await.0);
    let asked = metadata_request::MetadataRequestTopic::default().with_name(Some(topic(&name)));
    let metadata = client.ask(MetadataRequest::default().with_topics(Some(vec![asked]))).await;
    let epoch = metadata.topics[0].partitions[0].leader_epoch;
    for version in 9..=12 {
        for (asked, code) in [(-1, 0), (epoch, 0), (epoch + 1, ErrorCode::UnknownLeaderEpoch.code())] {
            let partition = fetch_partition(0, 0).with_current_leader_epoch(asked);
            let answer = client.ask_at(version, fetch_all(&name, vec![partition], Duration::ZERO)).await;
            assert_eq!(answer.responses[0].partitions[0].error_code, code, "{version} {asked}");
        }
    }
    let fetched = client.fetch(&name, 0, 0, false).await;
    let batch = kafka_wire::Batches::new(fetched.records.unwrap()).next().unwrap().unwrap();
    assert_eq!(batch.header().partition_leader_epoch, epoch);
}

async fn from_within_a_batch(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    for _ in 0..2 {
        fine(client.produce(&name, 0, batch(&["a", "b", "c"], 1)).await.0);
    }
    // The batch that holds the offset comes whole.
    assert_eq!(offsets(client.fetch(&name, 0, 4, false).await.records), [3, 4, 5]);
    assert_eq!(offsets(client.fetch(&name, 0, 2, false).await.records), [0, 1, 2, 3, 4, 5]);
}
