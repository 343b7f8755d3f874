//! DescribeConfigs: what topics were made with, and what they have without being told.

use kafka_wire::messages::describe_configs_request::DescribeConfigsResource;
use kafka_wire::messages::describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult};
use kafka_wire::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_wire::{ErrorCode, StrBytes};

use super::{About, Api, Reply};
use crate::broker::Node;

/// DescribeConfigs.
pub(crate) struct DescribeConfigs;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// Where a value comes from: it was given for the topic.
const SET: i8 = 1;
/// Where a value comes from: nobody gave it.
const DEFAULT: i8 = 5;
/// Types of values.
const STRING: i8 = 2;
const INT: i8 = 3;
const LONG: i8 = 5;
const LIST: i8 = 7;

/// Keys of topics whose defaults are told.
const TOPIC_KEYS: &[(&str, &str, i8)] = &[
    ("cleanup.policy", "delete", LIST),
    ("compression.type", "producer", STRING),
    ("max.message.bytes", "1048588", INT),
    ("message.timestamp.type", "CreateTime", STRING),
    ("min.insync.replicas", "1", INT),
    ("retention.bytes", "-1", LONG),
    ("retention.ms", "604800000", LONG),
];

impl Api for DescribeConfigs {
    type Request = DescribeConfigsRequest;
    type Response = DescribeConfigsResponse;

    async fn carry_out(
        node: &Node,
        about: About<'_>,
        request: DescribeConfigsRequest,
    ) -> Reply<DescribeConfigsResponse> {
        let results = request.resources.iter().map(|resource| match resource.resource_type {
            TOPIC => topic(node, about, resource),
            BROKER => Ok(broker(node, about)),
            other => Err((ErrorCode::InvalidRequest, format!("Unexpected resource type {other}"))),
        });
        let results = results.zip(&request.resources).map(|(configs, resource)| answer(resource, configs));
        Reply::With(DescribeConfigsResponse::default().with_results(results.collect()))
    }

    fn refuse(request: DescribeConfigsRequest, _: About<'_>, code: ErrorCode) -> Reply<DescribeConfigsResponse> {
        let refused = request.resources.iter().map(|resource| answer(resource, Err((code, code.message().to_owned()))));
        Reply::With(DescribeConfigsResponse::default().with_results(refused.collect()))
    }
}

type Configs = Vec<DescribeConfigsResourceResult>;

fn answer(resource: &DescribeConfigsResource, configs: Result<Configs, (ErrorCode, String)>) -> DescribeConfigsResult {
    let result = DescribeConfigsResult::default()
        .with_resource_type(resource.resource_type)
        .with_resource_name(resource.resource_name.clone());
    match configs {
        Ok(mut configs) => {
            if let Some(keys) = &resource.configuration_keys {
                configs.retain(|config| keys.contains(&config.name));
            }
            result.with_configs(configs)
        }
        Err((code, message)) => {
            result.with_error_code(code.code()).with_error_message(Some(StrBytes::from_string(message)))
        }
    }
}

fn topic(node: &Node, about: About<'_>, resource: &DescribeConfigsResource) -> Result<Configs, (ErrorCode, String)> {
    let unknown = || (ErrorCode::UnknownTopicOrPartition, ErrorCode::UnknownTopicOrPartition.message().to_owned());
    let topic = node.data.0.topics.get(&resource.resource_name).ok_or_else(unknown)?;
    let known = TOPIC_KEYS.iter().map(|(name, default, kind)| match topic.configs.get(*name) {
        Some(value) => config(about, name, value, SET, *kind),
        None if *name == "max.message.bytes" => {
            config(about, name, &node.config.max_batch_bytes.to_string(), DEFAULT, *kind)
        }
        None => config(about, name, default, DEFAULT, *kind),
    });
    let others = topic.configs.iter().filter(|(name, _)| !TOPIC_KEYS.iter().any(|(known, ..)| known == name));
    Ok(known.chain(others.map(|(name, value)| config(about, name, value, SET, STRING))).collect())
}

fn broker(node: &Node, about: About<'_>) -> Configs {
    let settings = [
        ("auto.create.topics.enable", node.config.auto_create_topics.to_string(), STRING),
        ("message.max.bytes", node.config.max_batch_bytes.to_string(), INT),
        ("node.id", node.config.node_id.to_string(), INT),
        ("num.partitions", node.config.default_partitions.to_string(), INT),
    ];
    settings.iter().map(|(name, value, kind)| config(about, name, value, DEFAULT, *kind)).collect()
}

fn config(about: About<'_>, name: &str, value: &str, source: i8, kind: i8) -> DescribeConfigsResourceResult {
    let config = DescribeConfigsResourceResult::default()
        .with_name(StrBytes::from_string(name.to_owned()))
        .with_value(Some(StrBytes::from_string(value.to_owned())))
        .with_config_source(source);
    if about.version >= 3 { config.with_config_type(kind) } else { config }
}
