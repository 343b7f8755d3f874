//! Offsets of a connector.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::Object;

/// The offsets of a connector: `GET` and `PATCH /connectors/{name}/offsets`. Other keys are refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorOffsets {
    /// One per partition; absent in a request is for the receiver to refuse.
    #[serde(default, deserialize_with = "objects")]
    pub offsets: Option<Vec<Option<ConnectorOffset>>>,
}

/// The offset of one partition: of the source system, or `kafka_topic`, `kafka_partition` for a sink.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorOffset {
    /// The partition.
    #[serde(default)]
    pub partition: Option<Map<String, Value>>,
    /// The offset; null removes it.
    #[serde(default)]
    pub offset: Option<Map<String, Value>>,
}

type Offsets = Option<Vec<Option<ConnectorOffset>>>;

fn objects<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Offsets, D::Error> {
    let read = Option::<Vec<Option<Object<ConnectorOffset>>>>::deserialize(deserializer)?;
    Ok(read.map(|entries| entries.into_iter().map(|entry| entry.map(|Object(entry)| entry)).collect()))
}

impl ConnectorOffsets {
    /// An answer.
    pub fn new(offsets: Vec<ConnectorOffset>) -> Self {
        Self { offsets: Some(offsets.into_iter().map(Some).collect()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_look_as_in_java() {
        let json = r#"{"offsets":[{"partition":{"b":1,"a":"x"},"offset":{"position":6}},{"partition":{"a":1},"offset":null},null]}"#;
        let offsets: ConnectorOffsets = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&offsets).unwrap(), json);
        let absent: ConnectorOffsets = serde_json::from_str(r#"{"offsets":[{"partition":{"a":1}}]}"#).unwrap();
        assert_eq!(absent.offsets.unwrap()[0].as_ref().unwrap().offset, None);
        assert_eq!(serde_json::from_str::<ConnectorOffsets>("{}").unwrap().offsets, None);
        assert!(serde_json::from_str::<ConnectorOffsets>(r#"{"x":1}"#).is_err());
        assert!(serde_json::from_str::<ConnectorOffsets>(r#"{"offsets":[{"partition":1}]}"#).is_err());
        assert!(serde_json::from_str::<ConnectorOffsets>(r#"{"offsets":[[{"a":1},null]]}"#).is_err());
        assert!(serde_json::from_str::<Object<ConnectorOffsets>>("[]").is_err());
        assert!(serde_json::from_str::<Object<ConnectorOffsets>>("{}").is_ok());
    }
}
