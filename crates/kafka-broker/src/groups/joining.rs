//! How members join a group: newcomers, members that join again, static members that come back with a new id, and the
//! round that all of them wait for.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use kafka_wire::{ErrorCode, StrBytes};
use tokio::sync::oneshot;

use super::exchange::{Identity, Join, JoinReply, Joined, Protocol, Refused};
use super::fact::Fact;
use super::group::{Group, Moment, Phase, Round, Wait};
use super::member::Member;

/// How long a newcomer waits for a round; then it is taken for one whose connection is gone.
const NEWCOMER_WAIT: Duration = Duration::from_secs(5 * 60);
/// The most ids that are promised at a time.
const MAX_PROMISED: usize = 10_000;
/// The shortest wait for the next try when nobody has joined in time.
const SHORTEST_RETRY: Duration = Duration::from_millis(100);

type Reply = oneshot::Sender<JoinReply>;

fn refuse(reply: Reply, member_id: impl Into<String>, error: ErrorCode) {
    // Nobody may be listening any more.
    let _ = reply.send(Err(Refused { member_id: member_id.into(), error }));
}

impl Group {
    /// A member joins. The answer comes through `reply`: at once, or when the round ends.
    pub(super) fn join(&mut self, join: Join, reply: Reply, at: &Moment<'_>) {
        if !self.has_room_for(&join.member_id) {
            self.take_out(&join.member_id);
            refuse(reply, "", ErrorCode::GroupMaxSizeReached);
        } else if join.member_id.is_empty() {
            self.join_newcomer(join, reply, at);
        } else {
            self.join_known(join, reply, at);
        }
    }

    fn has_room_for(&self, id: &str) -> bool {
        let member = self.members.get(id);
        match self.phase {
            Phase::Empty => true,
            // The last to join again is the one to go.
            Phase::Joining(_) => {
                let joining = self.members.values().filter(|member| member.is_joining()).count();
                member.is_some_and(Member::is_joining) || joining < self.limits.max_size
            }
            Phase::Syncing | Phase::Stable => member.is_some() || self.members.len() < self.limits.max_size,
        }
    }

    /// Whether a member can be spoken with.
    fn is_understood(&self, join: &Join) -> bool {
        if self.phase == Phase::Empty {
            return !join.protocol_type.is_empty() && !join.protocols.is_empty();
        }
        // Parity: a member that joins again is asked for what it spoke before, too.
        let in_common = |(name, _): &Protocol| self.members.values().all(|member| member.speaks(name));
        self.protocol_type == join.protocol_type && join.protocols.iter().any(in_common)
    }

    fn join_newcomer(&mut self, join: Join, reply: Reply, at: &Moment<'_>) {
        if !self.is_understood(&join) {
            return refuse(reply, "", ErrorCode::InconsistentGroupProtocol);
        }
        let id = join.new_id.clone();
        let before = join.instance_id.as_ref().and_then(|instance| self.static_member(instance)).cloned();
        match before {
            Some(before) => self.replace(&before, join, reply, at),
            None if join.instance_id.is_some() || !join.takes_promises => self.add(id, join, reply, at),
            None if self.promised.len() >= MAX_PROMISED => refuse(reply, "", ErrorCode::GroupMaxSizeReached),
            None => {
                self.promised.insert(id.clone(), at.now + join.session_timeout);
                refuse(reply, id, ErrorCode::MemberIdRequired);
            }
        }
    }

    fn join_known(&mut self, join: Join, reply: Reply, at: &Moment<'_>) {
        let id = join.member_id.clone();
        if !self.is_understood(&join) {
            return refuse(reply, id, ErrorCode::InconsistentGroupProtocol);
        }
        if self.promised.contains_key(&id) {
            return match join.instance_id {
                None => self.add(id, join, reply, at),
                // Parity: ids are promised to others than static members alone.
                Some(_) => refuse(reply, id, ErrorCode::UnknownServerError),
            };
        }
        let who = Identity { member_id: StrBytes::from_string(id.clone()), instance_id: join.instance_id.clone() };
        if let Err(error) = self.check_member(&who) {
            return refuse(reply, id, error);
        }
        let leads = self.leader.as_deref() == Some(&*id);
        let Some(member) = self.members.get_mut(&id) else { return refuse(reply, id, ErrorCode::UnknownMemberId) };
        let repeated = match self.phase {
            // Its answer was lost: it gets the same again.
            Phase::Syncing => member.protocols == join.protocols,
            // A leader that joins again wants to assign anew.
            Phase::Stable => member.protocols == join.protocols && !leads,
            Phase::Joining(_) | Phase::Empty => false,
        };
        if repeated {
            let _ = reply.send(Ok(self.joined(&id)));
            return;
        }
        member.update(join, reply);
        self.rebalance_or_go_on(at);
    }

    fn add(&mut self, id: String, join: Join, reply: Reply, at: &Moment<'_>) {
        self.promised.remove(&id);
        if self.members.is_empty() {
            self.protocol_type = join.protocol_type.clone();
        }
        let mut member = Member::new(join, NEWCOMER_WAIT, at.now);
        member.wait_for_join(reply);
        self.leader.get_or_insert_with(|| id.clone());
        self.members.insert(id, member);
        if let Phase::Joining(Round { initial: Some(wait), .. }) = &mut self.phase {
            wait.newcomer = true;
        }
        self.rebalance_or_go_on(at);
    }

    /// A static member comes back without its id: it gets a new one and what was assigned to the old one, and who still
    /// uses the old one is told.
    fn replace(&mut self, before: &str, join: Join, reply: Reply, at: &Moment<'_>) {
        let leader_before = self.leader.clone();
        let (id, skips_assignment) = (join.new_id.clone(), join.skips_assignment);
        let Some(old) = self.members.remove(before) else { return refuse(reply, "", ErrorCode::UnknownMemberId) };
        let (mut new, reverted) = (old.successor(), old.successor());
        old.fence(before);
        new.update(join, reply);
        new.alive(at.now);
        self.members.insert(id.clone(), new);
        self.rename(before, &id);
        match self.phase {
            Phase::Stable if self.elect_protocol() == self.protocol => {
                if let Err(error) = (at.keep)(&Fact::of(self)) {
                    if let Some(mut new) = self.members.remove(&id) {
                        new.answer_join(Err(Refused { member_id: String::new(), error }));
                    }
                    self.members.insert(before.to_owned(), reverted);
                    self.rename(&id, before);
                    return;
                }
                let leads = self.leader.as_ref() == Some(&id);
                let mut joined = self.joined(&id);
                if skips_assignment {
                    joined.skip_assignment = leads;
                } else {
                    // An older client that leads would assign anew; it is told that its old self leads.
                    joined.leader = leader_before.unwrap_or_default();
                    joined.members.clear();
                }
                if let Some(member) = self.members.get_mut(&id) {
                    member.answer_join(Ok(joined));
                }
            }
            // The leader may be assigning to the id that was.
            Phase::Stable | Phase::Syncing => self.rebalance(at),
            Phase::Joining(_) | Phase::Empty => self.end_round_if_complete(at),
        }
    }

    fn rename(&mut self, before: &str, id: &str) {
        if self.leader.as_deref() == Some(before) {
            self.leader = Some(id.to_owned());
        }
        if self.unsynced.remove(before) {
            self.unsynced.insert(id.to_owned());
        }
    }

    fn rebalance_or_go_on(&mut self, at: &Moment<'_>) {
        match self.phase {
            Phase::Joining(_) => self.end_round_if_complete(at),
            Phase::Empty | Phase::Syncing | Phase::Stable => self.rebalance(at),
        }
    }

    /// Begins a round of joining; ends it if nobody is missing.
    pub(super) fn rebalance(&mut self, at: &Moment<'_>) {
        if self.phase == Phase::Syncing {
            for member in self.members.values_mut() {
                member.assignment = Bytes::new();
            }
            self.refuse_syncs(ErrorCode::RebalanceInProgress, at);
        }
        self.unsynced.clear();
        self.sync_deadline = None;
        let longest = self.longest_rebalance();
        if self.phase == Phase::Empty {
            let step = self.limits.initial_delay;
            let wait = Wait { step, remaining: longest.saturating_sub(step), newcomer: false };
            self.enter(Phase::Joining(Round { deadline: at.now + step, initial: Some(wait) }), at);
            self.end_round_if_over(at);
        } else {
            self.enter(Phase::Joining(Round { deadline: at.now + longest, initial: None }), at);
            self.end_round_if_complete(at);
        }
    }

    /// Whether everybody has joined whom the group knows.
    pub(super) fn is_complete(&self) -> bool {
        self.promised.is_empty() && self.members.values().all(Member::is_joining)
    }

    pub(super) fn end_round_if_complete(&mut self, at: &Moment<'_>) {
        if matches!(self.phase, Phase::Joining(Round { initial: None, .. })) && self.is_complete() {
            self.end_round(at);
        }
    }

    pub(super) fn end_round_if_over(&mut self, at: &Moment<'_>) {
        let Phase::Joining(round) = &mut self.phase else { return };
        if round.deadline > at.now {
            return;
        }
        if let Some(wait) = &mut round.initial
            && wait.newcomer
            && !wait.remaining.is_zero()
        {
            let step = self.limits.initial_delay.min(wait.remaining);
            *wait = Wait { step, remaining: wait.remaining.saturating_sub(wait.step), newcomer: false };
            round.deadline = at.now + step;
            return;
        }
        self.end_round(at);
    }

    /// The next generation: those who have joined, and static members, who need not.
    pub(super) fn end_round(&mut self, at: &Moment<'_>) {
        let is_gone = |member: &Member| !member.is_joining() && member.instance_id.is_none();
        let gone: Vec<String> =
            self.members.iter().filter(|(_, member)| is_gone(member)).map(|(id, _)| id.clone()).collect();
        for id in &gone {
            tracing::info!(member = id, "a member has not joined its group again in time");
            self.take_out(id);
        }
        if !self.members.is_empty() && !self.elect_leader() {
            // Static members alone, none of which has joined: until their sessions end there is nobody to assign.
            let retry = self.longest_rebalance().max(SHORTEST_RETRY);
            self.enter(Phase::Joining(Round { deadline: at.now + retry, initial: None }), at);
            return;
        }
        self.generation = self.generation.wrapping_add(1).max(1);
        self.unsynced.clear();
        self.sync_deadline = None;
        if self.members.is_empty() {
            self.leader = None;
            self.protocol = StrBytes::default();
            self.note_subscriptions();
            self.enter(Phase::Empty, at);
            if let Err(error) = (at.keep)(&Fact::of(self)) {
                // The journal has the generation before, whose sessions will end after a restart.
                tracing::warn!(%error, "that a group is empty cannot be written down");
            }
            return;
        }
        self.protocol = self.elect_protocol();
        self.note_subscriptions();
        self.enter(Phase::Syncing, at);
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            let joined = self.joined(&id);
            if let Some(member) = self.members.get_mut(&id) {
                member.assignment = Bytes::new();
                member.is_new = false;
                member.alive(at.now);
                member.answer_join(Ok(joined));
            }
            self.unsynced.insert(id);
        }
        self.sync_deadline = Some(at.now + self.longest_rebalance());
    }

    /// A leader that has not joined is replaced by a member that has; says whether one has joined.
    fn elect_leader(&mut self) -> bool {
        let joined = |id: &String| self.members.get(id).is_some_and(Member::is_joining);
        if !self.leader.as_ref().is_some_and(joined) {
            let next = self.members.iter().find(|(_, member)| member.is_joining()).map(|(id, _)| id.clone());
            if next.is_none() {
                return false;
            }
            self.leader = next;
        }
        true
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
            member_id: id.to_owned(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            members: if leader == id { self.members.iter().map(about).collect() } else { Vec::new() },
            leader,
            skip_assignment: false,
        }
    }

    pub(super) fn longest_rebalance(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }
}
