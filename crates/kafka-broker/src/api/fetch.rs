//! Fetch: whole batches, and a wait for more when there are too few.

use std::sync::Arc;
use std::time::Duration;

use kafka_wire::ErrorCode;
use kafka_wire::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use kafka_wire::messages::{FetchRequest, FetchResponse, ProducerId, TopicName};
use tokio::sync::Notify;

use super::{About, Api, Reply};
use crate::broker::Node;
use crate::sessions::{Begun, Changes, Position, Session, Watched};
use crate::topics::{Aborted, Isolation, Partition};

/// Fetch. From version 7 on a client may have a session, and then says and is told only what has changed.
pub(crate) struct Fetch;

/// The leader's epoch: the one node is leader since the beginning.
const LEADER_EPOCH: i32 = 0;

impl Api for Fetch {
    type Request = FetchRequest;
    type Response = FetchResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: FetchRequest) -> Reply<FetchResponse> {
        let limits = Limits::of(node, about, &request);
        let changes = Changes { topics: request.topics, forgotten: request.forgotten_topics_data };
        let now = node.env.clock().now();
        let begun = node.sessions.begin(now, request.session_id, request.session_epoch, changes);
        let response = match begun {
            Err(code) => FetchResponse::default().with_error_code(code.code()),
            Ok(Begun::Alone(mut session)) => {
                wait(node, limits, |woken, last| attempt(node, limits, &mut session, Told::Everything, woken, last))
                    .await
            }
            Ok(Begun::Full(mut session)) => {
                let response = wait(node, limits, |woken, last| {
                    attempt(node, limits, &mut session, Told::Everything, woken, last)
                });
                let response = response.await;
                response.with_session_id(node.sessions.keep(&node.env, session))
            }
            Ok(Begun::Within { id, epoch, session }) => {
                let response = wait(node, limits, |woken, last| {
                    let mut session = session.lock();
                    if session.epoch != epoch {
                        // The same request has come again, and this one's answer is not waited for.
                        let code = ErrorCode::InvalidFetchSessionEpoch.code();
                        return Some(FetchResponse::default().with_error_code(code));
                    }
                    attempt(node, limits, &mut session, Told::News, woken, last)
                });
                response.await.with_session_id(id)
            }
        };
        Reply::With(response)
    }

    fn refuse(request: FetchRequest, _: About<'_>, code: ErrorCode) -> Reply<FetchResponse> {
        let topics = request.topics.iter().map(|topic| {
            let refused = topic.partitions.iter().map(|asked| failure(asked.partition, code));
            FetchableTopicResponse::default().with_topic(topic.topic.clone()).with_partitions(refused.collect())
        });
        Reply::With(FetchResponse::default().with_responses(topics.collect()))
    }
}

/// What a request limits itself to.
#[derive(Clone, Copy)]
struct Limits {
    version: i16,
    wait: Duration,
    min_bytes: usize,
    max_bytes: usize,
    isolation: Isolation,
}

impl Limits {
    fn of(node: &Node, about: About<'_>, request: &FetchRequest) -> Self {
        let unsigned = |number: i32| usize::try_from(number).unwrap_or(0);
        Self {
            version: about.version,
            wait: Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)),
            min_bytes: unsigned(request.min_bytes),
            max_bytes: unsigned(request.max_bytes).min(node.config.max_fetch_bytes),
            isolation: Isolation::of(request.isolation_level),
        }
    }
}

/// What a client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Every partition.
    Everything,
    /// Partitions of which there is something new.
    News,
}

/// Calls `attempt` until it gives an answer, which it has to when the time is over (its last argument): at once, and
/// whenever something is appended to a partition that it has read.
async fn wait(
    node: &Node,
    limits: Limits,
    mut attempt: impl FnMut(&Arc<Notify>, bool) -> Option<FetchResponse>,
) -> FetchResponse {
    let until = node.env.clock().now() + limits.wait;
    let woken = Arc::new(Notify::new());
    loop {
        let last = node.env.clock().now() >= until;
        // Reading enters `woken` with every partition, so what is appended from here on is not missed.
        if let Some(response) = attempt(&woken, last) {
            return response;
        }
        tokio::select! {
            biased;
            () = woken.notified() => {}
            () = node.env.clock().sleep_until(until) => {}
        }
    }
}

/// Reads all partitions, and answers if there is enough, an error, nothing to wait for, or no more time.
fn attempt(
    node: &Node,
    limits: Limits,
    session: &mut Session,
    told: Told,
    woken: &Arc<Notify>,
    last: bool,
) -> Option<FetchResponse> {
    let read = read_all(node, limits, session, told, woken);
    let answers = last || read.bytes >= limits.min_bytes || read.failed || session.is_empty();
    answers.then(|| respond(session, read.found, told))
}

/// What reading all partitions gives.
struct Read {
    /// What there is to tell, by place.
    found: Vec<(u64, PartitionData)>,
    bytes: usize,
    failed: bool,
}

fn read_all(node: &Node, limits: Limits, session: &mut Session, told: Told, woken: &Arc<Notify>) -> Read {
    let mut read = Read { found: Vec::new(), bytes: 0, failed: false };
    if told == Told::Everything {
        read.found.reserve_exact(session.len());
    }
    for (place, watched) in session.partitions() {
        let left = limits.max_bytes.saturating_sub(read.bytes);
        let data = match read_one(node, limits, watched, left, read.bytes == 0, woken) {
            Ok(data) => data,
            Err(code) => {
                read.failed = true;
                failure(watched.index, code)
            }
        };
        read.bytes += data.records.as_ref().map_or(0, |records| records.len());
        if told == Told::Everything || watched.is_news(&data) {
            read.found.push((place, data));
        }
    }
    read
}

/// Reads one partition: at most `left` bytes, but for a `first` batch.
fn read_one(
    node: &Node,
    limits: Limits,
    watched: &mut Watched,
    left: usize,
    first: bool,
    woken: &Arc<Notify>,
) -> Result<PartitionData, ErrorCode> {
    let (index, position, topics) = (watched.index, watched.position, &node.data.0.topics);
    let read = |watched: &mut Watched| {
        let partition = watched.partition(topics).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        read_from(node, partition, limits, index, position, (left, first), woken)
    };
    match read(watched) {
        // What was there is deleted; another may have its name.
        Err(ErrorCode::UnknownTopicOrPartition) => {
            watched.lose();
            read(watched)
        }
        other => other,
    }
}

/// Reads on from a position: at most `left` bytes, but for a `first` batch. Only what is not answered from memory is lent a
/// thread.
fn read_from(
    node: &Node,
    partition: &Partition,
    limits: Limits,
    index: i32,
    position: Position,
    (left, first): (usize, bool),
    woken: &Arc<Notify>,
) -> Result<PartitionData, ErrorCode> {
    match position.leader_epoch {
        -1 | LEADER_EPOCH => {}
        epoch if epoch < LEADER_EPOCH => return Err(ErrorCode::FencedLeaderEpoch),
        _ => return Err(ErrorCode::UnknownLeaderEpoch),
    }
    let most = left.min(position.max_bytes);
    let mut slice = Err(ErrorCode::KafkaStorageError);
    let mut read = || slice = partition.read(position.offset, most, first, limits.isolation, woken);
    if node.data.folder().is_none() || partition.is_read_up_to(position.offset) {
        read();
    } else {
        node.env.work().in_place(&mut read);
    }
    let slice = slice?;
    let data = PartitionData::default()
        .with_partition_index(index)
        .with_high_watermark(slice.end_offset)
        .with_last_stable_offset(slice.stable_offset)
        .with_aborted_transactions(slice.aborted.map(|aborted| aborted.into_iter().map(aborted_transaction).collect()))
        .with_records(Some(slice.records));
    Ok(if limits.version >= 5 { data.with_log_start_offset(slice.start_offset) } else { data })
}

fn aborted_transaction(aborted: Aborted) -> AbortedTransaction {
    AbortedTransaction::default()
        .with_producer_id(ProducerId(aborted.producer_id))
        .with_first_offset(aborted.first_offset)
}

/// The answer; the session remembers what is told.
fn respond(session: &mut Session, found: Vec<(u64, PartitionData)>, told: Told) -> FetchResponse {
    let mut topics: Vec<FetchableTopicResponse> = Vec::new();
    for (place, data) in found {
        let Some(name) = session.topic_at(place).cloned() else { continue };
        session.told(place, &data, told == Told::News);
        match topics.last_mut().filter(|topic| topic.topic == name) {
            Some(topic) => topic.partitions.push(data),
            None => topics.push(topic_with(name, data)),
        }
    }
    FetchResponse::default().with_responses(topics)
}

fn topic_with(name: TopicName, data: PartitionData) -> FetchableTopicResponse {
    FetchableTopicResponse::default().with_topic(name).with_partitions(vec![data])
}

fn failure(partition: i32, code: ErrorCode) -> PartitionData {
    PartitionData::default()
        .with_partition_index(partition)
        .with_error_code(code.code())
        .with_high_watermark(-1)
        .with_aborted_transactions(None)
        .with_records(Some(bytes::Bytes::new()))
}
