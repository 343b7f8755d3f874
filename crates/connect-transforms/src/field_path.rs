//! Paths to fields: the name of one (`V1`), or names with dots between them (`V2`, KIP-821).

use connect_api::{Error, Kind, Map, Result, Schema, Struct, Text, Value};
use kafka_config::{CaseInsensitiveValidString, ConfigError, ConfigKey, Importance, ParsedConfig, Type};

use crate::operand::{or_default, require_map, require_struct};

const PURPOSE: &str = "nested field access";
const SYNTAX: &str = "field.syntax.version";

/// The key `field.syntax.version`.
pub(crate) fn syntax_key() -> ConfigKey {
    ConfigKey::new(SYNTAX, Type::String)
        .default("V1")
        .validator(CaseInsensitiveValidString::of(["V1", "V2"]))
        .importance(Importance::High)
        .doc(
            "V1: a name is a field of the record itself. V2: dots lead to fields inside of fields; a name that has dots \
             of its own stands between backticks, such as `a.b`.c",
        )
}

/// The names that lead to a field, outermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldPath(Vec<Text>);

impl FieldPath {
    /// The path that `text` is in the syntax that was configured.
    ///
    /// # Errors
    /// When a backtick is not closed.
    pub(crate) fn new(text: &str, config: &ParsedConfig) -> Result<Self, ConfigError> {
        if config.string(SYNTAX)?.eq_ignore_ascii_case("V2") {
            Ok(Self(nested(text)?))
        } else {
            Ok(Self(vec![text.into()]))
        }
    }

    /// The names in front of the last one, and the last one.
    fn split(&self) -> Result<(&[Text], &Text)> {
        let Some((last, before)) = self.0.split_last() else {
            // Parity: an empty path is accepted, and fails where it is walked.
            return Err(Error::new(Kind::IllegalArgument, "fromIndex(0) > toIndex(-1)"));
        };
        Ok((before, last))
    }

    /// The way through structs of this schema, and the schema of the field at its end; `None` when there is no such
    /// field.
    ///
    /// # Errors
    /// When something on the way is no struct.
    pub(crate) fn locate(&self, schema: &Schema) -> Result<Option<(Vec<Step>, Schema)>> {
        let (before, last) = self.split()?;
        let (mut steps, mut schema) = (Vec::with_capacity(self.0.len()), schema);
        for name in before.iter().chain([last]) {
            if schema.kind() != connect_api::Type::Struct {
                return Err(Error::data("Cannot look up fields on non-struct type"));
            }
            let Some(field) = schema.field(name) else { return Ok(None) };
            steps.push(Step { name: name.clone(), index: field.index });
            schema = &field.schema;
        }
        Ok(Some((steps, schema.clone())))
    }

    /// Checks that there are only maps on the way.
    ///
    /// # Errors
    /// When something on the way is neither a map nor null.
    pub(crate) fn check_map(&self, map: &Map) -> Result<()> {
        let (before, _) = self.split()?;
        let mut map = map;
        for name in before {
            match map.get_str(name) {
                None | Some(Value::Null) => break,
                Some(inner) => map = require_map(inner, PURPOSE)?,
            }
        }
        Ok(())
    }

    /// Takes the value at the end of the path; null where there is none.
    pub(crate) fn take_from_map(&self, map: Map) -> Value {
        self.0.iter().fold(Value::from(map), |value, name| match value {
            Value::Map(map) => {
                let entry = map.into_iter().find(|(key, _)| key.as_str() == Some(name));
                entry.map_or(Value::Null, |(_, value)| value)
            }
            _ => Value::Null,
        })
    }
}

/// One field on the way.
#[derive(Debug)]
pub(crate) struct Step {
    name: Text,
    index: usize,
}

impl Step {
    /// The place of the field in a struct, whose schema may be another one than the path was made for.
    fn index(&self, schema: &Schema) -> Option<usize> {
        match schema.fields().get(self.index) {
            Some(field) if field.name == self.name => Some(self.index),
            _ => schema.field(&self.name).map(|field| field.index),
        }
    }
}

/// Checks that there are only structs on the way.
///
/// # Errors
/// When something on the way is neither a struct nor null.
pub(crate) fn check_struct(steps: &[Step], value: &Struct) -> Result<()> {
    let mut value = value;
    for step in &steps[..steps.len().saturating_sub(1)] {
        let Some(index) = step.index(value.schema()) else { break };
        // Parity: on the way defaults always count.
        match or_default(&value.slots()[index], &value.schema().fields()[index].schema, true) {
            Value::Null => break,
            inner => value = require_struct(inner, PURPOSE)?,
        }
    }
    Ok(())
}

/// Takes the value at the end of the way; null where there is none.
pub(crate) fn take_from_struct(steps: &[Step], value: Struct, replace_null_with_default: bool) -> Value {
    let mut value = Value::from(value);
    for (at, step) in steps.iter().enumerate() {
        let Value::Struct(outer) = value else { return Value::Null };
        let Some(index) = step.index(outer.schema()) else { return Value::Null };
        let (schema, mut slots) = outer.into_parts();
        value = std::mem::take(&mut slots[index]);
        let defaults_count = replace_null_with_default || at + 1 < steps.len();
        if let (true, Value::Null, Some(default)) =
            (defaults_count, &value, schema.fields()[index].schema.default_value())
        {
            value = default.clone();
        }
    }
    value
}

/// The names of a path with dots. A name in backticks ends at a backtick before a dot or the end; a backslash takes
/// that meaning from the backtick.
fn nested(path: &str) -> Result<Vec<Text>, ConfigError> {
    let chars: Vec<char> = path.chars().collect();
    let find = |wanted: char, from: usize| chars[from..].iter().position(|c| *c == wanted).map(|at| from + at);
    let text = |range: std::ops::Range<usize>| chars[range].iter().collect::<String>();
    let mut names = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at] == '`' {
            let (name, behind) = quoted(path, &chars, at)?;
            names.push(name.into());
            at = behind;
        } else {
            let end = find('.', at).unwrap_or(chars.len());
            names.push(text(at..end).into());
            at = end + 1;
        }
    }
    if path.ends_with('.') {
        names.push("".into());
    }
    Ok(names)
}

/// The name whose backtick stands at `open`, and where the next one starts.
fn quoted(path: &str, chars: &[char], open: usize) -> Result<(String, usize), ConfigError> {
    let (mut name, mut start, mut from) = (String::new(), open + 1, open + 1);
    loop {
        let close = chars[from..].iter().position(|c| *c == '`').map(|at| from + at);
        let Some(close) = close else { return Err(unclosed(path, chars, open)) };
        let escaped = chars[close - 1] == '\\';
        match chars.get(close + 1) {
            None if escaped => return Err(unclosed(path, chars, open)),
            Some(next) if *next != '.' => from = close + 1,
            Some(_) if escaped => {
                name.extend(&chars[start..close - 1]);
                name.push('`');
                (start, from) = (close + 1, close + 1);
            }
            None | Some(_) => {
                name.extend(&chars[start..close]);
                return Ok((name, close + 2));
            }
        }
    }
}

fn unclosed(path: &str, chars: &[char], open: usize) -> ConfigError {
    let position: usize = chars[..open].iter().map(|c| c.len_utf16()).sum();
    ConfigError::sentence(format!(
        "Incomplete backtick pair in path: [{path}], consider adding a backslash before backtick at position {position} \
         to escape it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str) -> Vec<String> {
        nested(path).unwrap().iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn dots_divide_and_backticks_hold_together() {
        assert_eq!(names("a"), ["a"]);
        assert_eq!(names("a.b.c"), ["a", "b", "c"]);
        assert_eq!(names("`a.b`.c"), ["a.b", "c"]);
        assert_eq!(names("a.`b.c`"), ["a", "b.c"]);
        assert_eq!(names("a`b.c`d"), ["a`b", "c`d"]);
        assert_eq!(names("`a`b`.c"), ["a`b", "c"]);
        assert_eq!(names(r"`a\`.b`.c"), ["a`.b", "c"]);
        assert_eq!(names("a."), ["a", ""]);
        assert_eq!(names(".a"), ["", "a"]);
        assert_eq!(names("`a`."), ["a", ""]);
        assert!(names("").is_empty());
    }

    #[test]
    fn an_open_backtick_is_named_by_its_utf16_position() {
        let error = nested("\u{1f600}.`a").unwrap_err().to_string();
        assert!(error.contains("at position 3 "), "{error}");
        assert!(nested(r"`a\`").is_err());
    }
}
