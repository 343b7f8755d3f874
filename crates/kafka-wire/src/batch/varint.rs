//! The zigzag varints of records.

use super::BatchError;

/// Bytes `value` takes as a zigzag varint.
#[inline]
pub(super) fn size(value: i64) -> usize {
    let bits = 64 - (zigzag(value) | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Appends `value` as a zigzag varint; a 32-bit value has the same bytes as a 64-bit one.
#[inline]
pub(super) fn put(out: &mut Vec<u8>, value: i64) {
    let mut rest = zigzag(value);
    if rest < 0x80 {
        out.push(rest as u8);
        return;
    }
    let mut bytes = [0_u8; 10];
    let mut len = 0;
    while rest >= 0x80 {
        bytes[len] = rest as u8 | 0x80;
        rest >>= 7;
        len += 1;
    }
    bytes[len] = rest as u8;
    out.extend_from_slice(&bytes[..=len]);
}

#[inline]
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// A position in the bytes of records; every read is checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, BatchError> {
        let byte = *self.bytes.get(self.at).ok_or(ENDED)?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Result<i32, BatchError> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(i32::from(first >> 1) ^ -i32::from(first & 1));
        }
        let raw = self.rest_of_varint(first, 5)?;
        let raw = u32::try_from(raw).map_err(|_| BatchError::Corrupt("varint does not fit 32 bits"))?;
        Ok((raw >> 1) as i32 ^ -((raw & 1) as i32))
    }

    #[inline]
    pub(super) fn varlong(&mut self) -> Result<i64, BatchError> {
        let first = self.byte()?;
        let raw = if first < 0x80 { u64::from(first) } else { self.rest_of_varint(first, 10)? };
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    fn rest_of_varint(&mut self, first: u8, max_bytes: u32) -> Result<u64, BatchError> {
        let mut value = u64::from(first & 0x7f);
        for i in 1..max_bytes {
            let byte = self.byte()?;
            if i == 9 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(BatchError::Corrupt("varint too long"))
    }

    /// The range of a byte string with its length before it; `None` for length -1.
    #[inline]
    pub(super) fn nullable(&mut self) -> Result<Option<(usize, usize)>, BatchError> {
        match self.varint()? {
            -1 => Ok(None),
            length => self.take(length).map(Some),
        }
    }

    /// The range of the next `length` bytes.
    #[inline]
    pub(super) fn take(&mut self, length: i32) -> Result<(usize, usize), BatchError> {
        let length = usize::try_from(length).map_err(|_| BatchError::Corrupt("negative length"))?;
        if length > self.bytes.len() - self.at {
            return Err(ENDED);
        }
        let start = self.at;
        self.at += length;
        Ok((start, self.at))
    }
}

const ENDED: BatchError = BatchError::Corrupt("record goes beyond its end");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trip(value: i64) {
            let mut out = Vec::new();
            put(&mut out, value);
            prop_assert_eq!(out.len(), size(value));
            let mut cursor = Cursor { bytes: &out, at: 0 };
            prop_assert_eq!(cursor.varlong(), Ok(value));
            prop_assert_eq!(cursor.at, out.len());
        }

        #[test]
        fn round_trip_32(value: i32) {
            let mut out = Vec::new();
            put(&mut out, i64::from(value));
            prop_assert!(out.len() <= 5);
            prop_assert_eq!(Cursor { bytes: &out, at: 0 }.varint(), Ok(value));
        }
    }

    #[test]
    fn known_bytes_and_limits() {
        for (value, bytes) in [
            (0, &[0][..]),
            (-1, &[1]),
            (1, &[2]),
            (-64, &[0x7f]),
            (64, &[0x80, 1]),
            (300, &[0xd8, 4]),
            (i64::from(i32::MIN), &[0xff, 0xff, 0xff, 0xff, 0x0f]),
            (i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
        ] {
            let mut out = Vec::new();
            put(&mut out, value);
            assert_eq!(out, bytes, "{value}");
        }
        for bad in [&[0x80; 10][..], &[0xff, 0xff, 0xff, 0xff, 0x10], &[0x80], &[]] {
            assert!(Cursor { bytes: bad, at: 0 }.varint().is_err(), "{bad:?}");
        }
        let overflow = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert!(Cursor { bytes: &overflow, at: 0 }.varlong().is_err());
    }
}
