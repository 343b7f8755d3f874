//! `/admin/loggers`: the levels of loggers, and how they are changed while the worker runs (Apache: `LoggingResource`).

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use connect_herder::{LogLevel, LoggerState};
use connect_rest_model as model;

use crate::body::AnyBody;
use crate::connectors::parameters;
use crate::error::RestError;
use crate::state::RestState;

const WORKER: &str = "worker";
const CLUSTER: &str = "cluster";

/// All that there are.
pub(crate) async fn list(State(state): State<RestState>) -> Json<BTreeMap<String, model::LoggerLevel>> {
    Json(state.loggers.levels().into_iter().map(|(name, state)| (name, level_model(state))).collect())
}

/// One of them.
pub(crate) async fn level(
    State(state): State<RestState>,
    Path(name): Path<String>,
) -> Result<Json<model::LoggerLevel>, RestError> {
    let Some(level) = state.loggers.level(&name) else {
        tracing::warn!("Unable to find level for logger {name}");
        return Err(RestError::new(StatusCode::NOT_FOUND, format!("Logger {name} not found.")));
    };
    Ok(Json(level_model(level)))
}

/// Changes the level of a name and what begins with it.
pub(crate) async fn set(
    State(state): State<RestState>,
    Path(namespace): Path<String>,
    RawQuery(query): RawQuery,
    AnyBody(wanted): AnyBody<model::Config>,
) -> Result<Response, RestError> {
    let level = wanted_level(wanted)?;
    let scopes = parameters(query.as_deref(), "scope");
    let scope = scopes.first().map_or(WORKER, String::as_str);
    // A standalone worker is its cluster, and tells nobody which loggers have changed there.
    let cluster = scope.eq_ignore_ascii_case(CLUSTER);
    if !cluster && !scope.eq_ignore_ascii_case(WORKER) {
        tracing::warn!("Received invalid scope '{scope}' in request to adjust logging level; will default to {WORKER}");
    }
    let changed = state.loggers.set(&namespace, level, state.env.clock().unix_millis());
    let changed = changed.map_err(|text| RestError::new(StatusCode::INTERNAL_SERVER_ERROR, text))?;
    tracing::info!("Setting level of namespace {namespace} and children to {}", level.name());
    Ok(if cluster { StatusCode::NO_CONTENT.into_response() } else { Json(changed).into_response() })
}

fn wanted_level(wanted: Option<model::Config>) -> Result<LogLevel, RestError> {
    let failed = |text: &str| RestError::new(StatusCode::INTERNAL_SERVER_ERROR, text);
    let Some(wanted) = wanted else {
        return Err(failed("Cannot invoke \"java.util.Map.get(Object)\" because \"levelMap\" is null"));
    };
    let Some(text) = wanted.0.get("level").and_then(Option::as_deref) else {
        let text = "Desired 'level' parameter was not specified in request.";
        return Err(RestError::new(StatusCode::BAD_REQUEST, text));
    };
    // Parity: log4j2 complains of the empty text in its own words.
    if text.is_empty() {
        return Err(failed("Illegal null or empty Level name."));
    }
    let unknown = || RestError::new(StatusCode::NOT_FOUND, format!("invalid log level '{text}'."));
    LogLevel::parse(text).ok_or_else(unknown)
}

fn level_model(state: LoggerState) -> model::LoggerLevel {
    model::LoggerLevel { level: state.level.name().to_owned(), last_modified: state.last_modified }
}
