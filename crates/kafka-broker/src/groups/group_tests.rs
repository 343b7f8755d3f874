//! Histories of one group.

use std::cell::{Cell, RefCell};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::*;
use crate::groups::exchange::{Join, JoinReply, Joined, Refused, Sync, SyncReply};

const SECOND: Duration = Duration::from_secs(1);

/// A group, the time, and what was written down.
struct World {
    group: Group,
    now: Instant,
    kept: RefCell<Vec<Fact>>,
    disk_fails: Cell<bool>,
}

type JoinAnswer = oneshot::Receiver<JoinReply>;
type SyncAnswer = oneshot::Receiver<SyncReply>;

impl World {
    fn new(initial_delay: Duration) -> Self {
        Self::of_size(initial_delay, 100)
    }

    fn of_size(initial_delay: Duration, max_size: usize) -> Self {
        let limits = Limits { initial_delay, max_size };
        let now = Instant::from_origin(SECOND * 100);
        Self { group: Group::new(limits, 0), now, kept: RefCell::default(), disk_fails: Cell::new(false) }
    }

    fn act<T>(&mut self, act: impl FnOnce(&mut Group, &Moment<'_>) -> T) -> T {
        let keep = |fact: &Fact| {
            if self.disk_fails.get() {
                return Err(ErrorCode::NotCoordinator);
            }
            self.kept.borrow_mut().push(fact.clone());
            Ok(())
        };
        let unix_millis = self.now.since_origin().as_millis() as i64;
        act(&mut self.group, &Moment { now: self.now, unix_millis, keep: &keep })
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.act(|group, at| group.tick(at));
    }

    fn request(&mut self, join: Join) -> JoinAnswer {
        let (reply, answer) = oneshot::channel();
        self.act(|group, at| group.join(join, reply, at));
        answer
    }

    /// A member joins, or a newcomer that gets this id.
    fn joins(&mut self, id: &str, protocols: &[&'static str]) -> JoinAnswer {
        let known = self.group.members.contains_key(id) || self.group.promised.contains_key(id);
        let (member_id, new_id) = if known { (id, "") } else { ("", id) };
        self.request(Join { member_id: member_id.into(), new_id: new_id.into(), ..join(protocols) })
    }

    /// A static member without its id joins and gets this one.
    fn comes(&mut self, instance: &str, new_id: &str, protocols: &[&'static str]) -> JoinAnswer {
        let instance_id = Some(instance.to_owned().into());
        self.request(Join { new_id: new_id.into(), instance_id, skips_assignment: true, ..join(protocols) })
    }

    fn syncs(&mut self, id: &str, assignments: &[(&str, &'static str)]) -> SyncAnswer {
        let assignments =
            assignments.iter().map(|(id, text)| ((*id).to_owned(), Bytes::from_static(text.as_bytes()))).collect();
        self.sync(Sync { who: who(id), generation: self.group.generation, assignments, ..Sync::default() })
    }

    fn sync(&mut self, sync: Sync) -> SyncAnswer {
        let (reply, answer) = oneshot::channel();
        self.act(|group, at| group.sync(sync, reply, at));
        answer
    }

    fn beats(&mut self, id: &str) -> Result<(), ErrorCode> {
        self.group.heartbeat(&who(id), self.group.generation, self.now)
    }

    fn commits(&mut self, id: &str, generation: i32) -> Result<(), ErrorCode> {
        self.group.check_commit(&who(id), generation, self.now)
    }

    fn leaves(&mut self, id: &str) -> Result<(), ErrorCode> {
        self.act(|group, at| group.leave(&[who(id)], at)).remove(0)
    }

    /// The broker starts again, with what was written down last.
    fn restarts(&mut self) {
        let fact = self.kept.borrow().last().expect("something was kept").clone();
        let limits = self.group.limits;
        let restored = self.act(|_, at| Group::restored(fact, limits, at));
        self.group = restored;
    }

    /// Two members, a leading, both with their assignment.
    fn stable() -> Self {
        let mut world = World::new(SECOND);
        let (mut a, mut b) = (world.joins("a", &["p"]), world.joins("b", &["p"]));
        // The second came while the group waited, so it waits once more.
        world.pass(SECOND);
        assert!(a.try_recv().is_err());
        world.pass(SECOND);
        assert_eq!(joined(&mut a).members.len(), 2);
        assert_eq!(joined(&mut b).leader, "a");
        let mut b = world.syncs("b", &[]);
        assert!(b.try_recv().is_err(), "the leader has not assigned yet");
        let mut a = world.syncs("a", &[("a", "for a"), ("b", "for b")]);
        assert_eq!(assigned(&mut a), "for a");
        assert_eq!(assigned(&mut b), "for b");
        world
    }

    /// Two static members, one and two, with the ids a and b; a leads.
    fn stable_of_static_members() -> Self {
        let mut world = World::new(SECOND);
        let (mut a, mut b) = (world.comes("one", "a", &["p"]), world.comes("two", "b", &["p"]));
        world.pass(SECOND);
        world.pass(SECOND);
        assert_eq!((joined(&mut a).leader, joined(&mut b).generation), ("a".to_owned(), 1));
        drop(world.syncs("b", &[]));
        drop(world.syncs("a", &[("a", "for one"), ("b", "for two")]));
        assert_eq!(world.group.state(), "Stable");
        world
    }
}

fn who(id: &str) -> Identity {
    Identity { member_id: id.to_owned().into(), instance_id: None }
}

fn is(id: &str, instance: &str) -> Identity {
    Identity { member_id: id.to_owned().into(), instance_id: Some(instance.to_owned().into()) }
}

fn join(protocols: &[&'static str]) -> Join {
    let name = StrBytes::from_static_str;
    Join {
        member_id: String::new(),
        new_id: String::new(),
        instance_id: None,
        client_id: "client".into(),
        client_host: "/10.0.0.1".into(),
        protocol_type: name("consumer"),
        protocols: protocols.iter().map(|protocol| (name(protocol), Bytes::from_static(b"about"))).collect(),
        session_timeout: SECOND * 10,
        rebalance_timeout: SECOND * 60,
        takes_promises: false,
        skips_assignment: false,
    }
}

fn joined(answer: &mut JoinAnswer) -> Joined {
    answer.try_recv().expect("answered").expect("joined")
}

fn assigned(answer: &mut SyncAnswer) -> String {
    let synced = answer.try_recv().expect("answered").expect("assigned");
    String::from_utf8(synced.assignment.to_vec()).unwrap()
}

fn turned_away(answer: &mut JoinAnswer) -> (String, ErrorCode) {
    let Refused { member_id, error } = answer.try_recv().expect("answered").expect_err("refused");
    (member_id, error)
}

fn refused(answer: &mut SyncAnswer) -> ErrorCode {
    answer.try_recv().expect("answered").expect_err("refused")
}

#[test]
fn an_empty_group_waits_for_more_members() {
    let mut world = World::new(SECOND * 3);
    let mut a = world.joins("a", &["p"]);
    world.pass(SECOND * 2);
    let mut b = world.joins("b", &["p"]);
    world.pass(SECOND);
    assert!(a.try_recv().is_err(), "a newcomer prolongs the wait by another step");
    world.pass(SECOND * 3);
    assert_eq!(joined(&mut a).members.len(), 2);
    let b = joined(&mut b);
    assert_eq!((b.generation, b.leader.as_str(), b.members.len()), (1, "a", 0));
}

#[test]
fn an_empty_group_waits_no_longer_than_a_rebalance_may_take() {
    let mut world = World::new(SECOND * 25);
    let mut a = world.joins("a", &["p"]);
    for (n, waits) in [(1, true), (2, true), (3, false)] {
        drop(world.joins(&format!("later {n}"), &["p"]));
        // 25 s, 25 s, 10 s: 60 s in all.
        world.pass(if n == 3 { SECOND * 10 } else { SECOND * 25 });
        assert_eq!(a.try_recv().is_err(), waits, "{n}");
    }
}

#[test]
fn without_delay_the_first_member_is_in_at_once() {
    let mut world = World::new(Duration::ZERO);
    assert_eq!(joined(&mut world.joins("a", &["p"])).generation, 1);
}

#[test]
fn a_newcomer_makes_everybody_join_again() {
    let mut world = World::stable();
    let mut c = world.joins("c", &["p"]);
    assert_eq!(world.beats("a"), Err(ErrorCode::RebalanceInProgress));
    let mut a = world.joins("a", &["p"]);
    assert!(c.try_recv().is_err(), "b is missing");
    let mut b = world.joins("b", &["p"]);
    assert_eq!(joined(&mut a).generation, 2);
    assert_eq!(joined(&mut b).members, []);
    assert_eq!(joined(&mut c).leader, "a");
    let of_the_past = Sync { who: who("b"), generation: 1, ..Sync::default() };
    assert_eq!(refused(&mut world.sync(of_the_past)), ErrorCode::IllegalGeneration);
}

#[test]
fn who_does_not_join_again_in_time_is_out() {
    let mut world = World::stable();
    let mut c = world.joins("c", &["p"]);
    let mut b = world.joins("b", &["p"]);
    for _ in 0..12 {
        // It lives, but does not join.
        let _ = world.beats("a");
        world.pass(SECOND * 5);
    }
    assert_eq!(joined(&mut b).leader, "b");
    assert_eq!(joined(&mut c).members.len(), 0);
    assert_eq!(world.beats("a"), Err(ErrorCode::UnknownMemberId));
}

#[test]
fn a_member_that_is_silent_dies_and_the_others_rebalance() {
    let mut world = World::stable();
    for _ in 0..3 {
        assert_eq!(world.beats("b"), Ok(()));
        world.pass(SECOND * 3);
    }
    assert_eq!(world.group.next_deadline(), Some(world.now + SECOND), "to the moment");
    world.pass(SECOND - Duration::from_millis(1));
    assert_eq!(world.beats("b"), Ok(()));
    world.pass(Duration::from_millis(1));
    assert_eq!(world.beats("a"), Err(ErrorCode::UnknownMemberId));
    assert_eq!(world.beats("b"), Err(ErrorCode::RebalanceInProgress));
    let joined = joined(&mut world.joins("b", &["p"]));
    assert_eq!((joined.leader.as_str(), joined.members.len()), ("b", 1));
}

#[test]
fn a_member_that_waits_for_an_answer_does_not_die() {
    let mut world = World::stable();
    let mut c = world.joins("c", &["p"]);
    for _ in 0..10 {
        let _ = (world.beats("a"), world.beats("b"));
        world.pass(SECOND * 5);
    }
    let (mut a, mut b) = (world.joins("a", &["p"]), world.joins("b", &["p"]));
    assert_eq!(joined(&mut c).generation, 2);
    let _ = (joined(&mut a), joined(&mut b));
    // And so while it waits for the leader to assign.
    let mut c = world.syncs("c", &[]);
    let _b = world.syncs("b", &[]);
    for _ in 0..5 {
        assert_eq!(world.beats("a"), Ok(()));
        world.pass(SECOND * 5);
    }
    assert!(c.try_recv().is_err());
    world.syncs("a", &[("c", "for c")]);
    assert_eq!(assigned(&mut c), "for c");
}

#[test]
fn a_newcomer_waits_five_minutes_at_most() {
    let mut world = World::stable();
    let patient = Join { new_id: "c".into(), rebalance_timeout: SECOND * 600, ..join(&["p"]) };
    let mut c = world.request(patient);
    for _ in 0..60 {
        let _ = (world.beats("a"), world.beats("b"));
        assert!(c.try_recv().is_err());
        world.pass(SECOND * 5);
    }
    assert_eq!(turned_away(&mut c), (String::new(), ErrorCode::UnknownMemberId));
}

#[test]
fn a_leader_that_never_assigns_is_dropped() {
    let mut world = World::new(Duration::ZERO);
    let _ = joined(&mut world.joins("a", &["p"]));
    let mut b = world.joins("b", &["p"]);
    let _ = joined(&mut world.joins("a", &["p"]));
    let _ = joined(&mut b);
    let mut b = world.syncs("b", &[]);
    for _ in 0..12 {
        let _ = world.beats("a");
        world.pass(SECOND * 5);
    }
    assert_eq!(refused(&mut b), ErrorCode::RebalanceInProgress);
    assert_eq!(joined(&mut world.joins("b", &["p"])).leader, "b");
}

#[test]
fn who_never_asks_for_its_assignment_is_dropped_even_if_the_others_have_theirs() {
    let mut world = World::new(Duration::ZERO);
    let _ = joined(&mut world.joins("a", &["p"]));
    let mut b = world.joins("b", &["p"]);
    let _ = joined(&mut world.joins("a", &["p"]));
    let _ = joined(&mut b);
    drop(world.syncs("a", &[]));
    for _ in 0..12 {
        assert_eq!((world.group.state(), world.beats("a"), world.beats("b")), ("Stable", Ok(()), Ok(())));
        world.pass(SECOND * 5);
    }
    assert_eq!(world.beats("a"), Err(ErrorCode::RebalanceInProgress));
    assert_eq!(world.beats("b"), Err(ErrorCode::UnknownMemberId));
}

#[test]
fn leaving_is_noticed_at_once() {
    let mut world = World::stable();
    assert_eq!(world.leaves("a"), Ok(()));
    assert_eq!(world.leaves("a"), Err(ErrorCode::UnknownMemberId));
    assert_eq!(world.beats("b"), Err(ErrorCode::RebalanceInProgress));
    assert_eq!(joined(&mut world.joins("b", &["p"])).generation, 2);
    assert_eq!(world.leaves("b"), Ok(()));
    assert!(world.group.is_deserted());
    assert_eq!(world.group.next_deadline(), None);
    assert_eq!(world.kept.borrow().last().map(|fact| (fact.generation, fact.members.len())), Some((3, 0)));
}

#[test]
fn many_leave_with_one_request() {
    let mut world = World::stable_of_static_members();
    let gone = world.act(|group, at| group.leave(&[is("", "two"), is("b", "two"), is("b", "one"), who("x")], at));
    let unknown = Err(ErrorCode::UnknownMemberId);
    assert_eq!(gone, [Ok(()), unknown, Err(ErrorCode::FencedInstanceId), unknown]);
    assert_eq!(world.act(|group, at| group.leave(&[Identity::default()], at)), [unknown]);
    assert_eq!(world.group.state(), "PreparingRebalance");
    assert_eq!(joined(&mut world.joins("a", &["p"])).members.len(), 1);
}

#[test]
fn an_answer_that_was_lost_is_given_again() {
    let mut world = World::new(Duration::ZERO);
    let first = joined(&mut world.joins("a", &["p"]));
    assert_eq!(joined(&mut world.joins("a", &["p"])), first);
    drop(world.syncs("a", &[("a", "x")]));
    assert_eq!(assigned(&mut world.syncs("a", &[])), "x");
    // But a leader of a stable group that joins again begins a new round.
    assert_eq!(joined(&mut world.joins("a", &["p"])).generation, 2);
}

#[test]
fn a_follower_that_joins_again_unchanged_stays_where_it_is() {
    let mut world = World::stable();
    assert_eq!(joined(&mut world.joins("b", &["p"])).generation, 1);
    assert!(world.joins("b", &["p", "q"]).try_recv().is_err(), "with other protocols it begins a new round");
    assert_eq!(world.beats("a"), Err(ErrorCode::RebalanceInProgress));
}

#[test]
fn the_protocol_that_all_speak_and_most_like_is_taken() {
    let mut world = World::new(SECOND);
    let mut answers =
        [world.joins("a", &["x", "y", "z"]), world.joins("b", &["z", "y"]), world.joins("c", &["y", "z"])];
    let inconsistent = (String::new(), ErrorCode::InconsistentGroupProtocol);
    assert_eq!(turned_away(&mut world.joins("d", &["x"])), inconsistent);
    let other_type = Join { new_id: "e".into(), protocol_type: "connect".to_owned().into(), ..join(&["y"]) };
    assert_eq!(turned_away(&mut world.request(other_type)), inconsistent);
    world.pass(SECOND);
    world.pass(SECOND);
    // a and c vote for y, b for z; x is not spoken by all.
    assert_eq!(&*joined(&mut answers[0]).protocol, "y");
}

#[test]
fn a_promised_id_holds_the_round_until_it_is_used_or_broken() {
    let mut world = World::stable();
    let newcomer = Join { new_id: "c".into(), takes_promises: true, ..join(&["p"]) };
    assert_eq!(turned_away(&mut world.request(newcomer)), ("c".to_owned(), ErrorCode::MemberIdRequired));
    assert_eq!(world.group.state(), "Stable", "a promise alone disturbs nobody");
    let mut b = world.joins("b", &["p", "q"]);
    let mut a = world.joins("a", &["p"]);
    assert!(a.try_recv().is_err() && b.try_recv().is_err());
    world.pass(SECOND * 10);
    assert_eq!(joined(&mut a).generation, 2);
    let late = Join { member_id: "c".into(), ..join(&["p"]) };
    assert_eq!(turned_away(&mut world.request(late)), ("c".to_owned(), ErrorCode::UnknownMemberId));
}

#[test]
fn commits_count_from_members_of_this_generation_alone() {
    let mut world = World::new(Duration::ZERO);
    assert_eq!(world.commits("", -1), Ok(()));
    let _ = joined(&mut world.joins("a", &["p"]));
    assert_eq!(world.commits("", -1), Err(ErrorCode::UnknownMemberId));
    assert_eq!(world.commits("a", -1), Err(ErrorCode::IllegalGeneration));
    assert_eq!(world.commits("a", 1), Err(ErrorCode::RebalanceInProgress));
    assert_eq!(world.group.check_transactional_commit(&who("a"), 1), Ok(()), "a transaction need not wait");
    assert_eq!(world.group.check_transactional_commit(&who(""), -1), Ok(()), "nor say who it is");
    assert_eq!(world.group.check_transactional_commit(&who("a"), 2), Err(ErrorCode::IllegalGeneration));
    drop(world.syncs("a", &[]));
    assert_eq!(world.commits("a", 1), Ok(()));
    assert_eq!(world.commits("a", 0), Err(ErrorCode::IllegalGeneration));
    assert_eq!(world.commits("z", 1), Err(ErrorCode::UnknownMemberId));
    // A commit is a sign of life.
    world.pass(SECOND * 9);
    assert_eq!(world.commits("a", 1), Ok(()));
    world.pass(SECOND * 9);
    // Before it joins again, a member may still commit what it has done.
    let _b = world.joins("b", &["p"]);
    assert_eq!(world.commits("a", 1), Ok(()));
}

#[test]
fn a_sync_with_another_protocol_is_refused() {
    let mut world = World::stable();
    let name = |text: &str| Some(StrBytes::from_string(text.to_owned()));
    for (protocol_type, protocol) in [("consumer", "q"), ("connect", "p")] {
        let (protocol_type, protocol) = (name(protocol_type), name(protocol));
        let sync = Sync { who: who("a"), generation: 1, protocol_type, protocol, ..Sync::default() };
        assert_eq!(refused(&mut world.sync(sync)), ErrorCode::InconsistentGroupProtocol);
    }
}

#[test]
fn a_full_group_takes_nobody_else() {
    let mut world = World::of_size(Duration::ZERO, 2);
    let _ = joined(&mut world.joins("a", &["p"]));
    let mut b = world.joins("b", &["p"]);
    // In a round those who have joined count: the last to come back has no place.
    let mut c = world.joins("c", &["p"]);
    let full = (String::new(), ErrorCode::GroupMaxSizeReached);
    assert_eq!(turned_away(&mut world.joins("a", &["p"])), full);
    // Parity: the one without a place is gone, and the round goes on with the next event.
    world.pass(SECOND * 60);
    assert_eq!((joined(&mut b).generation, joined(&mut c).generation), (2, 2));
    assert_eq!(turned_away(&mut world.joins("d", &["p"])), full);
    assert_eq!(joined(&mut world.joins("b", &["p"])).generation, 2);
}

#[test]
fn a_static_member_that_comes_back_disturbs_nobody() {
    let mut world = World::stable_of_static_members();
    let back = joined(&mut world.comes("two", "b2", &["p"]));
    assert_eq!((back.member_id.as_str(), back.generation, back.skip_assignment), ("b2", 1, false));
    assert_eq!(assigned(&mut world.syncs("b2", &[])), "for two");
    assert_eq!(world.beats("a"), Ok(()));
    // Who still has the old id is told.
    let now = world.now;
    assert_eq!(world.beats("b"), Err(ErrorCode::UnknownMemberId));
    assert_eq!(world.group.heartbeat(&is("b", "two"), 1, now), Err(ErrorCode::FencedInstanceId));
    assert_eq!(world.group.check_commit(&is("b", "two"), 1, now), Err(ErrorCode::FencedInstanceId));
    let sync = Sync { who: is("b", "two"), generation: 1, ..Sync::default() };
    assert_eq!(refused(&mut world.sync(sync)), ErrorCode::FencedInstanceId);
    let again = Join { member_id: "b".into(), instance_id: Some("two".to_owned().into()), ..join(&["p"]) };
    assert_eq!(turned_away(&mut world.request(again)), ("b".to_owned(), ErrorCode::FencedInstanceId));
    assert_eq!(world.group.heartbeat(&is("b2", "two"), 1, now), Ok(()));
    assert_eq!(world.group.heartbeat(&is("a", "three"), 1, now), Err(ErrorCode::UnknownMemberId));
}

#[test]
fn a_static_leader_that_comes_back_is_told_not_to_assign() {
    let mut world = World::stable_of_static_members();
    let back = joined(&mut world.comes("one", "a2", &["p"]));
    assert_eq!((back.leader.as_str(), back.members.len(), back.skip_assignment), ("a2", 2, true));
    assert_eq!(assigned(&mut world.syncs("a2", &[("a2", "ignored")])), "for one");
    // An older client would assign; it is told that another leads.
    let older = Join { new_id: "a3".into(), instance_id: Some("one".to_owned().into()), ..join(&["p"]) };
    let back = joined(&mut world.request(older));
    assert_eq!((back.leader.as_str(), back.members.len(), back.skip_assignment), ("a2", 0, false));
    assert_eq!(world.beats("b"), Ok(()));
}

#[test]
fn a_static_member_that_changes_the_protocol_begins_a_round() {
    let mut world = World::stable_of_static_members();
    assert!(world.comes("two", "b2", &["p", "q"]).try_recv().is_ok(), "p is still everybody's");
    let mut world = World::new(SECOND);
    let mut answers = [world.comes("one", "a", &["p", "q"]), world.comes("two", "b", &["p", "q"])];
    world.pass(SECOND);
    world.pass(SECOND);
    assert_eq!(&*joined(&mut answers[0]).protocol, "p");
    drop(world.syncs("a", &[]));
    assert!(world.comes("two", "b2", &["q"]).try_recv().is_err());
    assert_eq!(world.beats("a"), Err(ErrorCode::RebalanceInProgress));
}

#[test]
fn a_static_member_that_comes_back_while_the_leader_assigns_begins_a_round() {
    let mut world = World::stable_of_static_members();
    let mut a = world.joins("a", &["p"]);
    let mut b = world.joins("b", &["p"]);
    assert_eq!((joined(&mut a).generation, joined(&mut b).generation), (2, 2));
    let mut waiting = world.syncs("b", &[]);
    assert!(world.comes("two", "b2", &["p"]).try_recv().is_err());
    assert_eq!(refused(&mut waiting), ErrorCode::FencedInstanceId);
    assert_eq!(world.beats("a"), Err(ErrorCode::RebalanceInProgress));
}

#[test]
fn a_static_member_is_fenced_while_it_waits() {
    let mut world = World::stable_of_static_members();
    let _c = world.joins("c", &["p"]);
    let mut old = world.joins("b", &["p"]);
    let mut new = world.comes("two", "b2", &["p"]);
    assert_eq!(turned_away(&mut old), ("b".to_owned(), ErrorCode::FencedInstanceId));
    let mut a = world.joins("a", &["p"]);
    assert_eq!((joined(&mut a).members.len(), joined(&mut new).generation), (3, 2));
}

#[test]
fn a_static_member_may_miss_a_round_and_another_leads() {
    let mut world = World::stable_of_static_members();
    let long = Join { new_id: "c".into(), session_timeout: SECOND * 100, ..join(&["p"]) };
    let mut c = world.request(long);
    for member in world.group.members.values_mut() {
        member.session_timeout = SECOND * 100;
        member.alive(world.now);
    }
    world.pass(SECOND * 60);
    let joined = joined(&mut c);
    assert_eq!((joined.leader.as_str(), joined.members.len()), ("c", 3));
}

#[test]
fn static_members_that_all_miss_a_round_are_waited_for() {
    let mut world = World::stable_of_static_members();
    for member in world.group.members.values_mut() {
        member.session_timeout = SECOND * 100;
        member.alive(world.now);
    }
    let mut c = world.joins("c", &["p"]);
    assert_eq!(world.leaves("c"), Ok(()));
    assert_eq!(turned_away(&mut c).1, ErrorCode::UnknownMemberId);
    world.pass(SECOND * 60);
    assert_eq!((world.group.state(), world.group.generation), ("PreparingRebalance", 1));
    world.pass(SECOND * 40);
    assert_eq!((world.group.state(), world.group.generation), ("Empty", 2));
}

#[test]
fn after_a_restart_members_go_on() {
    let mut world = World::stable_of_static_members();
    world.pass(SECOND * 9);
    world.restarts();
    assert_eq!(world.group.state(), "Stable");
    let overview = world.group.overview();
    assert_eq!(&*overview.members[1].assignment, b"for two");
    assert_eq!(&*overview.members[1].metadata, b"about");
    assert_eq!((&*overview.members[0].client_id, &*overview.members[0].client_host), ("client", "/10.0.0.1"));
    assert_eq!((&*overview.protocol_type, &*overview.protocol), ("consumer", "p"));
    // Their sessions begin again.
    world.pass(SECOND * 9);
    assert_eq!(world.beats("a"), Ok(()));
    assert_eq!(world.group.check_commit(&is("b", "two"), 1, world.now), Ok(()));
    assert_eq!(assigned(&mut world.syncs("b", &[])), "for two");
    world.pass(SECOND * 9);
    assert_eq!(world.beats("a"), Ok(()));
    world.pass(SECOND);
    assert_eq!(world.beats("a"), Err(ErrorCode::RebalanceInProgress), "b has not come back");
}

#[test]
fn after_a_restart_a_static_member_has_its_new_id() {
    let mut world = World::stable_of_static_members();
    let _ = joined(&mut world.comes("one", "a2", &["p"]));
    world.restarts();
    assert_eq!(world.beats("a2"), Ok(()));
    assert_eq!(world.group.leader.as_deref(), Some("a2"));
    assert_eq!(world.group.heartbeat(&is("a", "one"), 1, world.now), Err(ErrorCode::FencedInstanceId));
}

#[test]
fn nothing_is_assigned_that_could_not_be_written_down() {
    let mut world = World::stable();
    let (mut c, mut a, mut b) = (world.joins("c", &["p"]), world.joins("a", &["p"]), world.joins("b", &["p"]));
    let _ = (joined(&mut a), joined(&mut b), joined(&mut c));
    let mut b = world.syncs("b", &[]);
    world.disk_fails.set(true);
    assert_eq!(refused(&mut world.syncs("a", &[("a", "x")])), ErrorCode::NotCoordinator);
    assert_eq!(refused(&mut b), ErrorCode::NotCoordinator);
    assert_eq!(world.beats("b"), Err(ErrorCode::RebalanceInProgress));
    // A static member that cannot be replaced is as it was.
    let mut world = World::stable_of_static_members();
    world.disk_fails.set(true);
    assert_eq!(turned_away(&mut world.comes("one", "a2", &["p"])), (String::new(), ErrorCode::NotCoordinator));
    assert_eq!((world.beats("a"), world.beats("a2")), (Ok(()), Err(ErrorCode::UnknownMemberId)));
    assert_eq!(world.group.leader.as_deref(), Some("a"));
}

#[test]
fn a_group_knows_what_its_consumers_want() {
    let subscription = Bytes::from_static(&[0, 0, 0, 0, 0, 1, 0, 1, b't', 0xff, 0xff, 0xff, 0xff]);
    let mut world = World::new(Duration::ZERO);
    assert_eq!((world.group.is_subscribed_to("t"), world.group.expiry()), (false, Some(Expiry::Commit)));
    let says = |data: &Bytes| Join { new_id: "a".into(), protocols: vec![("p".into(), data.clone())], ..join(&[]) };
    let _ = joined(&mut world.request(says(&subscription)));
    assert_eq!((world.group.is_subscribed_to("t"), world.group.is_subscribed_to("u")), (true, false));
    assert_eq!(world.group.expiry(), None);
    drop(world.syncs("a", &[]));
    assert_eq!(world.group.expiry(), Some(Expiry::Commit));
    assert_eq!(world.leaves("a"), Ok(()));
    assert_eq!((world.group.is_subscribed_to("t"), world.group.expiry()), (false, Some(Expiry::Since(100_000))));
    // What cannot be read may want everything.
    let _ = joined(&mut world.request(says(&Bytes::from_static(b"about"))));
    assert_eq!((world.group.is_subscribed_to("u"), world.group.expiry()), (true, None));
}

#[path = "group_model_tests.rs"]
mod model;
