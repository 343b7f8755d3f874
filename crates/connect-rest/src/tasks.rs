//! `/connectors/{name}/tasks`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use connect_herder::HerderError;
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
    let number = number(&task)?;
    let Ok(task) = u32::try_from(number) else {
        return Err(HerderError::NotFound(format!("No status found for task {name}-{number}")).into());
    };
    Ok(Json(task_model(state.herder.task_status(&TaskId::new(name, task))?)))
}

pub(crate) async fn restart(
    State(state): State<RestState>,
    Path((name, task)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let number = number(&task)?;
    let Ok(task) = u32::try_from(number) else {
        state.herder.connector_info(&name)?;
        return Err(HerderError::NotFound(format!("Task {name}-{number} not found")).into());
    };
    let id = TaskId::new(name, task);
    state.carry_out("restart task", move |herder| Box::pin(async move { herder.restart_task(&id).await })).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A task id that is no number is a path that nobody serves.
fn number(task: &str) -> Answer<i32> {
    task.parse().map_err(|_| RestError::new(StatusCode::NOT_FOUND, "HTTP 404 Not Found"))
}
