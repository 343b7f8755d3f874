//! The form for people.

use std::fmt::Write;

use super::record::{Record, Text};

/// `time  LEVEL [connector|task-0] place: message field=value`.
pub(super) fn text(record: &Record) -> String {
    let mut line = String::with_capacity(160);
    // Nothing that is written to a text fails.
    let _ = write!(line, "{:.6} {:>5} ", record.time, record.level);
    if let Some(context) = &record.context {
        let _ = write!(line, "{context} ");
    }
    let _ = write!(line, "{}: {}", record.target, record.message);
    for (name, value) in &record.fields {
        let _ = match value {
            Text::Quoted(text) => write!(line, " {name}={text:?}"),
            Text::Plain(text) => write!(line, " {name}={text}"),
        };
    }
    line.push('\n');
    line
}
