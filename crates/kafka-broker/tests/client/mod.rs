//! A client of raw requests, and the two worlds it runs in.
#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod transactions;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use env::{Env, Stream};
use env_sim::Sim;
use kafka_broker::Handle;
use kafka_wire::batch::DEFAULT_MAX_DECOMPRESSED;
use kafka_wire::messages::*;
use kafka_wire::protocol::Request;
use kafka_wire::{
    ApiKey, BatchBuilder, BatchOptions, Batches, Compression, FrameReader, StrBytes, decode_response, encode_request,
};
use tokio::io::AsyncWriteExt;

/// Runs a test in a simulation and on the machine.
pub(crate) fn on_both<F: Future<Output = ()>>(body: impl Fn(Env, SocketAddr) -> F) {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    Sim::new(1).run(|env, _| body(env, any));
    let runtime = env_real::runtime(1, 1).unwrap();
    runtime.block_on(body(env_real::env(runtime.handle().clone()), any));
}

pub(crate) struct Client {
    stream: Box<dyn Stream>,
    frames: FrameReader,
    correlation: i32,
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn topic(name: &str) -> TopicName {
    TopicName(text(name))
}

fn group(name: &str) -> GroupId {
    GroupId(text(name))
}

impl Client {
    pub(crate) async fn connect(env: &Env, broker: &Handle) -> Self {
        Self::connect_to(env, broker.addr()).await
    }

    pub(crate) async fn connect_to(env: &Env, addr: SocketAddr) -> Self {
        let stream = env.network().connect(addr).await.unwrap();
        Self { stream, frames: FrameReader::new(usize::MAX), correlation: 0 }
    }

    pub(crate) async fn send<Q: Request>(&mut self, version: i16, request: &Q) {
        self.try_send(version, request).await.unwrap();
    }

    async fn try_send<Q: Request>(&mut self, version: i16, request: &Q) -> std::io::Result<()> {
        self.correlation += 1;
        let frame = encode_request(self.correlation, Some("raw"), version, request).unwrap();
        self.stream.write_all(&frame).await?;
        self.stream.flush().await
    }

    pub(crate) async fn receive<Q: Request>(&mut self, version: i16) -> Option<Q::Response> {
        let frame = self.frames.read(&mut self.stream).await.ok()??;
        let (id, response) = decode_response::<Q>(frame, version).unwrap();
        assert_eq!(id, self.correlation);
        Some(response)
    }

    pub(crate) async fn try_ask<Q: Request>(&mut self, version: i16, request: Q) -> Option<Q::Response> {
        self.try_send(version, &request).await.ok()?;
        self.receive::<Q>(version).await
    }

    pub(crate) async fn ask<Q: Request>(&mut self, version: i16, request: Q) -> Q::Response {
        self.try_ask(version, request).await.expect("the broker closed the connection")
    }

    pub(crate) async fn is_closed(&mut self) -> bool {
        !matches!(self.frames.read(&mut self.stream).await, Ok(Some(_)))
    }

    /// Sends a header and the bytes given, and gives the answer's frame.
    pub(crate) async fn exchange_raw(&mut self, api: ApiKey, version: i16, body: &[u8]) -> Option<Bytes> {
        let mut frame = BytesMut::new();
        frame.put_i16(api as i16);
        frame.put_i16(version);
        frame.put_i32(7);
        frame.put_i16(-1);
        frame.put_u8(0);
        frame.put_slice(body);
        self.send_frame(&frame).await
    }

    pub(crate) async fn send_frame(&mut self, frame: &[u8]) -> Option<Bytes> {
        kafka_wire::write_frame(&mut self.stream, frame).await.unwrap();
        self.frames.read(&mut self.stream).await.ok().flatten()
    }

    /// A small request of any API; it must be answered.
    pub(crate) async fn ask_anything(&mut self, api: ApiKey, version: i16) {
        let records = batch(Compression::None, &[("k", "v")], 1);
        match api {
            ApiKey::Produce => drop(self.ask(version, produce_request("t", 0, records, -1)).await),
            ApiKey::Fetch => drop(self.ask(version, fetch_request("t", 0, 0, Duration::ZERO)).await),
            ApiKey::ListOffsets => drop(self.ask(version, list_request("t", 0, -1)).await),
            ApiKey::Metadata => {
                let topics = [Some(topic("t")), Some(topic("a b"))]
                    .map(|name| metadata_request::MetadataRequestTopic::default().with_name(name));
                let request = MetadataRequest::default().with_topics(Some(topics.to_vec()));
                drop(self.ask(version, request).await);
            }
            ApiKey::OffsetCommit => drop(self.ask(version, commit_request("g", "", -1, "t", 5)).await),
            ApiKey::OffsetFetch => drop(self.ask(version, offset_fetch_request(version, "g", "t")).await),
            ApiKey::FindCoordinator => {
                let request = match version {
                    0..4 => FindCoordinatorRequest::default().with_key(text("g")),
                    _ => FindCoordinatorRequest::default().with_coordinator_keys(vec![text("g")]),
                };
                drop(self.ask(version, request).await);
            }
            ApiKey::JoinGroup => drop(self.ask(version, join_request(version, &format!("g{version}"), "")).await),
            ApiKey::Heartbeat => drop(self.ask(version, HeartbeatRequest::default().with_group_id(group("g"))).await),
            ApiKey::LeaveGroup => drop(self.ask(version, leave_request(version, "g", "nobody")).await),
            ApiKey::SyncGroup => {
                drop(self.ask(version, SyncGroupRequest::default().with_group_id(group("g"))).await);
            }
            ApiKey::DescribeGroups => {
                let request = DescribeGroupsRequest::default().with_groups(vec![group("g"), group("nobody's")]);
                let request = if version >= 3 { request.with_include_authorized_operations(true) } else { request };
                drop(self.ask(version, request).await);
            }
            ApiKey::ListGroups => drop(self.ask(version, ListGroupsRequest::default()).await),
            ApiKey::DeleteGroups => {
                let names = vec![group("nobody's"), group("g0")];
                drop(self.ask(version, DeleteGroupsRequest::default().with_groups_names(names)).await);
            }
            ApiKey::OffsetDelete => {
                drop(self.ask(version, OffsetDeleteRequest::default().with_group_id(group("nobody's"))).await);
            }
            ApiKey::ApiVersions => drop(self.ask(version, versions_request(version)).await),
            ApiKey::CreateTopics => {
                let topics = [1, 9].map(|replicas| {
                    create_topics_request::CreatableTopic::default()
                        .with_name(topic(&format!("made-{version}-{replicas}")))
                        .with_num_partitions(1)
                        .with_replication_factor(replicas)
                });
                drop(self.ask(version, CreateTopicsRequest::default().with_topics(topics.to_vec())).await);
            }
            ApiKey::DeleteTopics => {
                let names = vec![topic("nowhere"), topic(&format!("made-{version}-1"))];
                let request = match version {
                    0..6 => DeleteTopicsRequest::default().with_topic_names(names),
                    _ => DeleteTopicsRequest::default().with_topics(
                        names
                            .into_iter()
                            .map(|name| delete_topics_request::DeleteTopicState::default().with_name(Some(name)))
                            .collect(),
                    ),
                };
                drop(self.ask(version, request).await);
            }
            ApiKey::DescribeConfigs => {
                let resources = [(2, "t"), (2, "nowhere"), (4, "1"), (9, "?")].map(|(kind, name)| {
                    describe_configs_request::DescribeConfigsResource::default()
                        .with_resource_type(kind)
                        .with_resource_name(text(name))
                        .with_configuration_keys(None)
                });
                drop(self.ask(version, DescribeConfigsRequest::default().with_resources(resources.to_vec())).await);
            }
            ApiKey::DeleteRecords => {
                let partition = delete_records_request::DeleteRecordsPartition::default().with_offset(-1);
                let asked = delete_records_request::DeleteRecordsTopic::default()
                    .with_name(topic("nowhere"))
                    .with_partitions(vec![partition]);
                drop(self.ask(version, DeleteRecordsRequest::default().with_topics(vec![asked])).await);
            }
            ApiKey::DescribeLogDirs => {
                drop(self.ask(version, DescribeLogDirsRequest::default().with_topics(None)).await);
            }
            ApiKey::CreatePartitions => {
                let asked = create_partitions_request::CreatePartitionsTopic::default()
                    .with_name(topic("nowhere"))
                    .with_count(2)
                    .with_assignments(None);
                drop(self.ask(version, CreatePartitionsRequest::default().with_topics(vec![asked])).await);
            }
            ApiKey::AlterConfigs => {
                let resources = [(2, "nowhere"), (4, "1"), (9, "?")].map(|(kind, name)| {
                    alter_configs_request::AlterConfigsResource::default()
                        .with_resource_type(kind)
                        .with_resource_name(text(name))
                });
                drop(self.ask(version, AlterConfigsRequest::default().with_resources(resources.to_vec())).await);
            }
            ApiKey::IncrementalAlterConfigs => {
                let resources = [(2, "nowhere"), (4, "1"), (9, "?")].map(|(kind, name)| {
                    incremental_alter_configs_request::AlterConfigsResource::default()
                        .with_resource_type(kind)
                        .with_resource_name(text(name))
                });
                let request = IncrementalAlterConfigsRequest::default().with_resources(resources.to_vec());
                drop(self.ask(version, request).await);
            }
            ApiKey::InitProducerId
            | ApiKey::OffsetForLeaderEpoch
            | ApiKey::AddPartitionsToTxn
            | ApiKey::AddOffsetsToTxn
            | ApiKey::EndTxn
            | ApiKey::TxnOffsetCommit => transactions::ask_anything(self, api, version).await,
            ApiKey::DescribeCluster => drop(self.ask(version, DescribeClusterRequest::default()).await),
            other => panic!("{other:?} is offered and not tested"),
        }
    }

    pub(crate) async fn create(&mut self, name: &str, partitions: i32) {
        let new = create_topics_request::CreatableTopic::default()
            .with_name(topic(name))
            .with_num_partitions(partitions)
            .with_replication_factor(1);
        let made = self.ask(7, CreateTopicsRequest::default().with_topics(vec![new])).await;
        assert_eq!(made.topics[0].error_code, 0);
    }

    /// Error code and base offset.
    pub(crate) async fn produce(&mut self, topic: &str, partition: i32, records: Bytes) -> (i16, i64) {
        self.produce_acks(topic, partition, records, -1).await
    }

    pub(crate) async fn produce_acks(&mut self, topic: &str, partition: i32, records: Bytes, acks: i16) -> (i16, i64) {
        let response = self.ask(9, produce_request(topic, partition, records, acks)).await;
        let partition = &response.responses[0].partition_responses[0];
        (partition.error_code, partition.base_offset)
    }

    /// Error code, high watermark and records.
    pub(crate) async fn fetch(
        &mut self,
        topic: &str,
        partition: i32,
        offset: i64,
        wait: Duration,
    ) -> (i16, i64, Bytes) {
        let mut response = self.ask(12, fetch_request(topic, partition, offset, wait)).await;
        let partition = response.responses.remove(0).partitions.remove(0);
        (partition.error_code, partition.high_watermark, partition.records.unwrap_or_default())
    }

    /// Error code, offset and timestamp.
    pub(crate) async fn list_offset(&mut self, topic: &str, partition: i32, timestamp: i64) -> (i16, i64, i64) {
        let response = self.ask(7, list_request(topic, partition, timestamp)).await;
        let partition = &response.topics[0].partitions[0];
        (partition.error_code, partition.offset, partition.timestamp)
    }

    pub(crate) async fn commit(&mut self, group: &str, member: &str, generation: i32, topic: &str, offset: i64) -> i16 {
        let response = self.ask(9, commit_request(group, member, generation, topic, offset)).await;
        response.topics[0].partitions[0].error_code
    }

    pub(crate) async fn committed(&mut self, group: &str, topic: &str) -> i64 {
        let response = self.ask(9, offset_fetch_request(9, group, topic)).await;
        response.groups[0].topics[0].partitions[0].committed_offset
    }
}

/// Where the broker says it is.
pub(crate) async fn node(client: &mut Client) -> (String, u16) {
    let metadata = client.ask(12, MetadataRequest::default().with_topics(Some(vec![]))).await;
    (metadata.brokers[0].host.to_string(), metadata.brokers[0].port as u16)
}

pub(crate) fn batch(compression: Compression, records: &[(&str, &str)], timestamp: i64) -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions { compression, ..BatchOptions::default() });
    for (key, value) in records {
        builder.append(timestamp, Some(key.as_bytes()), Some(value.as_bytes()), []).unwrap();
    }
    builder.finish(None, false).unwrap()
}

/// The offsets of all records of whole batches.
pub(crate) fn offsets(batches: Bytes) -> Vec<i64> {
    let records = Batches::new(batches).flat_map(|batch| batch.unwrap().records(DEFAULT_MAX_DECOMPRESSED).unwrap());
    records.map(|record| record.unwrap().offset).collect()
}

pub(crate) fn versions_request(version: i16) -> ApiVersionsRequest {
    let request = ApiVersionsRequest::default();
    if version < 3 {
        return request;
    }
    request.with_client_software_name(text("raw")).with_client_software_version(text("1.0"))
}

pub(crate) fn produce_request(name: &str, partition: i32, records: Bytes, acks: i16) -> ProduceRequest {
    let data = produce_request::PartitionProduceData::default().with_index(partition).with_records(Some(records));
    ProduceRequest::default().with_acks(acks).with_timeout_ms(1000).with_topic_data(vec![
        produce_request::TopicProduceData::default().with_name(topic(name)).with_partition_data(vec![data]),
    ])
}

pub(crate) fn fetch_request(name: &str, partition: i32, offset: i64, wait: Duration) -> FetchRequest {
    let asked = fetch_request::FetchPartition::default()
        .with_partition(partition)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20);
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(wait.as_millis() as i32)
        .with_min_bytes(1)
        .with_max_bytes(1 << 20)
        .with_topics(vec![fetch_request::FetchTopic::default().with_topic(topic(name)).with_partitions(vec![asked])])
}

pub(crate) fn list_request(name: &str, partition: i32, timestamp: i64) -> ListOffsetsRequest {
    let asked =
        list_offsets_request::ListOffsetsPartition::default().with_partition_index(partition).with_timestamp(timestamp);
    ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_topics(vec![
        list_offsets_request::ListOffsetsTopic::default().with_name(topic(name)).with_partitions(vec![asked]),
    ])
}

pub(crate) fn commit_request(name: &str, member: &str, generation: i32, of: &str, offset: i64) -> OffsetCommitRequest {
    let partition = offset_commit_request::OffsetCommitRequestPartition::default().with_committed_offset(offset);
    OffsetCommitRequest::default()
        .with_group_id(group(name))
        .with_member_id(text(member))
        .with_generation_id_or_member_epoch(generation)
        .with_topics(vec![
            offset_commit_request::OffsetCommitRequestTopic::default()
                .with_name(topic(of))
                .with_partitions(vec![partition]),
        ])
}

pub(crate) fn offset_fetch_request(version: i16, name: &str, of: &str) -> OffsetFetchRequest {
    if version < 8 {
        return OffsetFetchRequest::default().with_group_id(group(name)).with_topics(Some(vec![
            offset_fetch_request::OffsetFetchRequestTopic::default()
                .with_name(topic(of))
                .with_partition_indexes(vec![0]),
        ]));
    }
    let topics =
        offset_fetch_request::OffsetFetchRequestTopics::default().with_name(topic(of)).with_partition_indexes(vec![0]);
    OffsetFetchRequest::default().with_groups(vec![
        offset_fetch_request::OffsetFetchRequestGroup::default()
            .with_group_id(group(name))
            .with_topics(Some(vec![topics])),
    ])
}

pub(crate) fn join_request(version: i16, name: &str, member: &str) -> JoinGroupRequest {
    let protocol = join_group_request::JoinGroupRequestProtocol::default()
        .with_name(text("range"))
        .with_metadata(Bytes::from_static(b"about me"));
    let request = JoinGroupRequest::default()
        .with_group_id(group(name))
        .with_member_id(text(member))
        .with_protocol_type(text("consumer"))
        .with_session_timeout_ms(6_000)
        .with_protocols(vec![protocol]);
    // Short, as the oldest versions join at once and nobody else comes.
    if version >= 1 { request.with_rebalance_timeout_ms(1_000) } else { request }
}

pub(crate) fn leave_request(version: i16, name: &str, member: &str) -> LeaveGroupRequest {
    let request = LeaveGroupRequest::default().with_group_id(group(name));
    if version < 3 {
        return request.with_member_id(text(member));
    }
    request.with_members(vec![leave_group_request::MemberIdentity::default().with_member_id(text(member))])
}
