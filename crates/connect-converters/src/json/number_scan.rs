//! Reads numbers.

use super::node::decimal;
use super::scanner::Scanner;
use super::syntax::{Result, SyntaxError};

/// `StreamReadConstraints`: the longest number. Counted are digits: of the whole part without zeros in front, of the
/// fraction and of the exponent; neither signs nor the point.
const MAX_NUMBER: usize = 1000;

/// A number as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number<'a> {
    /// An integer of at most 64 bits.
    Int(i64),
    /// A longer integer: sign and digits.
    Big(&'a str),
    /// A number with a fraction or an exponent.
    Float(&'a str),
}

impl<'a> Scanner<'a> {
    /// Reads a number whose first character, a digit or `-`, is next. At the root a blank or the end must follow.
    #[inline]
    pub(super) fn number(&mut self) -> Result<Number<'a>> {
        if let Some(value) = self.short_integer() {
            return Ok(Number::Int(value));
        }
        self.any_number()
    }

    /// An integer without a sign inside a container, of at most 18 digits and with something behind it that ends it: the
    /// usual case, read in one pass.
    #[inline]
    pub(super) fn short_integer(&mut self) -> Option<i64> {
        let text = self.text.get(self.at..)?;
        let (mut value, mut length) = match text.first_chunk().and_then(|eight| eight_digits(*eight)) {
            Some(value) => (value, 8),
            None => (0_i64, 0),
        };
        while let Some(digit @ b'0'..=b'9') = text.get(length) {
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            length += 1;
        }
        let ends = matches!(text.get(length), Some(b',' | b'}' | b']')) && self.depth > 0;
        if !ends || length == 0 || length > 18 {
            return None;
        }
        self.at += length;
        Some(value)
    }

    /// A number inside a container, of at most 15 digits with a point and without an exponent, and with something behind it
    /// that ends it: both the digits and the power of ten are doubles, so that the quotient is the nearest one.
    #[inline]
    pub(super) fn short_decimal(&mut self) -> Option<f64> {
        let text = self.text.get(self.at..)?;
        let negative = text.first() == Some(&b'-');
        let (mut digits, mut value, mut point) = (0, 0_u64, None);
        let mut at = usize::from(negative);
        loop {
            match text.get(at)? {
                digit @ b'0'..=b'9' if digits < POWERS_OF_TEN.len() => {
                    value = value * 10 + u64::from(digit - b'0');
                    digits += 1;
                }
                b'.' if point.is_none() && digits > 0 => point = Some(digits),
                b',' | b'}' | b']' => break,
                _ => return None,
            }
            at += 1;
        }
        let fraction = digits - point.filter(|point| *point < digits)?;
        if self.depth == 0 {
            return None;
        }
        self.at += at;
        let value = value as f64 / POWERS_OF_TEN[fraction];
        Some(if negative { -value } else { value })
    }

    fn any_number(&mut self) -> Result<Number<'a>> {
        let start = self.at;
        let negative = self.text[start] == b'-';
        let digits = start + usize::from(negative);
        match self.text.get(digits) {
            Some(b'0'..=b'9') => {}
            Some(_) => return Err(self.bad_number_start(digits, negative)),
            None => return Err(self.ends_in_number(start)),
        }
        let mut at = self.skip_digits(digits);
        let mut float = false;
        if self.text.get(at) == Some(&b'.') {
            float = true;
            let fraction = self.skip_digits(at + 1);
            if fraction == at + 1 {
                // Behind a point at the very end Jackson still holds the point itself.
                let shown = self.text.get(fraction).map_or(at, |_| fraction);
                return Err(self.unexpected_number(shown, "Decimal point not followed by a digit"));
            }
            at = fraction;
        }
        if matches!(self.text.get(at), Some(b'e' | b'E')) {
            float = true;
            let sign = usize::from(matches!(self.text.get(at + 1), Some(b'+' | b'-')));
            let exponent = self.skip_digits(at + 1 + sign);
            if exponent == at + 1 + sign {
                if exponent == self.text.len() {
                    return Err(self.ends_in_number(start));
                }
                return Err(self.unexpected_number(exponent, "Exponent indicator not followed by a digit"));
            }
            at = exponent;
        }
        if self.depth == 0
            && let Some(byte) = self.text.get(at)
            && !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
        {
            return Err(self.unexpected(at, "Expected space separating root-level values"));
        }
        self.at = at;
        self.number_in(start, digits, float)
    }

    /// Refuses a number with too many digits; the first one is at `digits`, the number ends where the scanner is.
    #[cold]
    fn check_digits(&self, digits: usize) -> Result<()> {
        let whole = self.skip_digits(digits);
        let zeros = self.text[digits..whole].iter().take_while(|digit| **digit == b'0').count();
        let rest = self.text[whole..self.at].iter().filter(|byte| byte.is_ascii_digit()).count();
        let length = (whole - digits - zeros).max(1) + rest;
        if length > MAX_NUMBER {
            return Err(SyntaxError::limit(format!(
                "Number value length ({length}) exceeds the maximum allowed ({MAX_NUMBER}, from `StreamReadConstraints.getMaxNumberLength()`)"
            )));
        }
        Ok(())
    }

    fn skip_digits(&self, mut at: usize) -> usize {
        while matches!(self.text.get(at), Some(b'0'..=b'9')) {
            at += 1;
        }
        at
    }

    fn number_in(&self, start: usize, digits: usize, float: bool) -> Result<Number<'a>> {
        if self.at - start > MAX_NUMBER {
            self.check_digits(digits)?;
        }
        if !float && self.at - digits <= 18 {
            let value = self.text[digits..self.at].iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
            return Ok(Number::Int(if start == digits { value } else { -value }));
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).unwrap_or("0");
        if float {
            check_exponent(text)?;
            return Ok(Number::Float(text));
        }
        Ok(text.parse().map_or(Number::Big(text), Number::Int))
    }
}

/// As many as there may be digits.
const POWERS_OF_TEN: [f64; 15] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14];

/// The number that eight digits are: they are paired up, then the pairs, then those.
#[inline]
fn eight_digits(text: [u8; 8]) -> Option<i64> {
    const ONES: u64 = u64::MAX / 255;
    let digits = u64::from_le_bytes(text) ^ (ONES * b'0' as u64);
    // Anything that is no digit is ten or more now; `0x76` more than that sets the upper bit.
    if (digits | (digits & !(ONES << 7)).wrapping_add(ONES * 0x76)) & (ONES << 7) != 0 {
        return None;
    }
    let pairs = (digits * 10 + (digits >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some(((fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF) as i64)
}

/// Refuses numbers whose exponent or scale is no int.
fn check_exponent(text: &str) -> Result<()> {
    let Some(at) = text.find(['e', 'E']) else { return Ok(()) };
    let exponent = &text[at + 1..];
    let digits = exponent.trim_start_matches(['+', '-']).trim_start_matches('0');
    if digits.len() <= 8 {
        return Ok(());
    }
    let reason = if digits.len() > 10 {
        "Too many nonzero exponent digits."
    } else if exponent.parse::<i32>().is_err() {
        "Exponent overflow."
    } else if decimal(text).is_none() {
        "Scale out of range."
    } else {
        return Ok(());
    };
    Err(SyntaxError::exponent(text, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_decimals_are_what_the_standard_library_reads() {
        let read = |text: &str| Scanner::resume(text.as_bytes(), 0, 1).short_decimal();
        for number in (0..1_000_000_000_000_000_u64).step_by(99_999_999_977).chain(0..1_000) {
            for point in 1..15 {
                let mut text = format!("{number:015}");
                text.insert(point, '.');
                for text in [text.clone(), format!("-{text}"), text[point - 1..].to_owned()] {
                    let expected: f64 = text.parse().unwrap();
                    assert_eq!(read(&format!("{text},")).map(f64::to_bits), Some(expected.to_bits()), "{text}");
                }
            }
        }
        for other in [
            "",
            "1",
            "1,",
            "1.",
            "1.,",
            ".5,",
            "-,",
            "-.5,",
            "1.5",
            "1.5 ,",
            "1e5,",
            "1.5e5,",
            "1.2.3,",
            "1234567890123456.5,",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
        // At the root something else ends a number.
        assert_eq!(Scanner::resume(b"1.5,", 0, 0).short_decimal(), None);
    }

    #[test]
    fn eight_digits_are_a_number_and_nothing_else_is() {
        for number in (0..100_000_000_u64).step_by(999_983).chain([1, 10, 99_999_999]) {
            let text: [u8; 8] = format!("{number:08}").into_bytes().try_into().unwrap();
            assert_eq!(eight_digits(text), Some(number as i64));
            for (place, byte) in (0..8).flat_map(|place| (0..=255_u8).map(move |byte| (place, byte))) {
                let mut other = text;
                other[place] = byte;
                let expected = std::str::from_utf8(&other).ok().and_then(|text| text.parse::<u32>().ok());
                let expected = expected.filter(|_| byte.is_ascii_digit()).map(i64::from);
                assert_eq!(eight_digits(other), expected, "{other:?}");
            }
        }
    }
}
