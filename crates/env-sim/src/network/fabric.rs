//! All connections, listeners and names of a world.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;

use super::link::{End, Link, Moment, Outcome, Side, Wakes};
use super::plan::NetworkPlan;
use crate::host::Host;
use crate::seed::Choices;
use crate::world::World;

/// How many connections may wait to be accepted.
const BACKLOG: usize = 128;

/// The first of the ports that are given out to whoever asks for none.
const FIRST_FREE_PORT: u16 = 32_768;

/// How the peers of a process that ended see it, when they get what was on its way at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeerEnd {
    /// The system closed its sockets.
    Closed,
    /// The machine is gone.
    Reset,
}

/// The network of a world.
pub(crate) struct Fabric {
    pub(super) choices: Choices,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) plan: NetworkPlan,
    pub(super) names: BTreeMap<String, Vec<IpAddr>>,
    pub(super) links: BTreeMap<u64, Link>,
    listeners: BTreeMap<(u32, u16), Listening>,
    next_port: BTreeMap<u32, u16>,
    /// Since when nothing passes from one machine to another.
    pub(super) blocked: BTreeMap<(u32, u32), Duration>,
    pub(super) slow: BTreeMap<(u32, u32), Duration>,
    pub(super) refusing: BTreeSet<u32>,
    /// How many more bytes are delivered from one machine to another before that connection is cut.
    pub(super) cut_after: BTreeMap<(u32, u32), u64>,
}

struct Listening {
    id: u64,
    ip: IpAddr,
    backlog: VecDeque<u64>,
    acceptor: Option<Waker>,
}

/// What an attempt to connect comes to.
pub(super) enum Attempt {
    Opened(u64),
    Refused,
    /// Nothing came back.
    Unanswered,
}

impl Fabric {
    pub(crate) fn new(seed: u64) -> Self {
        Self { choices: Choices::new(seed, "network"), state: Mutex::default() }
    }

    pub(crate) fn add_name(&self, name: &str, addresses: Vec<IpAddr>) {
        self.state.lock().names.insert(name.to_owned(), addresses);
    }

    /// One way's delay of a new connection.
    pub(super) fn draw_latency(&self, from: &Host, to: &Host) -> Duration {
        if from.number == to.number {
            return Duration::ZERO;
        }
        let range = self.state.lock().plan.latency.clone();
        self.choices.duration(&range)
    }

    /// Starts listening; the id tells this listener from a later one at the same port.
    pub(super) fn listen(&self, world: &World, host: &Arc<Host>, address: SocketAddr) -> io::Result<(u64, SocketAddr)> {
        let ip = address.ip();
        if ip != host.ip() && !ip.is_unspecified() && !ip.is_loopback() {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let id = world.next_id();
        let state = &mut *self.state.lock();
        let port = if address.port() == 0 { state.free_port(host.number) } else { address.port() };
        if state.listeners.contains_key(&(host.number, port)) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let listening = Listening { id, ip, backlog: VecDeque::new(), acceptor: None };
        state.listeners.insert((host.number, port), listening);
        world.record(format_args!("{}: listens on {ip}:{port}", host.name));
        Ok((id, SocketAddr::new(ip, port)))
    }

    /// The next waiting connection: its id, and the other end's address.
    pub(super) fn poll_accept(
        &self,
        key: (u32, u16),
        id: u64,
        cx: &Context<'_>,
    ) -> Poll<io::Result<(u64, SocketAddr)>> {
        let state = &mut *self.state.lock();
        let Some(listening) = state.listeners.get_mut(&key).filter(|listening| listening.id == id) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let Some(link) = listening.backlog.pop_front() else {
            listening.acceptor = Some(cx.waker().clone());
            return Poll::Pending;
        };
        Poll::Ready(
            state.links.get(&link).map_or_else(
                || Err(io::ErrorKind::ConnectionAborted.into()),
                |opened| Ok((link, opened.ends[0].address)),
            ),
        )
    }

    /// Stops listening; whoever waits to be accepted is reset.
    pub(super) fn stop_listening(&self, world: &World, key: (u32, u16), id: u64) {
        let now = world.time.now();
        self.change(|state, wakes| {
            if state.listeners.get(&key).is_none_or(|listening| listening.id != id) {
                return;
            }
            let backlog = state.listeners.remove(&key).map(|listening| listening.backlog).unwrap_or_default();
            for link in backlog {
                state.with_link(link, |opened| opened.close_with_reset(1, now, wakes));
            }
        });
    }

    /// Whether nothing passes in one direction or the other.
    pub(super) fn is_blocked(&self, a: &Host, b: &Host) -> bool {
        let state = self.state.lock();
        state.blocked.contains_key(&(a.number, b.number)) || state.blocked.contains_key(&(b.number, a.number))
    }

    /// Opens a connection to whoever listens at `address` on `to`.
    pub(super) fn open(
        &self,
        world: &World,
        from: &Arc<Host>,
        to: &Arc<Host>,
        address: SocketAddr,
        latency: Duration,
    ) -> Attempt {
        let link = world.next_id();
        self.change(|state, wakes| {
            if state.refusing.contains(&to.number) || self.choices.happens(state.plan.refuse_chance) {
                return Attempt::Refused;
            }
            let client_ip = if address.ip().is_loopback() { address.ip() } else { from.ip() };
            let client = SocketAddr::new(client_ip, state.free_port(from.number));
            let listening = match state.listeners.get_mut(&(to.number, address.port())) {
                Some(listening) if listening.ip.is_unspecified() || listening.ip == address.ip() => listening,
                _ => return Attempt::Refused,
            };
            if listening.backlog.len() == BACKLOG {
                return Attempt::Unanswered;
            }
            listening.backlog.push_back(link);
            wakes.extend(listening.acceptor.take());
            let ends = (End::new(from.clone(), client), End::new(to.clone(), address));
            state.links.insert(link, Link::new(ends.0, ends.1, latency));
            world.record(format_args!("{} → {}: connection {link} to {address}", from.name, to.name));
            Attempt::Opened(link)
        })
    }

    /// Reads from a connection what has arrived, at most `most` bytes.
    pub(super) fn read(
        &self,
        world: &World,
        link: u64,
        side: Side,
        most: usize,
        waker: &Waker,
        take: impl FnOnce(&[u8]),
    ) -> Outcome {
        let now = world.time.now();
        self.change(|state, wakes| {
            let Some(opened) = state.links.get_mut(&link) else { return Outcome::Reset };
            let way = (opened.ends[1 - side].host.number, opened.ends[side].host.number);
            let moment = Moment { now, blocked_since: state.blocked.get(&way).copied() };
            let mut limit = self.split(opened.readable(side, moment).min(most), state.plan.split_chance);
            let budget = state.cut_after.get_mut(&way).filter(|_| limit > 0);
            let mut cut = false;
            if let Some(budget) = budget {
                limit = limit.min(usize::try_from(*budget).unwrap_or(usize::MAX));
                *budget -= limit as u64;
                cut = *budget == 0;
            }
            let outcome = match (cut, limit) {
                (true, 0) => Outcome::Reset,
                _ => opened.read(side, moment, limit, waker, take, wakes),
            };
            if cut {
                opened.cut(wakes);
                state.cut_after.remove(&way);
                world.record(format_args!("connection {link} is cut at the agreed byte"));
            }
            outcome
        })
    }

    /// Writes to a connection what fits.
    pub(super) fn write(&self, world: &World, link: u64, side: Side, bytes: &[u8], waker: &Waker) -> Outcome {
        let now = world.time.now();
        self.change(|state, wakes| {
            let Some(opened) = state.links.get_mut(&link) else { return Outcome::Reset };
            let (from, to) = (opened.ends[side].host.number, opened.ends[1 - side].host.number);
            let moment = Moment { now, blocked_since: state.blocked.get(&(to, from)).copied() };
            let mut delay = state.slow.get(&(from, to)).copied().unwrap_or_default();
            if self.choices.happens(state.plan.spike_chance) {
                delay += self.choices.duration(&state.plan.spike);
            }
            let part = &bytes[..self.split(bytes.len(), state.plan.split_chance)];
            if part.is_empty() || !self.choices.happens(state.plan.cut_chance) {
                return opened.write(side, moment, part, delay, waker, wakes);
            }
            // The writer learns nothing: it wrote everything, and only a part of it arrives.
            let carried = &part[..self.choices.below(part.len() as u64 + 1) as usize];
            let outcome = opened.write(side, moment, carried, delay, waker, wakes);
            let Outcome::Moved(_) = outcome else { return outcome };
            opened.reset_after_last_write(side, wakes);
            world.record(format_args!("connection {link} will be cut"));
            Outcome::Moved(part.len())
        })
    }

    pub(super) fn finish(&self, world: &World, link: u64, side: Side) {
        let now = world.time.now();
        self.change(|state, wakes| state.with_link(link, |opened| opened.finish(side, now, wakes)));
    }

    pub(super) fn close(&self, world: &World, link: u64, side: Side) {
        let now = world.time.now();
        self.change(|state, wakes| {
            state.with_link(link, |opened| {
                if opened.ends[side].open {
                    opened.close(side, now, wakes);
                }
            });
        });
    }

    /// Ends all listeners and connections of a machine's process.
    pub(crate) fn end_host(&self, world: &World, host: u32, peers_see: PeerEnd) {
        let now = world.time.now();
        self.change(|state, wakes| {
            state.listeners.retain(|(number, _), _| *number != host);
            let links: Vec<u64> = state.links.keys().copied().collect();
            for link in links {
                state.with_link(link, |opened| {
                    for side in [0, 1] {
                        if opened.ends[side].host.number != host || !opened.ends[side].open {
                            continue;
                        }
                        if self.choices.happens(0.5) {
                            opened.cut(wakes);
                        }
                        match peers_see {
                            PeerEnd::Closed => opened.close(side, now, wakes),
                            PeerEnd::Reset => opened.close_with_reset(side, now, wakes),
                        }
                    }
                });
            }
        });
    }

    /// Changes the state, then wakes whoever has to look again.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State, &mut Wakes) -> T) -> T {
        let mut wakes = Wakes::new();
        let result = change(&mut self.state.lock(), &mut wakes);
        wakes.into_iter().for_each(Waker::wake);
        result
    }

    /// At times fewer bytes than there could be, as with any stream.
    fn split(&self, most: usize, chance: f64) -> usize {
        if most > 1 && self.choices.happens(chance) { 1 + self.choices.below(most as u64) as usize } else { most }
    }
}

impl State {
    /// The addresses of a name.
    pub(super) fn addresses(&self, name: &str) -> Vec<IpAddr> {
        match name {
            "localhost" => vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            _ => self.names.get(name).cloned().unwrap_or_default(),
        }
    }

    /// Changes a connection, and forgets it when nobody holds it any more.
    pub(super) fn with_link(&mut self, link: u64, change: impl FnOnce(&mut Link)) {
        if let Some(opened) = self.links.get_mut(&link) {
            change(opened);
            if opened.is_unused() {
                self.links.remove(&link);
            }
        }
    }

    fn free_port(&mut self, host: u32) -> u16 {
        let next = self.next_port.entry(host).or_insert(FIRST_FREE_PORT);
        loop {
            let port = *next;
            *next = port.checked_add(1).unwrap_or(FIRST_FREE_PORT);
            if !self.listeners.contains_key(&(host, port)) {
                return port;
            }
        }
    }
}
