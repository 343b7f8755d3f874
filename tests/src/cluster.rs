//! What is done to single nodes of a [`RealKafka`] that has several: nodes are named by their number, from 1.

use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;

use crate::kafka::{KafkaOptions, RealKafka};
use crate::node::Node;
use crate::wait::eventually;

/// How long three processes on a busy machine may take to agree.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);

/// A partition as the cluster describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// The leader, when there is one.
    pub leader: Option<usize>,
    /// Who holds it, the preferred leader first.
    pub replicas: Vec<usize>,
    /// Who of them has all that is acknowledged.
    pub in_sync: Vec<usize>,
}

impl KafkaOptions {
    /// Three nodes that notice within three seconds when one of them is gone, and move no leader of their own accord.
    pub fn three_nodes() -> Self {
        let options = Self { nodes: 3, ..Self::default() };
        options
            .property("min.insync.replicas", "2")
            .property("broker.session.timeout.ms", "3000")
            .property("auto.leader.rebalance.enable", "false")
    }
}

impl RealKafka {
    /// SIGTERM to a node, and waits for its end: it hands its leaderships over first.
    pub fn stop_node(&mut self, id: usize) -> Result<()> {
        self.node(id)?.stop()
    }

    /// SIGKILL to a node.
    pub fn kill_node(&mut self, id: usize) -> Result<()> {
        self.node(id)?.kill();
        Ok(())
    }

    /// Sends a signal to a node that runs: STOP lets it hang, CONT wakes it up.
    pub fn signal_node(&mut self, id: usize, signal: Signal) -> Result<()> {
        self.node(id)?.process().context("the node does not run")?.signal(signal)
    }

    /// Starts a node that does not run, and waits until it answers.
    pub fn start_node(&mut self, id: usize) -> Result<()> {
        let options = self.options.clone();
        let node = self.node(id)?;
        node.spawn(&options)?;
        node.wait_until_it_answers()
    }

    /// `host:port` of a node.
    pub fn address_of(&self, id: usize) -> Result<String> {
        let node = self.nodes.iter().find(|node| node.id() == id);
        Ok(node.with_context(|| format!("there is no node {id}"))?.address())
    }

    /// Waits until the partition has a leader, and gives it.
    pub fn leader_of(&self, topic: &str, partition: usize) -> Result<usize> {
        eventually(&format!("a leader of {topic}-{partition}"), SETTLE_LIMIT, || {
            let partitions = self.driver()?.partitions(topic)?;
            Ok(partitions.get(partition).with_context(|| format!("{topic} has no partition {partition}"))?.leader)
        })
    }

    /// Waits until every replica of every partition of the topic is in sync, so that the next node may go.
    pub fn wait_until_in_sync(&self, topic: &str) -> Result<()> {
        let mut last = Vec::new();
        let in_sync = eventually(&format!("all replicas of {topic} to be in sync"), SETTLE_LIMIT, || {
            last = self.driver()?.partitions(topic)?;
            let complete = |each: &Partition| each.leader.is_some() && each.in_sync.len() == each.replicas.len();
            Ok(last.iter().all(complete).then_some(()))
        });
        in_sync.with_context(|| format!("they are {last:?}"))
    }

    /// Moves the leadership of a partition to another replica, by an election: no node ends, no data moves. Gives the new leader.
    pub fn move_leader(&self, topic: &str, partition: usize) -> Result<usize> {
        let leader = self.leader_of(topic, partition)?;
        let mut driver = self.driver()?;
        let mut replicas = driver.partitions(topic)?.swap_remove(partition).replicas;
        let at = replicas.iter().position(|id| *id == leader).context("the leader is no replica")?;
        replicas.rotate_left(at + 1);
        let number = i32::try_from(partition)?;
        driver.reassign(topic, number, &replicas)?;
        driver.elect_preferred(topic, number)?;
        drop(driver);
        self.other_leader(topic, partition, leader)
    }

    /// Has a partition leave its leader for the other nodes of three, so that its leader does not even know it any more. Gives the new
    /// leader.
    pub fn take_from_leader(&self, topic: &str, partition: usize) -> Result<usize> {
        let leader = self.leader_of(topic, partition)?;
        let others: Vec<usize> = self.nodes.iter().map(Node::id).filter(|id| *id != leader).collect();
        self.driver()?.reassign(topic, i32::try_from(partition)?, &others)?;
        self.other_leader(topic, partition, leader)
    }

    /// Waits until the brokers tell of another leader: they learn of it one after the other.
    fn other_leader(&self, topic: &str, partition: usize, than: usize) -> Result<usize> {
        eventually(&format!("another leader of {topic}-{partition} than node {than}"), SETTLE_LIMIT, || {
            Ok(Some(self.leader_of(topic, partition)?).filter(|leader| *leader != than))
        })
    }

    fn node(&mut self, id: usize) -> Result<&mut Node> {
        self.nodes.iter_mut().find(|node| node.id() == id).with_context(|| format!("there is no node {id}"))
    }
}
