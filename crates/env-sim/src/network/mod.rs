//! The network between the machines: streams that keep order, take time, and break.

mod control;
mod fabric;
mod link;
mod plan;
mod socket;
mod stream;

pub use control::{Connection, NetworkControl};
pub(crate) use fabric::{Fabric, PeerEnd};
pub use plan::NetworkPlan;
pub(crate) use socket::SimNetwork;
