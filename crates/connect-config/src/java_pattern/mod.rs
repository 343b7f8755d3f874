//! Regular expressions of `java.util.regex`, for matching whole names.
//!
//! The pattern is rewritten for the engine used here, which knows look-around, back-references and possessive
//! quantifiers too. What has no counterpart is refused, with the reason: comments mode `(?x)`, Unicode blocks
//! (`\p{InGreek}`), `\G`, `\X`, `\N{…}`, `\b{g}` and most `\p{java…}` properties. Names of topics are ASCII without ends
//! of lines; for such text the flags `d`, `u` and `U` change nothing, and they are left out.

mod class;
mod property;
mod scanner;
mod translate;

mod key;
mod replacement;

use connect_api::{Error, Result};
use fancy_regex::Regex;

pub use key::{UsablePattern, unusable, usable};
pub use replacement::Rewrite;

/// A pattern that matches whole texts.
#[derive(Clone, Debug)]
pub struct JavaPattern {
    pattern: String,
    regex: Regex,
}

impl JavaPattern {
    /// A pattern that Java takes; `kafka_config::check_pattern` tells whether it does.
    ///
    /// # Errors
    /// Why the pattern cannot be used, as half a sentence.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let translated = translate::translate(pattern)?;
        let regex = Regex::new(&format!(r"\A(?:{translated})\z")).map_err(|error| error.to_string())?;
        Ok(Self { pattern: pattern.to_owned(), regex })
    }

    /// Whether the whole of `text` matches (`Matcher.matches`).
    ///
    /// # Errors
    /// When the pattern needs too many steps for this text.
    pub fn matches(&self, text: &str) -> Result<bool> {
        self.regex.is_match(text).map_err(|error| self.too_hard(text, &error))
    }

    /// The engine's form of the pattern, to search with.
    fn search(&self) -> Result<Regex, String> {
        Regex::new(&translate::translate(&self.pattern)?).map_err(|error| error.to_string())
    }

    fn too_hard(&self, text: &str, error: &fancy_regex::Error) -> Error {
        Error::connect(format!("The pattern {} could not be matched with {text}: {error}", self.pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::JavaPattern;

    fn matches(pattern: &str, text: &str) -> bool {
        JavaPattern::new(pattern).unwrap_or_else(|reason| panic!("{pattern}: {reason}")).matches(text).unwrap()
    }

    #[test]
    fn the_whole_text_must_match() {
        assert!(matches("a|ab", "ab"));
        assert!(!matches("a", "ab"));
        assert!(!matches("b", "ab"));
        assert!(matches("^ab$", "ab"));
        assert!(matches("", ""));
    }

    #[test]
    fn every_construct_means_what_it_means_in_java() {
        for (pattern, yes, no) in [
            (r"\d\D\w\W\s\S", "1a_- x", "a1_- x"),
            (r"\w+", "aZ_9", "\u{e9}"),
            (r"[\w.-]+", "a.b-c", "a b"),
            (r"[\D]", "x", "7"),
            (r"\Qa.b\E.", "a.bc", "axbc"),
            (r"[\Qa-]\E]+", "a-]", "b"),
            (r"\Qno end", "no end", "no"),
            (r"\x41\u0042\x{43}\0104", "ABCD", "abcd"),
            (r"\uD83D\uDE00", "\u{1f600}", "x"),
            (r"\cA\t\e", "\u{1}\t\u{1b}", "At"),
            (r"[a-c&&[^b]]+", "ac", "b"),
            (r"[a-z&&def]", "e", "a"),
            (r"[^a-c]", "d", "b"),
            (r"[]a]+", "]a", "b"),
            (r"[^]a]", "b", "]"),
            (r"[a\-z]+", "a-z", "m"),
            (r"[a-]+", "a-", "b"),
            (r"[-a]+", "a-", "b"),
            (r"[+--]+", "+,-", "."),
            (r"[a~~b]+", "a~b", "c"),
            (r"[a&b]+", "a&b", "c"),
            (r"[a-c[x-z]]+", "axz", "d"),
            (r"[ #]", "#", "x"),
            (r"(?i)abc", "aBC", "abd"),
            (r"(?i:a)bc", "Abc", "ABC"),
            (r"(?iu)a(?-i)b", "Ab", "AB"),
            (r"(?U)\w", "a", "-"),
            (r"(?:a)(?<n>b)\k<n>", "abb", "abc"),
            (r"(a)\11", "aa1", "aa"),
            (r"(?=ab).*", "abc", "bc"),
            (r"(?!ab).*", "bc", "abc"),
            (r".*(?<=x)", "ax", "ay"),
            (r".*(?<!x)", "ay", "ax"),
            (r"(?>a*)b", "aab", "aa"),
            (r"a*+b", "aab", "aa"),
            (r"a?+a", "aa", "a"),
            (r"a{2}", "aa", "a"),
            (r"a{1,2}+a", "aaa", "aa"),
            (r"a{2,}?", "aaa", "a"),
            (r"\p{Lower}\p{Upper}\P{Digit}\p{Punct}", "aA-!", "aA1!"),
            (r"[\p{Alpha}\p{Digit}]+", "a1", "-"),
            (r"\p{Lu}\pL\p{IsLatin}", "Aab", "aab"),
            (r"\p{javaLowerCase}\p{XDigit}\p{Space}", "af ", "AF "),
            (r"a\.b\-c\/d", "a.b-c/d", "axb-c/d"),
            (r"\<a\>", "<a>", "a"),
            (r"a\Z", "a", "b"),
            (r"\bab\b", "ab", "abc"),
        ] {
            assert!(matches(pattern, yes), "{pattern} should match {yes}");
            assert!(!matches(pattern, no), "{pattern} should not match {no}");
        }
    }

    #[test]
    fn what_has_no_counterpart_is_refused_with_the_reason() {
        for (pattern, reason) in [
            ("(?x)a b", "comments mode (?x)"),
            (r"\p{InGreek}", "the property InGreek"),
            (r"\p{javaMirrored}", "the property javaMirrored"),
            (r"\Ga", r"\G"),
            (r"\X", r"\X"),
            (r"\N{DIGIT ONE}", r"\N"),
            (r"a\b{g}", r"\b{"),
            (r"\uD83D", "half of a surrogate pair"),
            ("(a)\\2", ""),
            ("[a", "character class"),
            ("a\\", "ends"),
        ] {
            let refused = JavaPattern::new(pattern).expect_err(pattern);
            assert!(refused.contains(reason), "{pattern}: {refused}");
        }
    }

    #[test]
    fn a_pattern_that_explodes_is_an_error_and_not_a_hang() {
        let pattern = JavaPattern::new(r"(?=(a+)+$)(a|aa)+\1").unwrap();
        let _ = pattern.matches(&"a".repeat(60));
        let pattern = JavaPattern::new(r"(x+x+)+\1y").unwrap();
        assert!(pattern.matches(&"x".repeat(60)).is_err());
    }
}
