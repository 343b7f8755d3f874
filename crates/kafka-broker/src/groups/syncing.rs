//! How members get their assignments: each asks, the leader brings everybody's, and the group is stable.

use bytes::Bytes;
use kafka_wire::{ErrorCode, StrBytes};
use tokio::sync::oneshot;

use super::exchange::{Sync, SyncReply, Synced};
use super::fact::Fact;
use super::group::{Group, Moment, Phase};

impl Group {
    /// A member asks for its assignment; the leader brings everybody's. The answer comes through `reply`: at once, or
    /// when the leader has assigned.
    pub(super) fn sync(&mut self, sync: Sync, reply: oneshot::Sender<SyncReply>, at: &Moment<'_>) {
        if let Err(error) = self.check_sync(&sync) {
            let _ = reply.send(Err(error));
            return;
        }
        let id = sync.who.member_id.to_string();
        self.unsynced.remove(&id);
        if self.unsynced.is_empty() {
            self.sync_deadline = None;
        }
        if self.phase == Phase::Stable {
            let assigned = self.members.get(&id).map(|member| self.synced(member.assignment.clone()));
            let _ = reply.send(assigned.ok_or(ErrorCode::UnknownMemberId));
            return;
        }
        if let Some(member) = self.members.get_mut(&id) {
            member.wait_for_sync(reply);
        }
        if self.leader.as_ref() == Some(&id) {
            self.assign(sync, at);
        }
    }

    fn check_sync(&self, sync: &Sync) -> Result<(), ErrorCode> {
        self.check_generation(&sync.who, sync.generation)?;
        let differs = |said: &Option<StrBytes>, is: &StrBytes| said.as_ref().is_some_and(|said| said != is);
        match self.phase {
            Phase::Empty => Err(ErrorCode::UnknownMemberId),
            _ if differs(&sync.protocol_type, &self.protocol_type) || differs(&sync.protocol, &self.protocol) => {
                Err(ErrorCode::InconsistentGroupProtocol)
            }
            Phase::Joining(_) => Err(ErrorCode::RebalanceInProgress),
            Phase::Syncing | Phase::Stable => Ok(()),
        }
    }

    /// Gives everybody what the leader says, as soon as it is written down.
    fn assign(&mut self, sync: Sync, at: &Moment<'_>) {
        for (id, member) in &mut self.members {
            member.assignment = sync.assignments.get(id).cloned().unwrap_or_default();
        }
        if let Err(error) = (at.keep)(&Fact::of(self)) {
            for member in self.members.values_mut() {
                member.assignment = Bytes::new();
            }
            self.refuse_syncs(error, at);
            self.rebalance(at);
            return;
        }
        self.enter(Phase::Stable, at);
        let (protocol_type, protocol) = (self.protocol_type.clone(), self.protocol.clone());
        for member in self.members.values_mut().filter(|member| member.is_syncing()) {
            let assignment = member.assignment.clone();
            let synced = Synced { protocol_type: protocol_type.clone(), protocol: protocol.clone(), assignment };
            member.alive(at.now);
            member.answer_sync(Ok(synced));
        }
    }

    fn synced(&self, assignment: Bytes) -> Synced {
        Synced { protocol_type: self.protocol_type.clone(), protocol: self.protocol.clone(), assignment }
    }

    /// Nobody who waits gets an assignment.
    pub(super) fn refuse_syncs(&mut self, error: ErrorCode, at: &Moment<'_>) {
        for member in self.members.values_mut().filter(|member| member.is_syncing()) {
            member.alive(at.now);
            member.answer_sync(Err(error));
        }
    }

    /// Members that have not asked for their assignment in time are out.
    pub(super) fn drop_unsynced(&mut self, at: &Moment<'_>) {
        if self.sync_deadline.is_none_or(|deadline| deadline > at.now) {
            return;
        }
        self.sync_deadline = None;
        for id in std::mem::take(&mut self.unsynced) {
            tracing::info!(member = id, "a member has not asked for its assignment in time");
            self.take_out(&id);
        }
        self.rebalance(at);
    }
}
