//! What Jetty and Jersey do with a request before a resource sees it: which paths are refused, which are the same, and which media types
//! are taken and given.

use axum::extract::Request;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::body::is_json;
use crate::error::RestError;

/// Refuses ambiguous paths; drops a slash at the end and matrix parameters. Runs before routes are looked at.
pub(crate) async fn normal_path(mut request: Request, next: Next) -> Response {
    let Some(path) = normal(request.uri().path()) else { return ambiguous(request.method()) };
    if path != request.uri().path() {
        let Some(uri) = with_path(request.uri(), &path) else { return ambiguous(request.method()) };
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

/// Refuses media types other than JSON, also of bodies that nobody would read. Runs for paths that somebody serves.
pub(crate) async fn media_types(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.get(CONTENT_TYPE).is_some_and(|media| !is_json(media.to_str().unwrap_or_default())) {
        return RestError::unmatched(StatusCode::UNSUPPORTED_MEDIA_TYPE).into_response();
    }
    if !accepts_json(headers) {
        return RestError::unmatched(StatusCode::NOT_ACCEPTABLE).into_response();
    }
    next.run(request).await
}

/// The path as resources know it; `None` if Jetty finds it ambiguous or cannot decode it.
fn normal(path: &str) -> Option<String> {
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        let digits = rest.get(at + 1..at + 3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        // An encoded slash, backslash or percent sign could be read in two ways.
        if ["2f", "5c", "25"].iter().any(|refused| digits.eq_ignore_ascii_case(refused)) {
            return None;
        }
        rest = &rest[at + 3..];
    }
    let path =
        path.split('/').map(|segment| segment.split(';').next().unwrap_or_default()).collect::<Vec<_>>().join("/");
    let dots = |segment: &str| segment.to_ascii_lowercase().replace("%2e", ".") == "..";
    if path.contains("//") || path.split('/').any(dots) {
        return None;
    }
    match path.strip_suffix('/') {
        Some("") | None => Some(path),
        Some(shorter) => Some(shorter.to_owned()),
    }
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(format!("{path}{query}")).ok()?);
    Uri::from_parts(parts).ok()
}

/// Jetty's own answer: a page for people where somebody may look at it.
fn ambiguous(method: &Method) -> Response {
    if *method != Method::GET {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let page = "<html><head><title>Error 400 Bad Request</title></head><body><h2>HTTP ERROR 400 Bad Request</h2>\
                <p>The path cannot be decoded, or can be read in more than one way.</p></body></html>\n";
    let headers =
        [(CONTENT_TYPE, "text/html;charset=ISO-8859-1"), (CACHE_CONTROL, "must-revalidate,no-cache,no-store")];
    (StatusCode::BAD_REQUEST, headers, page).into_response()
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let mut ranges =
        headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut any = false;
    let found = ranges.any(|range| {
        any = true;
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused = parts.any(|parameter| {
            parameter
                .strip_prefix("q=")
                .is_some_and(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight == 0.0))
        });
        !refused && matches!(&*media, "*/*" | "*" | "application/*" | "application/json")
    });
    found || !any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_at_the_end_and_matrix_parameters_do_not_count() {
        for (path, same) in [
            ("/", "/"),
            ("/connectors", "/connectors"),
            ("/connectors/", "/connectors"),
            ("/connectors;a=b/c;d/config", "/connectors/c/config"),
            ("/connectors/%C3%BC%20+", "/connectors/%C3%BC%20+"),
        ] {
            assert_eq!(normal(path).as_deref(), Some(same), "{path}");
        }
    }

    #[test]
    fn paths_that_can_be_read_in_two_ways_are_refused() {
        for path in [
            "/connectors/a%2Fb",
            "/a%5cb",
            "/100%25",
            "/%zz",
            "/%4",
            "/%",
            "//",
            "/a//b",
            "/a/%2E%2e/b",
            "/a/../b",
            "/é%é",
        ] {
            assert_eq!(normal(path), None, "{path}");
        }
    }

    #[test]
    fn what_accepts_json() {
        let accepts = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(ACCEPT, axum::http::HeaderValue::from_static(value));
            }
            accepts_json(&headers)
        };
        for fine in [
            &[][..],
            &["*/*"],
            &["application/json"],
            &["text/html, application/*;q=0.1"],
            &["text/html", "Application/JSON"],
        ] {
            assert!(accepts(fine), "{fine:?}");
        }
        for refused in [&["text/html"][..], &["application/json;q=0"], &["text/*, application/xml"]] {
            assert!(!accepts(refused), "{refused:?}");
        }
    }
}
