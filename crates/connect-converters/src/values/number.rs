//! Numbers in text: the smallest type that holds them.

use std::borrow::Cow;

use connect_api::{Datum, Decimal, Error, Kind, Result, Schema, SchemaBuilder, Value};
use kafka_config::decimal_digit;
use num_bigint::BigInt;

/// Texts longer than this are read in another way by Java, with other words for what is wrong with them.
const MAX_SHORT: usize = 18;

/// Longer numbers stay text; Java would take minutes for them.
const MAX_DIGITS: usize = 100_000;

/// A number as it is written: `±significant × 10^-scale`.
struct Parts {
    sign: &'static str,
    /// Without zeros in front.
    significant: String,
    scale: i32,
}

impl Parts {
    fn of(token: &str) -> Option<Self> {
        let text = ascii_digits(token);
        let (sign, unsigned) = match text.as_bytes().first()? {
            b'-' => ("-", &text[1..]),
            b'+' => ("", &text[1..]),
            _ => ("", &*text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], parse_exponent(&unsigned[at + 1..])?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let scale = i32::try_from(fraction.len() as i64 - exponent).ok()?;
        Some(Self { sign, significant: digits.trim_start_matches('0').to_owned(), scale })
    }

    fn decimal(&self) -> Option<Decimal> {
        let digits = if self.significant.is_empty() { "0" } else { &self.significant };
        Some(Decimal::new(format!("{}{digits}", self.sign).parse::<BigInt>().ok()?, self.scale))
    }
}

/// The number that `text` is for `new BigDecimal(text)`: a sign, digits of any script with at most one point, an
/// exponent; at most 100,000 digits.
///
/// # Errors
/// Java's `NumberFormatException`.
pub fn parse_decimal(text: &str) -> Result<Decimal> {
    Parts::of(text).and_then(|parts| parts.decimal()).ok_or_else(|| number_format(text))
}

/// What Java finds wrong with a text that is no number.
fn number_format(text: &str) -> Error {
    let fault = |message: &str| {
        Error::new(Kind::IllegalArgument, message.to_owned()).with_class("java.lang.NumberFormatException")
    };
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let short = unsigned.encode_utf16().count() <= MAX_SHORT;
    let (mut digits, mut point) = (false, false);
    for (at, c) in unsigned.char_indices() {
        match c {
            '.' if point => return fault("Character array contains more than one decimal point."),
            '.' => point = true,
            'e' | 'E' => match exponent_fault(&unsigned[at + 1..]) {
                Some("") => {
                    let length = text.encode_utf16().count();
                    let bounds = format!("Index {length} out of bounds for length {length}");
                    let cause = Error::new(Kind::IllegalArgument, bounds)
                        .with_class("java.lang.ArrayIndexOutOfBoundsException");
                    let error = Error::without_message(Kind::IllegalArgument);
                    return error.with_class("java.lang.NumberFormatException").caused_by(cause);
                }
                Some(message) => return fault(message),
                None => break,
            },
            c if decimal_digit(c).is_some() => digits = true,
            c if short => {
                return fault(&format!(
                    "Character {c} is neither a decimal digit number, decimal point, nor \"e\" notation exponential mark."
                ));
            }
            _ => return fault("Character array is missing \"e\" notation exponential mark."),
        }
    }
    fault(if digits { "Scale out of range." } else { "No digits found." })
}

/// What is wrong with an exponent; nothing to say where Java runs over its end.
fn exponent_fault(text: &str) -> Option<&'static str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() {
        return Some("");
    }
    let ascii = ascii_digits(digits);
    // Zeros in front are passed over as long as more than ten characters are left.
    let spare = ascii.len().saturating_sub(10);
    let zeros = ascii.bytes().take(spare).take_while(|byte| *byte == b'0').count();
    if zeros < spare {
        return Some("Too many nonzero exponent digits.");
    }
    if !ascii[zeros..].bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("Not a digit.");
    }
    parse_exponent(&[if text.starts_with('-') { "-" } else { "" }, &*ascii].concat())
        .is_none()
        .then_some("Exponent overflow.")
}

/// The number that `token` is, in the grammar of Java's `BigDecimal`: a sign, digits of any script with at most one
/// point, an exponent.
pub(super) fn parse(token: &str) -> Option<Datum> {
    let parts = Parts::of(token)?;
    let Parts { sign, significant, scale } = &parts;
    let scale = *scale;
    if let Some(integer) = exact_integer(sign, significant, scale) {
        return Some(smallest(integer));
    }
    if scale != 0 {
        // Parity: a float32 wherever one is finite, whatever it loses.
        let plain = format!("{sign}{significant}E{}", -i64::from(scale));
        let (float, double) = (plain.parse::<f32>().ok()?, plain.parse::<f64>().ok()?);
        if float.is_finite() {
            return Some(Datum::new(Schema::float32(), float));
        }
        if double.is_finite() {
            return Some(Datum::new(Schema::float64(), double));
        }
    }
    Some(Datum::new(SchemaBuilder::decimal(scale).build(), parts.decimal()?))
}

fn ascii_digits(token: &str) -> Cow<'_, str> {
    if token.is_ascii() {
        return Cow::Borrowed(token);
    }
    token.chars().map(|c| decimal_digit(c).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)).collect()
}

/// An exponent of at most ten digits, leading zeros aside, as `BigDecimal` reads it.
fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    if significant.len() > 10 {
        return None;
    }
    let value = if significant.is_empty() { 0 } else { significant.parse::<i64>().ok()? };
    let value = if text.starts_with('-') { -value } else { value };
    i32::try_from(value).is_ok().then_some(value)
}

/// The value of `digits × 10^-scale` when it is an integer of 64 bits.
fn exact_integer(sign: &str, digits: &str, scale: i32) -> Option<i64> {
    if digits.is_empty() {
        return Some(0);
    }
    let (kept, zeros) = if scale >= 0 {
        let cut = digits.len().checked_sub(scale as usize)?;
        if !digits[cut..].bytes().all(|byte| byte == b'0') {
            return None;
        }
        (&digits[..cut], 0)
    } else {
        (digits, scale.unsigned_abs() as usize)
    };
    if kept.len() + zeros > 19 {
        return None;
    }
    format!("{sign}{kept}{}", "0".repeat(zeros)).parse().ok()
}

fn smallest(value: i64) -> Datum {
    if let Ok(value) = i8::try_from(value) {
        Datum::new(Schema::int8(), value)
    } else if let Ok(value) = i16::try_from(value) {
        Datum::new(Schema::int16(), value)
    } else if let Ok(value) = i32::try_from(value) {
        Datum::new(Schema::int32(), value)
    } else {
        Datum::new(Schema::int64(), Value::Int64(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_type_that_fits_is_taken() {
        for (text, value) in [
            ("+5.0", Value::Int8(5)),
            ("1e3", Value::Int16(1000)),
            ("٣", Value::Int8(3)),
            ("-.5", Value::Float32(-0.5)),
            ("3.4028236e38", Value::Float64(3.4028236e38)),
            ("9223372036854775808", Value::from(Decimal::new(9_223_372_036_854_775_808_u64, 0))),
            ("1e2147483647", Value::from(Decimal::new(1, -2_147_483_647))),
            ("0e2147483647", Value::Int8(0)),
        ] {
            assert_eq!(parse(text).unwrap().value, value, "{text}");
        }
    }

    #[test]
    fn what_big_decimal_refuses_is_no_number() {
        for text in
            ["", "+", "-", ".", "1..2", "1e", "1e+", "1e1.5", "1f", "1_0", "1e99999999999", "1e2147483648", "1 2"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
