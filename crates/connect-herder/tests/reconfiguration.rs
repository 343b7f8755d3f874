//! Connectors that ask for other tasks, beside one that hangs.
#![allow(clippy::unwrap_used)] // a herder that cannot be made must fail the test

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use connect_api::Result;
use connect_api::plugin::{Plugin, SourcePlugin};
use connect_api::source::{SourceConnector, SourceConnectorContext, SourceTask};
use connect_config::{Plugins, WorkerConfig};
use connect_herder::{Herder, StandaloneHerder, StandaloneSettings};
use connect_kafka::NativeClients;
use connect_plugins::RegistryLookup;
use connect_storage::offsets::MemoryOffsetStore;
use connect_worker::probe::Probes;
use connect_worker::{Budget, Worker, WorkerSettings};
use env::Env;
use env_sim::Sim;
use kafka_config::provider::Providers;
use kafka_config::{ConfigDef, RawConfig};

/// Asks for other tasks once a second; counts how often it is asked which, and hangs from the second time on if it is
/// configured so.
struct Restless {
    asked: Arc<AtomicU32>,
    hangs: bool,
    own: u32,
}

struct RestlessPlugin(Arc<AtomicU32>);

impl Plugin for RestlessPlugin {
    fn class(&self) -> &'static str {
        "test.RestlessConnector"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new()
    }
}

impl SourcePlugin for RestlessPlugin {
    fn connector(&self) -> Box<dyn SourceConnector> {
        Box::new(Restless { asked: self.0.clone(), hangs: false, own: 0 })
    }

    fn task(&self) -> Box<dyn SourceTask> {
        unreachable!("it wants no tasks")
    }

    fn task_class(&self) -> &'static str {
        "test.RestlessTask"
    }
}

#[async_trait]
impl SourceConnector for Restless {
    async fn start(&mut self, context: SourceConnectorContext, config: RawConfig) -> Result<()> {
        self.hangs = config.get("hangs") == Some("true");
        let (env, runtime) = (context.env.clone(), context.runtime.clone());
        let asking = async move {
            for _ in 0..10 {
                env.sleep(Duration::from_secs(1)).await;
                runtime.request_task_reconfiguration();
            }
        };
        context.env.work().spawn("restless", Box::pin(asking));
        Ok(())
    }

    async fn task_configs(&mut self, _max_tasks: usize) -> Result<Vec<RawConfig>> {
        self.own += 1;
        if self.hangs && self.own > 1 {
            std::future::pending::<()>().await;
        }
        if !self.hangs {
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Vec::new())
    }
}

fn herder(env: &Env, asked: &Arc<AtomicU32>) -> Arc<StandaloneHerder> {
    let mut registry = connect_plugins::builtin();
    registry.add_source(RestlessPlugin(asked.clone()));
    let registry = Arc::new(registry);
    let plugins: Plugins = Arc::new(RegistryLookup(registry.clone()));
    let raw = RawConfig::from([
        ("bootstrap.servers", "broker:9092"),
        ("offset.storage.file.filename", "/offsets"),
        ("key.converter", "org.apache.kafka.connect.storage.StringConverter"),
        ("value.converter", "org.apache.kafka.connect.storage.StringConverter"),
    ]);
    let config = Arc::new(WorkerConfig::standalone(&raw, &*plugins).unwrap());
    let settings = StandaloneSettings {
        env: env.clone(),
        worker_id: "worker:8083".to_owned(),
        kafka_cluster_id: "cluster".to_owned(),
        plugins: plugins.clone(),
        worker_config: config.clone(),
        providers: Arc::new(Providers::none()),
    };
    let env = env.clone();
    StandaloneHerder::start(settings, |listener| {
        let (clients, offsets) = (Arc::new(NativeClients::new(env.clone())), Arc::new(MemoryOffsetStore::new()));
        let (budget, probes) = (Budget::new(1 << 20), Probes::default());
        Worker::new(WorkerSettings { env, registry, plugins, clients, config, offsets, listener, budget, probes })
    })
}

#[test]
fn a_connector_that_hangs_when_it_is_asked_for_tasks_holds_up_no_other() {
    Sim::new(1).run(|env: Env, _| async move {
        let asked = Arc::new(AtomicU32::new(0));
        let herder = herder(&env, &asked);
        for (name, hangs) in [("hanging", "true"), ("healthy", "false")] {
            let config =
                RawConfig::from([("name", name), ("connector.class", "test.RestlessConnector"), ("hangs", hangs)]);
            herder.put_connector(name, config, None, false).await.unwrap();
        }
        env.sleep(Duration::from_secs(9)).await;
        let asked = asked.load(Ordering::Relaxed);
        assert!((8..=10).contains(&asked), "the healthy one was asked {asked} times");
    });
}
