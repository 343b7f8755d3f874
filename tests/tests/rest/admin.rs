//! Where the part for administrators is served.

use super::play::compare_on;
use super::steps::*;

fn requests() -> Vec<Step> {
    let hello = [("origin", "http://a.example")];
    vec![
        get("/"),
        get("/connectors"),
        get("/health"),
        get("/health/"),
        get("/admin"),
        get("/admin/nowhere"),
        with("GET", "/connector-plugins", &hello, None),
        with("OPTIONS", "/connectors", &[], None),
        get("/connectors/a%2Fb"),
        put_empty("/connectors/x/pause"),
    ]
}

#[test]
fn own_listeners_for_administrators_are_javas() {
    let mut steps: Vec<Step> =
        requests().into_iter().chain([get("/admin/loggers/nope"), delete("/admin/loggers")]).collect();
    steps.extend(requests().into_iter().map(at_admin));
    compare_on(
        &[
            ("admin.listeners", "ADMIN"),
            ("response.http.headers.config", "set X-One: 1"),
            ("access.control.allow.origin", "*"),
        ],
        &steps,
    );
}

#[test]
fn no_part_for_administrators_is_javas() {
    let mut steps = requests();
    steps.extend([get("/admin/loggers"), get("/admin/loggers/root"), with("OPTIONS", "/admin/loggers", &[], None)]);
    compare_on(&[("admin.listeners", "")], &steps);
}
