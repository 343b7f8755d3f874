//! Narrows a batch that a sink refused as a whole down to the records that are bad. Pure.
//!
//! The batch is put again in halves, and what is refused in halves again, down to single records: at most two puts for
//! each bad record and each halving. An outage must not drain a topic into the dead letter queue: where the sink takes
//! no record of a batch at all, only a few records in a row pass for bad, and of a batch that it takes in part an eighth.

use std::ops::Range;

use connect_api::Error;

/// So many bad records may be found in any case.
const FEW: usize = 8;

/// A batch that is being narrowed down.
#[derive(Debug)]
pub struct Bisection {
    /// What is to be put, the next one last.
    ranges: Vec<Range<usize>>,
    bad: Vec<(usize, Error)>,
    taken: usize,
    most: usize,
}

impl Bisection {
    /// A batch of `count` records, at least one, was refused with `error`.
    pub fn new(count: usize, error: Error) -> Self {
        let mut bisection = Self { ranges: Vec::new(), bad: Vec::new(), taken: 0, most: FEW.max(count / 8) };
        bisection.refused(0..count, error);
        bisection
    }

    /// The records to put next, in the order of the batch; then [`Bisection::took`] or [`Bisection::refused`]. `None`:
    /// all is known, or too much is bad.
    pub fn next_range(&mut self) -> Option<Range<usize>> {
        if self.bad.len() > self.most { None } else { self.ranges.pop() }
    }

    /// The sink took these.
    pub fn took(&mut self, range: &Range<usize>) {
        self.taken += range.len();
    }

    /// The sink refused these.
    pub fn refused(&mut self, range: Range<usize>, error: Error) {
        if range.len() <= 1 {
            self.bad.push((range.start, error));
            return;
        }
        let middle = range.start + range.len() / 2;
        self.ranges.push(middle..range.end);
        self.ranges.push(range.start..middle);
    }

    /// Whether the sink took some of the batch.
    pub fn took_some(&self) -> bool {
        self.taken > 0
    }

    /// The bad records, ascending, each with its error; `None`: the sink itself seems to be at fault. `unproven`: how
    /// many records were taken for bad since the sink last took any.
    pub fn outcome(self, unproven: usize) -> Option<Vec<(usize, Error)>> {
        let most = if self.taken > 0 { self.most } else { FEW.saturating_sub(unproven) };
        (self.bad.len() <= most).then_some(self.bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Narrows `count` records down, `bad` of them bad; the outcome and how many puts it took.
    fn narrow(count: usize, bad: &[usize], unproven: usize) -> (Option<Vec<usize>>, usize) {
        let mut bisection = Bisection::new(count, Error::data("all"));
        let (mut puts, mut last) = (0, 0);
        while let Some(range) = bisection.next_range() {
            puts += 1;
            assert!(range.start >= last, "out of order: {range:?}");
            if bad.iter().any(|bad| range.contains(bad)) {
                bisection.refused(range, Error::data("part"));
            } else {
                last = range.end;
                bisection.took(&range);
            }
        }
        let outcome = bisection.outcome(unproven);
        (outcome.map(|bad| bad.into_iter().map(|(row, _)| row).collect()), puts)
    }

    #[test]
    fn each_bad_record_costs_two_puts_for_each_halving() {
        for row in [0, 1, 511, 512, 1022, 1023] {
            assert_eq!(narrow(1024, &[row], 0), (Some(vec![row]), 20));
        }
        let (bad, puts) = narrow(1000, &[3, 4, 500, 999], 0);
        assert_eq!(bad, Some(vec![3, 4, 500, 999]));
        assert!(puts <= 4 * 20, "{puts}");
    }

    #[test]
    fn every_small_batch_is_narrowed_down_rightly() {
        for count in 2..9_usize {
            for pattern in 1..(1_u32 << count) - 1 {
                let bad: Vec<usize> = (0..count).filter(|row| pattern & (1 << row) != 0).collect();
                assert_eq!(narrow(count, &bad, 0).0, Some(bad));
            }
        }
    }

    #[test]
    fn where_the_sink_takes_nothing_only_a_few_records_in_a_row_pass_for_bad() {
        assert_eq!(narrow(4, &[0, 1, 2, 3], 0).0, Some(vec![0, 1, 2, 3]));
        assert_eq!(narrow(4, &[0, 1, 2, 3], 5).0, None);
        assert_eq!(narrow(1, &[0], 7), (Some(vec![0]), 0));
        assert_eq!(narrow(1, &[0], 8), (None, 0));
        assert_eq!(narrow(2, &[0], 8).0, Some(vec![0]), "it took the other");
    }

    #[test]
    fn an_outage_in_the_middle_ends_the_search_soon() {
        let bad: Vec<usize> = (100..1000).collect();
        let (outcome, puts) = narrow(1000, &bad, 0);
        assert_eq!(outcome, None);
        assert!(puts < 2 * 1000 / 8 + 40, "{puts}");
    }
}
