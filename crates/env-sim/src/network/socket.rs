//! The network as one process sees it.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use env::{BoxFuture, Listener, Network, Stream};

use super::fabric::Attempt;
use super::stream::SimStream;
use crate::host::Process;
use crate::world::World;

/// How long a machine searches an address that nobody has.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(3);

/// How often an unanswered attempt to connect is repeated, and when it is given up.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
const CONNECT_LIMIT: Duration = Duration::from_secs(127);

/// The network of one process.
pub(crate) struct SimNetwork {
    pub(crate) world: Arc<World>,
    pub(crate) process: Arc<Process>,
}

impl Network for SimNetwork {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move {
            self.process.check_alive()?;
            if let Ok(ip) = host.parse::<IpAddr>() {
                return Ok(vec![SocketAddr::new(ip, port)]);
            }
            let (plan, addresses) = {
                let state = self.world.network.state.lock();
                (state.plan.clone(), state.addresses(host))
            };
            self.world.time.sleep(self.world.network.choices.duration(&plan.latency)).await;
            if addresses.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, format!("no machine is called {host}")));
            }
            Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
        })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let link = self.open(address).await?;
            let stream = SimStream::new(self.world.clone(), self.process.clone(), link, 0, address);
            self.process.check_alive()?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }

    fn listen(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Listener>>> {
        Box::pin(async move {
            self.process.check_alive()?;
            let (id, address) = self.world.network.listen(&self.world, &self.process.host, address)?;
            let (world, process) = (self.world.clone(), self.process.clone());
            Ok(Box::new(SimListener { world, process, id, address }) as Box<dyn Listener>)
        })
    }
}

impl SimNetwork {
    async fn open(&self, address: SocketAddr) -> io::Result<u64> {
        self.process.check_alive()?;
        let (world, from) = (&self.world, &self.process.host);
        let itself = address.ip().is_loopback() || address.ip().is_unspecified();
        let Some(to) = (if itself { Some(from.clone()) } else { world.host_at(address.ip()) }) else {
            world.time.sleep(UNREACHABLE_AFTER).await;
            return Err(io::ErrorKind::HostUnreachable.into());
        };
        let latency = world.network.draw_latency(from, &to);
        let give_up = world.time.now() + CONNECT_LIMIT;
        while world.time.now() < give_up {
            if !world.network.is_blocked(from, &to) {
                world.time.sleep(latency * 2).await;
                self.process.check_alive()?;
                match world.network.open(world, from, &to, address, latency) {
                    Attempt::Opened(link) => return Ok(link),
                    Attempt::Refused => {
                        world.record(format_args!("{} → {}: {address} refuses", from.name, to.name));
                        return Err(io::ErrorKind::ConnectionRefused.into());
                    }
                    Attempt::Unanswered => {}
                }
            }
            world.time.sleep(RETRY_INTERVAL).await;
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

/// A listening socket.
struct SimListener {
    world: Arc<World>,
    process: Arc<Process>,
    id: u64,
    address: SocketAddr,
}

impl SimListener {
    fn key(&self) -> (u32, u16) {
        (self.process.host.number, self.address.port())
    }
}

impl Listener for SimListener {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<(Box<dyn Stream>, SocketAddr)>> {
        Box::pin(async move {
            let (link, peer) = poll_fn(|cx| self.world.network.poll_accept(self.key(), self.id, cx)).await?;
            let stream = SimStream::new(self.world.clone(), self.process.clone(), link, 1, peer);
            Ok((Box::new(stream) as Box<dyn Stream>, peer))
        })
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        self.world.network.stop_listening(&self.world, self.key(), self.id);
    }
}
