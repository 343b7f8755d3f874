//! Members of a group that subscribe by a pattern, while topics come and go and connections break.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs)]

mod client;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use client::Client;
use env::Env;
use env_sim::{SimHandle, replay_seeds};
use kafka_broker::{Broker, BrokerConfig};
use kafka_client::consumer::Event;
use kafka_client::{Consumer, ConsumerConfig, TopicPartition};
use kafka_config::RawConfig;
use kafka_wire::StrBytes;
use kafka_wire::messages::{DeleteTopicsRequest, TopicName};
use parking_lot::Mutex;

const MEMBERS: [&str; 2] = ["first", "second"];

/// The partitions of each member.
type Held = Arc<Mutex<BTreeMap<&'static str, BTreeSet<TopicPartition>>>>;

/// Follows every topic whose name begins with `p-`.
async fn follow(env: Env, name: &'static str, bootstrap: String, held: Held) {
    let config = RawConfig::from([
        ("bootstrap.servers", bootstrap.as_str()),
        ("group.id", "g"),
        ("metadata.max.age.ms", "1000"),
        ("session.timeout.ms", "6000"),
        ("request.timeout.ms", "5000"),
    ]);
    let mut consumer = Consumer::new(env, ConsumerConfig::parse(&config).unwrap());
    consumer.subscribe_matching(Arc::new(|topic: &str| topic.starts_with("p-"))).unwrap();
    loop {
        match consumer.poll(Duration::from_secs(1)).await {
            Ok(Event::Assigned(partitions)) => held.lock().entry(name).or_default().extend(partitions),
            Ok(Event::Revoked(revoked)) => {
                held.lock().entry(name).or_default().retain(|each| !revoked.partitions.contains(each));
            }
            Ok(Event::Lost(lost)) => held.lock().entry(name).or_default().retain(|each| !lost.contains(each)),
            Ok(_) => {}
            Err(error) => assert!(error.is_retriable(), "{error}"),
        }
    }
}

/// Topics come and go. Gives those that are there in the end, with their numbers of partitions.
async fn change_topics(env: &Env, sim: &SimHandle, operator: &mut Client) -> BTreeMap<String, i32> {
    let mut there = BTreeMap::new();
    for number in 0..10 {
        let partitions = 1 + sim.draw(3) as i32;
        if sim.draw(3) == 0
            && let Some((gone, _)) = there.pop_first()
        {
            let name = TopicName(StrBytes::from_string(gone));
            operator.ask(5, DeleteTopicsRequest::default().with_topic_names(vec![name])).await;
        } else {
            let name = format!("p-{number}");
            operator.create(&name, partitions).await;
            there.insert(name, partitions);
        }
        operator.create(&format!("other-{number}"), partitions).await;
        if sim.draw(3) == 0 {
            sim.network().cut_host(MEMBERS[sim.draw(2) as usize]);
        }
        env.sleep(Duration::from_millis(sim.draw(4_000))).await;
    }
    there
}

#[test]
fn members_share_the_topics_that_match_whatever_comes_and_goes() {
    replay_seeds(0..20, |env, sim| async move {
        let address = SocketAddr::new(sim.ip_of("broker"), 9092);
        let broker = Broker::start(&sim.env_for("broker"), BrokerConfig::new(address)).await.unwrap();
        let held = Held::default();
        let members: Vec<_> = MEMBERS
            .map(|name| {
                let env = sim.env_for(name);
                env.work().spawn("follow", Box::pin(follow(env.clone(), name, address.to_string(), held.clone())))
            })
            .into();
        let mut operator = Client::connect(&sim.env_for("operator"), &broker).await;
        let there = change_topics(&env, &sim, &mut operator).await;
        env.sleep(Duration::from_secs(60)).await;
        let wanted: Vec<TopicPartition> = there
            .iter()
            .flat_map(|(name, count)| (0..*count).map(|partition| TopicPartition::new(name.as_str(), partition)))
            .collect();
        // Each by one member, and no others.
        let mut found: Vec<TopicPartition> = held.lock().values().flatten().cloned().collect();
        found.sort();
        assert_eq!(found, wanted);
        members.iter().for_each(|task| task.abort());
        broker.stop().await;
    });
}
