//! What a topic may be called.

/// The longest name.
const MAX_LENGTH: usize = 249;

/// Checks a topic's name.
///
/// # Errors
/// Kafka's sentence about what is wrong.
pub(crate) fn check(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("Topic name is invalid: the empty string is not allowed".into());
    }
    if name == "." || name == ".." {
        return Err(format!("Topic name is invalid: '{name}' is not allowed"));
    }
    if name.len() > MAX_LENGTH {
        return Err(format!(
            "Topic name is invalid: the length of '{name}' is longer than the max allowed length {MAX_LENGTH}"
        ));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !name.chars().all(legal) {
        return Err(format!(
            "Topic name is invalid: '{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_are_those_kafka_allows() {
        for name in ["a", "a.b_c-9", "...", &"x".repeat(249)] {
            assert_eq!(check(name), Ok(()));
        }
        for name in ["", ".", "..", "a b", "ä", "a/b", &"x".repeat(250)] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
