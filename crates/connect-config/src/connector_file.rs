//! Connector files of standalone mode: a JSON map of strings, a JSON request with name, config and initial state, or
//! Java properties, tried in this order whatever the file is called.

use std::fmt;

use kafka_config::{RawConfig, json_as_utf8, properties};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A connector as its file describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectorFile {
    /// The connector's name.
    pub name: String,
    /// Its configuration, with the key `name`.
    pub config: RawConfig,
    /// The state it starts in, where the file says one.
    pub initial_state: Option<InitialState>,
}

/// The state a new connector starts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitialState {
    /// With tasks.
    Running,
    /// Paused, without tasks until it is resumed.
    Paused,
    /// Stopped.
    Stopped,
}

impl InitialState {
    /// Reads a name in any case.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "RUNNING" => Some(Self::Running),
            "PAUSED" => Some(Self::Paused),
            "STOPPED" => Some(Self::Stopped),
            _ => None,
        }
    }
}

/// A connector file that cannot be used; the texts begin as Java's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectorFileError {
    /// The file says no name, or is in no syntax that could say one.
    #[error("Connector configuration at '{file}' is missing the mandatory 'name' configuration{hint}")]
    NoName {
        /// The file.
        file: String,
        /// Why it was not read as JSON, where it looks like it.
        hint: Hint,
    },
    /// Two different names.
    #[error("Connector name configuration in 'config' doesn't match the one specified in 'name' at '{file}'")]
    TwoNames {
        /// The file.
        file: String,
    },
    /// A request without its configuration.
    #[error(
        "Connector configuration at '{file}' has a 'name' but no 'config': add the connector's keys as \"config\": {{…}}"
    )]
    NoConfig {
        /// The file.
        file: String,
    },
    /// Neither JSON nor properties.
    #[error("Connector configuration at '{file}', line {line}: Malformed \\uxxxx encoding.")]
    Malformed {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
    },
}

/// Why something that looks like JSON was not read as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint(Option<String>);

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(fault) => write!(f, " (it looks like JSON, but: {fault})"),
            None => Ok(()),
        }
    }
}

impl ConnectorFile {
    /// Reads the bytes of a file; `file` is its path, for messages.
    ///
    /// # Errors
    /// See [`ConnectorFileError`].
    pub fn parse(bytes: &[u8], file: &str) -> Result<Self, ConnectorFileError> {
        let json = json_as_utf8(bytes);
        if let Ok(Flat(config)) = first_value(&json) {
            return named(config, file, Hint(None));
        }
        match first_value::<Request>(&json) {
            Ok(request) => request.into_file(file),
            Err(fault) => {
                let looks_like_json = json.trim_ascii_start().first().is_some_and(|byte| b"{[".contains(byte));
                let hint = Hint(looks_like_json.then(|| fault.to_string()));
                let read = properties::read(bytes);
                let read =
                    read.map_err(|error| ConnectorFileError::Malformed { file: file.to_owned(), line: error.line })?;
                named(RawConfig::from_iter(read).in_hash_order(), file, hint)
            }
        }
    }
}

fn named(config: RawConfig, file: &str, hint: Hint) -> Result<ConnectorFile, ConnectorFileError> {
    match config.get("name").map(str::to_owned) {
        Some(name) => Ok(ConnectorFile { name, config, initial_state: None }),
        None => Err(ConnectorFileError::NoName { file: file.to_owned(), hint }),
    }
}

/// Parity: Jackson reads the first value and leaves the rest of the file alone.
fn first_value<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, serde_json::Error> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<T>();
    values.next().unwrap_or_else(|| Err(serde_json::Error::custom("the file is empty")))
}

/// A map of strings. Parity: Jackson takes numbers (as they are written), booleans and null for strings.
#[derive(Debug)]
struct Flat(RawConfig);

impl<'de> Deserialize<'de> for Flat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Flat;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Flat, A::Error> {
                let mut config = RawConfig::new();
                while let Some((name, value)) = members.next_entry::<String, &RawValue>()? {
                    let text = scalar(value);
                    let text = text.map_err(|fault| A::Error::custom(format!("the value of \"{name}\" {fault}")))?;
                    config.insert_entry(name, text);
                }
                Ok(Flat(config))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

fn scalar(value: &RawValue) -> Result<Option<String>, String> {
    match value.get().as_bytes().first() {
        Some(b'{' | b'[') => Err("must be a string, not an object or an array".to_owned()),
        Some(b'"') => serde_json::from_str(value.get()).map(Some).map_err(|error| error.to_string()),
        Some(b'n') => Ok(None),
        _ => Ok(Some(value.get().to_owned())),
    }
}

/// The body of `POST /connectors`; other members are ignored, and of a repeated one the last counts.
#[derive(Debug, Default)]
struct Request<'a> {
    name: Option<&'a RawValue>,
    config: Option<Flat>,
    initial_state: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Request<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Request<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with the members name, config and initial_state")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Request<'de>, A::Error> {
                let mut request = Request::default();
                while let Some(name) = members.next_key::<String>()? {
                    match name.as_str() {
                        "name" => request.name = members.next_value()?,
                        "config" => request.config = members.next_value()?,
                        "initial_state" => request.initial_state = members.next_value()?,
                        _ => drop(members.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(request)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

impl Request<'_> {
    fn into_file(self, file: &str) -> Result<ConnectorFile, ConnectorFileError> {
        let no_name = |hint: Option<String>| ConnectorFileError::NoName { file: file.to_owned(), hint: Hint(hint) };
        let name = self.name.map_or(Ok(None), scalar).map_err(|fault| no_name(Some(format!("\"name\" {fault}"))))?;
        let state = self.initial_state.map_or(Ok(None), scalar).map_err(|fault| no_name(Some(fault)))?;
        let initial_state = match state {
            None => None,
            Some(text) => Some(InitialState::parse(&text).ok_or_else(|| {
                no_name(Some(format!("\"initial_state\" is {text}, not RUNNING, PAUSED or STOPPED")))
            })?),
        };
        let Some(Flat(mut config)) = self.config else {
            return Err(if name.is_some() {
                ConnectorFileError::NoConfig { file: file.to_owned() }
            } else {
                no_name(None)
            });
        };
        if config.contains_key("name") && config.get("name") != name.as_deref() {
            return Err(ConnectorFileError::TwoNames { file: file.to_owned() });
        }
        let name = name.ok_or_else(|| no_name(None))?;
        config.insert("name", name.clone());
        Ok(ConnectorFile { name, config, initial_state })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ConnectorFile, String> {
        ConnectorFile::parse(text.as_bytes(), "c.x").map_err(|error| error.to_string())
    }

    #[test]
    fn properties_files() {
        let file = parse("name=local-file-source\nconnector.class=FileStreamSource\ntasks.max=1\n# x\nfile=test.txt\n")
            .unwrap();
        assert_eq!(file.name, "local-file-source");
        assert_eq!((file.config.get("file"), file.config.len(), file.initial_state), (Some("test.txt"), 4, None));
        assert_eq!(
            parse("a=b").unwrap_err(),
            "Connector configuration at 'c.x' is missing the mandatory 'name' configuration"
        );
        assert_eq!(
            parse("").unwrap_err(),
            "Connector configuration at 'c.x' is missing the mandatory 'name' configuration"
        );
        assert_eq!(
            parse("name=a\nb=\\u1").unwrap_err(),
            "Connector configuration at 'c.x', line 2: Malformed \\uxxxx encoding."
        );
    }

    #[test]
    fn json_maps() {
        let file = parse(r#"{"name":"a","tasks.max":1.50,"x":true,"y":null,"z":-0,"name":"b"} garbage"#).unwrap();
        assert_eq!(file.name, "b");
        assert_eq!(file.config.get("tasks.max"), Some("1.50"));
        assert_eq!(file.config.get("x"), Some("true"));
        assert_eq!(file.config.entry("y"), Some(None));
        assert_eq!(file.config.get("z"), Some("-0"));
        assert_eq!(parse("\u{feff}{\"name\":\"a\"}").unwrap().name, "a");
        assert_eq!(
            parse(r#"{"a":"b"}"#).unwrap_err(),
            "Connector configuration at 'c.x' is missing the mandatory 'name' configuration"
        );
    }

    #[test]
    fn json_requests() {
        let file = parse(r#"{"name":"a","config":{"k":1},"initial_state":"paused","more":[]}"#).unwrap();
        assert_eq!((file.name.as_str(), file.initial_state), ("a", Some(InitialState::Paused)));
        assert_eq!(file.config, RawConfig::from([("k", "1"), ("name", "a")]));
        assert_eq!(
            parse(r#"{"name":"a","config":{"name":"b"}}"#).unwrap_err(),
            "Connector name configuration in 'config' doesn't match the one specified in 'name' at 'c.x'"
        );
        assert!(parse(r#"{"config":{"name":"b"}}"#).unwrap_err().contains("doesn't match"));
        assert!(parse(r#"{"name":"a","config":null,"more":[]}"#).unwrap_err().contains("no 'config'"));
        assert!(
            parse(r#"{"name":"a","config":{},"initial_state":"x"}"#)
                .unwrap_err()
                .contains("not RUNNING, PAUSED or STOPPED")
        );
    }

    #[test]
    fn keys_stay_in_javas_order() {
        let order = |text: &str| -> Vec<String> {
            parse(text).unwrap().config.in_order().map(|(name, _)| name.to_owned()).collect()
        };
        assert_eq!(order(r#"{"z":"1","name":"a","b":"2","z":"3"}"#), ["z", "name", "b"]);
        assert_eq!(order(r#"{"name":"a","config":{"z":"1","b":"2"}}"#), ["z", "b", "name"]);
        let properties = "name=a\nconnector.class=b\ntopic=t\nfile=f\ntasks.max=1\n";
        assert_eq!(order(properties), ["connector.class", "file", "tasks.max", "name", "topic"]);
    }

    #[test]
    fn json_that_jackson_reads_and_what_it_does_not() {
        let twice = r#"{"name":"a","config":{"k":"1"},"config":{"l":"2"},"name":"b"}"#;
        let file = parse(twice).unwrap();
        assert_eq!((file.name.as_str(), file.config), ("b", RawConfig::from([("l", "2"), ("name", "b")])));
        for array in [r#"["a",{"k":"1"},null]"#, r#"[{"name":"a","config":{}}]"#] {
            assert!(parse(array).unwrap_err().contains("missing the mandatory 'name'"), "{array}");
        }
        let sixteen: Vec<u8> = "\u{feff}{\"name\":\"\u{fc}\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(ConnectorFile::parse(&sixteen, "c.x").unwrap().name, "\u{fc}");
    }

    #[test]
    fn broken_json_says_where() {
        let text = parse("{\n \"name\": \"a\",\n \"file\": test.txt\n}").unwrap_err();
        assert!(
            text.starts_with("Connector configuration at 'c.x' is missing the mandatory 'name' configuration"),
            "{text}"
        );
        assert!(text.contains("line 3"), "{text}");
        assert!(
            parse(r#"{"name":"a","config":{"k":[1]}}"#).unwrap_err().contains("the value of \"k\" must be a string")
        );
    }
}
