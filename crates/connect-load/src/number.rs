//! Numbers of configurations that no `ConfigDef` has checked.

use connect_api::{Error, Kind, Result};
use kafka_config::parse_integer;

/// `Integer.parseInt`.
///
/// # Errors
/// A `NumberFormatException` with Java's message.
pub fn int(text: Option<&str>) -> Result<i32> {
    let number = long(text)?;
    i32::try_from(number).map_err(|_| no_number(text))
}

/// `Long.parseLong`.
///
/// # Errors
/// A `NumberFormatException` with Java's message.
pub fn long(text: Option<&str>) -> Result<i64> {
    text.and_then(parse_integer).ok_or_else(|| no_number(text))
}

fn no_number(text: Option<&str>) -> Error {
    number_format(text.map_or("Cannot parse null string".to_owned(), |text| format!("For input string: \"{text}\"")))
}

/// A `NumberFormatException`.
pub fn number_format(message: impl Into<String>) -> Error {
    Error::new(Kind::IllegalArgument, message).with_class("java.lang.NumberFormatException")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_java_reads_them() {
        assert_eq!(int(Some("+2147483647")).unwrap(), i32::MAX);
        assert_eq!(long(Some("-9223372036854775808")).unwrap(), i64::MIN);
        let class = "java.lang.NumberFormatException";
        for (text, message) in [
            (None, "Cannot parse null string"),
            (Some(""), "For input string: \"\""),
            (Some("1 "), "For input string: \"1 \""),
            (Some("99999999999999999999"), "For input string: \"99999999999999999999\""),
        ] {
            assert_eq!(long(text).unwrap_err().to_string(), format!("{class}: {message}"));
            assert_eq!(int(text).unwrap_err().to_string(), format!("{class}: {message}"));
        }
        assert_eq!(int(Some("2147483648")).unwrap_err().message(), Some("For input string: \"2147483648\""));
    }
}
