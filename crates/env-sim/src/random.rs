//! Random numbers from the seed.

use env::Random;

use crate::seed::Choices;

/// The random numbers of one process: another process of the same machine has others.
pub(crate) struct SimRandom(pub(crate) Choices);

impl Random for SimRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}
