//! `--property key=value` of the console commands.

use kafka_config::RawConfig;

use crate::exit::Exit;

/// Reads one `key=value`. The value may be empty and is taken as it is, blanks included.
pub(crate) fn parse(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("it must be KEY=VALUE, such as print.key=true".to_owned()),
    }
}

/// What the property is set to; the last one wins.
pub(crate) fn text<'a>(properties: &'a [(String, String)], key: &str) -> Option<&'a str> {
    properties.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}

/// A switch. Parity: whatever is not `true` is false.
pub(crate) fn switch(properties: &[(String, String)], key: &str, default: bool) -> bool {
    text(properties, key).map_or(default, |value| value.trim().eq_ignore_ascii_case("true"))
}

/// Refuses what has no effect: a misspelt key would be missed in silence.
pub(crate) fn refuse_unknown(properties: &[(String, String)], known: &[&str]) -> Result<(), Exit> {
    match properties.iter().find(|(key, _)| !known.contains(&key.as_str())) {
        Some((key, value)) => Err(Exit::usage(format!(
            "--property {key}={value}: there is no such property here; known are {}",
            known.join(", ")
        ))),
        None => Ok(()),
    }
}

/// Configuration of a client: what the command sets, then what the user adds.
pub(crate) fn client(own: &[(&str, &str)], added: &[(String, String)]) -> RawConfig {
    let mut raw: RawConfig = own.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect();
    for (key, value) in added {
        raw.insert(key.clone(), value.clone());
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_as_they_are() {
        assert_eq!(parse("key.separator==").unwrap(), ("key.separator".to_owned(), "=".to_owned()));
        assert_eq!(parse("key.separator= ").unwrap().1, " ");
        assert_eq!(parse("null.marker=").unwrap().1, "");
        assert!(parse("print.key").is_err() && parse("=true").is_err());
    }

    #[test]
    fn the_last_one_wins_and_strangers_are_refused() {
        let properties = [("a".to_owned(), "TRUE ".to_owned()), ("a".to_owned(), "yes".to_owned())];
        assert!(!switch(&properties, "a", true));
        assert!(switch(&properties[..1], "a", false));
        assert!(switch(&properties, "b", true));
        assert!(refuse_unknown(&properties, &["a"]).is_ok());
        assert!(refuse_unknown(&properties, &["b"]).is_err());
    }
}
