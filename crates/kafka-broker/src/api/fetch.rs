//! Fetch: whole batches, and a wait for more when there are too few.

use std::sync::Arc;
use std::time::Duration;

use kafka_wire::ErrorCode;
use kafka_wire::messages::fetch_request::FetchPartition;
use kafka_wire::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use kafka_wire::messages::{FetchRequest, FetchResponse, ProducerId, TopicName};
use tokio::sync::Notify;

use super::{About, Api, Reply};
use crate::broker::Node;
use crate::topics::{Aborted, Isolation};

/// Fetch. There are no sessions: every request is answered in full, with session id 0, which tells the client so.
pub(crate) struct Fetch;

impl Api for Fetch {
    type Request = FetchRequest;
    type Response = FetchResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: FetchRequest) -> Reply<FetchResponse> {
        if about.version >= 7 && request.session_id != 0 {
            return Reply::With(FetchResponse::default().with_error_code(ErrorCode::FetchSessionIdNotFound.code()));
        }
        let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
        let until = node.env.clock().now() + wait;
        let woken = Arc::new(Notify::new());
        loop {
            // Reading enters `woken` with every partition, so what is appended from here on is not missed.
            let found = read_all(node, about, &request, &woken);
            let enough = found.bytes >= usize::try_from(request.min_bytes).unwrap_or(0);
            if enough || found.failed || node.env.clock().now() >= until {
                return Reply::With(found.response);
            }
            tokio::select! {
                biased;
                () = woken.notified() => {}
                () = node.env.clock().sleep_until(until) => {}
            }
        }
    }

    fn refuse(request: FetchRequest, about: About<'_>, code: ErrorCode) -> Reply<FetchResponse> {
        let topics = request.topics.iter().map(|topic| {
            let refused = topic.partitions.iter().map(|asked| failure(about, asked.partition, code));
            FetchableTopicResponse::default().with_topic(topic.topic.clone()).with_partitions(refused.collect())
        });
        Reply::With(FetchResponse::default().with_responses(topics.collect()))
    }
}

struct Found {
    response: FetchResponse,
    bytes: usize,
    failed: bool,
}

fn read_all(node: &Node, about: About<'_>, request: &FetchRequest, woken: &Arc<Notify>) -> Found {
    let most = usize::try_from(request.max_bytes).unwrap_or(0).min(node.config.max_fetch_bytes);
    let mut found = Found { response: FetchResponse::default(), bytes: 0, failed: false };
    let isolation = Isolation::of(request.isolation_level);
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let left = most.saturating_sub(found.bytes);
            let limits = Limits { left, first: found.bytes == 0, isolation };
            let data = match read(node, about, &topic.topic, asked, limits, woken) {
                Ok(data) => data,
                Err(code) => {
                    found.failed = true;
                    failure(about, asked.partition, code)
                }
            };
            found.bytes += data.records.as_ref().map_or(0, |records| records.len());
            partitions.push(data);
        }
        let topic = FetchableTopicResponse::default().with_topic(topic.topic.clone()).with_partitions(partitions);
        found.response.responses.push(topic);
    }
    found
}

/// What a read may give: at most `left` bytes, but for a `first` batch.
#[derive(Clone, Copy)]
struct Limits {
    left: usize,
    first: bool,
    isolation: Isolation,
}

/// Reads one partition.
fn read(
    node: &Node,
    about: About<'_>,
    topic: &TopicName,
    asked: &FetchPartition,
    limits: Limits,
    woken: &Arc<Notify>,
) -> Result<PartitionData, ErrorCode> {
    let topic = node.data.0.topics.get(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let partition = topic.partition(asked.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let most = limits.left.min(usize::try_from(asked.partition_max_bytes).unwrap_or(0));
    let slice = partition.read(asked.fetch_offset, most, limits.first, limits.isolation, woken)?;
    let data = PartitionData::default()
        .with_partition_index(asked.partition)
        .with_high_watermark(slice.end_offset)
        .with_last_stable_offset(slice.stable_offset)
        .with_aborted_transactions(slice.aborted.map(|aborted| aborted.into_iter().map(aborted_transaction).collect()))
        .with_records(Some(slice.records));
    Ok(if about.version >= 5 { data.with_log_start_offset(slice.start_offset) } else { data })
}

fn aborted_transaction(aborted: Aborted) -> AbortedTransaction {
    AbortedTransaction::default()
        .with_producer_id(ProducerId(aborted.producer_id))
        .with_first_offset(aborted.first_offset)
}

fn failure(_: About<'_>, partition: i32, code: ErrorCode) -> PartitionData {
    PartitionData::default()
        .with_partition_index(partition)
        .with_error_code(code.code())
        .with_high_watermark(-1)
        .with_aborted_transactions(None)
        .with_records(Some(bytes::Bytes::new()))
}
