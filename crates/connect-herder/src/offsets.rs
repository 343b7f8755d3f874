//! Offsets of connectors: what a request may say, and when it may be carried out (KIP-875; Apache: `SinkUtils`,
//! `StandaloneHerder.modifyConnectorOffsetsChecks`).

use std::collections::BTreeMap;

use connect_api::data::{Map, Value};
use connect_api::plugin::ConnectorPlugin;
use connect_api::sink::{AlteredOffsets, TopicPartition};
use connect_api::{Error, SourceOffset, SourcePartition, Text};
use connect_converters::java_text::value_text;
use connect_storage::config::{ConfiguredConnector, TargetState};
use connect_worker::{OffsetChanges, SourceChanges};

use crate::HerderError;

/// The keys of a sink's partitions and offsets, as people name them.
const TOPIC: &str = "kafka_topic";
const PARTITION: &str = "kafka_partition";
const OFFSET: &str = "kafka_offset";

/// What somebody wants the offset of one partition to be. Numbers are int64, float64, or decimals where they are too
/// large for both.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionOffset {
    /// The partition: of the source system, or `kafka_topic` and `kafka_partition`.
    pub partition: Option<Map>,
    /// The offset: of the source system, or `kafka_offset`; `None` removes it.
    pub offset: Option<Map>,
}

/// Refuses to change offsets while a connector may be using them.
pub(crate) fn check_stopped(name: &str, known: &ConfiguredConnector) -> Result<(), HerderError> {
    if known.target_state == TargetState::Stopped && known.tasks.is_empty() {
        return Ok(());
    }
    Err(HerderError::BadRequest(format!(
        "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the \
         specified connector by issuing a 'PUT' request to the '/connectors/{name}/stop' endpoint"
    )))
}

/// What a request means for a connector of that kind. Of a repeated partition the last offset counts.
///
/// # Errors
/// For a sink: what is wrong with a partition or an offset.
pub(crate) fn changes(plugin: &ConnectorPlugin, offsets: Vec<PartitionOffset>) -> Result<OffsetChanges, HerderError> {
    match plugin {
        ConnectorPlugin::Source(_) => source_changes(offsets).map(OffsetChanges::Source),
        ConnectorPlugin::Sink(_) => sink_changes(&offsets).map(OffsetChanges::Sink),
    }
}

fn source_changes(offsets: Vec<PartitionOffset>) -> Result<SourceChanges, HerderError> {
    let mut changes = SourceChanges::with_capacity(offsets.len());
    for PartitionOffset { partition, offset } in offsets {
        let partition = partition.map(entries).transpose()?.map(SourcePartition::new);
        let offset = offset.map(entries).transpose()?.map(SourceOffset::of);
        match changes.iter_mut().find(|(known, _)| *known == partition) {
            Some((_, known)) => *known = offset,
            None => changes.push((partition, offset)),
        }
    }
    Ok(changes)
}

fn entries(map: Map) -> Result<Vec<(Text, Value)>, HerderError> {
    let entry = |(key, value)| match (key, value) {
        (Value::String(key), Value::Decimal(_)) => Err(Error::data(format!(
            "Offsets may only contain primitive types as values, but field {key} contains class java.math.BigInteger"
        ))),
        (Value::String(key), value) => Ok((key, value)),
        _ => Err(Error::data("Offsets may only use String keys")),
    };
    Ok(map.into_iter().map(entry).collect::<Result<_, Error>>()?)
}

fn sink_changes(offsets: &[PartitionOffset]) -> Result<AlteredOffsets, HerderError> {
    let changes = offsets.iter().map(|PartitionOffset { partition, offset }| {
        let of = sink_partition(partition.as_ref())?;
        Ok((of, offset.as_ref().map(sink_offset).transpose()?))
    });
    let changes: Result<BTreeMap<_, _>, String> = changes.collect();
    changes.map_err(HerderError::BadRequest)
}

fn sink_partition(partition: Option<&Map>) -> Result<TopicPartition, String> {
    let partition = partition.ok_or("The partition for a sink connector offset cannot be null or missing")?;
    let (Some(topic), Some(index)) = (partition.get_str(TOPIC), partition.get_str(PARTITION)) else {
        return Err(format!(
            "The partition for a sink connector offset must contain the keys '{TOPIC}' and '{PARTITION}'"
        ));
    };
    if topic.is_null() {
        return Err("Kafka topic names must be valid strings and may not be null".to_owned());
    }
    if index.is_null() {
        return Err("Kafka partitions must be valid numbers and may not be null".to_owned());
    }
    // Text is taken for a number, and a number for a name.
    let text = value_text(index);
    let index = text.parse().map_err(|_| {
        format!(
            "Failed to parse the following Kafka partition value in the provided offsets: '{text}'. Partition values \
             for sink connectors need to be integers."
        )
    })?;
    Ok(TopicPartition::new(value_text(topic), index))
}

fn sink_offset(offset: &Map) -> Result<i64, String> {
    let Some(offset) = offset.get_str(OFFSET) else {
        return Err(format!("The offset for a sink connector should either be null or contain the key '{OFFSET}'"));
    };
    let text = value_text(offset);
    text.parse().map_err(|_| {
        format!(
            "Failed to parse the following Kafka offset value in the provided offsets: '{text}'. Offset values for \
             sink connectors need to be integers."
        )
    })
}

/// What the answer to a change says: whether the plug-in knows that no other offsets than these count.
pub(crate) fn done(what: &str, all: bool) -> String {
    if all {
        return format!("The offsets for this connector have been {what} successfully");
    }
    format!(
        "The Connect framework-managed offsets for this connector have been {what} successfully. However, if this \
         connector manages offsets externally, they will need to be manually {what} in the system that the connector \
         uses."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map<const N: usize>(entries: [(&str, Value); N]) -> Map {
        entries.into_iter().collect()
    }

    fn sink(partition: Option<Map>, offset: Option<Map>) -> Result<AlteredOffsets, String> {
        sink_changes(&[PartitionOffset { partition, offset }]).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_of_sinks_may_be_text_and_names_numbers() {
        let of = |topic: Value, index: Value| map([(TOPIC, topic), (PARTITION, index)]);
        let changes = sink(Some(of(5_i64.into(), "+1".into())), Some(map([(OFFSET, "10".into())])));
        assert_eq!(changes.unwrap(), AlteredOffsets::from([(TopicPartition::new("5", 1), Some(10))]));
        let removed = sink(Some(of("t".into(), 0_i64.into())), None).unwrap();
        assert_eq!(removed, AlteredOffsets::from([(TopicPartition::new("t", 0), None)]));
        for (index, text) in [(Value::Float64(1.0), "'1.0'"), (Value::Boolean(true), "'true'"), ("".into(), "''")] {
            let error = sink(Some(of("t".into(), index)), None).unwrap_err();
            assert!(error.contains(text), "{error}");
        }
    }

    #[test]
    fn the_last_of_equal_partitions_counts() {
        let change = |position: i64| PartitionOffset {
            partition: Some(map([("a", 1_i64.into()), ("b", "x".into())])),
            offset: Some(map([("position", position.into())])),
        };
        let changes = source_changes(vec![change(1), change(2)]).unwrap();
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].1, Some(SourceOffset::of([("position", 2_i64)])));
    }
}
