//! What readers of committed records see of transactions.

use std::time::{Duration, Instant};

use futures_util::future::join;
use kafka_wire::Batches;
use kafka_wire::batch::ControlType;
use kafka_wire::messages::*;

use super::requests::*;
use super::runner::{Cx, cases};
use super::transaction::Producer;

cases![
    an_open_transaction_holds_readers_back,
    markers_take_offsets,
    aborted_transactions_are_told,
    transactions_side_by_side,
    aborted_transactions_of_what_is_fetched,
    a_commit_ends_a_wait,
    offsets_by_time_stop_at_open_transactions,
    every_version_of_fetch,
];

fn aborted(partition: &fetch_response::PartitionData) -> Vec<(i64, i64)> {
    let mut all: Vec<_> =
        partition.aborted_transactions.iter().flatten().map(|one| (one.producer_id.0, one.first_offset)).collect();
    all.sort_by_key(|(_, first)| *first);
    all
}

async fn an_open_transaction_holds_readers_back(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    assert_eq!(client.produce(&name, 0, batch(&["plain"], wall_clock())).await, (0, 0));
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    assert_eq!(producer.put(&name, 0, &["a", "b"]).await, 1);
    assert_eq!(client.produce(&name, 0, batch(&["after"], wall_clock())).await, (0, 3));
    for committed in [false, true] {
        let fetched = client.fetch(&name, 0, 0, committed).await;
        assert_eq!((fetched.high_watermark, fetched.last_stable_offset), (4, 1));
        assert_eq!(offsets(fetched.records), if committed { vec![0] } else { vec![0, 1, 2, 3] });
        assert_eq!(client.end(&name, 0, committed).await, if committed { 1 } else { 4 });
    }
    // Beyond the last stable offset there is nothing, and it is no error.
    let fetched = client.fetch(&name, 0, 3, true).await;
    assert_eq!((fetched.error_code, offsets(fetched.records)), (0, vec![]));
    producer.end(true, &name, 0, 4).await;
    let fetched = client.fetch(&name, 0, 0, true).await;
    assert_eq!((fetched.high_watermark, fetched.last_stable_offset), (5, 5));
    assert!(aborted(&fetched).is_empty());
    assert_eq!(
        values(fetched.records).into_iter().map(|(_, value)| value).collect::<Vec<_>>(),
        ["plain", "a", "b", "after"]
    );
}

async fn markers_take_offsets(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    for (round, commit) in [true, false].into_iter().enumerate() {
        let base = round as i64 * 2;
        assert_eq!(producer.put(&name, 0, &["v"]).await, base);
        producer.end(commit, &name, 0, base + 1).await;
        let fetched = producer.client.fetch(&name, 0, base + 1, true).await;
        let marker = Batches::new(fetched.records.unwrap()).next().unwrap().unwrap();
        marker.check_crc().unwrap();
        let header = marker.header();
        assert_eq!((header.base_offset, header.count), (base + 1, 1));
        assert!(header.is_control() && header.is_transactional());
        assert_eq!((header.producer.id, header.producer.base_sequence), (producer.id, -1));
        let wanted = if commit { ControlType::Commit } else { ControlType::Abort };
        assert_eq!(marker.control_type().unwrap(), Some(wanted));
    }
}

async fn aborted_transactions_are_told(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    assert_eq!(producer.put(&name, 0, &["a", "b"]).await, 0);
    producer.end(false, &name, 0, 2).await;
    assert_eq!(producer.put(&name, 0, &["c"]).await, 3);
    producer.end(true, &name, 0, 4).await;
    let id = producer.id;
    let fetched = producer.client.fetch(&name, 0, 0, true).await;
    // All records come; the reader leaves out the aborted.
    assert_eq!(offsets(fetched.records.clone()), [0, 1, 3]);
    assert_eq!(aborted(&fetched), [(id, 0)]);
    let fetched = producer.client.fetch(&name, 0, 0, false).await;
    assert_eq!(offsets(fetched.records.clone()), [0, 1, 3]);
    assert!(aborted(&fetched).is_empty(), "who reads all need not know");
}

async fn transactions_side_by_side(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    let mut one = Producer::of(&cx, &cx.name("one")).await;
    let mut two = Producer::of(&cx, &cx.name("two")).await;
    assert_eq!(one.put(&name, 0, &["1"]).await, 0);
    assert_eq!(two.put(&name, 0, &["2"]).await, 1);
    assert_eq!(one.put(&name, 0, &["1"]).await, 2);
    two.end_to(true, &name, 0, 3, 0).await;
    // The first is open still, and what the second has committed is behind it.
    let fetched = client.fetch(&name, 0, 0, true).await;
    assert_eq!((fetched.high_watermark, fetched.last_stable_offset), (4, 0));
    assert_eq!(two.put(&name, 0, &["2"]).await, 4);
    one.end_to(false, &name, 0, 5, 4).await;
    let fetched = client.fetch(&name, 0, 0, true).await;
    assert_eq!((fetched.high_watermark, fetched.last_stable_offset), (6, 4));
    assert_eq!(offsets(fetched.records.clone()), [0, 1, 2]);
    assert_eq!(aborted(&fetched), [(one.id, 0)]);
    two.end(false, &name, 0, 6).await;
    let fetched = client.fetch(&name, 0, 0, true).await;
    assert_eq!((fetched.high_watermark, fetched.last_stable_offset), (7, 7));
    assert_eq!(aborted(&fetched), [(one.id, 0), (two.id, 4)]);
}

async fn aborted_transactions_of_what_is_fetched(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    for round in 0..3 {
        assert_eq!(producer.put(&name, 0, &["v"]).await, round * 2);
        producer.end(false, &name, 0, round * 2 + 1).await;
    }
    let id = producer.id;
    for (from, wanted) in [(0, vec![0, 2, 4]), (1, vec![0, 2, 4]), (2, vec![2, 4]), (5, vec![4])] {
        let fetched = producer.client.fetch(&name, 0, from, true).await;
        assert_eq!(aborted(&fetched), wanted.into_iter().map(|first| (id, first)).collect::<Vec<_>>(), "from {from}");
    }
    let fetched = producer.client.fetch(&name, 0, 6, true).await;
    assert!(aborted(&fetched).is_empty());
    // Of the first batch; where it ends Kafka knows roughly, and may tell of later ones.
    let one = fetch_all(&name, vec![fetch_partition(0, 0).with_partition_max_bytes(1)], Duration::ZERO);
    let answer = producer.client.ask(one.with_isolation_level(1)).await;
    let partition = &answer.responses[0].partitions[0];
    assert_eq!((offsets(partition.records.clone()), aborted(partition)[0]), (vec![0], (id, 0)));
}

async fn a_commit_ends_a_wait(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    assert_eq!(producer.put(&name, 0, &["v"]).await, 0);
    let mut reader = cx.connect().await;
    // Records that are not committed are nothing to come back for.
    let began = Instant::now();
    let wait = fetch_request(&name, 0, 0, Duration::from_millis(300)).with_isolation_level(1);
    assert!(offsets(reader.ask(wait).await.responses[0].partitions[0].records.clone()).is_empty());
    assert!(began.elapsed() >= Duration::from_millis(290));
    let end = async {
        producer.client.sleep(Duration::from_millis(150)).await;
        producer.end(true, &name, 0, 1).await;
    };
    let wait = fetch_request(&name, 0, 0, Duration::from_secs(10)).with_isolation_level(1);
    let began = Instant::now();
    let (answer, ()) = join(reader.ask(wait), end).await;
    assert_eq!(offsets(answer.responses[0].partitions[0].records.clone()), [0]);
    assert!(began.elapsed() < Duration::from_secs(5));
}

async fn offsets_by_time_stop_at_open_transactions(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    let mut client = cx.connect().await;
    assert_eq!(producer.put(&name, 0, &["v"]).await, 0);
    let later = wall_clock() + 60_000;
    assert_eq!(client.produce(&name, 0, batch(&["v"], later)).await, (0, 1));
    let by_time = |isolation: i8| list_request(&name, 0, later - 1_000).with_isolation_level(isolation);
    for (isolation, offset) in [(0, 1), (1, -1)] {
        let answer = client.ask(by_time(isolation)).await;
        assert_eq!((answer.topics[0].partitions[0].error_code, answer.topics[0].partitions[0].offset), (0, offset));
    }
    producer.end(true, &name, 0, 2).await;
    assert_eq!(client.ask(by_time(1)).await.topics[0].partitions[0].offset, 1);
}

async fn every_version_of_fetch(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    assert_eq!(producer.put(&name, 0, &["a"]).await, 0);
    producer.end(false, &name, 0, 1).await;
    assert_eq!(producer.put(&name, 0, &["b"]).await, 2);
    for version in cx.versions::<FetchRequest>() {
        let request = fetch_request(&name, 0, 0, Duration::ZERO).with_isolation_level(1);
        let answer = producer.client.ask_at(version, request).await;
        let partition = &answer.responses[0].partitions[0];
        assert_eq!((partition.high_watermark, partition.last_stable_offset), (3, 2), "version {version}");
        assert_eq!((offsets(partition.records.clone()), aborted(partition)), (vec![0], vec![(producer.id, 0)]));
    }
}
