//! Answers in the form in which they are compared.

use std::collections::BTreeSet;
use std::time::UNIX_EPOCH;

use e2e::Reply;
use serde_json::Value;

use super::steps::Request;

/// An answer in the form in which it is compared.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    status: u16,
    /// In lower case, without blanks; the standard ones of any answer are left out.
    headers: BTreeSet<(String, String)>,
    body: Body,
}

/// Headers that speak of the connection or of the server.
const NOT_COMPARED: [&str; 5] = ["date", "server", "content-length", "connection", "transfer-encoding"];

#[derive(Debug, PartialEq)]
pub(crate) enum Body {
    /// Written again, so that the order of members counts.
    Json(String),
    Text(String),
    /// A page for people.
    Html,
    NotCompared,
}

impl Answer {
    /// The answer to a request; `places` are addresses of the worker and what stands for them.
    pub(crate) fn of(request: &Request, reply: &Reply, places: &[(&str, &str)]) -> Self {
        let neutral = |text: &str| {
            places
                .iter()
                .fold(text.to_owned(), |text, (url, word)| text.replace(url.trim_start_matches("http://"), word))
        };
        let html = reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        let text = neutral(&reply.body);
        let body = match serde_json::from_str::<Value>(&text) {
            _ if request.status_only => Body::NotCompared,
            _ if html => Body::Html,
            Ok(mut value) => {
                // Names that share a bucket of Java's hash map come in the order in which they were made.
                if let (Some(members), true) = (value.as_object_mut(), request.path.starts_with("/connectors?")) {
                    members.sort_keys();
                }
                Body::Json(normal(value, None).to_string())
            }
            Err(_) => Body::Text(text),
        };
        let compared = reply.headers.iter().filter(|(name, _)| !NOT_COMPARED.contains(&&**name));
        let headers = compared.map(|(name, value)| {
            let value = match since_then(reply, value) {
                Some(tens) => format!("{tens} tens of seconds from now"),
                None => neutral(value).to_lowercase().replace(' ', ""),
            };
            // The order in Java is another in every process.
            let mut items: Vec<&str> = value.split(',').collect();
            if name == "access-control-allow-methods" {
                items.sort_unstable();
            }
            (name.clone(), items.join(","))
        });
        Self { status: reply.status, headers: headers.collect(), body }
    }
}

/// Loggers of classes: which there are differs by nature.
fn is_of_a_class(logger: &str) -> bool {
    ["org.", "com.fasterxml.", "kafka.", "moldau"].iter().any(|package| logger.starts_with(package))
}

/// How far a date is from that of the answer, in tens of seconds.
fn since_then(reply: &Reply, value: &str) -> Option<i64> {
    let seconds = |text: &str| {
        let at = httpdate::parse_http_date(text).ok()?;
        i64::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
    };
    Some((seconds(value)? - seconds(reply.header("date")?)? + 5).div_euclid(10))
}

/// Without what follows the first line of a trace, times of changes, the loggers of classes and the connectors
/// that only Java has; lists of names and offsets, which Java keeps in a hash map, in order.
pub(crate) fn normal(value: Value, key: Option<&str>) -> Value {
    match (key, value) {
        // The texts about keys are our own.
        (Some("documentation"), Value::String(_)) => Value::Null,
        // Behind the first line come frames, and causes that Java's libraries word in their own way.
        (Some("trace"), Value::String(trace)) => trace.lines().next().unwrap_or_default().into(),
        (Some("last_modified"), Value::Number(_)) => Value::String("TIME".to_owned()),
        (_, Value::Array(mut items)) if items.iter().all(Value::is_string) => {
            if key.is_none() {
                items.retain(|item| !item.as_str().is_some_and(is_of_a_class));
            }
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        // A hash map in Java too.
        (Some("offsets"), Value::Array(mut items)) => {
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        (_, Value::Array(items)) => {
            let mirrors = |item: &Value| {
                item["class"].as_str().is_some_and(|class| class.starts_with("org.apache.kafka.connect.mirror."))
            };
            items.into_iter().filter(|item| !mirrors(item)).map(|item| normal(item, None)).collect()
        }
        (Some("message"), Value::String(text)) => {
            text.split_once("available connectors are: ").map_or(text.as_str(), |(before, _)| before).into()
        }
        (_, Value::Object(mut members)) => {
            members.retain(|name, member| member.get("last_modified").is_none() || !is_of_a_class(name));
            members.into_iter().map(|(name, member)| (name.clone(), normal(member, Some(&name)))).collect()
        }
        (_, other) => other,
    }
}
