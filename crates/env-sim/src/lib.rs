//! A world made from a seed: an [`env::Env`] whose clock is paused and jumps, whose network and disk live in memory and
//! fail on request or by chance, and whose every choice follows from one number.
//!
//! A [`Sim`] runs a test body. The body gets the world of a machine that is always there, and a [`SimHandle`], which
//! makes further machines ([`SimHandle::env_for`]), breaks their network and disks, kills their processes, and takes
//! their power away. Two runs of one seed do the same in the same order; [`replay`] checks it by the trace hash.
//!
//! ```
//! use std::time::Duration;
//!
//! let hour = env_sim::replay(7, |env, sim| async move {
//!     let worker = sim.env_for("worker");
//!     let task = worker.work().spawn("tick", {
//!         let worker = worker.clone();
//!         Box::pin(async move { worker.sleep(Duration::from_secs(3600)).await })
//!     });
//!     task.join().await.expect("nobody aborts it");
//!     env.clock().now().since_origin()
//! });
//! assert!(hour >= Duration::from_secs(3600)); // and no time has passed
//! ```
//!
//! What a simulation cannot show: threads running at the same time (one thread runs everything; a blocking section blocks
//! the whole world), and the order in which `std`'s hash maps iterate, which differs from run to run.
#![allow(clippy::disallowed_methods, reason = "this crate is what stands between the rest and these calls")]

mod sim;

mod clock;
mod disk;
mod failpoint;
mod handle;
mod host;
mod network;
mod random;
mod seed;
mod trace;
mod work;
mod world;

pub use disk::{DiskControl, DiskFault, DiskOperation};
pub use failpoint::{Action, Failpoints, FaultPlan};
pub use handle::SimHandle;
pub use network::{Connection, NetworkControl, NetworkPlan};
pub use sim::{Sim, replay, replay_seeds};
