//! Dates as text: `java.text.SimpleDateFormat` in US English, in UTC.
//!
//! Reading is as lenient as Java's: the 45th of the 13th month is a date, numbers may be of any script, and text behind
//! the end of the pattern is ignored. The one thing that is refused is the name of a time zone other than UTC and GMT:
//! Java looks names up in the tables of its release.

mod fields;
mod names;
mod number;
mod parse;
mod print;

use connect_converters::calendar::{DAY, Moment, day_number};

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct DateFormat {
    items: Vec<Item>,
    /// The moment with which the hundred years of two-digit years begin.
    century_start: i64,
    /// The year of that moment.
    century_year: i32,
}

/// A part of a pattern.
#[derive(Clone, Debug)]
enum Item {
    /// Text that stands for itself.
    Literal(String),
    /// A pattern letter, as often as it stands there.
    Letter(char, usize),
}

/// The letters that mean something.
const LETTERS: &str = "GyMdkHmsSEDFwWahKzZYuXL";

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It does not match the pattern.
    Mismatch,
    /// It may match: it names a time zone that is neither UTC nor GMT.
    ZoneName,
}

impl DateFormat {
    /// Compiles a pattern. Two-digit years lie in the hundred years that begin 80 years before `now`, which is in
    /// milliseconds since 1970.
    ///
    /// # Errors
    /// What Java's `IllegalArgumentException` says.
    pub fn new(pattern: &str, now: i64) -> Result<Self, String> {
        let items = compile(pattern)?;
        let moment = Moment::of(now);
        let year = moment.year - 80;
        // The 29th of February becomes the 28th in a year that has none.
        let day = if moment.month == 2 && moment.day == 29 && day_number(year, 2, 29) == day_number(year, 3, 1) {
            28
        } else {
            moment.day
        };
        let century_start = day_number(year, moment.month, day).saturating_mul(DAY).saturating_add(moment.of_day);
        Ok(Self { items, century_start, century_year: i32::try_from(year).unwrap_or(i32::MAX) })
    }

    /// The text of a moment, in milliseconds since 1970.
    pub fn format(&self, millis: i64) -> String {
        let mut out = String::new();
        let calendar = print::Calendar::of(millis);
        for item in &self.items {
            match item {
                Item::Literal(text) => out.push_str(text),
                Item::Letter(letter, count) => calendar.print(*letter, *count, &mut out),
            }
        }
        out
    }

    /// The moment that a text stands for, in milliseconds since 1970.
    ///
    /// # Errors
    /// When it does not match the pattern, or when that cannot be told.
    pub fn parse(&self, text: &str) -> Result<i64, Unreadable> {
        parse::parse(self, text)
    }
}

/// Collects items; a run of letters ends where another character comes.
#[derive(Default)]
struct Compiler {
    items: Vec<Item>,
}

impl Compiler {
    fn literal(&mut self, c: char) {
        match self.items.last_mut() {
            Some(Item::Literal(text)) => text.push(c),
            _ => self.items.push(Item::Literal(c.to_string())),
        }
    }

    fn letter(&mut self, c: char, goes_on: bool) -> Result<(), String> {
        if !LETTERS.contains(c) {
            return Err(format!("Illegal pattern character '{c}'"));
        }
        match self.items.last_mut() {
            Some(Item::Letter(last, count)) if goes_on && *last == c => *count += 1,
            _ => {
                self.check()?;
                self.items.push(Item::Letter(c, 1));
            }
        }
        Ok(())
    }

    /// Refuses a run of letters that is too long.
    fn check(&self) -> Result<(), String> {
        match self.items.last() {
            Some(Item::Letter('X', count)) if *count >= 4 => Err(format!("invalid ISO 8601 format: length={count}")),
            _ => Ok(()),
        }
    }
}

fn compile(pattern: &str) -> Result<Vec<Item>, String> {
    let mut compiler = Compiler::default();
    let (mut quoted, mut goes_on) = (false, false);
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\'' {
            compiler.check()?;
            goes_on = false;
            if rest.next_if_eq(&'\'').is_some() {
                compiler.literal('\'');
            } else {
                quoted = !quoted;
            }
        } else if quoted || !c.is_ascii_alphabetic() {
            compiler.check()?;
            goes_on = false;
            compiler.literal(c);
        } else {
            compiler.letter(c, goes_on)?;
            goes_on = true;
        }
    }
    if quoted {
        return Err("Unterminated quote".to_owned());
    }
    compiler.check()?;
    Ok(compiler.items)
}
