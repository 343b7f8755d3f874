//! `/` and `/health`.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use connect_rest_model::{ServerInfo, WorkerStatus};

use crate::state::RestState;

/// The version of Apache Kafka Connect whose REST API this is.
pub const PROTOCOL_VERSION: &str = "4.3.1";

/// The commit that Apache built that version from; tools compare it.
pub const PROTOCOL_COMMIT: &str = "26b251a451ce941d";

pub(crate) async fn server_info(State(state): State<RestState>) -> Json<ServerInfo> {
    Json(ServerInfo {
        version: PROTOCOL_VERSION.to_owned(),
        commit: PROTOCOL_COMMIT.to_owned(),
        kafka_cluster_id: Some(state.herder.kafka_cluster_id().to_owned()),
    })
}

/// How long a worker may take to say that it is well.
const HEALTH_LIMIT: Duration = Duration::from_secs(10);

pub(crate) async fn health(State(state): State<RestState>) -> (StatusCode, Json<WorkerStatus>) {
    let well = state.env.timeout(HEALTH_LIMIT, state.herder.health_check()).await.is_ok();
    let (status, body) = match (well, state.herder.is_ready()) {
        (true, _) => (StatusCode::OK, WorkerStatus::healthy()),
        // A worker on its own names no stages, as Java's does not.
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, WorkerStatus::starting(None)),
        (false, true) => (StatusCode::INTERNAL_SERVER_ERROR, WorkerStatus::unhealthy(None)),
    };
    (status, Json(body))
}
