//! Groups over restarts, deletions and long times, by raw requests in a simulation.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use client::{Client, commit_request, join_request, leave_request};
use env::Env;
use env_sim::SimHandle;
use kafka_broker::{Broker, BrokerConfig, Data, Handle};
use kafka_wire::messages::*;
use kafka_wire::{ErrorCode, StrBytes};

const MINUTE: Duration = Duration::from_secs(60);
/// A consumer's words: it wants the topic `t`.
const WANTS_T: &[u8] = &[0, 0, 0, 0, 0, 1, 0, 1, b't', 0xff, 0xff, 0xff, 0xff];

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn group(name: &str) -> GroupId {
    GroupId(text(name))
}

/// Where the data is, and how the broker ends.
#[derive(Clone)]
enum Ends {
    /// In memory, killed.
    InMemory(Data),
    /// In a folder, killed.
    OnDisk,
    /// In a folder, without power; so every change is durable before it is answered.
    WithoutPower,
}

/// A broker that can be started again, and a connection to it.
struct World {
    env: Env,
    sim: SimHandle,
    ends: Ends,
    broker: Option<Handle>,
    client: Client,
}

impl World {
    async fn new(env: Env, sim: SimHandle, ends: Ends) -> Self {
        let broker = Self::start(&sim, &ends).await;
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 2).await;
        client.create("u", 1).await;
        Self { env, sim, ends, broker: Some(broker), client }
    }

    async fn start(sim: &SimHandle, ends: &Ends) -> Handle {
        let env = sim.env_for("broker");
        let mut config = BrokerConfig::new(SocketAddr::new(sim.ip_of("broker"), 9092));
        // A simulation lasts hours at most, not the week that is usual.
        config.offsets_retention = 60 * MINUTE;
        if matches!(ends, Ends::WithoutPower) {
            config.log.flush_messages = 1;
        }
        let data = match ends {
            Ends::InMemory(data) => data.clone(),
            Ends::OnDisk | Ends::WithoutPower => Data::open(&env, Path::new("/srv/kafka")).unwrap(),
        };
        Broker::start_with(&env, config, data).await.unwrap()
    }

    /// The broker ends without a word, and starts again after `pause`.
    async fn restart(&mut self, pause: Duration) {
        match self.ends {
            Ends::InMemory(_) | Ends::OnDisk => self.sim.kill("broker"),
            Ends::WithoutPower => self.sim.crash("broker"),
        }
        drop(self.broker.take());
        self.env.sleep(pause).await;
        let broker = Self::start(&self.sim, &self.ends).await;
        self.client = Client::connect(&self.env, &broker).await;
        self.broker = Some(broker);
    }

    /// Joins alone and assigns itself everything; gives its id.
    async fn join(&mut self, name: &str, instance: Option<&str>, words: &'static [u8]) -> (String, i32) {
        let mut request = join_request(9, name, "").with_group_instance_id(instance.map(text));
        request.protocols[0].metadata = Bytes::from_static(words);
        let mut joined = self.client.ask(9, request.clone()).await;
        if joined.error_code == ErrorCode::MemberIdRequired.code() {
            request.member_id = joined.member_id;
            joined = self.client.ask(9, request).await;
        }
        assert_eq!(joined.error_code, 0);
        (joined.member_id.to_string(), joined.generation_id)
    }

    async fn sync(&mut self, name: &str, who: (&str, Option<&str>), generation: i32, part: &str) -> (i16, String) {
        let mine = sync_group_request::SyncGroupRequestAssignment::default()
            .with_member_id(text(who.0))
            .with_assignment(Bytes::from(part.to_owned()));
        let request = SyncGroupRequest::default()
            .with_group_id(group(name))
            .with_member_id(text(who.0))
            .with_group_instance_id(who.1.map(text))
            .with_generation_id(generation)
            .with_protocol_type(Some(text("consumer")))
            .with_protocol_name(Some(text("range")))
            .with_assignments(vec![mine]);
        let answer = self.client.ask(5, request).await;
        (answer.error_code, String::from_utf8(answer.assignment.to_vec()).unwrap())
    }

    async fn beat(&mut self, name: &str, who: (&str, Option<&str>), generation: i32) -> i16 {
        let request = HeartbeatRequest::default()
            .with_group_id(group(name))
            .with_member_id(text(who.0))
            .with_group_instance_id(who.1.map(text))
            .with_generation_id(generation);
        self.client.ask(4, request).await.error_code
    }

    async fn describe(&mut self, name: &str) -> describe_groups_response::DescribedGroup {
        let request = DescribeGroupsRequest::default().with_groups(vec![group(name)]);
        self.client.ask(6, request).await.groups.remove(0)
    }

    async fn list(&mut self) -> BTreeMap<String, String> {
        let listed = self.client.ask(5, ListGroupsRequest::default()).await;
        listed.groups.into_iter().map(|group| (group.group_id.to_string(), group.group_state.to_string())).collect()
    }

    async fn delete(&mut self, name: &str) -> i16 {
        let request = DeleteGroupsRequest::default().with_groups_names(vec![group(name), group(name)]);
        let results = self.client.ask(2, request).await.results;
        assert_eq!(results.len(), 1, "asked twice, answered once");
        results[0].error_code
    }

    /// The group's error, or those of the two topics.
    async fn forget(&mut self, name: &str) -> Vec<i16> {
        let topic = |name: &str| {
            offset_delete_request::OffsetDeleteRequestTopic::default().with_name(TopicName(text(name))).with_partitions(
                vec![offset_delete_request::OffsetDeleteRequestPartition::default().with_partition_index(0)],
            )
        };
        let request =
            OffsetDeleteRequest::default().with_group_id(group(name)).with_topics(vec![topic("t"), topic("u")]);
        let answer = self.client.ask(0, request).await;
        if answer.error_code != 0 {
            return vec![answer.error_code];
        }
        answer.topics.iter().map(|topic| topic.partitions[0].error_code).collect()
    }
}

/// Runs a history with several seeds, wherever data can be.
fn history<F: Future<Output = ()>>(body: impl Fn(World) -> F) {
    env_sim::replay_seeds(0..6, |env, sim| {
        let body = &body;
        let ends = match sim.seed() % 3 {
            0 => Ends::InMemory(Data::new()),
            1 => Ends::OnDisk,
            _ => Ends::WithoutPower,
        };
        async move { body(World::new(env, sim, ends).await).await }
    });
}

#[test]
fn members_go_on_after_a_restart() {
    history(|mut world| async move {
        let (a, one) = world.join("g", None, WANTS_T).await;
        assert_eq!(world.sync("g", (&a, None), one, "everything").await, (0, "everything".to_owned()));
        let (s, _) = world.join("h", Some("static"), WANTS_T).await;
        let named = (&*s, Some("static"));
        assert_eq!(world.sync("h", named, 1, "all").await.0, 0);
        assert_eq!(world.client.commit("g", &a, one, "t", 7).await, 0);
        for _ in 0..3 {
            world.restart(Duration::from_secs(60)).await;
            assert_eq!(world.beat("g", (&a, None), one).await, 0);
            assert_eq!(world.beat("h", named, 1).await, 0);
            assert_eq!(world.sync("g", (&a, None), one, "").await, (0, "everything".to_owned()));
            assert_eq!(world.client.committed("g", "t").await, 7);
            let described = world.describe("h").await;
            assert_eq!((&*described.group_state, &*described.protocol_data), ("Stable", "range"));
            assert_eq!(described.members[0].group_instance_id, Some(text("static")));
            assert_eq!(
                (&described.members[0].member_assignment[..], &*described.members[0].client_id),
                (&b"all"[..], "raw")
            );
        }
        // Who does not come back dies when its session, begun at the start, is over; the static member came back.
        world.restart(Duration::ZERO).await;
        world.env.sleep(Duration::from_millis(5_900)).await;
        assert_eq!(world.list().await["g"], "Stable");
        assert_eq!(world.join("h", Some("static"), WANTS_T).await.1, 1);
        world.env.sleep(Duration::from_millis(200)).await;
        assert_eq!(world.list().await, BTreeMap::from([("g".into(), "Empty".into()), ("h".into(), "Stable".into())]));
        assert_eq!(world.beat("h", named, 1).await, ErrorCode::FencedInstanceId.code());
        // That a group is empty is known to the next broker, too.
        world.restart(Duration::ZERO).await;
        assert_eq!(world.list().await["g"], "Empty");
        assert_eq!(world.join("g", None, WANTS_T).await.1, 3, "generations go on");
    });
}

#[test]
fn what_is_deleted_stays_deleted() {
    history(|mut world| async move {
        assert_eq!(world.delete("g").await, ErrorCode::GroupIdNotFound.code());
        let (a, generation) = world.join("g", None, WANTS_T).await;
        world.sync("g", (&a, None), generation, "").await;
        for topic in ["t", "u"] {
            assert_eq!(world.client.commit("g", &a, generation, topic, 7).await, 0);
            assert_eq!(world.client.commit("simple", "", -1, topic, 8).await, 0);
        }
        assert_eq!(world.delete("g").await, ErrorCode::NonEmptyGroup.code());
        assert_eq!(world.forget("g").await, [ErrorCode::GroupSubscribedToTopic.code(), 0]);
        assert_eq!(world.forget("nobody's").await, [ErrorCode::GroupIdNotFound.code()]);
        assert_eq!(world.forget("").await, [ErrorCode::InvalidGroupId.code()]);
        world.restart(Duration::ZERO).await;
        assert_eq!((world.client.committed("g", "t").await, world.client.committed("g", "u").await), (7, -1));
        assert_eq!(world.forget("g").await, [ErrorCode::GroupSubscribedToTopic.code(), 0], "what it wants is known");
        world.client.ask(5, leave_request(5, "g", &a)).await;
        assert_eq!(world.forget("g").await, [0, 0]);
        assert_eq!(world.delete("simple").await, 0);
        assert_eq!(world.list().await, BTreeMap::from([("g".into(), "Empty".into())]));
        world.restart(Duration::ZERO).await;
        assert_eq!((world.client.committed("g", "t").await, world.client.committed("simple", "t").await), (-1, -1));
        assert_eq!(world.delete("g").await, 0);
        let gone = world.describe("g").await;
        assert_eq!((&*gone.group_state, gone.error_code), ("Dead", ErrorCode::GroupIdNotFound.code()));
        assert_eq!(gone.error_message, Some(text("Group g not found.")));
        world.restart(Duration::ZERO).await;
        assert_eq!(world.list().await, BTreeMap::new());
    });
}

#[test]
fn members_of_another_kind_keep_their_offsets() {
    history(|mut world| async move {
        let request = join_request(3, "c", "").with_protocol_type(text("connect"));
        let joined = world.client.ask(3, request).await;
        assert_eq!(joined.error_code, 0);
        assert_eq!(world.forget("c").await, [ErrorCode::NonEmptyGroup.code()]);
    });
}

#[test]
fn offsets_are_forgotten_long_after_the_last_member() {
    history(|mut world| async move {
        let (a, generation) = world.join("g", None, WANTS_T).await;
        world.sync("g", (&a, None), generation, "").await;
        world.client.commit("g", &a, generation, "t", 7).await;
        world.client.commit("simple", "", -1, "t", 8).await;
        // An older client says how long.
        let short = commit_request("short", "", -1, "t", 9).with_retention_time_ms(10 * MINUTE.as_millis() as i64);
        assert_eq!(world.client.ask(4, short).await.topics[0].partitions[0].error_code, 0);
        world.join("passing", None, WANTS_T).await;
        for _ in 0..5 {
            world.env.sleep(11 * MINUTE).await;
            // A connection does not live that long unused, and members do not without heartbeats.
            world.restart(Duration::ZERO).await;
        }
        assert_eq!(world.client.committed("short", "t").await, -1);
        assert_eq!((world.client.committed("g", "t").await, world.client.committed("simple", "t").await), (7, 8));
        assert_eq!(world.client.commit("simple", "", -1, "u", 9).await, 0);
        world.env.sleep(27 * MINUTE).await;
        world.restart(Duration::ZERO).await;
        assert_eq!((world.client.committed("g", "t").await, world.client.committed("simple", "t").await), (-1, -1));
        assert_eq!(world.client.committed("simple", "u").await, 9);
        assert_eq!(world.list().await, BTreeMap::from([("simple".into(), "Empty".into())]));
    });
}

#[test]
fn a_commit_is_kept_whole_and_by_those_who_may() {
    history(|mut world| async move {
        let partition = |index: i32, metadata: &str| {
            offset_commit_request::OffsetCommitRequestPartition::default()
                .with_partition_index(index)
                .with_committed_offset(3)
                .with_committed_metadata(Some(text(metadata)))
        };
        let mut request = commit_request("g", "", -1, "t", 3);
        request.topics[0].partitions =
            vec![partition(0, &"é".repeat(4096)), partition(1, &"x".repeat(4097)), partition(2, "")];
        let answer = world.client.ask(9, request).await;
        let codes: Vec<i16> = answer.topics[0].partitions.iter().map(|partition| partition.error_code).collect();
        let (large, unknown) = (ErrorCode::OffsetMetadataTooLarge, ErrorCode::UnknownTopicOrPartition);
        assert_eq!(codes, [0, large.code(), unknown.code()]);
        assert_eq!(world.client.committed("g", "t").await, 3);
        for (version, code) in [(8, ErrorCode::IllegalGeneration), (9, ErrorCode::GroupIdNotFound)] {
            let answer = world.client.ask(version, commit_request("nobody's", "a", 1, "t", 3)).await;
            assert_eq!(answer.topics[0].partitions[0].error_code, code.code());
        }
        assert_eq!(world.client.commit("g", "a", 1, "t", 3).await, ErrorCode::UnknownMemberId.code());
        // Kafka takes commits for the group without a name.
        assert_eq!(world.client.commit("", "", -1, "t", 4).await, 0);
        assert_eq!(world.client.committed("", "t").await, 4);
        let deleted = DeleteTopicsRequest::default().with_topics(vec![
            delete_topics_request::DeleteTopicState::default().with_name(Some(TopicName(text("t")))),
        ]);
        world.client.ask(6, deleted).await;
        world.client.create("t", 1).await;
        assert_eq!(world.client.committed("g", "t").await, -1);
        world.restart(Duration::ZERO).await;
        assert_eq!(world.client.committed("g", "t").await, -1);
    });
}
