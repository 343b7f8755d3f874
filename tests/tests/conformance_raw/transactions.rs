//! Transactions: their beginning and end, and who may take part.

use std::time::Duration;

use kafka_wire::ErrorCode;
use kafka_wire::messages::*;

use super::requests::*;
use super::runner::{Cx, cases};
use super::transaction::{Producer, outside};

cases![
    committed_in_every_version,
    aborted_in_every_version,
    the_same_id_again,
    a_producer_that_knows_itself,
    an_open_transaction_is_aborted_by_the_next_producer,
    the_older_producer_is_fenced,
    ended_twice,
    nothing_to_end,
    transactions_nobody_has,
    partitions_that_cannot_be_added,
    records_of_a_partition_not_added,
    a_transaction_takes_too_long,
    sequences_go_on_over_transactions,
    many_partitions_end_at_once,
];

async fn committed_in_every_version(cx: Cx) {
    ended_in_every_version(cx, true).await;
}

async fn aborted_in_every_version(cx: Cx) {
    ended_in_every_version(cx, false).await;
}

async fn ended_in_every_version(cx: Cx, commit: bool) {
    let name = cx.topic("t", 1).await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    let ends: Vec<i16> = cx.versions::<EndTxnRequest>().collect();
    let adds = cx.versions::<AddPartitionsToTxnRequest>();
    for (round, end) in ends.into_iter().enumerate() {
        let add = (round as i16).min(*adds.end());
        let base = round as i64 * 3;
        fine(producer.add_at(add, &name, 0).await);
        // Added twice is added.
        fine(producer.add_at(add, &name, 0).await);
        assert_eq!(producer.produce(&name, 0, &["a", "b"]).await, (0, base));
        fine(producer.end_at(end, commit).await);
        while producer.client.end(&name, 0, true).await < base + 3 {
            producer.client.sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(producer.client.end(&name, 0, false).await, base + 3);
    }
}

async fn the_same_id_again(cx: Cx) {
    let mut client = cx.connect().await;
    let name = cx.name("tx");
    let first = client.until_given(&name, 60_000).await;
    assert_eq!(first.producer_epoch, 0);
    for epoch in 1..4 {
        let again = client.until_given(&name, 60_000).await;
        assert_eq!((again.producer_id, again.producer_epoch), (first.producer_id, epoch));
    }
    let other = client.until_given(&cx.name("other"), 60_000).await;
    assert_ne!(other.producer_id, first.producer_id);
}

async fn a_producer_that_knows_itself(cx: Cx) {
    let mut client = cx.connect().await;
    let name = cx.name("tx");
    let given = client.until_given(&name, 60_000).await;
    let known = |epoch| {
        InitProducerIdRequest::default()
            .with_transactional_id(Some(TransactionalId(text(&name))))
            .with_transaction_timeout_ms(60_000)
            .with_producer_id(given.producer_id)
            .with_producer_epoch(epoch)
    };
    let bumped = client.ask(known(0)).await;
    assert_eq!((bumped.error_code, bumped.producer_id, bumped.producer_epoch), (0, given.producer_id, 1));
    // The answer was lost: the same again.
    let again = client.ask(known(0)).await;
    assert_eq!((again.error_code, again.producer_epoch), (0, 1));
    let next = client.until_given(&name, 60_000).await;
    assert_eq!(next.producer_epoch, 2);
    // By now somebody else has it.
    for (version, code) in
        [(3, ErrorCode::InvalidProducerEpoch), (4, ErrorCode::ProducerFenced), (5, ErrorCode::ProducerFenced)]
    {
        refused(client.ask_at(version, known(0)).await.error_code, code);
    }
    let stranger = known(2).with_producer_id(ProducerId(given.producer_id.0 + 1_000_000));
    refused(client.ask(stranger).await.error_code, ErrorCode::ProducerFenced);
}

async fn an_open_transaction_is_aborted_by_the_next_producer(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let transaction = cx.name("tx");
    let mut old = Producer::of(&cx, &transaction).await;
    assert_eq!(old.put(&name, 0, &["old"]).await, 0);
    let mut new = Producer::of(&cx, &transaction).await;
    assert_eq!(new.id, old.id);
    assert!(new.epoch > old.epoch);
    // Its marker came before the answer.
    assert_eq!(new.client.end(&name, 0, true).await, 2);
    assert_eq!(new.put(&name, 0, &["new"]).await, 2);
    new.end(true, &name, 0, 3).await;
    let fetched = new.client.fetch(&name, 0, 0, true).await;
    let aborted = fetched.aborted_transactions.unwrap();
    assert_eq!(aborted.iter().map(|one| (one.producer_id.0, one.first_offset)).collect::<Vec<_>>(), [(old.id, 0)]);
}

async fn the_older_producer_is_fenced(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let transaction = cx.name("tx");
    let mut old = Producer::of(&cx, &transaction).await;
    assert_eq!(old.put(&name, 0, &["old"]).await, 0);
    let mut new = Producer::of(&cx, &transaction).await;
    for version in cx.versions::<AddPartitionsToTxnRequest>() {
        let code = if version < 2 { ErrorCode::InvalidProducerEpoch } else { ErrorCode::ProducerFenced };
        refused(old.add_at(version, &name, 0).await, code);
    }
    for version in cx.versions::<EndTxnRequest>() {
        let code = if version < 2 { ErrorCode::InvalidProducerEpoch } else { ErrorCode::ProducerFenced };
        refused(old.end_at(version, true).await, code);
    }
    for version in cx.versions::<AddOffsetsToTxnRequest>() {
        let code = if version < 2 { ErrorCode::InvalidProducerEpoch } else { ErrorCode::ProducerFenced };
        refused(old.add_offsets_at(version, &cx.name("g")).await, code);
    }
    refused(old.produce(&name, 0, &["late"]).await.0, ErrorCode::InvalidProducerEpoch);
    assert_eq!(new.put(&name, 0, &["new"]).await, 2);
    refused(old.produce(&name, 0, &["late"]).await.0, ErrorCode::InvalidProducerEpoch);
}

async fn ended_twice(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    for (round, commit) in [true, false].into_iter().enumerate() {
        producer.put(&name, 0, &["a"]).await;
        let marker = round as i64 * 2 + 1;
        producer.end(commit, &name, 0, marker).await;
        // The answer was lost: the same again. The other end is not to be had any more.
        fine(producer.end_at(4, commit).await);
        refused(producer.end_at(4, !commit).await, ErrorCode::InvalidTxnState);
        assert_eq!(producer.client.end(&name, 0, false).await, marker + 1, "one marker");
    }
}

async fn nothing_to_end(cx: Cx) {
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    for commit in [true, false] {
        refused(producer.end_at(4, commit).await, ErrorCode::InvalidTxnState);
    }
}

async fn transactions_nobody_has(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    let (transaction, id) = (producer.transaction.clone(), producer.id);
    for (transaction, id) in [(cx.name("nobody"), id), (transaction.clone(), id + 1_000_000)] {
        (producer.transaction, producer.id) = (transaction, id);
        refused(producer.add(&name, 0).await, ErrorCode::InvalidProducerIdMapping);
        refused(producer.end_at(4, true).await, ErrorCode::InvalidProducerIdMapping);
        refused(producer.add_offsets_at(4, &cx.name("g")).await, ErrorCode::InvalidProducerIdMapping);
    }
    (producer.transaction, producer.id, producer.epoch) = (transaction, id, producer.epoch + 3);
    refused(producer.add(&name, 0).await, ErrorCode::ProducerFenced);
    refused(producer.end_at(4, true).await, ErrorCode::ProducerFenced);
    producer.transaction = String::new();
    refused(producer.add(&name, 0).await, ErrorCode::InvalidRequest);
    refused(producer.end_at(4, true).await, ErrorCode::InvalidRequest);
}

async fn partitions_that_cannot_be_added(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    let mut request = producer.adding(&name, &[0, 9]);
    request.v3_and_below_topics.extend(producer.adding(&cx.name("nowhere"), &[0]).v3_and_below_topics);
    for version in cx.versions::<AddPartitionsToTxnRequest>() {
        let answer = producer.client.ask_at(version, request.clone()).await;
        let mut codes: Vec<_> = answer
            .results_by_topic_v3_and_below
            .iter()
            .flat_map(|topic| {
                let of = |one: &add_partitions_to_txn_response::AddPartitionsToTxnPartitionResult| {
                    (*topic.name == text(&name), one.partition_index, one.partition_error_code)
                };
                topic.results_by_partition.iter().map(of).collect::<Vec<_>>()
            })
            .collect();
        codes.sort();
        // All or nothing.
        assert_eq!(codes, [(false, 0, 3), (true, 0, 55), (true, 9, 3)]);
    }
    refused(producer.end_at(4, true).await, ErrorCode::InvalidTxnState);
}

async fn records_of_a_partition_not_added(cx: Cx) {
    let name = cx.topic("t", 2).await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    // No transaction at all, then one without this partition.
    for round in 0..2 {
        for version in cx.versions::<ProduceRequest>() {
            let records = transactional(producer.me(), 0, &["v"]);
            let request = produce_request(&name, 1, records, -1)
                .with_transactional_id(Some(TransactionalId(text(&producer.transaction))));
            let answer = producer.client.ask_at(version, request).await;
            outside(answer.responses[0].partition_responses[0].error_code);
        }
        assert_eq!(producer.client.end(&name, 1, false).await, 0, "round {round}");
        fine(producer.add(&name, 0).await);
    }
    assert_eq!(producer.put(&name, 1, &["v"]).await, 0);
    producer.end(true, &name, 1, 1).await;
    // The next transaction has none of the last one's.
    outside(producer.produce(&name, 1, &["v"]).await.0);
    // And records outside any, of a producer that has an open one.
    assert_eq!(producer.put(&name, 1, &["v"]).await, 2);
    let outside = numbered(producer.me(), producer.sequence, &["v"]);
    refused(producer.client.produce(&name, 1, outside).await.0, ErrorCode::InvalidTxnState);
}

async fn a_transaction_takes_too_long(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut producer = Producer::with_time(&cx, &cx.name("tx"), 600).await;
    assert_eq!(producer.put(&name, 0, &["late"]).await, 0);
    let began = std::time::Instant::now();
    while producer.client.end(&name, 0, true).await == 0 {
        producer.client.sleep(Duration::from_millis(20)).await;
    }
    let waited = began.elapsed();
    assert!(waited >= Duration::from_millis(400) && waited < Duration::from_secs(5), "{waited:?}");
    let fetched = producer.client.fetch(&name, 0, 0, true).await;
    assert_eq!(fetched.aborted_transactions.unwrap().len(), 1);
    refused(producer.end_at(4, true).await, ErrorCode::ProducerFenced);
    refused(producer.add(&name, 0).await, ErrorCode::ProducerFenced);
    refused(producer.produce(&name, 0, &["later"]).await.0, ErrorCode::InvalidProducerEpoch);
    assert_eq!(producer.client.end(&name, 0, false).await, 2);
    let mut next = Producer::of(&cx, &cx.name("tx")).await;
    assert_eq!(next.put(&name, 0, &["new"]).await, 2);
}

async fn sequences_go_on_over_transactions(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    assert_eq!(producer.put(&name, 0, &["a"]).await, 0);
    producer.end(true, &name, 0, 1).await;
    fine(producer.add(&name, 0).await);
    producer.sequence = 5;
    refused(producer.produce(&name, 0, &["b"]).await.0, ErrorCode::OutOfOrderSequenceNumber);
    producer.sequence = 1;
    assert_eq!(producer.produce(&name, 0, &["b"]).await, (0, 2));
    // A batch sent twice within a transaction.
    producer.sequence = 1;
    assert_eq!(producer.produce(&name, 0, &["b"]).await, (0, 2));
    producer.end(true, &name, 0, 3).await;
    assert_eq!(producer.client.end(&name, 0, true).await, 4);
}

async fn many_partitions_end_at_once(cx: Cx) {
    let (one, two) = (cx.topic("one", 3).await, cx.topic("two", 1).await);
    let mut producer = Producer::of(&cx, &cx.name("tx")).await;
    for (topic, partition) in [(&one, 0), (&one, 2), (&two, 0)] {
        producer.sequence = 0;
        assert_eq!(producer.put(topic, partition, &["v"]).await, 0);
    }
    fine(producer.add(&one, 1).await);
    for (topic, partition) in [(&one, 0), (&one, 2), (&two, 0)] {
        assert_eq!(producer.client.end(topic, partition, true).await, 0);
    }
    fine(producer.end_at(4, true).await);
    // Partitions without records have the marker too.
    for (topic, partition, end) in [(&one, 0, 2), (&one, 1, 1), (&one, 2, 2), (&two, 0, 2)] {
        while producer.client.end(topic, partition, true).await < end {
            producer.client.sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(producer.client.end(topic, partition, false).await, end);
    }
}
