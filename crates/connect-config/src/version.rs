//! Version ranges in Maven's syntax, for the `plugin.version` keys (KIP-891).

use std::cmp::Ordering;
use std::fmt;

/// Text that is no range; the message is Maven's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct VersionSpecError(pub String);

/// One or more intervals of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRange(Vec<Interval>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Interval {
    low: Option<String>,
    low_included: bool,
    high: Option<String>,
    high_included: bool,
}

impl VersionRange {
    /// What a `plugin.version` key asks for: nothing for `latest`, exactly this version for a plain one.
    ///
    /// # Errors
    /// The text is no range.
    pub fn requirement(text: &str) -> Result<Option<Self>, VersionSpecError> {
        // Parity: `latest` is compared before blanks are cut off.
        if text == "latest" {
            return Ok(None);
        }
        let text = text.trim();
        if text.starts_with(['[', '(']) { Self::parse(text) } else { Self::parse(&format!("[{text}]")) }.map(Some)
    }

    /// Whether a version lies in one of the intervals.
    pub fn contains(&self, version: &str) -> bool {
        self.0.iter().any(|interval| interval.contains(version))
    }

    fn parse(text: &str) -> Result<Self, VersionSpecError> {
        let mut intervals: Vec<Interval> = Vec::new();
        let mut rest = text;
        while rest.starts_with(['[', '(']) {
            let end = rest.find([']', ')']).ok_or_else(|| VersionSpecError(format!("Unbounded range: {text}")))?;
            let interval = Interval::parse(&rest[..=end])?;
            if let Some(before) = intervals.last()
                && !before.ends_before(&interval)
            {
                return Err(VersionSpecError(format!("Ranges overlap: {text}")));
            }
            intervals.push(interval);
            rest = rest[end + 1..].trim();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim();
        }
        if rest.is_empty() {
            return Ok(Self(intervals));
        }
        Err(VersionSpecError(format!("Only fully-qualified sets allowed in multiple set scenario: {text}")))
    }
}

impl Interval {
    fn parse(text: &str) -> Result<Self, VersionSpecError> {
        let low_included = text.starts_with('[');
        let high_included = text.ends_with(']');
        let inner = text[1..text.len() - 1].trim();
        let Some((low, high)) = inner.split_once(',') else {
            if !low_included || !high_included {
                return Err(VersionSpecError(format!("Single version must be surrounded by []: {text}")));
            }
            // Parity: no text at all is a version, too, which only 0 equals.
            let version = Some(inner.to_owned());
            return Ok(Self { low: version.clone(), low_included, high: version, high_included });
        };
        let (low, high) = (low.trim(), high.trim());
        if low == high && !low.is_empty() && !(low_included && high_included) {
            return Err(VersionSpecError(format!("Range cannot have identical boundaries: {text}")));
        }
        if !low.is_empty() && !high.is_empty() && compare(low, high) == Ordering::Greater {
            return Err(VersionSpecError(format!("Range defies version ordering: {text}")));
        }
        let bound = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(Self { low: bound(low), low_included, high: bound(high), high_included })
    }

    fn contains(&self, version: &str) -> bool {
        let above = self.low.as_deref().is_none_or(|low| match compare(low, version) {
            Ordering::Less => true,
            Ordering::Equal => self.low_included,
            Ordering::Greater => false,
        });
        above
            && self.high.as_deref().is_none_or(|high| match compare(high, version) {
                Ordering::Greater => true,
                Ordering::Equal => self.high_included,
                Ordering::Less => false,
            })
    }

    fn ends_before(&self, next: &Self) -> bool {
        match (&self.high, &next.low) {
            (Some(high), Some(low)) => compare(high, low) != Ordering::Greater,
            _ => false,
        }
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, interval) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let open = if interval.low_included { '[' } else { '(' };
            let close = if interval.high_included { ']' } else { ')' };
            let (low, high) = (interval.low.as_deref(), interval.high.as_deref());
            write!(f, "{comma}{open}{},{}{close}", low.unwrap_or_default(), high.unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Maven's order of versions, without its rarer rules for nested lists: numbers by value, known qualifiers before and
/// after a release, other text in alphabetical order.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (items(left), items(right));
    let release = Item::Number(0);
    for place in 0..left.len().max(right.len()) {
        let of = |items: &[Item]| items.get(place).cloned();
        let (one, other) = match (of(&left), of(&right)) {
            (Some(one), Some(other)) => (one, other),
            (Some(one), None) => (one.clone(), one.nothing()),
            (None, Some(other)) => (other.nothing(), other),
            (None, None) => (release.clone(), release.clone()),
        };
        match one.cmp(&other) {
            Ordering::Equal => {}
            order => return order,
        }
    }
    Ordering::Equal
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    // The order of the variants is Maven's: any qualifier sorts before any number.
    Qualifier(usize, String),
    Number(u64),
}

impl Item {
    /// What a version that ends here has in this place.
    fn nothing(&self) -> Self {
        match self {
            Self::Number(_) => Self::Number(0),
            Self::Qualifier(..) => qualifier(""),
        }
    }
}

fn items(version: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut word = String::new();
    let lower = version.to_lowercase();
    for c in lower.chars() {
        let changes = word.chars().last().is_some_and(|last| last.is_ascii_digit() != c.is_ascii_digit());
        if matches!(c, '.' | '-' | '_') || changes {
            push(&mut items, &mut word);
        }
        if !matches!(c, '.' | '-' | '_') {
            word.push(c);
        }
    }
    push(&mut items, &mut word);
    items
}

fn push(items: &mut Vec<Item>, word: &mut String) {
    if word.is_empty() {
        return;
    }
    items.push(match word.parse() {
        Ok(number) => Item::Number(number),
        Err(_) => qualifier(word),
    });
    word.clear();
}

fn qualifier(word: &str) -> Item {
    const KNOWN: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];
    let word = match word {
        "a" => "alpha",
        "b" => "beta",
        "m" => "milestone",
        "cr" => "rc",
        "ga" | "final" | "release" => "",
        other => other,
    };
    match KNOWN.iter().position(|known| *known == word) {
        Some(rank) => Item::Qualifier(rank, String::new()),
        None => Item::Qualifier(KNOWN.len(), word.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> VersionRange {
        VersionRange::requirement(text).unwrap().unwrap()
    }

    fn says(text: &str) -> String {
        VersionRange::requirement(text).unwrap_err().to_string()
    }

    #[test]
    fn a_plain_version_is_exact() {
        assert!(range("4.3.1").contains("4.3.1"));
        assert!(!range("4.3").contains("4.3.1"));
        assert_eq!(range(" 0.0.1 ").to_string(), "[0.0.1,0.0.1]");
        assert_eq!(VersionRange::requirement("latest"), Ok(None));
        assert_eq!(range("").to_string(), "[,]");
        // Maven's order has no text at all beside 0.
        assert!(!range("").contains("4.3.1") && range(" ").contains("0"));
    }

    #[test]
    fn intervals() {
        assert!(range("[1.0,2.0)").contains("1.9.9") && !range("[1.0,2.0)").contains("2.0"));
        assert!(range("(,1.0]").contains("0.9") && range("(,1.0]").contains("1.0.0"));
        assert!(range("(1.0,)").contains("1.1") && !range("(1.0,)").contains("1.0"));
        assert!(range("[1,2),[3,4]").contains("3.5") && !range("[1,2),[3,4]").contains("2.5"));
        assert_eq!(range("[1,2),(3,)").to_string(), "[1,2),(3,)");
    }

    #[test]
    fn faults_in_mavens_words() {
        assert_eq!(says("[1.0"), "Unbounded range: [1.0");
        assert_eq!(says("(1.0)"), "Single version must be surrounded by []: (1.0)");
        assert_eq!(says("(1,1]"), "Range cannot have identical boundaries: (1,1]");
        assert_eq!(says("[2,1]"), "Range defies version ordering: [2,1]");
        assert_eq!(says("[1,3],[2,4]"), "Ranges overlap: [1,3],[2,4]");
        assert_eq!(says("[1],2"), "Only fully-qualified sets allowed in multiple set scenario: [1],2");
    }

    #[test]
    fn order_of_versions() {
        let ascending = ["1-alpha", "1-beta2", "1-rc", "1-SNAPSHOT", "1", "1-sp", "1-xyz", "1.1", "1.9", "1.10", "2"];
        for pair in ascending.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(compare("1.0", "1.0.0"), Ordering::Equal);
        assert_eq!(compare("1.0-ga", "1"), Ordering::Equal);
    }
}
