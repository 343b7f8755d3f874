//! What a record holds: printable text, or an object in JSON with its schema.

/// Kinds of records. All records of a form have the same length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// 100 bytes of text, numbered.
    Text,
    /// 625 bytes as JsonConverter writes a struct of eight fields with its schema.
    Envelope,
}

/// Bytes of a text record.
pub const TEXT: usize = 100;
/// Bytes of an envelope.
pub const ENVELOPE: usize = 625;
const DIGITS: usize = 12;
/// Every number has this many digits more.
const FIRST: u64 = 100_000_000_000;

const SCHEMA: &str = r#"{"schema":{"type":"struct","fields":[{"type":"int64","optional":false,"field":"id"},{"type":"string","optional":false,"field":"name"},{"type":"string","optional":true,"field":"mail"},{"type":"int32","optional":false,"field":"age"},{"type":"double","optional":false,"field":"balance"},{"type":"boolean","optional":false,"field":"active"},{"type":"int64","optional":false,"field":"at"},{"type":"string","optional":true,"field":"note"}],"optional":false},"payload":"#;

impl Form {
    /// Bytes of a record.
    pub const fn length(self) -> usize {
        match self {
            Form::Text => TEXT,
            Form::Envelope => ENVELOPE,
        }
    }

    /// Appends record `number`.
    pub(crate) fn write(self, number: u64, out: &mut Vec<u8>) {
        match self {
            Form::Text => {
                out.extend_from_slice(format!("{number:0DIGITS$}").as_bytes());
                filler(number, TEXT - DIGITS, |byte| b' ' + byte % 95, out);
            }
            Form::Envelope => envelope(number, out),
        }
    }
}

/// The fields of record `number` of the form [`Form::Envelope`].
pub(crate) struct Person {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) age: u64,
    pub(crate) cents: u64,
    pub(crate) active: bool,
    pub(crate) at: u64,
    pub(crate) note: String,
}

impl Person {
    pub(crate) fn new(number: u64) -> Self {
        let mut letters = Vec::new();
        filler(number, 12 + 19, |byte| b'a' + byte % 26, &mut letters);
        let letters = String::from_utf8_lossy(&letters);
        Self {
            id: FIRST + number,
            name: letters[..12].to_owned(),
            age: 10 + number % 90,
            cents: 1_000 + number % 9_000,
            // One length: `true` has a letter less than `false`, so the note has one more.
            active: number.is_multiple_of(2),
            at: 1_700_000_000_000 + number,
            note: letters[12..if number.is_multiple_of(2) { 31 } else { 30 }].to_owned(),
        }
    }

    /// As a double of the balance is printed: always two whole digits, a point and two that end in no zero.
    pub(crate) fn balance(&self) -> String {
        format!("{}.{}5", self.cents / 100, self.cents / 10 % 10)
    }
}

fn envelope(number: u64, out: &mut Vec<u8>) {
    let person = Person::new(number);
    let Person { id, name, age, active, at, note, .. } = &person;
    let balance = person.balance();
    out.extend_from_slice(SCHEMA.as_bytes());
    let payload = format!(
        r#"{{"id":{id},"name":"{name}","mail":"{name}@example.org","age":{age},"balance":{balance},"active":{active},"at":{at},"note":"{note}"}}}}"#
    );
    out.extend_from_slice(payload.as_bytes());
}

/// Characters that differ from record to record, so that one put together from two others is noticed.
fn filler(number: u64, count: usize, letter: fn(u8) -> u8, out: &mut Vec<u8>) {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for _ in 0..count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.push(letter((state >> 32) as u8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(form: Form, number: u64) -> String {
        let mut out = Vec::new();
        form.write(number, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn records_of_a_form_have_one_length_and_no_line_ends() {
        for form in [Form::Text, Form::Envelope] {
            for number in (0..10_000).chain([19_999_999]) {
                let record = record(form, number);
                assert_eq!(record.len(), form.length(), "{record}");
                assert!(record.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{record}");
            }
        }
    }

    #[test]
    fn an_envelope_is_json() {
        let json: serde_json::Value = serde_json::from_str(&record(Form::Envelope, 7)).unwrap();
        assert_eq!(json["payload"]["id"], 100_000_000_007_u64);
        assert_eq!(json["payload"]["balance"], 10.05);
        assert_eq!(json["schema"]["fields"].as_array().map(Vec::len), Some(8));
    }
}
