//! Text as moments.

use kafka_config::decimal_digit;

use super::fields::{Field, Fields, day_of_week};
use super::names::{UTC, UTC_LONG, find, starts_with};
use super::{DateFormat, Item, Unreadable, number};

type Read<T> = Result<T, Unreadable>;

const MINUTE: i32 = 60_000;
const GMT: &str = "GMT";

/// A text that is read, and the fields found in it.
struct Reader<'a> {
    format: &'a DateFormat,
    text: &'a [u16],
    fields: Fields,
    /// Whether a two-digit year is the one that the hundred years begin and end with.
    ambiguous: bool,
}

pub(super) fn parse(format: &DateFormat, text: &str) -> Read<i64> {
    let text: Vec<u16> = text.encode_utf16().collect();
    let mut reader = Reader { format, text: &text, fields: Fields::default(), ambiguous: false };
    let mut at = 0;
    for (index, item) in format.items.iter().enumerate() {
        at = match item {
            Item::Literal(literal) => reader.literal(literal, at)?,
            Item::Letter(letter, count) => {
                let whole = !format.items.get(index + 1).is_some_and(is_number);
                reader.letter(*letter, *count, at, if whole { None } else { Some(*count) })?
            }
        };
    }
    if at == 0 {
        return Err(Unreadable::Mismatch);
    }
    let moment = reader.fields.moment();
    if reader.ambiguous && moment < format.century_start {
        reader.fields.next_century();
        return Ok(reader.fields.moment());
    }
    Ok(moment)
}

/// Whether a part of the pattern is a number, in front of which another number must know its length.
fn is_number(item: &Item) -> bool {
    match item {
        Item::Literal(_) => false,
        Item::Letter('M' | 'L', count) => *count <= 2,
        Item::Letter(letter, _) => !matches!(letter, 'G' | 'E' | 'a' | 'z' | 'Z' | 'X'),
    }
}

impl Reader<'_> {
    fn literal(&self, literal: &str, at: usize) -> Read<usize> {
        let length = literal.encode_utf16().count();
        match self.text.get(at..at + length) {
            Some(text) if text.iter().copied().eq(literal.encode_utf16()) => Ok(at + length),
            _ => Err(Unreadable::Mismatch),
        }
    }

    /// Reads what a letter stands for; a number has at most `limit` characters, blanks in front included.
    fn letter(&mut self, letter: char, count: usize, start: usize, limit: Option<usize>) -> Read<usize> {
        let rest = self.text.get(start..).unwrap_or_default();
        let blanks = rest.iter().take_while(|unit| matches!(u8::try_from(**unit), Ok(b' ' | b'\t'))).count();
        if blanks == rest.len() {
            return Err(Unreadable::Mismatch);
        }
        let at = start + blanks;
        match letter {
            'G' | 'E' | 'a' => self.name(letter, start),
            'M' | 'L' if count >= 3 => self.name(letter, start),
            'z' | 'Z' => self.zone(start, at),
            'X' => self.iso_zone(at, count),
            _ => {
                let end = match limit {
                    Some(limit) if start + limit > self.text.len() => return Err(Unreadable::Mismatch),
                    Some(limit) => start + limit,
                    None => self.text.len(),
                };
                let (value, end) = number::parse(&self.text[..end], at).ok_or(Unreadable::Mismatch)?;
                self.number(letter, count, value, &self.text[at..end]);
                Ok(end)
            }
        }
    }

    // Parity: blanks in front of a name are not skipped.
    fn name(&mut self, letter: char, start: usize) -> Read<usize> {
        let (value, length) = find(letter, &self.text[start..]).ok_or(Unreadable::Mismatch)?;
        let field = match letter {
            'G' => Field::Era,
            'E' => Field::DayOfWeek,
            'a' => Field::AmPm,
            _ => Field::Month,
        };
        self.fields.set(field, value);
        Ok(start + length)
    }

    fn number(&mut self, letter: char, count: usize, value: i32, digits: &[u16]) {
        let (field, value) = match letter {
            'y' => (Field::Year, self.year(count, value, digits)),
            'Y' => (Field::WeekYear, self.year(count, value, digits)),
            'M' | 'L' => (Field::Month, value.wrapping_sub(1)),
            'd' => (Field::DayOfMonth, value),
            'k' => (Field::HourOfDay, if value == 24 { 0 } else { value }),
            'H' => (Field::HourOfDay, value),
            'h' => (Field::Hour, if value == 12 { 0 } else { value }),
            'K' => (Field::Hour, value),
            'm' => (Field::Minute, value),
            's' => (Field::Second, value),
            'S' => (Field::Millisecond, value),
            'D' => (Field::DayOfYear, value),
            'F' => (Field::DayOfWeekInMonth, value),
            'w' => (Field::WeekOfYear, value),
            'W' => (Field::WeekOfMonth, value),
            _ => (Field::DayOfWeek, day_of_week(value)),
        };
        self.fields.set(field, value);
    }

    /// The year: one of exactly two digits lies in the hundred years of the format.
    fn year(&mut self, count: usize, value: i32, digits: &[u16]) -> i32 {
        let is_digit = |unit: &u16| char::from_u32(u32::from(*unit)).and_then(decimal_digit).is_some();
        if count > 2 || digits.len() != 2 || !digits.iter().all(is_digit) {
            return value;
        }
        let start = self.format.century_year;
        let two_digits = start % 100;
        self.ambiguous = value == two_digits;
        value + start / 100 * 100 + if value < two_digits { 100 } else { 0 }
    }

    fn unit(&self, at: usize) -> Option<u8> {
        self.text.get(at).and_then(|unit| u8::try_from(*unit).ok())
    }

    fn sign(&self, at: usize) -> Option<i32> {
        match self.unit(at)? {
            b'+' => Some(1),
            b'-' => Some(-1),
            _ => None,
        }
    }

    /// `+hhmm`, `GMT`, `GMT+h:mm` or a name.
    fn zone(&mut self, start: usize, at: usize) -> Read<usize> {
        if let Some(sign) = self.sign(at) {
            return self.offset(at + 1, sign, 0, false);
        }
        if matches!(self.unit(at), Some(b'G' | b'g')) && starts_with(&self.text[start..], GMT) {
            let end = start + GMT.len();
            return match self.sign(end) {
                Some(sign) => self.offset(end + 1, sign, 0, true),
                None => {
                    self.fields.set(Field::ZoneOffset, 0);
                    Ok(end)
                }
            };
        }
        match [UTC_LONG, UTC].into_iter().find(|name| starts_with(&self.text[at..], name)) {
            Some(name) => Ok(at + name.len()),
            None if self.may_be_name(at) => Err(Unreadable::ZoneName),
            None => Err(Unreadable::Mismatch),
        }
    }

    /// Whether a zone could have this name: none has fewer than three characters, and all begin with two letters.
    fn may_be_name(&self, at: usize) -> bool {
        let may_be_letter =
            |unit: &u16| u8::try_from(*unit).is_ok_and(|byte| byte.is_ascii_alphabetic()) || *unit > 0x7F;
        self.text.get(at..at + 3).is_some_and(|name| name[..2].iter().all(may_be_letter))
    }

    /// `Z`, or an offset with as many parts as the pattern has letters.
    fn iso_zone(&mut self, at: usize, count: usize) -> Read<usize> {
        if self.unit(at) == Some(b'Z') {
            self.fields.set(Field::ZoneOffset, 0);
            return Ok(at + 1);
        }
        let sign = self.sign(at).ok_or(Unreadable::Mismatch)?;
        self.offset(at + 1, sign, count, count == 3)
    }

    /// Hours and minutes behind a sign; `count` is 1 for hours only, and 0 lets hours have one digit before a colon.
    fn offset(&mut self, start: usize, sign: i32, count: usize, colon: bool) -> Read<usize> {
        let mut at = start;
        let digit = |at: usize| self.unit(at).filter(u8::is_ascii_digit).map(|byte| i32::from(byte - b'0'));
        let mut hours = digit(at).ok_or(Unreadable::Mismatch)?;
        at += 1;
        match digit(at) {
            Some(second) => {
                hours = hours * 10 + second;
                at += 1;
            }
            None if count > 0 || !colon => return Err(Unreadable::Mismatch),
            None => {}
        }
        let mut minutes = 0;
        if count != 1 {
            if colon {
                if self.unit(at) != Some(b':') {
                    return Err(Unreadable::Mismatch);
                }
                at += 1;
            }
            let (tens, ones) = digit(at).zip(digit(at + 1)).ok_or(Unreadable::Mismatch)?;
            minutes = tens * 10 + ones;
            at += 2;
        }
        if hours > 23 || minutes > 59 {
            return Err(Unreadable::Mismatch);
        }
        self.fields.set(Field::ZoneOffset, sign * (hours * 60 + minutes) * MINUTE);
        Ok(at)
    }
}
