//! Decimal numbers: Java's `BigDecimal`.

use std::fmt;

use num_bigint::BigInt;

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
    fn bytes_are_shortest_twos_complement() {
        assert_eq!(Decimal::new(110, 2).to_bytes(), [0x6e]);
        assert_eq!(Decimal::new(128, 0).to_bytes(), [0, 0x80]);
        assert_eq!(Decimal::new(-128, 0).to_bytes(), [0x80]);
        assert_eq!(Decimal::from_bytes(&[0x6e], 2), Some(Decimal::new(110, 2)));
        assert_eq!(Decimal::from_bytes(&[], 2), None);
    }
}
