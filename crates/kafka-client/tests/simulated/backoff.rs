//! How long clients wait after failures before they ask or connect again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use env::Instant;
use env_sim::{SimHandle, replay};
use kafka_broker::{Data, Fault};
use kafka_wire::{ApiKey, ErrorCode};
use parking_lot::Mutex;

use crate::clients::{Rec, admin_with, append_all, consumer, produce, producer, rows};
use crate::recorder::{Recorder, assert_doubling, gaps};
use crate::world::{BOOTSTRAP, CLIENT, create, start};

/// Refuses the first requests of an API.
fn refusing(sim: &SimHandle, refused: ApiKey, times: usize, fault: Fault) -> Arc<Recorder> {
    Recorder::with_rule(sim, move |api, before| if api == refused && before < times { fault } else { Fault::None })
}

const RETRY: [(&str, &str); 2] = [("retry.backoff.ms", "300"), ("retry.backoff.max.ms", "2000")];

#[test]
fn a_batch_waits_for_retry_backoff_ms_and_twice_as_long_each_time() {
    replay(51, async |_, sim| {
        let recorder = refusing(&sim, ApiKey::Produce, 6, Fault::Refuse(ErrorCode::NotEnoughReplicas));
        let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
        create(&sim, "t", 1).await;
        let completions = produce(&producer(&sim.env_for(CLIENT), BOOTSTRAP, RETRY), "t", &[Rec::value("a")]).await;
        assert_eq!(completions[0].error, None);
        let waits = recorder.gaps(ApiKey::Produce);
        assert_eq!(waits.len(), 6);
        assert_doubling(&waits, 300, 2000);
    });
}

#[test]
fn metadata_is_asked_for_again_after_retry_backoff_ms() {
    replay(52, async |_, sim| {
        let recorder = Recorder::new(&sim);
        let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
        let producer = producer(&sim.env_for(CLIENT), BOOTSTRAP, RETRY);
        // A topic that is not there is looked for again and again.
        let records = rows("nowhere", &[Rec::value("a")]);
        assert_eq!(producer.append(&records, 0..1), Ok(0));
        sim.env_for(CLIENT).sleep(Duration::from_secs(12)).await;
        let waits = recorder.gaps(ApiKey::Metadata);
        assert!(waits.len() >= 6, "{waits:?}");
        assert_doubling(&waits, 300, 2000);
    });
}

#[test]
fn members_ask_for_their_coordinator_again_after_retry_backoff_ms() {
    replay(53, async |_, sim| {
        let refusal = Fault::Refuse(ErrorCode::CoordinatorNotAvailable);
        let recorder = refusing(&sim, ApiKey::FindCoordinator, 6, refusal);
        let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
        create(&sim, "t", 1).await;
        let extra = [RETRY[0], RETRY[1], ("heartbeat.interval.ms", "20000")];
        let member = consumer(&sim.env_for(CLIENT), BOOTSTRAP, "g", extra);
        member.subscribe(["t"]).unwrap();
        sim.env_for(CLIENT).sleep(Duration::from_secs(20)).await;
        let waits = recorder.gaps(ApiKey::FindCoordinator);
        assert!(waits.len() >= 5, "{waits:?}");
        assert_doubling(&waits, 300, 2000);
    });
}

#[test]
fn administrators_ask_again_after_retry_backoff_ms() {
    replay(54, async |_, sim| {
        let recorder = refusing(&sim, ApiKey::Metadata, 6, Fault::Disconnect);
        let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
        let admin = admin_with(&sim.env_for(CLIENT), BOOTSTRAP, RETRY);
        admin.describe_cluster().await.unwrap();
        let waits = recorder.gaps(ApiKey::Metadata);
        assert_eq!(waits.len(), 6);
        assert_doubling(&waits, 300, 2000);
    });
}

/// A machine that accepts connections and closes them at once; when it did.
async fn slam(sim: &SimHandle, host: &str) -> Arc<Mutex<Vec<Instant>>> {
    let env = sim.env_for(host);
    let mut listener = env.network().listen(SocketAddr::new(sim.ip_of(host), 9092)).await.unwrap();
    let times: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let (clock, accepted) = (env.clone(), times.clone());
    let accept = async move {
        while listener.accept().await.is_ok() {
            accepted.lock().push(clock.clock().now());
        }
    };
    env.work().spawn("door", Box::pin(accept));
    times
}

const CONNECT: [(&str, &str); 4] = [
    ("reconnect.backoff.ms", "400"),
    ("reconnect.backoff.max.ms", "3000"),
    ("retry.backoff.ms", "1"),
    ("retry.backoff.max.ms", "1"),
];

#[test]
fn brokers_are_connected_to_again_after_reconnect_backoff_ms_and_twice_as_long_each_time() {
    replay(55, async |_, sim| {
        let accepted = slam(&sim, "door").await;
        let env = sim.env_for(CLIENT);
        let producer = producer(&env, "door:9092", CONNECT);
        assert_eq!(producer.append(&rows("t", &[Rec::value("a")]), 0..1), Ok(0));
        env.sleep(Duration::from_secs(20)).await;
        let waits = gaps(accepted.lock().iter().copied());
        assert!(waits.len() >= 7, "{waits:?}");
        assert_doubling(&waits, 400, 3000);
    });
}

#[test]
fn an_address_that_is_silent_is_left_after_the_setup_timeout() {
    replay(56, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        sim.env_for("silent");
        sim.network().partition(CLIENT, "silent");
        sim.network().set_name("kafka", vec![sim.ip_of("silent"), sim.ip_of("broker")]);
        let env = sim.env_for(CLIENT);
        let admin = admin_with(&env, "kafka:9092", [("socket.connection.setup.timeout.ms", "4000")]);
        let begun = env.clock().now();
        admin.describe_cluster().await.unwrap();
        let waited = env.clock().now().saturating_since(begun);
        assert_doubling(&[waited], 4000, 30_000);
    });
}

#[test]
fn setup_timeouts_double_up_to_their_most() {
    replay(57, async |_, sim| {
        let accepted = slam(&sim, "door").await;
        sim.env_for("silent");
        sim.network().partition(CLIENT, "silent");
        // Each attempt waits for the silent one first.
        sim.network().set_name("kafka", vec![sim.ip_of("silent"), sim.ip_of("door")]);
        let env = sim.env_for(CLIENT);
        let extra = [
            ("socket.connection.setup.timeout.ms", "1000"),
            ("socket.connection.setup.timeout.max.ms", "5000"),
            ("reconnect.backoff.ms", "1"),
            ("reconnect.backoff.max.ms", "1"),
            ("retry.backoff.ms", "1"),
            ("retry.backoff.max.ms", "1"),
        ];
        let producer = producer(&env, "kafka:9092", extra);
        let begun = env.clock().now();
        assert_eq!(producer.append(&rows("t", &[Rec::value("a")]), 0..1), Ok(0));
        env.sleep(Duration::from_secs(60)).await;
        let attempts: Vec<Instant> = std::iter::once(begun).chain(accepted.lock().iter().copied()).collect();
        let waits = gaps(attempts);
        assert!(waits.len() >= 7, "{waits:?}");
        assert_doubling(&waits, 1000, 5000);
    });
}

#[test]
fn what_was_blocked_goes_on_at_once_after_a_success() {
    replay(58, async |_, sim| {
        // Two runs of failures: the second begins with the short wait again.
        let fails = |before: usize| before < 3 || (4..7).contains(&before);
        let recorder = Recorder::with_rule(&sim, move |api, before| match api {
            ApiKey::Produce if fails(before) => Fault::Refuse(ErrorCode::NotEnoughReplicas),
            _ => Fault::None,
        });
        let _broker = start(&sim, &Data::new(), Some(recorder.clone())).await;
        create(&sim, "t", 1).await;
        let producer = producer(&sim.env_for(CLIENT), BOOTSTRAP, RETRY);
        append_all(&producer, &rows("t", &[Rec::value("a")])).await;
        assert_eq!(producer.completions().await[0].error, None);
        append_all(&producer, &rows("t", &[Rec::value("b")])).await;
        assert_eq!(producer.completions().await[0].error, None);
        let waits = recorder.gaps(ApiKey::Produce);
        assert_doubling(&waits[..3], 300, 2000);
        assert_doubling(&waits[4..], 300, 2000);
    });
}
