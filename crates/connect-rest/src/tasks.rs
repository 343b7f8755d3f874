//! `/connectors/{name}/tasks`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use connect_rest_model as model;
use connect_worker::TaskId;

use crate::connectors::{config_model, task_id, task_model};
use crate::error::RestError;
use crate::state::RestState;

type Answer<T> = Result<T, RestError>;

pub(crate) async fn list(
    State(state): State<RestState>,
    Path(name): Path<String>,
) -> Answer<Json<Vec<model::TaskInfo>>> {
    let tasks = state.herder.task_infos(&name)?.into_iter();
    let model =
        |task: connect_herder::TaskInfo| model::TaskInfo { id: task_id(&task.id), config: config_model(&task.config) };
    Ok(Json(tasks.map(model).collect()))
}

pub(crate) async fn status(
    State(state): State<RestState>,
    Path((name, task)): Path<(String, String)>,
) -> Answer<Json<model::TaskState>> {
    Ok(Json(task_model(state.herder.task_status(&id(name, &task)?)?)))
}

pub(crate) async fn restart(
    State(state): State<RestState>,
    Path((name, task)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let id = id(name, &task)?;
    state.carry_out("restart task", move |herder| Box::pin(async move { herder.restart_task(&id).await })).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A task id that is no number is a path that nobody serves.
fn id(name: String, task: &str) -> Answer<TaskId> {
    let not_found = || RestError::new(StatusCode::NOT_FOUND, "HTTP 404 Not Found");
    Ok(TaskId::new(name, task.parse().map_err(|_| not_found())?))
}
