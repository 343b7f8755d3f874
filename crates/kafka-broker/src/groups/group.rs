//! One group as a state machine: requests and the time go in, answers come out through the waiting requests' channels.
//! The rules are those of `GroupMetadataManager` and `ClassicGroup`. How members join is in `joining`, how they get their
//! assignments in `syncing`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use env::Instant;
use kafka_wire::{ErrorCode, StrBytes};

use super::exchange::{Identity, MemberOverview, Overview};
use super::fact::Fact;
use super::member::Member;
use super::subscription::{self, CONSUMER};

/// The moment in which a group does something.
pub(super) struct Moment<'a> {
    pub(super) now: Instant,
    pub(super) unix_millis: i64,
    /// Writes down how the group is.
    pub(super) keep: &'a dyn Fn(&Fact) -> Result<(), ErrorCode>,
}

/// What holds for every group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How long an empty group waits for more members than the first.
    pub(super) initial_delay: Duration,
    /// The most members.
    pub(super) max_size: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// No members.
    Empty,
    /// Members join until all have, or the time is over.
    Joining(Round),
    /// The leader assigns.
    Syncing,
    /// Everybody has an assignment.
    Stable,
}

/// A round of joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Round {
    pub(super) deadline: Instant,
    /// The group was empty, so even a complete round waits for more members.
    pub(super) initial: Option<Wait>,
}

/// An empty group waits in steps, as long as members come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) step: Duration,
    /// How much longer it may wait after this step.
    pub(super) remaining: Duration,
    /// Whether somebody came in this step.
    pub(super) newcomer: bool,
}

/// When offsets of a group are too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    /// When the time since then, in Unix milliseconds, is over the retention.
    Since(i64),
    /// When the time since the commit is.
    Commit,
}

/// One group.
pub(super) struct Group {
    pub(super) limits: Limits,
    pub(super) phase: Phase,
    /// When it came into its phase, in Unix milliseconds.
    pub(super) since: i64,
    pub(super) generation: i32,
    /// Empty until there was a member.
    pub(super) protocol_type: StrBytes,
    pub(super) protocol: StrBytes,
    pub(super) leader: Option<String>,
    pub(super) members: BTreeMap<String, Member>,
    /// Ids given to members that have yet to join with them, and until when.
    pub(super) promised: BTreeMap<String, Instant>,
    /// Members of this generation that have not asked for their assignment, and when they are dropped.
    pub(super) unsynced: BTreeSet<String>,
    pub(super) sync_deadline: Option<Instant>,
    /// The topics that the consumers of this generation want, if they say so.
    subscribed: Option<BTreeSet<String>>,
}

impl Group {
    /// A group nobody has joined.
    pub(super) fn new(limits: Limits, unix_millis: i64) -> Self {
        Self {
            limits,
            phase: Phase::Empty,
            since: unix_millis,
            generation: 0,
            protocol_type: StrBytes::default(),
            protocol: StrBytes::default(),
            leader: None,
            members: BTreeMap::new(),
            promised: BTreeMap::new(),
            unsynced: BTreeSet::new(),
            sync_deadline: None,
            subscribed: None,
        }
    }

    /// A group as another broker has left it.
    pub(super) fn restored(fact: Fact, limits: Limits, at: &Moment<'_>) -> Self {
        let mut group = Self::new(limits, at.unix_millis);
        fact.restore(&mut group, at.now);
        group.phase = if group.members.is_empty() { Phase::Empty } else { Phase::Stable };
        group.note_subscriptions();
        if group.members.len() > limits.max_size {
            group.rebalance(at);
        }
        group
    }

    /// Whether there is nobody, and nobody about to come.
    pub(super) fn is_deserted(&self) -> bool {
        self.phase == Phase::Empty && self.promised.is_empty()
    }

    pub(super) fn has_members(&self) -> bool {
        self.phase != Phase::Empty
    }

    pub(super) fn is_of_consumers(&self) -> bool {
        *self.protocol_type == *CONSUMER
    }

    pub(super) fn enter(&mut self, phase: Phase, at: &Moment<'_>) {
        self.phase = phase;
        self.since = at.unix_millis;
    }

    /// Notes what the members of this generation want; they name topics in what they say of themselves.
    pub(super) fn note_subscriptions(&mut self) {
        let all = || {
            let of_members = self.members.values().map(|member| subscription::topics(&member.metadata(&self.protocol)));
            of_members.collect::<Option<Vec<_>>>().map(|topics| topics.into_iter().flatten().collect())
        };
        self.subscribed = if self.is_of_consumers() { all() } else { None };
    }

    /// Whether the group's consumers want a topic, or may.
    pub(super) fn is_subscribed_to(&self, topic: &str) -> bool {
        self.subscribed.as_ref().map_or(self.is_of_consumers(), |topics| topics.contains(topic))
    }

    /// When this group's offsets are too old; `None`: never, as things are.
    pub(super) fn expiry(&self) -> Option<Expiry> {
        match self.phase {
            _ if self.protocol_type.is_empty() => Some(Expiry::Commit),
            Phase::Empty => Some(Expiry::Since(self.since)),
            Phase::Stable if self.is_of_consumers() && self.subscribed.is_some() => Some(Expiry::Commit),
            _ => None,
        }
    }

    pub(super) fn state(&self) -> &'static str {
        match self.phase {
            Phase::Empty => "Empty",
            Phase::Joining(_) => "PreparingRebalance",
            Phase::Syncing => "CompletingRebalance",
            Phase::Stable => "Stable",
        }
    }

    /// What is known of the group. What members said and got is shown while it is stable.
    pub(super) fn overview(&self) -> Overview {
        let stable = self.phase == Phase::Stable;
        let members = self.members.iter().map(|(id, member)| MemberOverview {
            id: id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: if stable { member.metadata(&self.protocol) } else { Default::default() },
            assignment: if stable { member.assignment.clone() } else { Default::default() },
        });
        Overview {
            state: self.state(),
            protocol_type: self.protocol_type.clone(),
            protocol: if stable { self.protocol.clone() } else { StrBytes::default() },
            members: members.collect(),
        }
    }

    /// The id of the member with this instance id.
    pub(super) fn static_member(&self, instance_id: &str) -> Option<&String> {
        let is_it = |member: &Member| member.instance_id.as_ref().is_some_and(|instance| **instance == *instance_id);
        self.members.iter().find(|(_, member)| is_it(member)).map(|(id, _)| id)
    }

    /// Checks that a member is who it says it is.
    pub(super) fn check_member(&self, who: &Identity) -> Result<(), ErrorCode> {
        if let Some(instance) = &who.instance_id {
            match self.static_member(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(id) if **id != *who.member_id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(&*who.member_id) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// Checks that a member is who it says it is, and of this generation.
    pub(super) fn check_generation(&self, who: &Identity, generation: i32) -> Result<(), ErrorCode> {
        self.check_member(who)?;
        if generation == self.generation { Ok(()) } else { Err(ErrorCode::IllegalGeneration) }
    }

    /// A member was heard of.
    fn alive(&mut self, id: &str, now: Instant) {
        if let Some(member) = self.members.get_mut(id) {
            member.alive(now);
        }
    }

    /// A member says that it lives.
    pub(super) fn heartbeat(&mut self, who: &Identity, generation: i32, now: Instant) -> Result<(), ErrorCode> {
        self.check_generation(who, generation)?;
        self.alive(&who.member_id, now);
        match self.phase {
            Phase::Joining(_) => Err(ErrorCode::RebalanceInProgress),
            Phase::Empty => Err(ErrorCode::UnknownMemberId),
            Phase::Syncing | Phase::Stable => Ok(()),
        }
    }

    /// Whether a commit of offsets counts: from a member of this generation, or from outside any group (`generation`
    /// below 0) while there are no members. One that counts is a sign of life.
    pub(super) fn check_commit(&mut self, who: &Identity, generation: i32, now: Instant) -> Result<(), ErrorCode> {
        if generation < 0 && self.phase == Phase::Empty {
            return Ok(());
        }
        if generation < 0 && who.member_id.is_empty() && who.instance_id.is_none() {
            return Err(ErrorCode::UnknownMemberId);
        }
        self.check_generation(who, generation)?;
        if self.phase == Phase::Syncing {
            return Err(ErrorCode::RebalanceInProgress);
        }
        self.alive(&who.member_id, now);
        Ok(())
    }

    /// Whether offsets can become part of a transaction. Older clients say nothing of themselves, and may all the same.
    pub(super) fn check_transactional_commit(&self, who: &Identity, generation: i32) -> Result<(), ErrorCode> {
        let says_nothing = generation < 0 && who.member_id.is_empty() && who.instance_id.is_none();
        if says_nothing || (generation < 0 && self.phase == Phase::Empty) {
            return Ok(());
        }
        self.check_generation(who, generation)
    }

    /// Members leave, or are made to, by their id or their instance id; says for each whether it was there.
    pub(super) fn leave(&mut self, leavers: &[Identity], at: &Moment<'_>) -> Vec<Result<(), ErrorCode>> {
        let left: Vec<_> = leavers.iter().map(|who| self.leave_one(who)).collect();
        if left.iter().any(Result::is_ok) {
            match self.phase {
                Phase::Syncing | Phase::Stable => self.rebalance(at),
                Phase::Joining(_) => self.end_round_if_complete(at),
                Phase::Empty => {}
            }
        }
        left
    }

    fn leave_one(&mut self, who: &Identity) -> Result<(), ErrorCode> {
        if self.promised.remove(&*who.member_id).is_some() {
            return Ok(());
        }
        let id = if who.member_id.is_empty() {
            // An administrator removes a static member without knowing its id.
            let id = who.instance_id.as_ref().and_then(|instance| self.static_member(instance));
            id.ok_or(ErrorCode::UnknownMemberId)?.clone()
        } else {
            self.check_member(who)?;
            who.member_id.to_string()
        };
        tracing::info!(member = id, "a member leaves its group");
        self.take_out(&id);
        Ok(())
    }

    /// Takes somebody out of the group; what happens to the others is up to the caller.
    pub(super) fn take_out(&mut self, id: &str) {
        self.promised.remove(id);
        self.unsynced.remove(id);
        if let Some(member) = self.members.remove(id) {
            member.dismiss();
        }
        if self.leader.as_deref() == Some(id) {
            self.leader = self.members.keys().next().cloned();
        }
    }

    /// When [`Group::tick`] has something to do.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let round = match self.phase {
            Phase::Joining(round) => Some(round.deadline),
            Phase::Empty | Phase::Syncing | Phase::Stable => None,
        };
        let members = self.members.values().filter_map(Member::deadline);
        round.into_iter().chain(self.sync_deadline).chain(self.promised.values().copied()).chain(members).min()
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, at: &Moment<'_>) {
        let promises = self.promised.len();
        self.promised.retain(|_, until| *until > at.now);
        let is_dead = |member: &Member| member.deadline().is_some_and(|deadline| deadline <= at.now);
        let dead: Vec<String> =
            self.members.iter().filter(|(_, member)| is_dead(member)).map(|(id, _)| id.clone()).collect();
        for id in &dead {
            tracing::info!(member = id, "a group member's session has ended");
            self.take_out(id);
        }
        match self.phase {
            Phase::Syncing | Phase::Stable if !dead.is_empty() => self.rebalance(at),
            // Parity: after a death even an empty group's first round does not wait for more members.
            Phase::Joining(_) if (!dead.is_empty() || self.promised.len() < promises) && self.is_complete() => {
                self.end_round(at);
            }
            _ => {}
        }
        self.drop_unsynced(at);
        self.end_round_if_over(at);
    }
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
