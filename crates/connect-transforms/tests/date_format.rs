//! `java.text.SimpleDateFormat` in both directions, against what Java's did.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads its files and may fail by panicking")]

use connect_transforms::java_date_format::{DateFormat, Unreadable};
use proptest::prelude::*;
use serde_json::Value as Json;

/// 2030-01-01: two-digit years begin with 1950, as in the golden cases.
const NOW: i64 = 1_893_456_000_000;

fn cases() -> Vec<Json> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/date-format.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The answer to a case: what was printed or read, or the message of the refusal.
fn answer(input: &Json) -> Result<Json, String> {
    let format = DateFormat::new(input["pattern"].as_str().unwrap(), NOW)?;
    match input["text"].as_str() {
        None => Ok(format.format(input["millis"].as_i64().unwrap()).into()),
        Some(text) => match format.parse(text) {
            Ok(millis) => Ok(millis.into()),
            Err(Unreadable::Mismatch) => Err(format!("Unparseable date: \"{text}\"")),
            Err(Unreadable::ZoneName) => Err("a name of a zone".to_owned()),
        },
    }
}

#[test]
fn dates_are_printed_and_read_as_in_java() {
    let cases = cases();
    assert!(cases.len() > 1500, "{} cases", cases.len());
    let mut faults = Vec::new();
    for json in &cases {
        let expected = match json["error"]["message"].as_str() {
            Some(message) => Err(message.to_owned()),
            None => Ok(json["output"].clone()),
        };
        let actual = answer(&json["input"]);
        if actual != expected {
            faults.push(format!("{} {}: {actual:?} instead of {expected:?}", json["case"], json["input"]));
        }
    }
    assert!(faults.is_empty(), "{} wrong answers:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn two_digit_years_lie_in_the_hundred_years_from_eighty_years_ago() {
    // 2024-02-29T12:00Z, so the window begins on 1944-02-29T12:00Z.
    let format = DateFormat::new("yy-MM-dd HH:mm", 1_709_208_000_000).unwrap();
    let print = DateFormat::new("yyyy-MM-dd HH:mm", 0).unwrap();
    let read = |text: &str| format.parse(text).map(|millis| print.format(millis));
    for (text, full) in [
        ("44-02-29 11:59", "2044-02-29 11:59"),
        ("44-02-29 12:00", "1944-02-29 12:00"),
        ("45-01-01 00:00", "1945-01-01 00:00"),
        ("43-12-31 00:00", "2043-12-31 00:00"),
        ("2044-01-01 00:00", "2044-01-01 00:00"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(full), "{text}");
    }
}

#[test]
fn names_of_other_zones_are_told_from_what_is_no_zone() {
    let format = DateFormat::new("HH:mm z", NOW).unwrap();
    assert_eq!(format.parse("12:30 PST"), Err(Unreadable::ZoneName));
    assert_eq!(format.parse("12:30 5"), Err(Unreadable::Mismatch));
    assert_eq!(format.parse("12:30 utc"), Ok(45_000_000));
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(millis in -60_000_000_000_000_i64..250_000_000_000_000) {
        for pattern in ["yyyy-MM-dd'T'HH:mm:ss.SSSX", "EEE, d MMMM yyyy hh:mm:ss.SSS a z", "yyyyMMddHHmmssSSS", "YYYY-ww-u kk:mm:ss,SSS", "D/yyyy HH m s S Z"] {
            let format = DateFormat::new(pattern, NOW).unwrap();
            let text = format.format(millis);
            prop_assert_eq!(format.parse(&text), Ok(millis), "{} {}", pattern, text);
        }
    }

    #[test]
    fn no_pattern_and_no_text_is_too_odd(pattern in "[GyMdkHmsSEDFwWahKzZYuXL' -]{0,12}|\\PC{0,12}", text in "[0-9A-Za-zE+: -]{0,24}|\\PC*", millis: i64, now: i64) {
        if let Ok(format) = DateFormat::new(&pattern, now) {
            format.format(millis);
            format.parse(&text).ok();
        }
    }
}
