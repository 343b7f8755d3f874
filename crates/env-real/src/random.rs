//! Random numbers of the operating system.

use env::Random;
use rand::Rng;

/// The thread's generator, seeded and from time to time seeded again by the operating system.
pub(crate) struct MachineRandom;

impl Random for MachineRandom {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}
