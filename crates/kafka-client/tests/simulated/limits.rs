//! Time-outs, limits and ends.

use std::collections::BTreeMap;
use std::time::Duration;

use env_sim::replay;
use kafka_broker::Data;
use kafka_client::consumer::{Event, StartAt};
use kafka_client::{ClientError, Consumer};

use crate::clients::{Rec, admin, append_all, consume, consumer, produce_well, producer, rows, tp, values};
use crate::world::{BOOTSTRAP, BROKER, CLIENT, create, start};

fn seconds(since: env::Instant, now: env::Instant) -> u64 {
    now.saturating_since(since).as_secs()
}

#[test]
fn rows_wait_for_a_topic_as_long_as_they_may() {
    replay(1, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        let env = sim.env_for(CLIENT);
        let producer = producer(&env, BOOTSTRAP, [("max.block.ms", "60000")]);
        let rows = rows("nowhere", &[Rec::value("a")]);
        let begun = env.clock().now();
        assert_eq!(producer.append(&rows, 0..1), Ok(0));
        let error = producer.ready().await.unwrap_err();
        assert_eq!(error, ClientError::Timeout("Topic nowhere not present in metadata after 60000 ms.".into()));
        assert_eq!(seconds(begun, env.clock().now()), 60);
        // It appears later: the same row goes.
        assert_eq!(producer.append(&rows, 0..1), Ok(0));
        create(&sim, "nowhere", 1).await;
        producer.ready().await.unwrap();
        assert_eq!(producer.append(&rows, 0..1), Ok(1));
        assert!(producer.close(Duration::from_secs(10)).await);
    });
}

#[test]
fn batches_are_given_up_after_the_delivery_timeout() {
    replay(2, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        create(&sim, "t", 1).await;
        let env = sim.env_for(CLIENT);
        let extra = [("delivery.timeout.ms", "30000"), ("request.timeout.ms", "5000")];
        let producer = producer(&env, BOOTSTRAP, extra);
        produce_well(&producer, "t", &[Rec::value("a")]).await;
        sim.network().partition(CLIENT, BROKER);
        let begun = env.clock().now();
        let records = [Rec::value("b"), Rec::value("c")];
        append_all(&producer, &rows("t", &records)).await;
        let completions = producer.completions().await;
        let waited = seconds(begun, env.clock().now());
        assert!((30..40).contains(&waited), "{waited}");
        let error = completions[0].error.clone().unwrap();
        assert_eq!(error.java_class(), "org.apache.kafka.common.errors.TimeoutException");
        assert_eq!(completions[0].len(), 2);
        // And goes on when the network does.
        sim.network().heal_all();
        produce_well(&producer, "t", &[Rec::value("d")]).await;
    });
}

#[test]
fn a_silent_broker_is_left_after_the_request_timeout() {
    replay(3, async |_, sim| {
        let data = Data::new();
        let _broker = start(&sim, &data, None).await;
        create(&sim, "t", 1).await;
        let env = sim.env_for(CLIENT);
        let producer = producer(&env, BOOTSTRAP, [("request.timeout.ms", "3000")]);
        produce_well(&producer, "t", &[Rec::value("a")]).await;
        // The request arrives, its answer does not.
        sim.network().block(BROKER, CLIENT);
        append_all(&producer, &rows("t", &[Rec::value("b")])).await;
        env.sleep(Duration::from_secs(2)).await;
        assert_eq!(producer.outstanding(), 1);
        env.sleep(Duration::from_secs(4)).await;
        sim.network().heal_all();
        assert_eq!(producer.completions().await[0].error, None);
        assert!(producer.close(Duration::from_secs(10)).await);
        assert!(data.end_offset("t", 0) >= 2);
    });
}

/// Found by a simulated history: what was read to its end one record at a time went on filling the buffer.
#[test]
fn a_small_buffer_is_emptied_and_filled_again() {
    replay(12, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        create(&sim, "t", 1).await;
        let env = sim.env_for(CLIENT);
        let producer = producer(&env, BOOTSTRAP, []);
        for batch in 0..5 {
            produce_well(&producer, "t", &[Rec::value(format!("a{batch}")), Rec::value(format!("b{batch}"))]).await;
        }
        let mut reader = consumer(&env, BOOTSTRAP, "g", [("fetch.max.bytes", "1"), ("max.poll.records", "1")]);
        reader.subscribe(["t"]).unwrap();
        assert_eq!(values(&consume(&env, &mut reader, 10).await, 0).len(), 10);
        reader.close(Duration::from_secs(10)).await;
    });
}

#[test]
fn a_cluster_that_has_moved_is_found_through_its_name() {
    replay(4, async |_, sim| {
        let data = Data::new();
        let mut config = kafka_broker::BrokerConfig::new(std::net::SocketAddr::new(sim.ip_of(BROKER), 9092));
        config.advertised_host = Some(sim.ip_of(BROKER).to_string());
        let old = kafka_broker::Broker::start_with(&sim.env_for(BROKER), config.clone(), data.clone()).await.unwrap();
        sim.network().set_name("kafka", vec![sim.ip_of(BROKER)]);
        let env = sim.env_for(CLIENT);
        let producer = producer(&env, "kafka:9092", []);
        produce_well(&producer, "t", &[Rec::value("a")]).await;
        old.stop().await;
        config.listen = std::net::SocketAddr::new(sim.ip_of("elsewhere"), 9092);
        config.advertised_host = Some(sim.ip_of("elsewhere").to_string());
        let _new = kafka_broker::Broker::start_with(&sim.env_for("elsewhere"), config, data.clone()).await.unwrap();
        sim.network().set_name("kafka", vec![sim.ip_of("elsewhere")]);
        produce_well(&producer, "t", &[Rec::value("b")]).await;
        assert_eq!(data.end_offset("t", 0), 2);
    });
}

#[test]
fn a_name_without_address_is_an_error_at_first_only() {
    replay(5, async |_, sim| {
        let env = sim.env_for(CLIENT);
        let unknown = admin(&env, "unknown:9092");
        let begun = env.clock().now();
        let error = unknown.describe_cluster().await.unwrap_err();
        assert!(matches!(error, ClientError::UnresolvableHost { .. }), "{error}");
        assert!(seconds(begun, env.clock().now()) < 2);
        let producer = producer(&env, "unknown:9092", []);
        let rows = rows("t", &[Rec::value("a")]);
        assert_eq!(producer.append(&rows, 0..1), Ok(0));
        assert!(matches!(producer.ready().await, Err(ClientError::UnresolvableHost { .. })));
        let mut reader = consumer(&env, "unknown:9092", "g", []);
        reader.subscribe(["t"]).unwrap();
        assert!(matches!(reader.poll(Duration::from_secs(60)).await, Err(ClientError::UnresolvableHost { .. })));

        // A name that is known, but where nobody listens, is waited for.
        sim.ip_of(BROKER);
        let error = admin(&env, BOOTSTRAP).describe_cluster().await.unwrap_err();
        assert!(matches!(error, ClientError::Timeout(_)), "{error}");
    });
}

#[test]
fn an_idle_client_closes_its_connection_and_opens_it_again() {
    replay(6, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        create(&sim, "t", 1).await;
        let env = sim.env_for(CLIENT);
        let producer =
            producer(&env, BOOTSTRAP, [("connections.max.idle.ms", "60000"), ("metadata.max.age.ms", "3600000")]);
        env.sleep(Duration::from_secs(1)).await;
        assert_eq!(sim.network().connections().len(), 0, "creating one opens nothing");
        produce_well(&producer, "t", &[Rec::value("a")]).await;
        assert_eq!(sim.network().connections().len(), 1, "one address, one connection");
        env.sleep(Duration::from_secs(59)).await;
        assert_eq!(sim.network().connections().len(), 1);
        env.sleep(Duration::from_secs(2)).await;
        assert_eq!(sim.network().connections().len(), 0);
        produce_well(&producer, "t", &[Rec::value("b")]).await;
    });
}

/// Polls until partitions are assigned.
async fn until_assigned(reader: &mut Consumer) {
    while !matches!(reader.poll(Duration::from_secs(1)).await.unwrap(), Event::Assigned(partitions) if !partitions.is_empty())
    {
    }
}

#[test]
fn a_member_that_does_not_poll_makes_room_for_others() {
    replay(7, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        create(&sim, "t", 1).await;
        let env = sim.env_for(CLIENT);
        let mut stuck = consumer(&env, BOOTSTRAP, "g", [("max.poll.interval.ms", "30000")]);
        stuck.subscribe(["t"]).unwrap();
        until_assigned(&mut stuck).await;
        let mut other = consumer(&env, BOOTSTRAP, "g", []);
        let begun = env.clock().now();
        other.subscribe(["t"]).unwrap();
        until_assigned(&mut other).await;
        let waited = seconds(begun, env.clock().now());
        assert!((28..40).contains(&waited), "{waited}");
        // Back from its work, it hears of it and takes part again.
        assert!(matches!(stuck.poll(Duration::from_secs(60)).await.unwrap(), Event::Lost(_)));
        let offsets = BTreeMap::from([(tp("t", 0), 1)]);
        assert!(stuck.commit(&offsets).await.is_err());
        drop(other);
        until_assigned(&mut stuck).await;
        stuck.commit(&offsets).await.unwrap();
    });
}

#[test]
fn a_dropped_member_leaves_and_a_killed_one_is_waited_for() {
    replay(8, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        create(&sim, "t", 1).await;
        let env = sim.env_for(CLIENT);
        let first = consumer(&sim.env_for("first"), BOOTSTRAP, "g", []);
        let second = consumer(&sim.env_for("second"), BOOTSTRAP, "g", []);
        let mut third = consumer(&env, BOOTSTRAP, "g", [("session.timeout.ms", "20000")]);
        let mut first = first;
        first.subscribe(["t"]).unwrap();
        until_assigned(&mut first).await;
        drop(first);
        let begun = env.clock().now();
        let mut second = second;
        second.subscribe(["t"]).unwrap();
        until_assigned(&mut second).await;
        assert!(seconds(begun, env.clock().now()) < 3, "it has left");
        sim.kill("second");
        let begun = env.clock().now();
        third.subscribe(["t"]).unwrap();
        until_assigned(&mut third).await;
        let waited = seconds(begun, env.clock().now());
        assert!((40..60).contains(&waited), "the session time-out: {waited}");
    });
}

#[test]
fn closing_in_the_middle_of_a_rebalance_does_not_wait_for_it() {
    replay(9, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        create(&sim, "t", 1).await;
        let env = sim.env_for(CLIENT);
        let mut holder = consumer(&env, BOOTSTRAP, "g", []);
        holder.subscribe(["t"]).unwrap();
        until_assigned(&mut holder).await;
        // Its JoinGroup is held back until the holder gives up its partition, which it does not.
        let joining = consumer(&env, BOOTSTRAP, "g", []);
        joining.subscribe(["t"]).unwrap();
        env.sleep(Duration::from_secs(5)).await;
        let begun = env.clock().now();
        joining.close(Duration::from_secs(60)).await;
        assert!(seconds(begun, env.clock().now()) < 5);
    });
}

#[test]
fn what_is_fetched_ahead_is_bounded() {
    replay(10, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        create(&sim, "t", 2).await;
        let env = sim.env_for(CLIENT);
        let producer = producer(&env, BOOTSTRAP, [("batch.size", "1000")]);
        let records: Vec<Rec> = (0..2000).map(|at| Rec::value(format!("{at:0100}")).on(at % 2)).collect();
        produce_well(&producer, "t", &records).await;
        let extra = [("max.partition.fetch.bytes", "5000"), ("fetch.max.bytes", "12000"), ("max.poll.records", "7")];
        let mut reader = consumer(&env, BOOTSTRAP, "g", extra);
        reader.assign((0..2).map(|partition| (tp("t", partition), StartAt::Earliest)).collect()).unwrap();
        let mut found = Vec::new();
        while found.iter().map(|each: &kafka_client::consumer::FetchedRecords| each.records.len()).sum::<usize>() < 2000
        {
            if let Event::Records(fetched) = reader.poll(Duration::from_secs(1)).await.unwrap() {
                assert!(fetched.iter().map(|each| each.records.len()).sum::<usize>() <= 7);
                found.extend(fetched);
            }
            env.sleep(Duration::from_millis(5)).await;
            assert!(reader.buffered() <= 24_000, "{}", reader.buffered());
        }
        for partition in 0..2 {
            let expected: Vec<_> =
                (0..1000).map(|at| (at, format!("{:0100}", at * 2 + i64::from(partition)))).collect();
            assert_eq!(values(&found, partition), expected);
        }
    });
}

#[test]
fn reading_goes_on_from_an_offset_after_the_broker_was_away() {
    replay(11, async |_, sim| {
        let data = Data::new();
        let broker = start(&sim, &data, None).await;
        create(&sim, "t", 1).await;
        let env = sim.env_for(CLIENT);
        let producer = producer(&env, BOOTSTRAP, []);
        produce_well(&producer, "t", &[Rec::value("a")]).await;
        let mut reader = consumer(&env, BOOTSTRAP, "g", []);
        reader.assign(BTreeMap::from([(tp("t", 0), StartAt::Earliest)])).unwrap();
        assert_eq!(values(&consume(&env, &mut reader, 1).await, 0), [(0, "a".to_owned())]);
        broker.stop().await;
        for _ in 0..20 {
            assert!(matches!(reader.poll(Duration::from_secs(1)).await.unwrap(), Event::Idle));
        }
        let _broker = start(&sim, &data, None).await;
        produce_well(&producer, "t", &[Rec::value("b")]).await;
        assert_eq!(values(&consume(&env, &mut reader, 1).await, 0), [(1, "b".to_owned())]);
    });
}
