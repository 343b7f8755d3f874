//! Offsets that people change: what plug-ins say to it, stores that hang, and what nobody else may notice.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connect_api::sink::{AlteredOffsets, Offsets, TopicPartition};
use connect_api::{Error, Kind, Result, SourceOffset, SourcePartition};
use connect_storage::offsets::OffsetStore;
use connect_worker::{ConnectorOffsets, OffsetChanges};

use crate::doubles::plugins::ConnectorScript;
use crate::doubles::{Gate, World, on_threads, simulated};

type Alter = Arc<dyn Fn() -> Result<bool> + Send + Sync>;

fn says(world: &World, name: &str, alter: impl Fn() -> Result<bool> + Send + Sync + 'static) {
    let alter: Alter = Arc::new(alter);
    world
        .registered
        .connectors
        .lock()
        .insert(name.to_owned(), ConnectorScript { alter: Some(alter), ..ConnectorScript::default() });
}

fn partition() -> SourcePartition {
    SourcePartition::new([("a", "x"), ("b", "y")])
}

fn source_change(n: i64) -> OffsetChanges {
    OffsetChanges::Source(vec![(Some(partition()), Some(SourceOffset::of([("n", n)])))])
}

fn sink_change(offset: i64) -> OffsetChanges {
    OffsetChanges::Sink(AlteredOffsets::from([(TopicPartition::new("in", 0), Some(offset))]))
}

/// What each kind of connector answers to a change, as text; then whether anything was stored.
async fn answers(world: &World) -> [(String, bool); 2] {
    let text = |answer: Result<bool>| match answer {
        Ok(all) => all.to_string(),
        Err(error) => error.message().unwrap_or_default().to_owned(),
    };
    let config = world.source_config("c", &[]);
    let source = text(world.worker.alter_offsets("c", &config, source_change(1)).await);
    let stored = world.worker.connector_offsets("c", &config).await.unwrap() != ConnectorOffsets::Source(Vec::new());
    let config = world.sink_config("c", &[]);
    let sink = text(world.worker.alter_offsets("c", &config, sink_change(1)).await);
    let committed =
        world.worker.connector_offsets("c", &config).await.unwrap() != ConnectorOffsets::Sink(Offsets::new());
    [(source, stored), (sink, committed)]
}

#[test]
fn what_a_plug_in_refuses_is_not_stored_and_told_as_java_tells_it() {
    simulated(async |env| {
        let world = World::new(&env);
        let failed = |kind: &str| format!("Failed to modify offsets for {kind} connector c");
        says(&world, "c", || Err(Error::connect("not these")));
        let own = ("not these".to_owned(), false);
        assert_eq!(answers(&world).await, [own.clone(), own]);
        says(&world, "c", || Err(Error::new(Kind::IllegalArgument, "not these")));
        assert_eq!(answers(&world).await, [(failed("source"), false), (failed("sink"), false)]);
        says(&world, "c", || panic!("not these"));
        assert_eq!(answers(&world).await, [(failed("source"), false), (failed("sink"), false)]);
        says(&world, "c", || Err(Error::new(Kind::Unsupported, "never")));
        let text =
            "Failed to modify offsets for connector c because it doesn't support external modification of offsets";
        let never = (text.to_owned(), false);
        assert_eq!(answers(&world).await, [never.clone(), never]);
        says(&world, "c", || Ok(true));
        let done = ("true".to_owned(), true);
        assert_eq!(answers(&world).await, [done.clone(), done]);
    });
}

#[test]
fn what_is_removed_is_removed_under_every_order_of_its_fields() {
    simulated(async |env| {
        let world = World::new(&env);
        let config = world.source_config("c", &[]);
        let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
        let other_order = bytes(r#"["c",{"b":"y","a":"x"}]"#);
        let nothing = ConnectorOffsets::Source(Vec::new());
        for reset in [true, false] {
            world.offsets.set(vec![(other_order.clone(), Some(bytes(r#"{"n":5}"#)))]).await.unwrap();
            let own = world.worker.alter_offsets("c", &config, source_change(6)).await;
            assert!(!own.unwrap());
            let removed = if reset {
                world.worker.reset_offsets("c", &config).await
            } else {
                let change = OffsetChanges::Source(vec![(Some(partition()), None)]);
                world.worker.alter_offsets("c", &config, change).await
            };
            assert!(!removed.unwrap());
            assert_eq!(world.worker.connector_offsets("c", &config).await.unwrap(), nothing);
            assert!(world.offsets.entries().await.iter().all(|(_, value)| value.is_none()), "reset: {reset}");
        }
    });
}

/// Takes offsets and never says that they are stored.
struct Silent;

#[async_trait]
impl OffsetStore for Silent {
    async fn get(&self, keys: &[Bytes]) -> Result<Vec<Option<Bytes>>> {
        Ok(vec![None; keys.len()])
    }
    async fn set(&self, _: Vec<(Bytes, Option<Bytes>)>) -> Result<()> {
        std::future::pending().await
    }
    async fn entries(&self) -> Vec<(Bytes, Option<Bytes>)> {
        Vec::new()
    }
}

#[test]
fn a_store_that_hangs_ends_the_request_after_its_time() {
    simulated(async |env| {
        let world = World::builder(&env).offsets(Arc::new(Silent)).build();
        let began = env.clock().now();
        let error =
            world.worker.alter_offsets("c", &world.source_config("c", &[]), source_change(1)).await.unwrap_err();
        assert_eq!(error.message(), Some("Timed out while attempting to modify offsets for source connector c"));
        assert_eq!(env.clock().now() - began, Duration::from_secs(90));
    });
}

#[test]
fn a_check_that_hangs_holds_up_nobody_else() {
    on_threads(async |env| {
        let world = World::new(&env);
        let gate = Gate::default();
        let held = gate.clone();
        says(&world, "c", move || {
            held.block();
            Ok(true)
        });
        let config = world.source_config("c", &[]);
        let (worker, own) = (world.worker.clone(), config.clone());
        let hanging = async move {
            // Its answer is looked at through what is stored.
            let _ = worker.alter_offsets("c", &own, source_change(1)).await;
        };
        env.work().spawn("a request", Box::pin(hanging));
        world.eventually("the check hangs", || gate.blocks()).await;
        let other = world.source_config("other", &[]);
        assert!(!world.worker.alter_offsets("other", &other, source_change(2)).await.unwrap());
        assert_eq!(world.worker.connector_offsets("c", &config).await.unwrap(), ConnectorOffsets::Source(Vec::new()));
        gate.open();
        let changed = ConnectorOffsets::Source(vec![(partition(), Some(SourceOffset::of([("n", 1_i64)])))]);
        loop {
            if world.worker.connector_offsets("c", &config).await.unwrap() == changed {
                break;
            }
            env.sleep(Duration::from_millis(5)).await;
        }
    });
}
