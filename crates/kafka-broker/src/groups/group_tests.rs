//! Histories of one group.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A group, the time, and the answers members wait for.
struct World {
    group: Group,
    now: Instant,
}

type JoinAnswer = oneshot::Receiver<JoinReply>;
type SyncAnswer = oneshot::Receiver<SyncReply>;

impl World {
    fn new(initial_delay: Duration) -> Self {
        Self { group: Group::new(initial_delay), now: Instant::from_origin(SECOND * 100) }
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.group.tick(self.now);
    }

    fn joins(&mut self, id: &str, protocols: &[&'static str]) -> JoinAnswer {
        let is_new = !self.group.members.contains_key(id);
        let (reply, answer) = oneshot::channel();
        self.group.join(id, is_new, join(protocols), reply, self.now);
        answer
    }

    fn syncs(&mut self, id: &str, assignments: &[(&str, &'static str)]) -> SyncAnswer {
        let (reply, answer) = oneshot::channel();
        let assignments =
            assignments.iter().map(|(id, text)| ((*id).to_owned(), Bytes::from_static(text.as_bytes()))).collect();
        self.group.sync(id, self.group.generation, (None, None), assignments, reply, self.now);
        answer
    }

    fn beats(&mut self, id: &str) -> Result<(), ErrorCode> {
        self.group.heartbeat(id, self.group.generation, self.now)
    }

    /// Two members, a leading, both with their assignment.
    fn stable() -> Self {
        let mut world = World::new(SECOND);
        let (mut a, mut b) = (world.joins("a", &["p"]), world.joins("b", &["p"]));
        world.pass(SECOND);
        assert_eq!(joined(&mut a).members.len(), 2);
        assert_eq!(joined(&mut b).leader, "a");
        let mut b = world.syncs("b", &[]);
        assert!(b.try_recv().is_err(), "the leader has not assigned yet");
        let mut a = world.syncs("a", &[("a", "for a"), ("b", "for b")]);
        assert_eq!(&a.try_recv().unwrap().unwrap().assignment[..], b"for a");
        assert_eq!(&b.try_recv().unwrap().unwrap().assignment[..], b"for b");
        world
    }
}

fn join(protocols: &[&'static str]) -> Join {
    let name = StrBytes::from_static_str;
    Join {
        instance_id: None,
        protocol_type: name("consumer"),
        protocols: protocols.iter().map(|protocol| (name(protocol), Bytes::from_static(b"about"))).collect(),
        session_timeout: SECOND * 10,
        rebalance_timeout: SECOND * 60,
    }
}

fn joined(answer: &mut JoinAnswer) -> Joined {
    answer.try_recv().expect("answered").expect("joined")
}

fn refused<T>(answer: &mut oneshot::Receiver<Result<T, ErrorCode>>) -> ErrorCode {
    answer.try_recv().expect("answered").err().expect("refused")
}

#[test]
fn an_empty_group_waits_for_more_members() {
    let mut world = World::new(SECOND * 3);
    let mut a = world.joins("a", &["p"]);
    world.pass(SECOND * 2);
    let mut b = world.joins("b", &["p"]);
    world.pass(SECOND * 2);
    assert!(a.try_recv().is_err(), "a newcomer prolongs the wait");
    world.pass(SECOND);
    assert_eq!(joined(&mut a).members.len(), 2);
    let b = joined(&mut b);
    assert_eq!((b.generation, b.leader.as_str(), b.members.len()), (1, "a", 0));
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
    assert_eq!(refused(&mut { world.group_sync_of_generation("b", 1) }), ErrorCode::IllegalGeneration);
}

impl World {
    fn group_sync_of_generation(&mut self, id: &str, generation: i32) -> SyncAnswer {
        let (reply, answer) = oneshot::channel();
        self.group.sync(id, generation, (None, None), BTreeMap::new(), reply, self.now);
        answer
    }
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
    world.pass(SECOND);
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
    assert_eq!(&c.try_recv().unwrap().unwrap().assignment[..], b"for c");
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
fn leaving_is_noticed_at_once() {
    let mut world = World::stable();
    assert_eq!(world.group.leave("a", world.now), Ok(()));
    assert_eq!(world.group.leave("a", world.now), Err(ErrorCode::UnknownMemberId));
    assert_eq!(world.beats("b"), Err(ErrorCode::RebalanceInProgress));
    assert_eq!(joined(&mut world.joins("b", &["p"])).generation, 2);
    assert_eq!(world.group.leave("b", world.now), Ok(()));
    assert!(world.group.is_deserted());
    assert_eq!(world.group.next_deadline(), None);
}

#[test]
fn an_answer_that_was_lost_is_given_again() {
    let mut world = World::new(Duration::ZERO);
    let first = joined(&mut world.joins("a", &["p"]));
    assert_eq!(joined(&mut world.joins("a", &["p"])), first);
    drop(world.syncs("a", &[("a", "x")]));
    assert_eq!(&world.syncs("a", &[]).try_recv().unwrap().unwrap().assignment[..], b"x");
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
    assert_eq!(refused(&mut world.joins("d", &["x"])), ErrorCode::InconsistentGroupProtocol);
    let (reply, mut other_type) = oneshot::channel();
    world.group.join("e", true, Join { protocol_type: "connect".to_owned().into(), ..join(&["y"]) }, reply, world.now);
    assert_eq!(refused(&mut other_type), ErrorCode::InconsistentGroupProtocol);
    world.pass(SECOND);
    // a and c vote for y, b for z; x is not spoken by all.
    assert_eq!(&*joined(&mut answers[0]).protocol, "y");
}

#[test]
fn a_promised_id_holds_the_round_until_it_is_used_or_broken() {
    let mut world = World::stable();
    world.group.promise("c".into(), SECOND * 10, world.now);
    let mut b = world.joins("b", &["p", "q"]);
    let mut a = world.joins("a", &["p"]);
    assert!(a.try_recv().is_err() && b.try_recv().is_err());
    world.pass(SECOND * 10);
    assert_eq!(joined(&mut a).generation, 2);
    let (reply, mut late) = oneshot::channel();
    world.group.join("c", false, join(&["p"]), reply, world.now);
    assert_eq!(refused(&mut late), ErrorCode::UnknownMemberId);
}

#[test]
fn commits_count_from_members_of_this_generation_alone() {
    let mut world = World::new(Duration::ZERO);
    assert_eq!(world.group.check_commit("", -1, world.now), Ok(()));
    let _ = joined(&mut world.joins("a", &["p"]));
    assert_eq!(world.group.check_commit("", -1, world.now), Err(ErrorCode::UnknownMemberId));
    assert_eq!(world.group.check_commit("a", 1, world.now), Err(ErrorCode::RebalanceInProgress));
    drop(world.syncs("a", &[]));
    assert_eq!(world.group.check_commit("a", 1, world.now), Ok(()));
    assert_eq!(world.group.check_commit("a", 0, world.now), Err(ErrorCode::IllegalGeneration));
    assert_eq!(world.group.check_commit("z", 1, world.now), Err(ErrorCode::UnknownMemberId));
    // Before it joins again, a member may still commit what it has done.
    let _b = world.joins("b", &["p"]);
    assert_eq!(world.group.check_commit("a", 1, world.now), Ok(()));
}

#[test]
fn a_sync_with_another_protocol_is_refused() {
    let mut world = World::stable();
    let (reply, mut answer) = oneshot::channel();
    world.group.sync("a", 1, (Some("consumer"), Some("q")), BTreeMap::new(), reply, world.now);
    assert_eq!(refused(&mut answer), ErrorCode::InconsistentGroupProtocol);
}
