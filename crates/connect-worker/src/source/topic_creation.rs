//! Topics that a source writes to are created by the connector's rules before the first record goes there (KIP-158).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use connect_api::{Error, Result, Signal, Token};
use connect_config::connector::TopicCreationRules;
use connect_kafka::{Admin, NewTopic, Row, TopicOutcome};
use env::Env;
use env::planted::{self, Bug};

/// The topics that one task knows to be there, and how it creates others.
pub struct TopicCreation {
    env: Env,
    token: Token,
    admin: Arc<dyn Admin>,
    rules: TopicCreationRules,
    known: BTreeSet<Arc<str>>,
    /// The known topic asked for last.
    last: Option<Arc<str>>,
}

/// How long a record waits whose topic could not be looked up (Apache: `SEND_FAILED_BACKOFF_MS`).
const RETRY_DELAY: Duration = Duration::from_millis(100);

impl TopicCreation {
    /// Nothing is known yet.
    pub fn new(env: Env, token: Token, admin: Arc<dyn Admin>, rules: TopicCreationRules) -> Self {
        Self { env, token, admin, rules, known: BTreeSet::new(), last: None }
    }

    /// How many rows from the front go to topics that are known to be there. Rows of one topic in a row cost a
    /// comparison of pointers each.
    pub fn known_rows(&mut self, rows: &[Row]) -> usize {
        let is_unknown = |row: &Row| {
            if self.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, &row.topic)) {
                return false;
            }
            let known = self.known.contains(&row.topic);
            if known {
                self.last = Some(row.topic.clone());
            }
            !known
        };
        rows.iter().position(is_unknown).unwrap_or(rows.len())
    }

    /// Makes sure that the topic is there, creating it if need be. False: the task is to stop, and the topic may still
    /// be missing.
    ///
    /// # Errors
    /// When it is not there and cannot be created.
    pub async fn ensure(&mut self, topic: &Arc<str>) -> Result<bool> {
        tracing::info!(
            "The task will send records to topic '{topic}' for the first time. Checking whether topic exists"
        );
        let mut token = self.token.clone();
        loop {
            let tried = tokio::select! {
                biased;
                () = stopping(&mut token) => return Ok(false),
                tried = self.find_or_create(topic) => tried,
            };
            match tried {
                Ok(()) => break,
                Err(error) if error.is_retriable() => {
                    let error = format!("{error:#}");
                    tracing::warn!(%topic, error, "Failed to send record to topic. Backing off before retrying");
                }
                Err(error) => return Err(error),
            }
            tokio::select! {
                biased;
                () = stopping(&mut token) => return Ok(false),
                () = self.env.sleep(RETRY_DELAY) => {}
            }
        }
        self.known.insert(topic.clone());
        Ok(true)
    }

    async fn find_or_create(&self, topic: &str) -> Result<()> {
        if self.admin.find_topic(topic).await? {
            tracing::info!("Topic '{topic}' already exists.");
            return Ok(());
        }
        tracing::info!("Creating topic '{topic}'");
        let group = self.rules.group_of(topic);
        let new = NewTopic {
            name: topic.to_owned(),
            partitions: group.partitions,
            replication_factor: group.replication_factor,
            configs: group.configs.clone(),
        };
        let answer = self.admin.create_or_find_topic(&new).await;
        if planted::acts(Bug::CreationReplyIgnored) {
            return Ok(());
        }
        match answer? {
            TopicOutcome::Created => tracing::info!(group = group.name, "Created topic '{new}'"),
            TopicOutcome::Existing => tracing::info!("Found existing topic '{new}'"),
            TopicOutcome::Refused => {
                return Err(Error::connect(format!(
                    "Task failed to create new topic {new}. Ensure that the task is authorized to create topics or that \
                     the topic exists and restart the task"
                )));
            }
        }
        Ok(())
    }
}

/// Completes when the task is to stop; a pause does not count.
async fn stopping(token: &mut Token) {
    while !token.is_stopping() {
        let signal = token.signal();
        if signal != Signal::Stop {
            token.changed_from(signal).await;
        }
    }
}
