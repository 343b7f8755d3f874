//! Calls about offsets, tried again until `default.api.timeout.ms` is over.

use std::collections::BTreeMap;
use std::future::Future;

use super::client::ConsumerHandle;
use super::offsets;
use super::partitions::{EARLIEST, LATEST};
use crate::error::ClientError;
use crate::net::backoff_after;
use crate::topic_partition::TopicPartition;

impl ConsumerHandle {
    /// Commits offsets (each that of the next record to be read). What membership says counts at the time of the call:
    /// offsets of partitions that were taken away are refused.
    ///
    /// # Errors
    /// `CommitFailed` when the group has gone on without this member, `RebalanceInProgress` between revocation and the
    /// next assignment, `Timeout` after `default.api.timeout.ms`, the broker's refusal.
    pub async fn commit(&self, offsets: &BTreeMap<TopicPartition, i64>) -> Result<(), ClientError> {
        if offsets.is_empty() {
            return Ok(());
        }
        self.inner.group_needed()?;
        self.retry("successfully committing offsets", async || self.commit_once(offsets).await).await
    }

    async fn commit_once(&self, offsets: &BTreeMap<TopicPartition, i64>) -> Result<(), ClientError> {
        let inner = &self.inner;
        let coordinator = inner.group_needed()?;
        let generation = match &*inner.membership.lock() {
            // Alone: nobody else has a say.
            None => None,
            Some(membership) => Some(membership.generation().ok_or_else(offsets::rebalancing)?),
        };
        let request = offsets::commit_request(coordinator.group_id(), generation.as_ref(), offsets);
        let response = coordinator.call(inner.config.client.request_timeout, |_| request).await?;
        offsets::committed_result(&response).map_err(|(code, topic)| {
            coordinator.note(code);
            if code == kafka_wire::ErrorCode::RebalanceInProgress
                && let Some(membership) = &*inner.membership.lock()
            {
                membership.rejoin("offset commit failed since group is already rebalancing");
            }
            offsets::commit_refusal(code, &topic)
        })
    }

    /// The committed offsets of the group; `None` where nothing was committed.
    ///
    /// # Errors
    /// `Timeout` after `default.api.timeout.ms`, the broker's refusal, or no `group.id`.
    pub async fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Option<i64>>, ClientError> {
        self.inner.group_needed()?;
        let mut committed = self
            .retry("the last committed offset could be determined", async || self.inner.ask_committed(partitions).await)
            .await?;
        for of in partitions {
            committed.entry(of.clone()).or_default();
        }
        Ok(committed)
    }

    /// The offsets of the first records.
    ///
    /// # Errors
    /// `Timeout` after `default.api.timeout.ms`, the broker's refusal.
    pub async fn beginning_offsets(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, i64>, ClientError> {
        self.offsets_at(partitions, EARLIEST).await
    }

    /// The offsets after the last records.
    ///
    /// # Errors
    /// `Timeout` after `default.api.timeout.ms`, the broker's refusal.
    pub async fn end_offsets(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, i64>, ClientError> {
        self.offsets_at(partitions, LATEST).await
    }

    async fn offsets_at(
        &self,
        partitions: &[TopicPartition],
        time: i64,
    ) -> Result<BTreeMap<TopicPartition, i64>, ClientError> {
        self.retry("offsets could be determined", async || self.offsets_once(partitions, time).await).await
    }

    async fn offsets_once(
        &self,
        partitions: &[TopicPartition],
        time: i64,
    ) -> Result<BTreeMap<TopicPartition, i64>, ClientError> {
        let cluster = &self.inner.cluster;
        for of in partitions {
            cluster.add_topic(&of.topic);
        }
        let snapshot = cluster.snapshot();
        let mut leaders = BTreeMap::new();
        for of in partitions {
            if let Some(code) = snapshot.topics.get(&of.topic).and_then(|info| info.error) {
                return Err(ClientError::about_topic(code, &of.topic));
            }
            let Some((_, address)) = snapshot.leader(&of.topic, of.partition) else {
                cluster.request_update();
                return Err(ClientError::timeout(format!("the leader of {of} is not known")));
            };
            leaders.entry(address.clone()).or_insert_with(Vec::new).push((of.clone(), time));
        }
        let mut found = BTreeMap::new();
        for (address, asked) in leaders {
            let listed = self.inner.list_offsets(&address, &asked).await.inspect_err(|_| {
                cluster.request_update();
            })?;
            for (of, offset) in listed {
                let offset = offset.map_err(|code| {
                    cluster.request_update();
                    ClientError::about_topic(code, &of.topic)
                })?;
                found.insert(of, offset);
            }
        }
        Ok(found)
    }

    async fn retry<T, F>(&self, what: &str, attempt: impl Fn() -> F) -> Result<T, ClientError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let inner = &self.inner;
        let mut last = None;
        let tries = async {
            let mut failures = 0;
            loop {
                match attempt().await {
                    Err(error) if error.is_retriable() => last = Some(error),
                    done => return done,
                }
                let wait = backoff_after(inner.config.client.retry_backoff, failures, inner.env.random());
                failures += 1;
                inner.env.sleep(wait).await;
            }
        };
        let limit = inner.config.api_timeout;
        match inner.env.timeout(limit, tries).await {
            Ok(done) => done,
            Err(_) => {
                let reason = last.map_or_else(String::new, |error| format!(": {error}"));
                let millis = limit.as_millis();
                Err(ClientError::timeout(format!("Timeout of {millis}ms expired before {what}{reason}")))
            }
        }
    }
}
