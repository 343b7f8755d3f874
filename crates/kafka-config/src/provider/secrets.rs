//! What was found behind variables, for hiding it where text goes to people.
//!
//! All of it is hidden that has four characters or more and is not `true` or `false`, wherever it stands in a text, with
//! these exceptions, which the key that it went to decides ([`Secrecy`]). One text may go to several keys: the strictest counts.
//!
//! * [`Secrecy::Open`]: a number or a truth value is not hidden; anything else in such a key is.
//! * [`Secrecy::Plain`]: what names this machine or nothing (`localhost`, `null`, …) is not hidden; a short word of letters
//!   only is hidden as a whole word, not within longer ones; anything else is.

use std::borrow::Cow;

use parking_lot::RwLock;

use super::secrecy::Secrecy;

/// How many texts are remembered; the oldest go first.
const MOST: usize = 1_000;
/// Shorter texts are no secrets: hiding each `1` would make every message unreadable.
const SHORTEST: usize = 4;

/// Words of letters up to this length stay readable within longer ones.
const LONGEST_WORD: usize = 11;
/// The longest text that counts as a number, in bytes.
const LONGEST_NUMBER: usize = 20;
/// What is no secret in a key for names and addresses.
const HARMLESS: [&str; 6] = ["localhost", "127.0.0.1", "0.0.0.0", "::1", "null", "none"];

/// Texts that came out of variables. Shared by all that resolve and all that print.
#[derive(Default)]
pub struct Secrets(RwLock<Vec<Secret>>);

struct Secret {
    text: String,
    shown: String,
    /// Whether it counts only where no letter or digit stands beside it.
    whole_word: bool,
}

impl Secret {
    /// Whether `text` has it at a place, in bytes.
    fn is_at(&self, text: &str, at: usize) -> bool {
        let (before, from) = text.split_at(at);
        let Some(after) = from.strip_prefix(&*self.text) else { return false };
        let beside = [before.chars().next_back(), after.chars().next()];
        !(self.whole_word && beside.into_iter().flatten().any(char::is_alphanumeric))
    }
}

impl Secrets {
    /// Nothing to hide yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers what a variable stood for. `shown` takes its place: the variable as written. Each line counts on its
    /// own, without blanks at its ends, since values are trimmed where they are used.
    pub(crate) fn remember(&self, text: &str, shown: &str, secrecy: Secrecy) {
        let mut known = self.0.write();
        for line in text.lines().map(str::trim).filter(|line| is_secret(line, secrecy)) {
            let whole_word = secrecy == Secrecy::Plain && is_word(line);
            if let Some(secret) = known.iter_mut().find(|secret| secret.text == line) {
                secret.whole_word &= whole_word;
                continue;
            }
            if known.len() == MOST {
                known.remove(0);
            }
            known.push(Secret { text: line.to_owned(), shown: shown.to_owned(), whole_word });
        }
    }

    /// The text with variables in the place of what they stood for.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.0.read();
        let mut found: Vec<&Secret> = known.iter().filter(|secret| text.contains(&secret.text)).collect();
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        // One can be a part of another.
        found.sort_by_key(|secret| std::cmp::Reverse(secret.text.len()));
        let mut hidden = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(first) = text[at..].chars().next() {
            match found.iter().find(|secret| secret.is_at(text, at)) {
                Some(secret) => {
                    hidden.push_str(&secret.shown);
                    at += secret.text.len();
                }
                None => {
                    hidden.push(first);
                    at += first.len_utf8();
                }
            }
        }
        Cow::Owned(hidden)
    }
}

/// Whether one line, trimmed, is to be hidden at all.
fn is_secret(line: &str, secrecy: Secrecy) -> bool {
    if line.chars().count() < SHORTEST || matches!(line, "true" | "false") {
        return false;
    }
    match secrecy {
        Secrecy::Open => !is_number(line) && !["true", "false"].iter().any(|truth| truth.eq_ignore_ascii_case(line)),
        Secrecy::Plain => !HARMLESS.contains(&line),
        Secrecy::Secret => true,
    }
}

fn is_number(line: &str) -> bool {
    let of_number = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    line.len() <= LONGEST_NUMBER && line.bytes().all(of_number) && line.parse::<f64>().is_ok()
}

fn is_word(line: &str) -> bool {
    line.len() <= LONGEST_WORD && line.bytes().all(|byte| byte.is_ascii_alphabetic())
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.read().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_the_longest_and_leaves_what_is_short() {
        let secrets = Secrets::new();
        secrets.remember("hunter2", "${f:a}", Secrecy::Secret);
        secrets.remember("hunter2-extended", "${f:b}", Secrecy::Secret);
        secrets.remember("12", "${f:c}", Secrecy::Secret);
        secrets.remember("true", "${f:d}", Secrecy::Secret);
        assert_eq!(secrets.hide("x hunter2-extended, hunter2; 12 true"), "x ${f:b}, ${f:a}; 12 true");
        assert!(matches!(secrets.hide("nothing here"), Cow::Borrowed(_)));
        assert!(!format!("{secrets:?}").contains("hunter"));
    }

    #[test]
    fn lines_and_blanks_at_their_ends() {
        let secrets = Secrets::new();
        secrets.remember(" first line\nsecond line \r\n", "${d:/x:pem}", Secrecy::Secret);
        assert_eq!(secrets.hide("[second line] and first line"), "[${d:/x:pem}] and ${d:/x:pem}");
    }

    #[test]
    fn remembers_a_bounded_number() {
        let secrets = Secrets::new();
        for number in 0..=MOST {
            secrets.remember(&format!("secret-{number:06}"), "${f:x}", Secrecy::Secret);
        }
        assert_eq!(secrets.hide("secret-000000"), "secret-000000");
        assert_eq!(secrets.hide("secret-000001 secret-001000"), "${f:x} ${f:x}");
    }

    fn hidden(found: &[(&str, Secrecy)], text: &str) -> String {
        let secrets = Secrets::new();
        for (value, secrecy) in found {
            secrets.remember(value, "${x}", *secrecy);
        }
        secrets.hide(text).into_owned()
    }

    #[test]
    fn numbers_and_truth_values_in_their_keys_stay_readable() {
        use Secrecy::{Open, Plain, Secret};
        for value in ["1000", "-1000", "60000", "0.75", "1e10", "TRUE", "False", "9223372036854775807"] {
            assert_eq!(hidden(&[(value, Open)], value), value);
            for strict in [Plain, Secret] {
                assert_eq!(hidden(&[(value, strict)], value), "${x}", "{value}");
            }
        }
        // A mistake must not show a secret: it is in an open key, but is nothing that belongs there.
        for value in [
            "hunter2",
            "12-hunter",
            "infinity",
            "NaNa",
            "0x1234",
            "1234,5678",
            "1.2.3.4",
            "123456789012345678901",
            "e+-.",
        ] {
            assert_eq!(hidden(&[(value, Open)], &format!("[{value}]")), "[${x}]", "{value}");
        }
    }

    #[test]
    fn the_strictest_key_counts_in_any_order() {
        use Secrecy::{Open, Plain, Secret};
        for found in [[("1234", Open), ("1234", Secret)], [("1234", Secret), ("1234", Open)]] {
            assert_eq!(hidden(&found, "pin 1234"), "pin ${x}");
        }
        for found in [[("info", Plain), ("info", Secret)], [("info", Secret), ("info", Plain)]] {
            assert_eq!(hidden(&found, "information"), "${x}rmation");
        }
        for found in [[("localhost", Plain), ("localhost", Secret)], [("localhost", Secret), ("localhost", Plain)]] {
            assert_eq!(hidden(&found, "http://localhost:1"), "http://${x}:1");
        }
    }

    #[test]
    fn short_words_in_plain_keys_are_hidden_as_words() {
        use Secrecy::{Plain, Secret};
        let text = "connect, reconnects (connect) org.connect.Connect xconnect connect";
        let expected = "${x}, reconnects (${x}) org.${x}.Connect xconnect ${x}";
        assert_eq!(hidden(&[("connect", Plain)], text), expected);
        assert_eq!(hidden(&[("connect", Secret)], "reconnects"), "re${x}s");
        // With digits, or long: it may well be a secret.
        for value in ["hunter2", "correcthorse", "pass-word", "pässe"] {
            assert_eq!(hidden(&[(value, Plain)], &format!("x{value}y")), "x${x}y");
        }
        // A word stands in the way of no longer secret.
        assert_eq!(hidden(&[("lines", Plain), ("xlines7", Secret)], "lines xlines7 xlines"), "${x} ${x} xlines");
    }

    #[test]
    fn names_of_this_machine_stay_readable_in_plain_keys() {
        let harmless = ["localhost", "127.0.0.1", "null"].map(|value| (value, Secrecy::Plain));
        let text = "null at localhost or 127.0.0.1";
        assert_eq!(hidden(&harmless, text), text);
        assert_eq!(hidden(&[("localhost", Secrecy::Secret)], text), "null at ${x} or 127.0.0.1");
        assert_eq!(hidden(&[("localhost1", Secrecy::Plain)], "localhost1"), "${x}");
    }

    proptest::proptest! {
        #[test]
        fn nothing_remembered_for_a_secret_key_is_left(
            value in "[a-c1.é]{4,6}", other in "[a-c1.é]{1,8}", text in "[a-c1. é]{0,20}"
        ) {
            let found = [(&*other, Secrecy::Plain), (&*value, Secrecy::Secret), (&*value, Secrecy::Open)];
            let shown = hidden(&found, &format!("{text}{value}"));
            proptest::prop_assert!(!shown.contains(&value), "{shown}");
        }
    }
}
