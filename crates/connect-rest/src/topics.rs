//! `/connectors/{name}/topics`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use connect_rest_model as model;

use crate::error::RestError;
use crate::state::RestState;

type Answer<T> = Result<T, RestError>;

pub(crate) async fn list(
    State(state): State<RestState>,
    Path(name): Path<String>,
) -> Answer<Json<model::ActiveTopics>> {
    let topics = state.herder.topics(&name)?;
    Ok(Json(model::ActiveTopics::new(name, topics)))
}

pub(crate) async fn reset(State(state): State<RestState>, Path(name): Path<String>) -> Answer<StatusCode> {
    state.carry_out("reset topics", |herder| Box::pin(async move { herder.reset_topics(&name).await })).await?;
    Ok(StatusCode::ACCEPTED)
}
