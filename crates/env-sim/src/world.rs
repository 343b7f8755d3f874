//! Everything that the machines of one simulation share.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::clock::Time;
use crate::failpoint::Failpoints;
use crate::host::Host;
use crate::network::Fabric;
use crate::seed::Choices;
use crate::trace::Trace;

/// How often a task that could run is sent to the end of the queue instead.
const JOSTLE_CHANCE: f64 = 0.1;

/// One simulation's world.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) runtime: Handle,
    pub(crate) time: Time,
    pub(crate) trace: Trace,
    pub(crate) network: Fabric,
    pub(crate) failpoints: Failpoints,
    /// What the test body draws.
    pub(crate) scenario: Choices,
    schedule: Choices,
    hosts: Mutex<BTreeMap<String, Arc<Host>>>,
    next_id: AtomicU64,
}

impl World {
    pub(crate) fn new(seed: u64, runtime: Handle) -> Arc<Self> {
        Arc::new(Self {
            seed,
            time: Time::new(runtime.clone()),
            runtime,
            trace: Trace::new(),
            network: Fabric::new(seed),
            failpoints: Failpoints::new(seed),
            scenario: Choices::new(seed, "scenario"),
            schedule: Choices::new(seed, "schedule"),
            hosts: Mutex::default(),
            next_id: AtomicU64::new(1),
        })
    }

    pub(crate) fn record(&self, event: fmt::Arguments<'_>) {
        self.trace.record(self.time.now(), event);
    }

    /// A number that no other task, connection, listener or open file of this world has.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether a task that could run has to let the others go first.
    pub(crate) fn jostles(&self) -> bool {
        self.schedule.happens(JOSTLE_CHANCE)
    }

    /// The machine of that name, made when there is none yet.
    pub(crate) fn host(&self, name: &str) -> Arc<Host> {
        let mut hosts = self.hosts.lock();
        if let Some(host) = hosts.get(name) {
            return host.clone();
        }
        let number = u32::try_from(hosts.len()).expect("a simulation has few machines") + 1;
        let host = Arc::new(Host::new(self, name, number));
        hosts.insert(name.to_owned(), host.clone());
        self.network.add_name(name, vec![host.ip()]);
        host
    }

    /// The machine that has an address, if any.
    pub(crate) fn host_at(&self, ip: IpAddr) -> Option<Arc<Host>> {
        self.hosts.lock().values().find(|host| host.ip() == ip).cloned()
    }

    /// Ends all processes, which together with their machines would otherwise never be freed.
    pub(crate) fn end(&self) {
        let hosts = std::mem::take(&mut *self.hosts.lock());
        hosts.values().for_each(|host| host.end_process());
    }
}

/// The address of machine `number`, counted from 1: 10.0.0.1 and so on.
pub(crate) fn address_of(number: u32) -> IpAddr {
    let [_, a, b, c] = number.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(10, a, b, c))
}
