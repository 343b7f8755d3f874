//! A broker from its start to its end.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use env::{Env, Task};
use kafka_wire::StrBytes;
use parking_lot::Mutex;

use crate::configs::given;
use crate::groups::Coordinator;
use crate::server::listen;
use crate::sessions::Sessions;
use crate::upkeep::{compact, flush_in_time, retain};
use crate::{BrokerConfig, Data, transactions};

/// A broker that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where it was to listen.
        address: SocketAddr,
        /// Why it cannot.
        source: io::Error,
    },
    /// What is kept cannot be read or written.
    #[error("the broker's data cannot be used: {0}")]
    Data(#[from] io::Error),
}

/// A Kafka broker.
pub struct Broker;

/// A running broker. Dropping it stops it.
pub struct Handle {
    addr: SocketAddr,
    node: Arc<Node>,
    tasks: Vec<Box<dyn Task>>,
}

/// What all connections share.
pub(crate) struct Node {
    pub(crate) env: Env,
    pub(crate) config: BrokerConfig,
    pub(crate) host: StrBytes,
    pub(crate) port: u16,
    pub(crate) cluster_id: StrBytes,
    pub(crate) data: Data,
    pub(crate) groups: Arc<Coordinator>,
    pub(crate) transactions: Arc<transactions::Coordinator>,
    pub(crate) sessions: Sessions,
    /// The open connections' tasks, by number.
    pub(crate) connections: Mutex<Connections>,
}

/// The open connections.
#[derive(Default)]
pub(crate) struct Connections {
    pub(crate) open: BTreeMap<u64, Option<Box<dyn Task>>>,
    pub(crate) next: u64,
    pub(crate) closed: bool,
}

impl Broker {
    /// Starts a broker without topics.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(env: &Env, config: BrokerConfig) -> Result<Handle, StartError> {
        Self::start_with(env, config, Data::new()).await
    }

    /// Starts a broker that goes on with what another has left.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the data cannot be used.
    pub async fn start_with(env: &Env, config: BrokerConfig, data: Data) -> Result<Handle, StartError> {
        let failed = |source| StartError::Listen { address: config.listen, source };
        let listener = env.network().listen(config.listen).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let host = config.advertised_host.clone().unwrap_or_else(|| match addr.ip() {
            ip if ip.is_unspecified() => "localhost".to_owned(),
            ip => ip.to_string(),
        });
        data.0.configure(config.log);
        let mut named = Ok(String::new());
        env.work().in_place(&mut || named = name_cluster(env, &data));
        let cluster_id = named?;
        let port = config.advertised_port.unwrap_or(addr.port());
        data.0.topics.serve(config.node_id, given(&config, &format!("{host}:{port}")));
        let groups = Coordinator::new(env.clone(), data.clone(), &config)?;
        let transactions = transactions::Coordinator::new(env.clone(), data.clone(), &config)?;
        let node = Arc::new(Node {
            env: env.clone(),
            host: StrBytes::from_string(host),
            port,
            cluster_id: StrBytes::from_string(cluster_id),
            config,
            data,
            groups: groups.clone(),
            transactions: transactions.clone(),
            sessions: Sessions::default(),
            connections: Mutex::default(),
        });
        let retaining = retain(env.clone(), node.data.clone(), node.config.retention_check_interval);
        let compacting = compact(env.clone(), node.data.clone(), node.config.cleaner_backoff);
        let mut tasks = vec![
            // Both write to the disk.
            env.work().spawn("kafka-broker groups", Box::pin(env.lend(groups.run()))),
            env.work().spawn("kafka-broker transactions", Box::pin(env.lend(transactions.run()))),
            env.work().spawn("kafka-broker retention", retaining),
            env.work().spawn("kafka-broker compaction", compacting),
            env.work().spawn("kafka-broker listener", Box::pin(listen(node.clone(), listener))),
        ];
        if let Some(disk) = &node.data.0.disk {
            let flushing = flush_in_time(env.clone(), node.data.clone(), disk.queue.clone());
            tasks.push(env.work().spawn("kafka-broker flush", flushing));
        }
        Ok(Handle { addr, node, tasks })
    }
}

/// The name the cluster has, or a new one.
fn name_cluster(env: &Env, data: &Data) -> io::Result<String> {
    if let Some(id) = data.0.cluster_id()? {
        return Ok(id);
    }
    let id = new_cluster_id(env);
    data.0.name_cluster(&id)?;
    Ok(id)
}

/// 22 characters, as Kafka's own ids.
fn new_cluster_id(env: &Env) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..22).map(|_| char::from(ALPHABET[env.random().below(64) as usize])).collect()
}

impl Handle {
    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `host:port`, for clients' `bootstrap.servers`.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        format!("{}:{}", &*self.node.host, self.node.port)
    }

    /// The cluster's id.
    #[must_use]
    pub fn cluster_id(&self) -> &str {
        &self.node.cluster_id
    }

    /// Topics and offsets, to give to the next broker.
    #[must_use]
    pub fn data(&self) -> Data {
        self.node.data.clone()
    }

    /// Closes every connection; requests under way may or may not have been carried out. When it returns, the address
    /// is free, and what is on a disk is durable.
    pub async fn stop(mut self) {
        let tasks = self.abort();
        for task in tasks {
            // Aborted is how it is meant to end.
            let _ = task.join().await;
        }
        let data = &self.node.data;
        self.node.env.work().in_place(&mut || data.0.close());
    }

    fn abort(&mut self) -> Vec<Box<dyn Task>> {
        let mut tasks = std::mem::take(&mut self.tasks);
        let mut connections = self.node.connections.lock();
        connections.closed = true;
        tasks.extend(std::mem::take(&mut connections.open).into_values().flatten());
        drop(connections);
        tasks.iter().for_each(|task| task.abort());
        tasks
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.abort();
    }
}
