//! Connectors whose code hangs or panics when it is asked about itself, beside healthy ones with records on their way:
//! the healthy ones never notice, nobody else's request waits, and who asked gets an answer. And those that want more tasks
//! than they may have, beside Java's.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests")]

#[path = "neighbours/greedy.rs"]
mod greedy;
#[path = "neighbours/naughty.rs"]
mod naughty;
#[path = "neighbours/worker.rs"]
mod worker;

use std::thread;

use e2e::Reply;
use serde_json::json;

use naughty::{Habit, Naughty};
use worker::World;

/// More than one plug-in is asked at a time, and more than the worker has threads for everything else.
const ASKERS: usize = 7;

/// Everything but `name`, whose plug-in hangs, is as always.
fn the_others_go_on(world: &World, name: &str) {
    let rest = world.rest();
    world.records_flow();
    let reply = world.create("beside", Naughty::HEALTHY, &[]);
    assert_eq!(reply.status, 201, "{}", reply.body);
    let config = json!({"connector.class": "FileStreamSource", "file": "/x", "topic": "t", "name": "n"});
    let reply = rest.put("/connector-plugins/FileStreamSource/config/validate", &config).unwrap();
    assert_eq!((reply.status, reply.json().unwrap()["error_count"].clone()), (200, json!(0)), "{}", reply.body);
    for path in ["/connectors", "/connectors?expand=status", "/connector-plugins?connectorsOnly=false"] {
        assert_eq!(rest.get(path).unwrap().status, 200, "{path}");
    }
    assert_eq!(rest.get("/connector-plugins/FileStreamSink/config").unwrap().status, 200);
    assert_eq!(rest.get(&format!("/connectors/{name}/status")).unwrap().status, 404, "it is not there");
    assert_eq!(rest.delete("/connectors/beside").unwrap().status, 204);
    world.records_flow();
}

fn a_hanging_question_concerns_whoever_asked(habit: Habit) {
    let world = World::start();
    world.records_flow();
    let class = world.naughty(habit).class();
    let asked: Vec<thread::JoinHandle<Reply>> = (0..ASKERS)
        .map(|number| {
            let rest = world.rest().clone();
            let ask = move || match number {
                0 => {
                    let config = json!({"connector.class": class, "key": "v", "name": "hung"});
                    rest.post("/connectors", &json!({"name": "hung", "config": config})).unwrap()
                }
                _ => {
                    let config = json!({"connector.class": class, "key": "v", "name": "asked"});
                    rest.put(&format!("/connector-plugins/{class}/config/validate"), &config).unwrap()
                }
            };
            thread::spawn(ask)
        })
        .collect();
    world.eventually("the plug-in hangs", || world.naughty(habit).blocked() == 4);
    the_others_go_on(&world, "hung");
    assert_eq!(world.naughty(habit).blocked(), 4, "it holds no more threads than these");
    world.naughty(habit).release();
    for (number, asked) in asked.into_iter().enumerate() {
        let reply = asked.join().unwrap();
        assert_eq!(reply.status, if number == 0 { 201 } else { 200 }, "{}", reply.body);
    }
    assert_eq!(world.rest().get("/connectors/hung/status").unwrap().json().unwrap()["connector"]["state"], "RUNNING");
    world.records_flow();
}

#[test]
fn a_connector_that_hangs_when_it_says_its_keys_holds_up_nobody() {
    a_hanging_question_concerns_whoever_asked(Habit::HangsInConfig);
}

#[test]
fn a_connector_that_hangs_in_its_validation_holds_up_nobody() {
    a_hanging_question_concerns_whoever_asked(Habit::HangsInValidate);
}

#[test]
fn a_connector_that_hangs_when_its_offsets_are_altered_holds_up_nobody() {
    let world = World::start();
    let habit = Habit::HangsInAlterOffsets;
    assert_eq!(world.create("hung", world.naughty(habit).class(), &[]).status, 201);
    assert_eq!(world.rest().put("/connectors/hung/stop", &json!(null)).unwrap().status, 204);
    let rest = world.rest().clone();
    let asked = thread::spawn(move || {
        let offsets = json!({"offsets": [{"partition": {"p": 1}, "offset": {"o": 2}}]});
        rest.patch("/connectors/hung/offsets", &offsets).unwrap()
    });
    world.eventually("the plug-in hangs", || world.naughty(habit).blocked() == 1);
    the_others_go_on(&world, "none");
    assert_eq!(world.rest().get("/connectors/hung/offsets").unwrap().body, r#"{"offsets":[]}"#);
    world.naughty(habit).release();
    assert_eq!(asked.join().unwrap().status, 200);
    assert!(world.rest().get("/connectors/hung/offsets").unwrap().body.contains(r#""o":2"#));
}

#[test]
fn a_connector_that_panics_when_it_is_asked_fails_the_request_alone() {
    let world = World::start();
    for (habit, text) in [(Habit::PanicsInConfig, "config panicked"), (Habit::PanicsInValidate, "validate panicked")] {
        let class = world.naughty(habit).class();
        let config = json!({"connector.class": class, "key": "v", "name": "asked"});
        let reply = world.rest().put(&format!("/connector-plugins/{class}/config/validate"), &config).unwrap();
        let expected = json!({"error_code": 500, "message": format!("java.lang.RuntimeException: {text}")});
        assert_eq!((reply.status, reply.json().unwrap()), (500, expected));
        let reply = world.create("panics", class, &[("key", "v")]);
        assert_eq!((reply.status, reply.json().unwrap()), (500, json!({"error_code": 500, "message": text})));
        let keys = world.rest().get(&format!("/connector-plugins/{class}/config")).unwrap();
        assert_eq!(keys.status, if habit == Habit::PanicsInConfig { 500 } else { 200 }, "{}", keys.body);
        the_others_go_on(&world, "panics");
    }
}

#[test]
fn a_connector_that_panics_over_its_version_has_the_version_undefined() {
    let world = World::start();
    let class = world.naughty(Habit::PanicsInVersion).class();
    let plugins = world.rest().get("/connector-plugins").unwrap().json().unwrap();
    let plugin = plugins.as_array().unwrap().iter().find(|plugin| plugin["class"] == class).unwrap().clone();
    assert_eq!(plugin, json!({"class": class, "type": "source", "version": "undefined"}));
    assert_eq!(world.create("unversioned", class, &[]).status, 201);
    let status = world.rest().get("/connectors/unversioned/status").unwrap().json().unwrap();
    assert_eq!(
        (&status["connector"]["state"], &status["connector"]["version"]),
        (&json!("RUNNING"), &json!("undefined"))
    );
    the_others_go_on(&world, "none");
}

#[test]
fn a_connector_that_panics_when_it_is_asked_for_its_tasks_has_none() {
    let world = World::start();
    let class = world.naughty(Habit::PanicsInTaskConfigs).class();
    let reply = world.create("taskless", class, &[]);
    assert_eq!((reply.status, reply.json().unwrap()["message"].clone()), (500, json!("task_configs panicked")));
    let status = world.rest().get("/connectors/taskless/status").unwrap().json().unwrap();
    assert_eq!((&status["connector"]["state"], &status["tasks"]), (&json!("RUNNING"), &json!([])));
    the_others_go_on(&world, "none");
    assert_eq!(world.rest().delete("/connectors/taskless").unwrap().status, 204);
}
