//! Which topics a client uses.

use std::collections::BTreeSet;
use std::sync::Arc;

use kafka_wire::StrBytes;
use kafka_wire::messages::metadata_request::MetadataRequestTopic;
use kafka_wire::messages::{MetadataRequest, TopicName};

/// The topics that metadata is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Interest {
    /// Every topic there is, besides those named.
    pub(crate) all: bool,
    /// By name.
    pub(crate) topics: BTreeSet<Arc<str>>,
}

impl Interest {
    /// The request for a negotiated version.
    pub(crate) fn request(&self, version: i16, allow_auto_topic_creation: bool) -> MetadataRequest {
        let named = self.topics.iter().map(|name| {
            MetadataRequestTopic::default().with_name(Some(TopicName(StrBytes::from_string(name.to_string()))))
        });
        let topics = match (self.all, version) {
            // In version 0 an empty list means every topic.
            (true, 0) => Some(Vec::new()),
            (true, _) => None,
            (false, _) => Some(named.collect()),
        };
        let mut request = MetadataRequest::default().with_topics(topics);
        if version >= 4 {
            // Asking for every topic must create none.
            request = request.with_allow_auto_topic_creation(allow_auto_topic_creation && !self.all);
        }
        request
    }
}
