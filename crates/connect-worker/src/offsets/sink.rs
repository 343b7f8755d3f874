//! Offsets of sinks, in their consumer groups.

use std::sync::Arc;

use connect_api::plugin::SinkPlugin;
use connect_api::sink::{AlteredOffsets, Offsets, TopicPartition};
use connect_api::{Error, Kind, Result};
use connect_config::clients::ClientOwner;
use connect_kafka::Admin;

use super::{Deadline, LIMIT, not_altered, wrapped};
use crate::assemble::config_error;
use crate::worker::WorkerSettings;

/// A sink's group, and who can ask about it.
struct Group {
    id: String,
    admin: Arc<dyn Admin>,
}

impl Group {
    fn of(settings: &WorkerSettings, clients: ClientOwner<'_>) -> Result<Self> {
        let admin = settings.clients.admin(&clients.offsets_admin().map_err(config_error)?)?;
        let consumer = clients.sink_consumer(0).map_err(config_error)?;
        let id = consumer.get("group.id").unwrap_or_default().to_owned();
        Ok(Self { id, admin })
    }
}

/// What a sink's group has committed.
pub(super) async fn read(settings: &WorkerSettings, clients: ClientOwner<'_>) -> Result<Offsets> {
    let name = clients.connector;
    let failed = |error: Error| {
        Error::connect(format!("Failed to retrieve consumer group offsets for sink connector {name}")).caused_by(error)
    };
    let group = Group::of(settings, clients)?;
    let offsets = group.admin.group_offsets(&group.id, LIMIT).await;
    group.admin.close().await;
    offsets.map_err(failed)
}

/// Commits and deletes offsets.
pub(super) async fn alter(
    settings: &WorkerSettings,
    clients: ClientOwner<'_>,
    plugin: Arc<dyn SinkPlugin>,
    changes: AlteredOffsets,
    deadline: &Deadline,
) -> Result<bool> {
    let name = clients.connector;
    let failed = |error| wrapped(format!("Failed to modify offsets for sink connector {name}"), error);
    let group = Group::of(settings, clients).map_err(failed)?;
    let answer = ask(&clients, plugin, changes.clone(), deadline).await.map_err(failed)?;
    if let Some(offset) = changes.values().flatten().find(|offset| **offset < 0) {
        return Err(failed(Error::new(Kind::IllegalArgument, format!("Invalid negative offset: {offset}"))));
    }
    let mut kept = Offsets::new();
    let mut removed: Vec<TopicPartition> = Vec::new();
    for (partition, offset) in changes {
        match offset {
            Some(offset) => drop(kept.insert(partition, offset)),
            None => removed.push(partition),
        }
    }
    let done = group.apply(&kept, &removed, deadline).await;
    group.admin.close().await;
    done.map_err(|error| not_changed(name, "alter", error))?;
    Ok(answer)
}

impl Group {
    /// Both at once; the first error.
    async fn apply(&self, kept: &Offsets, removed: &[TopicPartition], deadline: &Deadline) -> Result<()> {
        let limit = deadline.left();
        let alter = async {
            if kept.is_empty() { Ok(()) } else { self.admin.alter_group_offsets(&self.id, kept, limit).await }
        };
        let delete = async {
            if removed.is_empty() { Ok(()) } else { self.admin.delete_group_offsets(&self.id, removed, limit).await }
        };
        let (altered, deleted) = futures_util::future::join(alter, delete).await;
        altered.and(deleted)
    }
}

/// Deletes the group.
pub(super) async fn reset(
    settings: &WorkerSettings,
    clients: ClientOwner<'_>,
    plugin: Arc<dyn SinkPlugin>,
    deadline: &Deadline,
) -> Result<bool> {
    let name = clients.connector;
    let failed = |error| wrapped(format!("Failed to modify offsets for sink connector {name}"), error);
    let group = Group::of(settings, clients).map_err(failed)?;
    let not_listed = |error: Error| {
        let text = format!("Failed to list offsets prior to resetting offsets for sink connector {name}");
        Error::connect(text).caused_by(error)
    };
    let committed = group.admin.group_offsets(&group.id, deadline.left()).await.map_err(not_listed)?;
    let changes = committed.into_keys().map(|partition| (partition, None)).collect();
    let answer = ask(&clients, plugin, changes, deadline).await.map_err(failed)?;
    let deleted = group.admin.delete_group(&group.id, deadline.left()).await;
    group.admin.close().await;
    deleted.map_err(|error| not_changed(name, "reset", error))?;
    Ok(answer)
}

async fn ask(
    clients: &ClientOwner<'_>,
    plugin: Arc<dyn SinkPlugin>,
    changes: AlteredOffsets,
    deadline: &Deadline,
) -> Result<bool> {
    let (name, config) = (clients.connector, clients.config.clone());
    let late = format!("Timed out while calling the 'alterOffsets' method for sink connector {name}");
    let answer = deadline.ask(move || plugin.alter_offsets(&config, &changes), &late).await;
    answer.map_err(|error| not_altered(name, error))
}

/// Why the group's offsets stay as they are. A group that still has members is told apart: its tasks may yet end.
fn not_changed(name: &str, what: &str, error: Error) -> Error {
    let mut text = format!("Failed to {what} consumer group offsets for connector {name}");
    if error.kind() == Kind::IllegalState {
        text.push_str(&format!(
            " either because its tasks haven't stopped completely yet or the connector was resumed before the request to \
             {what} its offsets could be successfully completed. If the connector is in a stopped state, this operation \
             can be safely retried. If it doesn't eventually succeed, the Connect cluster may need to be restarted to \
             get rid of the zombie sink tasks."
        ));
    }
    Error::connect(text).caused_by(error)
}
