//! Inputs made out of other inputs.

/// Numbers (SplitMix64), the same ones for a seed.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if that is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { (self.next() % bound as u64) as usize }
    }
}

/// Numbers at the borders of types, as text and as bytes.
const BORDERS: [i64; 16] = [
    0,
    1,
    -1,
    127,
    128,
    255,
    256,
    32_767,
    -32_768,
    65_535,
    2_147_483_647,
    -2_147_483_648,
    4_294_967_295,
    i64::MAX,
    i64::MIN,
    1_000_000_000_000_000_000,
];

/// Changes `input` in one to eight places, with parts of `other` and words of the format. It stays within `longest`.
pub(crate) fn mutate(input: &mut Vec<u8>, other: &[u8], words: &[&str], longest: usize, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(4) * numbers.below(3) {
        change(input, other, words, longest, numbers);
        input.truncate(longest);
    }
}

fn change(input: &mut Vec<u8>, other: &[u8], words: &[&str], longest: usize, numbers: &mut Numbers) {
    let at = numbers.below(input.len() + 1);
    match numbers.below(13) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << numbers.below(8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = numbers.next() as u8;
            }
        }
        2 => {
            let end = range_end(input.len(), at, numbers);
            input.drain(at..end);
        }
        3 => repeat(input, at, longest, numbers),
        4 | 5 => {
            let word = words.get(numbers.below(words.len())).map_or(&b"\0"[..], |word| word.as_bytes());
            let end = if numbers.below(2) == 0 { at } else { range_end(input.len(), at, numbers) };
            input.splice(at..end, word.iter().copied());
        }
        6 => {
            let from = numbers.below(other.len() + 1);
            let to = range_end(other.len(), from, numbers);
            input.splice(at..at, other[from..to].iter().copied());
        }
        7 => {
            // The start of one, the end of another.
            let from = numbers.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        8 | 9 => number_in_bytes(input, at, numbers),
        10 => number_in_text(input, numbers),
        11 => {
            let to = numbers.below(input.len() + 1);
            let (from, to) = (at.min(to), at.max(to));
            let part: Vec<u8> = input.drain(from..to.min(from + 64)).collect();
            let into = numbers.below(input.len() + 1);
            input.splice(into..into, part);
        }
        _ => {
            let count = numbers.below(8);
            let bytes: Vec<u8> = (0..count).map(|_| numbers.next() as u8).collect();
            input.splice(at..at, bytes);
        }
    }
}

fn range_end(len: usize, at: usize, numbers: &mut Numbers) -> usize {
    let most = if numbers.below(4) == 0 { len } else { 16 };
    (at + numbers.below(most + 1)).min(len)
}

/// Repeats a part: often a few times, sometimes until the input is full. That finds what nests, and what takes a time
/// that grows faster than its input.
fn repeat(input: &mut Vec<u8>, at: usize, longest: usize, numbers: &mut Numbers) {
    let end = range_end(input.len(), at, numbers);
    let part = input[at..end].to_vec();
    if part.is_empty() {
        return;
    }
    let room = longest.saturating_sub(input.len()) / part.len();
    let times = match numbers.below(8) {
        0 => room,
        1 => numbers.below(1200),
        _ => numbers.below(6),
    };
    let repeated = part.repeat(times.min(room));
    input.splice(at..at, repeated);
}

fn number_in_bytes(input: &mut [u8], at: usize, numbers: &mut Numbers) {
    let border = match numbers.below(3) {
        0 => input.len() as i64 - numbers.below(8) as i64,
        _ => BORDERS[numbers.below(BORDERS.len())],
    };
    let width = [1, 2, 4, 8][numbers.below(4)];
    if let Some(place) = input.get_mut(at..at + width) {
        let bytes = border.to_be_bytes();
        place.copy_from_slice(&bytes[8 - width..]);
        if numbers.below(4) == 0 {
            place.reverse();
        }
    }
}

fn number_in_text(input: &mut Vec<u8>, numbers: &mut Numbers) {
    let starts: Vec<usize> = (0..input.len().min(4096))
        .filter(|at| input[*at].is_ascii_digit() && (*at == 0 || !input[*at - 1].is_ascii_digit()))
        .collect();
    let Some(start) = starts.get(numbers.below(starts.len())).copied() else { return };
    let length = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let border = BORDERS[numbers.below(BORDERS.len())].to_string();
    input.splice(start..start + length, border.into_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_makes_the_same_inputs_and_none_is_too_long() {
        let made = |seed| {
            let mut numbers = Numbers::new(seed);
            let mut inputs = Vec::new();
            for _ in 0..500 {
                let mut input = b"{\"a\":[1,2]}".to_vec();
                mutate(&mut input, b"<other 17>", &["null"], 300, &mut numbers);
                assert!(input.len() <= 300);
                inputs.push(input);
            }
            inputs
        };
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
        assert!(made(1).iter().any(|input| input.len() == 300), "some fill the room");
    }
}
