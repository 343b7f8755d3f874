//! What Jetty and Jersey do with a request before a resource sees it: which paths are refused, which are the same, and which media types
//! are taken and given.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE, HOST};
use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::RestError;
use crate::error_page;
use crate::media::{content_type, is_json, ranges};

/// Refuses requests that do not say whom they ask, and ambiguous paths; drops a slash at the end and matrix parameters. Runs
/// before routes are looked at.
pub(crate) async fn normal_path(mut request: Request, next: Next) -> Response {
    if let Some(fault) = host_fault(&request) {
        return error_page::unaddressed(request.method(), fault);
    }
    let Some(path) = normal(request.uri().path()) else { return error_page::ambiguous(request.method()) };
    if path != request.uri().path() {
        let Some(uri) = with_path(request.uri(), &path) else { return error_page::ambiguous(request.method()) };
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

/// What is wrong with the header `Host`, in Jetty's words.
fn host_fault(request: &Request) -> Option<&'static str> {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => (request.version() != Version::HTTP_10).then_some("No Host"),
        (Some(_), Some(_)) => Some("Duplicate Host Header"),
        (Some(host), None) if host.as_bytes().trim_ascii().is_empty() => Some("Blank Host"),
        (Some(host), None) => Authority::try_from(host.as_bytes()).err().map(|_| "Bad HostPort"),
    }
}

/// Refuses media types other than JSON, also of bodies that nobody would read. Runs for methods that a path has.
pub(crate) async fn media_types(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let kind = headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or_default());
    if !readable(headers) || kind.is_some_and(|kind| content_type(kind).is_none()) {
        return error_page::unreadable(request.method(), headers, &address(&request));
    }
    if kind.is_some_and(|kind| !is_json(kind)) {
        return RestError::unmatched(StatusCode::UNSUPPORTED_MEDIA_TYPE).into_response();
    }
    if !accepts_json(headers) {
        return RestError::unmatched(StatusCode::NOT_ACCEPTABLE).into_response();
    }
    next.run(request).await
}

/// The address that was asked for, as the client wrote it.
fn address(request: &Request) -> String {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    format!("http://{host}{path}")
}

/// Answers OPTIONS with the methods of a path, and keeps them back where a method is refused, as Jersey does. Runs around
/// the routes.
pub(crate) async fn methods(request: Request, next: Next) -> Response {
    let accepted = (*request.method() == Method::OPTIONS).then(|| request.headers().clone());
    let mut response = next.run(request).await;
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let allowed = response.headers_mut().remove(ALLOW);
    match (accepted, allowed) {
        (Some(accepted), Some(allowed)) => options(&accepted, allowed.to_str().unwrap_or_default()),
        _ => response,
    }
}

/// The order in which Java's hash set gives these names.
const METHODS: [&str; 7] = ["HEAD", "DELETE", "POST", "GET", "OPTIONS", "PUT", "PATCH"];

fn options(accepted: &HeaderMap, allowed: &str) -> Response {
    let has = |method: &&str| *method == "OPTIONS" || allowed.split(',').any(|other| other.trim() == *method);
    let methods: Vec<&str> = METHODS.into_iter().filter(has).collect();
    let all = accepted.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(ranges);
    let best =
        all.filter(|range| range.weight > 0).reduce(|best, next| if next.weight > best.weight { next } else { best });
    // Parity: the names are for who accepts plain text; others get none, as what they like best.
    let (kind, body) = match best {
        Some(range) if !range.covers("text", "plain") => (range.name(), Body::empty()),
        _ => ("text/plain".to_owned(), Body::from(methods.join(", "))),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    for (name, value) in [(CONTENT_TYPE, kind), (ALLOW, methods.join(","))] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

/// The path as resources know it; `None` if Jetty finds it ambiguous or cannot decode it.
fn normal(path: &str) -> Option<String> {
    if path.contains(['"', '<', '>', '\\', '^', '`', '{', '|', '}']) {
        return None;
    }
    let mut rest = path;
    let mut bytes = Vec::with_capacity(path.len());
    while let Some(at) = rest.find('%') {
        let digits = rest.get(at + 1..at + 3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        // An encoded slash, backslash or percent sign could be read in two ways; nothing can be named by a zero.
        if ["2f", "5c", "25", "00"].iter().any(|refused| digits.eq_ignore_ascii_case(refused)) {
            return None;
        }
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[at + 3..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    std::str::from_utf8(&bytes).ok()?;
    let path =
        path.split('/').map(|segment| segment.split(';').next().unwrap_or_default()).collect::<Vec<_>>().join("/");
    // Parity: dots as they are belong to names, encoded ones may be steps.
    let steps = |segment: &str| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain != segment.to_ascii_lowercase() && [".", ".."].contains(&&*plain)
    };
    if path.contains("//") || path.split('/').any(steps) {
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

fn readable(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(ranges).all(|range| range.sound)
}

/// Parity: what a client wants least of all it still gets.
fn accepts_json(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = values.flat_map(ranges).peekable();
    ranges.peek().is_none() || ranges.any(|range| range.covers("application", "json"))
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
            ("/connectors/../.", "/connectors/../."),
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
            "/a|b",
            "/a/%2E%2e/b",
            "/a/%2e",
            "/a/.%2e",
            "/a%00",
            "/a%C3/b",
            "/é%é",
        ] {
            assert_eq!(normal(path), None, "{path}");
        }
    }

    #[test]
    fn options_name_the_methods_of_a_path() {
        let headers = |accept: &'static str| HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
        let kind = |response: &Response| response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let answer = options(&HeaderMap::new(), "GET,HEAD,PUT,PATCH");
        assert_eq!(answer.headers()[ALLOW], "HEAD,GET,OPTIONS,PUT,PATCH");
        assert_eq!(kind(&answer), "text/plain");
        assert_eq!(kind(&options(&headers("application/json;q=0.5, text/html"), "GET")), "text/html");
        assert_eq!(kind(&options(&headers("text/*"), "GET")), "text/plain");
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
            &["application/json;q=0"],
        ] {
            assert!(accepts(fine), "{fine:?}");
        }
        for refused in [&["text/html"][..], &["text/*, application/xml"]] {
            assert!(!accepts(refused), "{refused:?}");
        }
    }
}
