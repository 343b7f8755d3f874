//! All transactional ids, what is kept of them, and the clock that ends transactions nobody ends.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use env::{BoxFuture, Env, Instant};
use kafka_wire::{ErrorCode, StrBytes};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::producer_ids::ProducerIds;
use super::transaction::{Init, PendingOffset, State, TopicPartition, Transaction};
use crate::groups::Committed;
use crate::journal::{Change, Kind};
use crate::topics::Marker;
use crate::{BrokerConfig, Data};

/// How long the clock sleeps when nothing is due; also `transaction.remove.expired.transaction.cleanup.interval.ms`.
const IDLE: Duration = Duration::from_secs(3600);
/// When markers could not be written, they are tried again after this time.
const MARKER_RETRY: Duration = Duration::from_secs(1);
/// `transactional.id.expiration.ms`
const EXPIRATION: Duration = Duration::from_secs(7 * 24 * 3600);
/// More transactional ids are not remembered; idle ones are forgotten first.
const MAX_IDS: usize = 10_000;
/// More groups cannot be part of one transaction.
const MAX_GROUPS: usize = 1_000;

/// A producer id and its epoch.
pub(crate) type Producer = (i64, i16);

/// The coordinator of all transactions.
pub(crate) struct Coordinator {
    env: Env,
    data: Data,
    max_timeout: Duration,
    ids: Mutex<Ids>,
    /// Something is due earlier than before.
    changed: Notify,
}

struct Ids {
    known: BTreeMap<String, Entry>,
    /// What is due, and when.
    deadlines: BTreeSet<(Instant, String)>,
    /// The transactional ids that have offsets waiting, by group.
    pending: BTreeMap<String, BTreeSet<String>>,
    producer_ids: ProducerIds,
    next_expiration: Instant,
}

struct Entry {
    transaction: Transaction,
    /// When the open transaction is aborted, or markers are tried again.
    deadline: Option<Instant>,
}

impl Coordinator {
    /// Goes on with what `data` knows: what was decided is completed, what is open stays so until its time is over.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(crate) fn new(env: Env, data: Data, config: &BrokerConfig) -> io::Result<Arc<Self>> {
        let now = env.clock().now();
        let ids = Ids {
            known: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            pending: BTreeMap::new(),
            producer_ids: ProducerIds::load(&data.0.journal)?,
            next_expiration: now + IDLE,
        };
        let facts = data.0.journal.all::<Transaction>(Kind::Transaction)?;
        let max_timeout = config.max_transaction_timeout;
        let coordinator = Self { env, data, max_timeout, ids: Mutex::new(ids), changed: Notify::new() };
        let mut ids = coordinator.ids.lock();
        for (id, transaction) in facts {
            ids.put(&id, transaction, coordinator.deadline_of_restored(now));
            coordinator.complete(&mut ids, &id);
        }
        coordinator.settle_strays(&ids);
        drop(ids);
        Ok(Arc::new(coordinator))
    }

    /// When a transaction that another broker has begun is over: its time goes on.
    fn deadline_of_restored(&self, now: Instant) -> impl Fn(&Transaction) -> Instant {
        let unix = self.env.clock().unix_millis();
        move |transaction| {
            let timeout = timeout_of(transaction);
            let begun = u64::try_from(unix.saturating_sub(transaction.started)).unwrap_or(0);
            now + timeout.saturating_sub(Duration::from_millis(begun))
        }
    }

    /// Ends transactions in partitions of which the journal knows nothing: a crash may have kept records and lost the
    /// fact, or a marker. Nobody else would ever end them, and readers would wait for ever.
    fn settle_strays(&self, ids: &Ids) {
        let owners: BTreeMap<i64, &Transaction> =
            ids.known.values().map(|entry| (entry.transaction.producer_id, &entry.transaction)).collect();
        for topic in self.data.0.topics.all() {
            for (partition, index) in topic.partitions.iter().zip(0..) {
                for open in partition.open_transactions() {
                    let owner = owners.get(&open.producer_id);
                    let place = (topic.name.clone(), index);
                    if owner.is_some_and(|owner| owner.partitions.contains(&place)) {
                        continue;
                    }
                    let commit = owner.is_some_and(|owner| owner.state == State::CompleteCommit);
                    let marker = Marker { producer_id: open.producer_id, epoch: open.epoch, commit };
                    tracing::warn!(
                        topic = topic.name,
                        partition = index,
                        ?marker,
                        "a transaction without owner is ended"
                    );
                    if let Err(error) = partition.append_marker(marker, self.env.clock().unix_millis()) {
                        tracing::error!(topic = topic.name, partition = index, ?error, "it cannot be ended");
                    }
                }
            }
        }
    }

    /// Aborts what takes too long, tries markers again and forgets unused ids; never ends itself.
    pub(crate) fn run(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                let wake = {
                    let ids = self.ids.lock();
                    let next = ids.deadlines.first().map(|(deadline, _)| *deadline);
                    next.map_or(ids.next_expiration, |next| next.min(ids.next_expiration))
                };
                tokio::select! {
                    biased;
                    () = self.changed.notified() => {}
                    () = self.env.clock().sleep_until(wake) => self.tick(),
                }
            }
        })
    }

    fn tick(&self) {
        let (now, unix) = (self.env.clock().now(), self.env.clock().unix_millis());
        let mut ids = self.ids.lock();
        let due = ids.deadlines.iter().take_while(|(deadline, _)| *deadline <= now).map(|(_, id)| id.clone());
        for id in due.collect::<Vec<_>>() {
            let Some(transaction) = ids.known.get(&id).map(|entry| entry.transaction.clone()) else { continue };
            if transaction.state == State::Ongoing {
                tracing::info!(transactional_id = id, "a transaction has taken too long and is aborted");
                if let Err(error) = self.keep(&mut ids, &id, transaction.fence(unix)) {
                    tracing::warn!(transactional_id = id, ?error, "a transaction cannot be aborted yet");
                    ids.put(&id, transaction, |_| now + MARKER_RETRY);
                    continue;
                }
            }
            self.complete(&mut ids, &id);
        }
        if ids.next_expiration <= now {
            ids.next_expiration = now + IDLE;
            let limit = unix.saturating_sub(EXPIRATION.as_millis() as i64);
            let old =
                ids.known.iter().filter(|(_, entry)| entry.transaction.is_idle() && entry.transaction.updated <= limit);
            for id in old.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
                self.forget(&mut ids, &id);
            }
        }
    }

    /// A producer begins: a new producer id without a transactional id; with one, the id's producer id and next epoch.
    /// `expected` is what a producer has that goes on after an error.
    pub(crate) fn init(
        &self,
        id: Option<&str>,
        timeout: i32,
        expected: Option<Producer>,
    ) -> Result<Producer, ErrorCode> {
        let mut ids = self.ids.lock();
        let ids = &mut *ids;
        let Some(id) = id else { return Ok((self.new_producer_id(ids)?, 0)) };
        if id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        if timeout <= 0 || i128::from(timeout) > self.max_timeout.as_millis() as i128 {
            return Err(ErrorCode::InvalidTransactionTimeout);
        }
        let now = self.env.clock().unix_millis();
        let transaction = match ids.known.get(id) {
            Some(entry) => entry.transaction.clone(),
            None => {
                self.make_room(ids)?;
                Transaction::new(self.new_producer_id(ids)?, timeout, now)
            }
        };
        match transaction.init(timeout, expected, now, || self.new_producer_id(ids))? {
            Init::Ready(next) => {
                let producer = (next.producer_id, next.epoch);
                self.keep(ids, id, next)?;
                Ok(producer)
            }
            Init::Abort(next) => {
                self.keep(ids, id, next)?;
                self.complete(ids, id);
                Err(ErrorCode::ConcurrentTransactions)
            }
        }
    }

    /// Partitions become part of an id's transaction.
    pub(crate) fn add_partitions(
        &self,
        id: &str,
        producer: Producer,
        partitions: Vec<TopicPartition>,
    ) -> Result<(), ErrorCode> {
        self.add(id, producer, partitions, None)
    }

    /// The offsets of a group become part of an id's transaction.
    pub(crate) fn add_group(&self, id: &str, producer: Producer, group: &str) -> Result<(), ErrorCode> {
        self.add(id, producer, Vec::new(), Some(group.to_owned()))
    }

    fn add(
        &self,
        id: &str,
        producer: Producer,
        partitions: Vec<TopicPartition>,
        group: Option<String>,
    ) -> Result<(), ErrorCode> {
        let mut ids = self.ids.lock();
        let now = self.env.clock().unix_millis();
        let Some(next) = ids.get(id)?.add(producer, partitions, group, now)? else { return Ok(()) };
        if next.groups.len() > MAX_GROUPS {
            return Err(ErrorCode::PolicyViolation);
        }
        self.keep(&mut ids, id, next)
    }

    /// Whether records for a partition are part of an id's open transaction; `TransactionAbortable`: it was not added.
    pub(crate) fn verify(&self, id: &str, producer: Producer, partition: &TopicPartition) -> Result<(), ErrorCode> {
        let ids = self.ids.lock();
        let has = ids.get(id)?.has_partition(producer, partition)?;
        if has { Ok(()) } else { Err(ErrorCode::TransactionAbortable) }
    }

    /// Offsets of a group wait for the end of an id's transaction, once `check` has agreed; `TransactionAbortable`: the
    /// group was not added.
    pub(crate) fn add_offsets(
        &self,
        id: &str,
        producer: Producer,
        group: &str,
        offsets: Vec<PendingOffset>,
        check: impl FnOnce() -> Result<(), ErrorCode>,
    ) -> Result<(), ErrorCode> {
        let mut ids = self.ids.lock();
        let next = ids.get(id)?.add_offsets(producer, group, offsets)?;
        let next = next.ok_or(ErrorCode::TransactionAbortable)?;
        check()?;
        self.keep(&mut ids, id, next)
    }

    /// A group is deleted: its offsets wait for no transaction any more, which would bring it back.
    pub(crate) fn forget_group(&self, group: &str) -> Result<(), ErrorCode> {
        let mut ids = self.ids.lock();
        for id in ids.pending.get(group).cloned().unwrap_or_default() {
            let next = ids.get(&id)?.without_offsets_of(group);
            self.keep(&mut ids, &id, next)?;
        }
        Ok(())
    }

    /// Whether an offset of a group waits for a transaction's end.
    pub(crate) fn is_pending(&self, group: &str, topic: &str, partition: i32) -> bool {
        let ids = self.ids.lock();
        let waiting = ids.pending.get(group).into_iter().flatten().filter_map(|id| ids.known.get(id));
        let mut offsets = waiting.flat_map(|entry| &entry.transaction.offsets);
        offsets.any(|offset| offset.group == group && offset.topic == topic && offset.partition == partition)
    }

    /// An id's transaction is committed or aborted. What is answered is certain; the markers follow.
    pub(crate) fn end(&self, id: &str, producer: Producer, commit: bool) -> Result<(), ErrorCode> {
        let mut ids = self.ids.lock();
        let Some(next) = ids.get(id)?.end(producer, commit, self.env.clock().unix_millis())? else { return Ok(()) };
        self.keep(&mut ids, id, next)?;
        self.complete(&mut ids, id);
        Ok(())
    }

    /// Writes the state of an id into the journal, then shows it.
    fn keep(&self, ids: &mut Ids, id: &str, transaction: Transaction) -> Result<(), ErrorCode> {
        let change = Change::put(Kind::Transaction, id, &transaction);
        let kept = change.and_then(|change| self.data.0.journal.write(vec![change]));
        kept.map_err(|error| unavailable(id, &error))?;
        let now = self.env.clock().now();
        let first = ids.deadlines.first().cloned();
        let same = ids.known.get(id).filter(|known| known.transaction.started == transaction.started);
        let deadline = same.and_then(|known| known.deadline);
        ids.put(id, transaction, |transaction| deadline.unwrap_or_else(|| now + timeout_of(transaction)));
        if ids.deadlines.first() != first.as_ref() {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Does what follows from a decision: markers, offsets, and the fact that it is done. What fails is tried again.
    fn complete(&self, ids: &mut Ids, id: &str) {
        let Some(entry) = ids.known.get_mut(id) else { return };
        let Some(commit) = entry.transaction.decision() else { return };
        let done = self
            .write_markers(&mut entry.transaction, commit)
            .and_then(|()| if commit { self.commit_offsets(&entry.transaction) } else { Ok(()) });
        let complete = entry.transaction.complete(self.env.clock().unix_millis());
        if let Err(error) = done.and_then(|()| self.keep(ids, id, complete)) {
            tracing::warn!(transactional_id = id, ?error, "a transaction cannot be completed yet");
            let retry = self.env.clock().now() + MARKER_RETRY;
            if let Some(transaction) = ids.known.get(id).map(|entry| entry.transaction.clone()) {
                ids.put(id, transaction, |_| retry);
            }
            self.changed.notify_one();
        }
    }

    /// Partitions that have their marker are taken off.
    fn write_markers(&self, transaction: &mut Transaction, commit: bool) -> Result<(), ErrorCode> {
        let marker = Marker { producer_id: transaction.producer_id, epoch: transaction.epoch, commit };
        let now = self.env.clock().unix_millis();
        while let Some((name, index)) = transaction.partitions.first().cloned() {
            let topic = self.data.0.topics.get(&name);
            // A partition that is gone needs no marker.
            if let Some(partition) = topic.as_ref().and_then(|topic| topic.partition(index)) {
                match partition.append_marker(marker, now) {
                    Ok(()) => {}
                    // Whoever has the newer epoch has got there over the end of this one.
                    Err(error) if error.code == ErrorCode::InvalidProducerEpoch => {}
                    Err(error) => return Err(error.code),
                }
            }
            transaction.partitions.pop_first();
        }
        Ok(())
    }

    fn commit_offsets(&self, transaction: &Transaction) -> Result<(), ErrorCode> {
        let mut by_group: BTreeMap<&str, Vec<(TopicPartition, Committed)>> = BTreeMap::new();
        for pending in &transaction.offsets {
            let topic = self.data.0.topics.get(&pending.topic);
            if topic.is_none_or(|topic| topic.partition(pending.partition).is_none()) {
                continue;
            }
            let committed = Committed {
                offset: pending.offset,
                leader_epoch: pending.leader_epoch,
                metadata: StrBytes::from_string(pending.metadata.clone()),
                at: pending.at,
                expires: None,
            };
            by_group.entry(&pending.group).or_default().push(((pending.topic.clone(), pending.partition), committed));
        }
        for (group, offsets) in by_group {
            self.data.0.offsets.commit(group, offsets).map_err(|error| unavailable(group, &error))?;
        }
        Ok(())
    }

    fn new_producer_id(&self, ids: &mut Ids) -> Result<i64, ErrorCode> {
        ids.producer_ids.generate(&self.data.0.journal).map_err(|error| unavailable("", &error))
    }

    /// Before a new id comes: the one that was not used for the longest time goes, if there are too many.
    fn make_room(&self, ids: &mut Ids) -> Result<(), ErrorCode> {
        if ids.known.len() < MAX_IDS {
            return Ok(());
        }
        let idle = ids.known.iter().filter(|(_, entry)| entry.transaction.is_idle());
        let oldest = idle.min_by_key(|(_, entry)| entry.transaction.updated).map(|(id, _)| id.clone());
        self.forget(ids, &oldest.ok_or(ErrorCode::CoordinatorNotAvailable)?);
        Ok(())
    }

    fn forget(&self, ids: &mut Ids, id: &str) {
        match self.data.0.journal.write(vec![Change::forget(Kind::Transaction, id)]) {
            Ok(()) => drop(ids.known.remove(id)),
            Err(error) => {
                tracing::warn!(transactional_id = id, %error, "an unused transactional id cannot be forgotten")
            }
        }
    }
}

impl Ids {
    fn get(&self, id: &str) -> Result<&Transaction, ErrorCode> {
        if id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        self.known.get(id).map(|entry| &entry.transaction).ok_or(ErrorCode::InvalidProducerIdMapping)
    }

    /// Takes the place of what is known of an id. `deadline` is asked when something will be due.
    fn put(&mut self, id: &str, transaction: Transaction, deadline: impl Fn(&Transaction) -> Instant) {
        let deadline = (!transaction.is_idle()).then(|| deadline(&transaction));
        let groups = |of: &Transaction| of.offsets.iter().map(|offset| offset.group.clone()).collect::<BTreeSet<_>>();
        let new_groups = groups(&transaction);
        let old = self.known.insert(id.to_owned(), Entry { transaction, deadline });
        if let Some(old) = old {
            if let Some(deadline) = old.deadline {
                self.deadlines.remove(&(deadline, id.to_owned()));
            }
            for group in groups(&old.transaction).difference(&new_groups) {
                if let Some(waiting) = self.pending.get_mut(group) {
                    waiting.remove(id);
                    if waiting.is_empty() {
                        self.pending.remove(group);
                    }
                }
            }
        }
        for group in new_groups {
            self.pending.entry(group).or_default().insert(id.to_owned());
        }
        self.deadlines.extend(deadline.map(|deadline| (deadline, id.to_owned())));
    }
}

fn timeout_of(transaction: &Transaction) -> Duration {
    Duration::from_millis(u64::try_from(transaction.timeout).unwrap_or(0))
}

/// What a client is told when the journal cannot be written; it tries again.
fn unavailable(id: &str, error: &io::Error) -> ErrorCode {
    tracing::warn!(transactional_id = id, %error, "the state of a transaction cannot be kept");
    ErrorCode::CoordinatorNotAvailable
}

#[cfg(test)]
#[path = "coordinator_tests.rs"]
mod tests;
