//! States of connectors and tasks.

use serde::{Deserialize, Serialize};

use crate::ConnectorType;

/// The state of a connector and its tasks: `GET /connectors/{name}/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorStateInfo {
    /// The connector's name.
    pub name: String,
    /// The connector itself.
    pub connector: ConnectorState,
    /// Its tasks.
    pub tasks: Vec<TaskState>,
    /// Source or sink.
    #[serde(rename = "type")]
    pub kind: ConnectorType,
}

/// The state of a connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorState {
    /// Such as `RUNNING`.
    pub state: String,
    /// The worker that runs it, `host:port`.
    pub worker_id: String,
    /// The version of its class; null when that could not be loaded.
    #[serde(default)]
    pub version: Option<String>,
    /// Why it failed; left out when there is nothing to say.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub trace: Option<String>,
    /// What Moldau adds where there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moldau: Option<OwnState>,
}

/// The state of a task: `GET /connectors/{name}/tasks/{task}/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskState {
    /// The task's number.
    pub id: u32,
    /// Such as `RUNNING`.
    pub state: String,
    /// The worker that runs it, `host:port`.
    pub worker_id: String,
    /// The version of its class; null when that could not be loaded.
    #[serde(default)]
    pub version: Option<String>,
    /// Why it failed; left out when there is nothing to say.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub trace: Option<String>,
    /// What Moldau adds where there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moldau: Option<OwnState>,
}

/// What Moldau adds to a state, under `moldau`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnState {
    /// Its restarts, where the connector's configuration asks for them.
    #[serde(flatten)]
    pub restarts: Option<OwnRestarts>,
    /// The transforms of a task that kept records from going on; left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<DroppedRecords>,
}

/// The restarts of something that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRestarts {
    /// How often it was restarted by itself.
    pub restarts: u64,
    /// How many of these were in a row.
    pub restart_attempts: u32,
    /// How many there may be in a row.
    pub restart_max_attempts: u32,
    /// When the next restart is, in milliseconds since 1970, while one is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_restart_ms: Option<i64>,
}

/// What one transform kept from going on since its task was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedRecords {
    /// Its name in the connector's configuration.
    pub transform: String,
    /// Its Java class.
    pub class: String,
    /// Records that it dropped, as Filter does.
    pub filtered: u64,
    /// Records that it failed on and that `errors.tolerance=all` skipped.
    pub failed: u64,
}

fn is_empty(trace: &Option<String>) -> bool {
    trace.as_deref().is_none_or(str::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_always_there_and_an_empty_trace_never() {
        let info = ConnectorStateInfo {
            name: "c".into(),
            connector: ConnectorState {
                state: "FAILED".into(),
                worker_id: "w".into(),
                version: Some("1".into()),
                trace: Some("tr".into()),
                moldau: None,
            },
            tasks: vec![TaskState {
                id: 0,
                state: "RUNNING".into(),
                worker_id: "w".into(),
                version: None,
                trace: Some(String::new()),
                moldau: None,
            }],
            kind: ConnectorType::Source,
        };
        // As printed by Kafka Connect 4.3.1's own class.
        let json = concat!(
            r#"{"name":"c","connector":{"state":"FAILED","worker_id":"w","version":"1","trace":"tr"},"#,
            r#""tasks":[{"id":0,"state":"RUNNING","worker_id":"w","version":null}],"type":"source"}"#
        );
        assert_eq!(serde_json::to_string(&info).unwrap(), json);
        let older = json.replace(r#","version":null"#, "");
        assert_eq!(serde_json::from_str::<ConnectorStateInfo>(&older).unwrap().tasks[0].version, None);
    }

    #[test]
    fn restarts_and_dropped_records_stand_side_by_side_and_each_alone() {
        let restarts = OwnRestarts { restarts: 3, restart_attempts: 1, restart_max_attempts: 2, next_restart_ms: None };
        let dropped = DroppedRecords { transform: "drop".into(), class: "x.Filter".into(), filtered: 5, failed: 0 };
        let texts = [
            (Some(restarts.clone()), vec![], r#"{"restarts":3,"restart_attempts":1,"restart_max_attempts":2}"#),
            (
                None,
                vec![dropped.clone()],
                r#"{"dropped":[{"transform":"drop","class":"x.Filter","filtered":5,"failed":0}]}"#,
            ),
        ];
        for (restarts, dropped, text) in texts {
            let state = OwnState { restarts, dropped };
            assert_eq!(serde_json::to_string(&state).unwrap(), text);
            assert_eq!(serde_json::from_str::<OwnState>(text).unwrap(), state);
        }
        let both = OwnState { restarts: Some(restarts), dropped: vec![dropped] };
        let text = serde_json::to_string(&both).unwrap();
        assert_eq!(serde_json::from_str::<OwnState>(&text).unwrap(), both);
    }
}
