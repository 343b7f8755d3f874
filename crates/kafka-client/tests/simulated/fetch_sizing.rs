//! How much a consumer asks for at a time, and how long the broker may wait for it.

use std::collections::BTreeMap;
use std::time::Duration;

use env::Env;
use env_sim::{SimHandle, replay};
use kafka_broker::Data;
use kafka_client::Consumer;
use kafka_client::consumer::{Event, StartAt};
use kafka_wire::ApiKey;

use crate::clients::{Rec, consume, consumer, produce_well, producer, tp};
use crate::recorder::Recorder;
use crate::world::{BOOTSTRAP, CLIENT, create, start};

/// A reader of `t-0` that has read all there is, `a`, and waits for more.
async fn waiting<const N: usize>(env: &Env, extra: [(&str, &str); N]) -> Consumer {
    produce_well(&producer(env, BOOTSTRAP, []), "t", &[Rec::value("a")]).await;
    let mut reader = consumer(env, BOOTSTRAP, "g", extra);
    reader.assign(BTreeMap::from([(tp("t", 0), StartAt::Earliest)])).unwrap();
    consume(env, &mut reader, 1).await;
    assert!(matches!(reader.poll(Duration::from_secs(1)).await.unwrap(), Event::Idle));
    reader
}

/// How long a value of so many bytes takes to come after the fetch that waits for it, and after it was produced.
async fn arrival(env: &Env, recorder: &Recorder, reader: &mut Consumer, size: usize) -> (Duration, Duration) {
    let fetch = recorder.seen(ApiKey::Fetch).last().unwrap().at;
    let produced = env.clock().now();
    produce_well(&producer(env, BOOTSTRAP, []), "t", &[Rec::value(vec![b'x'; size])]).await;
    consume(env, reader, 1).await;
    let now = env.clock().now();
    (now.saturating_since(fetch), now.saturating_since(produced))
}

#[test]
fn fetch_min_bytes_holds_small_answers_back_until_fetch_max_wait_is_over() {
    replay(21, async |_, sim| {
        let recorder = Recorder::new(&sim);
        let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
        create(&sim, "t", 1).await;
        let env = sim.env_for(CLIENT);
        let mut patient = waiting(&env, [("fetch.min.bytes", "1000"), ("fetch.max.wait.ms", "4000")]).await;
        let (since_fetch, _) = arrival(&env, &recorder, &mut patient, 10).await;
        assert!((3990..4100).contains(&since_fetch.as_millis()), "{since_fetch:?}");
        let (_, since_produced) = arrival(&env, &recorder, &mut patient, 1000).await;
        assert!(since_produced < Duration::from_millis(200), "enough to be sent at once: {since_produced:?}");
    });
    replay(21, async |_, sim| {
        let recorder = Recorder::new(&sim);
        let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
        create(&sim, "t", 1).await;
        let env = sim.env_for(CLIENT);
        let mut usual = waiting(&env, [("fetch.max.wait.ms", "4000")]).await;
        let (_, since_produced) = arrival(&env, &recorder, &mut usual, 10).await;
        assert!(since_produced < Duration::from_millis(200), "a byte is enough: {since_produced:?}");
    });
}

#[test]
fn fetch_max_wait_is_the_time_between_fetches_where_nothing_comes() {
    for (extra, expected) in [(Some("3000"), 3000), (None, 500)] {
        replay(22, async |_, sim| {
            let recorder = Recorder::new(&sim);
            let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
            create(&sim, "t", 1).await;
            let env = sim.env_for(CLIENT);
            let _reader = waiting(&env, [("fetch.max.wait.ms", extra.unwrap_or("500"))]).await;
            recorder.clear();
            env.sleep(Duration::from_secs(20)).await;
            let gaps = recorder.gaps(ApiKey::Fetch);
            assert!(gaps.len() >= 5, "{gaps:?}");
            for gap in gaps {
                assert!((expected..expected + 50).contains(&gap.as_millis()), "{gap:?}");
            }
        });
    }
}

/// What a reader of two partitions with 100 batches of about 1,000 bytes each has buffered before anybody polls.
async fn buffered<const N: usize>(sim: &SimHandle, extra: [(&str, &str); N]) -> usize {
    let _broker = start(sim, &Data::new(), None).await;
    create(sim, "t", 2).await;
    let env = sim.env_for(CLIENT);
    let producer = producer(&env, BOOTSTRAP, []);
    for batch in 0..200 {
        produce_well(&producer, "t", &[Rec::value(vec![b'x'; 930]).on(batch % 2)]).await;
    }
    let reader = consumer(&env, BOOTSTRAP, "g", extra);
    reader.assign((0..2).map(|partition| (tp("t", partition), StartAt::Earliest)).collect()).unwrap();
    env.sleep(Duration::from_secs(5)).await;
    reader.buffered()
}

#[test]
fn max_partition_fetch_bytes_is_the_most_of_one_partition_at_a_time() {
    replay(23, async |_, sim| {
        // Two answers of each partition are kept, each of whole batches below the limit.
        let buffered = buffered(&sim, [("max.partition.fetch.bytes", "10000")]).await;
        assert!((36_000..=40_000).contains(&buffered), "{buffered}");
    });
    replay(23, async |_, sim| {
        let buffered = buffered(&sim, []).await;
        assert!(buffered > 190_000, "nothing else bounds it: {buffered}");
    });
}

#[test]
fn fetch_max_bytes_is_the_most_of_one_answer() {
    replay(24, async |_, sim| {
        // One partition fills the first answer, the other one the second, asked for while there was room.
        let buffered = buffered(&sim, [("fetch.max.bytes", "10000")]).await;
        assert!((9_000..=20_000).contains(&buffered), "{buffered}");
    });
}
