//! ListOffsets and OffsetForLeaderEpoch.

use kafka_wire::messages::*;
use kafka_wire::{BatchBuilder, BatchOptions, Compression, ErrorCode};
use list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};

use super::client::Client;
use super::requests::*;
use super::runner::{Cx, cases};

cases![
    ends_in_every_version,
    by_time,
    the_newest_record,
    unknown_topics_and_partitions,
    leader_epochs,
    a_partition_asked_for_twice,
    the_end_of_an_epoch_in_every_version,
    epochs_without_an_end,
];

async fn ends_in_every_version(cx: Cx) {
    let name = cx.topic("t", 2).await;
    let mut client = cx.connect().await;
    fine(client.produce(&name, 1, batch(&["a", "b"], 7)).await.0);
    for version in cx.versions::<ListOffsetsRequest>() {
        for (partition, timestamp, offset) in [(0, -1, 0), (0, -2, 0), (1, -1, 2), (1, -2, 0)] {
            let answer = client.ask_at(version, list_request(&name, partition, timestamp)).await;
            let found = &answer.topics[0].partitions[0];
            assert_eq!((found.error_code, found.partition_index), (0, partition));
            assert_eq!((found.offset, found.timestamp), (offset, -1), "{version} {partition} {timestamp}");
            assert!(version >= 4 || found.leader_epoch == -1);
        }
    }
}

async fn by_time(cx: Cx) {
    let mut client = cx.connect().await;
    for compression in Compression::ALL {
        let name = cx.topic(&compression.to_string(), 1).await;
        for times in [[10, 30, 20], [15, 40, 50], [5, 50, 60]] {
            let mut builder = BatchBuilder::new(BatchOptions { compression, ..BatchOptions::default() });
            for time in times {
                builder.append(time, None, Some(b"v"), []).unwrap();
            }
            fine(client.produce(&name, 0, builder.finish(None, false).unwrap()).await.0);
        }
        // The first record at that time or later, in the order of offsets.
        for (time, offset, at) in [
            (0, 0, 10),
            (10, 0, 10),
            (11, 1, 30),
            (30, 1, 30),
            (31, 4, 40),
            (41, 5, 50),
            (51, 8, 60),
            (60, 8, 60),
            (61, -1, -1),
        ] {
            assert_eq!(client.list_offset(&name, 0, time).await, (0, offset, at), "{compression} {time}");
        }
        for version in cx.versions::<ListOffsetsRequest>() {
            let answer = client.ask_at(version, list_request(&name, 0, 31)).await;
            let found = &answer.topics[0].partitions[0];
            assert_eq!((found.error_code, found.offset, found.timestamp), (0, 4, 40));
        }
    }
}

async fn the_newest_record(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    assert_eq!(client.list_offset(&name, 0, -3).await, (0, -1, -1));
    for time in [10, 30, 20, 30] {
        fine(client.produce(&name, 0, batch(&["a"], time)).await.0);
    }
    // The first of those with the largest time.
    assert_eq!(client.list_offset(&name, 0, -3).await, (0, 1, 30));
}

async fn unknown_topics_and_partitions(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    for (name, partition) in [(&cx.name("nowhere"), 0), (&name, 1), (&name, -1)] {
        for version in cx.versions::<ListOffsetsRequest>() {
            let answer = client.ask_at(version, list_request(name, partition, -1)).await;
            let found = &answer.topics[0].partitions[0];
            refused(found.error_code, ErrorCode::UnknownTopicOrPartition);
            assert_eq!((found.offset, found.timestamp), (-1, -1));
        }
    }
}

async fn epoch_of(client: &mut Client, name: &str) -> i32 {
    let asked = metadata_request::MetadataRequestTopic::default().with_name(Some(topic(name)));
    let metadata = client.ask(MetadataRequest::default().with_topics(Some(vec![asked]))).await;
    metadata.topics[0].partitions[0].leader_epoch
}

async fn leader_epochs(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    fine(client.produce(&name, 0, batch(&["a"], 7)).await.0);
    let epoch = epoch_of(&mut client, &name).await;
    for version in 4..=7 {
        for (asked, code) in [(-1, 0), (epoch, 0), (epoch + 1, ErrorCode::UnknownLeaderEpoch.code())] {
            let partition = ListOffsetsPartition::default().with_current_leader_epoch(asked).with_timestamp(-1);
            let request = list_request(&name, 0, -1).with_topics(vec![
                ListOffsetsTopic::default().with_name(topic(&name)).with_partitions(vec![partition]),
            ]);
            let answer = client.ask_at(version, request).await;
            let found = &answer.topics[0].partitions[0];
            assert_eq!(found.error_code, code, "{version} {asked}");
            assert_eq!(found.leader_epoch, if code == 0 { epoch } else { -1 });
        }
    }
}

async fn a_partition_asked_for_twice(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    let twice = [-1, -2].map(|timestamp| ListOffsetsPartition::default().with_timestamp(timestamp));
    let request = list_request(&name, 0, -1)
        .with_topics(vec![ListOffsetsTopic::default().with_name(topic(&name)).with_partitions(twice.to_vec())]);
    let answer = client.ask(request).await;
    for found in &answer.topics[0].partitions {
        refused(found.error_code, ErrorCode::InvalidRequest);
    }
}

fn ending(name: &str, partition: i32, current: i32, epoch: i32) -> OffsetForLeaderEpochRequest {
    let asked = OffsetForLeaderPartition::default()
        .with_partition(partition)
        .with_current_leader_epoch(current)
        .with_leader_epoch(epoch);
    OffsetForLeaderEpochRequest::default()
        .with_topics(vec![OffsetForLeaderTopic::default().with_topic(topic(name)).with_partitions(vec![asked])])
}

async fn the_end_of_an_epoch_in_every_version(cx: Cx) {
    let name = cx.topic("t", 2).await;
    let mut client = cx.connect().await;
    fine(client.produce(&name, 1, batch(&["a", "b"], 7)).await.0);
    let epoch = epoch_of(&mut client, &name).await;
    for version in cx.versions::<OffsetForLeaderEpochRequest>() {
        for current in [-1, epoch] {
            for (partition, end) in [(0, 0), (1, 2)] {
                let mut request = ending(&name, partition, current, epoch);
                if version >= 3 {
                    request = request.with_replica_id(BrokerId(-1));
                }
                let answer = client.ask_at(version, request).await;
                let found = &answer.topics[0].partitions[0];
                assert_eq!((found.error_code, found.partition), (0, partition));
                assert_eq!((found.leader_epoch, found.end_offset), (epoch, end), "{version}");
            }
        }
    }
}

async fn epochs_without_an_end(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    fine(client.produce(&name, 0, batch(&["a", "b"], 7)).await.0);
    let epoch = epoch_of(&mut client, &name).await;
    for (name, partition, current, asked, code) in [
        (&name, 0, -1, epoch + 1, 0),
        (&name, 0, -1, -1, 0),
        (&name, 0, epoch + 1, epoch, ErrorCode::UnknownLeaderEpoch.code()),
        (&name, 1, -1, epoch, ErrorCode::UnknownTopicOrPartition.code()),
        (&cx.name("nowhere"), 0, -1, epoch, ErrorCode::UnknownTopicOrPartition.code()),
    ] {
        let request = ending(name, partition, current, asked).with_replica_id(BrokerId(-1));
        let answer = client.ask(request).await;
        let found = &answer.topics[0].partitions[0];
        assert_eq!(found.error_code, code);
        assert_eq!((found.leader_epoch, found.end_offset), (-1, -1));
    }
}
