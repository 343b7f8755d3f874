//! Base64 as Jackson reads it: padding required, blanks allowed between groups of four characters.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

const STRICT: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Bytes from Base64 text.
///
/// # Errors
/// The words of Jackson's exception.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, String> {
    match STRICT.decode(text) {
        Ok(bytes) => Ok(bytes),
        Err(_) => decode_lenient(text.trim_matches(|c| c <= ' ')),
    }
}

fn decode_lenient(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut rest = text.chars();
    while let Some(first) = rest.find(|c| *c > ' ') {
        let mut bits = digit(first, 0)? << 6;
        bits = (bits | digit(next(&mut rest)?, 1)?) << 6;
        let third = next(&mut rest)?;
        if third == '=' {
            let fourth = next(&mut rest)?;
            if fourth != '=' {
                return Err(illegal(fourth, 3) + ": expected padding character '='");
            }
            out.push((bits >> 10) as u8);
            continue;
        }
        bits = (bits | digit(third, 2)?) << 6;
        let fourth = next(&mut rest)?;
        if fourth == '=' {
            out.extend_from_slice(&bits.to_be_bytes()[1..3]);
            continue;
        }
        bits |= digit(fourth, 3)?;
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    Ok(out)
}

fn next(rest: &mut std::str::Chars<'_>) -> Result<char, String> {
    rest.next().ok_or_else(|| {
        "Unexpected end of base64-encoded String: base64 variant 'MIME-NO-LINEFEEDS' expects padding (one or more '=' characters) at the end. This Base64Variant might have been incorrectly configured".to_owned()
    })
}

fn digit(character: char, place: usize) -> Result<u32, String> {
    let value = match character {
        'A'..='Z' => u32::from(character) - u32::from('A'),
        'a'..='z' => u32::from(character) - u32::from('a') + 26,
        '0'..='9' => u32::from(character) - u32::from('0') + 52,
        '+' => 62,
        '/' => 63,
        _ => return Err(illegal(character, place)),
    };
    Ok(value)
}

fn illegal(character: char, place: usize) -> String {
    let code = u32::from(character);
    let place = place + 1;
    match character {
        '\0'..=' ' => format!(
            "Illegal white space character (code 0x{code:x}) as character #{place} of 4-char base64 unit: can only used between units"
        ),
        '=' => format!(
            "Unexpected padding character ('=') as character #{place} of 4-char base64 unit: padding only legal as 3rd or 4th character"
        ),
        _ if character.is_control() => format!("Illegal character (code 0x{code:x}) in base64 content"),
        _ => format!("Illegal character '{character}' (code 0x{code:x}) in base64 content"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_stand_between_groups_only() {
        assert_eq!(decode(" AQID \n BAU= ").unwrap(), [1, 2, 3, 4, 5]);
        assert!(decode("AQ ID").unwrap_err().starts_with("Illegal white space character (code 0x20) as character #3"));
        assert!(decode("A===").unwrap_err().starts_with("Unexpected padding character ('=') as character #2"));
        assert!(decode("AQ=I").unwrap_err().ends_with(": expected padding character '='"));
        assert_eq!(decode("AR==").unwrap(), [1]);
        assert_eq!(decode("").unwrap(), [0_u8; 0]);
    }
}
