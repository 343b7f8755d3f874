//! `/` and `/health`.

use axum::Json;
use axum::extract::State;
use connect_rest_model::{ServerInfo, WorkerStatus};

use crate::state::RestState;

/// The version of Apache Kafka Connect whose REST API this is.
pub const PROTOCOL_VERSION: &str = "4.3.1";

pub(crate) async fn server_info(State(state): State<RestState>) -> Json<ServerInfo> {
    Json(ServerInfo {
        version: PROTOCOL_VERSION.to_owned(),
        commit: "unknown".to_owned(),
        kafka_cluster_id: Some(state.herder.kafka_cluster_id().to_owned()),
    })
}

pub(crate) async fn health() -> Json<WorkerStatus> {
    Json(WorkerStatus::healthy())
}
