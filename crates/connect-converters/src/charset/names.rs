//! Java's names of character sets, and what each does with text.

use std::sync::Arc;

use bytes::Bytes;
use connect_api::{Error, Kind, Result, Text};

use super::multi_byte::MultiByte;
use super::single_byte::SingleByte;
use super::unicode::{self, Order};
use super::utf8;

const ALIASES: [(&[&str], Charset); 13] = [
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
    (&["utf-16be", "utf_16be", "x-utf-16be", "iso-10646-ucs-2", "unicodebigunmarked"], Charset::Sixteen(Order::Big)),
    (&["utf-16le", "utf_16le", "x-utf-16le", "unicodelittleunmarked"], Charset::Sixteen(Order::Little)),
    (&["x-utf-16le-bom", "unicodelittle"], Charset::MarkedSixteenLittle),
    (&["utf-32", "utf_32", "utf32"], Charset::Utf32),
    (&["utf-32be", "utf_32be", "x-utf-32be"], Charset::ThirtyTwo(Order::Big)),
    (&["utf-32le", "utf_32le", "x-utf-32le"], Charset::ThirtyTwo(Order::Little)),
    (&["x-utf-32be-bom", "utf-32be-bom", "utf_32be_bom"], Charset::MarkedThirtyTwo(Order::Big)),
    (&["x-utf-32le-bom", "utf-32le-bom", "utf_32le_bom"], Charset::MarkedThirtyTwo(Order::Little)),
    (&["cesu-8", "cesu8", "cscesu-8"], Charset::Cesu8),
];

/// A way to write text as bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Charset {
    #[default]
    Utf8,
    Latin1,
    Ascii,
    /// Big-endian behind a byte order mark; reads either order, big-endian without a mark.
    Utf16,
    /// No mark is written, and one that is read is a character.
    Sixteen(Order),
    /// Little-endian behind a byte order mark; reads either order, little-endian without a mark.
    MarkedSixteenLittle,
    /// Big-endian without a mark; reads either order.
    Utf32,
    /// No mark is written; one that is read is dropped.
    ThirtyTwo(Order),
    /// The same, but a mark is written.
    MarkedThirtyTwo(Order),
    Cesu8,
    Single(Arc<SingleByte>),
    Multi(Arc<MultiByte>),
}

impl Charset {
    /// The character set that Java knows by `name`.
    ///
    /// # Errors
    /// `Unsupported encoding <name>`.
    pub(crate) fn named(name: &str) -> Result<Self> {
        let lower = name.to_ascii_lowercase();
        if let Some((_, charset)) = ALIASES.iter().find(|(aliases, _)| aliases.contains(&&*lower)) {
            return Ok(charset.clone());
        }
        if let Some(table) = SingleByte::named(name) {
            return Ok(Charset::Single(table));
        }
        if let Some(tables) = MultiByte::named(name) {
            return Ok(Charset::Multi(tables));
        }
        let legal = name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-+.:_".contains(c));
        let class = if legal { "UnsupportedCharsetException" } else { "IllegalCharsetNameException" };
        let cause = Error::new(Kind::IllegalArgument, name).with_class(format!("java.nio.charset.{class}"));
        Err(Error::new(Kind::Serialization, format!("Unsupported encoding {name}")).caused_by(cause))
    }

    /// Appends `text`; a character the set does not have becomes `?`, or what Java has in its place.
    ///
    /// # Errors
    /// `UnsupportedOperationException` for a set that is only read.
    pub(crate) fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Charset::Utf8 => out.extend_from_slice(text.as_bytes()),
            Charset::Latin1 => encode_narrow(text, 0xFF, out),
            Charset::Ascii => encode_narrow(text, 0x7F, out),
            Charset::Utf16 => {
                mark(text, &[0xFE, 0xFF], out);
                unicode::encode_sixteen(text, Order::Big, out);
            }
            Charset::Sixteen(order) => unicode::encode_sixteen(text, *order, out),
            Charset::MarkedSixteenLittle => {
                mark(text, &[0xFF, 0xFE], out);
                unicode::encode_sixteen(text, Order::Little, out);
            }
            Charset::Utf32 => unicode::encode_thirty_two(text, Order::Big, out),
            Charset::ThirtyTwo(order) => unicode::encode_thirty_two(text, *order, out),
            Charset::MarkedThirtyTwo(order) => {
                mark(text, if *order == Order::Big { &[0, 0, 0xFE, 0xFF] } else { &[0xFF, 0xFE, 0, 0] }, out);
                unicode::encode_thirty_two(text, *order, out);
            }
            Charset::Cesu8 => utf8::encode_cesu(text, out),
            Charset::Single(table) => table.encode(text, out),
            Charset::Multi(tables) => return tables.encode(text, out),
        }
        Ok(())
    }

    /// The text of `bytes`, a slice of them where possible; what is malformed becomes U+FFFD.
    pub(crate) fn decode(&self, bytes: &Bytes) -> Text {
        match self {
            Charset::Utf8 => {
                return Text::try_from(bytes.clone()).unwrap_or_else(|_| utf8::utf8_lossy(bytes).into_owned().into());
            }
            Charset::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect::<String>(),
            Charset::Ascii => {
                let character =
                    |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
                bytes.iter().map(character).collect()
            }
            Charset::Utf16 => unicode::marked_sixteen_bit_text(bytes, Order::Big),
            Charset::Sixteen(order) => unicode::sixteen_bit_text(bytes, *order),
            Charset::MarkedSixteenLittle => unicode::marked_sixteen_bit_text(bytes, Order::Little),
            Charset::Utf32 if bytes.starts_with(&[0xFF, 0xFE, 0, 0]) => {
                unicode::thirty_two_bit_text(bytes, Order::Little)
            }
            Charset::Utf32 => unicode::thirty_two_bit_text(bytes, Order::Big),
            Charset::ThirtyTwo(order) | Charset::MarkedThirtyTwo(order) => unicode::thirty_two_bit_text(bytes, *order),
            Charset::Cesu8 => utf8::decode_cesu(bytes),
            Charset::Single(table) => table.decode(bytes),
            Charset::Multi(tables) => tables.decode(bytes),
        }
        .into()
    }
}

fn encode_narrow(text: &str, last: u32, out: &mut Vec<u8>) {
    out.extend(text.chars().map(|c| if u32::from(c) <= last { u32::from(c) as u8 } else { b'?' }));
}

/// A byte order mark, which stands in front of nothing but text.
fn mark(text: &str, mark: &[u8], out: &mut Vec<u8>) {
    if !text.is_empty() {
        out.extend_from_slice(mark);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_text_goes_both_ways() {
        for name in ["UTF-16", "UTF-16BE", "UTF-16LE", "UnicodeLittle", "UTF-32", "UTF-32LE", "UTF-32LE-BOM", "CESU-8"]
        {
            let charset = Charset::named(name).unwrap();
            let mut out = Vec::new();
            charset.encode("a😀", &mut out).unwrap();
            assert_eq!(charset.decode(&out.into()), "a😀", "{name}");
        }
        assert_eq!(Charset::Utf16.decode(&Bytes::from_static(b"\xFF\xFEa\0b")), "a\u{FFFD}");
    }

    #[test]
    fn names_ignore_case_and_unknown_ones_are_refused() {
        assert_eq!(Charset::named("Latin1").unwrap(), Charset::Latin1);
        assert!(matches!(Charset::named("WINDOWS-1250"), Ok(Charset::Single(_))));
        let error = Charset::named("no such").unwrap_err();
        assert_eq!(error.message(), Some("Unsupported encoding no such"));
        assert_eq!(error.cause().unwrap().class(), "java.nio.charset.IllegalCharsetNameException");
    }
}
