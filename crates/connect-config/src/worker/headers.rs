//! The rules of `response.http.headers.config`.

use kafka_config::{ConfigError, Value};

const ACTIONS: [&str; 4] = ["set", "add", "setDate", "addDate"];

/// Checks all rules of a value; blank is none.
pub(super) fn check_header_rules(name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
    let Some(text) = value.and_then(Value::as_text).filter(|text| !text.trim().is_empty()) else { return Ok(()) };
    split_rules(text).iter().try_for_each(|rule| check_rule(name, rule))
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
    rules.into_iter().map(|rule| rule.trim().to_owned()).collect()
}

/// `[action] [header name]:[header value]`.
fn check_rule(name: &str, rule: &str) -> Result<(), ConfigError> {
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
    let [header_name, _] = parts[..] else {
        return refused(format!(
            "Invalid format of header name and header value pair '{header}'. Expected: '[header name]:[header value]'"
        ));
    };
    let header_name = header_name.trim();
    if header_name.is_empty() || header_name.contains(|c: char| c.is_ascii_whitespace()) {
        return refused(format!("Invalid header name '{header_name}'. The '[header name]' cannot contain whitespace"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> String {
        check_header_rules("k", Some(&Value::from(text))).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
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
