//! Which partition a record without a key goes to (KIP-480, KIP-794).

use env::Random;

/// The partition that records without a key stick to for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sticky {
    /// The partition.
    pub(super) partition: usize,
    /// Bytes produced to it since it was chosen.
    pub(super) produced: usize,
}

impl Sticky {
    /// A partition with a leader by chance, one without only when there is no other.
    ///
    /// `queues` tells of each partition whether it has a leader, and how many batches wait for it. When `adaptive`, a
    /// longer queue makes a partition less likely.
    pub(super) fn choose(
        queues: impl Iterator<Item = (bool, usize)> + Clone,
        adaptive: bool,
        random: &dyn Random,
    ) -> Option<Self> {
        let count = queues.clone().count();
        let available = || queues.clone().enumerate().filter(|(_, (has_leader, _))| *has_leader);
        let partition = match available().map(|(_, (_, waiting))| waiting).max() {
            None if count == 0 => return None,
            None => random.below(count as u64) as usize,
            Some(longest) => {
                let weight = |waiting: usize| if adaptive { (longest + 1 - waiting) as u64 } else { 1 };
                let total: u64 = available().map(|(_, (_, waiting))| weight(waiting)).sum();
                let mut drawn = random.below(total);
                let chosen = available().find(|(_, (_, waiting))| match drawn.checked_sub(weight(*waiting)) {
                    Some(rest) => {
                        drawn = rest;
                        false
                    }
                    None => true,
                });
                chosen.map_or(0, |(partition, _)| partition)
            }
        };
        Some(Self { partition, produced: 0 })
    }

    /// Counts bytes; whether it is time for another partition even in the middle of a batch.
    pub(super) fn produced(&mut self, bytes: usize, batch_size: usize) -> bool {
        self.produced += bytes;
        self.produced >= batch_size.saturating_mul(2)
    }

    /// Whether it is time for another partition, now that no batch is open.
    pub(super) fn is_done(&self, batch_size: usize) -> bool {
        self.produced >= batch_size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Steps(parking_lot::Mutex<u64>);

    impl Random for Steps {
        fn fill(&self, bytes: &mut [u8]) {
            let mut state = self.0.lock();
            for byte in bytes {
                *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (*state >> 56) as u8;
            }
        }
    }

    fn drawn(queues: &[(bool, usize)], adaptive: bool) -> Vec<usize> {
        let random = Steps(parking_lot::Mutex::new(1));
        let mut counts = vec![0; queues.len()];
        for _ in 0..6_000 {
            counts[Sticky::choose(queues.iter().copied(), adaptive, &random).unwrap().partition] += 1;
        }
        counts
    }

    #[test]
    fn only_partitions_with_a_leader_are_chosen() {
        let counts = drawn(&[(true, 0), (false, 0), (true, 0)], true);
        assert_eq!(counts[1], 0);
        assert!(counts[0] > 2_700 && counts[2] > 2_700, "{counts:?}");
        assert!(drawn(&[(false, 0), (false, 0)], true).iter().all(|count| *count > 2_700));
        assert_eq!(Sticky::choose([].into_iter(), true, &Steps(parking_lot::Mutex::new(1))), None);
    }

    #[test]
    fn a_long_queue_is_avoided_when_adaptive() {
        // Weights 1 and 5.
        let counts = drawn(&[(true, 4), (true, 0)], true);
        assert!((800..1_200).contains(&counts[0]), "{counts:?}");
        let counts = drawn(&[(true, 4), (true, 0)], false);
        assert!(counts[0] > 2_700, "{counts:?}");
    }

    #[test]
    fn sticks_for_a_batch() {
        let mut sticky = Sticky { partition: 0, produced: 0 };
        assert!(!sticky.produced(90, 100) && !sticky.is_done(100));
        assert!(!sticky.produced(20, 100) && sticky.is_done(100));
        assert!(sticky.produced(90, 100));
    }
}
