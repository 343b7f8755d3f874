//! Medians with their spread.

use std::fmt;

/// The middle of several measurements, and the outermost ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

impl Spread {
    /// None without measurements.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median =
            if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) };
        Some(Self { median, low, high })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = digits(self.median);
        write!(f, "{:.digits$} ({:.digits$}–{:.digits$})", self.median, self.low, self.high)
    }
}

/// The ratio of the medians, and how far the ratios of single pairs lie from it.
pub fn ratio(over: &[f64], under: &[f64]) -> Option<Spread> {
    let pairs: Vec<f64> = over.iter().zip(under).map(|(over, under)| over / under).collect();
    let median = Spread::of(over)?.median / Spread::of(under)?.median;
    let spread = Spread::of(&pairs)?;
    Some(Spread { median, low: spread.low.min(median), high: spread.high.max(median) })
}

/// How far equal runs differ: the largest over the smallest, minus one.
pub fn noise(values: &[f64]) -> Option<f64> {
    let spread = Spread::of(values)?;
    (values.len() > 1).then(|| spread.high / spread.low - 1.0)
}

/// Digits behind the point that show three figures of a number, at most three.
pub(crate) fn digits(value: f64) -> usize {
    match value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 1.0 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_and_even_numbers() {
        assert_eq!(Spread::of(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, low: 1.0, high: 3.0 }));
        assert_eq!(Spread::of(&[4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_ratio_is_that_of_the_medians_with_the_pairs_as_spread() {
        let spread = ratio(&[2.0, 4.0, 6.0], &[1.0, 2.0, 2.0]).unwrap();
        assert_eq!(spread, Spread { median: 2.0, low: 2.0, high: 3.0 });
        assert_eq!(ratio(&[1.0], &[]), None);
    }

    #[test]
    fn noise_needs_two_runs() {
        assert_eq!(noise(&[1.0]), None);
        assert!((noise(&[1.0, 1.1, 1.05]).unwrap() - 0.1).abs() < 1e-9);
    }

    #[test]
    fn three_figures_are_shown() {
        let shown = |value| Spread { median: value, low: value, high: value }.to_string();
        assert_eq!(shown(0.0487), "0.049 (0.049–0.049)");
        assert_eq!(shown(2.014), "2.01 (2.01–2.01)");
        assert_eq!(shown(189.4), "189 (189–189)");
    }
}
