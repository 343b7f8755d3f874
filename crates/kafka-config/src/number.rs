//! Numbers as Java reads and prints them: `Integer.parseInt`, `Double.parseDouble`, `Double.toString`.

/// The value of a decimal digit of any script, as `Character.digit(c, 10)` of a Java `char` knows it.
pub fn decimal_digit(c: char) -> Option<u32> {
    if let Some(digit) = c.to_digit(10) {
        return Some(digit);
    }
    let code = u32::from(c);
    // Parity: parseInt looks at UTF-16 units, so digits beyond the basic plane do not count.
    if code > 0xFFFF {
        return None;
    }
    let zero = *ZEROS.iter().rev().find(|zero| **zero <= code)?;
    (code - zero < 10).then_some(code - zero)
}

/// Reads an integer as `Long.parseLong` does: an optional sign, then digits of any script, nothing else.
pub fn parse_integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    digits.chars().try_fold(0i64, |sum, c| {
        let digit = i64::from(decimal_digit(c)?);
        let shifted = sum.checked_mul(10)?;
        if negative { shifted.checked_sub(digit) } else { shifted.checked_add(digit) }
    })
}

/// Reads a number as `Double.parseDouble` does, decimal forms only: blanks around it, a sign, `NaN`, `Infinity`, and
/// a trailing `f`, `F`, `d` or `D` are fine.
pub fn parse_double(text: &str) -> Option<f64> {
    let trimmed = text.trim_matches(|c: char| c <= ' ');
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    let negative = trimmed.starts_with('-');
    let magnitude = match unsigned {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        _ => {
            let plain = unsigned.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(unsigned);
            // Rust also reads `inf`, `nan` and a second sign; Java does not.
            if !plain.starts_with(|c: char| c.is_ascii_digit() || c == '.')
                || !plain.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'))
            {
                return None;
            }
            plain.parse::<f64>().ok()?
        }
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// Prints a number as `Double.toString` does: plain between 10^-3 and 10^7, else with an exponent.
pub fn format_double(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return format!("{number:?}");
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    if mantissa.contains('.') { format!("{mantissa}E{exponent}") } else { format!("{mantissa}.0E{exponent}") }
}

/// The zeros of every script with decimal digits in the basic plane, in order.
#[rustfmt::skip]
const ZEROS: [u32; 37] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_any_script() {
        assert_eq!(parse_integer("٣"), Some(3));
        assert_eq!(parse_integer("-१२"), Some(-12));
        assert_eq!(parse_integer("９"), Some(9));
        assert_eq!(parse_integer("𝟗"), None);
        assert_eq!(parse_integer("-9223372036854775808"), Some(i64::MIN));
        for text in ["", "+", "-", "1_000", "0x10", "1 ", "9223372036854775808", "½"] {
            assert_eq!(parse_integer(text), None, "{text}");
        }
    }

    #[test]
    fn doubles_as_java_reads_them() {
        assert_eq!(parse_double(" 1f "), Some(1.0));
        assert_eq!(parse_double("-.5e-1D"), Some(-0.05));
        assert_eq!(parse_double("1."), Some(1.0));
        assert_eq!(parse_double("+Infinity"), Some(f64::INFINITY));
        assert!(parse_double("NaN").is_some_and(f64::is_nan));
        for text in ["", ".", "inf", "nan", "infinity", "+-1", "1e", "1,5", "e5", "1ff"] {
            assert_eq!(parse_double(text), None, "{text}");
        }
    }

    #[test]
    fn doubles_as_java_prints_them() {
        let pairs = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (1.5e300, "1.5E300"),
            (f64::INFINITY, "Infinity"),
        ];
        for (number, text) in pairs {
            assert_eq!(format_double(number), text);
        }
    }
}
