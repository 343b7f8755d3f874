//! The admin client as its users see it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use env::Env;
use kafka_wire::messages::MetadataRequest;

use crate::cluster::Cluster as Topology;
use crate::config::{AdminConfig, ServerAddress};
use crate::error::ClientError;
use crate::net::backoff_after;

/// Asks and changes what concerns the whole cluster. Opens connections when first asked; dropping it closes them.
pub struct Admin {
    pub(super) env: Env,
    pub(super) config: AdminConfig,
    pub(super) topology: Arc<Topology>,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its id; `None` for brokers too old to have one.
    pub id: Option<String>,
    /// The broker that takes administrative requests.
    pub controller: Option<i32>,
    /// The brokers by id.
    pub brokers: BTreeMap<i32, ServerAddress>,
}

impl Admin {
    /// An admin client. Nothing is opened yet.
    pub fn new(env: Env, config: AdminConfig) -> Self {
        let topology = Topology::new(env.clone(), Arc::new(config.client.clone()));
        Self { env, config, topology }
    }

    /// The cluster's id and brokers.
    ///
    /// # Errors
    /// `Timeout` after `default.api.timeout.ms`, `UnresolvableHost` at once when no bootstrap name has an address.
    pub async fn describe_cluster(&self) -> Result<Cluster, ClientError> {
        self.describe_cluster_within(self.config.api_timeout).await
    }

    /// As [`Admin::describe_cluster`], with a time limit of its own: for the check at a worker's start.
    ///
    /// # Errors
    /// As [`Admin::describe_cluster`].
    pub async fn describe_cluster_within(&self, limit: Duration) -> Result<Cluster, ClientError> {
        self.retry(limit, "describeCluster", async || {
            let response = self.topology.ask_any(no_topics).await?;
            let brokers = response.brokers.iter().filter_map(|broker| {
                let port = u16::try_from(broker.port).ok()?;
                Some((broker.node_id.0, ServerAddress { host: broker.host.to_string(), port }))
            });
            Ok(Cluster {
                id: response.cluster_id.as_ref().map(|id| id.to_string()),
                controller: Some(response.controller_id.0).filter(|id| *id >= 0),
                brokers: brokers.collect(),
            })
        })
        .await
    }

    /// Tries until it works, the error is final, or the time is over.
    pub(super) async fn retry<T, F>(
        &self,
        limit: Duration,
        call: &'static str,
        attempt: impl Fn() -> F,
    ) -> Result<T, ClientError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let deadline = self.env.clock().now() + limit;
        let mut failures = 0;
        let mut last = None;
        let tries = async {
            loop {
                match attempt().await {
                    Err(error) if error.is_retriable() => {
                        tracing::debug!(call, %error, "trying again");
                        last = Some(error);
                    }
                    done => return done,
                }
                let wait = backoff_after(self.config.client.retry_backoff, failures, self.env.random());
                failures += 1;
                self.env.sleep(wait).await;
            }
        };
        let ended = self.env.timeout(deadline.saturating_since(self.env.clock().now()), tries).await;
        match ended {
            Ok(done) => done,
            Err(_) => {
                let reason = last.map_or_else(String::new, |error| format!(" The last failure was: {error}"));
                let millis = limit.as_millis();
                Err(ClientError::timeout(format!(
                    "Timed out waiting for a node assignment. Call: {call} ({millis} ms).{reason}"
                )))
            }
        }
    }
}

/// A request for brokers alone.
fn no_topics(version: i16) -> MetadataRequest {
    // In version 0 an empty list would mean every topic; there is no other way to ask it.
    let mut request = MetadataRequest::default().with_topics(Some(Vec::new()));
    if version >= 4 {
        request = request.with_allow_auto_topic_creation(false);
    }
    request
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.topology.abort();
    }
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").field("client_id", &self.config.client.client_id).finish_non_exhaustive()
    }
}
