//! What a producer puts together, and how much of it is on its way at a time.

use std::time::Duration;

use env::Env;
use env_sim::{SimHandle, replay};
use kafka_broker::{Data, Fault};
use kafka_client::ClientError;
use kafka_wire::{ApiKey, ErrorCode};

use crate::clients::{Rec, append_all, produce, produce_well, producer, rows};
use crate::recorder::Recorder;
use crate::world::{BOOTSTRAP, BROKER, CLIENT, create, start};

fn value(size: usize) -> Rec {
    Rec::value(vec![b'x'; size])
}

/// How long a record that nobody flushes waits.
async fn lingered<const N: usize>(sim: &SimHandle, extra: [(&str, &str); N]) -> u128 {
    let _broker = start(sim, &Data::new(), None).await;
    create(sim, "t", 1).await;
    let env = sim.env_for(CLIENT);
    let producer = producer(&env, BOOTSTRAP, extra);
    produce_well(&producer, "t", &[value(10)]).await;
    let begun = env.clock().now();
    append_all(&producer, &rows("t", &[value(10)])).await;
    assert_eq!(producer.completions().await[0].error, None);
    env.clock().now().saturating_since(begun).as_millis()
}

#[test]
fn a_batch_waits_linger_ms_for_more() {
    for (linger, least) in [("0", 0), ("5", 5), ("700", 700)] {
        replay(31, async |_, sim| {
            let waited = lingered(&sim, [("linger.ms", linger)]).await;
            assert!((least..least + 20).contains(&waited), "{linger}: {waited}");
        });
    }
}

#[test]
fn a_batch_is_as_large_as_batch_size() {
    for (size, batches) in [("0", 20), ("500", 7), ("16384", 1)] {
        replay(32, async |_, sim| {
            let _broker = start(&sim, &Data::new(), None).await;
            create(&sim, "t", 1).await;
            let env = sim.env_for(CLIENT);
            let producer = producer(&env, BOOTSTRAP, [("batch.size", size), ("linger.ms", "1000")]);
            let completions = produce_well(&producer, "t", &vec![value(100); 20]).await;
            // Into 500 go 61 of the batch itself, three records of 109, and not the most that a fourth could be.
            assert_eq!(completions.len(), batches, "batch.size={size}");
        });
    }
}

#[test]
fn a_request_is_at_most_max_request_size() {
    for (size, requests) in [("1000", 3), ("1500", 2), ("1048576", 1)] {
        replay(33, async |_, sim| {
            let recorder = Recorder::new(&sim);
            let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
            create(&sim, "t", 3).await;
            let env = sim.env_for(CLIENT);
            let producer = producer(&env, BOOTSTRAP, [("max.request.size", size), ("linger.ms", "50")]);
            let records: Vec<Rec> = (0..3).map(|partition| value(600).on(partition)).collect();
            produce_well(&producer, "t", &records[..1]).await;
            recorder.clear();
            produce_well(&producer, "t", &records).await;
            assert_eq!(recorder.count(ApiKey::Produce), requests, "max.request.size={size}");
        });
    }
}

#[test]
fn as_many_requests_are_in_flight_as_may_be() {
    for (most, requests) in [("1", 2), ("2", 3), ("5", 4)] {
        replay(34, async |_, sim| {
            let recorder = Recorder::with_rule(&sim, |api, _| match api {
                ApiKey::Produce => Fault::Delay(Duration::from_secs(1)),
                _ => Fault::None,
            });
            let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
            create(&sim, "t", 4).await;
            let env = sim.env_for(CLIENT);
            let extra = [("max.in.flight.requests.per.connection", most), ("linger.ms", "0")];
            let producer = producer(&env, BOOTSTRAP, extra);
            produce_well(&producer, "t", &[value(10).on(0)]).await;
            recorder.clear();
            // A request each as long as one may go; what has to wait goes together.
            for partition in 0..4 {
                append_all(&producer, &rows("t", &[value(10).on(partition)])).await;
                env.sleep(Duration::from_millis(50)).await;
            }
            assert!(producer.close(Duration::from_secs(30)).await);
            assert_eq!(recorder.count(ApiKey::Produce), requests, "max.in.flight={most}");
        });
    }
}

#[test]
fn a_batch_is_sent_again_as_often_as_retries_says() {
    for (retries, requests) in [("0", 1), ("3", 4)] {
        replay(35, async |_, sim| {
            let recorder = Recorder::with_rule(&sim, |api, _| match api {
                ApiKey::Produce => Fault::Refuse(ErrorCode::NotEnoughReplicas),
                _ => Fault::None,
            });
            let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
            create(&sim, "t", 1).await;
            let env = sim.env_for(CLIENT);
            let completions = produce(&producer(&env, BOOTSTRAP, [("retries", retries)]), "t", &[value(1)]).await;
            let error = completions[0].error.clone().unwrap();
            assert_eq!(error.code(), Some(ErrorCode::NotEnoughReplicas));
            assert_eq!(recorder.count(ApiKey::Produce), requests);
        });
    }
}

#[test]
fn rows_wait_for_memory_as_long_as_they_may() {
    replay(36, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        create(&sim, "t", 1).await;
        let env = sim.env_for(CLIENT);
        let producer = producer(&env, BOOTSTRAP, [("buffer.memory", "2000"), ("max.block.ms", "7000")]);
        produce_well(&producer, "t", &[value(1)]).await;
        sim.network().partition(CLIENT, BROKER);
        let records = rows("t", &vec![value(500); 10]);
        assert_eq!(producer.append(&records, 0..10), Ok(3), "four do not fit");
        let begun = env.clock().now();
        let text = "Failed to allocate memory within the configured max blocking time 7000 ms.";
        assert_eq!(producer.ready().await, Err(ClientError::Timeout(text.into())));
        assert_eq!(env.clock().now().saturating_since(begun).as_secs(), 7);
    });
}

/// Text of few words, which codecs shorten the better the longer they look.
fn text(size: usize) -> Rec {
    const WORDS: [&str; 8] = ["moon ", "river ", "stone ", "light ", "bread ", "winter ", "song ", "glass "];
    let (mut text, mut state) = (String::new(), 7_u64);
    while text.len() < size {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(WORDS[(state >> 60) as usize % 8]);
    }
    Rec::value(text)
}

/// How many bytes a text takes in the log.
async fn stored<const N: usize>(
    env: &Env,
    sim: &SimHandle,
    topic: &str,
    data: &Data,
    extra: [(&str, &str); N],
) -> usize {
    create(sim, topic, 1).await;
    produce_well(&producer(env, BOOTSTRAP, extra), topic, &[text(200_000)]).await;
    data.batches(topic, 0, 0).len()
}

#[test]
fn levels_of_compression_shorten_more_or_less() {
    replay(37, async |_, sim| {
        let data = Data::new();
        let _broker = start(&sim, &data, None).await;
        let env = sim.env_for(CLIENT);
        for (codec, key, levels) in [
            ("gzip", "compression.gzip.level", ["1", "9"]),
            ("zstd", "compression.zstd.level", ["-100000", "1"]),
            ("zstd", "compression.zstd.level", ["1", "19"]),
        ] {
            let mut sizes = Vec::new();
            for level in levels {
                let topic = format!("{codec}{level}-{}", levels[1]);
                let extra = [("compression.type", codec), (key, level)];
                sizes.push(stored(&env, &sim, &topic, &data, extra).await);
            }
            assert!(sizes[1] * 100 < sizes[0] * 95, "{codec} {levels:?}: {sizes:?}");
        }
    });
}
