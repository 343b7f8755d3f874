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
    pub(super) fn number(&mut self) -> Result<Number<'a>> {
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
