//! The types a key can have, the values of those types, and how text becomes a value.

use std::fmt;

use crate::definition::ClassLookup;
use crate::error::ConfigError;
use crate::number::{format_double, parse_double, parse_integer};

/// The type of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `true` or `false`, in any case.
    Boolean,
    /// Any text.
    String,
    /// A 32-bit integer.
    Int,
    /// A 16-bit integer.
    Short,
    /// A 64-bit integer.
    Long,
    /// A 64-bit floating point number.
    Double,
    /// Texts separated by commas.
    List,
    /// The name or alias of a class.
    Class,
    /// Text that is never shown.
    Password,
}

impl Type {
    /// The name as REST answers spell it: `BOOLEAN`, `STRING`, …
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Short => "SHORT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::List => "LIST",
            Self::Class => "CLASS",
            Self::Password => "PASSWORD",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A secret. `Debug` and `Display` print `[hidden]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// What is printed instead of the secret.
    pub const HIDDEN: &'static str = "[hidden]";

    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself; never log it.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::HIDDEN)
    }
}

impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::HIDDEN)
    }
}

/// A typed value. `Display` prints what Java's messages print: a list as `[a, b]`, a class as `class x.Y`; what REST
/// answers carry is [`convert_to_string`].
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of a [`Type::Boolean`] key.
    Boolean(bool),
    /// Of a [`Type::String`] key.
    String(String),
    /// Of a [`Type::Int`] key.
    Int(i32),
    /// Of a [`Type::Short`] key.
    Short(i16),
    /// Of a [`Type::Long`] key.
    Long(i64),
    /// Of a [`Type::Double`] key.
    Double(f64),
    /// Of a [`Type::List`] key.
    List(Vec<String>),
    /// Of a [`Type::Class`] key: the full class name.
    Class(String),
    /// Of a [`Type::Password`] key.
    Password(Password),
}

impl Value {
    /// The number behind a numeric value.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(f64::from(*number)),
            Self::Short(number) => Some(f64::from(*number)),
            // Parity: Java's Range compares doubleValue()s, which round beyond 2^53.
            Self::Long(number) => Some(*number as f64),
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// The text of a string or the name of a class.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(text) | Self::Class(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_list(&self) -> Option<&[String]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The same value as a key of type `wanted` holds it: numbers widen or narrow without loss, text is parsed.
    pub(crate) fn coerce(self, name: &str, wanted: Type, classes: &dyn ClassLookup) -> Result<Self, ConfigError> {
        let refused = ConfigError::invalid(name, &self, format!("Not a number of type {wanted}"));
        let integer = match &self {
            Self::Int(number) => Some(i64::from(*number)),
            Self::Short(number) => Some(i64::from(*number)),
            Self::Long(number) => Some(*number),
            _ => None,
        };
        let number = self.as_number();
        let coerced = match (wanted, self) {
            (Type::String, value @ Self::String(_))
            | (Type::Boolean, value @ Self::Boolean(_))
            | (Type::List, value @ Self::List(_))
            | (Type::Class, value @ Self::Class(_))
            | (Type::Password, value @ Self::Password(_)) => Some(value),
            (_, Self::String(text)) => Some(parse_type(name, &text, wanted, classes)?),
            (Type::Long, _) => integer.map(Self::Long),
            (Type::Int, _) => integer.and_then(|number| i32::try_from(number).ok()).map(Self::Int),
            (Type::Short, _) => integer.and_then(|number| i16::try_from(number).ok()).map(Self::Short),
            (Type::Double, _) => number.map(Self::Double),
            _ => None,
        };
        coerced.ok_or(refused)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(flag) => write!(f, "{flag}"),
            Self::String(text) => f.write_str(text),
            Self::Int(number) => write!(f, "{number}"),
            Self::Short(number) => write!(f, "{number}"),
            Self::Long(number) => write!(f, "{number}"),
            Self::Double(number) => f.write_str(&format_double(*number)),
            Self::List(items) => write!(f, "[{}]", items.join(", ")),
            Self::Class(class) => write!(f, "class {class}"),
            Self::Password(password) => write!(f, "{password}"),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Boolean(flag)
    }
}

impl From<i16> for Value {
    fn from(number: i16) -> Self {
        Self::Short(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Long(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<Vec<String>> for Value {
    fn from(items: Vec<String>) -> Self {
        Self::List(items)
    }
}

impl From<&[&str]> for Value {
    fn from(items: &[&str]) -> Self {
        Self::List(items.iter().map(|item| (*item).to_owned()).collect())
    }
}

/// Parses submitted text as Java's `ConfigDef.parseType` does.
///
/// # Errors
/// `Invalid value … for configuration …` with the text as submitted, untrimmed.
pub fn parse_type(name: &str, text: &str, kind: Type, classes: &dyn ClassLookup) -> Result<Value, ConfigError> {
    // Parity: String.trim() cuts everything up to U+0020, and nothing else.
    let trimmed = text.trim_matches(|c: char| c <= ' ');
    let not_a_number = || ConfigError::invalid(name, text, format!("Not a number of type {kind}"));
    let integer = |low: i64, high: i64| {
        parse_integer(trimmed).filter(|number| (low..=high).contains(number)).ok_or_else(not_a_number)
    };
    match kind {
        Type::Boolean if trimmed.eq_ignore_ascii_case("true") => Ok(Value::Boolean(true)),
        Type::Boolean if trimmed.eq_ignore_ascii_case("false") => Ok(Value::Boolean(false)),
        Type::Boolean => Err(ConfigError::invalid(name, text, "Expected value to be either true or false")),
        Type::String => Ok(Value::String(trimmed.to_owned())),
        Type::Password => Ok(Value::Password(Password::new(trimmed))),
        Type::Int => integer(i64::from(i32::MIN), i64::from(i32::MAX)).map(|number| Value::Int(number as i32)),
        Type::Short => integer(i64::from(i16::MIN), i64::from(i16::MAX)).map(|number| Value::Short(number as i16)),
        Type::Long => integer(i64::MIN, i64::MAX).map(Value::Long),
        Type::Double => parse_double(trimmed).map(Value::Double).ok_or_else(not_a_number),
        Type::List => Ok(Value::List(split_list(trimmed))),
        Type::Class => classes
            .find_class(trimmed)
            .map(Value::Class)
            .ok_or_else(|| ConfigError::invalid(name, text, classes.missing(text))),
    }
}

/// Splits at commas with the blanks around them; empty items stay, blank text is the empty list.
fn split_list(trimmed: &str) -> Vec<String> {
    // Parity: `\s` of java.util.regex is exactly these six.
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\x0B' | '\x0C' | '\r');
    if trimmed.is_empty() {
        return Vec::new();
    }
    trimmed.split(',').map(|item| item.trim_matches(blank).to_owned()).collect()
}

/// The text of a value in REST answers: a list joined by commas, a class by its name, a password hidden.
pub fn convert_to_string(value: &Value) -> String {
    match value {
        Value::List(items) => items.join(","),
        Value::Class(class) => class.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::AnyClass;

    fn parse(text: &str, kind: Type) -> Result<Value, String> {
        parse_type("k", text, kind, &AnyClass).map_err(|error| error.to_string())
    }

    #[test]
    fn parses_each_type() {
        assert_eq!(parse(" TRUE\n", Type::Boolean), Ok(Value::Boolean(true)));
        assert_eq!(parse(" a b ", Type::String), Ok(Value::String("a b".into())));
        // A no-break space is above U+0020 and stays.
        assert_eq!(parse("\u{a0}x", Type::String), Ok(Value::String("\u{a0}x".into())));
        assert_eq!(parse("+7", Type::Int), Ok(Value::Int(7)));
        assert_eq!(parse("-32768", Type::Short), Ok(Value::Short(i16::MIN)));
        assert_eq!(parse("9223372036854775807", Type::Long), Ok(Value::Long(i64::MAX)));
        assert_eq!(parse("1e3d", Type::Double), Ok(Value::Double(1000.0)));
        assert_eq!(parse(" x.Y ", Type::Class), Ok(Value::Class("x.Y".into())));
        assert_eq!(parse(" s ", Type::Password), Ok(Value::Password(Password::new("s"))));
    }

    #[test]
    fn lists_keep_empty_items() {
        let list = |text| match parse(text, Type::List) {
            Ok(Value::List(items)) => items,
            other => panic!("{other:?}"),
        };
        assert_eq!(list("a , b,c"), ["a", "b", "c"]);
        assert_eq!(list("a,,b,"), ["a", "", "b", ""]);
        assert_eq!(list(" , "), ["", ""]);
        assert!(list("  ").is_empty());
    }

    #[test]
    fn refuses_with_javas_words() {
        let says = |text, kind| parse(text, kind).unwrap_err();
        assert_eq!(
            says(" yes", Type::Boolean),
            "Invalid value  yes for configuration k: Expected value to be either true or false"
        );
        assert_eq!(says("", Type::Int), "Invalid value  for configuration k: Not a number of type INT");
        assert_eq!(
            says("2147483648", Type::Int),
            "Invalid value 2147483648 for configuration k: Not a number of type INT"
        );
        assert_eq!(says("1.0", Type::Long), "Invalid value 1.0 for configuration k: Not a number of type LONG");
        assert_eq!(says("40000", Type::Short), "Invalid value 40000 for configuration k: Not a number of type SHORT");
        assert_eq!(says("inf", Type::Double), "Invalid value inf for configuration k: Not a number of type DOUBLE");
    }

    #[test]
    fn secrets_are_hidden_everywhere() {
        let value = Value::Password(Password::new("s3cret"));
        assert_eq!(value.to_string(), "[hidden]");
        assert_eq!(format!("{value:?}"), "Password([hidden])");
        assert_eq!(convert_to_string(&value), "[hidden]");
    }

    #[test]
    fn prints_for_messages_and_for_answers() {
        let list = Value::List(vec!["a".into(), "b".into()]);
        assert_eq!((list.to_string().as_str(), convert_to_string(&list).as_str()), ("[a, b]", "a,b"));
        let class = Value::Class("x.Y".into());
        assert_eq!((class.to_string().as_str(), convert_to_string(&class).as_str()), ("class x.Y", "x.Y"));
        assert_eq!(Value::Double(0.05).to_string(), "0.05");
    }
}
