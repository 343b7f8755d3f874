//! The task that prepares what polls hand out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use env::planted::{self, Bug};
use env::{BoxFuture, Instant};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kafka_wire::ErrorCode;
use kafka_wire::messages::FetchResponse;
use tokio::sync::mpsc;

use super::client::Inner;
use super::partitions::{Asked, EARLIEST, LATEST, Need, Partitions};
use super::{fetch, offsets, protocol};
use crate::cluster::Snapshot;
use crate::config::{AutoOffsetReset, ServerAddress};
use crate::error::ClientError;
use crate::group::MembershipEvent;
use crate::net::backoff_after;
use crate::topic_partition::TopicPartition;

type Listed = BTreeMap<TopicPartition, Result<i64, ErrorCode>>;

/// What the task waits for.
enum Done {
    Connected(i32, Result<(), ClientError>),
    Fetched(i32, Vec<Asked>, Box<Result<FetchResponse, ClientError>>),
    Listed(i32, Vec<Asked>, Result<Listed, ClientError>),
    Committed(Vec<Asked>, Result<BTreeMap<TopicPartition, Option<i64>>, ClientError>),
}

/// What goes on with a broker.
#[derive(Debug, Default, Clone, Copy)]
struct Traffic {
    connecting: bool,
    fetching: bool,
    listing: bool,
}

/// The task of one consumer.
pub(super) struct Driver {
    consumer: Arc<Inner>,
    events: mpsc::Receiver<MembershipEvent>,
    traffic: BTreeMap<i32, Traffic>,
    pending: FuturesUnordered<BoxFuture<'static, Done>>,
}

impl Driver {
    pub(super) fn new(consumer: Arc<Inner>, events: mpsc::Receiver<MembershipEvent>) -> Self {
        Self { consumer, events, traffic: BTreeMap::new(), pending: FuturesUnordered::new() }
    }

    /// Runs until it is aborted.
    pub(super) async fn run(mut self) {
        let mut changes = self.consumer.cluster.changes();
        loop {
            let look_again = self.ask();
            let clock = self.consumer.env.clock();
            tokio::select! {
                biased;
                Some(event) = self.events.recv() => self.follow(event),
                Some(done) = self.pending.next(), if !self.pending.is_empty() => self.take(done),
                _ = changes.changed() => self.consumer.metadata_changed(),
                () = self.consumer.wake.notified() => {}
                () = async {
                    match look_again {
                        Some(at) => clock.sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                } => {}
            }
        }
    }

    /// Takes a group's event in.
    fn follow(&mut self, event: MembershipEvent) {
        let mut state = self.consumer.state.lock();
        match event {
            MembershipEvent::Revoke { done } => state.revoke(done),
            MembershipEvent::Lost { .. } => state.lose(),
            MembershipEvent::Failed(error) => state.fail(error),
            MembershipEvent::Joined(joined) => {
                if !joined.is_leader {
                    self.consumer.protocol.follow();
                }
                match protocol::decode_assignment(joined.assignment) {
                    Ok(partitions) => state.assigned(partitions),
                    Err(error) => state.fail(error),
                }
            }
        }
        drop(state);
        self.consumer.news.notify_one();
    }

    /// Asks all that can be asked now; when to look again.
    fn ask(&mut self) -> Option<Instant> {
        let consumer = self.consumer.clone();
        let now = consumer.env.clock().now();
        let snapshot = consumer.cluster.snapshot();
        let mut state = consumer.state.lock();
        if state.announce() {
            consumer.news.notify_one();
        }
        let committed = state.partitions.ask_committed(now);
        if !committed.is_empty() {
            self.ask_committed(committed);
        }
        let mut missing = false;
        self.ask_times(&mut state.partitions, &snapshot, now, &mut missing);
        self.fetch(&mut state.partitions, &snapshot, now, &mut missing);
        let look_again = state.partitions.next_retry(now);
        drop(state);
        if missing {
            consumer.cluster.request_update();
        }
        look_again
    }

    fn ask_committed(&mut self, asked: Vec<Asked>) {
        let consumer = self.consumer.clone();
        self.pending.push(Box::pin(async move {
            let partitions: Vec<TopicPartition> = asked.iter().map(|each| each.of.clone()).collect();
            let committed = consumer.ask_committed(&partitions).await;
            Done::Committed(asked, committed)
        }));
    }

    /// Whether a request can go to a broker now; begins to connect if that is what is missing.
    fn is_reachable(&mut self, broker: i32, address: &ServerAddress) -> bool {
        let link = self.consumer.cluster.link(address);
        if link.live().is_some() {
            return true;
        }
        let traffic = self.traffic.entry(broker).or_default();
        if !std::mem::replace(&mut traffic.connecting, true) {
            self.pending.push(Box::pin(async move { Done::Connected(broker, link.connection().await.map(drop)) }));
        }
        false
    }

    fn ask_times(&mut self, partitions: &mut Partitions, snapshot: &Snapshot, now: Instant, missing: &mut bool) {
        let mut brokers: BTreeMap<i32, ServerAddress> = BTreeMap::new();
        for of in partitions.needs_times(now) {
            match snapshot.leader(&of.topic, of.partition) {
                Some((broker, address)) => {
                    brokers.insert(broker, address.clone());
                }
                None => *missing = true,
            }
        }
        for (broker, address) in brokers {
            if !self.is_reachable(broker, &address) || self.traffic.entry(broker).or_default().listing {
                continue;
            }
            let is_led =
                |of: &TopicPartition| snapshot.leader(&of.topic, of.partition).is_some_and(|(id, _)| id == broker);
            let asked = partitions.ask_times(now, is_led);
            self.traffic.entry(broker).or_default().listing = true;
            let consumer = self.consumer.clone();
            self.pending.push(Box::pin(async move {
                let times: Vec<_> = asked.iter().map(|each| (each.of.clone(), each.at)).collect();
                let listed = consumer.list_offsets(&address, &times).await;
                Done::Listed(broker, asked, listed)
            }));
        }
    }

    fn fetch(&mut self, partitions: &mut Partitions, snapshot: &Arc<Snapshot>, now: Instant, missing: &mut bool) {
        if partitions.buffered() >= usize::try_from(self.consumer.config.fetch_max_bytes).unwrap_or(0).max(1) {
            return;
        }
        let mut brokers: BTreeMap<i32, (ServerAddress, Vec<Asked>)> = BTreeMap::new();
        let mut full: BTreeSet<i32> = BTreeSet::new();
        for each in partitions.fetchable(now) {
            let Some((broker, address)) = snapshot.leader(&each.of.topic, each.of.partition) else {
                *missing = true;
                continue;
            };
            if !each.has_room {
                // One long poll without this partition would keep its next fetch waiting.
                full.insert(broker);
            }
            brokers.entry(broker).or_insert_with(|| (address.clone(), Vec::new())).1.push(each.asked);
        }
        for (broker, (address, asked)) in brokers {
            if full.contains(&broker)
                || self.traffic.get(&broker).is_some_and(|traffic| traffic.fetching)
                || !self.is_reachable(broker, &address)
            {
                continue;
            }
            self.traffic.entry(broker).or_default().fetching = true;
            let (consumer, snapshot) = (self.consumer.clone(), snapshot.clone());
            self.pending.push(Box::pin(async move {
                let config = &consumer.config;
                let timeout = config.client.request_timeout.saturating_add(config.fetch_max_wait);
                let link = consumer.cluster.link(&address);
                let make = |version| fetch::request(config, &snapshot, &asked, version);
                let response = link.call(timeout, make).await;
                Done::Fetched(broker, asked, Box::new(response))
            }));
        }
    }

    fn take(&mut self, done: Done) {
        let wait = backoff_after(self.consumer.config.client.retry_backoff, 0, self.consumer.env.random());
        let retry_at = self.consumer.env.clock().now() + wait;
        let stale = match done {
            Done::Connected(broker, result) => {
                self.traffic.entry(broker).or_default().connecting = false;
                result.is_err()
            }
            Done::Fetched(broker, asked, response) => {
                self.traffic.entry(broker).or_default().fetching = false;
                self.take_fetched(&asked, *response, retry_at)
            }
            Done::Listed(broker, asked, listed) => {
                self.traffic.entry(broker).or_default().listing = false;
                self.take_listed(&asked, listed, retry_at)
            }
            Done::Committed(asked, committed) => {
                self.take_committed(&asked, committed, retry_at);
                false
            }
        };
        if stale {
            self.consumer.cluster.request_update();
        }
        self.consumer.news.notify_one();
    }

    fn take_fetched(&self, asked: &[Asked], response: Result<FetchResponse, ClientError>, retry_at: Instant) -> bool {
        let mut state = self.consumer.state.lock();
        match response {
            Ok(response) => fetch::take(&mut state.partitions, &self.consumer.config, asked, response, retry_at).stale,
            Err(error) => {
                tracing::debug!(%error, "fetch failed");
                asked.iter().for_each(|each| state.partitions.delay(each, retry_at));
                true
            }
        }
    }

    fn take_listed(&self, asked: &[Asked], listed: Result<Listed, ClientError>, retry_at: Instant) -> bool {
        let mut state = self.consumer.state.lock();
        let mut stale = listed.is_err();
        for each in asked {
            let answer = listed.as_ref().ok().and_then(|listed| listed.get(&each.of).copied());
            match answer {
                Some(Ok(offset)) => state.partitions.place(each, offset),
                Some(Err(code)) if !code.is_retriable() => {
                    state.partitions.fail(each, ClientError::about_topic(code, &each.of.topic));
                }
                other => {
                    stale |= matches!(other, Some(Err(code)) if code.invalidates_metadata());
                    state.partitions.need(each, Need::AtTime(each.at), Some(retry_at));
                }
            }
        }
        stale
    }

    fn take_committed(
        &self,
        asked: &[Asked],
        committed: Result<BTreeMap<TopicPartition, Option<i64>>, ClientError>,
        retry_at: Instant,
    ) {
        let by_pattern = self.consumer.matcher.lock().is_some();
        let mut state = self.consumer.state.lock();
        let mut nowhere = Vec::new();
        for each in asked {
            match &committed {
                Ok(committed) => match committed.get(&each.of).copied().flatten() {
                    Some(offset) => state.partitions.place(each, offset),
                    None if by_pattern && planted::acts(Bug::MatchedTopicFromLatest) => {
                        state.partitions.need(each, Need::AtTime(LATEST), None);
                    }
                    None => nowhere.push(each),
                },
                Err(error) if error.is_retriable() => state.partitions.need(each, Need::Committed, Some(retry_at)),
                Err(error) => state.partitions.fail(each, error.clone()),
            }
        }
        begin_by_policy(&mut state.partitions, self.consumer.config.auto_offset_reset, &nowhere);
    }
}

/// Nothing was committed for these.
fn begin_by_policy(partitions: &mut Partitions, policy: AutoOffsetReset, asked: &[&Asked]) {
    let time = match policy {
        AutoOffsetReset::Earliest => EARLIEST,
        AutoOffsetReset::Latest => LATEST,
        AutoOffsetReset::None => {
            // All in one sentence, as Java.
            let names: Vec<String> = asked.iter().map(|each| each.of.to_string()).collect();
            let error = ClientError::NoOffset { partitions: format!("[{}]", names.join(", ")).into() };
            return asked.iter().for_each(|each| partitions.fail(each, error.clone()));
        }
    };
    asked.iter().for_each(|each| partitions.need(each, Need::AtTime(time), None));
}

impl Inner {
    /// One attempt to learn committed offsets; without a group nothing is committed.
    pub(super) async fn ask_committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Option<i64>>, ClientError> {
        let Some(coordinator) = &self.coordinator else { return Ok(BTreeMap::new()) };
        let timeout = self.config.client.request_timeout;
        let group = coordinator.group_id();
        let make = |version| offsets::committed_request(group, partitions, version);
        let response = coordinator.call(timeout, make).await?;
        offsets::committed(response).map_err(|code| {
            coordinator.note(code);
            coordinator.refusal(code, None)
        })
    }

    /// One attempt to learn the offsets at times from the leader of the partitions.
    pub(super) async fn list_offsets(
        &self,
        leader: &ServerAddress,
        asked: &[(TopicPartition, i64)],
    ) -> Result<Listed, ClientError> {
        let snapshot = self.cluster.snapshot();
        let timeout: Duration = self.config.client.request_timeout;
        let make = |version| offsets::list_request(asked, &snapshot, version);
        let response = self.cluster.link(leader).call(timeout, make).await?;
        Ok(offsets::listed(response))
    }
}
