//! Which topics a consumer takes, and whether it makes some.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use env_sim::{SimHandle, replay};
use kafka_broker::{Broker, BrokerConfig, Data};
use kafka_client::ClientError;
use kafka_client::consumer::Event;
use kafka_wire::ApiKey;

use crate::clients::{admin_with, consumer, tp};
use crate::recorder::Recorder;
use crate::world::{BOOTSTRAP, BROKER, CLIENT, create, start};

/// The topics that a pattern which matches every name assigns.
async fn assigned<const N: usize>(sim: &SimHandle, extra: [(&str, &str); N]) -> Vec<String> {
    let _broker = start(sim, &Data::new(), None).await;
    create(sim, "a", 1).await;
    create(sim, "__consumer_offsets", 1).await;
    let mut reader = consumer(&sim.env_for(CLIENT), BOOTSTRAP, "g", extra);
    reader.subscribe_matching(Arc::new(|_| true)).unwrap();
    loop {
        match reader.poll(Duration::from_secs(1)).await.unwrap() {
            Event::Assigned(partitions) if !partitions.is_empty() => {
                return partitions.iter().map(|of| of.topic.to_string()).collect();
            }
            Event::Revoked(revoked) => drop(revoked),
            _ => {}
        }
    }
}

#[test]
fn a_pattern_leaves_out_kafkas_own_topics_unless_told_otherwise() {
    replay(71, async |_, sim| {
        assert_eq!(assigned(&sim, []).await, ["a"]);
    });
    replay(71, async |_, sim| {
        assert_eq!(assigned(&sim, [("exclude.internal.topics", "false")]).await, ["__consumer_offsets", "a"]);
    });
}

#[test]
fn a_subscription_makes_its_topic_unless_told_otherwise() {
    for (allow, expected) in [("true", 1), ("false", 0)] {
        replay(72, async |_, sim| {
            let data = Data::new();
            let mut config = BrokerConfig::new(SocketAddr::new(sim.ip_of(BROKER), 9092));
            config.advertised_host = Some(BROKER.to_owned());
            let _broker = Broker::start_with(&sim.env_for(BROKER), config, data.clone()).await.unwrap();
            let env = sim.env_for(CLIENT);
            let reader = consumer(&env, BOOTSTRAP, "g", [("allow.auto.create.topics", allow)]);
            reader.subscribe(["new"]).unwrap();
            env.sleep(Duration::from_secs(10)).await;
            assert_eq!(data.topics().len(), expected, "allow.auto.create.topics={allow}");
        });
    }
}

#[test]
fn members_say_that_they_live_every_heartbeat_interval_ms() {
    for (interval, millis) in [("1000", 1000), ("9000", 9000)] {
        replay(73, async |_, sim| {
            let recorder = Recorder::new(&sim);
            let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
            create(&sim, "t", 1).await;
            let env = sim.env_for(CLIENT);
            let reader = consumer(&env, BOOTSTRAP, "g", [("heartbeat.interval.ms", interval)]);
            reader.subscribe(["t"]).unwrap();
            env.sleep(Duration::from_secs(100)).await;
            let gaps = recorder.gaps(ApiKey::Heartbeat);
            assert!(gaps.len() >= 8, "{gaps:?}");
            for gap in gaps {
                assert!((millis..millis + 50).contains(&gap.as_millis()), "{gap:?}");
            }
        });
    }
}

#[test]
fn clients_say_their_client_id() {
    replay(74, async |_, sim| {
        let recorder = Recorder::new(&sim);
        let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
        let env = sim.env_for(CLIENT);
        admin_with(&env, BOOTSTRAP, [("client.id", "janitor")]).describe_cluster().await.unwrap();
        let reader = consumer(&env, BOOTSTRAP, "g", [("client.id", "reader")]);
        reader.subscribe(["t"]).unwrap();
        env.sleep(Duration::from_secs(5)).await;
        let names: Vec<_> = recorder.seen(ApiKey::Metadata).into_iter().map(|seen| seen.client_id.unwrap()).collect();
        assert_eq!((names[0].as_str(), names[1].as_str()), ("janitor", "reader"));
        let joined = recorder.seen(ApiKey::JoinGroup);
        assert_eq!(joined[0].client_id.as_deref(), Some("reader"));
    });
}

#[test]
fn without_a_policy_partitions_without_an_offset_are_told_together() {
    replay(75, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        create(&sim, "t", 3).await;
        let mut reader = consumer(&sim.env_for(CLIENT), BOOTSTRAP, "g", [("auto.offset.reset", "none")]);
        reader.commit(&BTreeMap::from([(tp("t", 1), 0)])).await.unwrap();
        reader.subscribe(["t"]).unwrap();
        let error = loop {
            match reader.poll(Duration::from_secs(1)).await {
                Ok(Event::Assigned(partitions)) => {
                    // Whoever asks for positions before the next poll is told, too.
                    assert_eq!(partitions.len(), 3);
                    assert_eq!(reader.position(&tp("t", 1)), Some(0));
                    let failure = reader.failure(&tp("t", 2)).unwrap();
                    assert!(matches!(failure, ClientError::NoOffset { .. }), "{failure}");
                }
                Ok(Event::Idle) => {}
                Ok(other) => panic!("{other:?}"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.to_string(), "Undefined offset with no reset policy for partitions: [t-0, t-2]");
    });
}
