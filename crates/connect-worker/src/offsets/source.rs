//! Offsets of sources, in the offset store.

use std::sync::Arc;

use bytes::Bytes;
use connect_api::plugin::SourcePlugin;
use connect_api::{Error, Result, SourceOffset, SourcePartition};
use connect_storage::offsets::{decode_offset, encode_offset, encode_partition, stored_partitions};
use kafka_config::RawConfig;

use super::{Deadline, SourceChanges, not_altered, wrapped};
use crate::worker::WorkerSettings;

type Entry = (Bytes, Option<Bytes>);

/// What is stored for a connector. What cannot be read is left out, as a task starts without it.
pub(super) async fn read(settings: &WorkerSettings, name: &str) -> Vec<(SourcePartition, Option<SourceOffset>)> {
    let stored = stored_partitions(&*settings.offsets, name).await.into_iter();
    let readable = stored.filter_map(|stored| match stored.offset() {
        Ok(offset) => Some((stored.partition, offset)),
        Err(error) => {
            tracing::error!(connector = name, partition = ?stored.partition, %error, "a stored offset cannot be read");
            None
        }
    });
    readable.collect()
}

/// Stores new offsets; what was given is first made what a task would read.
pub(super) async fn alter(
    settings: &WorkerSettings,
    name: &str,
    config: &RawConfig,
    plugin: Arc<dyn SourcePlugin>,
    changes: SourceChanges,
    deadline: &Deadline,
) -> Result<bool> {
    let changes = changes.into_iter().map(normal).collect::<Result<SourceChanges>>()?;
    let mut entries = entries(name, &changes)?;
    let removed = changes.iter().filter(|(_, offset)| offset.is_none());
    let removed: Vec<&SourcePartition> = removed.filter_map(|(partition, _)| partition.as_ref()).collect();
    if !removed.is_empty() {
        // Also under the other orders of fields that a Java connector may have used.
        let mut stored = stored_partitions(&*settings.offsets, name).await;
        stored.retain(|stored| removed.contains(&&stored.partition));
        entries.extend(stored.into_iter().flat_map(|stored| stored.keys).map(|key| (key, None)));
    }
    modify(settings, name, config, plugin, (changes, entries), deadline).await
}

/// Removes everything stored for a connector.
pub(super) async fn reset(
    settings: &WorkerSettings,
    name: &str,
    config: &RawConfig,
    plugin: Arc<dyn SourcePlugin>,
    deadline: &Deadline,
) -> Result<bool> {
    let (mut changes, mut removals) = (Vec::new(), Vec::new());
    for stored in stored_partitions(&*settings.offsets, name).await {
        removals.extend(stored.keys.into_iter().map(|key| (key, None)));
        changes.push((Some(stored.partition), None));
    }
    removals.extend(entries(name, &changes)?);
    modify(settings, name, config, plugin, (changes, removals), deadline).await
}

async fn modify(
    settings: &WorkerSettings,
    name: &str,
    config: &RawConfig,
    plugin: Arc<dyn SourcePlugin>,
    (changes, entries): (SourceChanges, Vec<Entry>),
    deadline: &Deadline,
) -> Result<bool> {
    let failed = |error| wrapped(format!("Failed to modify offsets for source connector {name}"), error);
    let late = format!("Timed out while calling the 'alterOffsets' method for source connector {name}");
    let config = config.clone();
    let answer = deadline.ask(move || plugin.alter_offsets(&config, &changes), &late).await;
    let answer = answer.map_err(|error| failed(not_altered(name, error)))?;
    if entries.is_empty() {
        tracing::info!(connector = name, "there are no offsets to remove");
        return Ok(answer);
    }
    let late = || Error::connect(format!("Timed out while attempting to modify offsets for source connector {name}"));
    let stored = settings.env.timeout(deadline.left(), settings.offsets.set(entries)).await.map_err(|_| late())?;
    let text = || Error::connect(format!("Failed to modify offsets for source connector {name}"));
    stored.map_err(|error| text().caused_by(error))?;
    Ok(answer)
}

/// What a task would read if this were stored: numbers are int64 and float64 (`Worker.normalizeSourceConnectorOffsets`).
fn normal(
    (partition, offset): (Option<SourcePartition>, Option<SourceOffset>),
) -> Result<(Option<SourcePartition>, Option<SourceOffset>)> {
    let read = |offset: SourceOffset| decode_offset(&encode_offset(&offset)?);
    // A partition and an offset are written alike.
    let partition = partition.map(|partition| read(SourceOffset::of(partition.entries().iter().cloned())));
    let partition = partition.transpose()?.flatten();
    let partition =
        partition.map(|read| SourcePartition::new(read.entries().map(|(key, value)| (key.clone(), value.clone()))));
    Ok((partition, offset.map(read).transpose()?.flatten()))
}

fn entries(name: &str, changes: &SourceChanges) -> Result<Vec<Entry>> {
    let entry = |(partition, offset): &(Option<SourcePartition>, Option<SourceOffset>)| {
        Ok((encode_partition(name, partition.as_ref())?, offset.as_ref().map(encode_offset).transpose()?))
    };
    changes.iter().map(entry).collect()
}
