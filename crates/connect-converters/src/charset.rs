//! The character sets of Java that StringConverter knows.

use std::borrow::Cow;

use bytes::Bytes;
use connect_api::{Error, Kind, Result, Text};

const ALIASES: [(&[&str], Charset); 6] = [
    (&["utf-8", "utf8", "unicode-1-1-utf-8"], Charset::Utf8),
    (
        &[
            "iso-8859-1",
            "iso8859_1",
            "iso_8859-1",
            "iso_8859_1",
            "iso8859-1",
            "8859_1",
            "latin1",
            "l1",
            "ibm819",
            "ibm-819",
            "cp819",
            "819",
            "iso-ir-100",
            "csisolatin1",
            "iso_8859-1:1987",
        ],
        Charset::Latin1,
    ),
    (
        &[
            "us-ascii",
            "ascii",
            "ascii7",
            "646",
            "iso-ir-6",
            "iso646-us",
            "iso_646.irv:1983",
            "iso_646.irv:1991",
            "us",
            "ibm367",
            "cp367",
            "csascii",
            "default",
            "ansi_x3.4-1968",
            "ansi_x3.4-1986",
        ],
        Charset::Ascii,
    ),
    (&["utf-16", "utf_16", "utf16", "unicode", "unicodebig"], Charset::Utf16),
    (&["utf-16be", "utf_16be", "x-utf-16be", "iso-10646-ucs-2", "unicodebigunmarked"], Charset::Utf16Be),
    (&["utf-16le", "utf_16le", "x-utf-16le", "unicodelittleunmarked"], Charset::Utf16Le),
];

/// A way to write text as bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Charset {
    #[default]
    Utf8,
    Latin1,
    Ascii,
    /// Big-endian behind a byte order mark; reads either order, big-endian without a mark.
    Utf16,
    Utf16Be,
    Utf16Le,
}

impl Charset {
    /// The character set that Java knows by `name`.
    ///
    /// # Errors
    /// `Unsupported encoding <name>`, also for those that only Java knows.
    pub(crate) fn named(name: &str) -> Result<Self> {
        let lower = name.to_ascii_lowercase();
        if let Some((_, charset)) = ALIASES.iter().find(|(aliases, _)| aliases.contains(&&*lower)) {
            return Ok(*charset);
        }
        let legal = name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-+.:_".contains(c));
        let class = if legal { "UnsupportedCharsetException" } else { "IllegalCharsetNameException" };
        let cause = Error::new(Kind::IllegalArgument, name).with_class(format!("java.nio.charset.{class}"));
        Err(Error::new(Kind::Serialization, format!("Unsupported encoding {name}")).caused_by(cause))
    }

    /// Appends `text`; a character the set does not have becomes `?`.
    pub(crate) fn encode(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Charset::Utf8 => out.extend_from_slice(text.as_bytes()),
            Charset::Latin1 => encode_narrow(text, 0xFF, out),
            Charset::Ascii => encode_narrow(text, 0x7F, out),
            Charset::Utf16 => {
                if !text.is_empty() {
                    out.extend_from_slice(&[0xFE, 0xFF]);
                }
                out.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
            }
            Charset::Utf16Be => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            Charset::Utf16Le => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
        }
    }

    /// The text of `bytes`, a slice of them where possible; what is malformed becomes U+FFFD.
    pub(crate) fn decode(self, bytes: &Bytes) -> Text {
        match self {
            Charset::Utf8 => Text::try_from(bytes.clone()).unwrap_or_else(|_| utf8_lossy(bytes).into_owned().into()),
            Charset::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into(),
            Charset::Ascii => {
                let character =
                    |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
                bytes.iter().map(character).collect::<String>().into()
            }
            Charset::Utf16 => match bytes.first_chunk::<2>() {
                Some([0xFE, 0xFF]) => decode_units(&bytes[2..], u16::from_be_bytes),
                Some([0xFF, 0xFE]) => decode_units(&bytes[2..], u16::from_le_bytes),
                _ => decode_units(bytes, u16::from_be_bytes),
            },
            Charset::Utf16Be => decode_units(bytes, u16::from_be_bytes),
            Charset::Utf16Le => decode_units(bytes, u16::from_le_bytes),
        }
    }
}

fn encode_narrow(text: &str, last: u32, out: &mut Vec<u8>) {
    out.extend(text.chars().map(|c| if u32::from(c) <= last { u32::from(c) as u8 } else { b'?' }));
}

fn decode_units(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Text {
    let (units, rest) = bytes.as_chunks::<2>();
    let decoded = char::decode_utf16(units.iter().map(|unit| read(*unit)));
    let mut text: String = decoded.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text.into()
}

/// `new String(bytes, UTF_8)`: what is malformed becomes U+FFFD, one for each byte or, unlike in Rust, one for an
/// encoded surrogate.
pub(crate) fn utf8_lossy(bytes: &[u8]) -> Cow<'_, str> {
    let mut rest = match std::str::from_utf8(bytes) {
        Ok(text) => return Cow::Borrowed(text),
        Err(_) => bytes,
    };
    let mut out = String::with_capacity(bytes.len());
    while let Some(chunk) = rest.utf8_chunks().next() {
        out.push_str(chunk.valid());
        rest = &rest[chunk.valid().len()..];
        if rest.is_empty() {
            break;
        }
        out.push(char::REPLACEMENT_CHARACTER);
        let skipped = match *rest {
            [0xED, 0xA0..=0xBF, 0x80..=0xBF, ..] => 3,
            [0xED, 0xA0..=0xBF, ..] => 2,
            _ => chunk.invalid().len().max(1),
        };
        rest = &rest[skipped..];
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_text_is_replaced_as_in_java() {
        for (bytes, text) in [
            (&b"\xED\xA0\x80x"[..], "\u{FFFD}x"),
            (b"\xED\xA0x", "\u{FFFD}x"),
            (b"\xC0\x80", "\u{FFFD}\u{FFFD}"),
            (b"a\xE6\x97", "a\u{FFFD}"),
            (b"\xF5\x80\x80\x80", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
        ] {
            assert_eq!(utf8_lossy(bytes), text, "{bytes:?}");
        }
    }

    #[test]
    fn sixteen_bit_text_goes_both_ways() {
        for charset in [Charset::Utf16, Charset::Utf16Be, Charset::Utf16Le] {
            let mut out = Vec::new();
            charset.encode("a😀", &mut out);
            assert_eq!(charset.decode(&out.into()), "a😀");
        }
        assert_eq!(Charset::Utf16.decode(&Bytes::from_static(b"\xFF\xFEa\0b")), "a\u{FFFD}");
    }

    #[test]
    fn names_ignore_case_and_unknown_ones_are_refused() {
        assert_eq!(Charset::named("Latin1").unwrap(), Charset::Latin1);
        let error = Charset::named("no such").unwrap_err();
        assert_eq!(error.message(), Some("Unsupported encoding no such"));
        assert_eq!(error.cause().unwrap().class(), "java.nio.charset.IllegalCharsetNameException");
    }
}
