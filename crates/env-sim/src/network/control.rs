//! The test's hand on the network.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::link::Link;
use super::plan::NetworkPlan;
use crate::world::World;

/// An open connection, as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Identity within the simulation.
    pub id: u64,
    /// The machine that asked for it.
    pub client: String,
    /// The machine that accepted it.
    pub server: String,
    /// The client's address.
    pub client_address: SocketAddr,
    /// The server's address.
    pub server_address: SocketAddr,
}

/// Breaks and mends the network of a simulation.
pub struct NetworkControl {
    world: Arc<World>,
}

impl NetworkControl {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// What the network does by chance from now on; open connections keep their latency.
    pub fn plan(&self, plan: NetworkPlan) {
        self.world.network.state.lock().plan = plan;
    }

    /// Gives a name these addresses; without any, it is unknown. A machine's own name has its address from the start.
    pub fn set_name(&self, name: &str, addresses: Vec<IpAddr>) {
        self.world.network.add_name(name, addresses);
    }

    /// The open connections, oldest first; those that were cut are not among them.
    pub fn connections(&self) -> Vec<Connection> {
        let state = self.world.network.state.lock();
        let open = state.links.iter().filter(|(_, link)| !link.is_cut());
        open.map(|(id, link)| Connection {
            id: *id,
            client: link.ends[0].host.name.clone(),
            server: link.ends[1].host.name.clone(),
            client_address: link.ends[0].address,
            server_address: link.ends[1].address,
        })
        .collect()
    }

    /// Cuts one connection: both ends see a reset at once, what was on its way is lost.
    pub fn cut(&self, connection: u64) {
        self.cut_where(|id, _| id == connection);
    }

    /// Cuts every connection of a machine.
    pub fn cut_host(&self, host: &str) {
        let host = self.number(host);
        self.cut_where(|_, link| link.ends.iter().any(|end| end.host.number == host));
    }

    /// Cuts every connection between two machines.
    pub fn cut_between(&self, a: &str, b: &str) {
        let (a, b) = (self.number(a), self.number(b));
        self.cut_where(|_, link| {
            let ends = (link.ends[0].host.number, link.ends[1].host.number);
            ends == (a, b) || ends == (b, a)
        });
    }

    /// After `bytes` more bytes have been read by `to` from connections with `from`, the connection on which the last one
    /// came is cut: a request that was carried out, and an answer half of which is lost. One such order stands per pair
    /// of machines; a new one replaces it.
    pub fn cut_after(&self, from: &str, to: &str, bytes: u64) {
        let way = (self.number(from), self.number(to));
        self.world.network.state.lock().cut_after.insert(way, bytes);
    }

    /// Whether `host` refuses all new connections.
    pub fn refuse(&self, host: &str, refuses: bool) {
        let host = self.number(host);
        let refusing = &mut self.world.network.state.lock().refusing;
        if refuses {
            refusing.insert(host)
        } else {
            refusing.remove(&host)
        };
    }

    /// What `from` writes to `to` from now on takes that much longer; zero ends it.
    pub fn delay(&self, from: &str, to: &str, by: Duration) {
        let way = (self.number(from), self.number(to));
        self.world.network.state.lock().slow.insert(way, by);
    }

    /// Nothing passes between two machines until they are healed. Connections stay open and silent, attempts to connect
    /// get no answer.
    pub fn partition(&self, a: &str, b: &str) {
        self.block(a, b);
        self.block(b, a);
    }

    /// Nothing passes from one machine to another until they are healed.
    pub fn block(&self, from: &str, to: &str) {
        let way = (self.number(from), self.number(to));
        let now = self.world.time.now();
        self.world.record(format_args!("nothing passes from {from} to {to}"));
        self.world.network.state.lock().blocked.entry(way).or_insert(now);
    }

    /// Everything passes again between two machines; what could not is sent again.
    pub fn heal(&self, a: &str, b: &str) {
        let (a, b) = (self.number(a), self.number(b));
        self.heal_where(|way| way == (a, b) || way == (b, a));
    }

    /// Everything passes again everywhere.
    pub fn heal_all(&self) {
        self.heal_where(|_| true);
    }

    fn number(&self, host: &str) -> u32 {
        self.world.host(host).number
    }

    fn cut_where(&self, chosen: impl Fn(u64, &Link) -> bool) {
        self.world.network.change(|state, wakes| {
            for (id, link) in state.links.iter_mut().filter(|(id, link)| chosen(**id, link)) {
                self.world.record(format_args!("connection {id} is cut"));
                link.cut(wakes);
            }
        });
    }

    fn heal_where(&self, chosen: impl Fn((u32, u32)) -> bool) {
        let now = self.world.time.now();
        self.world.record(format_args!("the network heals"));
        self.world.network.change(|state, wakes| {
            for ((from, to), since) in state.blocked.extract_if(.., |way, _| chosen(*way)) {
                for link in state.links.values_mut() {
                    for side in [0, 1] {
                        if (link.ends[side].host.number, link.ends[1 - side].host.number) == (from, to) {
                            link.resend(side, since, now, wakes);
                        }
                    }
                }
            }
        });
    }
}
