//! Variables in text: `${provider:key}` and `${provider:path:key}`.

/// One variable, as it stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Variable<'a> {
    /// All of it, from `$` to `}`.
    pub(crate) text: &'a str,
    /// Where it starts, in bytes.
    pub(crate) start: usize,
    pub(crate) provider: &'a str,
    /// Empty where none is given.
    pub(crate) path: &'a str,
    /// All that follows the second colon, further colons included.
    pub(crate) key: &'a str,
}

/// Whether a text has a variable, resolvable or not.
pub fn has_variable(text: &str) -> bool {
    variables(text).next().is_some()
}

/// The variables of a text, from the left. The first `}` ends one, so that they do not nest; braces without a colon
/// are none.
pub(crate) fn variables(text: &str) -> impl Iterator<Item = Variable<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text.get(at..)?.find("${")?;
            let length = text[start..].find('}')? + 1;
            let whole = &text[start..start + length];
            let Some((provider, rest)) = whole[2..length - 1].split_once(':') else {
                at = start + 2;
                continue;
            };
            at = start + length;
            let (path, key) = rest.split_once(':').unwrap_or(("", rest));
            return Some(Variable { text: whole, start, provider, path, key });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(&str, &str, &str, &str)> {
        variables(text).map(|found| (found.text, found.provider, found.path, found.key)).collect()
    }

    #[test]
    fn finds_what_javas_pattern_finds() {
        assert_eq!(parts("${env:HOME}"), [("${env:HOME}", "env", "", "HOME")]);
        assert_eq!(parts("a${f:/p:k}b${f:q}"), [("${f:/p:k}", "f", "/p", "k"), ("${f:q}", "f", "", "q")]);
        // Further colons belong to the key; every part can be empty.
        assert_eq!(parts("${f:/a:b:c}"), [("${f:/a:b:c}", "f", "/a", "b:c")]);
        assert_eq!(parts("${:}${::}"), [("${:}", "", "", ""), ("${::}", "", "", "")]);
        // The first brace ends a variable, an opening one within is text.
        assert_eq!(parts("${a${f:x}}"), [("${a${f:x}", "a${f", "", "x")]);
        assert_eq!(parts("${plain}${f:x}"), [("${f:x}", "f", "", "x")]);
        assert_eq!(parts("$${f:x}"), [("${f:x}", "f", "", "x")]);
        assert_eq!(parts("${f:ä\nö}"), [("${f:ä\nö}", "f", "", "ä\nö")]);
        for none in ["", "${", "${f:x", "$f:x}", "${fx}", "${${}", "{f:x}"] {
            assert_eq!(parts(none), [], "{none}");
            assert!(!has_variable(none), "{none}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics_and_stays_in_order(text in "[${}:aé]{0,40}") {
            let mut end = 0;
            for found in variables(&text) {
                assert!(found.start >= end && text[found.start..].starts_with(found.text));
                end = found.start + found.text.len();
            }
        }
    }
}
