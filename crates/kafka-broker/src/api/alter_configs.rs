//! AlterConfigs and IncrementalAlterConfigs: what topics and the broker are told. A resource changes as a whole or not
//! at all.

use std::collections::{BTreeMap, BTreeSet};

use kafka_wire::messages::alter_configs_request::AlterConfigsResource;
use kafka_wire::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_wire::messages::incremental_alter_configs_request::AlterConfigsResource as IncrementalResource;
use kafka_wire::messages::incremental_alter_configs_response::AlterConfigsResourceResponse as IncrementalResourceResponse;
use kafka_wire::messages::{
    AlterConfigsRequest, AlterConfigsResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use kafka_wire::{ErrorCode, StrBytes};

use super::configs::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC};
use super::{About, Api, Reply};
use crate::broker::Node;
use crate::configs::{Change, Scope, apply};
use crate::topics::check_name;

type Refusal = (ErrorCode, String);

/// A resource that a request changes.
struct Asked {
    kind: i8,
    name: StrBytes,
    /// Keys with Kafka's number of the operation.
    changes: Vec<(String, i8, Option<String>)>,
    /// Keys that are not named go back to their defaults.
    replaces: bool,
}

/// Numbers of operations.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

/// AlterConfigs: everything that is not in the request goes back to its default.
pub(crate) struct AlterConfigs;

impl Api for AlterConfigs {
    type Request = AlterConfigsRequest;
    type Response = AlterConfigsResponse;

    async fn carry_out(node: &Node, _: About<'_>, request: AlterConfigsRequest) -> Reply<AlterConfigsResponse> {
        let asked: Vec<Asked> = request.resources.into_iter().map(Asked::from).collect();
        legacy(alter_all(node, asked, request.validate_only))
    }

    fn refuse(request: AlterConfigsRequest, _: About<'_>, code: ErrorCode) -> Reply<AlterConfigsResponse> {
        legacy(request.resources.into_iter().map(|asked| refused(Asked::from(asked), code)).collect())
    }
}

/// IncrementalAlterConfigs (KIP-339).
pub(crate) struct IncrementalAlterConfigs;

impl Api for IncrementalAlterConfigs {
    type Request = IncrementalAlterConfigsRequest;
    type Response = IncrementalAlterConfigsResponse;

    async fn carry_out(
        node: &Node,
        _: About<'_>,
        request: IncrementalAlterConfigsRequest,
    ) -> Reply<IncrementalAlterConfigsResponse> {
        let asked: Vec<Asked> = request.resources.into_iter().map(Asked::from).collect();
        incremental(alter_all(node, asked, request.validate_only))
    }

    fn refuse(
        request: IncrementalAlterConfigsRequest,
        _: About<'_>,
        code: ErrorCode,
    ) -> Reply<IncrementalAlterConfigsResponse> {
        incremental(request.resources.into_iter().map(|asked| refused(Asked::from(asked), code)).collect())
    }
}

/// A resource's kind and name, and how its change ended.
type Outcome = (i8, StrBytes, Result<(), Refusal>);

fn refused(asked: Asked, code: ErrorCode) -> Outcome {
    (asked.kind, asked.name, Err((code, code.message().to_owned())))
}

fn alter_all(node: &Node, asked: Vec<Asked>, validate_only: bool) -> Vec<Outcome> {
    let mut times: BTreeMap<(i8, StrBytes), usize> = BTreeMap::new();
    for resource in &asked {
        *times.entry((resource.kind, resource.name.clone())).or_default() += 1;
    }
    let outcomes = asked.into_iter().map(|resource| {
        let key = (resource.kind, resource.name.clone());
        let outcome = if times.get(&key).is_some_and(|times| *times > 1) {
            Err((ErrorCode::InvalidRequest, "Each resource must appear at most once.".to_owned()))
        } else {
            alter(node, resource, validate_only)
        };
        (key.0, key.1, outcome)
    });
    outcomes.collect()
}

fn alter(node: &Node, asked: Asked, validate_only: bool) -> Result<(), Refusal> {
    let bad = |message: String| Err((ErrorCode::InvalidRequest, message));
    let mut seen = BTreeSet::new();
    if !asked.changes.iter().all(|(key, ..)| seen.insert(key)) {
        return bad("Error due to duplicate config keys".into());
    }
    let nulls = asked.changes.iter().filter(|(_, operation, value)| *operation != DELETE && value.is_none());
    let nulls: Vec<&str> = nulls.map(|(key, ..)| key.as_str()).collect();
    if !nulls.is_empty() {
        return bad(format!("Null value not supported for : {}", nulls.join(", ")));
    }
    match asked.kind {
        TOPIC => alter_topic(node, asked, validate_only),
        BROKER => alter_broker(node, asked, validate_only),
        BROKER_LOGGER if !asked.replaces => alter_logger(node, &asked),
        GROUP if asked.name.is_empty() => bad("Default group resources are not allowed.".into()),
        GROUP => unknown_key(&asked, ErrorCode::InvalidConfig, "Unknown group config name: "),
        CLIENT_METRICS => unknown_key(&asked, ErrorCode::InvalidRequest, "Unknown client metrics configuration: "),
        other => bad(format!("Unknown resource type {other}")),
    }
}

fn alter_topic(node: &Node, asked: Asked, validate_only: bool) -> Result<(), Refusal> {
    if asked.name.is_empty() {
        return Err((ErrorCode::InvalidRequest, "Default topic resources are not allowed.".into()));
    }
    check_name(&asked.name).map_err(|message| (ErrorCode::InvalidTopicException, message))?;
    let (changes, replaces) = (changes(asked.changes)?, asked.replaces);
    node.data.0.topics.alter(&asked.name, validate_only, |told| {
        let nothing = BTreeMap::new();
        apply(Scope::Topic, if replaces { &nothing } else { told }, &changes)
    })
}

fn alter_broker(node: &Node, asked: Asked, validate_only: bool) -> Result<(), Refusal> {
    if !asked.name.is_empty() {
        check_node(node, &asked.name)?;
    }
    let (changes, replaces) = (changes(asked.changes)?, asked.replaces);
    node.data.0.topics.alter_broker(node.config.node_id, asked.name.is_empty(), validate_only, |told| {
        let nothing = BTreeMap::new();
        apply(Scope::Broker, if replaces { &nothing } else { told }, &changes)
    })
}

/// No logger has a level of its own here.
fn alter_logger(node: &Node, asked: &Asked) -> Result<(), Refusal> {
    check_node(node, &asked.name)?;
    let Some((key, operation, _)) = asked.changes.first() else { return Ok(()) };
    let what = match *operation {
        APPEND => "APPEND",
        SUBTRACT => "SUBTRACT",
        _ => return Err((ErrorCode::InvalidConfig, format!("Logger {key} does not exist!"))),
    };
    Err((ErrorCode::InvalidRequest, format!("{what} operation is not allowed for the BROKER_LOGGER resource")))
}

/// A resource that can be told nothing.
fn unknown_key(asked: &Asked, code: ErrorCode, sentence: &str) -> Result<(), Refusal> {
    match asked.changes.iter().find(|(_, operation, _)| *operation != DELETE) {
        Some((key, ..)) => Err((code, format!("{sentence}{key}"))),
        None => Ok(()),
    }
}

fn check_node(node: &Node, name: &str) -> Result<(), Refusal> {
    let me = node.config.node_id;
    let message = match name.parse::<i32>() {
        Ok(id) if id == me => return Ok(()),
        Ok(_) => format!("Unexpected broker id, expected {me}, but received {name}"),
        Err(_) => format!("Node id must be an integer, but it is: {name}"),
    };
    Err((ErrorCode::InvalidRequest, message))
}

fn changes(asked: Vec<(String, i8, Option<String>)>) -> Result<Vec<(String, Change)>, Refusal> {
    let changes = asked.into_iter().map(|(key, operation, value)| {
        let value = value.unwrap_or_default();
        let change = match operation {
            SET => Change::Set(value),
            DELETE => Change::Delete,
            APPEND => Change::Append(value),
            SUBTRACT => Change::Subtract(value),
            other => return Err((ErrorCode::InvalidRequest, format!("Unknown operations type {other}"))),
        };
        Ok((key, change))
    });
    changes.collect()
}

impl From<AlterConfigsResource> for Asked {
    fn from(resource: AlterConfigsResource) -> Self {
        let changes = resource.configs.into_iter();
        let changes = changes.map(|config| (config.name.to_string(), SET, config.value.map(|value| value.to_string())));
        Self { kind: resource.resource_type, name: resource.resource_name, changes: changes.collect(), replaces: true }
    }
}

impl From<IncrementalResource> for Asked {
    fn from(resource: IncrementalResource) -> Self {
        let changes = resource.configs.into_iter().map(|config| {
            let value = config.value.map(|value| value.to_string());
            (config.name.to_string(), config.config_operation, value)
        });
        Self { kind: resource.resource_type, name: resource.resource_name, changes: changes.collect(), replaces: false }
    }
}

fn legacy(outcomes: Vec<Outcome>) -> Reply<AlterConfigsResponse> {
    let responses = outcomes.into_iter().map(|(kind, name, outcome)| {
        let (code, message) = told(outcome);
        AlterConfigsResourceResponse::default()
            .with_resource_type(kind)
            .with_resource_name(name)
            .with_error_code(code)
            .with_error_message(message)
    });
    Reply::With(AlterConfigsResponse::default().with_responses(responses.collect()))
}

fn incremental(outcomes: Vec<Outcome>) -> Reply<IncrementalAlterConfigsResponse> {
    let responses = outcomes.into_iter().map(|(kind, name, outcome)| {
        let (code, message) = told(outcome);
        IncrementalResourceResponse::default()
            .with_resource_type(kind)
            .with_resource_name(name)
            .with_error_code(code)
            .with_error_message(message)
    });
    Reply::With(IncrementalAlterConfigsResponse::default().with_responses(responses.collect()))
}

fn told(outcome: Result<(), Refusal>) -> (i16, Option<StrBytes>) {
    match outcome {
        Ok(()) => (0, None),
        Err((code, message)) => (code.code(), Some(StrBytes::from_string(message))),
    }
}
