//! Jackson guesses whether JSON bytes are UTF-8, UTF-16 or UTF-32.

use std::borrow::Cow;

use bytes::Bytes;

/// The same text as UTF-8; the bytes themselves when they are UTF-8 already.
pub(super) fn to_utf8(bytes: &Bytes) -> Cow<'_, Bytes> {
    // Text in UTF-8 has no zero among its first bytes, and no such byte order mark.
    match *bytes.first_chunk::<4>().unwrap_or(&[b'0'; 4]) {
        [0, 0, 0xFE, 0xFF] => wide(&bytes[4..], u32::from_be_bytes),
        [0, 0, 0, _] => wide(bytes, u32::from_be_bytes),
        [0xFF, 0xFE, 0, 0] => wide(&bytes[4..], u32::from_le_bytes),
        [_, 0, 0, 0] => wide(bytes, u32::from_le_bytes),
        _ => match *bytes.first_chunk::<2>().unwrap_or(&[b'0'; 2]) {
            [0xFE, 0xFF] => units(&bytes[2..], u16::from_be_bytes),
            [0xFF, 0xFE] => units(&bytes[2..], u16::from_le_bytes),
            [0, _] => units(bytes, u16::from_be_bytes),
            [_, 0] => units(bytes, u16::from_le_bytes),
            _ => Cow::Borrowed(bytes),
        },
    }
}

fn wide(bytes: &[u8], read: fn([u8; 4]) -> u32) -> Cow<'_, Bytes> {
    let (chunks, _) = bytes.as_chunks::<4>();
    let text: String = chunks.iter().map(|chunk| char::from_u32(read(*chunk)).unwrap_or('?')).collect();
    Cow::Owned(Bytes::from(text))
}

fn units(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Cow<'_, Bytes> {
    let (chunks, _) = bytes.as_chunks::<2>();
    let text: String = char::decode_utf16(chunks.iter().map(|chunk| read(*chunk))).map(|c| c.unwrap_or('?')).collect();
    Cow::Owned(Bytes::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_encodings_are_recognised() {
        for bytes in [&b"\0[\0]"[..], b"[\0]\0", b"\xFE\xFF\0[\0]", b"\0\0\0[\0\0\0]", b"[\0\0\0]\0\0\0", b"[]"] {
            assert_eq!(&to_utf8(&Bytes::copy_from_slice(bytes))[..], b"[]", "{bytes:?}");
        }
    }
}
