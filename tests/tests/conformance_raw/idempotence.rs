//! Producers with ids and sequence numbers.

use std::collections::BTreeSet;

use kafka_wire::ErrorCode;
use kafka_wire::messages::*;

use super::client::Client;
use super::requests::*;
use super::runner::{Cx, cases};

cases![
    ids_in_every_version,
    ids_that_cannot_be_had,
    a_batch_sent_twice_is_kept_once,
    duplicates_within_five_batches,
    gaps_and_overlaps,
    epochs,
    an_unknown_producer,
    sequences_wrap,
    each_partition_counts_for_itself,
    a_refused_batch_takes_no_number,
];

async fn ids_in_every_version(cx: Cx) {
    let mut client = cx.connect().await;
    let mut seen = BTreeSet::new();
    for version in cx.versions::<InitProducerIdRequest>() {
        for _ in 0..3 {
            let request =
                InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(60_000);
            let request =
                if version >= 3 { request.with_producer_id(ProducerId(-1)).with_producer_epoch(-1) } else { request };
            let answer = client.ask_at(version, request).await;
            fine(answer.error_code);
            assert!(answer.producer_id.0 >= 0);
            assert_eq!(answer.producer_epoch, 0);
            assert!(seen.insert(answer.producer_id), "given twice");
        }
    }
}

async fn ids_that_cannot_be_had(cx: Cx) {
    let mut client = cx.connect().await;
    // An empty transactional id.
    refused(client.init_producer(Some(""), 60_000).await.error_code, ErrorCode::InvalidRequest);
    for timeout in [0, -1, i32::MAX] {
        let answer = client.init_producer(Some(&cx.name("t")), timeout).await;
        refused(answer.error_code, ErrorCode::InvalidTransactionTimeout);
        assert_eq!((answer.producer_id, answer.producer_epoch), (ProducerId(-1), -1));
    }
    // An id without its epoch, and the reverse.
    for (id, epoch) in [(5, -1), (-1, 5)] {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(TransactionalId(text(&cx.name("t")))))
            .with_transaction_timeout_ms(60_000)
            .with_producer_id(ProducerId(id))
            .with_producer_epoch(epoch);
        refused(client.ask(request).await.error_code, ErrorCode::InvalidRequest);
    }
}

async fn start(cx: &Cx) -> (Client, String, (i64, i16)) {
    let name = cx.topic("t", 2).await;
    let mut client = cx.connect().await;
    let answer = client.init_producer(None, 60_000).await;
    fine(answer.error_code);
    (client, name, (answer.producer_id.0, answer.producer_epoch))
}

async fn a_batch_sent_twice_is_kept_once(cx: Cx) {
    let (mut client, name, me) = start(&cx).await;
    let first = numbered(me, 0, &["a", "b"]);
    assert_eq!(client.produce(&name, 0, first.clone()).await, (0, 0));
    assert_eq!(client.produce(&name, 0, first.clone()).await, (0, 0), "the original's offset");
    assert_eq!(client.produce(&name, 0, numbered(me, 2, &["c"])).await, (0, 2));
    assert_eq!(client.produce(&name, 0, first).await, (0, 0));
    assert_eq!(client.end(&name, 0, false).await, 3);
}

async fn duplicates_within_five_batches(cx: Cx) {
    let (mut client, name, me) = start(&cx).await;
    for sequence in 0..7 {
        let sent = numbered(me, sequence, &["v"]);
        assert_eq!(client.produce(&name, 0, sent).await, (0, i64::from(sequence)));
    }
    for sequence in 2..7 {
        assert_eq!(client.produce(&name, 0, numbered(me, sequence, &["v"])).await, (0, i64::from(sequence)));
    }
    for sequence in 0..2 {
        refused(client.produce(&name, 0, numbered(me, sequence, &["v"])).await.0, ErrorCode::OutOfOrderSequenceNumber);
    }
    assert_eq!(client.produce(&name, 0, numbered(me, 7, &["v"])).await, (0, 7));
}

async fn gaps_and_overlaps(cx: Cx) {
    let (mut client, name, me) = start(&cx).await;
    fine(client.produce(&name, 0, numbered(me, 0, &["a", "b"])).await.0);
    for (sequence, values) in [(3, &["c"][..]), (1, &["b", "c"]), (0, &["a"]), (0, &["a", "b", "c"]), (1, &["b"])] {
        let (code, base) = client.produce(&name, 0, numbered(me, sequence, values)).await;
        refused(code, ErrorCode::OutOfOrderSequenceNumber);
        assert_eq!(base, -1);
    }
    assert_eq!(client.produce(&name, 0, numbered(me, 2, &["c"])).await, (0, 2));
}

async fn epochs(cx: Cx) {
    let (mut client, name, (id, _)) = start(&cx).await;
    fine(client.produce(&name, 0, numbered((id, 3), 0, &["a"])).await.0);
    // A new epoch begins at 0 again.
    refused(client.produce(&name, 0, numbered((id, 4), 1, &["b"])).await.0, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(client.produce(&name, 0, numbered((id, 4), 0, &["b"])).await, (0, 1));
    refused(client.produce(&name, 0, numbered((id, 3), 1, &["c"])).await.0, ErrorCode::InvalidProducerEpoch);
    assert_eq!(client.produce(&name, 0, numbered((id, 4), 1, &["c"])).await, (0, 2));
}

async fn an_unknown_producer(cx: Cx) {
    let (mut client, name, _) = start(&cx).await;
    // Nobody gave these ids out; the first batch may have any number, as all before may have been deleted.
    assert_eq!(client.produce(&name, 0, numbered((987_654, 0), 0, &["a"])).await, (0, 0));
    assert_eq!(client.produce(&name, 0, numbered((987_655, 0), 17, &["a"])).await, (0, 1));
    refused(
        client.produce(&name, 0, numbered((987_655, 0), 17 + 2, &["a"])).await.0,
        ErrorCode::OutOfOrderSequenceNumber,
    );
    assert_eq!(client.produce(&name, 0, numbered((987_655, 0), 18, &["a"])).await, (0, 2));
}

async fn sequences_wrap(cx: Cx) {
    let (mut client, name, (id, epoch)) = start(&cx).await;
    let me = (id, epoch);
    assert_eq!(client.produce(&name, 0, numbered(me, i32::MAX - 1, &["a", "b", "c"])).await, (0, 0));
    refused(client.produce(&name, 0, numbered(me, 0, &["d"])).await.0, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(client.produce(&name, 0, numbered(me, 1, &["d"])).await, (0, 3));
    assert_eq!(client.produce(&name, 0, numbered(me, i32::MAX - 1, &["a", "b", "c"])).await, (0, 0));
}

async fn each_partition_counts_for_itself(cx: Cx) {
    let (mut client, name, me) = start(&cx).await;
    assert_eq!(client.produce(&name, 0, numbered(me, 0, &["a"])).await, (0, 0));
    assert_eq!(client.produce(&name, 1, numbered(me, 0, &["a"])).await, (0, 0));
    assert_eq!(client.produce(&name, 0, numbered(me, 1, &["b"])).await, (0, 1));
    assert_eq!(client.produce(&name, 1, numbered(me, 0, &["a"])).await, (0, 0));
}

async fn a_refused_batch_takes_no_number(cx: Cx) {
    let (mut client, name, me) = start(&cx).await;
    let mut damaged = numbered(me, 0, &["a"]).to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    refused(client.produce(&name, 0, damaged.into()).await.0, ErrorCode::CorruptMessage);
    assert_eq!(client.produce(&name, 0, numbered(me, 0, &["a"])).await, (0, 0));
}
