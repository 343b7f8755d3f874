//! Kafka's protocol: record batches, requests, responses.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use kafka_wire::batch::{BatchOptions, assign_offsets, set_log_append_time, set_producer, split};
use kafka_wire::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, AlterConfigsRequest, ApiVersionsRequest, CreateAclsRequest,
    CreatePartitionsRequest, CreateTopicsRequest, DeleteAclsRequest, DeleteGroupsRequest, DeleteRecordsRequest,
    DeleteTopicsRequest, DescribeAclsRequest, DescribeClusterRequest, DescribeConfigsRequest, DescribeGroupsRequest,
    DescribeLogDirsRequest, EndTxnRequest, FetchRequest, FindCoordinatorRequest, HeartbeatRequest,
    IncrementalAlterConfigsRequest, InitProducerIdRequest, JoinGroupRequest, LeaveGroupRequest, ListGroupsRequest,
    ListOffsetsRequest, MetadataRequest, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
    OffsetForLeaderEpochRequest, ProduceRequest, SaslAuthenticateRequest, SaslHandshakeRequest, SyncGroupRequest,
    TxnOffsetCommitRequest,
};
use kafka_wire::protocol::{Message, Request};
use kafka_wire::{ApiKey, Batch, Batches, FrameReader, decode_request, decode_response, versions};

use crate::target::{Outcome, Target, outcome};

/// What one batch may grow to.
const DECOMPRESSED: usize = 4 << 20;
/// Of a batch: where its checksum stands, and where begins what it covers.
const CHECKSUM: usize = 17;
const CHECKED: usize = 21;

pub(super) const BATCHES: Target = Target {
    name: "record-batches",
    about: "record batches as they come from a broker: headers, compression, records, headers of records; also rewritten",
    words: &[
        "\0\0\0\0\0\0\0\0",
        "\x02",
        "\0\0\0\x3d",
        "\u{7f}",
        "key",
        "value",
        "\0\x01",
        "\0\x02",
        "\0\x03",
        "\0\x04",
    ],
    longest: 64 << 10,
    run: |input| {
        let raw = read_batches(&Bytes::copy_from_slice(input));
        // Damage behind a checksum that is right again gets further.
        let mut mended = input.to_vec();
        mend(&mut mended);
        let mended = read_batches(&mended.into());
        outcome((raw, mended), "")
    },
};

/// Puts the right checksums into batches.
pub(super) fn mend(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(length) = bytes.get(at + 8..at + 12) {
        let length = i32::from_be_bytes([length[0], length[1], length[2], length[3]]);
        let Some(end) = usize::try_from(length).ok().and_then(|length| at.checked_add(12 + length)) else { return };
        if length < 49 || end > bytes.len() {
            return;
        }
        let checksum = crc32c::crc32c(&bytes[at + CHECKED..end]);
        bytes[at + CHECKSUM..at + CHECKED].copy_from_slice(&checksum.to_be_bytes());
        at = end;
    }
}

fn read_batches(bytes: &Bytes) -> Outcome {
    let mut last = outcome("none", "");
    for (index, batch) in Batches::new(bytes.clone()).enumerate() {
        last = match batch {
            Err(error) => outcome((index.min(4), 0), &error.to_string()),
            Ok(batch) => outcome((index.min(4), 1), &read_batch(&batch)),
        };
    }
    last
}

fn read_batch(batch: &Batch) -> String {
    let header = batch.header();
    let _ = (header.last_offset(), header.next_offset(), header.last_sequence(), header.delete_horizon());
    let _ = batch.control_type();
    let mut copy = batch.bytes().to_vec();
    let _ = assign_offsets(&mut copy, 7, 1);
    let _ = set_log_append_time(&mut copy, 1);
    let _ = set_producer(batch.bytes().clone(), None, false);
    if batch.check_crc().is_err() {
        return "checksum".into();
    }
    if let Err(error) = split(batch, BatchOptions::default(), 1024, DECOMPRESSED) {
        return error.to_string();
    }
    let mut records = match batch.records(DECOMPRESSED) {
        Ok(records) => records,
        Err(error) => return error.to_string(),
    };
    while let Some(record) = records.next_view() {
        if let Err(error) = record {
            return error.to_string();
        }
    }
    for record in batch.records(DECOMPRESSED).into_iter().flatten() {
        match record {
            Err(error) => return error.to_string(),
            Ok(record) => {
                assert!(record.headers.iter().count() <= record.headers.len());
                assert!(record.headers.iter_bytes().count() <= record.headers.len());
            }
        }
    }
    "read".into()
}

/// Reads the body of a request, or a response, of type `Q`.
type Decode = fn(&Bytes, i16) -> Result<(), String>;

fn request<Q: Request>(frame: &Bytes, _version: i16) -> Result<(), String> {
    let request = decode_request(frame.clone()).map_err(|error| error.to_string())?;
    request.body::<Q>().map(drop).map_err(|error| error.to_string())
}

fn response<Q: Request>(frame: &Bytes, version: i16) -> Result<(), String> {
    decode_response::<Q>(frame.clone(), version).map(drop).map_err(|error| error.to_string())
}

/// A request without content in a version, and the response to it; nothing where the version wants content.
fn empty_of<Q: Request + Default>(version: i16) -> (Vec<u8>, Vec<u8>)
where
    Q::Response: Default,
{
    let response = kafka_wire::encode_response(1, version, &Q::Response::default());
    (super::requests::frame(version, &Q::default()), response.map(|frame| frame[4..].to_vec()).unwrap_or_default())
}

type Empty = (&'static str, (Vec<u8>, Vec<u8>), (Vec<u8>, Vec<u8>));

macro_rules! apis {
    ($($message:ident),* $(,)?) => {
        /// Key, lowest and highest version, request, response.
        const APIS: &[(i16, i16, i16, Decode, Decode)] = &[
            $(($message::KEY, $message::VERSIONS.min, $message::VERSIONS.max, request::<$message>, response::<$message>)),*
        ];

        /// Of each API, in its oldest and its newest version.
        pub(super) fn empty() -> Vec<Empty> {
            vec![$((stringify!($message), empty_of::<$message>($message::VERSIONS.min), empty_of::<$message>($message::VERSIONS.max))),*]
        }
    };
}

apis!(
    ProduceRequest,
    FetchRequest,
    ListOffsetsRequest,
    MetadataRequest,
    OffsetCommitRequest,
    OffsetFetchRequest,
    FindCoordinatorRequest,
    JoinGroupRequest,
    HeartbeatRequest,
    LeaveGroupRequest,
    SyncGroupRequest,
    DescribeGroupsRequest,
    ListGroupsRequest,
    SaslHandshakeRequest,
    ApiVersionsRequest,
    CreateTopicsRequest,
    DeleteTopicsRequest,
    DeleteRecordsRequest,
    InitProducerIdRequest,
    OffsetForLeaderEpochRequest,
    AddPartitionsToTxnRequest,
    AddOffsetsToTxnRequest,
    EndTxnRequest,
    TxnOffsetCommitRequest,
    DescribeConfigsRequest,
    AlterConfigsRequest,
    IncrementalAlterConfigsRequest,
    SaslAuthenticateRequest,
    CreatePartitionsRequest,
    DeleteGroupsRequest,
    OffsetDeleteRequest,
    DescribeClusterRequest,
    DescribeAclsRequest,
    CreateAclsRequest,
    DeleteAclsRequest,
    DescribeLogDirsRequest,
);

const MESSAGE_WORDS: &[&str] =
    &["\0", "\x01", "\x02", "\0\0\0\x01", "\x7f\x7f\x7f\x7f", "\0\x03abc", "\x04abc", "\0\0\0\0", "\x0f", "\0\0"];

pub(super) const REQUESTS: Target = Target {
    name: "requests",
    about: "requests as a broker reads them: header and body",
    words: MESSAGE_WORDS,
    longest: 64 << 10,
    run: |input| {
        let frame = Bytes::copy_from_slice(input);
        let key = input.first_chunk::<2>().map_or(-1, |key| i16::from_be_bytes(*key));
        match APIS.iter().find(|api| api.0 == key) {
            Some((_, _, _, request, _)) => {
                let read = request(&frame, 0);
                outcome((key, read.is_ok()), &read.err().unwrap_or_default())
            }
            None => {
                outcome(-1, &decode_request(frame).map(drop).err().map(|error| error.to_string()).unwrap_or_default())
            }
        }
    },
};

pub(super) const RESPONSES: Target = Target {
    name: "responses",
    about: "responses as clients read them; the first byte picks the API, the second the version",
    words: MESSAGE_WORDS,
    longest: 64 << 10,
    run: |input| {
        let [api, version, rest @ ..] = input else { return 0 };
        let (key, min, max, _, response) = APIS[usize::from(*api) % APIS.len()];
        let version = min + i16::from(*version) % (max - min + 1);
        let frame = Bytes::copy_from_slice(rest);
        if key == ApiKey::ApiVersions as i16 {
            let _ = versions::decode_api_versions(frame.clone(), version);
        }
        let read = response(&frame, version);
        outcome((key, version, read.is_ok()), &read.err().unwrap_or_default())
    },
};

pub(super) const FRAMES: Target = Target {
    name: "frames",
    about: "the stream of frames on a connection",
    words: &["\0\0\0\0", "\0\0\0\x04", "\x7f\x7f\x7f\x7f", "\0\0\x7f\x7f", "abcd"],
    longest: 64 << 10,
    run: |input| {
        let (mut stream, mut frames) = (input, FrameReader::new(1 << 20));
        for count in 0_usize.. {
            let read = pin!(frames.read(&mut stream)).poll(&mut Context::from_waker(Waker::noop()));
            match read {
                Poll::Ready(Ok(Some(_))) => {}
                Poll::Ready(Ok(None)) => return outcome((count.min(40), 1), ""),
                Poll::Ready(Err(error)) => return outcome((count.min(40), 0), &error.to_string()),
                Poll::Pending => panic!("a slice is always ready"),
            }
        }
        0
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mended_batches_are_right() {
        let mut batch = kafka_wire::BatchBuilder::new(BatchOptions::default());
        batch.append(1, Some(b"k"), Some(b"v"), kafka_wire::batch::Headers::default().iter()).unwrap();
        let mut bytes = batch.finish(None, false).unwrap().to_vec();
        let right = bytes.clone();
        bytes[CHECKSUM] ^= 1;
        mend(&mut bytes);
        assert_eq!(bytes, right);
    }
}
