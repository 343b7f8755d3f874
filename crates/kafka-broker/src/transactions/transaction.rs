//! One transactional id as a state machine without time, disk or locks: a request goes in, and the state it leads to comes
//! out, to be kept before anyone sees it. The rules are those of `TransactionCoordinator` and `TransactionMetadata` for
//! clients of the first transaction protocol.

use std::collections::{BTreeMap, BTreeSet};

use kafka_wire::ErrorCode;
use serde::{Deserialize, Serialize};

/// The last epoch a producer is given; the one after it is left for fencing.
const LAST_EPOCH: i16 = i16::MAX - 1;
const NO_EPOCH: i16 = -1;
const NO_PRODUCER: i64 = -1;

/// A partition: topic and index.
pub(crate) type TopicPartition = (String, i32);

/// What is known under a transactional id, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Transaction {
    pub(super) producer_id: i64,
    pub(super) epoch: i16,
    /// The epoch before this one, if its owner has asked for this one; −1 otherwise.
    last_epoch: i16,
    /// The producer id before this one, or −1.
    previous_producer_id: i64,
    /// In milliseconds.
    pub(super) timeout: i32,
    pub(super) state: State,
    /// The partitions of the transaction that is open.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) partitions: BTreeSet<TopicPartition>,
    /// The groups whose offsets are part of the transaction that is open.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) groups: BTreeSet<String>,
    /// Offsets to be committed when the transaction is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) offsets: Vec<PendingOffset>,
    /// When the transaction that is open, or the last one, began; Unix milliseconds, −1 for none.
    pub(super) started: i64,
    /// When any of this last changed; Unix milliseconds.
    pub(super) updated: i64,
}

/// Where a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    /// There has been none since the producer's epoch began.
    Empty,
    Ongoing,
    /// It is decided; the markers are on their way.
    PrepareCommit,
    PrepareAbort,
    CompleteCommit,
    CompleteAbort,
}

/// An offset that waits for its transaction's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingOffset {
    pub(crate) group: String,
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
    /// When it was given, in Unix milliseconds.
    pub(crate) at: i64,
}

/// Where an InitProducerId leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Init {
    /// The producer has this producer id and epoch.
    Ready(Transaction),
    /// The open transaction is aborted first, and the client asks again.
    Abort(Transaction),
}

impl Transaction {
    /// A new transactional id; it needs an [`Transaction::init`].
    pub(super) fn new(producer_id: i64, timeout: i32, now: i64) -> Self {
        Self {
            producer_id,
            epoch: NO_EPOCH,
            last_epoch: NO_EPOCH,
            previous_producer_id: NO_PRODUCER,
            timeout,
            state: State::Empty,
            partitions: BTreeSet::new(),
            groups: BTreeSet::new(),
            offsets: Vec::new(),
            started: -1,
            updated: now,
        }
    }

    /// Whether an [`Transaction::init`] that succeeds needs a new producer id.
    pub(super) fn is_exhausted(&self) -> bool {
        self.epoch >= LAST_EPOCH
    }

    /// A producer begins under this id, or goes on after an error with `expected`, its producer id and epoch (KIP-360).
    /// `new_id` is asked when the epochs are used up.
    ///
    /// # Errors
    /// When the producer is fenced or the last transaction is not complete; that of `new_id`.
    pub(super) fn init(
        &self,
        timeout: i32,
        expected: Option<(i64, i16)>,
        now: i64,
        new_id: impl FnOnce() -> Result<i64, ErrorCode>,
    ) -> Result<Init, ErrorCode> {
        let is_ours = |(id, epoch): (i64, i16)| {
            self.epoch == NO_EPOCH || id == self.producer_id || (id == self.previous_producer_id && epoch >= LAST_EPOCH)
        };
        if !expected.is_none_or(is_ours) {
            return Err(ErrorCode::ProducerFenced);
        }
        match self.state {
            State::PrepareCommit | State::PrepareAbort => Err(ErrorCode::ConcurrentTransactions),
            State::Ongoing => Ok(Init::Abort(self.fence(now))),
            State::Empty | State::CompleteCommit | State::CompleteAbort => {
                let next = Self {
                    timeout,
                    state: State::Empty,
                    partitions: BTreeSet::new(),
                    groups: BTreeSet::new(),
                    offsets: Vec::new(),
                    started: -1,
                    updated: now,
                    ..self.clone()
                };
                let expected = expected.map(|(_, epoch)| epoch);
                if self.is_exhausted() && expected.is_none_or(|epoch| epoch == self.epoch) {
                    let last_epoch = if expected.is_some() { self.epoch } else { NO_EPOCH };
                    let previous_producer_id = self.producer_id;
                    let producer_id = new_id()?;
                    return Ok(Init::Ready(Self { producer_id, previous_producer_id, epoch: 0, last_epoch, ..next }));
                }
                let (epoch, last_epoch) = self.next_epoch(expected)?;
                Ok(Init::Ready(Self { epoch, last_epoch, ..next }))
            }
        }
    }

    /// The epoch after this one and the one before it, for a producer that expects to have `expected`.
    fn next_epoch(&self, expected: Option<i16>) -> Result<(i16, i16), ErrorCode> {
        let next = if self.is_exhausted() { Err(ErrorCode::ProducerFenced) } else { Ok(self.epoch + 1) };
        match expected {
            None => Ok((next?, NO_EPOCH)),
            Some(expected) if self.epoch == NO_EPOCH || expected == self.epoch => Ok((next?, self.epoch)),
            // It asks again, since it has not seen the answer.
            Some(expected) if expected == self.last_epoch => Ok((self.epoch, self.last_epoch)),
            Some(_) => Err(ErrorCode::ProducerFenced),
        }
    }

    /// The open transaction is aborted, and its producer's epoch is no longer good.
    pub(super) fn fence(&self, now: i64) -> Self {
        let epoch = self.epoch.saturating_add(1);
        Self { epoch, last_epoch: NO_EPOCH, state: State::PrepareAbort, updated: now, ..self.clone() }
    }

    fn check_producer(&self, producer: (i64, i16)) -> Result<(), ErrorCode> {
        if producer.0 != self.producer_id {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        if producer.1 != self.epoch {
            return Err(ErrorCode::ProducerFenced);
        }
        Ok(())
    }

    fn check_undecided(&self) -> Result<(), ErrorCode> {
        match self.state {
            State::PrepareCommit | State::PrepareAbort => Err(ErrorCode::ConcurrentTransactions),
            _ => Ok(()),
        }
    }

    /// Partitions and groups become part of the transaction, which begins with the first of them. `None`: they are.
    ///
    /// # Errors
    /// When the producer is not the one of this id, or the last transaction is not complete.
    pub(super) fn add(
        &self,
        producer: (i64, i16),
        partitions: impl IntoIterator<Item = TopicPartition>,
        groups: impl IntoIterator<Item = String>,
        now: i64,
    ) -> Result<Option<Self>, ErrorCode> {
        self.check_producer(producer)?;
        self.check_undecided()?;
        let started = if self.state == State::Ongoing { self.started } else { now };
        let mut next = Self { state: State::Ongoing, started, updated: now, ..self.clone() };
        next.partitions.extend(partitions);
        next.groups.extend(groups);
        let grown = next.partitions.len() > self.partitions.len() || next.groups.len() > self.groups.len();
        Ok((grown || self.state != State::Ongoing).then_some(next))
    }

    /// Whether records for a partition are part of the transaction that is open; `Ok(false)`: it was not added.
    ///
    /// # Errors
    /// As [`Transaction::add`].
    pub(super) fn has_partition(&self, producer: (i64, i16), partition: &TopicPartition) -> Result<bool, ErrorCode> {
        self.check_producer(producer)?;
        self.check_undecided()?;
        Ok(self.partitions.contains(partition))
    }

    /// Offsets wait for the transaction's end; `Ok(None)`: their group was not added.
    ///
    /// # Errors
    /// As [`Transaction::add`].
    pub(super) fn add_offsets(
        &self,
        producer: (i64, i16),
        group: &str,
        offsets: Vec<PendingOffset>,
    ) -> Result<Option<Self>, ErrorCode> {
        self.check_producer(producer)?;
        self.check_undecided()?;
        if !self.groups.contains(group) {
            return Ok(None);
        }
        let key = |offset: &PendingOffset| (offset.group.clone(), offset.topic.clone(), offset.partition);
        let mut by_partition: BTreeMap<_, _> = self.offsets.iter().map(|old| (key(old), old.clone())).collect();
        by_partition.extend(offsets.into_iter().map(|new| (key(&new), new)));
        Ok(Some(Self { offsets: by_partition.into_values().collect(), ..self.clone() }))
    }

    /// Without the offsets of a group that is no more.
    pub(super) fn without_offsets_of(&self, group: &str) -> Self {
        let offsets = self.offsets.iter().filter(|offset| offset.group != group).cloned().collect();
        Self { offsets, ..self.clone() }
    }

    /// The transaction is decided. `None`: it was, in the same way.
    ///
    /// # Errors
    /// When the producer is not the one of this id, there is no transaction, or it was decided otherwise.
    pub(super) fn end(&self, producer: (i64, i16), commit: bool, now: i64) -> Result<Option<Self>, ErrorCode> {
        self.check_producer(producer)?;
        match (self.state, commit) {
            (State::Ongoing, _) => {
                let state = if commit { State::PrepareCommit } else { State::PrepareAbort };
                Ok(Some(Self { state, updated: now, ..self.clone() }))
            }
            (State::CompleteCommit, true) | (State::CompleteAbort, false) => Ok(None),
            (State::PrepareCommit, true) | (State::PrepareAbort, false) => Err(ErrorCode::ConcurrentTransactions),
            _ => Err(ErrorCode::InvalidTxnState),
        }
    }

    /// How it was decided, while the markers are on their way.
    pub(super) fn decision(&self) -> Option<bool> {
        match self.state {
            State::PrepareCommit => Some(true),
            State::PrepareAbort => Some(false),
            _ => None,
        }
    }

    /// Every marker is written.
    pub(super) fn complete(&self, now: i64) -> Self {
        let state = if self.state == State::PrepareCommit { State::CompleteCommit } else { State::CompleteAbort };
        Self {
            state,
            partitions: BTreeSet::new(),
            groups: BTreeSet::new(),
            offsets: Vec::new(),
            updated: now,
            ..self.clone()
        }
    }

    /// Whether it may be forgotten when nobody has used it for long.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state, State::Empty | State::CompleteCommit | State::CompleteAbort)
    }
}

#[cfg(test)]
#[path = "transaction_tests.rs"]
mod tests;
