//! The character sets of several bytes beside Java's: sums over what both make of all pairs of bytes, of all characters,
//! and of the same random bytes and texts (`java/goldens/WideCharsetGoldens.java` draws them in the same way).

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "reads the golden file")]

use bytes::Bytes;
use connect_api::plugin::ConverterPlugin;
use connect_api::{Converter, Datum, DecodeContext, EncodeContext, Role, Value};
use connect_converters::StringConverterPlugin;
use kafka_config::RawConfig;
use serde_json::Value as Json;

const BLOCKS: [(u32, u32); 11] = [
    (0, 0x80),
    (0xA0, 0x60),
    (0x2000, 0x700),
    (0x3000, 0x100),
    (0x4E00, 0x5200),
    (0xAC00, 0x2BA4),
    (0xE000, 0x1900),
    (0xFF00, 0xF0),
    (0x10000, 0x10000),
    (0x20000, 0xA6E0),
    (0, 0xD800),
];
const TEXTS: [&str; 6] = ["\u{304B}\u{309A}", "\u{2E9}\u{2E5}", "\u{E6}\u{300}", "\u{304B}", "\u{2E5}", "\n"];
const SEQUENCES: [&str; 21] = [
    "\x1B$B", "\x1B(B", "\x1B(J", "\x1B(I", "\x1B$@", "\x1B$(D", "\x1B$)C", "\x1B$)A", "\x1B$)G", "\x1B$*H", "\x1B$+I",
    "\x1B$A", "\x1BN", "\x1BO", "\x1B$", "\x1B$(", "\x1B(", "\x1B", "\x0E", "\x0F", "\n",
];
const JAPANESE: [(u32, u32); 6] =
    [(0x3041, 0x53), (0x30A1, 0x56), (0xFF61, 0x3F), (0xFF61, 0x3F), (0x4E00, 0x1000), (0x20, 0x5F)];
const UNSUPPORTED: &str = "java.lang.UnsupportedOperationException";
const RANGES: [(u32, u32); 5] = [(0, 0x11), (0x1F, 1), (0x20, 0x10), (0xE0, 1), (0x10F, 1)];

/// FNV-1a over bytes, with FF behind each piece.
struct Sum(u32);

impl Sum {
    fn of(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
        let mut sum = Self(0x811C_9DC5);
        for piece in pieces {
            piece.as_ref().iter().chain([&0xFF]).for_each(|byte| sum.byte(*byte));
        }
        format!("{:08x}", sum.0)
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(limit)) as u32
    }

    fn between(&mut self, first: u8, last: u8) -> u8 {
        first + self.below(u32::from(last - first) + 1) as u8
    }

    fn bytes(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        for _ in 0..self.between(1, 12) {
            let ranges: &[(u8, u8)] = match self.below(8) {
                0 => &[(0, 0xFF)],
                1 => &[(0x20, 0x7E)],
                2 => &[(0xA1, 0xFE), (0xA1, 0xFE)],
                3 => &[(0x81, 0xFE), (0x40, 0xFE)],
                4 => {
                    out.extend_from_slice(SEQUENCES[self.below(SEQUENCES.len() as u32) as usize].as_bytes());
                    continue;
                }
                5 => &[(0x21, 0x7E), (0x21, 0x7E)],
                6 => &[(0x8E, 0x8F), (0xA0, 0xAF), (0xA1, 0xFE), (0xA1, 0xFE)],
                _ => &[(0x81, 0xFE), (0x30, 0x39), (0x81, 0xFE), (0x30, 0x39)],
            };
            for (first, last) in ranges {
                out.push(self.between(*first, *last));
            }
        }
        out
    }

    fn text(&mut self) -> String {
        let mut out = String::new();
        for _ in 0..self.between(1, 12) {
            match BLOCKS.get(self.below(BLOCKS.len() as u32 + 1) as usize) {
                Some((first, count)) => out.push(char::from_u32(first + self.below(*count)).unwrap()),
                None => out.push_str(TEXTS[self.below(TEXTS.len() as u32) as usize]),
            }
        }
        out
    }

    fn japanese(&mut self) -> String {
        let pieces = self.between(1, 6);
        let mut character = || {
            let (first, count) = JAPANESE[self.below(JAPANESE.len() as u32) as usize];
            char::from_u32(first + self.below(count)).unwrap()
        };
        (0..pieces).map(|_| character()).collect()
    }
}

fn converter(encoding: &str) -> connect_api::Result<Box<dyn Converter>> {
    StringConverterPlugin.converter(&RawConfig::from([("converter.encoding", encoding)]), Role::Value)
}

fn read(converter: &mut dyn Converter, bytes: Vec<u8>) -> String {
    let datum = converter.decode(DecodeContext::new("topic"), Some(&Bytes::from(bytes))).unwrap();
    datum.value.as_str().unwrap().to_owned()
}

fn write(converter: &mut dyn Converter, text: String) -> connect_api::Result<Vec<u8>> {
    let mut out = Vec::new();
    converter.encode(EncodeContext::new("topic"), &Datum { schema: None, value: Value::string(text) }, &mut out)?;
    Ok(out)
}

fn page(page: u32) -> String {
    (page << 8..(page + 1) << 8).filter_map(char::from_u32).flat_map(|character| ['\n', character]).collect()
}

/// Compares one part of the golden file; `sums` gives each sum with what it is about.
fn compare(part: &str, sums: impl Fn(&mut dyn Converter) -> Vec<(String, String)>) {
    let golden =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/charsets-wide.jsonl"))
            .unwrap();
    let (mut sets, mut wrong) = (0, Vec::new());
    for line in golden.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let name = case["case"].as_str().unwrap();
        let mut converter = converter(name).unwrap();
        sets += 1;
        let Some(expected) = case["output"][part].as_str() else {
            // A set that Java only reads, or one with nothing to detect.
            let written = write(&mut *converter, "a".to_owned());
            assert!(part == "detected" || written.is_err_and(|error| error.class() == UNSUPPORTED), "{name}");
            continue;
        };
        let actual = sums(&mut *converter);
        assert_eq!(actual.len() * 8, expected.len(), "{name}");
        let differing = actual.iter().enumerate().filter(|(at, (sum, _))| *sum != expected[at * 8..at * 8 + 8]);
        let about: Vec<_> = differing.map(|(_, (_, about))| about.as_str()).collect();
        if !about.is_empty() {
            wrong.push(format!("{name}: {}", about.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(sets, 58);
}

#[test]
fn every_byte_and_pair_of_bytes_is_read_as_in_java() {
    compare("pairs", |converter| {
        (0..=255_u8)
            .map(|first| {
                let mut texts = vec![read(converter, vec![first])];
                texts.extend((0..=255).map(|second| read(converter, vec![first, second])));
                (Sum::of(texts), format!("{first:02x}"))
            })
            .collect()
    });
}

#[test]
fn random_bytes_are_read_as_in_java() {
    compare("read", |converter| {
        let mut random = Random(1);
        let mut sum = || Sum::of((0..100).map(|_| read(converter, random.bytes())).collect::<Vec<_>>());
        (0..20).map(|group| (sum(), group.to_string())).collect()
    });
}

#[test]
fn every_character_is_written_as_in_java() {
    compare("characters", |converter| {
        let blocks = RANGES.iter().flat_map(|(first, count)| *first..first + count);
        blocks
            .map(|block| {
                let pages = (block << 4..(block + 1) << 4).map(|number| write(converter, page(number)).unwrap());
                (Sum::of(pages.collect::<Vec<_>>()), format!("{block:x}000"))
            })
            .collect()
    });
}

#[test]
fn random_text_is_written_as_in_java() {
    compare("written", |converter| {
        let mut random = Random(2);
        let mut sum = || Sum::of((0..100).map(|_| write(converter, random.text()).unwrap()).collect::<Vec<_>>());
        (0..20).map(|group| (sum(), group.to_string())).collect()
    });
}

#[test]
fn japanese_text_is_detected_as_in_java() {
    compare("detected", |detecting| {
        let mut random = Random(3);
        let mut sum = |name: &str| {
            let mut writing = converter(name).unwrap();
            let texts = (0..1000).map(|_| {
                let mut bytes = write(&mut *writing, random.japanese()).unwrap();
                bytes.truncate(bytes.len() - random.below(2) as usize);
                read(detecting, bytes)
            });
            Sum::of(texts.collect::<Vec<_>>())
        };
        ["Shift_JIS", "EUC-JP", "ISO-2022-JP"].map(|name| (sum(name), name.to_owned())).to_vec()
    });
}

#[test]
fn every_alias_is_known_in_any_case() {
    let golden =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/charsets-wide.jsonl"))
            .unwrap();
    for line in golden.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        for alias in case["output"]["aliases"].as_array().unwrap() {
            assert!(converter(&alias.as_str().unwrap().to_ascii_uppercase()).is_ok(), "{alias}");
        }
    }
}
