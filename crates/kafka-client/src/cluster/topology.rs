//! The brokers of a cluster, and what is known of its topics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use env::{Env, Instant, Task, watch};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Interest;
use super::Snapshot;
use crate::config::{ClientConfig, ServerAddress};
use crate::error::ClientError;
use crate::net::Link;

/// What a connection is used for; different uses get different connections to the same address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// Records, metadata, offsets by time.
    General,
    /// Group membership: its requests may wait in the broker for minutes.
    Coordinator,
}

/// One client's view of its cluster. Nothing is opened before it is needed.
pub(crate) struct Cluster {
    pub(super) env: Env,
    pub(super) config: Arc<ClientConfig>,
    links: Mutex<BTreeMap<(Use, ServerAddress), Arc<Link>>>,
    pub(super) state: Mutex<State>,
    /// Wakes the refresh task.
    pub(super) wanted: Notify,
    /// The generation of the snapshot, and how often refreshing failed.
    pub(super) changes: watch::Sender<(u64, u64)>,
    started: AtomicBool,
    task: Mutex<Option<Box<dyn Task>>>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) interest: Interest,
    /// How many updates were asked for, and the number up to which they were served.
    pub(super) asked: u64,
    pub(super) served: u64,
    pub(super) last_success: Option<Instant>,
    pub(super) last_attempt: Option<Instant>,
    /// When the first of the attempts began that have not worked since.
    pub(super) trying_since: Option<Instant>,
    /// Why the last refresh failed; `None` after one that worked.
    pub(super) error: Option<ClientError>,
    /// The brokers known are not asked before a bootstrap address has answered (KIP-1102).
    pub(super) must_rebootstrap: bool,
}

impl Cluster {
    pub(crate) fn new(env: Env, config: Arc<ClientConfig>) -> Arc<Self> {
        Arc::new(Self {
            env,
            config,
            links: Mutex::default(),
            state: Mutex::default(),
            wanted: Notify::new(),
            changes: watch::Sender::new((0, 0)),
            started: AtomicBool::new(false),
            task: Mutex::new(None),
        })
    }

    /// The environment.
    pub(crate) fn env(&self) -> &Env {
        &self.env
    }

    /// The common configuration.
    pub(crate) fn config(&self) -> &ClientConfig {
        &self.config
    }

    /// What is known now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.state.lock().snapshot.clone()
    }

    /// Why the last refresh failed, if it did.
    pub(crate) fn error(&self) -> Option<ClientError> {
        self.state.lock().error.clone()
    }

    /// Follows the snapshot's generation and the number of failed refreshes.
    pub(crate) fn changes(&self) -> watch::Receiver<(u64, u64)> {
        self.changes.subscribe()
    }

    /// Adds a topic to those in use. What is known of it arrives with a later snapshot.
    pub(crate) fn add_topic(self: &Arc<Self>, topic: &Arc<str>) {
        if self.state.lock().interest.topics.insert(topic.clone()) {
            self.request_update();
        }
    }

    /// Takes a topic out of those in use.
    pub(crate) fn forget_topic(&self, topic: &str) {
        self.state.lock().interest.topics.remove(topic);
    }

    /// Replaces the topics in use.
    pub(crate) fn set_interest(self: &Arc<Self>, interest: Interest) {
        let changed = {
            let mut state = self.state.lock();
            let changed = state.interest != interest;
            state.interest = interest;
            changed
        };
        if changed {
            self.request_update();
        }
    }

    /// Asks for a fresh snapshot; the number to compare with [`Cluster::is_served`].
    pub(crate) fn request_update(self: &Arc<Self>) -> u64 {
        let asked = {
            let mut state = self.state.lock();
            state.asked += 1;
            state.asked
        };
        self.start();
        self.wanted.notify_one();
        asked
    }

    /// Whether the snapshot is younger than that call of [`Cluster::request_update`].
    pub(crate) fn is_served(&self, asked: u64) -> bool {
        self.state.lock().served >= asked
    }

    /// The way to a broker.
    pub(crate) fn link(&self, address: &ServerAddress) -> Arc<Link> {
        self.link_for(Use::General, address)
    }

    /// The way to a group's coordinator, with a connection of its own.
    pub(crate) fn coordinator_link(&self, address: &ServerAddress) -> Arc<Link> {
        self.link_for(Use::Coordinator, address)
    }

    fn link_for(&self, purpose: Use, address: &ServerAddress) -> Arc<Link> {
        let mut links = self.links.lock();
        let link = links.entry((purpose, address.clone()));
        link.or_insert_with(|| Arc::new(Link::new(self.env.clone(), self.config.clone(), address.clone()))).clone()
    }

    /// Lets go of the connections to brokers that are no longer in the cluster, and to bootstrap addresses that no
    /// broker is known by.
    pub(super) fn retain_links(&self, snapshot: &Snapshot) {
        self.links.lock().retain(|(purpose, address), link| {
            let kept = *purpose == Use::Coordinator || snapshot.brokers.values().any(|known| known == address);
            if !kept {
                link.release();
            }
            kept
        });
    }

    /// Closes all connections, whatever is in flight, and gives up connecting.
    pub(super) fn leave_all(&self) {
        for link in self.links.lock().values() {
            link.give_up();
        }
    }

    /// Ends everything at once: the refresh task and all connections, whatever is in flight.
    pub(crate) fn abort(&self) {
        self.started.store(true, Ordering::Relaxed);
        if let Some(task) = self.task.lock().take() {
            task.abort();
        }
        for link in self.links.lock().values() {
            link.abort();
        }
    }

    fn start(self: &Arc<Self>) {
        if !self.started.swap(true, Ordering::Relaxed) {
            let cluster = self.clone();
            let run = Box::pin(async move { cluster.refresh_forever().await });
            *self.task.lock() = Some(self.env.work().spawn("kafka-metadata", run));
        }
    }
}
