//! Connectors and tasks as configured.

use std::fmt;

use indexmap::IndexMap;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::{Config, config};

/// Whether a connector reads from or writes to the other system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectorType {
    /// Into Kafka.
    Source,
    /// Out of Kafka.
    Sink,
    /// The class cannot be loaded, or the configuration is gone.
    Unknown,
}

/// A task of a connector.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConnectorTaskId {
    /// The connector's name.
    pub connector: String,
    /// The task's number, from 0.
    pub task: u32,
}

/// A connector: `GET /connectors/{name}` and the answers to changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorInfo {
    /// Its name.
    pub name: String,
    /// Its configuration, as submitted.
    pub config: Config,
    /// Its tasks.
    pub tasks: Vec<ConnectorTaskId>,
    /// Source or sink.
    #[serde(rename = "type")]
    pub kind: ConnectorType,
}

/// A task: `GET /connectors/{name}/tasks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskInfo {
    /// Which.
    pub id: ConnectorTaskId,
    /// Its configuration, as the connector made it.
    pub config: Config,
}

/// The state in which a new connector begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InitialState {
    /// With its tasks.
    Running,
    /// Paused.
    Paused,
    /// Without tasks.
    Stopped,
}

impl<'de> Deserialize<'de> for InitialState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?.to_uppercase();
        match name.as_str() {
            "RUNNING" => Ok(InitialState::Running),
            "PAUSED" => Ok(InitialState::Paused),
            "STOPPED" => Ok(InitialState::Stopped),
            _ => Err(D::Error::custom(format!(
                "No enum constant org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest.InitialState.{name}"
            ))),
        }
    }
}

/// The body of `POST /connectors`. Other keys are refused; of a repeated key the last value counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CreateConnectorRequest {
    /// The connector's name; may be absent when the configuration has it.
    pub name: Option<String>,
    /// The configuration; Java fails on a request without one.
    pub config: Option<Config>,
    /// The state to begin in; absent: running.
    pub initial_state: Option<InitialState>,
}

impl<'de> Deserialize<'de> for CreateConnectorRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Request)
    }
}

struct Request;

impl<'de> Visitor<'de> for Request {
    type Value = CreateConnectorRequest;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request to create a connector")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CreateConnectorRequest, A::Error> {
        let mut request = CreateConnectorRequest::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => {
                    let value: Box<RawValue> = map.next_value()?;
                    request.name = config::text(value.get())?;
                }
                "config" => request.config = map.next_value()?,
                "initial_state" => request.initial_state = map.next_value()?,
                _ => return Err(A::Error::unknown_field(&key, &["config", "name", "initial_state"])),
            }
        }
        Ok(request)
    }
}

/// The topics a connector has used, by connector: `GET /connectors/{name}/topics`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActiveTopics(pub IndexMap<String, Topics>);

/// A list of topics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topics {
    /// Their names.
    pub topics: Vec<String>,
}

impl ActiveTopics {
    /// The topics of one connector.
    pub fn new(connector: impl Into<String>, topics: Vec<String>) -> Self {
        Self(IndexMap::from([(connector.into(), Topics { topics })]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_look_as_in_java() {
        let id = ConnectorTaskId { connector: "c".into(), task: 0 };
        let config = Config::from_iter([("k", Some("v"))]);
        let info = ConnectorInfo {
            name: "c".into(),
            config: config.clone(),
            tasks: vec![id.clone()],
            kind: ConnectorType::Unknown,
        };
        let json = r#"{"name":"c","config":{"k":"v"},"tasks":[{"connector":"c","task":0}],"type":"unknown"}"#;
        assert_eq!(serde_json::to_string(&info).unwrap(), json);
        assert_eq!(serde_json::from_str::<ConnectorInfo>(json).unwrap(), info);
        assert_eq!(
            serde_json::to_string(&TaskInfo { id, config }).unwrap(),
            r#"{"id":{"connector":"c","task":0},"config":{"k":"v"}}"#
        );
        assert_eq!(
            serde_json::to_string(&ActiveTopics::new("c", vec!["t".into()])).unwrap(),
            r#"{"c":{"topics":["t"]}}"#
        );
    }

    #[test]
    fn a_request_takes_what_jackson_takes() {
        let read = |json| serde_json::from_str::<CreateConnectorRequest>(json);
        assert_eq!(read("{}").unwrap(), CreateConnectorRequest::default());
        assert_eq!(read(r#"{"name":"a","name":"b"}"#).unwrap().name.as_deref(), Some("b"));
        assert_eq!(read(r#"{"name":1,"config":null}"#).unwrap().name.as_deref(), Some("1"));
        assert_eq!(read(r#"{"initial_state":"paused"}"#).unwrap().initial_state, Some(InitialState::Paused));
        assert_eq!(read(r#"{"initial_state":null}"#).unwrap().initial_state, None);
        assert!(read(r#"{"x":1}"#).unwrap_err().to_string().contains("unknown field `x`"));
        let error = read(r#"{"initial_state":"x"}"#).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "No enum constant org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest.InitialState.X"
            ),
            "{error}"
        );
        for json in ["", "{", r#"{"name":[]}"#, r#"{"config":[]}"#, r#"{} x"#, r#"{"config":{"a":{}}}"#] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
