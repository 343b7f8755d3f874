//! What answers say whatever they answer: pages of other origins, headers of the configuration, methods of a path.

use serde_json::json;

use super::configs::{scene, source};
use super::play::{Lines, compare, compare_on};
use super::steps::*;

const RULES: Lines = &[
    ("access.control.allow.origin", "http://a.example,http://.*[.]b[.]example"),
    ("access.control.allow.methods", "GET,PUT"),
    (
        "response.http.headers.config",
        "\"add Cache-Control: no-cache, no-store\", set X-One: 0, set X-One: 1, add X-Two: a, add X-Two: b, setDate \
         Last-Modified: 0, addDate Expires: 86400000, ADD X-Three: c, set Content-Type: text/never",
    ),
];

fn from(origin: &'static str, method: &'static str, path: &str) -> Step {
    with(method, path, &[("origin", origin)], None)
}

fn preflight(origin: &'static str, path: &str, method: &'static str) -> Step {
    let headers =
        [("origin", origin), ("access-control-request-method", method), ("access-control-request-headers", "x-a")];
    with("OPTIONS", path, &headers, None)
}

fn requests() -> Vec<Step> {
    vec![
        get("/"),
        from("http://a.example", "GET", "/"),
        from("HTTP://A.EXAMPLE", "GET", "/connectors"),
        from("http://x.b.example", "GET", "/connectors/none"),
        from("http://xb.example", "GET", "/connectors/none"),
        from("http://a.example.evil", "GET", "/connectors"),
        from("http://b http://a.example", "GET", "/connectors"),
        from("null", "GET", "/connectors"),
        from("http://a.example", "GET", "/nowhere"),
        from("http://a.example", "DELETE", "/connectors/none"),
        from("http://a.example", "PUT", "/connectors"),
        from("http://a.example", "GET", "/connectors/a%2Fb"),
        from("http://a.example", "HEAD", "/connectors"),
        from("http://a.example", "OPTIONS", "/connectors"),
        preflight("http://a.example", "/connectors", "POST"),
        preflight("http://a.example", "/connectors/none/config", "DELETE"),
        preflight("http://a.example", "/nowhere", "GET"),
        preflight("http://other.example", "/connectors", "POST"),
        with("GET", "/connectors", &[("accept", "text/html"), ("origin", "http://a.example")], None),
        with("POST", "/connectors", &[("content-type", "a"), ("origin", "http://a.example")], Some("{}")),
        with("PUT", "/connectors/x/config", &[("content-type", "text/plain")], Some("{}")),
    ]
}

#[test]
fn answers_to_other_origins_and_configured_headers_are_javas() {
    let folder = scene();
    let mut steps = requests();
    steps.push(post("/connectors", &json!({"name": "a", "config": source(folder.path(), &[])})));
    compare_on(RULES, &steps);
}

#[test]
fn any_origin_is_javas() {
    compare_on(
        &[("access.control.allow.origin", "http://a.example, *"), ("response.http.headers.config", "set X-One: 1")],
        &requests(),
    );
}

#[test]
fn methods_of_paths_are_javas() {
    let paths = [
        "/",
        "/health",
        "/connectors",
        "/connectors/x",
        "/connectors/x/config",
        "/connectors/x/status",
        "/connectors/x/pause",
        "/connectors/x/restart",
        "/connectors/x/tasks",
        "/connectors/x/fence",
        "/connectors/x/tasks/0/restart",
        "/connectors/x/tasks/0/status",
        "/connector-plugins",
        "/connector-plugins/x/config",
        "/connector-plugins/x/config/validate",
        "/nowhere",
    ];
    let mut steps: Vec<Step> = paths.iter().map(|path| with("OPTIONS", path, &[], None)).collect();
    let accepts = ["application/json", "text/html", "text/*", "image/png, text/plain;q=0.5", "*/*"];
    steps.extend(accepts.map(|accept| with("OPTIONS", "/connectors", &[("accept", accept)], None)));
    steps.push(with("OPTIONS", "/connectors", &[("content-type", "text/plain")], None));
    steps.extend(["TRACE", "FOO", "get", "PROPFIND"].map(|method| with(method, "/connectors", &[], None)));
    steps.push(with("PROPFIND", "/nowhere", &[], None));
    steps.extend(["/health", "/connectors/none/status", "/nowhere"].map(|path| with("HEAD", path, &[], None)));
    compare(&steps);
}
