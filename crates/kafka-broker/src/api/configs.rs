//! DescribeConfigs: what topics and the broker are told, what they have without being told, and where from.

use kafka_wire::messages::describe_configs_request::DescribeConfigsResource;
use kafka_wire::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_wire::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_wire::{ErrorCode, StrBytes};

use super::{About, Api, Reply};
use crate::broker::Node;
use crate::configs::{Described, describe_broker, describe_topic};
use crate::topics::check_name;

/// DescribeConfigs.
pub(crate) struct DescribeConfigs;

/// Kinds of resources.
pub(super) const TOPIC: i8 = 2;
pub(super) const BROKER: i8 = 4;
pub(super) const BROKER_LOGGER: i8 = 8;
pub(super) const CLIENT_METRICS: i8 = 16;
pub(super) const GROUP: i8 = 32;

type Refusal = (ErrorCode, String);

impl Api for DescribeConfigs {
    type Request = DescribeConfigsRequest;
    type Response = DescribeConfigsResponse;

    async fn carry_out(
        node: &Node,
        about: About<'_>,
        request: DescribeConfigsRequest,
    ) -> Reply<DescribeConfigsResponse> {
        let shown = Shown {
            synonyms: request.include_synonyms,
            types: about.version >= 3,
            docs: about.version >= 3 && request.include_documentation,
        };
        let results = request.resources.iter().map(|resource| answer(resource, describe(node, resource), shown));
        Reply::With(DescribeConfigsResponse::default().with_results(results.collect()))
    }

    fn refuse(request: DescribeConfigsRequest, _: About<'_>, code: ErrorCode) -> Reply<DescribeConfigsResponse> {
        let nothing = Shown { synonyms: false, types: false, docs: false };
        let refused =
            request.resources.iter().map(|resource| answer(resource, Err((code, code.message().to_owned())), nothing));
        Reply::With(DescribeConfigsResponse::default().with_results(refused.collect()))
    }
}

/// What is shown of a key besides its value.
#[derive(Clone, Copy)]
struct Shown {
    synonyms: bool,
    types: bool,
    docs: bool,
}

fn describe(node: &Node, resource: &DescribeConfigsResource) -> Result<Vec<Described>, Refusal> {
    let topics = &node.data.0.topics;
    let name = &*resource.resource_name;
    let bad = |message: &str| Err((ErrorCode::InvalidRequest, message.to_owned()));
    match resource.resource_type {
        TOPIC => {
            check_name(name).map_err(|message| (ErrorCode::InvalidTopicException, message))?;
            // Parity: Kafka has no sentence for this one.
            let topic = topics.get(name).ok_or((ErrorCode::UnknownTopicOrPartition, String::new()))?;
            Ok(describe_topic(&topics.layers(), &topic.configs))
        }
        BROKER if name.is_empty() => Ok(describe_broker(&topics.layers(), true)),
        BROKER => {
            check_broker(node, name, " or empty string")?;
            Ok(describe_broker(&topics.layers(), false))
        }
        BROKER_LOGGER if name.is_empty() => bad("Broker id must not be empty"),
        // There are no loggers with levels of their own.
        BROKER_LOGGER => check_broker(node, name, "").map(|()| Vec::new()),
        CLIENT_METRICS if name.is_empty() => bad("Client metrics subscription name must not be empty"),
        GROUP if name.is_empty() => bad("Group name must not be empty"),
        // Nobody can subscribe to metrics here, and all that groups can be told is for protocols that are not here.
        CLIENT_METRICS | GROUP => Ok(Vec::new()),
        other => bad(&format!("Unexpected resource type {other} for resource {name}")),
    }
}

/// Whether `name` is this broker's id.
fn check_broker(node: &Node, name: &str, or: &str) -> Result<(), Refusal> {
    let bad = |message: String| Err((ErrorCode::InvalidRequest, message));
    let me = node.config.node_id;
    match name.parse::<i32>() {
        Ok(id) if id == me => Ok(()),
        Ok(_) => bad(format!("Unexpected broker id, expected {me}{or}, but received {name}")),
        Err(_) => bad(format!("Broker id must be an integer, but it is: {name}")),
    }
}

fn answer(
    resource: &DescribeConfigsResource,
    described: Result<Vec<Described>, Refusal>,
    shown: Shown,
) -> DescribeConfigsResult {
    let result = DescribeConfigsResult::default()
        .with_resource_type(resource.resource_type)
        .with_resource_name(resource.resource_name.clone());
    match described {
        Ok(mut configs) => {
            // Parity: an empty list of keys asks for all of them.
            if let Some(keys) = resource.configuration_keys.as_ref().filter(|keys| !keys.is_empty()) {
                configs.retain(|config| keys.iter().any(|key| **key == *config.name));
            }
            let result = result.with_error_message(None);
            result.with_configs(configs.into_iter().map(|config| entry(config, shown)).collect())
        }
        Err((code, message)) => {
            result.with_error_code(code.code()).with_error_message(Some(StrBytes::from_string(message)))
        }
    }
}

fn entry(config: Described, shown: Shown) -> DescribeConfigsResourceResult {
    let mut entry = DescribeConfigsResourceResult::default()
        .with_name(StrBytes::from_string(config.name))
        .with_value(config.value.map(StrBytes::from_string))
        .with_read_only(config.fixed)
        .with_config_source(config.source as i8)
        .with_is_sensitive(config.sensitive);
    if shown.synonyms {
        let synonyms = config.synonyms.into_iter().map(|found| {
            DescribeConfigsSynonym::default()
                .with_name(StrBytes::from_string(found.name))
                .with_value(Some(StrBytes::from_string(found.value)))
                .with_source(found.source as i8)
        });
        entry = entry.with_synonyms(synonyms.collect());
    }
    if shown.types {
        entry = entry.with_config_type(config.kind);
    }
    if shown.docs {
        entry = entry.with_documentation(Some(StrBytes::from_string(config.doc)));
    }
    entry
}
