//! ApiVersions: what this broker speaks.

use kafka_wire::messages::api_versions_response::ApiVersion;
use kafka_wire::messages::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_wire::protocol::VersionRange;
use kafka_wire::{ApiKey, ErrorCode};

use super::{About, Api, Reply};
use crate::broker::Node;
use crate::server::SUPPORTED;

/// ApiVersions.
pub(crate) struct ApiVersions;

impl Api for ApiVersions {
    type Request = ApiVersionsRequest;
    type Response = ApiVersionsResponse;

    async fn carry_out(_: &Node, about: About<'_>, request: ApiVersionsRequest) -> Reply<ApiVersionsResponse> {
        let named = is_software(&request.client_software_name) && is_software(&request.client_software_version);
        if about.version >= 3 && !named {
            return Self::refuse(request, about, ErrorCode::InvalidRequest);
        }
        Reply::With(ApiVersionsResponse::default().with_api_keys(SUPPORTED.iter().map(offered).collect()))
    }

    fn refuse(_: ApiVersionsRequest, _: About<'_>, code: ErrorCode) -> Reply<ApiVersionsResponse> {
        Reply::With(ApiVersionsResponse::default().with_error_code(code.code()))
    }
}

/// The response to a client that has asked in a version that is not here: the versions of this API, so that it may ask
/// again (KIP-511).
pub(crate) fn ask_again() -> ApiVersionsResponse {
    let this = SUPPORTED.iter().filter(|(api, _)| *api == ApiKey::ApiVersions);
    ApiVersionsResponse::default()
        .with_error_code(ErrorCode::UnsupportedVersion.code())
        .with_api_keys(this.map(offered).collect())
}

fn offered((api, range): &(ApiKey, VersionRange)) -> ApiVersion {
    ApiVersion::default().with_api_key(*api as i16).with_min_version(range.min).with_max_version(range.max)
}

/// Whether a client may call itself, or its version, so (KIP-511): letters and digits, with dashes and dots between them.
fn is_software(name: &str) -> bool {
    let ends = name.as_bytes().first().zip(name.as_bytes().last());
    ends.is_some_and(|(first, last)| first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}
