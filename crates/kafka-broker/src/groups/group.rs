//! One group as a state machine: requests and the time go in, answers come out through the waiting requests' channels.
//! The rules are those of the classic group protocol of `GroupCoordinator`.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use env::Instant;
use kafka_wire::{ErrorCode, StrBytes};
use tokio::sync::oneshot;

use super::member::{Member, Protocol};

/// How a JoinGroup ends.
pub(crate) type JoinReply = Result<Joined, ErrorCode>;
/// How a SyncGroup ends.
pub(crate) type SyncReply = Result<Synced, ErrorCode>;

/// A request to join.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) protocol_type: StrBytes,
    pub(crate) protocols: Vec<Protocol>,
    pub(crate) session_timeout: Duration,
    pub(crate) rebalance_timeout: Duration,
}

/// What a member that has joined learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) generation: i32,
    pub(crate) protocol_type: StrBytes,
    pub(crate) protocol: StrBytes,
    pub(crate) leader: String,
    /// Everybody, for the leader: id, instance id, metadata.
    pub(crate) members: Vec<(String, Option<StrBytes>, Bytes)>,
}

/// What a member learns when everything is assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Synced {
    pub(crate) protocol_type: StrBytes,
    pub(crate) protocol: StrBytes,
    pub(crate) assignment: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No members.
    Empty,
    /// Members join until all have, or until `deadline`. With `wait_until`, the group was empty and even a complete
    /// round waits for more members, at most until then.
    Joining { deadline: Instant, wait_until: Option<Instant> },
    /// The leader assigns; members that have not asked by `deadline` are dropped.
    Syncing { deadline: Instant },
    /// Everybody has an assignment.
    Stable,
}

/// One group.
pub(super) struct Group {
    initial_delay: Duration,
    phase: Phase,
    generation: i32,
    protocol_type: StrBytes,
    protocol: StrBytes,
    leader: Option<String>,
    members: BTreeMap<String, Member>,
    /// Ids given to members that have yet to join with them, and until when.
    promised: BTreeMap<String, Instant>,
}

impl Group {
    pub(super) fn new(initial_delay: Duration) -> Self {
        Self {
            initial_delay,
            phase: Phase::Empty,
            generation: 0,
            protocol_type: StrBytes::default(),
            protocol: StrBytes::default(),
            leader: None,
            members: BTreeMap::new(),
            promised: BTreeMap::new(),
        }
    }

    /// Whether there is nobody, and nobody about to come.
    pub(super) fn is_deserted(&self) -> bool {
        self.members.is_empty() && self.promised.is_empty()
    }

    /// When [`Group::tick`] has something to do.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Joining { deadline, .. } | Phase::Syncing { deadline } => Some(deadline),
            Phase::Empty | Phase::Stable => None,
        };
        let members = self.members.values().filter_map(Member::deadline);
        phase.into_iter().chain(self.promised.values().copied()).chain(members).min()
    }

    /// Promises an id to a member that is to join with it.
    pub(super) fn promise(&mut self, id: String, session_timeout: Duration, now: Instant) {
        self.promised.insert(id, now + session_timeout);
    }

    /// Checks whether a member with these protocols fits in.
    pub(super) fn check_protocols(&self, join: &Join, id: &str) -> Result<(), ErrorCode> {
        let others: Vec<&Member> =
            self.members.iter().filter(|(member, _)| member.as_str() != id).map(|(_, member)| member).collect();
        let same_type = self.members.is_empty() || self.protocol_type == join.protocol_type;
        let in_common = |(name, _): &Protocol| others.iter().all(|member| member.speaks(name));
        if join.protocols.is_empty() || join.protocol_type.is_empty() || !same_type {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        if join.protocols.iter().any(in_common) { Ok(()) } else { Err(ErrorCode::InconsistentGroupProtocol) }
    }

    /// A member joins: a new one with the id promised or just made, or one that is there. The answer comes through
    /// `reply`.
    pub(super) fn join(&mut self, id: &str, is_new: bool, join: Join, reply: oneshot::Sender<JoinReply>, now: Instant) {
        if let Err(error) = self.check_protocols(&join, id) {
            let _ = reply.send(Err(error));
            return;
        }
        let promised = self.promised.remove(id).is_some();
        let Some(member) = self.members.get_mut(id) else {
            if promised || is_new {
                self.add(id, join, reply, now);
            } else {
                let _ = reply.send(Err(ErrorCode::UnknownMemberId));
            }
            return;
        };
        let changed = member.protocols != join.protocols;
        member.protocols = join.protocols;
        member.session_timeout = join.session_timeout;
        member.rebalance_timeout = join.rebalance_timeout;
        member.alive(now);
        let leads = self.leader.as_deref() == Some(id);
        let repeated = match self.phase {
            // Its answer was lost: it gets the same again.
            Phase::Syncing { .. } => !changed,
            // A leader that joins again wants to assign anew.
            Phase::Stable => !changed && !leads,
            Phase::Joining { .. } | Phase::Empty => false,
        };
        if repeated {
            let _ = reply.send(Ok(self.joined(id)));
            return;
        }
        if let Some(member) = self.members.get_mut(id) {
            member.wait_for_join(reply);
        }
        self.rebalance(now);
    }

    fn add(&mut self, id: &str, join: Join, reply: oneshot::Sender<JoinReply>, now: Instant) {
        if self.members.is_empty() {
            self.protocol_type = join.protocol_type;
        }
        let mut member =
            Member::new(join.instance_id, join.protocols, join.session_timeout, join.rebalance_timeout, now);
        member.wait_for_join(reply);
        self.leader.get_or_insert_with(|| id.to_owned());
        self.members.insert(id.to_owned(), member);
        let latest = self.longest_rebalance();
        if let Phase::Joining { deadline, wait_until: Some(until) } = &mut self.phase {
            *deadline = (now + self.initial_delay).min(*until);
        } else if self.phase == Phase::Empty && self.initial_delay > Duration::ZERO {
            let until = now + latest;
            self.phase = Phase::Joining { deadline: (now + self.initial_delay).min(until), wait_until: Some(until) };
        }
        self.rebalance(now);
    }

    /// Begins a round of joining, unless one is under way; ends it if nobody is missing.
    fn rebalance(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Joining { .. }) {
            for member in self.members.values_mut() {
                if member.is_syncing() {
                    member.answer_sync(Err(ErrorCode::RebalanceInProgress));
                    member.alive(now);
                }
            }
            self.phase = Phase::Joining { deadline: now + self.longest_rebalance(), wait_until: None };
        }
        self.end_round_if_complete(now);
    }

    fn end_round_if_complete(&mut self, now: Instant) {
        let Phase::Joining { deadline, wait_until } = self.phase else { return };
        let complete = self.promised.is_empty() && self.members.values().all(Member::is_joining);
        if deadline <= now || (complete && wait_until.is_none()) {
            self.end_round(now);
        }
    }

    fn end_round(&mut self, now: Instant) {
        for (_, member) in self.members.extract_if(.., |_, member| !member.is_joining()) {
            member.dismiss();
        }
        self.generation = self.generation.wrapping_add(1).max(1);
        if self.members.is_empty() {
            self.phase = Phase::Empty;
            self.leader = None;
            self.protocol = StrBytes::default();
            return;
        }
        if self.leader.as_ref().is_none_or(|leader| !self.members.contains_key(leader)) {
            self.leader = self.members.keys().next().cloned();
        }
        self.protocol = self.elect_protocol();
        self.phase = Phase::Syncing { deadline: now + self.longest_rebalance() };
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            let joined = self.joined(&id);
            if let Some(member) = self.members.get_mut(&id) {
                member.assignment = Bytes::new();
                member.alive(now);
                member.answer_join(Ok(joined));
            }
        }
    }

    /// Each member votes for the first of its protocols that all speak.
    fn elect_protocol(&self) -> StrBytes {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            let common = |(name, _): &&Protocol| self.members.values().all(|other| other.speaks(name));
            if let Some((name, _)) = member.protocols.iter().find(common) {
                *votes.entry(name).or_default() += 1;
            }
        }
        let most = votes.values().max().copied().unwrap_or_default();
        let elected = votes.into_iter().find(|(_, count)| *count == most).map(|(name, _)| name);
        StrBytes::from_string(elected.unwrap_or_default().to_owned())
    }

    fn joined(&self, id: &str) -> Joined {
        let leader = self.leader.clone().unwrap_or_default();
        let about = |(id, member): (&String, &Member)| {
            (id.clone(), member.instance_id.clone(), member.metadata(&self.protocol))
        };
        Joined {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            members: if leader == id { self.members.iter().map(about).collect() } else { Vec::new() },
            leader,
        }
    }

    fn longest_rebalance(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }

    /// Finds a member of the present generation, and notes that it lives.
    fn member(&mut self, id: &str, generation: i32, now: Instant) -> Result<&mut Member, ErrorCode> {
        let member = self.members.get_mut(id).ok_or(ErrorCode::UnknownMemberId)?;
        if generation != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        member.alive(now);
        Ok(member)
    }

    /// A member asks for its assignment; the leader brings everybody's. The answer comes through `reply`.
    pub(super) fn sync(
        &mut self,
        id: &str,
        generation: i32,
        protocol: (Option<&str>, Option<&str>),
        assignments: BTreeMap<String, Bytes>,
        reply: oneshot::Sender<SyncReply>,
        now: Instant,
    ) {
        if let Err(error) = self.check_sync(id, generation, protocol, now) {
            let _ = reply.send(Err(error));
            return;
        }
        if let Some(member) = self.members.get_mut(id) {
            member.wait_for_sync(reply);
        }
        if matches!(self.phase, Phase::Syncing { .. }) && self.leader.as_deref() == Some(id) {
            for (id, member) in &mut self.members {
                member.assignment = assignments.get(id).cloned().unwrap_or_default();
            }
            self.phase = Phase::Stable;
        }
        if self.phase == Phase::Stable {
            self.answer_syncs(now);
        }
    }

    fn check_sync(
        &mut self,
        id: &str,
        generation: i32,
        (protocol_type, protocol): (Option<&str>, Option<&str>),
        now: Instant,
    ) -> Result<(), ErrorCode> {
        self.member(id, generation, now)?;
        let differs = |said: Option<&str>, is: &StrBytes| said.is_some_and(|said| *said != **is);
        match self.phase {
            _ if differs(protocol_type, &self.protocol_type) || differs(protocol, &self.protocol) => {
                Err(ErrorCode::InconsistentGroupProtocol)
            }
            Phase::Empty => Err(ErrorCode::UnknownMemberId),
            Phase::Joining { .. } => Err(ErrorCode::RebalanceInProgress),
            Phase::Syncing { .. } | Phase::Stable => Ok(()),
        }
    }

    fn answer_syncs(&mut self, now: Instant) {
        for member in self.members.values_mut().filter(|member| member.is_syncing()) {
            let synced = Synced {
                protocol_type: self.protocol_type.clone(),
                protocol: self.protocol.clone(),
                assignment: member.assignment.clone(),
            };
            member.alive(now);
            member.answer_sync(Ok(synced));
        }
    }

    /// A member says that it lives.
    pub(super) fn heartbeat(&mut self, id: &str, generation: i32, now: Instant) -> Result<(), ErrorCode> {
        self.member(id, generation, now)?;
        match self.phase {
            Phase::Joining { .. } => Err(ErrorCode::RebalanceInProgress),
            Phase::Empty => Err(ErrorCode::UnknownMemberId),
            Phase::Syncing { .. } | Phase::Stable => Ok(()),
        }
    }

    /// Whether a commit of offsets counts: from a member of this generation, or from outside any group
    /// (`generation` below 0) while there are no members.
    pub(super) fn check_commit(&mut self, id: &str, generation: i32, now: Instant) -> Result<(), ErrorCode> {
        if generation < 0 && self.members.is_empty() {
            return Ok(());
        }
        self.member(id, generation, now)?;
        match self.phase {
            Phase::Syncing { .. } => Err(ErrorCode::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    /// A member leaves.
    pub(super) fn leave(&mut self, id: &str, now: Instant) -> Result<(), ErrorCode> {
        if self.promised.remove(id).is_some() {
            self.end_round_if_complete(now);
            return Ok(());
        }
        if !self.members.contains_key(id) {
            return Err(ErrorCode::UnknownMemberId);
        }
        self.remove(id, now);
        Ok(())
    }

    fn remove(&mut self, id: &str, now: Instant) {
        if let Some(member) = self.members.remove(id) {
            member.dismiss();
        }
        if self.leader.as_deref() == Some(id) {
            self.leader = self.members.keys().next().cloned();
        }
        self.rebalance(now);
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Instant) {
        let broken: Vec<String> =
            self.promised.iter().filter(|(_, until)| **until <= now).map(|(id, _)| id.clone()).collect();
        for id in &broken {
            self.promised.remove(id);
        }
        if let Phase::Syncing { deadline } = self.phase
            && deadline <= now
        {
            for (_, member) in self.members.extract_if(.., |_, member| !member.is_syncing()) {
                member.dismiss();
            }
            self.rebalance(now);
        }
        let is_dead = |member: &Member| member.deadline().is_some_and(|deadline| deadline <= now);
        let dead: Vec<String> =
            self.members.iter().filter(|(_, member)| is_dead(member)).map(|(id, _)| id.clone()).collect();
        for id in &dead {
            tracing::info!(member = id, "a group member's session has ended");
            self.remove(id, now);
        }
        self.end_round_if_complete(now);
    }
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
