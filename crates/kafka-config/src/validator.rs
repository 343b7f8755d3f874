//! Rules for values. Each prints itself as Java does and refuses in Java's words.

use std::sync::Arc;

use crate::error::ConfigError;
use crate::hash_order::hash_order;
use crate::number::format_double;
use crate::pattern::check_pattern;
use crate::value::Value;

/// A rule for the values of a key. `None` is null: submitted as null, a null default, or (when everything is
/// validated at once) a value that is missing or did not parse.
pub trait Validator: Send + Sync {
    /// Checks a value.
    ///
    /// # Errors
    /// Why it is refused.
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError>;

    /// The rule in words, as documentation shows it.
    fn describe(&self) -> String;

    /// Whether duplicates in a list are removed before the check where a configuration is parsed (not where it is
    /// validated): true of [`ValidList`] itself.
    fn removes_duplicates(&self) -> bool {
        false
    }
}

impl Validator for Arc<dyn Validator> {
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        (**self).ensure_valid(name, value)
    }

    fn describe(&self) -> String {
        (**self).describe()
    }

    fn removes_duplicates(&self) -> bool {
        (**self).removes_duplicates()
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "null".to_owned(), Value::to_string)
}

/// A number between bounds, both included.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    least: Option<Value>,
    most: Option<Value>,
}

impl Range {
    /// No less than this.
    pub fn at_least(least: impl Into<Value>) -> Self {
        Self { least: Some(least.into()), most: None }
    }

    /// No less than one and no more than the other.
    pub fn between(least: impl Into<Value>, most: impl Into<Value>) -> Self {
        Self { least: Some(least.into()), most: Some(most.into()) }
    }
}

impl Validator for Range {
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        let Some(number) = value.and_then(Value::as_number) else {
            return Err(ConfigError::invalid(name, shown(value), "Value must be non-null"));
        };
        if let Some(least) = &self.least
            && least.as_number().is_some_and(|least| number < least)
        {
            return Err(ConfigError::invalid(name, shown(value), format!("Value must be at least {least}")));
        }
        if let Some(most) = &self.most
            && most.as_number().is_some_and(|most| number > most)
        {
            return Err(ConfigError::invalid(name, shown(value), format!("Value must be no more than {most}")));
        }
        Ok(())
    }

    fn describe(&self) -> String {
        let text = |bound: &Value| {
            bound.as_number().map_or_else(
                || bound.to_string(),
                |number| match bound {
                    Value::Double(_) => format_double(number),
                    _ => bound.to_string(),
                },
            )
        };
        match (&self.least, &self.most) {
            (None, None) => "[...]".to_owned(),
            (None, Some(most)) => format!("[...,{}]", text(most)),
            (Some(least), None) => format!("[{},...]", text(least)),
            (Some(least), Some(most)) => format!("[{},...,{}]", text(least), text(most)),
        }
    }
}

/// One of a few words, in exactly this spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidString(Vec<String>);

impl ValidString {
    /// The words.
    pub fn of<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Self {
        Self(words.into_iter().map(Into::into).collect())
    }

    fn check(&self, name: &str, word: Option<&str>) -> Result<(), ConfigError> {
        if word.is_some_and(|word| self.0.iter().any(|each| each == word)) {
            return Ok(());
        }
        let message = format!("String must be one of: {}", self.0.join(", "));
        Err(ConfigError::invalid(name, word.unwrap_or("null"), message))
    }
}

impl Validator for ValidString {
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        self.check(name, value.and_then(Value::as_text))
    }

    fn describe(&self) -> String {
        format!("[{}]", self.0.join(", "))
    }
}

/// One of a few words in any case. Printed in upper case and in the order of Java's hash set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseInsensitiveValidString(Vec<String>);

impl CaseInsensitiveValidString {
    /// The words.
    pub fn of<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> Self {
        let upper: Vec<String> = words.into_iter().map(|word| word.as_ref().to_uppercase()).collect();
        Self(hash_order(upper.iter().map(String::as_str)).into_iter().map(str::to_owned).collect())
    }
}

impl Validator for CaseInsensitiveValidString {
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        if value.and_then(Value::as_text).is_some_and(|word| self.0.contains(&word.to_uppercase())) {
            return Ok(());
        }
        let message = format!("String must be one of (case insensitive): {}", self.0.join(", "));
        Err(ConfigError::invalid(name, shown(value), message))
    }

    fn describe(&self) -> String {
        format!("(case insensitive) [{}]", self.0.join(", "))
    }
}

/// Anything but null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonNull;

impl Validator for NonNull {
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        match value {
            Some(_) => Ok(()),
            None => Err(ConfigError::invalid(name, "null", "entry must be non null")),
        }
    }

    fn describe(&self) -> String {
        "non-null string".to_owned()
    }
}

/// Null or text that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonEmptyString;

impl Validator for NonEmptyString {
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        match value.and_then(Value::as_text) {
            Some("") => Err(ConfigError::invalid(name, "", "String must be non-empty")),
            _ => Ok(()),
        }
    }

    fn describe(&self) -> String {
        "non-empty string".to_owned()
    }
}

/// Null or text that is not empty and has no ISO control characters: names of connectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonEmptyStringWithoutControlChars;

impl Validator for NonEmptyStringWithoutControlChars {
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        let Some(text) = value.and_then(Value::as_text) else { return Ok(()) };
        if text.is_empty() {
            return Err(ConfigError::invalid(name, text, "String may not be empty"));
        }
        let control: Vec<String> = text.chars().filter(|c| c.is_control()).map(|c| u32::from(c).to_string()).collect();
        if control.is_empty() {
            return Ok(());
        }
        let found = control.join(", ");
        let message = format!("String may not contain control sequences but had the following ASCII chars: {found}");
        Err(ConfigError::invalid(name, text, message))
    }

    fn describe(&self) -> String {
        "non-empty string without ISO control characters".to_owned()
    }
}

/// A list without duplicates and without empty items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidList {
    words: ValidString,
    empty_allowed: bool,
    null_allowed: bool,
}

impl ValidList {
    /// Any items.
    pub fn any(empty_allowed: bool, null_allowed: bool) -> Self {
        Self { words: ValidString(Vec::new()), empty_allowed, null_allowed }
    }

    /// Items out of a few words; the list may be empty, but not null.
    pub fn of<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Self {
        Self { words: ValidString::of(words), empty_allowed: true, null_allowed: false }
    }

    /// Items out of a few words, at least one.
    pub fn non_empty_of<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Self {
        Self { words: ValidString::of(words), empty_allowed: false, null_allowed: false }
    }
}

impl Validator for ValidList {
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        let refused = |what: &str| Err(ConfigError::about(name, format!("Configuration '{name}' {what}")));
        let Some(items) = value.and_then(Value::as_list) else {
            return if self.null_allowed { Ok(()) } else { refused("values must not be null.") };
        };
        if !self.empty_allowed && items.is_empty() {
            let words = if self.words.0.is_empty() { "any non-empty value".to_owned() } else { self.words.describe() };
            return refused(&format!("must not be empty. Valid values include: {words}"));
        }
        if has_duplicates(items) {
            return refused("values must not be duplicated.");
        }
        for item in items {
            if item.is_empty() {
                return refused("values must not be empty.");
            }
            if !self.words.0.is_empty() {
                self.words.check(name, Some(item))?;
            }
        }
        Ok(())
    }

    fn describe(&self) -> String {
        if self.words.0.is_empty() { String::new() } else { self.words.describe() }
    }

    fn removes_duplicates(&self) -> bool {
        true
    }
}

pub(crate) fn has_duplicates(items: &[String]) -> bool {
    let distinct: std::collections::BTreeSet<&String> = items.iter().collect();
    distinct.len() != items.len()
}

/// A list of no more than so many items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListSize(pub usize);

impl Validator for ListSize {
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        if value.and_then(Value::as_list).is_none_or(|items| items.len() <= self.0) {
            return Ok(());
        }
        Err(ConfigError::invalid(name, shown(value), format!("exceeds maximum list size of [{}].", self.0)))
    }

    fn describe(&self) -> String {
        format!("List containing maximum of {} elements", self.0)
    }
}

/// A regular expression of `java.util.regex`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidPattern;

impl Validator for ValidPattern {
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        let fault = match value.and_then(Value::as_text) {
            Some(pattern) => check_pattern(pattern).err(),
            // Parity: the text of the NullPointerException that Java reports.
            None => Some("Cannot invoke \"String.isEmpty()\" because \"this.pattern\" is null".to_owned()),
        };
        match fault {
            None => Ok(()),
            Some(fault) => Err(ConfigError::invalid(name, shown(value), format!("Invalid regex: {fault}"))),
        }
    }

    fn describe(&self) -> String {
        "valid regex".to_owned()
    }
}

/// All of several rules, in order.
#[derive(Clone, Default)]
pub struct Composite(Vec<Arc<dyn Validator>>);

impl Composite {
    /// No rules yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more rule.
    #[must_use]
    pub fn and(mut self, validator: impl Validator + 'static) -> Self {
        self.0.push(Arc::new(validator));
        self
    }
}

impl Validator for Composite {
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        self.0.iter().try_for_each(|validator| validator.ensure_valid(name, value))
    }

    fn describe(&self) -> String {
        let rules: Vec<String> = self.0.iter().map(|validator| validator.describe()).collect();
        rules.join(", ")
    }
}

/// A rule given by a function.
pub struct Lambda<F> {
    check: F,
    description: String,
}

impl<F> Lambda<F>
where
    F: Fn(&str, Option<&Value>) -> Result<(), ConfigError> + Send + Sync,
{
    /// The check, and the rule in words.
    pub fn new(description: impl Into<String>, check: F) -> Self {
        Self { check, description: description.into() }
    }
}

impl<F> Validator for Lambda<F>
where
    F: Fn(&str, Option<&Value>) -> Result<(), ConfigError> + Send + Sync,
{
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        (self.check)(name, value)
    }

    fn describe(&self) -> String {
        self.description.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(validator: &dyn Validator, value: Option<Value>) -> String {
        validator.ensure_valid("k", value.as_ref()).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    fn list(items: &[&str]) -> Option<Value> {
        Some(Value::from(items))
    }

    #[test]
    fn ranges() {
        let range = Range::between(0, i32::MAX);
        assert_eq!(range.describe(), "[0,...,2147483647]");
        assert_eq!(says(&range, Some(Value::Int(0))), "fine");
        assert_eq!(
            says(&range, Some(Value::Int(-1))),
            "Invalid value -1 for configuration k: Value must be at least 0"
        );
        assert_eq!(says(&range, None), "Invalid value null for configuration k: Value must be non-null");
        let share = Range::between(0.5, 1.0);
        assert_eq!(share.describe(), "[0.5,...,1.0]");
        assert_eq!(
            says(&share, Some(Value::Double(1.5))),
            "Invalid value 1.5 for configuration k: Value must be no more than 1.0"
        );
        assert_eq!(Range::at_least(1).describe(), "[1,...]");
    }

    #[test]
    fn words() {
        let words = ValidString::of(["none", "all"]);
        assert_eq!(words.describe(), "[none, all]");
        assert_eq!(says(&words, Some("all".into())), "fine");
        assert_eq!(
            says(&words, Some("ALL".into())),
            "Invalid value ALL for configuration k: String must be one of: none, all"
        );
        assert_eq!(says(&words, None), "Invalid value null for configuration k: String must be one of: none, all");
        let any_case = CaseInsensitiveValidString::of(["poll", "interval", "connector"]);
        assert_eq!(any_case.describe(), "(case insensitive) [INTERVAL, POLL, CONNECTOR]");
        assert_eq!(says(&any_case, Some("Poll".into())), "fine");
        assert_eq!(
            says(&any_case, Some("x".into())),
            "Invalid value x for configuration k: String must be one of (case insensitive): INTERVAL, POLL, CONNECTOR"
        );
    }

    #[test]
    fn texts() {
        assert_eq!(says(&NonNull, None), "Invalid value null for configuration k: entry must be non null");
        assert_eq!(
            says(&NonEmptyString, Some("".into())),
            "Invalid value  for configuration k: String must be non-empty"
        );
        assert_eq!(says(&NonEmptyString, None), "fine");
        let name = NonEmptyStringWithoutControlChars;
        assert_eq!(says(&name, Some("".into())), "Invalid value  for configuration k: String may not be empty");
        assert_eq!(says(&name, None), "fine");
        assert_eq!(
            says(&name, Some("a\u{1}\u{9f}".into())),
            "Invalid value a\u{1}\u{9f} for configuration k: String may not contain control sequences but had the following ASCII chars: 1, 159"
        );
    }

    #[test]
    fn lists() {
        let any = ValidList::any(true, false);
        assert_eq!(any.describe(), "");
        assert_eq!(says(&any, list(&[])), "fine");
        assert_eq!(says(&any, None), "Configuration 'k' values must not be null.");
        assert_eq!(says(&any, list(&["a", "a"])), "Configuration 'k' values must not be duplicated.");
        assert_eq!(says(&any, list(&["a", ""])), "Configuration 'k' values must not be empty.");
        let some = ValidList::any(false, true);
        assert_eq!(says(&some, None), "fine");
        assert_eq!(
            says(&some, list(&[])),
            "Configuration 'k' must not be empty. Valid values include: any non-empty value"
        );
        let words = ValidList::non_empty_of(["legacy", "new"]);
        assert_eq!(words.describe(), "[legacy, new]");
        assert_eq!(says(&words, list(&[])), "Configuration 'k' must not be empty. Valid values include: [legacy, new]");
        assert_eq!(
            says(&words, list(&["old"])),
            "Invalid value old for configuration k: String must be one of: legacy, new"
        );
        assert_eq!(says(&ValidList::of(["a"]), list(&[])), "fine");
        assert_eq!(
            says(&ListSize(1), list(&["a", "b"])),
            "Invalid value [a, b] for configuration k: exceeds maximum list size of [1]."
        );
    }

    #[test]
    fn patterns() {
        assert_eq!(
            says(&ValidPattern, Some("(".into())),
            "Invalid value ( for configuration k: Invalid regex: Unclosed group near index 1\n("
        );
        assert_eq!(says(&ValidPattern, Some("a.*".into())), "fine");
        assert_eq!(
            says(&ValidPattern, None),
            "Invalid value null for configuration k: Invalid regex: Cannot invoke \"String.isEmpty()\" because \"this.pattern\" is null"
        );
    }

    #[test]
    fn composites_stop_at_the_first_refusal() {
        let unique = Lambda::new("unique aliases", |name: &str, value: Option<&Value>| match value {
            Some(Value::List(items)) if has_duplicates(items) => {
                Err(ConfigError::invalid(name, Value::List(items.clone()), "Duplicate alias provided."))
            }
            _ => Ok(()),
        });
        let both = Composite::new().and(NonNull).and(unique);
        assert_eq!(both.describe(), "non-null string, unique aliases");
        assert_eq!(says(&both, None), "Invalid value null for configuration k: entry must be non null");
        assert_eq!(
            says(&both, list(&["a", "a"])),
            "Invalid value [a, a] for configuration k: Duplicate alias provided."
        );
    }
}
