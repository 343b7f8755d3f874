//! Bugs planted on purpose, to prove that the simulated histories find them. Compiled in only with `--cfg planted_bugs`;
//! which one acts is chosen at run time. They are here because this is the one crate that all who have one use.

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Bug {
    /// Source offsets are stored when records are handed to the producer, not when they are acknowledged.
    OffsetBeforeAcknowledgement = 1,
    /// The first unacknowledged record of a source partition does not hold back later offsets.
    GapInAcknowledgedPrefix = 2,
    /// After a failed flush of a sink, the consumer goes on instead of back to the last committed offsets.
    SkippedRewind = 3,
    /// Sink offsets are committed up to what was consumed, not up to what was put.
    CommitBeforePut = 4,
    /// A batch that failed with a retriable error is not put again.
    ForgottenRetry = 5,
    /// A sink that closes its partitions commits nothing.
    NoCommitAtClose = 6,
    /// The stored offset of a file's line counts the beginning of the next one that is there already.
    OffsetBehindPartialLine = 7,
    /// The offset file is put in place without being synced.
    OffsetFileNotSynced = 8,
    /// A batch that the producer sends again goes behind those that wait.
    RetryAfterOthers = 9,
    /// A seek leaves what the consumer has buffered.
    SeekKeepsBuffer = 10,
    /// The broker acknowledges a batch before it is durable, whatever `flush.messages` says.
    AcknowledgedBeforeSync = 11,
    /// Sink offsets are committed before the dead letter queue has stored what failed.
    CommitBeforeLetters = 12,
    /// What passes a transform behind one that dropped records is dropped with them.
    FilterDropsNeighbour = 13,
    /// Of two records that a sink refuses together, the second one counts as put.
    BisectDropsNeighbour = 14,
    /// A partition that nothing was committed for, of a topic found by a pattern, is read from its end on.
    MatchedTopicFromLatest = 15,
    /// Topics that match and come later are not noticed.
    NewTopicsUnnoticed = 16,
    /// A topic is read when a part of its name matches.
    PatternFoundInside = 17,
    /// Whatever is answered to the creation of a topic, it counts as there.
    CreationReplyIgnored = 18,
    /// The offset of a source's dead letter is safe at once, whatever comes before it.
    LetterBeforeRows = 19,
    /// What a sink is to get again stays with a partition that was closed.
    ClosedPartitionKept = 20,
    /// While a batch is put again, the consumer goes on.
    RetryNotPaused = 21,
    /// A batch that is sent again is sent twice.
    RetriedTwice = 22,
    /// What was asked for before a seek is taken after it.
    StaleAnswerTaken = 23,
}

/// All planted bugs.
pub const ALL: [Bug; 23] = [
    Bug::OffsetBeforeAcknowledgement,
    Bug::GapInAcknowledgedPrefix,
    Bug::SkippedRewind,
    Bug::CommitBeforePut,
    Bug::ForgottenRetry,
    Bug::NoCommitAtClose,
    Bug::OffsetBehindPartialLine,
    Bug::OffsetFileNotSynced,
    Bug::RetryAfterOthers,
    Bug::SeekKeepsBuffer,
    Bug::AcknowledgedBeforeSync,
    Bug::CommitBeforeLetters,
    Bug::FilterDropsNeighbour,
    Bug::BisectDropsNeighbour,
    Bug::MatchedTopicFromLatest,
    Bug::NewTopicsUnnoticed,
    Bug::PatternFoundInside,
    Bug::CreationReplyIgnored,
    Bug::LetterBeforeRows,
    Bug::ClosedPartitionKept,
    Bug::RetryNotPaused,
    Bug::RetriedTwice,
    Bug::StaleAnswerTaken,
];

#[cfg(planted_bugs)]
static ACTIVE: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// Whether `bug` acts.
#[cfg(planted_bugs)]
pub fn acts(bug: Bug) -> bool {
    ACTIVE.load(std::sync::atomic::Ordering::Relaxed) == bug as u8
}

/// Whether `bug` acts: never, in this build.
#[cfg(not(planted_bugs))]
#[inline]
pub const fn acts(_bug: Bug) -> bool {
    false
}

/// Lets `bug` act from now on, or none.
#[cfg(planted_bugs)]
pub fn plant(bug: Option<Bug>) {
    ACTIVE.store(bug.map_or(0, |bug| bug as u8), std::sync::atomic::Ordering::Relaxed);
}
