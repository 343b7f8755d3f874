//! Errors of JSON text, worded and located as Jackson words and locates them.

use std::fmt;

use connect_api::{Error, Kind};

const PACKAGE: &str = "com.fasterxml.jackson.core";
const SOURCE: &str = "Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)";

/// Which of Jackson's exceptions stands for the mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A character or token that may not stand there.
    Parse,
    /// The text ends too early.
    End,
    /// A limit was exceeded; has no location.
    Limit,
    /// A number beyond what `BigDecimal` holds; has no location.
    Number,
    /// Bytes that are no text in the encoding they seem to have; has no location.
    Encoding,
}

/// A mistake in JSON text.
#[derive(Debug)]
pub(super) struct SyntaxError {
    flaw: Flaw,
    message: String,
}

pub(super) type Result<T> = std::result::Result<T, Box<SyntaxError>>;

impl SyntaxError {
    /// A mistake at `location`.
    #[cold]
    pub(super) fn at(flaw: Flaw, message: impl fmt::Display, location: &str) -> Box<Self> {
        Box::new(Self { flaw, message: format!("{message}\n at {location}") })
    }

    /// Bytes in no encoding that Jackson knows.
    #[cold]
    pub(super) fn encoding(message: String) -> Box<Self> {
        Box::new(Self { flaw: Flaw::Encoding, message })
    }

    /// An exceeded limit.
    #[cold]
    pub(super) fn limit(message: impl Into<String>) -> Box<Self> {
        Box::new(Self { flaw: Flaw::Limit, message: message.into() })
    }

    /// Whether the text ends too early.
    pub(super) fn is_end(&self) -> bool {
        self.flaw == Flaw::End
    }

    /// Whether a limit was exceeded.
    pub(super) fn is_limit(&self) -> bool {
        self.flaw == Flaw::Limit
    }

    /// A number whose exponent no `BigDecimal` has.
    #[cold]
    pub(super) fn exponent(number: &str, reason: &str) -> Box<Self> {
        let message =
            format!("Value \"{number}\" can not be deserialized as `java.math.BigDecimal`, reason:  {reason}");
        Box::new(Self { flaw: Flaw::Number, message })
    }

    /// The failure as Kafka's deserializer throws it: a SerializationException around Jackson's exception.
    pub(super) fn to_error(&self) -> Error {
        let class = match self.flaw {
            Flaw::Parse => format!("{PACKAGE}.JsonParseException"),
            Flaw::End => format!("{PACKAGE}.io.JsonEOFException"),
            Flaw::Limit => format!("{PACKAGE}.exc.StreamConstraintsException"),
            Flaw::Number => "java.lang.NumberFormatException".to_owned(),
            Flaw::Encoding => "java.io.CharConversionException".to_owned(),
        };
        let message = format!("{class}: {}", self.message);
        let cause = Error::new(Kind::Serialization, self.message.clone()).with_class(class);
        Error::new(Kind::Serialization, message).caused_by(cause)
    }
}

/// Where byte `at` is, as Jackson prints a location: columns are bytes, or with `wide` units of UTF-16.
pub(super) fn location(text: &[u8], at: usize, wide: bool) -> String {
    let before = &text[..at.min(text.len())];
    let (mut line, mut start) = (1, 0);
    for (index, byte) in before.iter().enumerate() {
        // A carriage return ends a line unless a line feed follows, which then does.
        if *byte == b'\n' || (*byte == b'\r' && text.get(index + 1) != Some(&b'\n')) {
            line += 1;
            start = index + 1;
        }
    }
    let column = if wide {
        let valid = text[start..at.min(text.len())].utf8_chunks().next().map_or("", |chunk| chunk.valid());
        valid.encode_utf16().count() + at.saturating_sub(text.len())
    } else {
        at - start
    };
    format!("[{SOURCE}; line: {line}, column: {}]", column + 1)
}

/// A character as Jackson describes it in messages.
pub(super) fn describe(character: u32) -> String {
    match char::from_u32(character) {
        Some(c) if c.is_control() => format!("(CTRL-CHAR, code {character})"),
        Some(c) if character > 255 => format!("'{c}' (code {character} / 0x{character:x})"),
        Some(c) => format!("'{c}' (code {character})"),
        None => format!("(code {character})"),
    }
}
