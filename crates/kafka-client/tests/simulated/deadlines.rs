//! How long clients and groups wait before they give up.

use std::collections::BTreeMap;
use std::time::Duration;

use env_sim::{SimHandle, replay};
use kafka_broker::Data;
use kafka_client::consumer::Event;
use kafka_client::{ClientError, Consumer};

use crate::clients::{admin_with, consumer, tp};
use crate::world::{BOOTSTRAP, BROKER, CLIENT, create, start};

async fn until_assigned(reader: &mut Consumer) {
    let some = |event: &Event| matches!(event, Event::Assigned(partitions) if !partitions.is_empty());
    while !some(&reader.poll(Duration::from_secs(1)).await.unwrap()) {}
}

/// How many seconds the partition of a member that was killed stays with it.
async fn kept<const N: usize>(sim: &SimHandle, extra: [(&str, &str); N]) -> u64 {
    let _broker = start(sim, &Data::new(), None).await;
    create(sim, "t", 1).await;
    let mut killed = consumer(&sim.env_for("killed"), BOOTSTRAP, "g", extra);
    killed.subscribe(["t"]).unwrap();
    until_assigned(&mut killed).await;
    sim.kill("killed");
    let env = sim.env_for(CLIENT);
    let begun = env.clock().now();
    let mut heir = consumer(&env, BOOTSTRAP, "g", []);
    heir.subscribe(["t"]).unwrap();
    until_assigned(&mut heir).await;
    env.clock().now().saturating_since(begun).as_secs()
}

#[test]
fn a_member_that_is_silent_is_out_after_its_session_timeout_ms() {
    for (timeout, expected) in [("10000", 7..=10), ("45000", 42..=45), ("120000", 117..=120)] {
        replay(91, async |_, sim| {
            let seconds = kept(&sim, [("session.timeout.ms", timeout)]).await;
            assert!(expected.contains(&seconds), "{timeout}: {seconds}");
        });
    }
}

#[test]
fn calls_end_after_default_api_timeout_ms() {
    for (timeout, seconds) in [("8000", 8), ("60000", 60), ("90000", 90)] {
        replay(92, async |_, sim| {
            let _broker = start(&sim, &Data::new(), None).await;
            create(&sim, "t", 1).await;
            let env = sim.env_for(CLIENT);
            let admin = admin_with(&env, BOOTSTRAP, [("default.api.timeout.ms", timeout)]);
            let alone = consumer(&env, BOOTSTRAP, "g", [("default.api.timeout.ms", timeout)]);
            sim.network().partition(CLIENT, BROKER);
            let begun = env.clock().now();
            let error = admin.describe_cluster().await.unwrap_err();
            assert!(matches!(error, ClientError::Timeout(_)), "{error}");
            assert_eq!(env.clock().now().saturating_since(begun).as_secs(), seconds);
            let begun = env.clock().now();
            let error = alone.commit(&BTreeMap::from([(tp("t", 0), 1)])).await.unwrap_err();
            assert!(matches!(error, ClientError::Timeout(_)), "{error}");
            assert_eq!(env.clock().now().saturating_since(begun).as_secs(), seconds);
        });
    }
}
