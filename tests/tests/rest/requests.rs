//! Bodies, types, paths and queries, as a client can get them wrong.

use serde_json::{Value, json};

use super::configs::{scene, source};
use super::play::{compare, compare_on};
use super::steps::*;

const JSON: (&str, &str) = ("content-type", "application/json");

/// Every way to send no body, and some to send one that is not JSON.
fn bodies(method: &'static str, path: &str) -> [Step; 6] {
    [
        with(method, path, &[], None),
        with(method, path, &[JSON], None),
        with(method, path, &[JSON], Some("null")),
        with(method, path, &[], Some(if path.ends_with("/tasks") { "[]" } else { "{}" })),
        with(method, path, &[("content-type", "text/plain")], None),
        with(method, path, &[("content-type", "application/vnd.api+json")], Some("[]")),
    ]
}

#[test]
fn requests_without_bodies_are_javas() {
    let folder = scene();
    let mut steps = vec![put("/connectors/known/config", &source(folder.path(), &[]))];
    for (method, path) in [
        ("POST", "/connectors"),
        ("PUT", "/connectors/x/config"),
        ("PATCH", "/connectors/x/config"),
        ("PATCH", "/connectors/known/config"),
        ("PUT", "/connector-plugins/FileStreamSource/config/validate"),
        ("PATCH", "/connectors/x/offsets"),
        ("DELETE", "/connectors/x/offsets"),
        ("PUT", "/connectors/x/pause"),
        ("DELETE", "/connectors/x"),
        ("POST", "/connectors/x/tasks"),
        ("PUT", "/connectors/x/fence"),
    ] {
        steps.extend(bodies(method, path));
    }
    compare(&steps);
}

#[test]
fn media_types_are_javas() {
    let accept = |accept| with("GET", "/connectors", &[("accept", accept)], None);
    let mut steps: Vec<Step> = [
        "application/json",
        "Application/JSON",
        "application/*",
        "*/json",
        "*/*;q=0.1",
        "text/html, application/json;q=0.2",
        "application/json;q=0",
        "text/html",
        "a",
        ";;",
        "application/json;q=2",
        "application/json;q=0.1234",
        "text/plain;v",
    ]
    .into_iter()
    .map(accept)
    .collect();
    for kind in
        ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;charset=nope", "a", ";", "a/b/c"]
    {
        for (method, accept) in
            [("PUT", "*/*"), ("POST", "application/json"), ("POST", "text/plain"), ("POST", "image/png")]
        {
            let path = if method == "PUT" { "/connectors/x/config" } else { "/connectors" };
            steps.push(with(method, path, &[("content-type", kind), ("accept", accept)], Some("{}")));
        }
    }
    compare(&steps);
}

#[test]
fn texts_that_are_no_configuration_are_javas() {
    let folder = scene();
    let put = |body: &str| unreadable("PUT", "/connectors/x/config", body);
    let post = |body: &str| unreadable("POST", "/connectors", body);
    let mut steps: Vec<Step> = [
        "{'name':'x'}",
        "{\"name\":\"x\",}",
        "{\"a\":NaN}",
        "{\"a\":1 /* c */}",
        "\"text\"",
        "12",
        "true",
        "{\"a\":[]}",
        "{\"a\":{}}",
        "{\"a\":01}",
        "{\"a\":\"\t\"}",
        "\u{feff}{}",
        "{",
        "{\"a\"}",
        "{\"a\":1}}",
        "{\"a\":1,\"a\":2}",
        " \n",
        "{\"a\":\"\\x\"}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":-}",
    ]
    .map(put)
    .into();
    steps.extend(
        [
            "{\"name\":5,\"config\":{}}",
            "{\"name\":[\"x\"],\"config\":{}}",
            "{\"name\":\"x\",\"config\":[]}",
            "{\"name\":\"x\",\"config\":\"\"}",
            "{\"name\":\"x\",\"config\":{},\"initial_state\":\"\"}",
            "{\"name\":\"x\",\"config\":{},\"initial_state\":1}",
            "{\"name\":\"x\",\"config\":{},\"Name\":1}",
            "{\"config\":{}}",
            "{}",
            "[]",
            "\"x\"",
            "{\"name\":null,\"config\":{}}",
            "{\"name\":\"x\",\"config\":null}",
        ]
        .map(post),
    );
    let config = |more: &str| {
        let file = folder.path().join("in.txt");
        format!("{{\"connector.class\":\"FileStreamSource\",\"topic\":\"rest-lines\",\"file\":{:?},{more}}}", file)
    };
    let numbers = "\"a\":1e2,\"b\":1.0,\"c\":-0,\"d\":1E400,\"e\":0.1e-7,\"f\":123456789012345678901234567890.5,\
                   \"g\":100000000.0,\"h\":1e7,\"i\":-0.0,\"j\":1.50,\"k\":true,\"l\":\"\\u00fc\\/\\\"\"";
    steps.extend([
        ask("PUT", "/connectors/numbers/config", Some(config(numbers))),
        get("/connectors/numbers/config"),
        ask("PUT", "/connectors/numbers/config", Some(config("\"topic\":null"))),
        ask("PUT", "/connectors/numbers/config", Some(config("\"i\":null"))),
        ask("PUT", "/connectors/numbers/config", Some(config("\"tasks.max\":null"))),
        ask("PATCH", "/connectors/numbers/config", Some("{\"topic\":null}".to_owned())),
        ask("PATCH", "/connectors/numbers/config", Some("{\"absent\":null}".to_owned())),
        ask("PATCH", "/connectors/numbers/config", Some("{}".to_owned())),
        ask("PATCH", "/connectors/numbers/config", Some("{\"tasks.max\":2,\"k\":null}".to_owned())),
        ask("PATCH", "/connectors/numbers/config", Some("{\"tasks.max\":\"many\"}".to_owned())),
        get("/connectors/numbers/config"),
    ]);
    compare(&steps);
}

#[test]
fn paths_and_queries_are_javas() {
    let folder = scene();
    let config = source(folder.path(), &[]);
    let named = |name: &str| post("/connectors", &json!({"name": name, "config": config}));
    let mut steps: Vec<Step> = ["..", ".", "a b", "a=b;c", "p+q", "a'b", "xAy"].map(named).into();
    steps.extend(
        [
            "/connectors/..",
            "/connectors/.",
            "/connectors/...",
            "/connectors/../connectors",
            "/./connectors",
            "/connectors/a%20b",
            "/connectors/a%20b/./status",
            "/connectors/%2e",
            "/connectors/%2E%2e/status",
            "/connectors/.%2e",
            "/connectors/%00",
            "/connectors/%C3",
            "/connectors/%ff%fe",
            "/connectors/%e2%82%ac",
            "/connectors/a=b;c",
            "/connectors/a=b%3Bc",
            "/connectors/p+q",
            "/connectors/p%2Bq",
            "/connectors/p%20q",
            "/connectors/a'b/config",
            "/connectors/x%41y",
            "/connectors/xAy",
            "/connectors/%5B",
            "/connectors/a|b",
            "/connectors?expand=info&expand=status",
            "/connectors?expand=%69nfo",
            "/connectors?%65xpand=info",
            "/connectors?expand=in+fo",
            "/connectors?expand=%ff",
            "/connectors?expand=%zz",
            "/connectors?expand",
            "/connectors?Expand=info",
            "/connectors?expand=info;expand=status",
            "/connectors?&&=&expand=info&",
            "/connectors/a%20b/tasks/-1/status",
            "/connectors/none/tasks/-1/status",
            "/connectors/a%20b/tasks/+0/status",
            "/connectors/a%20b/tasks/00/status",
            "/connectors/a%20b/tasks/2147483648/status",
            "/connectors/a%20b/tasks/0%20/status",
            "/connectors/a%20b/tasks//status",
            "/Connectors",
            "/connectors/a%20b/Status",
            "/connector-plugins/",
            "/connectors/a%20b/tasks-config",
        ]
        .map(get),
    );
    compare(&steps);
}

#[test]
fn addresses_of_new_connectors_are_javas() {
    let folder = scene();
    let config = source(folder.path(), &[]);
    let named = |name: &str| json!({"name": name, "config": config});
    let by_host = |host| with("POST", "/connectors", &[JSON, ("host", host)], Some("{\"config\":{}}"));
    let names = [
        "a{x}b",
        "a{x",
        "a}b",
        "a{}b",
        "{x:[0-9]+}{y}",
        "{ x }",
        "{x y}",
        "a[b]$c",
        "\u{e4}\u{20ac}\u{1f600}",
        "a%zzb",
        "a%4",
        "a|b^c`d<e>",
        "a?b#c",
        "a\"b\\c",
        "a:b@c",
        "-_.~",
        "\u{7f}",
        "  padded  ",
    ];
    let long: String = "long-".repeat(100);
    let mut steps: Vec<Step> = names.iter().map(|name| post("/connectors", &named(name))).collect();
    steps.push(post("/connectors", &named(&long)));
    steps.push(get(&format!("/connectors/{long}/config")));
    steps.push(get("/connectors"));
    steps.push(with("POST", "/connectors", &[JSON, ("host", "my.host:99")], Some(&named("by-host").to_string())));
    steps.push(by_host("other"));
    let again: Value = config.clone();
    steps.push(put("/connectors/by-host/config", &again));
    steps.push(put("/connectors/%C3%BC%20%7C/config", &again));
    // Some of these names can be said in no path.
    compare_on(&[("offset.flush.timeout.ms", "4999")], &steps);
}

#[test]
fn requests_of_other_workers_are_javas() {
    let signed = |signature, algorithm| {
        let headers =
            [JSON, ("x-connect-authorization", signature), ("x-connect-request-signature-algorithm", algorithm)];
        [with("POST", "/connectors/x/tasks", &headers, Some("[]")), with("PUT", "/connectors/x/fence", &headers, None)]
    };
    let mut steps = vec![
        with("POST", "/connectors/x/tasks", &[JSON], Some("[]")),
        with("POST", "/connectors/x/tasks", &[JSON], Some("[{\"a\":\"b\"},{}]")),
        unreadable("POST", "/connectors/x/tasks", "["),
        unreadable("POST", "/connectors/x/tasks", "{}"),
        with("POST", "/connectors/x/tasks", &[JSON, ("x-connect-authorization", "!!")], Some("[]")),
        with("PUT", "/connectors/x/fence", &[], None),
        put_empty("/connectors/x/fence?forward=x"),
        put_empty("/connectors/x/pause?forward=true"),
    ];
    for (signature, algorithm) in [
        ("YQ==", "HmacSHA256"),
        ("YQ", "hmacsha1"),
        ("abc", "HmacSHA512"),
        ("!!", "HmacSHA256"),
        ("Y=Q=", "HmacSHA256"),
        ("YQ==", "Bogus"),
        ("", "HmacSHA256"),
    ] {
        steps.extend(signed(signature, algorithm));
    }
    compare(&steps);
}
