//! When clients ask for metadata without a reason, and when they begin anew with the addresses they were given.

use std::net::SocketAddr;
use std::time::Duration;

use env_sim::{SimHandle, replay};
use kafka_broker::{Broker, BrokerConfig, Data, Handle};
use kafka_wire::ApiKey;

use crate::clients::{Rec, append_all, consumer, produce_well, producer, rows};
use crate::recorder::Recorder;
use crate::world::{BOOTSTRAP, BROKER, CLIENT, create, start};

fn assert_all(gaps: &[Duration], least: usize, millis: u64) {
    assert!(gaps.len() >= least, "{gaps:?}");
    for gap in gaps {
        assert!((millis..millis + 50).contains(&(gap.as_millis() as u64)), "{gaps:?}");
    }
}

#[test]
fn metadata_is_refreshed_once_it_is_metadata_max_age_ms_old() {
    for (age, seconds) in [("7000", 60), ("300000", 1600)] {
        replay(61, async |_, sim| {
            let recorder = Recorder::new(&sim);
            let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
            create(&sim, "t", 1).await;
            let env = sim.env_for(CLIENT);
            let extra = [("metadata.max.age.ms", age), ("metadata.max.idle.ms", "3600000")];
            let producer = producer(&env, BOOTSTRAP, extra);
            produce_well(&producer, "t", &[Rec::value("a")]).await;
            recorder.clear();
            env.sleep(Duration::from_secs(seconds)).await;
            assert_all(&recorder.gaps(ApiKey::Metadata), 4, age.parse().unwrap());
            drop(producer);

            let reader = consumer(&env, BOOTSTRAP, "g", [("metadata.max.age.ms", age)]);
            reader.subscribe(["t"]).unwrap();
            env.sleep(Duration::from_secs(5)).await;
            recorder.clear();
            env.sleep(Duration::from_secs(seconds)).await;
            assert_all(&recorder.gaps(ApiKey::Metadata), 4, age.parse().unwrap());
        });
    }
}

/// For how many seconds a producer that is done goes on refreshing its only topic.
async fn remembered<const N: usize>(sim: &SimHandle, extra: [(&str, &str); N]) -> u64 {
    let recorder = Recorder::new(sim);
    let _broker = start(sim, &Data::new(), Some(recorder.clone())).await;
    create(sim, "t", 1).await;
    let env = sim.env_for(CLIENT);
    let producer = producer(&env, BOOTSTRAP, extra);
    produce_well(&producer, "t", &[Rec::value("a")]).await;
    let begun = env.clock().now();
    env.sleep(Duration::from_secs(1000)).await;
    recorder.seen(ApiKey::Metadata).last().unwrap().at.saturating_since(begun).as_secs()
}

#[test]
fn topics_are_forgotten_after_metadata_max_idle_ms() {
    for (idle, expected) in [(Some("20000"), 20..25), (None, 300..305)] {
        replay(62, async |_, sim| {
            let extra = [("metadata.max.age.ms", "2000"), ("metadata.max.idle.ms", idle.unwrap_or("300000"))];
            let seconds = remembered(&sim, extra).await;
            assert!(expected.contains(&seconds), "{seconds}");
        });
    }
}

/// A broker on a machine of the cluster `kafka`, told by its address.
async fn serve(sim: &SimHandle, host: &str, data: &Data) -> Handle {
    let mut config = BrokerConfig::new(SocketAddr::new(sim.ip_of(host), 9092));
    config.advertised_host = Some(sim.ip_of(host).to_string());
    let broker = Broker::start_with(&sim.env_for(host), config, data.clone()).await.unwrap();
    sim.network().set_name("kafka", vec![sim.ip_of(host)]);
    broker
}

/// After how many milliseconds a producer finds a cluster whose only broker fell silent and was replaced; none within
/// five minutes.
async fn found_again<const N: usize>(sim: &SimHandle, extra: [(&str, &str); N]) -> Option<u128> {
    let data = Data::new();
    let _silent = serve(sim, BROKER, &data).await;
    let env = sim.env_for(CLIENT);
    let producer = producer(&env, "kafka:9092", extra);
    produce_well(&producer, "t", &[Rec::value("a")]).await;
    sim.network().partition(CLIENT, BROKER);
    let _new = serve(sim, "elsewhere", &data).await;
    let begun = env.clock().now();
    append_all(&producer, &rows("t", &[Rec::value("b")])).await;
    let completions = env.timeout(Duration::from_secs(300), producer.completions()).await.ok()?;
    assert_eq!(completions[0].error, None);
    Some(env.clock().now().saturating_since(begun).as_millis())
}

#[test]
fn a_cluster_that_is_silent_is_looked_for_anew_after_the_trigger() {
    // The request that is not answered, then as long as it takes to be sure that nobody answers.
    for (trigger, expected) in [("6000", 9_000..9_500), ("12000", 15_000..15_500)] {
        replay(63, async |_, sim| {
            let extra = [
                ("metadata.recovery.rebootstrap.trigger.ms", trigger),
                ("request.timeout.ms", "3000"),
                ("socket.connection.setup.timeout.ms", "60000"),
                ("socket.connection.setup.timeout.max.ms", "60000"),
            ];
            let millis = found_again(&sim, extra).await.unwrap();
            assert!(expected.contains(&millis), "{trigger}: {millis}");
        });
    }
}

#[test]
fn a_client_that_never_begins_anew_stays_with_the_brokers_it_knows() {
    replay(64, async |_, sim| {
        assert_eq!(found_again(&sim, [("metadata.recovery.strategy", "none")]).await, None);
    });
    replay(64, async |_, sim| {
        assert!(found_again(&sim, [("metadata.recovery.strategy", "rebootstrap")]).await.is_some());
    });
}
