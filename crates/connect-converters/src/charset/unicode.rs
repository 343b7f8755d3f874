//! Unicode in units of two and of four bytes.

/// Which byte of a unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Big,
    Little,
}

/// The text of UTF-16 without a byte order mark. Where Java finds something malformed there is one U+FFFD: for half of
/// a surrogate pair, with the unit behind it when it is the first half, and for a last odd byte.
pub(crate) fn sixteen_bit_text(bytes: &[u8], order: Order) -> String {
    let (units, rest) = bytes.as_chunks::<2>();
    let read = |unit: &[u8; 2]| match order {
        Order::Big => u16::from_be_bytes(*unit),
        Order::Little => u16::from_le_bytes(*unit),
    };
    let mut text = String::with_capacity(bytes.len());
    let mut units = units.iter().map(read);
    while let Some(unit) = units.next() {
        let character = match unit {
            0xD800..0xDC00 => match units.next() {
                Some(low @ 0xDC00..0xE000) => {
                    char::from_u32(0x10000 + (u32::from(unit - 0xD800) << 10) + u32::from(low - 0xDC00))
                }
                Some(_) => None,
                // Java counts the rest, an odd byte included, as one.
                None => return finish(text),
            },
            unit => char::from_u32(u32::from(unit)),
        };
        text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if rest.is_empty() { text } else { finish(text) }
}

fn finish(mut text: String) -> String {
    text.push(char::REPLACEMENT_CHARACTER);
    text
}

/// The text of `UTF-16`: in the order that a byte order mark gives, else in `order`.
pub(super) fn marked_sixteen_bit_text(bytes: &[u8], order: Order) -> String {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => sixteen_bit_text(rest, Order::Big),
        [0xFF, 0xFE, rest @ ..] => sixteen_bit_text(rest, Order::Little),
        _ => sixteen_bit_text(bytes, order),
    }
}

/// Appends the units of UTF-16.
pub(super) fn encode_sixteen(text: &str, order: Order, out: &mut Vec<u8>) {
    match order {
        Order::Big => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
        Order::Little => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
    }
}

/// The text of UTF-32, behind a mark of the same order. A number that is no character is U+FFFD, half of a surrogate
/// pair `?`, a rest of less than four bytes U+FFFD.
pub(super) fn thirty_two_bit_text(bytes: &[u8], order: Order) -> String {
    let mark: &[u8] = match order {
        Order::Big => &[0, 0, 0xFE, 0xFF],
        Order::Little => &[0xFF, 0xFE, 0, 0],
    };
    let (units, rest) = bytes.strip_prefix(mark).unwrap_or(bytes).as_chunks::<4>();
    let character = |unit: &[u8; 4]| {
        let code = match order {
            Order::Big => u32::from_be_bytes(*unit),
            Order::Little => u32::from_le_bytes(*unit),
        };
        let surrogate = (0xD800..0xE000).contains(&code);
        char::from_u32(code).unwrap_or(if surrogate { '?' } else { char::REPLACEMENT_CHARACTER })
    };
    let mut text: String = units.iter().map(character).collect();
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

/// Appends the units of UTF-32.
pub(super) fn encode_thirty_two(text: &str, order: Order, out: &mut Vec<u8>) {
    match order {
        Order::Big => out.extend(text.chars().flat_map(|c| u32::from(c).to_be_bytes())),
        Order::Little => out.extend(text.chars().flat_map(|c| u32::from(c).to_le_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_pair_takes_the_next_unit_with_it() {
        for (bytes, text) in [
            (&b"\xD8\0\0a\0b"[..], "\u{FFFD}b"),
            (b"\xDC\0\0a", "\u{FFFD}a"),
            (b"\xD8=\xDE\0\0", "😀\u{FFFD}"),
            (b"\xD8=x", "\u{FFFD}"),
        ] {
            assert_eq!(sixteen_bit_text(bytes, Order::Big), text, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for order in [Order::Big, Order::Little] {
            let (mut sixteen, mut thirty_two) = (Vec::new(), Vec::new());
            encode_sixteen("a😀", order, &mut sixteen);
            encode_thirty_two("a😀", order, &mut thirty_two);
            assert_eq!(sixteen_bit_text(&sixteen, order), "a😀");
            assert_eq!(thirty_two_bit_text(&thirty_two, order), "a😀");
        }
    }
}
