//! Random histories of one group: members come, join, assign, beat, leave and vanish, time passes, the disk fails, the
//! broker starts again. At the end everybody who is still there has a part.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tokio::sync::oneshot::error::TryRecvError;

use super::*;

const CLIENTS: usize = 4;

#[derive(Debug, Clone)]
enum Step {
    /// A client does what it has to do next.
    Act(usize),
    /// A client says that it lives, and does nothing else.
    Beat(usize),
    Leave(usize),
    /// A client is gone without a word, and begins anew when it acts again.
    Vanish(usize),
    Pass(u64),
    Disk(bool),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => (0..CLIENTS).prop_map(Step::Act),
        8 => (0..CLIENTS).prop_map(Step::Beat),
        1 => (0..CLIENTS).prop_map(Step::Leave),
        2 => (0..CLIENTS).prop_map(Step::Vanish),
        6 => (0..15_000_u64).prop_map(Step::Pass),
        1 => any::<bool>().prop_map(Step::Disk),
        1 => Just(Step::Restart),
    ]
}

/// What a client is waiting for.
enum Doing {
    Nothing,
    Joining(JoinAnswer),
    /// It has joined, and is to bring these assignments.
    Joined(BTreeMap<String, Bytes>),
    Syncing(SyncAnswer),
    /// It has its assignment.
    In,
}

struct Client {
    instance: Option<StrBytes>,
    id: String,
    generation: i32,
    doing: Doing,
}

impl Client {
    fn new(number: usize) -> Self {
        // Half of them are static members.
        let instance = number.is_multiple_of(2).then(|| StrBytes::from_string(format!("static {number}")));
        Self { instance, id: String::new(), generation: -1, doing: Doing::Nothing }
    }

    fn who(&self) -> Identity {
        Identity { member_id: self.id.clone().into(), instance_id: self.instance.clone() }
    }

    /// It begins anew, as one with the id that the error leaves it.
    fn starts_over(&mut self, error: ErrorCode) {
        self.doing = Doing::Nothing;
        let keeps_id =
            matches!(error, ErrorCode::RebalanceInProgress | ErrorCode::NotCoordinator | ErrorCode::MemberIdRequired);
        if !keeps_id {
            self.id.clear();
        }
    }
}

struct History {
    world: World,
    clients: Vec<Client>,
    ids: u32,
    /// Who leads each generation.
    leaders: BTreeMap<i32, String>,
}

/// What the leader gives to a member.
fn part(generation: i32, member: &str, instance: Option<&StrBytes>) -> Bytes {
    format!("{generation}/{}", instance.map_or(member, |instance| instance)).into()
}

impl History {
    fn new(delay: Duration) -> Self {
        let clients = (0..CLIENTS).map(Client::new).collect();
        Self { world: World::new(delay), clients, ids: 0, leaders: BTreeMap::new() }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Act(number) => self.act(number),
            Step::Beat(number) => {
                let (client, now) = (&self.clients[number], self.world.now);
                let _ = self.world.group.heartbeat(&client.who(), client.generation, now);
            }
            Step::Leave(number) => {
                let who = self.clients[number].who();
                let left = self.world.act(|group, at| group.leave(&[who], at));
                assert_eq!(left.len(), 1);
                self.clients[number] = Client::new(number);
            }
            Step::Vanish(number) => self.clients[number] = Client::new(number),
            Step::Pass(millis) => self.pass(Duration::from_millis(millis)),
            Step::Disk(fails) => self.world.disk_fails.set(fails),
            Step::Restart => self.restart(),
        }
        self.check();
    }

    /// Time passes as the broker's clock sees it: from one deadline to the next.
    fn pass(&mut self, time: Duration) {
        let end = self.world.now + time;
        while let Some(next) = self.world.group.next_deadline()
            && next <= end
        {
            let wait = next.saturating_since(self.world.now);
            self.world.pass(wait);
            let after = self.world.group.next_deadline();
            assert!(after.is_none_or(|after| after > self.world.now), "the clock would never sleep");
        }
        self.world.now = end;
    }

    fn restart(&mut self) {
        if self.world.kept.borrow().is_empty() {
            return;
        }
        let before = (self.world.group.state(), self.world.group.generation);
        self.world.restarts();
        let generation = self.world.group.generation;
        if before.0 == "Stable" {
            assert_eq!((self.world.group.state(), generation), before);
        }
        self.leaders.retain(|of, _| *of <= generation);
        for number in 0..CLIENTS {
            // Connections break; who waits begins again, and who has its part notices nothing.
            let client = &mut self.clients[number];
            match client.doing {
                Doing::In if before.0 == "Stable" && client.generation == generation => {
                    let (who, generation) = (client.who(), client.generation);
                    if self.world.group.check_member(&who).is_ok() {
                        let now = self.world.now;
                        assert_eq!(self.world.group.heartbeat(&who, generation, now), Ok(()));
                    }
                }
                Doing::Joining(_) | Doing::Syncing(_) => client.starts_over(ErrorCode::NotCoordinator),
                _ => {}
            }
        }
    }

    fn act(&mut self, number: usize) {
        let doing = std::mem::replace(&mut self.clients[number].doing, Doing::Nothing);
        match doing {
            Doing::Nothing => self.join(number),
            Doing::Joining(mut answer) => match answer.try_recv() {
                Ok(Ok(joined)) => self.has_joined(number, joined),
                Ok(Err(Refused { member_id, error })) => {
                    self.clients[number].id = member_id;
                    self.clients[number].starts_over(error);
                }
                Err(TryRecvError::Empty) => self.clients[number].doing = Doing::Joining(answer),
                Err(TryRecvError::Closed) => self.clients[number].starts_over(ErrorCode::RebalanceInProgress),
            },
            Doing::Joined(assignments) => {
                let client = &self.clients[number];
                let (who, generation) = (client.who(), client.generation);
                let answer = self.world.sync(Sync { who, generation, assignments, ..Sync::default() });
                self.clients[number].doing = Doing::Syncing(answer);
            }
            Doing::Syncing(mut answer) => match answer.try_recv() {
                Ok(Ok(synced)) => {
                    let client = &mut self.clients[number];
                    let expected = part(client.generation, &client.id, client.instance.as_ref());
                    assert_eq!(synced.assignment, expected);
                    client.doing = Doing::In;
                }
                Ok(Err(error)) => self.clients[number].starts_over(error),
                Err(TryRecvError::Empty) => self.clients[number].doing = Doing::Syncing(answer),
                Err(TryRecvError::Closed) => self.clients[number].starts_over(ErrorCode::RebalanceInProgress),
            },
            Doing::In => {
                let client = &self.clients[number];
                let (who, generation, now) = (client.who(), client.generation, self.world.now);
                match self.world.group.heartbeat(&who, generation, now) {
                    Ok(()) => self.clients[number].doing = Doing::In,
                    Err(error) => self.clients[number].starts_over(error),
                }
            }
        }
    }

    fn join(&mut self, number: usize) {
        self.ids += 1;
        let client = &self.clients[number];
        let request = Join {
            member_id: client.id.clone(),
            new_id: format!("id {}", self.ids),
            instance_id: client.instance.clone(),
            takes_promises: true,
            skips_assignment: true,
            rebalance_timeout: SECOND * 20,
            ..join(&["p"])
        };
        let answer = self.world.request(request);
        self.clients[number].doing = Doing::Joining(answer);
    }

    fn has_joined(&mut self, number: usize, joined: Joined) {
        let generation = joined.generation;
        let part_of = |(id, instance, _): &(String, Option<StrBytes>, Bytes)| {
            (id.clone(), part(generation, id, instance.as_ref()))
        };
        let is_leader = joined.leader == joined.member_id;
        assert_eq!(is_leader, !joined.members.is_empty());
        if is_leader && !joined.skip_assignment {
            let leader = self.leaders.entry(generation).or_insert_with(|| joined.member_id.clone());
            assert_eq!(*leader, joined.member_id, "one leader in generation {generation}");
        }
        let client = &mut self.clients[number];
        (client.id, client.generation) = (joined.member_id, generation);
        client.doing = Doing::Joined(joined.members.iter().map(part_of).collect());
    }

    /// What holds at any time.
    fn check(&self) {
        let group = &self.world.group;
        let may_be_empty = matches!(group.phase, Phase::Empty | Phase::Joining(_));
        assert!(may_be_empty || !group.members.is_empty());
        assert!(group.phase != Phase::Empty || group.members.is_empty());
        assert_eq!(group.members.is_empty(), group.leader.is_none());
        assert!(group.leader.as_ref().is_none_or(|leader| group.members.contains_key(leader)));
        assert!(group.unsynced.iter().all(|id| group.members.contains_key(id)));
        assert_eq!(group.unsynced.is_empty(), group.sync_deadline.is_none());
        let instances = group.members.values().filter_map(|member| member.instance_id.clone());
        let mut instances: Vec<StrBytes> = instances.collect();
        let all = instances.len();
        instances.sort();
        instances.dedup();
        assert_eq!(instances.len(), all, "an instance id has one member");
    }

    /// Everybody acts in time; says after how long all have their part.
    fn settle(&mut self) -> Duration {
        self.world.disk_fails.set(false);
        let began = self.world.now;
        loop {
            for number in 0..CLIENTS {
                self.act(number);
            }
            let group = &self.world.group;
            let has_part = |client: &Client| matches!(client.doing, Doing::In) && client.generation == group.generation;
            if group.state() == "Stable" && group.members.len() == CLIENTS && self.clients.iter().all(has_part) {
                return self.world.now - began;
            }
            let waited = self.world.now - began;
            assert!(waited < SECOND * 600, "they wait for ever: {} of {}", group.state(), group.members.len());
            self.pass(SECOND / 2);
            self.check();
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_everybody_gets_a_part(
        delay in prop_oneof![Just(Duration::ZERO), Just(SECOND * 3)],
        steps in prop::collection::vec(step(), 0..150),
    ) {
        let mut history = History::new(delay);
        for step in &steps {
            history.take(step);
        }
        history.settle();
        // And when all are gone, so is the group.
        history.clients = (0..CLIENTS).map(Client::new).collect();
        history.pass(SECOND * 60);
        prop_assert_eq!(history.world.group.state(), "Empty");
    }
}
