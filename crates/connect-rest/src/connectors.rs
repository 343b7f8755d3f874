//! `/connectors`: create, read, change, delete, pause, resume, stop, restart.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header::LOCATION};
use axum::response::{IntoResponse, Response};
use connect_herder::{
    ConnectorStatus, Created, HerderError, InstanceStatus, OwnRestarts, OwnStatus, RestartRequest, TaskStatus,
};
use connect_rest_model as model;
use connect_storage::config::TargetState;
use connect_worker::record::DroppedRecords;
use kafka_config::{RawConfig, hash_order};
use serde_json::{Map, Value};

use crate::body::AnyBody;
use crate::error::RestError;
use crate::location::location;
use crate::state::RestState;

type Answer<T> = Result<T, RestError>;

/// Configurations of tasks.
pub(crate) type Tasks = Vec<model::Config>;

pub(crate) async fn list(State(state): State<RestState>, RawQuery(query): RawQuery) -> Answer<Response> {
    let expand = parameters(query.as_deref(), "expand");
    let names = state.herder.connectors();
    // Parity: Java keeps them in a hash map.
    let names = hash_order(names.iter().map(String::as_str));
    if expand.is_empty() {
        return Ok(Json(names).into_response());
    }
    let mut all = Map::new();
    for name in names {
        // One that is gone meanwhile, or has no status yet, is left out altogether.
        if let Ok(entry) = expanded(&state, name, &expand) {
            all.insert(name.to_owned(), Value::Object(entry));
        }
    }
    Ok(Json(all).into_response())
}

/// What is told of a connector, in the order in which it was asked for.
fn expanded(state: &RestState, name: &str, expand: &[String]) -> Result<Map<String, Value>, HerderError> {
    let mut entry = Map::new();
    for what in expand {
        let told = match what.as_str() {
            "info" => json(&info_model(state.herder.connector_info(name)?)),
            "status" => json(&status_model(state.herder.connector_status(name)?)),
            _ => {
                tracing::info!("Ignoring unknown expansion type {what}");
                continue;
            }
        };
        entry.insert(what.clone(), told);
    }
    Ok(entry)
}

pub(crate) async fn create(
    State(state): State<RestState>,
    headers: HeaderMap,
    AnyBody(request): AnyBody<model::CreateConnectorRequest>,
) -> Answer<Response> {
    let request = request.ok_or_else(|| {
        RestError::null("org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest.name()", "createRequest")
    })?;
    let name = request.name.as_deref().unwrap_or_default().trim().to_owned();
    let Some(config) = request.config else {
        return Err(without_config());
    };
    let config = named(raw(config), &name)?;
    let target = request.initial_state.map(|state| match state {
        model::InitialState::Running => TargetState::Started,
        model::InitialState::Paused => TargetState::Paused,
        model::InitialState::Stopped => TargetState::Stopped,
    });
    let created = put(&state, name, config, target, false).await?;
    created_response(&state, &headers, created, true)
}

pub(crate) async fn info(
    State(state): State<RestState>,
    Path(name): Path<String>,
) -> Answer<Json<model::ConnectorInfo>> {
    Ok(Json(info_model(state.herder.connector_info(&name)?)))
}

pub(crate) async fn config(State(state): State<RestState>, Path(name): Path<String>) -> Answer<Json<model::Config>> {
    Ok(Json(config_model(&state.herder.connector_info(&name)?.config)))
}

pub(crate) async fn put_config(
    State(state): State<RestState>,
    Path(name): Path<String>,
    headers: HeaderMap,
    AnyBody(config): AnyBody<model::Config>,
) -> Answer<Response> {
    let config = config.ok_or_else(without_config)?;
    let config = named(raw(config), &name)?;
    let created = put(&state, name, config, None, true).await?;
    let is_new = created.created;
    created_response(&state, &headers, created, is_new)
}

pub(crate) async fn patch_config(
    State(state): State<RestState>,
    Path(name): Path<String>,
    AnyBody(patch): AnyBody<model::Config>,
) -> Answer<Json<model::ConnectorInfo>> {
    let Some(patch) = patch else {
        state.herder.connector_info(&name)?;
        return Err(RestError::null("java.util.Map.forEach(java.util.function.BiConsumer)", "patch"));
    };
    let patch = raw(patch);
    let patched = state
        .carry_out("patch connector", |herder| Box::pin(async move { herder.patch_connector(&name, patch).await }))
        .await?;
    Ok(Json(info_model(patched)))
}

pub(crate) async fn delete(State(state): State<RestState>, Path(name): Path<String>) -> Answer<StatusCode> {
    state.carry_out("delete connector", |herder| Box::pin(async move { herder.delete_connector(&name).await })).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn status(
    State(state): State<RestState>,
    Path(name): Path<String>,
) -> Answer<Json<model::ConnectorStateInfo>> {
    Ok(Json(status_model(state.herder.connector_status(&name)?)))
}

pub(crate) async fn pause(State(state): State<RestState>, Path(name): Path<String>) -> Answer<StatusCode> {
    target(&state, name, TargetState::Paused).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(crate) async fn resume(State(state): State<RestState>, Path(name): Path<String>) -> Answer<StatusCode> {
    target(&state, name, TargetState::Started).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(crate) async fn stop(State(state): State<RestState>, Path(name): Path<String>) -> Answer<StatusCode> {
    target(&state, name, TargetState::Stopped).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn restart(
    State(state): State<RestState>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Response> {
    let is_true = |parameter| {
        parameters(query.as_deref(), parameter).first().is_some_and(|value| value.eq_ignore_ascii_case("true"))
    };
    let request = RestartRequest { include_tasks: is_true("includeTasks"), only_failed: is_true("onlyFailed") };
    let status = state
        .carry_out("restart connector", move |herder| {
            Box::pin(async move { herder.restart_connector(&name, request).await })
        })
        .await?;
    Ok(if request.is_plain() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        (StatusCode::ACCEPTED, Json(status_model(status))).into_response()
    })
}

async fn put(
    state: &RestState,
    name: String,
    config: RawConfig,
    target: Option<TargetState>,
    replace: bool,
) -> Answer<Created> {
    state
        .carry_out("put connector", move |herder| {
            Box::pin(async move { herder.put_connector(&name, config, target, replace).await })
        })
        .await
}

async fn target(state: &RestState, name: String, target: TargetState) -> Answer<()> {
    state
        .carry_out("change target state", move |herder| {
            Box::pin(async move { herder.set_target_state(&name, target).await })
        })
        .await
}

/// The configuration with the name of the request, which it must not contradict.
fn named(mut config: RawConfig, name: &str) -> Answer<RawConfig> {
    match config.get("name") {
        Some(own) if own != name => Err(HerderError::BadRequest(format!(
            "Connector name configuration ({own}) doesn't match connector name in the URL ({name})"
        ))
        .into()),
        Some(_) => Ok(config),
        None => {
            config.insert("name", name);
            Ok(config)
        }
    }
}

fn created_response(state: &RestState, headers: &HeaderMap, created: Created, is_new: bool) -> Answer<Response> {
    let location = is_new.then(|| location(headers, &state.base_url, &created.info.name)).transpose()?;
    let body = Json(info_model(created.info));
    Ok(match location {
        Some(location) => (StatusCode::CREATED, [(LOCATION, location)], body).into_response(),
        None => body.into_response(),
    })
}

/// Parity: Java's words when a configuration is missing.
pub(crate) fn without_config() -> RestError {
    RestError::null("java.util.Map.get(Object)", "connectorConfig")
}

/// The values of a query parameter.
pub(crate) fn parameters(query: Option<&str>, name: &str) -> Vec<String> {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(|(key, _)| decoded(key) == name).map(|(_, value)| decoded(value)).collect()
}

/// A part of a query without escapes; what cannot be decoded stays.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.filter(|_| *byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        plain.push(escaped.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

pub(crate) fn raw(config: model::Config) -> RawConfig {
    config.0.into_iter().collect()
}

pub(crate) fn config_model(config: &RawConfig) -> model::Config {
    config.in_order().map(|(key, value)| (key.to_owned(), value.map(str::to_owned))).collect()
}

fn kind_model(kind: &str) -> model::ConnectorType {
    match kind {
        "source" => model::ConnectorType::Source,
        "sink" => model::ConnectorType::Sink,
        _ => model::ConnectorType::Unknown,
    }
}

pub(crate) fn task_id(id: &connect_worker::TaskId) -> model::ConnectorTaskId {
    model::ConnectorTaskId { connector: id.connector.to_string(), task: id.task }
}

fn info_model(info: connect_herder::ConnectorInfo) -> model::ConnectorInfo {
    model::ConnectorInfo {
        config: config_model(&info.config),
        tasks: info.tasks.iter().map(task_id).collect(),
        kind: kind_model(info.kind),
        name: info.name,
    }
}

fn status_model(status: ConnectorStatus) -> model::ConnectorStateInfo {
    let InstanceStatus { state, worker_id, trace, version, own } = status.connector;
    let moldau = own.map(own_model);
    model::ConnectorStateInfo {
        name: status.name,
        connector: model::ConnectorState { state: state.to_owned(), worker_id, trace, version, moldau },
        tasks: status.tasks.into_iter().map(task_model).collect(),
        kind: kind_model(status.kind),
    }
}

fn own_model(own: OwnStatus) -> model::OwnState {
    let restarts = own.restarts.map(|own| {
        let OwnRestarts { restarts, restart_attempts, restart_max_attempts, next_restart_ms } = own;
        model::OwnRestarts { restarts, restart_attempts, restart_max_attempts, next_restart_ms }
    });
    let dropped = own.dropped.into_iter().map(|dropped| {
        let DroppedRecords { alias, class, filtered, failed } = dropped;
        model::DroppedRecords { transform: alias, class, filtered, failed }
    });
    model::OwnState { restarts, dropped: dropped.collect() }
}

pub(crate) fn task_model(task: TaskStatus) -> model::TaskState {
    let InstanceStatus { state, worker_id, trace, version, own } = task.status;
    model::TaskState { id: task.id, state: state.to_owned(), worker_id, trace, version, moldau: own.map(own_model) }
}
