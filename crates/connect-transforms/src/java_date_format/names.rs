//! The names of US English.

pub(super) const ERAS: [&str; 2] = ["BC", "AD"];
pub(super) const HALVES: [&str; 2] = ["AM", "PM"];
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub(super) const UTC: &str = "UTC";
pub(super) const UTC_LONG: &str = "Coordinated Universal Time";

/// The long name of each era; it is read, but never printed.
const LONG_ERAS: [&str; 2] = ["Before Christ", "Anno Domini"];

/// The short form of the name of a month or day.
pub(super) fn short(name: &str) -> &str {
    &name[..3]
}

/// What the value of a text field is, and the length of its name, at the start of `text`: the longest that matches.
pub(super) fn find(letter: char, text: &[u16]) -> Option<(i32, usize)> {
    let best = |names: &[&'static str], first: i32| {
        let mut best: Option<(i32, usize)> = None;
        for (value, name) in (first..).zip(names) {
            for form in [short_form(letter, name), name] {
                if best.is_none_or(|(_, length)| form.len() > length) && starts_with(text, form) {
                    best = Some((value, form.len()));
                }
            }
        }
        best
    };
    match letter {
        'G' => best(&LONG_ERAS, 0).or_else(|| best(&ERAS, 0)),
        'M' | 'L' => best(&MONTHS, 0),
        'E' => best(&DAYS, 1),
        _ => best(&HALVES, 0),
    }
}

fn short_form(letter: char, name: &'static str) -> &'static str {
    if matches!(letter, 'M' | 'L' | 'E') { short(name) } else { name }
}

/// Whether `text` starts with an ASCII name, in any case (`String.regionMatches`).
pub(super) fn starts_with(text: &[u16], name: &str) -> bool {
    let name = name.as_bytes();
    text.len() >= name.len() && text.iter().zip(name).all(|(unit, byte)| folded(*unit) == folded(u16::from(*byte)))
}

/// A UTF-16 unit in upper and then in lower case.
fn folded(unit: u16) -> Option<char> {
    let c = char::from_u32(u32::from(unit))?;
    if c.is_ascii() {
        return Some(c.to_ascii_lowercase());
    }
    let upper = single(c.to_uppercase(), c);
    Some(single(upper.to_lowercase(), upper))
}

/// The other case of `c`, where it is one character.
fn single(mut forms: impl ExactSizeIterator<Item = char>, c: char) -> char {
    if forms.len() == 1 { forms.next().unwrap_or(c) } else { c }
}
