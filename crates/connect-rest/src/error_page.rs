//! Jetty's own answers to requests that no resource gets to see.

use axum::http::header::{ACCEPT, CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::media::{MediaRange, ranges};

/// What a page may say of its request.
const NOT_KEPT: &str = "must-revalidate,no-cache,no-store";

/// Marks an answer that took the place of a resource's: headers about content that were set before are gone.
#[derive(Clone, Copy)]
pub(crate) struct Replaced;

/// A path that cannot be decoded, or can be read in more than one way. What the client accepts is not looked at yet.
pub(crate) fn ambiguous(method: &Method) -> Response {
    bad_request(method, &html("The path cannot be decoded, or can be read in more than one way."))
}

/// A request that does not say clearly whom it asks. Nothing else is read from the connection.
pub(crate) fn unaddressed(method: &Method, fault: &str) -> Response {
    let mut answer = bad_request(method, &html(&format!("The header Host is missing or wrong: {fault}.")));
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// A header that cannot be read; for people or programs, as the client accepts.
pub(crate) fn unreadable(method: &Method, headers: &HeaderMap, address: &str) -> Response {
    let accepted = accepted(headers);
    let page = accepted.iter().find_map(|range| match &*range.name() {
        "text/html" | "text/*" | "*/*" => Some(html("A header of the request cannot be read.")),
        "application/json" | "text/json" => {
            let url = serde_json::Value::from(address);
            let body = format!("{{\n\"message\":\"Bad Request\",\n\"url\":{url},\n\"status\":\"400\"\n}}");
            Some(Page { kind: range.name(), body })
        }
        "text/plain" => {
            let body = format!("HTTP ERROR 400 Bad Request\nURI: {address}\nSTATUS: 400\nMESSAGE: Bad Request\n");
            Some(Page { kind: "text/plain;charset=iso-8859-1".into(), body })
        }
        _ => None,
    });
    let mut answer = match page {
        Some(page) => bad_request(method, &page),
        None => (StatusCode::BAD_REQUEST, [(CACHE_CONTROL, NOT_KEPT)]).into_response(),
    };
    answer.extensions_mut().insert(Replaced);
    answer
}

struct Page {
    kind: String,
    body: String,
}

fn html(sentence: &str) -> Page {
    let body = format!(
        "<html><head><title>Error 400 Bad Request</title></head><body><h2>HTTP ERROR 400 Bad Request</h2>\
         <p>{sentence}</p></body></html>\n"
    );
    Page { kind: "text/html;charset=iso-8859-1".into(), body }
}

/// Pages are for the methods that browsers use.
fn bad_request(method: &Method, page: &Page) -> Response {
    let mut answer = if [Method::GET, Method::POST, Method::HEAD].contains(method) {
        (StatusCode::BAD_REQUEST, page.body.clone()).into_response()
    } else {
        StatusCode::BAD_REQUEST.into_response()
    };
    let headers = answer.headers_mut();
    headers.remove(CONTENT_TYPE);
    if let Ok(kind) = HeaderValue::from_str(&page.kind)
        && [Method::GET, Method::POST, Method::HEAD].contains(method)
    {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(NOT_KEPT));
    answer
}

/// What the client accepts, best first; everything if it does not say.
fn accepted(headers: &HeaderMap) -> Vec<MediaRange> {
    let values: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    if values.is_empty() {
        return vec![MediaRange::any()];
    }
    // Of what cannot be read Jetty still understands the names.
    let mut all: Vec<MediaRange> = values.iter().flat_map(|value| ranges(value)).collect();
    all.retain(|range| range.weight > 0);
    all.sort_by_key(|range| std::cmp::Reverse(range.weight));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(method: Method, accept: Option<&'static str>) -> Option<String> {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
        }
        let answer = unreadable(&method, &headers, "/x");
        answer.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned())
    }

    #[test]
    fn pages_for_people_and_programs() {
        assert_eq!(kind(Method::GET, None).unwrap(), "text/html;charset=iso-8859-1");
        assert_eq!(kind(Method::GET, Some("application/json;q=2")).unwrap(), "application/json");
        assert_eq!(
            kind(Method::POST, Some("application/json;q=0.5, text/plain")).unwrap(),
            "text/plain;charset=iso-8859-1"
        );
        assert_eq!(kind(Method::GET, Some("image/png")), None);
        assert_eq!(kind(Method::PUT, None), None);
    }
}
