//! ApiVersions: what this broker speaks.

use kafka_wire::ErrorCode;
use kafka_wire::messages::api_versions_response::ApiVersion;
use kafka_wire::messages::{ApiVersionsRequest, ApiVersionsResponse};

use super::{About, Api, Reply};
use crate::broker::Node;
use crate::server::SUPPORTED;

/// ApiVersions.
pub(crate) struct ApiVersions;

impl Api for ApiVersions {
    type Request = ApiVersionsRequest;
    type Response = ApiVersionsResponse;

    async fn carry_out(_: &Node, _: About<'_>, _: ApiVersionsRequest) -> Reply<ApiVersionsResponse> {
        Reply::With(api_versions(None))
    }

    fn refuse(_: ApiVersionsRequest, _: About<'_>, code: ErrorCode) -> Reply<ApiVersionsResponse> {
        Reply::With(ApiVersionsResponse::default().with_error_code(code.code()))
    }
}

/// The response, which lists the versions also when the client asked in one that is not among them.
pub(crate) fn api_versions(error: Option<ErrorCode>) -> ApiVersionsResponse {
    let keys = SUPPORTED.iter().map(|(api, range)| {
        ApiVersion::default().with_api_key(*api as i16).with_min_version(range.min).with_max_version(range.max)
    });
    ApiVersionsResponse::default().with_error_code(error.map_or(0, ErrorCode::code)).with_api_keys(keys.collect())
}
