//! Java's regular expressions and date patterns.

use connect_config::java_pattern::JavaPattern;
use connect_transforms::java_date_format::DateFormat;

use super::{lines, text};
use crate::target::{Target, outcome};

pub(super) const PATTERN: Target = Target {
    name: "java-pattern",
    about: "a regular expression of java.util.regex, and on the next line a text to match",
    words: &[
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "*",
        "+",
        "?",
        "|",
        "\\",
        "^",
        "$",
        ".",
        "(?i)",
        "(?:",
        "(?=",
        "(?<!",
        "(?<a>",
        "\\k<a>",
        "\\1",
        "\\Q",
        "\\E",
        "\\p{L}",
        "\\P{javaLowerCase}",
        "&&",
        "[^",
        "{2,3}",
        "{1000}",
        "*+",
        "??",
        "\\uD83D",
        "\\x{41}",
        "\\0104",
        "\\cA",
        "\\b",
        "\n",
        "-",
        "(?>",
        "é",
        "\\R",
        "\\N{",
        "a",
    ],
    longest: 4 << 10,
    run: |input| {
        let [pattern, subject] = lines::<2>(input);
        let (pattern, subject) = (text(pattern), text(subject));
        let checked = kafka_config::check_pattern(&pattern);
        match (JavaPattern::new(&pattern), checked) {
            (Err(reason), checked) => outcome((0, checked.is_ok()), &reason),
            (Ok(_), Err(reason)) => outcome(1, &reason.to_string()),
            (Ok(compiled), Ok(_)) => {
                let subject: String = subject.chars().take(64).collect();
                match compiled.matches(&subject) {
                    Ok(found) => outcome((2, found), ""),
                    Err(error) => outcome(3, &error.to_string()),
                }
            }
        }
    },
};

pub(super) const DATE: Target = Target {
    name: "date-format",
    about: "a pattern of java.text.SimpleDateFormat, and on the next line a text to read",
    words: &[
        "yyyy",
        "yy",
        "MM",
        "MMM",
        "MMMM",
        "dd",
        "HH",
        "hh",
        "mm",
        "ss",
        "SSS",
        "a",
        "z",
        "Z",
        "X",
        "G",
        "E",
        "EEEE",
        "D",
        "F",
        "w",
        "W",
        "k",
        "K",
        "u",
        "Y",
        "L",
        "'",
        "''",
        "'T'",
        "\n",
        "-",
        ":",
        "2020-01-02",
        "12:34:56.789",
        "+0100",
        "GMT+01:00",
        "UTC",
        "Jan",
        "AD",
        "PM",
        "99999999999",
        "-1",
    ],
    longest: 4 << 10,
    run: |input| {
        let [pattern, subject] = lines::<2>(input);
        match DateFormat::new(&text(pattern), 1_700_000_000_000) {
            Err(reason) => outcome(0, &reason),
            Ok(format) => {
                for millis in [0, -1, 1_600_000_000_123, i64::MIN, i64::MAX, -62_135_596_800_001] {
                    format.format(millis);
                }
                match format.parse(&text(subject)) {
                    Err(unreadable) => outcome(1, &format!("{unreadable:?}")),
                    Ok(millis) => {
                        let _ = format.parse(&format.format(millis));
                        outcome((2, millis.signum()), "")
                    }
                }
            }
        }
    },
};
