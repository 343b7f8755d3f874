//! What administrators ask of groups, and what becomes of offsets that nobody needs.

use kafka_wire::ErrorCode;

use super::coordinator::Coordinator;
use super::exchange::Overview;
use super::group::{Expiry, Group};
use super::offsets::Committed;
use crate::journal::{Change, Kind};

/// Which offsets are to be forgotten, by topic.
pub(crate) type Asked = Vec<(String, Vec<i32>)>;

impl Coordinator {
    /// What is known of a group; `None` when there is no such group.
    pub(crate) fn describe(&self, name: &str) -> Option<Overview> {
        self.all().get(name).map(Group::overview)
    }

    /// All groups, by name: the state and the protocol type.
    pub(crate) fn list(&self) -> Vec<(String, &'static str, kafka_wire::StrBytes)> {
        let groups = self.all();
        groups.iter().map(|(name, group)| (name.clone(), group.state(), group.protocol_type.clone())).collect()
    }

    /// Deletes a group without members, and its offsets.
    ///
    /// # Errors
    /// When there is no such group, it has members, or that could not be written.
    pub(crate) fn delete(&self, name: &str) -> Result<(), ErrorCode> {
        let mut groups = self.all();
        let group = groups.get(name).ok_or(ErrorCode::GroupIdNotFound)?;
        if group.has_members() {
            return Err(ErrorCode::NonEmptyGroup);
        }
        self.forget_group(name).map_err(|()| ErrorCode::NotCoordinator)?;
        groups.remove(name);
        Ok(())
    }

    fn forget_group(&self, name: &str) -> Result<(), ()> {
        let forgotten = self.data.0.offsets.forget(name, |_, _, _| true, vec![Change::forget(Kind::Group, name)]);
        forgotten.map_err(|error| tracing::error!(group = name, %error, "a group cannot be deleted"))
    }

    /// Forgets offsets of topics that the group's members do not read; says for each topic whether they do.
    ///
    /// # Errors
    /// When there is no such group, its members are no consumers, or that could not be written.
    pub(crate) fn forget_offsets(&self, name: &str, asked: &Asked) -> Result<Vec<Result<(), ErrorCode>>, ErrorCode> {
        if name.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let groups = self.all();
        let group = groups.get(name).ok_or(ErrorCode::GroupIdNotFound)?;
        if group.has_members() && !group.is_of_consumers() {
            return Err(ErrorCode::NonEmptyGroup);
        }
        let is_asked = |topic: &str, partition: i32, _: &Committed| {
            let of_topic = asked.iter().any(|(name, partitions)| name == topic && partitions.contains(&partition));
            of_topic && !group.is_subscribed_to(topic)
        };
        self.data.0.offsets.forget(name, is_asked, Vec::new()).map_err(|error| {
            tracing::error!(group = name, %error, "offsets cannot be forgotten");
            ErrorCode::NotCoordinator
        })?;
        let outcome = |(topic, _): &(String, Vec<i32>)| match group.is_subscribed_to(topic) {
            true => Err(ErrorCode::GroupSubscribedToTopic),
            false => Ok(()),
        };
        Ok(asked.iter().map(outcome).collect())
    }

    /// Forgets offsets that are too old, and groups that have neither members nor offsets.
    pub(super) fn expire_offsets(&self) {
        let now = self.env.clock().unix_millis();
        let retention = i64::try_from(self.offsets_retention.as_millis()).unwrap_or(i64::MAX);
        let mut groups = self.all();
        let mut deserted = Vec::new();
        for (name, group) in groups.iter() {
            if let Some(expiry) = group.expiry() {
                let is_old = |topic: &str, _: i32, committed: &Committed| {
                    let base = match expiry {
                        Expiry::Since(since) => since,
                        Expiry::Commit => committed.at,
                    };
                    let over = match committed.expires {
                        Some(end) => now >= end,
                        None => now.saturating_sub(base) >= retention,
                    };
                    over && !group.is_subscribed_to(topic)
                };
                if let Err(error) = self.data.0.offsets.forget(name, is_old, Vec::new()) {
                    tracing::error!(group = name, %error, "old offsets cannot be forgotten");
                }
            }
            if group.is_deserted() && !self.data.0.offsets.has(name) && self.forget_group(name).is_ok() {
                deserted.push(name.clone());
            }
        }
        for name in deserted {
            tracing::info!(group = name, "a group without members and offsets is forgotten");
            groups.remove(&name);
        }
    }
}
