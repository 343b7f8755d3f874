//! What a list of exchanges is made of: requests, and waits between them.

use serde_json::Value;

/// One step of the list.
pub(crate) enum Step {
    /// A request, and what its answer is compared by.
    Ask(Request),
    /// Waits until a connector and all its tasks are in a state.
    Until(&'static str, &'static str),
    /// Waits until so many tasks of a connector run, and no others are known.
    UntilTasks(&'static str, usize),
    /// Waits until a connector has no tasks and is in a state.
    UntilAlone(&'static str, &'static str),
    /// Waits until the first task of a connector has failed.
    UntilFailed(&'static str),
    /// Waits until the answer to a GET is this.
    UntilAnswer(String, Value),
}

#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) door: Door,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Option<String>,
    /// Whether texts in the answer are Java's parser speaking, of which only the status counts.
    pub(crate) status_only: bool,
}

/// Which listener of the worker a request goes to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    Main,
    Admin,
}

impl Request {
    pub(crate) fn line(&self) -> String {
        let headers: Vec<String> = self.headers.iter().map(|(name, value)| format!(" {name}: {value}")).collect();
        let door = if matches!(self.door, Door::Admin) { "admin: " } else { "" };
        format!("{door}{} {}{} {}", self.method, self.path, headers.concat(), self.body.as_deref().unwrap_or_default())
    }
}

/// Waits until a connector has these offsets, in the order of their texts.
pub(crate) fn until_offsets(connector: &str, offsets: &Value) -> Step {
    Step::UntilAnswer(format!("/connectors/{connector}/offsets"), serde_json::json!({"offsets": offsets}))
}

pub(crate) fn ask(method: &'static str, path: &str, body: Option<String>) -> Step {
    let mut headers = vec![("accept", "application/json")];
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    Step::Ask(Request { door: Door::Main, method, path: path.to_owned(), headers, body, status_only: false })
}

pub(crate) fn get(path: &str) -> Step {
    ask("GET", path, None)
}

pub(crate) fn delete(path: &str) -> Step {
    ask("DELETE", path, None)
}

pub(crate) fn put(path: &str, body: &Value) -> Step {
    ask("PUT", path, Some(body.to_string()))
}

pub(crate) fn put_empty(path: &str) -> Step {
    ask("PUT", path, None)
}

pub(crate) fn post(path: &str, body: &Value) -> Step {
    ask("POST", path, Some(body.to_string()))
}

pub(crate) fn post_empty(path: &str) -> Step {
    ask("POST", path, None)
}

pub(crate) fn patch(path: &str, body: &Value) -> Step {
    ask("PATCH", path, Some(body.to_string()))
}

/// Only the status is compared: the text is that of Java's JSON parser.
pub(crate) fn unreadable(method: &'static str, path: &str, body: &str) -> Step {
    match ask(method, path, Some(body.to_owned())) {
        Step::Ask(request) => Step::Ask(Request { status_only: true, ..request }),
        other => other,
    }
}

pub(crate) fn with(
    method: &'static str,
    path: &str,
    headers: &[(&'static str, &'static str)],
    body: Option<&str>,
) -> Step {
    let (headers, body) = (headers.to_vec(), body.map(str::to_owned));
    Step::Ask(Request { door: Door::Main, method, path: path.to_owned(), headers, body, status_only: false })
}

/// The same request at the admin listener.
pub(crate) fn at_admin(step: Step) -> Step {
    match step {
        Step::Ask(request) => Step::Ask(Request { door: Door::Admin, ..request }),
        other => other,
    }
}
