//! Numbers in text, as the `DecimalFormat` of a date format reads them: whole ones, of any script, with an exponent.

use kafka_config::decimal_digit;

const INFINITY: u16 = 0x221E;
const MINUS: u16 = b'-' as u16;
const EXPONENT: u16 = b'E' as u16;

/// The digits of a number and where they end.
struct Digits {
    negative: bool,
    infinite: bool,
    /// Without zeros in front.
    digits: Vec<u8>,
    end: usize,
}

/// The number at `start`, cut to an `int` as Java's `intValue` does, and where it ends.
pub(super) fn parse(text: &[u16], start: usize) -> Option<(i32, usize)> {
    let rest = text.get(start..)?;
    if rest.starts_with(&[u16::from(b'N'), u16::from(b'a'), u16::from(b'N')]) {
        return Some((0, start + 3));
    }
    let number = scan(text, start, false)?;
    if number.infinite {
        return Some((if number.negative { i32::MIN } else { i32::MAX }, number.end));
    }
    let (mut point, mut end) = (number.digits.len() as i64, number.end);
    if text.get(end) == Some(&EXPONENT)
        && let Some(exponent) = scan(text, end + 1, true)
        && let Some(value) = whole(&exponent.digits, exponent.digits.len() as i64, exponent.negative)
    {
        // Parity: the sum wraps like every int of Java's.
        point = i64::from((point as i32).wrapping_add(value as i32));
        end = exponent.end;
    }
    let value = match whole(&number.digits, point, number.negative) {
        Some(value) => value as i32,
        None => fraction(&number.digits, point, number.negative),
    };
    Some((value, end))
}

fn scan(text: &[u16], start: usize, is_exponent: bool) -> Option<Digits> {
    let negative = text.get(start) == Some(&MINUS);
    let mut end = start + usize::from(negative);
    if !is_exponent && text.get(end) == Some(&INFINITY) {
        return Some(Digits { negative, infinite: true, digits: Vec::new(), end: end + 1 });
    }
    let first = end;
    let mut digits = Vec::new();
    while let Some(digit) = text.get(end).and_then(|unit| decimal_digit(char::from_u32(u32::from(*unit))?)) {
        if digit > 0 || !digits.is_empty() {
            digits.push(digit as u8);
        }
        end += 1;
    }
    (end > first).then_some(Digits { negative, infinite: false, digits, end })
}

/// The integer `0.digits × 10^point`, when it is one of 64 bits.
fn whole(digits: &[u8], point: i64, negative: bool) -> Option<i64> {
    let significant = digits.iter().rposition(|digit| *digit > 0).map_or(0, |last| last + 1);
    if significant == 0 {
        return Some(0);
    }
    if point < significant as i64 || point > 19 {
        return None;
    }
    let value = digits[..significant].iter().fold(0_i128, |value, digit| value * 10 + i128::from(*digit));
    let value = value * 10_i128.pow((point - significant as i64) as u32);
    i64::try_from(if negative { -value } else { value }).ok()
}

/// The same number as a `double`, cut to an `int`.
fn fraction(digits: &[u8], point: i64, negative: bool) -> i32 {
    let text: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
    let value: f64 = format!("0.{text}E{point}").parse().unwrap_or(0.0);
    (if negative { -value } else { value }) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(i32, usize)> {
        parse(&text.encode_utf16().collect::<Vec<_>>(), 0)
    }

    #[test]
    fn numbers_are_cut_as_java_does() {
        for (text, value, end) in [
            ("007x", 7, 3),
            ("-12", -12, 3),
            ("٣٠", 30, 2),
            ("4294967297", 1, 10),
            ("9223372036854775808", i32::MAX, 19),
            ("-9223372036854775808", 0, 20),
            ("25E-1", 2, 5),
            ("2E3", 2000, 3),
            ("2E", 2, 1),
            ("2E+3", 2, 1),
            ("NaN", 0, 3),
            ("-∞", i32::MIN, 2),
            ("1E99999999999999999999", 1, 1),
        ] {
            assert_eq!(read(text), Some((value, end)), "{text}");
        }
        for text in ["", "-", "+1", "x", "E3", " 1"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
