//! The bare wire: one blocking connection that speaks just enough Kafka to fill, read and measure a topic of one partition.
//!
//! Its produce and consume loops are the floor that a worker's figures are compared with: batches encoded and decoded by
//! `kafka-wire`, checksums, sockets, and nothing else. Their buffers are used again and again: a fresh megabyte for each
//! batch costs more in page faults than everything else together.

use std::io::{Read, Write};
use std::iter::Peekable;
use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use bytes::{Bytes, BytesMut};
use e2e::eventually;
use kafka_wire::batch::DEFAULT_MAX_DECOMPRESSED;
use kafka_wire::messages::create_topics_request::CreatableTopic;
use kafka_wire::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_wire::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_wire::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_wire::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_wire::messages::{
    ApiVersionsRequest, CreateTopicsRequest, FetchRequest, GroupId, ListOffsetsRequest, OffsetFetchRequest,
    ProduceRequest, TopicName,
};
use kafka_wire::protocol::{Request, StrBytes};
use kafka_wire::versions::{API_VERSIONS_FIRST, ApiVersionsReply, decode_api_versions};
use kafka_wire::{ApiKey, BatchBuilder, BatchOptions, Batches, ErrorCode, Versions, decode_response, encode_request};

use crate::lines::Lines;

/// The tuned producer's `batch.size`.
pub(crate) const BATCH_BYTES: usize = 1_000_000;
/// The last version without tagged fields: a batch ends the request, and its length is a plain number before it.
const PRODUCE_VERSION: i16 = 8;
/// A version that asks for one group.
const OFFSET_FETCH_VERSION: i16 = 5;
/// The consumer's defaults of `fetch.max.bytes` and `max.partition.fetch.bytes`.
const FETCH_BYTES: i32 = 50 * 1024 * 1024;
const PARTITION_FETCH_BYTES: i32 = 1024 * 1024;
const FETCH_WAIT_MS: i32 = 500;
const REQUEST_MS: i32 = 30_000;
const LATEST: i64 = -1;
const MOST_FRAME: usize = 100 << 20;
const PATIENCE: Duration = Duration::from_secs(30);
const CLIENT: &str = "wire";

/// A connection to the only broker.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    versions: Versions,
    last_id: i32,
    /// Memory for the next answer.
    spare: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(bootstrap: &str) -> Result<Self> {
        let stream = TcpStream::connect(bootstrap).with_context(|| format!("cannot reach {bootstrap}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut connection = Self { stream, versions: Versions::default(), last_id: 0, spare: Vec::new() };
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("moldau-benches"))
            .with_client_software_version(StrBytes::from_static_str("1"));
        connection.last_id += 1;
        connection.send(&encode_request(connection.last_id, Some(CLIENT), API_VERSIONS_FIRST, &request)?)?;
        let answer = connection.receive()?;
        match decode_api_versions(answer, API_VERSIONS_FIRST)? {
            (_, ApiVersionsReply::Answer(response)) => connection.versions = Versions::from_response(&response),
            (_, ApiVersionsReply::AskAgain { .. }) => bail!("the broker is older than Kafka 2.4"),
        }
        Ok(connection)
    }

    /// Creates a topic of one partition and waits until it can be used.
    pub(crate) fn create_topic(&mut self, topic: &str) -> Result<()> {
        let creatable =
            CreatableTopic::default().with_name(name(topic)).with_num_partitions(1).with_replication_factor(1);
        let request = CreateTopicsRequest::default().with_topics(vec![creatable]).with_timeout_ms(REQUEST_MS);
        let response = self.call(&request)?;
        for created in &response.topics {
            check(created.error_code).with_context(|| format!("cannot create {topic}"))?;
        }
        eventually("the new topic", PATIENCE, || Ok(self.count(topic).ok()))?;
        Ok(())
    }

    /// The records in the topic, which is the end offset of its only partition. Not for topics of transactions.
    pub(crate) fn count(&mut self, topic: &str) -> Result<u64> {
        let partition = ListOffsetsPartition::default().with_timestamp(LATEST);
        let request = ListOffsetsRequest::default()
            .with_replica_id((-1).into())
            .with_topics(vec![ListOffsetsTopic::default().with_name(name(topic)).with_partitions(vec![partition])]);
        let response = self.call(&request)?;
        let answer =
            response.topics.first().and_then(|topic| topic.partitions.first()).context("no answer for the topic")?;
        check(answer.error_code)?;
        Ok(u64::try_from(answer.offset)?)
    }

    /// The offset that a group has committed for the topic's only partition, 0 without any and before groups are served.
    pub(crate) fn committed(&mut self, group: &str, topic: &str) -> Result<u64> {
        let topic = OffsetFetchRequestTopic::default().with_name(name(topic)).with_partition_indexes(vec![0]);
        let request = OffsetFetchRequest::default()
            .with_group_id(GroupId(StrBytes::from_string(group.to_owned())))
            .with_topics(Some(vec![topic]));
        self.last_id += 1;
        self.send(&encode_request(self.last_id, Some(CLIENT), OFFSET_FETCH_VERSION, &request)?)?;
        let answer = self.receive()?;
        let response = self.decode::<OffsetFetchRequest>(answer, OFFSET_FETCH_VERSION)?;
        let starting =
            [ErrorCode::CoordinatorLoadInProgress, ErrorCode::CoordinatorNotAvailable, ErrorCode::NotCoordinator];
        if ErrorCode::check(response.error_code).is_err_and(|error| starting.contains(&error)) {
            return Ok(0);
        }
        check(response.error_code)?;
        let partition = response.topics.first().and_then(|topic| topic.partitions.first());
        let partition = partition.context("no answer for the topic")?;
        check(partition.error_code)?;
        Ok(u64::try_from(partition.committed_offset).unwrap_or(0))
    }

    /// Appends all lines in batches of [`BATCH_BYTES`], acks=all, one request in flight.
    pub(crate) fn produce(&mut self, topic: &str, lines: &Lines) -> Result<()> {
        let mut lines = lines.iter().peekable();
        let mut buffer = Vec::new();
        while lines.peek().is_some() {
            let batch = next_batch(&mut lines, buffer)?;
            self.last_id += 1;
            let head = produce_head(self.last_id, topic, batch.len())?;
            self.send(&head)?;
            self.send(&batch)?;
            let answer = self.receive()?;
            let response = self.decode::<ProduceRequest>(answer, PRODUCE_VERSION)?;
            let answer = response.responses.first().and_then(|topic| topic.partition_responses.first());
            check(answer.context("no answer for the topic")?.error_code)?;
            buffer = Vec::from(batch);
        }
        Ok(())
    }

    /// Reads the first `count` records and gives their values in order.
    pub(crate) fn consume(&mut self, topic: &str, count: u64, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut next = 0;
        while u64::try_from(next)? < count {
            let (frame, batches) = self.fetch(topic, next)?;
            for batch in batches {
                let batch = batch?;
                batch.check_crc()?;
                let mut records = batch.records(DEFAULT_MAX_DECOMPRESSED)?;
                while let Some(record) = records.next_view() {
                    let record = record?;
                    // A fetch begins with the batch that holds the offset, which may begin before it.
                    if record.offset >= next && u64::try_from(record.offset)? < count {
                        each(record.value.context("a record without value")?)?;
                    }
                }
                next = batch.header().next_offset();
            }
            self.spare = Vec::from(frame);
        }
        Ok(())
    }

    /// An answer, and the batches in it, which share its memory.
    fn fetch(&mut self, topic: &str, offset: i64) -> Result<(Bytes, Batches)> {
        let partition =
            FetchPartition::default().with_fetch_offset(offset).with_partition_max_bytes(PARTITION_FETCH_BYTES);
        let request = FetchRequest::default()
            .with_max_wait_ms(FETCH_WAIT_MS)
            .with_min_bytes(1)
            .with_max_bytes(FETCH_BYTES)
            .with_topics(vec![FetchTopic::default().with_topic(name(topic)).with_partitions(vec![partition])]);
        let (frame, response) = self.exchange(&request)?;
        check(response.error_code)?;
        let mut partitions = response.responses.into_iter().flat_map(|topic| topic.partitions);
        let partition = partitions.next().context("no answer for the topic")?;
        check(partition.error_code)?;
        Ok((frame, Batches::new(partition.records.unwrap_or_default())))
    }

    fn call<Q: Request>(&mut self, request: &Q) -> Result<Q::Response> {
        Ok(self.exchange(request)?.1)
    }

    fn exchange<Q: Request>(&mut self, request: &Q) -> Result<(Bytes, Q::Response)> {
        let api = ApiKey::try_from(Q::KEY).ok().context("a request of no API")?;
        let version = self.versions.pick(api)?;
        self.last_id += 1;
        self.send(&encode_request(self.last_id, Some(CLIENT), version, request)?)?;
        let frame = self.receive()?;
        Ok((frame.clone(), self.decode::<Q>(frame, version)?))
    }

    fn decode<Q: Request>(&self, frame: Bytes, version: i16) -> Result<Q::Response> {
        let (id, response) = decode_response::<Q>(frame, version)?;
        if id != self.last_id {
            bail!("the answer to request {id} came in place of that to {}", self.last_id);
        }
        Ok(response)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes)?)
    }

    fn receive(&mut self) -> Result<Bytes> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = usize::try_from(i32::from_be_bytes(length))?;
        if length > MOST_FRAME {
            bail!("an answer of {length} bytes");
        }
        let mut frame = std::mem::take(&mut self.spare);
        frame.resize(length, 0);
        self.stream.read_exact(&mut frame)?;
        Ok(Bytes::from(frame))
    }
}

/// A Produce request up to the batch, which is the last thing in it.
fn produce_head(id: i32, topic: &str, batch: usize) -> Result<BytesMut> {
    let data = PartitionProduceData::default().with_records(Some(Bytes::new()));
    let request = ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(REQUEST_MS)
        .with_topic_data(vec![TopicProduceData::default().with_name(name(topic)).with_partition_data(vec![data])]);
    let mut head = encode_request(id, Some(CLIENT), PRODUCE_VERSION, &request)?;
    let end = head.len();
    head[end - 4..].copy_from_slice(&i32::try_from(batch)?.to_be_bytes());
    head[..4].copy_from_slice(&i32::try_from(end - 4 + batch)?.to_be_bytes());
    Ok(head)
}

fn next_batch<'a>(lines: &mut Peekable<impl Iterator<Item = &'a [u8]>>, buffer: Vec<u8>) -> Result<Bytes> {
    const NO_HEADERS: [(&[u8], Option<&[u8]>); 0] = [];
    let timestamp = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let options = BatchOptions { capacity: BATCH_BYTES, ..BatchOptions::default() };
    let mut batch = BatchBuilder::with_buffer(options, buffer);
    while let Some(line) = lines.next_if(|line| batch.size_after(0, line.len(), NO_HEADERS) <= BATCH_BYTES) {
        batch.append(timestamp, None, Some(line), NO_HEADERS)?;
    }
    Ok(batch.finish(None, false)?)
}

fn name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_owned()))
}

fn check(code: i16) -> Result<()> {
    ErrorCode::check(code).map_err(|error| anyhow::anyhow!("the broker answered {error:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Form;

    #[test]
    fn a_head_and_its_batch_are_a_produce_request() {
        let sent = Lines::new(Form::Text, 3);
        let batch = next_batch(&mut sent.iter().peekable(), Vec::new()).unwrap();
        let head = produce_head(7, "orders", batch.len()).unwrap();
        let frame = Bytes::from([&head[4..], &batch[..]].concat());
        assert_eq!(head[..4], u32::try_from(frame.len()).unwrap().to_be_bytes());
        let request = kafka_wire::decode_request(frame).unwrap().body::<ProduceRequest>().unwrap();
        assert_eq!((request.acks, &*request.topic_data[0].name), (-1, &StrBytes::from_static_str("orders")));
        assert_eq!(request.topic_data[0].partition_data[0].records, Some(batch));
    }

    #[test]
    fn batches_fill_up_to_the_size_and_lose_nothing() {
        let sent = Lines::new(Form::Text, 25_000);
        let mut lines = sent.iter().peekable();
        let mut received = crate::lines::Checker::new(&sent);
        let mut sizes = Vec::new();
        while lines.peek().is_some() {
            let batch = next_batch(&mut lines, vec![7]).unwrap();
            sizes.push(batch.len());
            let batch = kafka_wire::Batch::new(batch).unwrap();
            for record in batch.records(DEFAULT_MAX_DECOMPRESSED).unwrap() {
                received.add(&record.unwrap().value.unwrap()).unwrap();
            }
        }
        received.finish().unwrap();
        assert!(sizes.len() == 3 && sizes[..2].iter().all(|size| (BATCH_BYTES - 200..=BATCH_BYTES).contains(size)));
    }
}
