//! Which version of each API a connection uses: what this client speaks, cut down to what the broker says it speaks.
//!
//! Versions belong to a connection: ask again after every reconnect, since the broker may have been upgraded or replaced.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::protocol::VersionRange;

use crate::error_code::ErrorCode;
use crate::request::{self, WireError, decode_response};

/// The version of ApiVersions to ask with first.
pub const API_VERSIONS_FIRST: i16 = 3;

/// What this client speaks, `(API, lowest, highest)`.
///
/// The lowest is what the message types still know (that of Kafka 4). The highest stays below the type's own where a newer
/// version changes what the client has to do rather than what it can say:
/// - Fetch 13, Produce 13 and OffsetCommit/OffsetFetch 10 name topics by id only;
/// - Produce 12, TxnOffsetCommit 5 and EndTxn 5 belong to the second transaction protocol (KIP-890), which needs the
///   cluster's `transaction.version` feature besides;
/// - AddPartitionsToTxn 4 is for brokers;
/// - FindCoordinator 6 only adds share groups; ApiVersions 4 only adds features of version range 0.
const CLIENT: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 3, 11),
    (ApiKey::Fetch, 4, 12),
    (ApiKey::ListOffsets, 1, 7),
    (ApiKey::Metadata, 0, 13),
    (ApiKey::OffsetCommit, 2, 9),
    (ApiKey::OffsetFetch, 1, 9),
    (ApiKey::FindCoordinator, 0, 5),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 5),
    (ApiKey::ListGroups, 0, 5),
    (ApiKey::SaslHandshake, 0, 1),
    (ApiKey::ApiVersions, 0, 3),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 5),
    (ApiKey::DeleteRecords, 0, 2),
    (ApiKey::InitProducerId, 0, 5),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::AddPartitionsToTxn, 0, 3),
    (ApiKey::AddOffsetsToTxn, 0, 4),
    (ApiKey::EndTxn, 0, 4),
    (ApiKey::TxnOffsetCommit, 0, 4),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::AlterConfigs, 0, 2),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
    (ApiKey::SaslAuthenticate, 0, 2),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::OffsetDelete, 0, 0),
    (ApiKey::DescribeCluster, 0, 1),
    (ApiKey::DescribeAcls, 1, 3),
    (ApiKey::CreateAcls, 1, 3),
    (ApiKey::DeleteAcls, 1, 3),
];

/// The versions this client speaks of an API; `None` when it does not use the API.
#[must_use]
pub fn client_range(api: ApiKey) -> Option<VersionRange> {
    CLIENT.iter().find(|(key, ..)| *key == api).map(|(_, min, max)| VersionRange { min: *min, max: *max })
}

/// Client and broker have no version of an API in common.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the broker does not support {api:?} in a version this client speaks (client: {client}, broker: {broker})")]
pub struct UnsupportedApi {
    /// The API.
    pub api: ApiKey,
    /// What was wanted, as text.
    pub client: String,
    /// What the broker offers, as text.
    pub broker: String,
}

/// The versions one connection may use.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    broker: BTreeMap<i16, VersionRange>,
    features: BTreeMap<String, i16>,
}

impl Versions {
    /// From a broker's answer.
    #[must_use]
    pub fn from_response(response: &ApiVersionsResponse) -> Self {
        Self {
            broker: response
                .api_keys
                .iter()
                .map(|api| (api.api_key, VersionRange { min: api.min_version, max: api.max_version }))
                .collect(),
            features: response
                .finalized_features
                .iter()
                .map(|feature| (feature.name.to_string(), feature.max_version_level))
                .collect(),
        }
    }

    /// From ranges known otherwise: a broker's own table, or a test's.
    pub fn from_ranges(ranges: impl IntoIterator<Item = (ApiKey, VersionRange)>) -> Self {
        Self { broker: ranges.into_iter().map(|(api, range)| (api as i16, range)).collect(), features: BTreeMap::new() }
    }

    /// The highest version both sides speak.
    ///
    /// # Errors
    /// [`UnsupportedApi`] when there is none.
    pub fn pick(&self, api: ApiKey) -> Result<i16, UnsupportedApi> {
        self.pick_within(api, i16::MIN, i16::MAX)
    }

    /// The highest version both sides speak between `min` and `max`: for a caller that needs what `min` brought.
    ///
    /// # Errors
    /// [`UnsupportedApi`] when there is none.
    pub fn pick_within(&self, api: ApiKey, min: i16, max: i16) -> Result<i16, UnsupportedApi> {
        let wanted = client_range(api).map(|range| range.intersect(&VersionRange { min, max }));
        let offered = self.broker.get(&(api as i16));
        if let (Some(wanted), Some(offered)) = (wanted, offered) {
            let common = wanted.intersect(offered);
            if !common.is_empty() {
                return Ok(common.max);
            }
        }
        let text = |range: Option<&VersionRange>| range.map_or_else(|| "none".to_owned(), VersionRange::to_string);
        Err(UnsupportedApi { api, client: text(wanted.as_ref()), broker: text(offered) })
    }

    /// Whether [`Versions::pick`] would succeed.
    #[must_use]
    pub fn supports(&self, api: ApiKey) -> bool {
        self.pick(api).is_ok()
    }

    /// What the broker itself offers of an API.
    #[must_use]
    pub fn broker_range(&self, api: ApiKey) -> Option<VersionRange> {
        self.broker.get(&(api as i16)).copied()
    }

    /// The level of a feature finalized in the cluster, such as `transaction.version`; 0 when it is not.
    #[must_use]
    pub fn feature(&self, name: &str) -> i16 {
        self.features.get(name).copied().unwrap_or(0)
    }
}

/// A broker's answer to ApiVersions.
#[derive(Debug, Clone)]
pub enum ApiVersionsReply {
    /// The answer proper. Its error code may still be set (but is not 35).
    Answer(ApiVersionsResponse),
    /// The broker does not know the version asked: ask again, on the same connection, with this one.
    AskAgain {
        /// The version to ask with; always lower than the one before.
        version: i16,
    },
}

/// Reads the answer to an ApiVersions request of version `version`, with its correlation id.
///
/// A broker that does not know the version answers in version 0 with error 35, and since Kafka 2.4 says which versions of
/// ApiVersions it knows (KIP-511); an older one is asked again in version 0.
///
/// # Errors
/// [`WireError::Malformed`], also when a broker refuses version 0.
pub fn decode_api_versions(frame: Bytes, version: i16) -> Result<(i32, ApiVersionsReply), WireError> {
    let correlation_id = request::correlation_id(&frame)?;
    let error = frame.get(4..6).map(|code| i16::from_be_bytes([code[0], code[1]]));
    if error != Some(ErrorCode::UnsupportedVersion.code()) {
        let (id, response) = decode_response::<ApiVersionsRequest>(frame, version)?;
        return Ok((id, ApiVersionsReply::Answer(response)));
    }
    if version <= 0 {
        return Err(WireError::malformed(
            "ApiVersionsResponse",
            "the broker does not support any version of ApiVersions",
        ));
    }
    let offered = decode_response::<ApiVersionsRequest>(frame, 0)
        .ok()
        .and_then(|(_, response)| {
            Versions::from_response(&response).pick_within(ApiKey::ApiVersions, 0, version - 1).ok()
        })
        .unwrap_or(0);
    Ok((correlation_id, ApiVersionsReply::AskAgain { version: offered }))
}
