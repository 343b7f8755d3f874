//! Decoding messages without trusting the counts in them.
//!
//! The message types make room for as many elements as an array says it has before they read the first one, so that a
//! dozen bytes from anyone who can connect would end the process ("memory allocation failed"). Which of the numbers of a
//! message are counts only they know; so every number passes through here, and none greater than the bytes left gets
//! through where it could be a count.

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::Decodable;
use kafka_protocol::protocol::buf::ByteBuf;

/// Room for this many elements may be made in vain: spares most messages the second decoding.
const HARMLESS: usize = 1 << 16;

/// Decodes a message from the start of `body` and moves `body` behind it, making room for at most as many elements per array
/// as there are bytes left (or 65536).
pub(crate) fn decode<M: Decodable>(body: &mut Bytes, version: i16) -> Result<M, String> {
    let mut bounded = Bounded { bytes: body.clone(), lowered: false, varint: 0, shift: 0 };
    let message = M::decode(&mut bounded, version).map_err(|e| e.to_string())?;
    if !bounded.lowered {
        *body = bounded.bytes;
        return Ok(message);
    }
    // Some number was larger than the bytes left, and was read as one that still was. As a count it would have failed, for
    // every element takes a byte or more. So it was no count, and it is safe to decode with the true numbers.
    M::decode(body, version).map_err(|e| e.to_string())
}

struct Bounded {
    bytes: Bytes,
    /// Whether a 32-bit number was replaced.
    lowered: bool,
    /// The unsigned varint being read byte by byte, and how far it is read.
    varint: u64,
    shift: u32,
}

impl Bounded {
    fn most(&self) -> usize {
        self.bytes.len().max(HARMLESS)
    }
}

impl Buf for Bounded {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    /// Counts of versions before the flexible ones, and plain numbers.
    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        let value = self.bytes.try_get_i32()?;
        let most = self.most();
        match usize::try_from(value) {
            Ok(claimed) if claimed > most => {
                self.lowered = true;
                Ok(i32::try_from(most + 1).unwrap_or(value))
            }
            _ => Ok(value),
        }
    }

    /// The bytes of unsigned varints (lengths and counts plus one, tags) and booleans, of which the former cannot exceed the
    /// bytes left.
    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        let byte = self.bytes.try_get_u8()?;
        self.varint |= u64::from(byte & 0x7f) << self.shift;
        self.shift += 7;
        if byte >= 0x80 && self.shift < 35 {
            return Ok(byte);
        }
        let value = usize::try_from(self.varint).unwrap_or(usize::MAX);
        (self.varint, self.shift) = (0, 0);
        if value > self.most() + 1 {
            return Err(TryGetError { requested: value, available: self.bytes.len() });
        }
        Ok(byte)
    }
}

impl ByteBuf for Bounded {
    fn peek_bytes(&mut self, range: std::ops::Range<usize>) -> Bytes {
        self.bytes.slice(range)
    }

    fn get_bytes(&mut self, size: usize) -> Bytes {
        self.bytes.split_to(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use kafka_protocol::messages::fetch_request::FetchTopic;
    use kafka_protocol::messages::{
        DescribeConfigsRequest, FetchRequest, FetchResponse, JoinGroupRequest, MetadataRequest, MetadataResponse,
        ProduceRequest, ProduceResponse,
    };
    use kafka_protocol::protocol::{Encodable, Message};
    use proptest::prelude::*;

    #[test]
    fn a_count_that_lies_costs_nothing() {
        let old: &[u8] = b"\x7f\xff\xff\xff";
        let flexible: &[u8] = b"\xff\xff\xff\xff\x0f";
        for version in 0..=8 {
            assert!(decode::<MetadataRequest>(&mut Bytes::from_static(old), version).is_err());
        }
        for version in 9..=13 {
            assert!(decode::<MetadataRequest>(&mut Bytes::from_static(flexible), version).is_err());
            // More than five bytes of a varint.
            assert!(decode::<MetadataRequest>(&mut Bytes::from_static(&[0xff; 20]), version).is_err());
        }
        assert!(decode::<DescribeConfigsRequest>(&mut Bytes::from_static(old), 1).is_err());
    }

    #[test]
    fn large_numbers_that_are_no_counts_are_kept() {
        let topics =
            vec![FetchTopic::default().with_topic(kafka_protocol::protocol::StrBytes::from_static_str("t").into())];
        let request = FetchRequest::default()
            .with_max_wait_ms(i32::MAX)
            .with_max_bytes(52_428_800)
            .with_session_id(i32::MIN)
            .with_session_epoch(-1)
            .with_topics(topics);
        for version in [4, 11, 12] {
            let request = if version < 7 { request.clone().with_session_id(0) } else { request.clone() };
            let mut encoded = BytesMut::new();
            request.encode(&mut encoded, version).unwrap();
            encoded.extend_from_slice(b"rest");
            let mut body = encoded.freeze();
            assert_eq!(decode::<FetchRequest>(&mut body, version).unwrap(), request);
            assert_eq!(body, &b"rest"[..]);
        }
    }

    fn try_all_versions<M: Message + Decodable>(bytes: &Bytes) {
        for version in M::VERSIONS.min..=M::VERSIONS.max {
            let _ = decode::<M>(&mut bytes.clone(), version);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn noise_is_harmless(noise in prop::collection::vec(prop_oneof![any::<u8>(), Just(0xff), Just(0x7f), Just(0)], 0..80)) {
            let bytes = Bytes::from(noise);
            try_all_versions::<MetadataRequest>(&bytes);
            try_all_versions::<MetadataResponse>(&bytes);
            try_all_versions::<ProduceRequest>(&bytes);
            try_all_versions::<ProduceResponse>(&bytes);
            try_all_versions::<FetchRequest>(&bytes);
            try_all_versions::<FetchResponse>(&bytes);
            try_all_versions::<JoinGroupRequest>(&bytes);
        }
    }
}
