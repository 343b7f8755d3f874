//! Decimal numbers: Java's `BigDecimal`.

use std::fmt;

use num_bigint::{BigInt, Sign};

/// `unscaled × 10^-scale`. Equal when both parts are equal: `1.0` and `1.00` differ, as in Java.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// The digits.
    pub unscaled: BigInt,
    /// The number of digits behind the point; may be negative.
    pub scale: i32,
}

impl Decimal {
    /// `unscaled × 10^-scale`.
    pub fn new(unscaled: impl Into<BigInt>, scale: i32) -> Self {
        Self { unscaled: unscaled.into(), scale }
    }

    /// The unscaled digits as Kafka Connect stores a Decimal: big-endian two's complement, as short as possible.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.unscaled.to_signed_bytes_be()
    }

    /// The number stored as `bytes` with `scale`; no bytes are no number.
    pub fn from_bytes(bytes: &[u8], scale: i32) -> Option<Self> {
        (!bytes.is_empty()).then(|| Self::new(BigInt::from_signed_bytes_be(bytes), scale))
    }
}

impl Decimal {
    /// The lowest 64 bits of the digits in front of the point (`BigDecimal.longValue`).
    pub fn low_bits(&self) -> i64 {
        let scale = i64::from(self.scale);
        let integer = match scale {
            // 10^64 is a multiple of 2^64.
            ..=-64 => return 0,
            -63..=0 => &self.unscaled * BigInt::from(10).pow(scale.unsigned_abs() as u32),
            _ if self.unscaled.magnitude().to_string().len() as i64 <= scale => return 0,
            _ => &self.unscaled / BigInt::from(10).pow(scale as u32),
        };
        let low = integer.iter_u64_digits().next().unwrap_or(0) as i64;
        if integer.sign() == Sign::Minus { low.wrapping_neg() } else { low }
    }
}

/// `BigDecimal.toString`: plain while the scale is not negative and the first digit is at most six places behind the
/// point, scientific otherwise.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.unscaled.to_string();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text.as_str()),
        };
        if self.scale == 0 {
            return f.write_str(&text);
        }
        let scale = i64::from(self.scale);
        let adjusted = digits.len() as i64 - 1 - scale;
        if scale > 0 && adjusted >= -6 {
            let behind = scale as usize;
            return if digits.len() > behind {
                write!(f, "{sign}{}.{}", &digits[..digits.len() - behind], &digits[digits.len() - behind..])
            } else {
                write!(f, "{sign}0.{}{digits}", "0".repeat(behind - digits.len()))
            };
        }
        write!(f, "{sign}{}", &digits[..1])?;
        if digits.len() > 1 {
            write!(f, ".{}", &digits[1..])?;
        }
        if adjusted != 0 {
            write!(f, "E{adjusted:+}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_java_does() {
        for (unscaled, scale, text) in [
            (123_i64, 2, "1.23"),
            (-123, 2, "-1.23"),
            (1, -3, "1E+3"),
            (12, -3, "1.2E+4"),
            (1, 7, "1E-7"),
            (1, 6, "0.000001"),
            (110, 2, "1.10"),
            (0, 3, "0.000"),
            (0, -2, "0E+2"),
            (5, 0, "5"),
        ] {
            assert_eq!(Decimal::new(unscaled, scale).to_string(), text);
        }
    }

    #[test]
    fn low_bits_are_those_in_front_of_the_point() {
        let two_to_64 = BigInt::from(1) << 64;
        for (unscaled, scale, bits) in [
            (BigInt::from(-199), 2, -1),
            (BigInt::from(99), 2, 0),
            (BigInt::from(7), -2, 700),
            (BigInt::from(5) + &two_to_64, 0, 5),
            (BigInt::from(-5) - &two_to_64, 0, -5),
            (BigInt::from(1) << 63, 0, i64::MIN),
            (BigInt::from(3), -64, 0),
            (BigInt::from(3), i32::MIN, 0),
            (BigInt::from(3), i32::MAX, 0),
        ] {
            let decimal = Decimal::new(unscaled, scale);
            assert_eq!(decimal.low_bits(), bits, "{decimal}");
        }
    }

    #[test]
    fn bytes_are_shortest_twos_complement() {
        assert_eq!(Decimal::new(110, 2).to_bytes(), [0x6e]);
        assert_eq!(Decimal::new(128, 0).to_bytes(), [0, 0x80]);
        assert_eq!(Decimal::new(-128, 0).to_bytes(), [0x80]);
        assert_eq!(Decimal::from_bytes(&[0x6e], 2), Some(Decimal::new(110, 2)));
        assert_eq!(Decimal::from_bytes(&[], 2), None);
    }
}
