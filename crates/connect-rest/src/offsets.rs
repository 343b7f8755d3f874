//! `/connectors/{name}/offsets`: see, change and remove the offsets of a connector (KIP-875).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use connect_api::Text;
use connect_api::data::{Decimal, Map, Value};
use connect_converters::json::plain;
use connect_herder::{HerderError, PartitionOffset};
use connect_rest_model as model;
use connect_worker::ConnectorOffsets;
use serde_json::Value as JsonValue;

use crate::body::AnyBody;
use crate::error::RestError;
use crate::state::RestState;

type Answer<T> = Result<Json<T>, RestError>;
type Members = serde_json::Map<String, JsonValue>;

pub(crate) async fn read(State(state): State<RestState>, Path(name): Path<String>) -> Answer<model::ConnectorOffsets> {
    let offsets = state
        .carry_out("read offsets", |herder| Box::pin(async move { herder.connector_offsets(&name).await }))
        .await?;
    let entries: Result<Vec<model::ConnectorOffset>, RestError> = match offsets {
        ConnectorOffsets::Source(offsets) => offsets
            .into_iter()
            .map(|(partition, offset)| {
                let partition = partition.entries().iter().cloned().collect();
                let offset =
                    offset.map(|offset| offset.entries().map(|(key, value)| (key.clone(), value.clone())).collect());
                entry(partition, offset)
            })
            .collect(),
        ConnectorOffsets::Sink(offsets) => offsets
            .into_iter()
            .map(|(of, offset)| {
                let partition =
                    [("kafka_topic", Value::from(&*of.topic)), ("kafka_partition", Value::Int32(of.partition))];
                entry(partition.into_iter().collect(), Some([("kafka_offset", offset)].into_iter().collect()))
            })
            .collect(),
    };
    Ok(Json(model::ConnectorOffsets::new(entries?)))
}

pub(crate) async fn alter(
    State(state): State<RestState>,
    Path(name): Path<String>,
    AnyBody(request): AnyBody<model::ConnectorOffsets>,
) -> Answer<model::Message> {
    let request = request.ok_or_else(|| {
        RestError::null("org.apache.kafka.connect.runtime.rest.entities.ConnectorOffsets.offsets()", "offsets")
    })?;
    let offsets = request.offsets.unwrap_or_default();
    if offsets.is_empty() {
        let text = "Partitions / offsets need to be provided for an alter offsets request";
        return Err(HerderError::BadRequest(text.to_owned()).into());
    }
    let offsets = offsets.into_iter().map(|entry| {
        let entry = entry.ok_or_else(|| {
            RestError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Cannot invoke \"org.apache.kafka.connect.runtime.rest.entities.ConnectorOffset.partition()\" because \
                 \"offset\" is null",
            )
        })?;
        Ok(PartitionOffset { partition: entry.partition.map(map), offset: entry.offset.map(map) })
    });
    let offsets = offsets.collect::<Result<Vec<_>, RestError>>()?;
    let message = state.carry_out("alter offsets", |herder| {
        Box::pin(async move { herder.alter_connector_offsets(&name, offsets).await })
    });
    Ok(Json(model::Message { message: message.await? }))
}

pub(crate) async fn reset(State(state): State<RestState>, Path(name): Path<String>) -> Answer<model::Message> {
    let message =
        state.carry_out("reset offsets", |herder| Box::pin(async move { herder.reset_connector_offsets(&name).await }));
    Ok(Json(model::Message { message: message.await? }))
}

fn entry(partition: Map, offset: Option<Map>) -> Result<model::ConnectorOffset, RestError> {
    Ok(model::ConnectorOffset { partition: Some(members(partition)?), offset: offset.map(members).transpose()? })
}

/// A map as JSON, its keys in the order of a Java `HashMap`.
fn members(map: Map) -> Result<Members, RestError> {
    let mut text = Vec::new();
    let written = plain::write_value(&Value::from(map), &mut text);
    written.map_err(HerderError::from)?;
    let read = serde_json::from_slice(&text);
    read.map_err(|error| RestError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn map(members: Members) -> Map {
    members.into_iter().map(|(key, member)| (Text::from(key), value(member))).collect()
}

/// JSON as Java's parser would hand it to Connect. Integers too large for a long become decimals.
fn value(json: JsonValue) -> Value {
    match json {
        JsonValue::Null => Value::Null,
        JsonValue::Bool(is) => Value::Boolean(is),
        JsonValue::String(text) => Value::string(text),
        JsonValue::Array(items) => Value::Array(items.into_iter().map(value).collect()),
        JsonValue::Object(members) => Value::from(map(members)),
        JsonValue::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::Int64(number),
            (None, Some(number)) => Value::from(Decimal::new(number, 0)),
            (None, None) => Value::Float64(number.as_f64().unwrap_or(f64::NAN)),
        },
    }
}
