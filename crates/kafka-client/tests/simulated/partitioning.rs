//! Which partitions records go to where nobody names one.

use std::time::Duration;

use env_sim::{SimHandle, replay};
use kafka_broker::{Data, Fault};
use kafka_wire::ApiKey;

use crate::clients::{Rec, append_all, produce_well, producer, rows};
use crate::recorder::Recorder;
use crate::world::{BOOTSTRAP, CLIENT, create, start};

/// How many of 100 records with one key each of four partitions got.
async fn of_one_key<const N: usize>(sim: &SimHandle, extra: [(&str, &str); N]) -> Vec<i64> {
    let data = Data::new();
    let _broker = start(sim, &data, None).await;
    create(sim, "t", 4).await;
    let env = sim.env_for(CLIENT);
    let producer = producer(&env, BOOTSTRAP, extra);
    for _ in 0..100 {
        produce_well(&producer, "t", &[Rec::value(vec![b'x'; 300]).key("k")]).await;
    }
    (0..4).map(|partition| data.end_offset("t", partition)).collect()
}

#[test]
fn keys_choose_partitions_unless_they_are_ignored() {
    replay(41, async |_, sim| {
        let counts = of_one_key(&sim, [("batch.size", "200")]).await;
        assert_eq!(counts.iter().filter(|count| **count > 0).count(), 1, "{counts:?}");
    });
    replay(41, async |_, sim| {
        let counts = of_one_key(&sim, [("batch.size", "200"), ("partitioner.ignore.keys", "true")]).await;
        assert!(counts.iter().all(|count| *count > 10), "{counts:?}");
    });
}

/// How many of 40 records without a key, each a batch, go to the one of two partitions that has a queue already.
async fn to_the_long_queue(sim: &SimHandle, adaptive: &str) -> i64 {
    let recorder = Recorder::with_rule(sim, |api, _| match api {
        ApiKey::Produce => Fault::Delay(Duration::from_millis(500)),
        _ => Fault::None,
    });
    let data = Data::new();
    let _broker = start(sim, &data, Some(recorder)).await;
    create(sim, "t", 2).await;
    let env = sim.env_for(CLIENT);
    let extra = [("batch.size", "200"), ("partitioner.adaptive.partitioning.enable", adaptive)];
    let producer = producer(&env, BOOTSTRAP, extra);
    append_all(&producer, &rows("t", &vec![Rec::value(vec![b'x'; 300]).on(0); 50])).await;
    append_all(&producer, &rows("t", &vec![Rec::value(vec![b'x'; 300]); 40])).await;
    assert!(producer.close(Duration::from_secs(600)).await);
    data.end_offset("t", 0) - 50
}

#[test]
fn long_queues_are_avoided_unless_told_otherwise() {
    replay(42, async |_, sim| {
        let count = to_the_long_queue(&sim, "true").await;
        assert!(count < 12, "{count}");
    });
    replay(42, async |_, sim| {
        let count = to_the_long_queue(&sim, "false").await;
        assert!((13..28).contains(&count), "{count}");
    });
}
