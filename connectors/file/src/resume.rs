//! Where to go on from a stored position.
//!
//! Positions that this connector stores are counts of bytes, at the start of a line. Java counts characters: after
//! text that is not ASCII its position is too small, so it may point into a line, or into a character. From such a
//! position reading goes on at the start of that line: lines may repeat, none is skipped, no part of a line is taken
//! for a line.

use std::io::{self, Read, Seek, SeekFrom};

/// How much of the file one step backwards looks at.
const STEP: u64 = 64 * 1024;

/// A place in a file where a line starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineStart {
    /// The byte.
    pub(crate) position: u64,
    /// Whether the byte before it is a `\r`, so that a `\n` in this place belongs to the line before.
    pub(crate) after_return: bool,
}

impl LineStart {
    /// The start of the file.
    pub(crate) const FIRST: LineStart = LineStart { position: 0, after_return: false };
}

/// The last place at or before `stored` where a line starts, in a file that has at least `stored` bytes.
///
/// # Errors
/// Those of reading and seeking.
pub(crate) fn line_start(file: &mut (impl Read + Seek + ?Sized), stored: u64) -> io::Result<LineStart> {
    let mut end = stored;
    let mut block = Vec::new();
    while end > 0 {
        // The first look is at one byte: usually it is the end of a line.
        let length = if end == stored { 1 } else { end.min(STEP) };
        file.seek(SeekFrom::Start(end - length))?;
        block.resize(usize::try_from(length).unwrap_or(usize::MAX), 0);
        file.read_exact(&mut block)?;
        if let Some(at) = memchr::memrchr2(b'\n', b'\r', &block) {
            return Ok(LineStart { position: end - length + at as u64 + 1, after_return: block[at] == b'\r' });
        }
        end -= length;
    }
    Ok(LineStart::FIRST)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn start(bytes: &[u8], stored: u64) -> (u64, bool) {
        let start = line_start(&mut Cursor::new(bytes), stored).unwrap();
        (start.position, start.after_return)
    }

    #[test]
    fn a_place_after_an_end_of_line_is_kept() {
        assert_eq!(start(b"a\nb\n", 0), (0, false));
        assert_eq!(start(b"a\nb\n", 2), (2, false));
        assert_eq!(start(b"a\nb\n", 4), (4, false));
        assert_eq!(start(b"a\rb", 2), (2, true));
        // Between the two halves of an end of line.
        assert_eq!(start(b"a\r\nb", 2), (2, true));
    }

    #[test]
    fn a_place_inside_a_line_goes_back_to_its_start() {
        assert_eq!(start("f\u{e9}our\nx\n".as_bytes(), 6), (0, false));
        assert_eq!(start("\u{e9}\n\u{e9}\n".as_bytes(), 4), (3, false));
        assert_eq!(start(b"a\r\nbcd", 5), (3, false));
    }

    #[test]
    fn long_lines_are_walked_in_steps() {
        let mut bytes = b"first\n".to_vec();
        bytes.extend(vec![b'x'; 200_000]);
        assert_eq!(start(&bytes, 200_006), (6, false));
        assert_eq!(start(&bytes[6..], 199_999), (0, false));
    }
}
