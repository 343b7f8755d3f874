//! Headers that answers get whatever they answer: who the server is, what pages of other origins may see, and those of
//! `response.http.headers.config`.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, DATE, EXPIRES, LAST_MODIFIED, ORIGIN, SERVER, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use env::Env;
use hyper::ext::ReasonPhrase;

use crate::error_page::Replaced;

/// What pages of other origins may do (Jetty: `CrossOriginHandler`).
#[derive(Clone)]
pub struct CrossOrigin {
    /// Whether an origin is known.
    pub knows: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    /// What `Access-Control-Allow-Methods` says.
    pub methods: String,
}

impl fmt::Debug for CrossOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrossOrigin").field("methods", &self.methods).finish_non_exhaustive()
    }
}

/// A header that answers get.
#[derive(Clone, Debug)]
pub struct ResponseHeader {
    name: HeaderName,
    /// Whether it stands beside others of its name instead of replacing them.
    add: bool,
    value: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Text(HeaderValue),
    /// The time of the answer, and so many milliseconds.
    FromNow(i64),
}

/// Everything that answers of the resources get.
#[derive(Clone, Debug, Default)]
pub struct ReplyRules {
    /// What pages of other origins may do; `None` for nothing.
    pub cross_origin: Option<CrossOrigin>,
    /// Headers, in the order to set them in.
    pub headers: Vec<ResponseHeader>,
}

/// What the server calls itself; nothing that clients read depends on it.
const SELF: &str = concat!("Moldau/", env!("CARGO_PKG_VERSION"));

/// With `Server`, and `Date` from the clock of `env`: hyper's own asks the machine. Runs around everything.
pub(crate) fn signed(env: &Env, mut response: Response) -> Response {
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        // Parity: Jetty's words.
        response.extensions_mut().insert(ReasonPhrase::from_static(b"Server Error"));
    }
    let headers = response.headers_mut();
    headers.entry(SERVER).or_insert(HeaderValue::from_static(SELF));
    if let Some(date) = date(env, 0) {
        headers.entry(DATE).or_insert(date);
    }
    response
}

/// With the headers of the rules. Runs around the routes, but not for what Jetty refuses before.
pub(crate) async fn dressed(
    State((env, rules)): State<(Env, Arc<ReplyRules>)>,
    request: Request,
    next: Next,
) -> Response {
    let mut headers = HeaderMap::new();
    if let Some(known) = &rules.cross_origin {
        known.say(&mut headers, request.method(), request.headers());
    }
    rules.headers.iter().for_each(|header| header.say(&mut headers, &env));
    let mut response = next.run(request).await;
    if response.extensions().get::<Replaced>().is_some() {
        [VARY, EXPIRES, LAST_MODIFIED].iter().for_each(|gone| drop(headers.remove(gone)));
    }
    // What the resource says of itself wins.
    for (name, value) in std::mem::take(response.headers_mut()).iter() {
        headers.insert(name, value.clone());
    }
    *response.headers_mut() = headers;
    response
}

impl CrossOrigin {
    fn say(&self, headers: &mut HeaderMap, method: &Method, request: &HeaderMap) {
        headers.insert(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = request.get(ORIGIN) else { return };
        // A request that was redirected names several.
        let mut origins = origin.to_str().unwrap_or_default().split(' ').map(str::trim);
        if !origins.any(|origin| !origin.is_empty() && (self.knows)(origin)) {
            return;
        }
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if *method == Method::OPTIONS && request.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            if let Ok(methods) = HeaderValue::from_str(&self.methods) {
                headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
            }
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Content-Type"));
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("60"));
        }
    }
}

impl ResponseHeader {
    /// A header with this text; with `add` it stands beside others of its name. `None` if HTTP cannot carry it.
    pub fn text(name: &str, add: bool, value: &str) -> Option<Self> {
        let value = Content::Text(HeaderValue::from_str(value).ok()?);
        Some(Self { name: HeaderName::from_bytes(name.as_bytes()).ok()?, add, value })
    }

    /// A header with the time of the answer, so many milliseconds later. `None` if HTTP cannot carry it.
    pub fn from_now(name: &str, add: bool, millis: i64) -> Option<Self> {
        Some(Self { name: HeaderName::from_bytes(name.as_bytes()).ok()?, add, value: Content::FromNow(millis) })
    }

    fn say(&self, headers: &mut HeaderMap, env: &Env) {
        let value = match &self.value {
            Content::Text(value) => Some(value.clone()),
            Content::FromNow(millis) => date(env, *millis),
        };
        let Some(value) = value else { return };
        if self.add {
            headers.append(&self.name, value);
        } else {
            headers.insert(&self.name, value);
        }
    }
}

/// A date so many milliseconds from now; none before 1970 or beyond the year 9999, which HTTP cannot write.
fn date(env: &Env, millis: i64) -> Option<HeaderValue> {
    const YEAR_10000: u64 = 253_402_300_800_000;
    let at = u64::try_from(env.clock().unix_millis().checked_add(millis)?).ok().filter(|at| *at < YEAR_10000)?;
    HeaderValue::try_from(httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(at))).ok()
}
