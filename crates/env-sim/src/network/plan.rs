//! What the network does by chance.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Delays and accidents of the network, drawn from the seed. Machines talk to themselves without delay.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkPlan {
    /// One way's delay, drawn once per connection. Timers have a resolution of one millisecond.
    pub latency: RangeInclusive<Duration>,
    /// Chance that a write takes longer, and with it all that follows on its connection.
    pub spike_chance: f64,
    /// How much longer.
    pub spike: RangeInclusive<Duration>,
    /// Chance that a read or a write stops at an arbitrary byte, as any stream may.
    pub split_chance: f64,
    /// Chance that a connection attempt is refused.
    pub refuse_chance: f64,
    /// Chance that a write is the last one of its connection: an arbitrary part arrives, then both ends see a reset.
    pub cut_chance: f64,
}

impl Default for NetworkPlan {
    /// A local network without accidents, in which reads and writes are split at times.
    fn default() -> Self {
        Self {
            latency: Duration::from_micros(100)..=Duration::from_millis(2),
            spike_chance: 0.0,
            spike: Duration::from_millis(10)..=Duration::from_secs(1),
            split_chance: 0.1,
            refuse_chance: 0.0,
            cut_chance: 0.0,
        }
    }
}
