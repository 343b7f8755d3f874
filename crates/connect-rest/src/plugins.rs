//! `/connector-plugins`: which there are, their keys, and the validation of a connector's configuration.

use axum::Json;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::StatusCode;
use connect_api::plugin::{Plugin, Shelf};
use connect_herder::{HerderError, ValidatedKey, Validation};
use connect_rest_model as model;
use kafka_config::{ConfigKey, ConfigValue, convert_to_string};
use serde::Deserialize;
use std::sync::Arc;

use crate::body::AnyBody;
use crate::connectors::{parameters, raw, without_config};
use crate::error::RestError;
use crate::state::RestState;

/// Sinks, sources, and unless `connectorsOnly` all the others.
pub(crate) async fn list(State(state): State<RestState>, RawQuery(query): RawQuery) -> Json<Vec<model::PluginInfo>> {
    let registry = &state.registry;
    let all = registry.connectors.iter();
    let mut plugins: Vec<model::PluginInfo> =
        all.map(|(class, plugin)| info(class, plugin.kind(), plugin.version())).collect();
    // Sinks come first.
    plugins.sort_by_key(|plugin| (plugin.kind != "sink", plugin.class.clone()));
    let connectors_only = parameters(query.as_deref(), "connectorsOnly");
    // Parity: whatever is not true is false, also nothing.
    if connectors_only.first().is_some_and(|only| !only.eq_ignore_ascii_case("true")) {
        plugins.extend(infos(&registry.transforms, "transformation"));
        plugins.extend(infos(&registry.predicates, "predicate"));
        plugins.extend(infos(&registry.converters, "converter"));
        plugins.extend(infos(&registry.header_converters, "header_converter"));
    }
    Json(plugins)
}

fn infos<'a, P: Plugin + ?Sized>(
    shelf: &'a Shelf<Arc<P>>,
    kind: &'a str,
) -> impl Iterator<Item = model::PluginInfo> + 'a {
    shelf.iter().map(move |(class, plugin)| info(class, kind, plugin.version()))
}

fn info(class: &str, kind: &str, version: &str) -> model::PluginInfo {
    model::PluginInfo { class: class.to_owned(), kind: kind.to_owned(), version: Some(version.to_owned()) }
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    version: Option<String>,
}

/// The keys of one plug-in.
pub(crate) async fn config(
    State(state): State<RestState>,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<model::ConfigKeyInfo>>, RestError> {
    let keys = state.carry_out("keys of a plug-in", |herder| {
        Box::pin(async move { herder.plugin_keys(&name, wanted.version.as_deref()).await })
    });
    let keys = keys.await?;
    Ok(Json(keys.into_iter().map(key_model).collect()))
}

/// Validates a configuration; one with mistakes is answered with 200.
pub(crate) async fn validate(
    State(state): State<RestState>,
    Path(name): Path<String>,
    AnyBody(config): AnyBody<model::Config>,
) -> Result<Json<model::ConfigInfos>, RestError> {
    let config = raw(config.ok_or_else(without_config)?);
    if let Some(class) = config.get("connector.class")
        && !without_suffix(class).ends_with(without_suffix(&name))
    {
        let text = format!("Included connector type {class} does not match request type {name}");
        return Err(RestError::new(StatusCode::BAD_REQUEST, text));
    }
    let result = state
        .carry_out_told("validate", |herder, progress| {
            Box::pin(async move { Ok(herder.validate(config, progress).await) })
        })
        .await?;
    result.map(|found| Json(validation_model(found))).map_err(wrapped)
}

/// The alias of a class, or the name itself.
fn without_suffix(name: &str) -> &str {
    name.strip_suffix("Connector").filter(|short| !short.is_empty()).unwrap_or(name)
}

/// Parity: a validation runs on a thread of its own in Java, and what fails there is answered as that thread's failure:
/// always 500, with the class of the exception.
fn wrapped(error: HerderError) -> RestError {
    let class = match &error {
        HerderError::BadRequest(_) => "org.apache.kafka.connect.runtime.rest.errors.BadRequestException",
        HerderError::NotFound(_) => "org.apache.kafka.connect.errors.NotFoundException",
        HerderError::AlreadyExists(_) => "org.apache.kafka.connect.errors.AlreadyExistsException",
        HerderError::Forbidden(_) => "org.apache.kafka.connect.runtime.rest.errors.ConnectRestException",
        HerderError::Failed(cause) => cause.class(),
    };
    RestError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{class}: {error}"))
}

fn validation_model(found: Validation) -> model::ConfigInfos {
    model::ConfigInfos {
        name: found.class,
        error_count: found.error_count,
        groups: found.groups,
        configs: found.keys.into_iter().map(entry_model).collect(),
    }
}

fn entry_model(key: ValidatedKey) -> model::ConfigInfo {
    model::ConfigInfo { definition: key.definition.map(key_model), value: key.value.map(value_model) }
}

fn key_model(key: ConfigKey) -> model::ConfigKeyInfo {
    model::ConfigKeyInfo {
        kind: key.kind.name().to_owned(),
        required: !key.has_default(),
        default_value: key.default_value().map(convert_to_string),
        importance: key.importance.name().to_owned(),
        group: key.group,
        order_in_group: key.order_in_group,
        width: key.width.name().to_owned(),
        display_name: key.display_name,
        dependents: key.dependents,
        documentation: key.documentation,
        name: key.name,
    }
}

fn value_model(value: ConfigValue) -> model::ConfigValueInfo {
    model::ConfigValueInfo {
        name: value.name,
        value: value.value.as_ref().map(convert_to_string),
        recommended_values: value.recommended_values.iter().map(convert_to_string).collect(),
        errors: value.errors,
        visible: value.visible,
    }
}
