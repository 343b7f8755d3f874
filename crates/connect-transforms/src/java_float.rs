//! Floating-point numbers in text, as `Float.parseFloat` and `Double.parseDouble` read them.

/// Binary floating-point formats.
pub(crate) trait Float: Copy + std::str::FromStr + std::ops::Neg<Output = Self> {
    const NAN: Self;
    const INFINITY: Self;
    /// Bits of the significand, the hidden one included.
    const PRECISION: u32;
    /// The exponent of the smallest number's only bit.
    const LEAST: i64;
    /// The exponent of infinity: one more than the largest of a finite number.
    const BEYOND: i64;

    /// `significand × 2^exponent`, which is exact.
    fn scaled(significand: u64, exponent: i64) -> Self;
}

impl Float for f64 {
    const NAN: Self = f64::NAN;
    const INFINITY: Self = f64::INFINITY;
    const PRECISION: u32 = 53;
    const LEAST: i64 = -1074;
    const BEYOND: i64 = 1024;

    fn scaled(significand: u64, exponent: i64) -> Self {
        // Two steps, because the smallest power of two that is needed is no normal number.
        let half = exponent / 2;
        significand as f64 * power_of_two(half) * power_of_two(exponent - half)
    }
}

impl Float for f32 {
    const NAN: Self = f32::NAN;
    const INFINITY: Self = f32::INFINITY;
    const PRECISION: u32 = 24;
    const LEAST: i64 = -149;
    const BEYOND: i64 = 128;

    fn scaled(significand: u64, exponent: i64) -> Self {
        f64::scaled(significand, exponent) as f32
    }
}

/// `2^exponent` for the exponents of normal numbers.
fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// Reads a number: blanks around it, a sign, `NaN`, `Infinity`, decimal and hexadecimal forms and a trailing `f`, `F`,
/// `d` or `D` are fine.
pub(crate) fn parse<F: Float>(text: &str) -> Option<F> {
    let trimmed = text.trim_matches(|c: char| c <= ' ');
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    let magnitude = match unsigned {
        // Parity: its sign is lost.
        "NaN" => return Some(F::NAN),
        "Infinity" => F::INFINITY,
        _ => {
            let plain = unsigned.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(unsigned);
            match plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X")) {
                Some(digits) => hexadecimal(digits)?,
                None => decimal(plain)?,
            }
        }
    };
    Some(if trimmed.starts_with('-') { -magnitude } else { magnitude })
}

fn decimal<F: Float>(text: &str) -> Option<F> {
    // Rust also reads `inf`, `nan` and a second sign; Java does not.
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '.') || !text.chars().all(allowed) {
        return None;
    }
    text.parse().ok()
}

/// `h.hp±d`, behind `0x`: rounded to the nearest, ties to even.
fn hexadecimal<F: Float>(text: &str) -> Option<F> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent = binary_exponent(exponent)?;
    let (mut bits, mut dropped, mut shift) = (0_u64, false, 0_i64);
    for (place, digit) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(digit.to_digit(16)?);
        if bits >> 60 == 0 {
            bits = bits << 4 | digit;
        } else {
            dropped |= digit != 0;
            shift += 4;
        }
        if place >= whole.len() {
            shift -= 4;
        }
    }
    Some(rounded(bits, dropped, exponent.saturating_add(shift)))
}

/// A sign and digits; what is too large for any number stays too large.
fn binary_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 40);
    Some(if text.starts_with('-') { -size } else { size })
}

/// The number nearest to `bits × 2^exponent`, where `dropped` says that the true number is a little larger.
fn rounded<F: Float>(bits: u64, dropped: bool, exponent: i64) -> F {
    if bits == 0 {
        return F::scaled(0, 0);
    }
    let width = i64::from(64 - bits.leading_zeros());
    if exponent + width > F::BEYOND {
        return F::INFINITY;
    }
    let surplus = (width - i64::from(F::PRECISION)).max(F::LEAST - exponent);
    if surplus <= 0 {
        return F::scaled(bits, exponent);
    }
    if surplus > width {
        return F::scaled(0, 0);
    }
    let kept = if surplus >= 64 { 0 } else { bits >> surplus };
    let half = 1_u64 << (surplus - 1);
    let rest = bits & (half | (half - 1));
    let up = rest > half || rest == half && (dropped || kept & 1 == 1);
    let (kept, exponent) = (kept + u64::from(up), exponent + surplus);
    if kept >> F::PRECISION != 0 && exponent + i64::from(F::PRECISION) + 1 > F::BEYOND {
        return F::INFINITY;
    }
    F::scaled(kept, exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_forms_are_rounded_once() {
        for (text, value) in [
            ("0x1p3", 8.0),
            ("-0x.8P-1D", -0.25),
            ("0x1.fffffffffffff8p1023", f64::INFINITY),
            ("0x1.fffffffffffff7p1023", f64::MAX),
            ("0x1p-1074", f64::from_bits(1)),
            ("0x1p-1075", 0.0),
            ("0x1.0000001p-1075", f64::from_bits(1)),
            ("0x1.8p-1074", f64::from_bits(2)),
            ("0x1.00000000000008p0", 1.0),
            ("0x1.000000000000080000000000001p0", 1.000_000_000_000_000_2),
            ("0x0p99999999999", 0.0),
            ("0x1p99999999999", f64::INFINITY),
        ] {
            assert_eq!(parse::<f64>(text), Some(value), "{text}");
        }
        assert_eq!(parse::<f32>("0x1.fffffeffffffffffp127"), Some(f32::MAX));
        assert_eq!(parse::<f32>("0x1.ffffffp127"), Some(f32::INFINITY));
        assert_eq!(parse::<f32>("0x1.000001p0"), Some(1.0));
        for text in ["0x1", "0xp1", "0x1p", "0x1p1.0", "0x1 p1", "0x.p1", "0xg1p1", "0x1p+-1", "x1p1"] {
            assert_eq!(parse::<f64>(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_in_hexadecimal_is_read_back(bits: u64) {
            let value = f64::from_bits(bits & !(1 << 63));
            if value.is_finite() {
                let (exponent, fraction) = ((bits >> 52 & 0x7FF) as i64, bits & ((1 << 52) - 1));
                let text = if exponent == 0 { format!("0x0.{fraction:013x}p-1022") } else { format!("0x1.{fraction:013x}p{}", exponent - 1023) };
                proptest::prop_assert_eq!(parse::<f64>(&text).map(f64::to_bits), Some(value.to_bits()));
            }
        }

        #[test]
        fn no_text_is_too_odd(text: String) {
            parse::<f64>(&text);
            parse::<f32>(&format!("0x{text}p1"));
        }
    }
}
