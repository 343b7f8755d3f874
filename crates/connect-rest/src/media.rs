//! Media types: what a body is, and what a client accepts.

/// One element of an `Accept` header, or a `Content-Type`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaRange {
    kind: String,
    subtype: String,
    /// How much the client wants it, in thousandths.
    pub(crate) weight: u32,
    /// Whether Jersey can read it.
    pub(crate) sound: bool,
}

impl MediaRange {
    /// `*/*`.
    pub(crate) fn any() -> Self {
        Self { kind: "*".to_owned(), subtype: "*".to_owned(), weight: 1_000, sound: true }
    }

    fn read(text: &str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let (kind, subtype) = name.split_once('/').unwrap_or((&name, "*"));
        let mut range = Self { kind: kind.to_owned(), subtype: subtype.to_owned(), weight: 1_000, sound: true };
        range.sound = is_token(kind) && is_token(subtype);
        for parameter in parts.filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some((name, value)) if name.trim().eq_ignore_ascii_case("q") => match weight(value.trim()) {
                    Some(weight) => range.weight = weight,
                    None => range.sound = false,
                },
                Some((name, _)) => range.sound &= is_token(name.trim()),
                None => {
                    // Nobody knows what is meant.
                    range.sound = false;
                    range.kind.clear();
                }
            }
        }
        range
    }

    /// `type/subtype`, in lower case.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.kind, self.subtype)
    }

    /// Whether this type is among those that the range means.
    pub(crate) fn covers(&self, kind: &str, subtype: &str) -> bool {
        let fits = |range: &str, own: &str| range == "*" || range == own;
        fits(&self.kind, kind) && fits(&self.subtype, subtype)
    }
}

/// The elements of an `Accept` header.
pub(crate) fn ranges(value: &str) -> Vec<MediaRange> {
    value.split(',').map(str::trim).filter(|element| !element.is_empty()).map(MediaRange::read).collect()
}

/// The type of a body; `None` if Java cannot read it.
pub(crate) fn content_type(value: &str) -> Option<MediaRange> {
    let range = MediaRange::read(value);
    (range.sound && value.split(';').next().unwrap_or_default().contains('/')).then_some(range)
}

/// Whether a `Content-Type` means JSON.
pub(crate) fn is_json(value: &str) -> bool {
    content_type(value).is_some_and(|range| range.kind == "application" && range.subtype == "json")
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A weight from 0 to 1, with at most three digits behind the point, in thousandths.
fn weight(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u32 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let thousandths: u32 = format!("{fraction:0<3}").parse().ok()?;
    Some(whole.checked_mul(1_000)? + thousandths).filter(|weight| *weight <= 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_bodies() {
        for json in ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json;"] {
            assert!(is_json(json), "{json}");
        }
        for other in ["text/plain", "application/vnd.api+json", "application/*"] {
            assert!(content_type(other).is_some() && !is_json(other), "{other}");
        }
        for unreadable in ["a", ";", "", "a/", "/b", "a b/c", "a/b;c"] {
            assert_eq!(content_type(unreadable), None, "{unreadable}");
        }
    }

    #[test]
    fn what_a_client_accepts() {
        let read = |text| ranges(text).into_iter().map(|range| (range.name(), range.weight)).collect::<Vec<_>>();
        assert_eq!(
            read("text/html, */*;q=0.5,,a;q=0.05;v=1"),
            [("text/html".into(), 1_000), ("*/*".into(), 500), ("a/*".into(), 50)]
        );
        for unreadable in [";;", "a/b;q=2", "a/b;q=x", "a/b;q=0.1234", "a/b;v"] {
            assert!(ranges(unreadable).iter().any(|range| !range.sound), "{unreadable}");
        }
        assert!(ranges("*/json")[0].covers("application", "json"));
        assert!(!ranges("text/*")[0].covers("application", "json"));
    }
}
