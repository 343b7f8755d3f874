//! A worker's REST API as a client sees it.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(100);

/// A REST endpoint; calls block.
#[derive(Debug, Clone)]
pub struct Rest {
    base: String,
    agent: ureq::Agent,
}

/// An answer of any status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status code.
    pub status: u16,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("not JSON ({}): {}", self.status, self.body))
    }

    /// The first header of that name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Rest {
    /// A client of `http://127.0.0.1:port`.
    pub fn new(port: u16) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT))
            .max_redirects(0)
            // A server that refuses a request closes the connection behind it: each request has one of its own.
            .max_idle_connections(0)
            .allow_non_standard_methods(true)
            .build();
        Self { base: format!("http://127.0.0.1:{port}"), agent: config.into() }
    }

    /// `http://host:port`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// GET.
    pub fn get(&self, path: &str) -> Result<Reply> {
        self.request("GET", path, None)
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> Result<Reply> {
        self.request("DELETE", path, None)
    }

    /// POST with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Result<Reply> {
        self.request("POST", path, Some(&body.to_string()))
    }

    /// PUT with a JSON body.
    pub fn put(&self, path: &str, body: &Value) -> Result<Reply> {
        self.request("PUT", path, Some(&body.to_string()))
    }

    /// PATCH with a JSON body.
    pub fn patch(&self, path: &str, body: &Value) -> Result<Reply> {
        self.request("PATCH", path, Some(&body.to_string()))
    }

    /// Any method; a body is sent as `application/json`.
    pub fn request(&self, method: &str, path: &str, body: Option<&str>) -> Result<Reply> {
        let accept = ("accept", "application/json");
        match body {
            Some(_) => self.send(method, path, &[accept, ("content-type", "application/json")], body),
            None => self.send(method, path, &[accept], None),
        }
    }

    /// Any method, with these headers only.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Result<Reply> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = match body {
            Some(body) => self.agent.run(request.body(body.to_owned())?)?,
            None => self.agent.run(request.body(())?)?,
        };
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        Ok(Reply {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body: response.body_mut().read_to_string()?,
        })
    }
}
