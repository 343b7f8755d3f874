//! The worker itself, and the bodies of errors and messages.

use serde::{Deserialize, Serialize};

/// The worker: `GET /`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// The version of Kafka Connect.
    pub version: String,
    /// The commit it was built from.
    pub commit: String,
    /// The Kafka cluster it works with.
    pub kafka_cluster_id: Option<String>,
}

/// The body of every error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The HTTP status.
    pub error_code: u16,
    /// What went wrong.
    pub message: Option<String>,
}

/// A sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The sentence.
    pub message: String,
}

/// The level of a logger: `/admin/loggers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggerLevel {
    /// Such as `INFO`.
    pub level: String,
    /// When it was changed, in milliseconds since 1970; null if never.
    pub last_modified: Option<i64>,
}

/// How the worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It answers.
    Healthy,
    /// It is still starting.
    Starting,
    /// It did not answer in time.
    Unhealthy,
}

/// How the worker is: `GET /health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerStatus {
    /// In a word.
    pub status: Health,
    /// In a sentence.
    pub message: String,
}

impl WorkerStatus {
    /// A worker in order.
    pub fn healthy() -> Self {
        Self::new(Health::Healthy, "Worker has completed startup and is ready to handle requests.", None)
    }

    /// A worker that is not ready yet, and the stage it is in.
    pub fn starting(stage: Option<&str>) -> Self {
        Self::new(Health::Starting, "Worker is still starting up.", stage)
    }

    /// A worker that did not answer, and the stage it is in.
    pub fn unhealthy(stage: Option<&str>) -> Self {
        const MESSAGE: &str = "Worker was unable to handle this request and may be unable to handle other requests.";
        Self::new(Health::Unhealthy, MESSAGE, stage)
    }

    fn new(status: Health, message: &str, stage: Option<&str>) -> Self {
        let stage = stage.filter(|stage| !stage.is_empty()).map(|stage| format!(" {stage}")).unwrap_or_default();
        Self { status, message: format!("{message}{stage}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: &impl Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn entities_look_as_in_java() {
        let info = ServerInfo {
            version: "4.3.1".into(),
            commit: "26b251a451ce941d".into(),
            kafka_cluster_id: Some("cid".into()),
        };
        assert_eq!(json(&info), r#"{"version":"4.3.1","commit":"26b251a451ce941d","kafka_cluster_id":"cid"}"#);
        assert_eq!(json(&ErrorBody { error_code: 404, message: None }), r#"{"error_code":404,"message":null}"#);
        assert_eq!(json(&Message { message: "x".into() }), r#"{"message":"x"}"#);
        let level = LoggerLevel { level: "INFO".into(), last_modified: None };
        assert_eq!(json(&level), r#"{"level":"INFO","last_modified":null}"#);
        assert_eq!(
            json(&WorkerStatus::healthy()),
            r#"{"status":"healthy","message":"Worker has completed startup and is ready to handle requests."}"#
        );
        assert_eq!(
            json(&WorkerStatus::starting(Some("Waiting."))),
            r#"{"status":"starting","message":"Worker is still starting up. Waiting."}"#
        );
    }
}
