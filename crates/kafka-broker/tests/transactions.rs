//! Idempotence and transactions, by raw requests.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use client::transactions::{
    Committed, Identity, OUTSIDE, end_request, init_request, plain, sequenced, transactional_produce,
    txn_commit_request,
};
use client::{Client, on_both};
use env::Env;
use env_sim::{DiskFault, DiskOperation, Sim};
use kafka_broker::{Broker, BrokerConfig, Data, Handle};
use kafka_wire::messages::{DeleteGroupsRequest, GroupId};
use kafka_wire::{ErrorCode, StrBytes};

async fn restart(env: &Env, broker: Handle) -> (Handle, Client) {
    let (addr, data) = (broker.addr(), broker.data());
    broker.stop().await;
    let broker = Broker::start_with(env, BrokerConfig::new(addr), data).await.unwrap();
    let client = Client::connect(env, &broker).await;
    (broker, client)
}

fn seen(values: &[&str], stable_offset: i64, high_watermark: i64) -> Committed {
    Committed { values: values.iter().map(|value| (*value).to_owned()).collect(), stable_offset, high_watermark }
}

#[test]
fn a_batch_sent_twice_is_written_once_also_after_a_restart() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        let (code, who) = client.init(None, None).await;
        assert_eq!((code, who.epoch), (0, 0));
        let first = sequenced(who, 0, &["a", "b"], false);
        assert_eq!(client.produce("t", 0, first.clone()).await, (0, 0));
        assert_eq!(client.produce("t", 0, first.clone()).await, (0, 0));
        let gap = sequenced(who, 3, &["d"], false);
        assert_eq!(client.produce("t", 0, gap.clone()).await.0, ErrorCode::OutOfOrderSequenceNumber.code());
        let (_broker, mut client) = restart(&env, broker).await;
        assert_eq!(client.produce("t", 0, first).await, (0, 0));
        assert_eq!(client.produce("t", 0, gap).await.0, ErrorCode::OutOfOrderSequenceNumber.code());
        assert_eq!(client.produce("t", 0, sequenced(who, 2, &["c"], false)).await, (0, 2));
        let (_, other) = client.init(None, None).await;
        assert!(other.id > who.id);
        // Of a producer unknown here, any sequence number is taken.
        assert_eq!(client.produce("t", 0, sequenced(other, 9, &["x"], false)).await, (0, 3));
        let newer = Identity { epoch: 1, ..other };
        assert_eq!(client.produce("t", 0, sequenced(newer, 10, &["x"], false)).await.0, 45);
        assert_eq!(client.produce("t", 0, sequenced(newer, 0, &["y"], false)).await, (0, 4));
        assert_eq!(client.produce("t", 0, sequenced(other, 10, &["z"], false)).await.0, 47);
    });
}

#[test]
fn what_is_committed_is_seen_whole_and_what_is_aborted_never() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 2).await;
        let (one, two) = (client.begin("one").await, client.begin("two").await);
        assert_eq!(client.add("one", one, &[("t", 0), ("t", 1)]).await, 0);
        assert_eq!(client.add("two", two, &[("t", 0)]).await, 0);
        assert_eq!(client.produce("t", 0, plain(&["before"])).await, (0, 0));
        assert_eq!(client.produce_in("one", "t", 0, sequenced(one, 0, &["1", "2"], true)).await, (0, 1));
        assert_eq!(client.produce_in("two", "t", 0, sequenced(two, 0, &["x"], true)).await, (0, 3));
        assert_eq!(client.produce_in("one", "t", 1, sequenced(one, 0, &["3"], true)).await, (0, 0));
        assert_eq!(client.produce("t", 0, plain(&["after"])).await, (0, 4));
        assert_eq!(client.committed_values("t", 0, 0).await, seen(&["before"], 1, 5));
        assert_eq!(client.committed_values("t", 1, 0).await, seen(&[], 0, 1));
        assert_eq!(client.list_committed("t", 0, -1).await, (0, 1));
        assert_eq!(client.list_committed("t", 0, 1).await, (0, 0));
        assert_eq!(client.list_committed("t", 1, -3).await, (0, -1), "the latest time is not committed");
        assert_eq!(client.list_offset("t", 0, -1).await, (0, 5, -1));
        // Nothing beyond is given, and nothing before the end is refused.
        assert_eq!(client.committed_values("t", 0, 4).await, seen(&[], 1, 5));

        assert_eq!(client.end("two", two, false).await, 0);
        assert_eq!(client.committed_values("t", 0, 0).await, seen(&["before"], 1, 6));
        assert_eq!(client.end("one", one, true).await, 0);
        assert_eq!(client.committed_values("t", 0, 0).await, seen(&["before", "1", "2", "after"], 7, 7));
        assert_eq!(client.committed_values("t", 1, 0).await, seen(&["3"], 2, 2));
        assert_eq!(client.committed_values("t", 0, 2).await, seen(&["2", "after"], 7, 7));
        assert_eq!(client.list_committed("t", 0, -1).await, (0, 7));
        // It asks again, since it has not seen the answer.
        assert_eq!(client.end("one", one, true).await, 0);
        assert_eq!(client.end("one", one, false).await, ErrorCode::InvalidTxnState.code());
        // The sequence goes on in the next transaction, and with another broker.
        let (_broker, mut client) = restart(&env, broker).await;
        assert_eq!(client.committed_values("t", 0, 0).await, seen(&["before", "1", "2", "after"], 7, 7));
        assert_eq!(client.add("one", one, &[("t", 0)]).await, 0);
        assert_eq!(client.produce_in("one", "t", 0, sequenced(one, 2, &["4"], true)).await, (0, 7));
        assert_eq!(client.end("one", one, true).await, 0);
        assert_eq!(client.committed_values("t", 0, 4).await, seen(&["after", "4"], 9, 9));
    });
}

#[test]
fn records_without_a_transaction_are_refused() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 2).await;
        let who = client.begin("one").await;
        let records = sequenced(who, 0, &["a"], true);
        let abortable = ErrorCode::TransactionAbortable.code();
        assert_eq!(client.produce_in("one", "t", 0, records.clone()).await.0, abortable);
        assert_eq!(client.add("one", who, &[("t", 1)]).await, 0);
        assert_eq!(client.produce_in("one", "t", 0, records.clone()).await.0, abortable, "another partition");
        let older = client.ask(10, transactional_produce("one", "t", 0, records.clone())).await;
        let older = &older.responses[0].partition_responses[0];
        assert_eq!(older.error_code, ErrorCode::InvalidTxnState.code());
        assert_eq!(older.error_message.as_deref(), Some("Partition was not added to the transaction"));
        let mapping = ErrorCode::InvalidProducerIdMapping.code();
        assert_eq!(client.produce_in("two", "t", 0, records.clone()).await.0, mapping);
        let stranger = Identity { id: who.id + 1, ..who };
        assert_eq!(client.produce_in("one", "t", 1, sequenced(stranger, 0, &["a"], true)).await.0, mapping);
        let newer = Identity { epoch: 1, ..who };
        assert_eq!(client.produce_in("one", "t", 1, sequenced(newer, 0, &["a"], true)).await.0, 47);
        assert_eq!(client.produce("t", 1, records.clone()).await.0, 53, "it names no transactional id");
        assert_eq!(client.produce_in("one", "t", 1, records).await, (0, 0));
        assert_eq!(client.produce("t", 1, sequenced(who, 1, &["b"], false)).await.0, 48);
        assert_eq!(client.end("one", who, true).await, 0);
        assert_eq!(client.list_offset("t", 0, -1).await.1, 0);
        // A transaction that is over takes no records.
        assert_eq!(client.produce_in("one", "t", 1, sequenced(who, 1, &["b"], true)).await.0, abortable);
        let nowhere = client.add("one", who, &[("t", 1), ("t", 2)]).await;
        assert_eq!(nowhere, ErrorCode::OperationNotAttempted.code());
        assert_eq!(client.end("one", who, false).await, 48, "nothing was added");
    });
}

#[test]
fn a_second_producer_fences_the_first() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        let first = client.begin("one").await;
        assert_eq!(client.add("one", first, &[("t", 0)]).await, 0);
        assert_eq!(client.produce_in("one", "t", 0, sequenced(first, 0, &["a"], true)).await, (0, 0));
        assert_eq!(client.init(Some("one"), None).await.0, ErrorCode::ConcurrentTransactions.code());
        let (code, second) = client.init(Some("one"), None).await;
        assert_eq!((code, second.id, second.epoch), (0, first.id, first.epoch + 2));
        let (fenced, old_error) = (ErrorCode::ProducerFenced.code(), ErrorCode::InvalidProducerEpoch.code());
        assert_eq!(client.produce_in("one", "t", 0, sequenced(first, 1, &["b"], true)).await.0, old_error);
        assert_eq!(client.add("one", first, &[("t", 0)]).await, fenced);
        assert_eq!(client.add_offsets("one", first, "g").await, fenced);
        assert_eq!(client.end("one", first, true).await, fenced);
        assert_eq!(client.ask(1, end_request("one", first, true)).await.error_code, old_error);
        assert_eq!(client.init(Some("one"), Some(first)).await.0, fenced);
        let asked = init_request(Some("one"), Duration::from_secs(1), Some(first));
        assert_eq!(client.ask(3, asked).await.error_code, old_error);
        assert_eq!(client.txn_commit("one", first, "g", "t", 1).await, old_error);
        // The second goes on after an error of its own, and asks twice.
        let (code, next) = client.init(Some("one"), Some(second)).await;
        assert_eq!((code, next.epoch), (0, second.epoch + 1));
        assert_eq!(client.init(Some("one"), Some(second)).await, (0, next));
        assert_eq!(client.committed_values("t", 0, 0).await, seen(&[], 2, 2));
    });
}

#[test]
fn what_makes_no_sense_is_refused() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        for (timeout, code) in [(0, 50), (900_000, 0), (900_001, 50)] {
            let answer = client.init_with(Some("a"), Duration::from_millis(timeout), None).await;
            assert_eq!(answer.0, code, "{timeout}");
        }
        assert_eq!(client.init(Some(""), None).await.0, ErrorCode::InvalidRequest.code());
        for odd in [Identity { id: 3, epoch: -1 }, Identity { id: -1, epoch: 3 }] {
            assert_eq!(client.init(Some("a"), Some(odd)).await, (42, Identity { id: -1, epoch: -1 }));
        }
        let nobody = Identity { id: 0, epoch: 0 };
        assert_eq!(client.add("", nobody, &[("t", 0)]).await, 42);
        assert_eq!(client.add("unknown", nobody, &[("t", 0)]).await, 49);
        assert_eq!(client.end("unknown", nobody, true).await, 49);
        assert_eq!(client.txn_commit("unknown", nobody, "g", "t", 1).await, 49);
        assert_eq!(client.txn_commit("unknown", nobody, "g", "nowhere", 1).await, 3);
        assert_eq!(client.txn_commit("unknown", nobody, "", "t", 1).await, 24);
    });
}

#[test]
fn offsets_of_a_transaction_count_once_it_is_committed() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        let who = client.begin("one").await;
        assert_eq!(client.txn_commit("one", who, "g", "t", 5).await, ErrorCode::TransactionAbortable.code());
        let older = client.ask(3, txn_commit_request("one", who, ("g", OUTSIDE), "t", 5)).await;
        assert_eq!(older.topics[0].partitions[0].error_code, ErrorCode::InvalidTxnState.code());
        assert_eq!(client.add_offsets("one", who, "g").await, 0);
        assert_eq!(client.txn_commit("one", who, "g", "t", 5).await, 0);
        assert_eq!(client.committed("g", "t").await, -1);
        assert_eq!(client.end("one", who, false).await, 0);
        assert_eq!(client.committed("g", "t").await, -1);

        assert_eq!(client.add_offsets("one", who, "g").await, 0);
        assert_eq!(client.txn_commit("one", who, "g", "t", 6).await, 0);
        // The group's members are asked about, if the committer says which it is.
        let member = txn_commit_request("one", who, ("g", ("nobody", 3)), "t", 9);
        let refused = client.ask(4, member).await.topics[0].partitions[0].error_code;
        assert!([22, 25].contains(&refused), "{refused}");
        // It waits through a restart.
        let (broker, mut client) = restart(&env, broker).await;
        assert_eq!(client.committed("g", "t").await, -1);
        assert_eq!(client.stable("g", "t").await, (ErrorCode::UnstableOffsetCommit.code(), -1));
        assert_eq!(client.stable("h", "t").await, (0, -1));
        assert_eq!(client.end("one", who, true).await, 0);
        assert_eq!(client.stable("g", "t").await, (0, 6));
        let (_broker, mut client) = restart(&env, broker).await;
        assert_eq!(client.committed("g", "t").await, 6);
    });
}

#[test]
fn a_deleted_group_is_not_brought_back_by_a_transaction() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        for group in ["g", "h"] {
            assert_eq!(client.commit(group, "", -1, "t", 1).await, 0);
        }
        let who = client.begin("one").await;
        for group in ["g", "h"] {
            assert_eq!(client.add_offsets("one", who, group).await, 0);
            assert_eq!(client.txn_commit("one", who, group, "t", 5).await, 0);
        }
        let request = DeleteGroupsRequest::default().with_groups_names(vec![GroupId(StrBytes::from_static_str("g"))]);
        assert_eq!(client.ask(2, request).await.results[0].error_code, 0);
        assert_eq!(client.stable("g", "t").await, (0, -1));
        assert_eq!(client.end("one", who, true).await, 0);
        assert_eq!((client.committed("g", "t").await, client.committed("h", "t").await), (-1, 5));
        let (_broker, mut client) = restart(&env, broker).await;
        assert_eq!((client.committed("g", "t").await, client.committed("h", "t").await), (-1, 5));
    });
}

#[test]
fn a_transaction_that_takes_too_long_is_aborted_on_time() {
    Sim::new(1).with_time_limit(Duration::from_secs(30 * 24 * 3600)).run(|env, _| async move {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        let timeout = Duration::from_secs(20);
        let (_, who) = client.init_with(Some("one"), timeout, None).await;
        assert_eq!(client.add("one", who, &[("t", 0)]).await, 0);
        assert_eq!(client.produce_in("one", "t", 0, sequenced(who, 0, &["a"], true)).await, (0, 0));
        // A reader waits for the marker.
        let began = env.clock().now();
        let mut request = client::fetch_request("t", 0, 0, Duration::from_secs(60)).with_isolation_level(1);
        request.min_bytes = 1;
        let mut reader = Client::connect(&env, &broker).await;
        let answer = reader.ask(12, request).await;
        let waited = env.clock().now() - began;
        assert!(waited > timeout - Duration::from_secs(1) && waited < timeout + Duration::from_secs(1), "{waited:?}");
        let partition = &answer.responses[0].partitions[0];
        assert_eq!(partition.aborted_transactions.as_ref().unwrap().len(), 1);
        assert_eq!(partition.last_stable_offset, 2);
        assert_eq!(client.end("one", who, true).await, ErrorCode::ProducerFenced.code());
        assert_eq!(client.produce_in("one", "t", 0, sequenced(who, 1, &["b"], true)).await.0, 47);
        let (code, next) = client.init(Some("one"), None).await;
        assert_eq!((code, next.epoch), (0, who.epoch + 2));

        // What is left of its time goes on after a restart.
        assert_eq!(client.add("one", next, &[("t", 0)]).await, 0);
        env.sleep(Duration::from_secs(30)).await;
        let (_broker, mut client) = restart(&env, broker).await;
        env.sleep(Duration::from_secs(25)).await;
        assert_eq!(client.add("one", next, &[("t", 0)]).await, 0, "it is still open");
        env.sleep(Duration::from_secs(10)).await;
        assert_eq!(client.add("one", next, &[("t", 0)]).await, ErrorCode::ProducerFenced.code());
        // An id that nobody uses is forgotten.
        env.sleep(Duration::from_secs(7 * 24 * 3600 + 3700)).await;
        let mut client = Client::connect(&env, &_broker).await;
        let next = Identity { epoch: next.epoch + 1, ..next };
        assert_eq!(client.add("one", next, &[("t", 0)]).await, ErrorCode::InvalidProducerIdMapping.code());
    });
}

#[test]
fn a_deleted_topic_does_not_hold_a_transaction_up() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        client.create("u", 1).await;
        let who = client.begin("one").await;
        assert_eq!(client.add("one", who, &[("t", 0), ("u", 0)]).await, 0);
        assert_eq!(client.produce_in("one", "u", 0, sequenced(who, 0, &["a"], true)).await, (0, 0));
        assert_eq!(client.add_offsets("one", who, "g").await, 0);
        assert_eq!(client.txn_commit("one", who, "g", "t", 5).await, 0);
        let gone = kafka_wire::messages::DeleteTopicsRequest::default()
            .with_topic_names(vec![kafka_wire::messages::TopicName("t".to_owned().into())]);
        assert_eq!(client.ask(5, gone).await.responses[0].error_code, 0);
        assert_eq!(client.end("one", who, true).await, 0);
        assert_eq!(client.committed_values("u", 0, 0).await, seen(&["a"], 2, 2));
        assert_eq!(client.committed("g", "t").await, -1);
    });
}

#[test]
fn a_decision_stands_while_markers_cannot_be_written() {
    Sim::new(1).run(|env, sim| async move {
        let listen = SocketAddr::new(sim.ip_of("broker"), 9092);
        let start = async || {
            let host = sim.env_for("broker");
            let data = Data::open(&host, Path::new("/data")).unwrap();
            Broker::start_with(&host, BrokerConfig::new(listen), data).await.unwrap()
        };
        let broker = start().await;
        let mut client = Client::connect(&env, &broker).await;
        client.create("a", 1).await;
        client.create("full", 1).await;
        let concurrent = ErrorCode::ConcurrentTransactions.code();
        for round in 0..2 {
            let who = client.begin("one").await;
            assert_eq!(client.add("one", who, &[("a", 0), ("full", 0)]).await, 0);
            for name in ["a", "full"] {
                assert_eq!(client.produce_in("one", name, 0, sequenced(who, 0, &["x"], true)).await, (0, 2 * round));
            }
            assert_eq!(client.add_offsets("one", who, "g").await, 0);
            assert_eq!(client.txn_commit("one", who, "g", "a", 5 + round).await, 0);
            let fault = DiskFault::next(DiskOperation::Write);
            sim.disk("broker").fail(DiskFault { times: u64::MAX, path_contains: "full-0".into(), ..fault });
            assert_eq!(client.end("one", who, true).await, 0);
            env.sleep(Duration::from_secs(100)).await;
            assert_eq!(client.end("one", who, true).await, concurrent);
            assert_eq!(client.add("one", who, &[("a", 0)]).await, concurrent);
            assert_eq!(client.init(Some("one"), None).await.0, concurrent);
            assert_eq!(client.stable("g", "a").await.0, ErrorCode::UnstableOffsetCommit.code());
            let end = 2 * round + 2;
            assert_eq!(client.list_committed("a", 0, -1).await, (0, end), "it has its marker");
            assert_eq!(client.list_committed("full", 0, -1).await, (0, end - 2));
            assert_eq!(client.list_offset("full", 0, -1).await.1, end - 1);
            sim.disk("broker").clear_faults();
            if round == 0 {
                env.sleep(Duration::from_secs(2)).await;
                assert_eq!(client.list_offset("a", 0, -1).await.1, end, "there is one marker");
            } else {
                sim.kill("broker");
            }
            if round == 0 {
                assert_eq!(client.end("one", who, true).await, 0);
                assert_eq!(client.list_committed("full", 0, -1).await, (0, end));
                assert_eq!(client.stable("g", "a").await, (0, 5));
            }
        }
        drop(broker);
        // The next broker completes it, before anybody can ask; a second marker does no harm.
        let broker = start().await;
        let mut client = Client::connect(&env, &broker).await;
        assert_eq!(client.stable("g", "a").await, (0, 6));
        assert_eq!(client.committed_values("full", 0, 0).await, seen(&["x", "x"], 4, 4));
        assert_eq!(client.committed_values("a", 0, 0).await, seen(&["x", "x"], 5, 5));
    });
}
