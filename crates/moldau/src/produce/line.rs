//! What a line means: Java's line reader, under its property names.

use std::ops::Range;
use std::sync::Arc;

use kafka_client::producer::{Row, Rows};
use memchr::memmem;

use crate::exit::Exit;
use crate::properties::{self, switch, text};

const KNOWN: [&str; 8] = [
    "parse.key",
    "key.separator",
    "parse.headers",
    "headers.delimiter",
    "headers.separator",
    "headers.key.separator",
    "ignore.error",
    "null.marker",
];

/// Which parts of a record a line has, and what stands between them: `headers`, `key`, `value`.
#[derive(Debug)]
pub(super) struct LineFormat {
    key: bool,
    key_separator: Vec<u8>,
    headers: bool,
    headers_delimiter: Vec<u8>,
    headers_separator: Vec<u8>,
    headers_key_separator: Vec<u8>,
    ignore_error: bool,
    null_marker: Option<Vec<u8>>,
}

impl LineFormat {
    /// Reads the properties.
    ///
    /// # Errors
    /// An unknown one; two marks that could not be told apart.
    pub(super) fn parse(given: &[(String, String)]) -> Result<Self, Exit> {
        properties::refuse_unknown(given, &KNOWN)?;
        let marks = [
            ("key.separator", text(given, "key.separator").unwrap_or("\t")),
            ("headers.delimiter", text(given, "headers.delimiter").unwrap_or("\t")),
            ("headers.separator", text(given, "headers.separator").unwrap_or(",")),
            ("headers.key.separator", text(given, "headers.key.separator").unwrap_or(":")),
        ];
        let null_marker = text(given, "null.marker");
        for (index, (name, mark)) in marks.iter().enumerate() {
            if mark.is_empty() {
                return Err(Exit::usage(format!("--property {name}=: it may not be empty")));
            }
            if Some(*mark) == null_marker {
                return Err(Exit::usage(format!("null.marker and {name} may not be equal")));
            }
            let twin = marks[index + 1..].iter().find(|(_, other)| index > 0 && other == mark);
            if let Some((other, _)) = twin {
                return Err(Exit::usage(format!("{name} and {other} may not be equal")));
            }
        }
        let [key_separator, headers_delimiter, headers_separator, headers_key_separator] =
            marks.map(|(_, mark)| mark.as_bytes().to_vec());
        Ok(Self {
            key: switch(given, "parse.key", false),
            key_separator,
            headers: switch(given, "parse.headers", false),
            headers_delimiter,
            headers_separator,
            headers_key_separator,
            ignore_error: switch(given, "ignore.error", false),
            null_marker: null_marker.map(|marker| marker.as_bytes().to_vec()),
        })
    }

    /// Adds the record of line `number` (counted from 1); its bytes are taken as they are.
    ///
    /// # Errors
    /// What the line lacks, in Java's words. Nothing is added then.
    pub(super) fn push(&self, line: &[u8], number: u64, topic: &Arc<str>, rows: &mut Rows) -> Result<(), String> {
        let start = (rows.position(), rows.header_position());
        self.push_row(line, number, topic, rows).inspect_err(|_| rows.rewind(start.0, start.1))
    }

    fn push_row(&self, line: &[u8], number: u64, topic: &Arc<str>, rows: &mut Rows) -> Result<(), String> {
        let missing =
            |what: &str| format!("No {what} found on line number {number}: '{}'", String::from_utf8_lossy(line));
        let mut rest = line;
        let headers = self.split(self.headers, &mut rest, &self.headers_delimiter);
        let headers = headers.map_err(|()| missing("headers delimiter"))?;
        let key = self.split(self.key, &mut rest, &self.key_separator).map_err(|()| missing("key separator"))?;
        let first_header = rows.header_position();
        if let Some(headers) = headers.filter(|headers| !self.is_null(headers)) {
            self.push_headers(headers, number, rows)?;
        }
        let row = Row {
            topic: topic.clone(),
            partition: None,
            timestamp: None,
            headers: first_header..rows.header_position(),
            key: key.and_then(|key| self.part(key, rows)),
            value: self.part(rest, rows),
        };
        rows.push(row);
        Ok(())
    }

    /// Cuts off what stands before the mark.
    fn split<'a>(&self, wanted: bool, rest: &mut &'a [u8], mark: &[u8]) -> Result<Option<&'a [u8]>, ()> {
        if !wanted {
            return Ok(None);
        }
        match memmem::find(rest, mark) {
            Some(at) => {
                let part = &rest[..at];
                *rest = &rest[at + mark.len()..];
                Ok(Some(part))
            }
            None if self.ignore_error => Ok(None),
            None => Err(()),
        }
    }

    fn push_headers(&self, headers: &[u8], number: u64, rows: &mut Rows) -> Result<(), String> {
        let mut pairs: Vec<&[u8]> = Vec::new();
        let mut rest = headers;
        while let Some(at) = memmem::find(rest, &self.headers_separator) {
            pairs.push(&rest[..at]);
            rest = &rest[at + self.headers_separator.len()..];
        }
        pairs.push(rest);
        // Parity: what is empty at the end is not there, but a line without anything has one empty pair.
        while pairs.len() > 1 && pairs.last().is_some_and(|pair| pair.is_empty()) {
            pairs.pop();
        }
        for pair in pairs {
            let Some(at) = memmem::find(pair, &self.headers_key_separator) else {
                if self.ignore_error {
                    let key = put(pair, rows);
                    rows.push_header(key, None);
                    continue;
                }
                let pair = String::from_utf8_lossy(pair);
                return Err(format!("No header key separator found in pair '{pair}' on line number {number}"));
            };
            if self.is_null(&pair[..at]) {
                let marker = String::from_utf8_lossy(&pair[..at]);
                return Err(format!(
                    "Header keys should not be equal to the null marker '{marker}' as they can't be null"
                ));
            }
            let key = put(&pair[..at], rows);
            let value = self.part(&pair[at + self.headers_key_separator.len()..], rows);
            rows.push_header(key, value);
        }
        Ok(())
    }

    fn is_null(&self, part: &[u8]) -> bool {
        self.null_marker.as_deref() == Some(part)
    }

    fn part(&self, part: &[u8], rows: &mut Rows) -> Option<Range<u32>> {
        (!self.is_null(part)).then(|| put(part, rows))
    }
}

fn put(part: &[u8], rows: &mut Rows) -> Range<u32> {
    let start = rows.position();
    rows.data_mut().extend_from_slice(part);
    start..rows.position()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers = Vec<(String, Option<String>)>;

    fn format(properties: &[&str]) -> Result<LineFormat, Exit> {
        let given: Vec<_> = properties.iter().map(|text| properties::parse(text).unwrap()).collect();
        LineFormat::parse(&given)
    }

    fn read(properties: &[&str], line: &str) -> Result<(Headers, Option<String>, Option<String>), String> {
        let mut rows = Rows::new();
        format(properties).unwrap().push(line.as_bytes(), 4, &"t".into(), &mut rows)?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let row = &rows.rows()[0];
        let part = |range: &Option<Range<u32>>| range.as_ref().map(|range| text(rows.bytes(range)));
        let headers = rows.headers(row).map(|(key, value)| (text(key), value.map(text))).collect();
        Ok((headers, part(&row.key), part(&row.value)))
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_line_is_a_value() {
        assert_eq!(read(&[], "a\tb:c"), Ok((vec![], None, some("a\tb:c"))));
        assert_eq!(read(&[], ""), Ok((vec![], None, some(""))));
    }

    #[test]
    fn a_key_stands_before_the_first_separator() {
        let keyed = ["parse.key=true", "key.separator=:"];
        assert_eq!(read(&keyed, "k:v:w"), Ok((vec![], some("k"), some("v:w"))));
        assert_eq!(read(&keyed, ":"), Ok((vec![], some(""), some(""))));
        assert_eq!(read(&keyed, "kv").unwrap_err(), "No key separator found on line number 4: 'kv'");
        assert_eq!(read(&["parse.key=true", "ignore.error=true"], "kv"), Ok((vec![], None, some("kv"))));
    }

    #[test]
    fn headers_stand_before_the_key() {
        let all = ["parse.key=true", "parse.headers=true", "null.marker=NULL"];
        let headers = |pairs: &[(&str, Option<&str>)]| -> Headers {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect()
        };
        assert_eq!(
            read(&all, "a:1,b:NULL,c:\tk\tv"),
            Ok((headers(&[("a", Some("1")), ("b", None), ("c", Some(""))]), some("k"), some("v")))
        );
        assert_eq!(read(&all, "NULL\tNULL\tNULL"), Ok((vec![], None, None)));
        assert_eq!(read(&all, "a\tk\tv").unwrap_err(), "No header key separator found in pair 'a' on line number 4");
        assert_eq!(read(&all, "k").unwrap_err(), "No headers delimiter found on line number 4: 'k'");
        assert!(read(&all, "NULL:1\tk\tv").unwrap_err().starts_with("Header keys should not be equal"));
    }

    #[test]
    fn a_line_that_is_refused_leaves_nothing() {
        let mut rows = Rows::new();
        let format = format(&["parse.headers=true"]).unwrap();
        assert!(format.push(b"a:1,b\tv", 1, &"t".into(), &mut rows).is_err());
        assert_eq!((rows.position(), rows.header_position(), rows.len()), (0, 0, 0));
    }

    #[test]
    fn marks_must_differ() {
        for pair in [
            ["headers.delimiter=,", "headers.separator=,"],
            ["headers.delimiter=:", "parse.key=true"],
            ["key.separator=x", "null.marker=x"],
            ["key.separator=", "parse.key=true"],
            ["parse.keys=true", "parse.key=true"],
        ] {
            assert!(format(&pair).is_err(), "{pair:?}");
        }
        // Parity: key separator and headers delimiter are the same by default.
        assert!(format(&["parse.key=true", "parse.headers=true"]).is_ok());
    }
}
