//! What a test can do to the world.

use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;

use env::Env;

use crate::disk::DiskControl;
use crate::failpoint::Failpoints;
use crate::network::{NetworkControl, PeerEnd};
use crate::world::World;

/// The test's hand on a simulated world. Cloning is cheap; every clone is the same world.
///
/// Machines are named; a machine is made when its name first appears.
#[derive(Clone)]
pub struct SimHandle {
    world: Arc<World>,
}

impl SimHandle {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// The world as the process on machine `host` sees it. A process is started when none runs there: on first use, and
    /// after [`SimHandle::kill`] or [`SimHandle::crash`].
    pub fn env_for(&self, host: &str) -> Env {
        self.world.host(host).env(&self.world)
    }

    /// Whether a process runs on `host`.
    pub fn is_running(&self, host: &str) -> bool {
        self.world.host(host).is_running()
    }

    /// The address of `host`, by which the other machines reach it.
    pub fn ip_of(&self, host: &str) -> IpAddr {
        self.world.host(host).ip()
    }

    /// Ends the process on `host` as `kill -9` does: its tasks, listeners, locks and connections are gone, what it wrote
    /// is there, flushed or not. By seed, the peers of its connections still get what was on its way, or not.
    ///
    /// A task of that process may call this: it runs on to its next await, and nothing it does until then has an effect.
    pub fn kill(&self, host: &str) {
        self.end(host, "is killed", PeerEnd::Closed);
        self.world.host(host).drive.release_locks();
    }

    /// Takes the power away from `host`: as [`SimHandle::kill`], and the disk goes back to what is durable. Of each write
    /// that was not flushed the seed decides whether all, the beginning or nothing is kept; of each creation, rename and
    /// removal in a folder that was not flushed, whether it happened.
    pub fn crash(&self, host: &str) {
        self.end(host, "loses power", PeerEnd::Reset);
        self.world.host(host).drive.lose_power();
    }

    fn end(&self, host: &str, how: &str, peers_see: PeerEnd) {
        let host = self.world.host(host);
        self.world.record(format_args!("{}: {how}", host.name));
        host.end_process();
        self.world.network.end_host(&self.world, host.number, peers_see);
    }

    /// Moves the wall clock of all machines by that many milliseconds; monotonic time does not notice.
    pub fn step_clock(&self, by_millis: i64) {
        self.world.record(format_args!("the wall clock steps by {by_millis} ms"));
        self.world.time.step_wall_clock(by_millis);
    }

    /// The network's faults.
    pub fn network(&self) -> NetworkControl {
        NetworkControl::new(self.world.clone())
    }

    /// The disk of `host`, its faults and its standard streams.
    pub fn disk(&self, host: &str) -> DiskControl {
        DiskControl::new(self.world.clone(), self.world.host(host))
    }

    /// The failpoints of this world.
    pub fn failpoints(&self) -> &Failpoints {
        &self.world.failpoints
    }

    /// A number below `bound` for choices of the test itself; 0 when `bound` is 0.
    pub fn draw(&self, bound: u64) -> u64 {
        self.world.scenario.below(bound)
    }

    /// The seed of this world.
    pub fn seed(&self) -> u64 {
        self.world.seed
    }

    /// Adds an event to the trace: what a test observes belongs there, so that two runs of a seed are compared by it.
    pub fn trace(&self, event: impl Display) {
        self.world.record(format_args!("{event}"));
    }

    /// The hash of everything that has happened so far.
    pub fn trace_hash(&self) -> u64 {
        self.world.trace.hash()
    }

    /// The last events, oldest first, one a line.
    pub fn last_events(&self) -> String {
        self.world.trace.last_events()
    }
}
