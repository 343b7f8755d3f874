//! Dates and times in text, read as leniently as Java's `SimpleDateFormat`, in UTC.

use connect_api::{Datum, Schema, SchemaBuilder, Value};
use kafka_config::decimal_digit;
use std::sync::LazyLock;

use crate::calendar::{DAY, day_number};

static DATE: LazyLock<Schema> = LazyLock::new(|| SchemaBuilder::date().build());
static TIME: LazyLock<Schema> = LazyLock::new(|| SchemaBuilder::time().build());

/// The Date, Time or Timestamp that `token` is. Its length decides which of the three it can be.
pub(super) fn parse(token: &str) -> Option<Datum> {
    let unescaped;
    let text = if token.contains("\\:") {
        unescaped = token.replace("\\:", ":");
        &unescaped
    } else {
        token
    };
    // No form has more characters, so longer text is not counted.
    if text.len() > 24 * 4 {
        return None;
    }
    let mut scan = Scan(text);
    let (schema, millis) = match text.encode_utf16().count() {
        10 => (&*DATE, scan.date()?),
        13 => (&*TIME, scan.time()?),
        24 => {
            let date = scan.date()?;
            scan.literal('T')?;
            (&Schema::timestamp(), date.wrapping_add(scan.time()?))
        }
        _ => return None,
    };
    Some(Datum::new(schema.clone(), Value::Date(millis)))
}

/// What is left of the text. Text behind the end of a form is ignored.
struct Scan<'a>(&'a str);

impl Scan<'_> {
    fn date(&mut self) -> Option<i64> {
        let year = self.number()?;
        self.literal('-')?;
        let month = self.number()?;
        self.literal('-')?;
        let day = self.number()?;
        // Parity: a year too large for the milliseconds of a long wraps.
        Some(day_number(year, month, day).wrapping_mul(DAY))
    }

    fn time(&mut self) -> Option<i64> {
        let hour = self.number()?;
        self.literal(':')?;
        let minute = self.number()?;
        self.literal(':')?;
        let second = self.number()?;
        self.literal('.')?;
        let milli = self.number()?;
        self.literal('Z')?;
        Some(((hour * 60 + minute) * 60 + second) * 1000 + milli)
    }

    fn literal(&mut self, character: char) -> Option<()> {
        self.0 = self.0.strip_prefix(character)?;
        Some(())
    }

    /// Blanks, a sign and digits of any script; what is beyond an int wraps.
    fn number(&mut self) -> Option<i64> {
        let text = self.0.trim_start_matches([' ', '\t']);
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let end = text.find(|c| decimal_digit(c).is_none()).unwrap_or(text.len());
        if end == 0 {
            return None;
        }
        let digits = text[..end].chars().filter_map(decimal_digit);
        let value = digits.fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit)));
        self.0 = &text[end..];
        Some(i64::from(if negative { -value } else { value } as i32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<i64> {
        match parse(text)?.value {
            Value::Date(millis) => Some(millis),
            _ => None,
        }
    }

    #[test]
    fn forms_are_told_by_length_and_read_leniently() {
        assert_eq!(millis("1970-01-02"), Some(DAY));
        assert_eq!(millis("2020-13-45"), Some(1_613_260_800_000));
        assert_eq!(millis("2020-1-2xx"), Some(1_577_923_200_000));
        assert_eq!(millis("12:34:56.789Z"), Some(45_296_789));
        assert_eq!(millis("12\\:34\\:56.789Z"), Some(45_296_789));
        assert_eq!(millis("1969-12-31T23:59:59.999Z"), Some(-1));
        assert!(millis("2020-01-02T12:34:56.789Z").is_some());
        assert!(millis("999999999-1-2T2:3:5.789Z").is_some());
        assert_eq!(millis("2020-01-2"), None);
        assert_eq!(millis("2020/01/02"), None);
    }
}
