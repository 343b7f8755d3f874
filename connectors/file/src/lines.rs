//! Bytes that arrive in pieces, split into lines that point into them.
//!
//! A line ends at `\n`, `\r\n` or `\r`. Only lines whose end has arrived are given out; a `\r` at the end of the bytes
//! waits for the next byte, which may be its `\n`.

use bytes::{Bytes, BytesMut};
use connect_api::Text;
use env::planted::{self, Bug};
use memchr::{memchr2_iter, memrchr2};

/// The longest memory kept for bytes that are not a whole line yet while nothing flows, beyond those bytes.
const IDLE_SLACK: usize = 64 * 1024;

/// The bytes between what was read and what was given out.
pub(crate) struct LineBuffer {
    /// Whole lines.
    block: Block,
    /// How much of the block has been given out.
    cursor: usize,
    /// What follows the last whole line.
    partial: BytesMut,
    /// How many bytes of `partial` are known to end no line.
    scanned: usize,
    /// The position, in the input, of the first byte that was not given out.
    position: u64,
    /// Whether the byte before `position` is a `\r` whose `\n` may come next.
    after_return: bool,
}

/// Whole lines, decoded as far as that is the same for all of them.
enum Block {
    /// Everything is UTF-8: lines are parts of it.
    Text(Text),
    /// Something is not: lines are decoded one by one.
    Bytes(Bytes),
}

impl Block {
    fn new(bytes: Bytes) -> Self {
        Text::try_from(bytes.clone()).map_or(Block::Bytes(bytes), Block::Text)
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Block::Text(text) => text.as_bytes(),
            Block::Bytes(bytes) => bytes,
        }
    }

    fn text(&self, start: usize, end: usize) -> Text {
        match self {
            Block::Text(text) => text.slice_ref(&text[start..end]),
            Block::Bytes(bytes) => {
                Text::try_from(bytes.slice(start..end)).unwrap_or_else(|_| decode(&bytes[start..end]).into())
            }
        }
    }
}

impl LineBuffer {
    /// Empty, at `position` of the input, which is the start of a line. With `after_return`, a `\n` that comes first
    /// belongs to the line before.
    pub(crate) fn at(position: u64, after_return: bool) -> Self {
        Self {
            block: Block::Bytes(Bytes::new()),
            cursor: 0,
            partial: BytesMut::new(),
            scanned: 0,
            position,
            after_return,
        }
    }

    /// The number of bytes that are not a whole line yet.
    pub(crate) fn partial_len(&self) -> usize {
        self.partial.len()
    }

    /// Whether all whole lines have been given out.
    pub(crate) fn is_drained(&self) -> bool {
        self.cursor == self.block.as_bytes().len()
    }

    /// Reads at most `len` bytes into the buffer through `read`, which gives the number it read. To be called when
    /// [`LineBuffer::take`] gave out everything.
    ///
    /// # Errors
    /// That of `read`; nothing is added then.
    pub(crate) fn fill<E>(&mut self, len: usize, read: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, E> {
        debug_assert!(self.is_drained(), "whole lines are given out before more are read");
        let kept = self.partial.len();
        self.partial.resize(kept + len, 0);
        let outcome = read(&mut self.partial[kept..]);
        let count = *outcome.as_ref().unwrap_or(&0);
        self.partial.truncate(kept + count.min(len));
        if count == 0 {
            self.release();
        } else {
            self.split();
        }
        outcome
    }

    /// Moves the whole lines of `partial` to the block.
    fn split(&mut self) {
        if self.after_return {
            self.after_return = false;
            if self.partial.first() == Some(&b'\n') {
                let _ = self.partial.split_to(1);
                self.position += 1;
            }
        }
        if let Some(end) = end_of_whole_lines(&self.partial, self.scanned) {
            self.block = Block::new(self.partial.split_to(end).freeze());
            self.cursor = 0;
        }
        self.scanned = self.partial.len().saturating_sub(1);
    }

    /// Gives memory back while nothing flows.
    fn release(&mut self) {
        self.block = Block::Bytes(Bytes::new());
        self.cursor = 0;
        if self.partial.capacity() > self.partial.len() + IDLE_SLACK || self.partial.is_empty() {
            self.partial = BytesMut::from(&self.partial[..]);
        }
    }

    /// Gives out whole lines, each with the position after its end, until there are `max_lines`, or their bytes are at
    /// least `max_bytes`, or there are no more. Returns the number of bytes given out, ends included.
    pub(crate) fn take(&mut self, max_lines: usize, max_bytes: usize, mut give: impl FnMut(Text, u64)) -> usize {
        let bytes = self.block.as_bytes();
        let first = self.cursor;
        let (mut start, mut lines) = (first, 0);
        for end in memchr2_iter(b'\n', b'\r', &bytes[first..]) {
            let end = first + end;
            if end < start {
                // The `\n` of a `\r\n`.
                continue;
            }
            if lines == max_lines || start - first >= max_bytes {
                break;
            }
            let next = if bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n') { end + 2 } else { end + 1 };
            let planted = if planted::acts(Bug::OffsetBehindPartialLine) { self.partial.len() } else { 0 };
            give(self.block.text(start, end), self.position + (next - first + planted) as u64);
            (start, lines) = (next, lines + 1);
        }
        self.cursor = start;
        self.position += (start - first) as u64;
        start - first
    }
}

/// Where the last whole line ends, when `bytes[..scanned]` ends none.
fn end_of_whole_lines(bytes: &[u8], scanned: usize) -> Option<usize> {
    let (last, before) = bytes.split_last()?;
    if *last == b'\n' {
        return Some(bytes.len());
    }
    // A `\r` in last place may be half of a `\r\n`; one before it has its next byte, which is no `\n`, or that would
    // have been found.
    memrchr2(b'\n', b'\r', before.get(scanned..)?).map(|at| scanned + at + 1)
}

/// The text of bytes that are not UTF-8, as Java decodes them: U+FFFD for each malformed sequence.
fn decode(mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 8);
    loop {
        match std::str::from_utf8(bytes) {
            Ok(rest) => {
                text.push_str(rest);
                return text;
            }
            Err(error) => {
                let (good, bad) = bytes.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(good));
                text.push(char::REPLACEMENT_CHARACTER);
                // Parity: an encoded surrogate is one malformed sequence of three bytes; Rust counts three.
                let surrogate = matches!(bad, [0xED, 0xA0..=0xBF, 0x80..=0xBF, ..]);
                let length = if surrogate { 3 } else { error.error_len().unwrap_or(bad.len()) };
                bytes = &bad[length..];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn feed(lines: &mut LineBuffer, bytes: &[u8]) {
        let read = lines.fill(bytes.len(), |into| {
            into.copy_from_slice(bytes);
            Ok::<_, Infallible>(bytes.len())
        });
        assert_eq!(read, Ok(bytes.len()));
    }

    fn take_all(lines: &mut LineBuffer) -> Vec<(String, u64)> {
        let mut taken = Vec::new();
        lines.take(usize::MAX, usize::MAX, |text, position| taken.push((text.to_string(), position)));
        taken
    }

    fn split(pieces: &[&[u8]]) -> Vec<(String, u64)> {
        let mut lines = LineBuffer::at(0, false);
        let mut taken = Vec::new();
        for piece in pieces {
            feed(&mut lines, piece);
            taken.extend(take_all(&mut lines));
        }
        taken
    }

    fn owned(lines: &[(&str, u64)]) -> Vec<(String, u64)> {
        lines.iter().map(|(text, position)| ((*text).to_owned(), *position)).collect()
    }

    #[test]
    fn three_ends_of_line() {
        assert_eq!(split(&[b"a\nb\r\nc\rd"]), owned(&[("a", 2), ("b", 5), ("c", 7)]));
        assert_eq!(split(&[b"\n\r\n\r\rx"]), owned(&[("", 1), ("", 3), ("", 4), ("", 5)]));
    }

    #[test]
    fn a_return_waits_for_its_next_byte() {
        assert_eq!(split(&[b"a\r"]), []);
        assert_eq!(split(&[b"a\r", b"\nb\n"]), owned(&[("a", 3), ("b", 5)]));
        assert_eq!(split(&[b"a\r", b"b\n"]), owned(&[("a", 2), ("b", 4)]));
        assert_eq!(split(&[b"a\r", b"\r", b"x"]), owned(&[("a", 2), ("", 3)]));
    }

    #[test]
    fn a_line_may_come_in_pieces() {
        assert_eq!(split(&[b"f\xc3", b"\xa9ou", b"r", b"\n"]), owned(&[("f\u{e9}our", 7)]));
    }

    #[test]
    fn limits_are_kept_and_nothing_is_lost() {
        let mut lines = LineBuffer::at(10, false);
        feed(&mut lines, b"a\r\nb\nc\nd");
        let mut taken = Vec::new();
        assert_eq!(lines.take(1, usize::MAX, |text, position| taken.push((text.to_string(), position))), 3);
        assert_eq!(lines.take(9, 1, |text, position| taken.push((text.to_string(), position))), 2);
        assert_eq!(lines.take(0, 9, |_, _| panic!("none is asked for")), 0);
        taken.extend(take_all(&mut lines));
        assert_eq!(taken, owned(&[("a", 13), ("b", 15), ("c", 17)]));
        assert_eq!(lines.partial_len(), 1);
    }

    #[test]
    fn the_second_half_of_an_end_is_no_line() {
        let mut lines = LineBuffer::at(5, true);
        feed(&mut lines, b"\nx\n");
        assert_eq!(take_all(&mut lines), owned(&[("x", 8)]));
        let mut lines = LineBuffer::at(5, true);
        feed(&mut lines, b"x\n\n");
        assert_eq!(take_all(&mut lines), owned(&[("x", 7), ("", 8)]));
    }

    #[test]
    fn lines_point_into_one_block() {
        let mut lines = LineBuffer::at(0, false);
        feed(&mut lines, b"first\nsecond\n");
        let mut taken = Vec::new();
        lines.take(9, 99, |text, _| taken.push(text));
        let distance = taken[1].as_bytes().as_ptr() as usize - taken[0].as_bytes().as_ptr() as usize;
        assert_eq!(distance, 6);
    }

    #[test]
    fn malformed_bytes_become_what_java_makes_of_them() {
        for (bytes, text) in [
            (&b"a\xffb"[..], "a\u{fffd}b"),
            (b"\xe2\x82", "\u{fffd}"),
            (b"\xe2\x82a", "\u{fffd}a"),
            (b"\xc0\x80", "\u{fffd}\u{fffd}"),
            (b"\xed\xa0\x80x", "\u{fffd}x"),
            (b"\xf0\x80\x80\x80", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            (b"\xf0\x9f\x98", "\u{fffd}"),
        ] {
            assert_eq!(decode(bytes), text);
            // A bad line leaves its neighbours alone.
            let mut lines = LineBuffer::at(0, false);
            feed(&mut lines, &[b"\xc3\xa9\n", bytes, b"\n"].concat());
            let taken: Vec<String> = take_all(&mut lines).into_iter().map(|(text, _)| text).collect();
            assert_eq!(taken, ["\u{e9}", text]);
        }
    }

    #[test]
    fn idle_memory_is_given_back() {
        let mut lines = LineBuffer::at(0, false);
        let _ = lines.fill(1 << 20, |into| {
            into[..3].copy_from_slice(b"a\nb");
            Ok::<_, Infallible>(3)
        });
        assert_eq!(take_all(&mut lines).len(), 1);
        assert_eq!(lines.fill(8192, |_| Ok::<_, Infallible>(0)), Ok(0));
        assert!(lines.partial.capacity() < 8192, "{}", lines.partial.capacity());
        feed(&mut lines, b"c\n");
        assert_eq!(take_all(&mut lines), owned(&[("bc", 5)]));
    }

    /// The lines of a whole text, by the plainest code.
    fn expected(bytes: &[u8]) -> Vec<(Vec<u8>, u64)> {
        let (mut lines, mut line, mut at) = (Vec::new(), Vec::new(), 0);
        while at < bytes.len() {
            let end = match (bytes[at], bytes.get(at + 1)) {
                (b'\n', _) => 1,
                (b'\r', Some(b'\n')) => 2,
                (b'\r', Some(_)) => 1,
                (b'\r', None) => return lines,
                (byte, _) => {
                    line.push(byte);
                    at += 1;
                    continue;
                }
            };
            at += end;
            lines.push((std::mem::take(&mut line), at as u64));
        }
        lines
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_lines(
            bytes in prop::collection::vec(prop::sample::select(&b"ab\n\r\xc3\xa9\xff"[..]), 0..60),
            cuts in prop::collection::vec(0_usize..60, 0..6),
            batch in 1_usize..5,
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut lines = LineBuffer::at(0, false);
            let mut taken = Vec::new();
            for pair in cuts.windows(2) {
                if pair[0] < pair[1] {
                    feed(&mut lines, &bytes[pair[0]..pair[1]]);
                }
                while lines.take(batch, usize::MAX, |text, at| taken.push((text.to_string(), at))) > 0 {}
            }
            let expected: Vec<_> = expected(&bytes).into_iter().map(|(line, at)| (decode(&line), at)).collect();
            prop_assert_eq!(taken, expected);
        }
    }
}
