//! Questions to connector plug-ins about their keys. Their code may block or panic: each question has a thread that
//! nobody waits for, a panic is an error of that question, and a plug-in that hangs holds a few threads at most.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use connect_api::Error;
use connect_api::plugin::ConnectorPlugin;
use connect_worker::contain_now;
use env::Env;
use kafka_config::ConfigDef;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::herder::Answer;
use crate::progress::Progress;

/// How many questions one plug-in is asked at a time; each may hold a thread for ever.
const AT_ONCE: usize = 4;

/// How long a question waits for those before it. Whoever asked has got an answer by then (Apache:
/// `RestServer.DEFAULT_REST_REQUEST_TIMEOUT_MS`).
const LONGEST_WAIT: Duration = Duration::from_secs(90);

/// Parity: the words for it, with Java's thread.
const WAITING: &str = "waiting for a new thread to become available for connector validation";

/// Who is being asked, and what they have said.
#[derive(Default)]
pub(super) struct Questions {
    places: Mutex<BTreeMap<&'static str, Arc<Semaphore>>>,
    definitions: Mutex<BTreeMap<&'static str, Arc<ConfigDef>>>,
}

impl Questions {
    /// Calls code that calls the plug-in's.
    ///
    /// # Errors
    /// What `call` says; it panicked; the plug-in still has not answered earlier questions.
    pub(super) async fn ask<T>(
        &self,
        env: &Env,
        plugin: &ConnectorPlugin,
        progress: &Progress,
        call: impl FnOnce() -> Answer<T> + Send,
    ) -> Answer<T> {
        progress.begins(WAITING);
        let class = plugin.class();
        let places = self.places.lock().entry(class).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))).clone();
        let place = env.timeout(LONGEST_WAIT, places.acquire_owned()).await;
        let Ok(Ok(_place)) = place else {
            let text = format!("{class} has not answered {AT_ONCE} earlier questions about its configuration");
            return Err(Error::connect(text).into());
        };
        progress.ended();
        env.lend(async move { contain_now(|| Ok(call()))? }).await
    }

    /// The keys of the connector, once it was asked.
    pub(super) fn definition(&self, plugin: &ConnectorPlugin) -> Option<Arc<ConfigDef>> {
        self.definitions.lock().get(plugin.class()).cloned()
    }

    /// Asks the connector for its keys, if it was not asked yet. One that cannot say them fails its validation.
    pub(super) async fn learn(&self, env: &Env, plugin: &ConnectorPlugin, progress: &Progress) {
        if self.definition(plugin).is_some() {
            return;
        }
        let config = || Ok(progress.during(crate::validate::RETRIEVING, || plugin.config()));
        if let Ok(definition) = self.ask(env, plugin, progress, config).await {
            self.definitions.lock().insert(plugin.class(), Arc::new(definition));
        }
    }
}
