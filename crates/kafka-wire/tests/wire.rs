//! Frames, headers and version negotiation.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::io::ErrorKind;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_wire::messages::api_versions_response::ApiVersion;
use kafka_wire::messages::{
    ApiVersionsRequest, ApiVersionsResponse, HeartbeatRequest, HeartbeatResponse, MetadataRequest, MetadataResponse,
    SaslHandshakeRequest,
};
use kafka_wire::request::correlation_id;
use kafka_wire::versions::{API_VERSIONS_FIRST, ApiVersionsReply, client_range, decode_api_versions};
use kafka_wire::{
    ApiKey, FrameReader, StrBytes, Versions, WireError, decode_request, decode_response, encode_request,
    encode_response, read_frame, write_frame,
};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// What follows the length, which must be right.
fn payload(frame: BytesMut) -> Bytes {
    let frame = frame.freeze();
    let length = i32::from_be_bytes(*frame.first_chunk().unwrap());
    assert_eq!(length as usize, frame.len() - 4);
    frame.slice(4..)
}

#[test]
fn frames_round_trip_in_any_pieces() {
    block_on(async {
        let frames: [&[u8]; 4] = [b"first", b"", &[7; 200_000], b"last"];
        for pipe in [1, 7, 1 << 20] {
            let (mut near, mut far) = tokio::io::duplex(pipe);
            let write = async {
                for frame in frames {
                    write_frame(&mut near, frame).await.unwrap();
                }
                drop(near);
            };
            let read = async {
                for frame in frames {
                    assert_eq!(read_frame(&mut far, 200_000).await.unwrap().unwrap(), frame);
                }
                assert!(read_frame(&mut far, 200_000).await.unwrap().is_none());
            };
            tokio::join!(write, read);

            let (mut near, mut far) = tokio::io::duplex(pipe);
            let write = async {
                for frame in frames {
                    write_frame(&mut near, frame).await.unwrap();
                }
                drop(near);
            };
            let read = async {
                let mut reader = FrameReader::new(200_000);
                for frame in frames {
                    assert_eq!(reader.read(&mut far).await.unwrap().unwrap(), frame);
                }
                assert!(reader.read(&mut far).await.unwrap().is_none());
            };
            tokio::join!(write, read);
        }
    });
}

#[test]
fn a_reader_dropped_while_waiting_loses_nothing() {
    block_on(async {
        let (mut near, mut far) = tokio::io::duplex(1024);
        let mut reader = FrameReader::new(100);
        for piece in [&b"\0\0"[..], b"\0\x05he", b"ll"] {
            near.write_all(piece).await.unwrap();
            tokio::select! {
                biased;
                frame = reader.read(&mut far) => panic!("too early: {frame:?}"),
                () = tokio::task::yield_now() => {}
            }
        }
        near.write_all(b"o\0\0\0\x01!").await.unwrap();
        assert_eq!(reader.read(&mut far).await.unwrap().unwrap(), &b"hello"[..]);
        assert_eq!(reader.buffered().unwrap().unwrap(), &b"!"[..]);
        assert_eq!(reader.buffered().unwrap(), None);
    });
}

#[test]
fn bad_lengths_and_early_ends() {
    block_on(async {
        for (bytes, kind) in [
            (&b"\xff\xff\xff\xff"[..], ErrorKind::InvalidData),
            (b"\0\0\0\x65 and more", ErrorKind::InvalidData),
            // An HTTP server answering.
            (b"HTTP/1.1 400 Bad Request\r\n", ErrorKind::InvalidData),
            (b"\0\0\0", ErrorKind::UnexpectedEof),
            (b"\0\0\0\x05hell", ErrorKind::UnexpectedEof),
        ] {
            assert_eq!(read_frame(&mut &bytes[..], 100).await.unwrap_err().kind(), kind, "{bytes:?}");
            assert_eq!(FrameReader::new(100).read(&mut &bytes[..]).await.unwrap_err().kind(), kind, "{bytes:?}");
        }
    });
}

#[test]
fn read_frame_takes_no_byte_more() {
    block_on(async {
        let mut stream = &b"\0\0\0\x02hi and the rest"[..];
        read_frame(&mut stream, 100).await.unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, " and the rest");
    });
}

#[test]
fn request_bytes() {
    // SaslHandshake never has a flexible header.
    let body = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str("PLAIN"));
    let frame = encode_request(7, Some("me"), 1, &body).unwrap();
    assert_eq!(&frame[..], b"\0\0\0\x13\0\x11\0\x01\0\0\0\x07\0\x02me\0\x05PLAIN");
    let frame = encode_request(7, None, 1, &body).unwrap();
    assert_eq!(&frame[..], b"\0\0\0\x11\0\x11\0\x01\0\0\0\x07\xff\xff\0\x05PLAIN");
    // Metadata from version 9 on has: a byte for no tagged fields after the client id.
    let frame = encode_request(7, Some("me"), 9, &MetadataRequest::default().with_topics(None)).unwrap();
    assert!(frame.starts_with(b"\0\0\0\x12\0\x03\0\x09\0\0\0\x07\0\x02me\0"), "{frame:?}");
}

#[test]
fn requests_round_trip() {
    for version in 0..=4 {
        let body = HeartbeatRequest::default()
            .with_group_id(StrBytes::from_static_str("group").into())
            .with_generation_id(3)
            .with_member_id(StrBytes::from_static_str("member"));
        let incoming = decode_request(payload(encode_request(99, Some("client"), version, &body).unwrap())).unwrap();
        assert_eq!((incoming.api_key, incoming.version, incoming.correlation_id), (ApiKey::Heartbeat, version, 99));
        assert_eq!(incoming.client_id.as_deref(), Some("client"));
        assert_eq!(incoming.body::<HeartbeatRequest>().unwrap(), body);
        assert!(matches!(incoming.body::<MetadataRequest>(), Err(WireError::Malformed { .. })));

        let response = HeartbeatResponse::default().with_error_code(27);
        let frame = payload(encode_response(99, version, &response).unwrap());
        assert_eq!(correlation_id(&frame).unwrap(), 99);
        assert_eq!(decode_response::<HeartbeatRequest>(frame, version).unwrap(), (99, response));
    }
}

#[test]
fn tagged_fields_in_headers_are_skipped() {
    let body = HeartbeatResponse::default().with_error_code(27);
    let plain = payload(encode_response(1, 4, &body).unwrap());
    let mut tagged = BytesMut::from(&plain[..4]);
    tagged.put_slice(&[2, 0, 3, b'a', b'b', b'c', 0x80, 1, 0]);
    tagged.put_slice(&plain[5..]);
    assert_eq!(decode_response::<HeartbeatRequest>(tagged.freeze(), 4).unwrap(), (1, body));
}

#[test]
fn what_cannot_be_encoded() {
    let body = MetadataRequest::default();
    assert!(matches!(encode_request(1, None, 99, &body), Err(WireError::Encode { version: 99, .. })));
    assert!(matches!(encode_request(1, None, -1, &body), Err(WireError::Encode { .. })));
    let long = "x".repeat(40_000);
    assert!(matches!(encode_request(1, Some(&long), 9, &body), Err(WireError::Encode { .. })));
    // A field the version does not have.
    let body = body.with_allow_auto_topic_creation(false);
    let error = encode_request(1, None, 0, &body).unwrap_err().to_string();
    assert!(error.starts_with("cannot encode MetadataRequest in version 0: "), "{error}");
}

#[test]
fn what_cannot_be_decoded() {
    for frame in [&b""[..], b"\0", b"\0\x03\0", b"\0\x03\0\x09\0\0\0\x01", b"\0\x03\0\x09\0\0\0\x01\0\x50x"] {
        assert!(matches!(decode_request(Bytes::copy_from_slice(frame)), Err(WireError::Malformed { .. })), "{frame:?}");
    }
    let unknown = decode_request(Bytes::from_static(b"\x7f\xff\0\0\0\0\0\x01\0\0"));
    assert_eq!(unknown.unwrap_err(), WireError::UnknownApi { key: 32767 });
    assert!(decode_response::<MetadataRequest>(Bytes::from_static(b"\0\0"), 9).is_err());
    assert!(decode_response::<MetadataRequest>(Bytes::from_static(b"\0\0\0\x01\x80\x80\x80\x80\x80"), 9).is_err());
    assert!(decode_response::<MetadataRequest>(Bytes::from_static(b"\0\0\0\x01\x01\0\x7f"), 9).is_err());
}

fn offering(apis: &[(ApiKey, i16, i16)]) -> ApiVersionsResponse {
    let apis = apis
        .iter()
        .map(|(key, min, max)| {
            ApiVersion::default().with_api_key(*key as i16).with_min_version(*min).with_max_version(*max)
        })
        .collect();
    ApiVersionsResponse::default().with_api_keys(apis)
}

#[test]
fn versions_are_the_best_both_speak() {
    let versions = Versions::from_response(&offering(&[
        (ApiKey::Fetch, 0, 99),
        (ApiKey::Metadata, 0, 5),
        (ApiKey::Produce, 0, 2),
    ]));
    assert_eq!(versions.pick(ApiKey::Fetch), Ok(client_range(ApiKey::Fetch).unwrap().max));
    assert_eq!(versions.pick(ApiKey::Metadata), Ok(5));
    assert_eq!(versions.pick_within(ApiKey::Metadata, 2, 4), Ok(4));
    assert!(versions.pick_within(ApiKey::Metadata, 6, 9).is_err());
    let error = versions.pick(ApiKey::Produce).unwrap_err();
    assert_eq!((error.api, error.broker.as_str()), (ApiKey::Produce, "0..2"));
    assert!(!versions.supports(ApiKey::JoinGroup));
    assert_eq!(versions.pick(ApiKey::JoinGroup).unwrap_err().broker, "none");
}

#[test]
fn client_ranges_are_within_what_the_messages_know() {
    let mut known = 0;
    for api in ApiKey::iter() {
        let Some(range) = client_range(api) else { continue };
        known += 1;
        assert!(!range.is_empty());
        assert_eq!(range.intersect(&api.valid_versions()), range, "{api:?}");
    }
    assert!(known > 30);
}

#[test]
fn api_versions_answers() {
    let response = offering(&[(ApiKey::Fetch, 4, 12)]);
    let frame = payload(encode_response(5, API_VERSIONS_FIRST, &response).unwrap());
    // Header version 0: the body's error code comes right after the correlation id.
    assert_eq!(frame[4..6], [0, 0]);
    let (id, reply) = decode_api_versions(frame, API_VERSIONS_FIRST).unwrap();
    assert_eq!(id, 5);
    assert!(matches!(reply, ApiVersionsReply::Answer(answer) if answer == response));
}

#[test]
fn api_versions_falls_back() {
    let ask_again = |frame: &[u8], version| match decode_api_versions(Bytes::copy_from_slice(frame), version).unwrap() {
        (5, ApiVersionsReply::AskAgain { version }) => version,
        other => panic!("{other:?}"),
    };
    // Brokers before 2.4: an empty list, or nothing at all after the code.
    assert_eq!(ask_again(b"\0\0\0\x05\0\x23\0\0\0\0", 3), 0);
    assert_eq!(ask_again(b"\0\0\0\x05\0\x23", 3), 0);
    // Since 2.4: the range of ApiVersions.
    let refusal = offering(&[(ApiKey::ApiVersions, 0, 2)]).with_error_code(35);
    assert_eq!(ask_again(&payload(encode_response(5, 0, &refusal).unwrap()), 3), 2);
    // Never upwards or the same again.
    let refusal = offering(&[(ApiKey::ApiVersions, 0, 4)]).with_error_code(35);
    assert_eq!(ask_again(&payload(encode_response(5, 0, &refusal).unwrap()), 3), 2);
    assert!(decode_api_versions(Bytes::from_static(b"\0\0\0\x05\0\x23\0\0\0\0"), 0).is_err());
}

#[test]
fn api_versions_of_a_version_yet_to_come_can_be_answered() {
    let request = payload(encode_request(5, Some("new"), 3, &ApiVersionsRequest::default()).unwrap());
    let mut newer = BytesMut::from(&request[..]);
    newer[2..4].copy_from_slice(&99_i16.to_be_bytes());
    let incoming = decode_request(newer.freeze()).unwrap();
    assert_eq!((incoming.api_key, incoming.version, incoming.correlation_id), (ApiKey::ApiVersions, 99, 5));
    assert!(incoming.body::<ApiVersionsRequest>().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn truncated_messages_are_errors(cut: prop::sample::Index, version in 0_i16..=13) {
        let response = MetadataResponse::default();
        let frame = payload(encode_response(1, version, &response).unwrap());
        let cut = cut.index(frame.len());
        prop_assert!(decode_response::<MetadataRequest>(frame.slice(..cut), version).is_err());
    }

    #[test]
    fn request_headers_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = decode_request(Bytes::from(bytes));
    }
}
