//! A line of the log for each request, in the extended format of NCSA with the milliseconds it took at the end, as Jetty's
//! `CustomRequestLog` writes it for Kafka Connect under the logger of `RestServer`. Nothing is done while that is off.

use std::net::SocketAddr;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::header::{HeaderName, REFERER, USER_AGENT};
use axum::http::{HeaderMap, Method, Version};
use axum::middleware::Next;
use axum::response::Response;
use env::Env;

/// Who has sent a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Tells of a request and its answer. Runs around everything.
pub(crate) async fn told(State(env): State<Env>, request: Request, next: Next) -> Response {
    if !tracing::enabled!(tracing::Level::INFO) {
        return next.run(request).await;
    }
    let begun = env.clock().now();
    let asked = asked(&env, &request);
    let unanswered = *request.method() == Method::HEAD;
    let response = next.run(request).await;
    let bytes = if unanswered { 0 } else { response.body().size_hint().lower() };
    let took = env.clock().now().saturating_since(begun).as_millis();
    let (before, after) = asked;
    tracing::info!("{before} {} {bytes} {after} {took}", response.status().as_u16());
    response
}

/// What stands in the line before the status, and after the number of bytes.
fn asked(env: &Env, request: &Request) -> (String, String) {
    let peer = request.extensions().get::<Peer>().map_or_else(|| "-".to_owned(), |peer| host(peer.0));
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let version = if request.version() == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" };
    let time = time(env.clock().unix_millis());
    let before = format!("{peer} - - [{time}] \"{} {target} {version}\"", request.method());
    let of = |name| said(request.headers(), name);
    (before, format!("\"{}\" \"{}\"", of(REFERER), of(USER_AGENT)))
}

/// An address as Java writes it: IPv6 in full and in brackets.
fn host(peer: SocketAddr) -> String {
    match peer {
        SocketAddr::V4(peer) => peer.ip().to_string(),
        SocketAddr::V6(peer) => match peer.ip().to_ipv4_mapped() {
            Some(mapped) => mapped.to_string(),
            None => format!("[{}]", peer.ip().segments().map(|part| format!("{part:x}")).join(":")),
        },
    }
}

/// Parity: nothing where the format has a dash for what is missing.
fn said(headers: &HeaderMap, name: HeaderName) -> String {
    headers.get(name).map_or_else(String::new, |value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// `21/Nov/2026:19:29:48 +0000`.
fn time(unix_millis: i64) -> String {
    let since = Duration::from_millis(u64::try_from(unix_millis).unwrap_or(0));
    let date = httpdate::HttpDate::from(UNIX_EPOCH + since).to_string();
    let mut words = date.split(' ').skip(1);
    let mut next = || words.next().unwrap_or_default();
    let (day, month, year, time) = (next(), next(), next(), next());
    format!("{day}/{month}/{year}:{time} +0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_hosts_are_jettys() {
        assert_eq!(time(0), "01/Jan/1970:00:00:00 +0000");
        assert_eq!(time(1_762_345_678_901), "05/Nov/2025:12:27:58 +0000");
        for (peer, expected) in [
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]:80", "[0:0:0:0:0:0:0:1]"),
            ("[2001:db8::10]:80", "[2001:db8:0:0:0:0:0:10]"),
            ("[::ffff:10.0.0.1]:80", "10.0.0.1"),
        ] {
            assert_eq!(host(peer.parse().unwrap()), expected);
        }
    }
}
