//! Which topics a consumer wants, as far as a broker has to know.

use std::collections::BTreeSet;

use bytes::{Buf, Bytes};

/// The protocol type of consumers.
pub(super) const CONSUMER: &str = "consumer";

/// The topics that a consumer's metadata names; `None` when it cannot be read. Every version begins with a number for
/// it, and the topics.
pub(super) fn topics(metadata: &Bytes) -> Option<BTreeSet<String>> {
    let mut rest = metadata.clone();
    let _version = rest.try_get_i16().ok()?;
    let count = rest.try_get_i32().ok()?;
    let mut topics = BTreeSet::new();
    for _ in 0..count.max(0) {
        let length = usize::try_from(rest.try_get_i16().ok()?).ok()?;
        if rest.remaining() < length {
            return None;
        }
        topics.insert(String::from_utf8(rest.split_to(length).to_vec()).ok()?);
    }
    Some(topics)
}

#[cfg(test)]
mod tests {
    use bytes::{BufMut, BytesMut};
    use kafka_wire::StrBytes;
    use kafka_wire::messages::{ConsumerProtocolSubscription, TopicName};
    use kafka_wire::protocol::Encodable;

    use super::*;

    fn metadata(version: i16, names: &[&str]) -> Bytes {
        let names = names.iter().map(|name| StrBytes::from_string((*name).to_owned())).collect();
        let mut bytes = BytesMut::new();
        bytes.put_i16(version);
        ConsumerProtocolSubscription::default().with_topics(names).encode(&mut bytes, version).unwrap();
        bytes.freeze()
    }

    #[test]
    fn every_version_names_its_topics_first() {
        let _ = TopicName::default();
        for version in 0..=3 {
            let topics = topics(&metadata(version, &["b", "a"])).unwrap();
            assert_eq!(topics.into_iter().collect::<Vec<_>>(), ["a", "b"]);
        }
        assert_eq!(topics(&metadata(1, &[])), Some(BTreeSet::new()));
    }

    #[test]
    fn what_cannot_be_read_is_not_guessed() {
        let whole = metadata(0, &["topic"]);
        // Topics are followed by the user data's length alone.
        for end in 0..whole.len() - 4 {
            assert_eq!(topics(&whole.slice(..end)), None, "{end}");
        }
        assert_eq!(topics(&Bytes::from_static(&[0, 0, 0x7f, 0xff, 0xff, 0xff])), None);
        assert_eq!(topics(&Bytes::from_static(&[0, 0, 0, 0, 0, 1, 0xff, 0xff])), None);
        assert_eq!(topics(&Bytes::from_static(&[0, 0, 0, 0, 0, 1, 0, 1, 0xff])), None);
    }
}
