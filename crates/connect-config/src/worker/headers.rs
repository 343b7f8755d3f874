//! The rules of `response.http.headers.config`.

use kafka_config::{ConfigError, Value, parse_integer};

const ACTIONS: [&str; 4] = ["set", "add", "setDate", "addDate"];

/// A header that every answer of the REST API gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderRule {
    /// Its name.
    pub name: String,
    /// Whether it stands beside others of its name instead of replacing them.
    pub add: bool,
    /// Its value.
    pub value: HeaderRuleValue,
}

/// The value of such a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderRuleValue {
    /// A text.
    Text(String),
    /// The time of the answer, and so many milliseconds.
    FromNow(i64),
}

/// Checks all rules of a value; blank is none.
pub(super) fn check_header_rules(name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
    let Some(text) = value.and_then(Value::as_text).filter(|text| !text.trim().is_empty()) else { return Ok(()) };
    split_rules(text).iter().try_for_each(|rule| check_rule(name, rule).map(drop))
}

/// The rules of a value that passed the check.
///
/// # Errors
/// What only shows when the header is made: a date that is no number, characters that no header can have.
pub(super) fn header_rules(name: &str, text: &str) -> Result<Vec<HeaderRule>, ConfigError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    split_rules(text).iter().map(|rule| header_rule(name, rule)).collect()
}

fn header_rule(key: &str, rule: &str) -> Result<HeaderRule, ConfigError> {
    let (action, name, value) = check_rule(key, rule)?;
    let bad = |what: &str| ConfigError::about(key, format!("Header config '{rule}' cannot be used: {what}"));
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.bytes().all(is_token) {
        return Err(bad("the name of a header has letters, digits and hyphens"));
    }
    if value.chars().any(char::is_control) {
        return Err(bad("its value has control characters"));
    }
    // Parity: actions are known in any case, and obeyed as they are written.
    let value = if action.ends_with("Date") {
        let millis = parse_integer(&value);
        HeaderRuleValue::FromNow(millis.ok_or_else(|| bad("a date is given as milliseconds from now"))?)
    } else {
        HeaderRuleValue::Text(value)
    };
    Ok(HeaderRule { name, add: action.starts_with("add"), value })
}

/// Splits at commas outside double quotes; the quotes go.
fn split_rules(text: &str) -> Vec<String> {
    let mut rules = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => rules.push(String::new()),
            _ => {
                if let Some(rule) = rules.last_mut() {
                    rule.push(c);
                }
            }
        }
    }
    // Parity: nothing behind the last comma is no rule.
    if rules.len() > 1 && rules.last().is_some_and(|rule| rule.trim().is_empty()) {
        rules.pop();
    }
    rules.into_iter().map(|rule| rule.trim().to_owned()).collect()
}

/// `[action] [header name]:[header value]`, in parts.
fn check_rule(name: &str, rule: &str) -> Result<(String, String, String), ConfigError> {
    let refused = |message: String| Err(ConfigError::about(name, message));
    let Some((action, header)) = rule.split_once(|c: char| c.is_ascii_whitespace()) else {
        return refused(format!(
            "Invalid format of header config '{rule}'. Expected: '[action] [header name]:[header value]'"
        ));
    };
    if !ACTIONS.iter().any(|known| known.eq_ignore_ascii_case(action)) {
        let known = ACTIONS.join(", ");
        return refused(format!("Invalid header config action: '{action}'. Expected one of [{known}]"));
    }
    let header = header.trim_start();
    let mut parts: Vec<&str> = header.trim().split(':').collect();
    // Parity: Java's split drops empty parts at the end.
    while parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    let [header_name, value] = parts[..] else {
        return refused(format!(
            "Invalid format of header name and header value pair '{header}'. Expected: '[header name]:[header value]'"
        ));
    };
    let header_name = header_name.trim();
    if header_name.is_empty() || header_name.contains(|c: char| c.is_ascii_whitespace()) {
        return refused(format!("Invalid header name '{header_name}'. The '[header name]' cannot contain whitespace"));
    }
    Ok((action.to_owned(), header_name.to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> String {
        check_header_rules("k", Some(&Value::from(text))).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn rules_as_they_are_carried_out() {
        let text = "\"add Cache-Control: no-cache, no-store\", set X-A:b, setDate Last-Modified: -5, ADD X-B: c";
        let rule = |name: &str, add, value| HeaderRule { name: name.to_owned(), add, value };
        let words = |text: &str| HeaderRuleValue::Text(text.to_owned());
        assert_eq!(
            header_rules("k", text).unwrap(),
            [
                rule("Cache-Control", true, words("no-cache, no-store")),
                rule("X-A", false, words("b")),
                rule("Last-Modified", false, HeaderRuleValue::FromNow(-5)),
                rule("X-B", false, words("c")),
            ]
        );
        assert_eq!(header_rules("k", " ").unwrap(), []);
        for bad in ["addDate A: soon", "set A(: b", "set A: b\u{7}c"] {
            assert!(header_rules("k", bad).unwrap_err().to_string().contains("cannot be used"), "{bad}");
        }
    }

    #[test]
    fn rules_are_checked_in_javas_words() {
        assert_eq!(says(" "), "fine");
        assert_eq!(says("add Cache-Control: no-cache, \"SET X-A: b, c\", adddate  Last-Modified: 0"), "fine");
        assert_eq!(
            says("add"),
            "Invalid format of header config 'add'. Expected: '[action] [header name]:[header value]'"
        );
        assert_eq!(
            says("put a:b"),
            "Invalid header config action: 'put'. Expected one of [set, add, setDate, addDate]"
        );
        assert_eq!(
            says("set a:b:c"),
            "Invalid format of header name and header value pair 'a:b:c'. Expected: '[header name]:[header value]'"
        );
        assert_eq!(says("set a b:c"), "Invalid header name 'a b'. The '[header name]' cannot contain whitespace");
    }
}
