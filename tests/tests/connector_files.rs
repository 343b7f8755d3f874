//! Connector files and listeners as people write them, given to Java's worker and to ours: what REST shows is the same
//! text, and both are reached at the same addresses.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "black-box tests read real files and open real connections"
)]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::{EmbeddedBroker, Engine, Worker, WorkerFiles, wait_until};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(60);

fn sixteen(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn wide(text: &str) -> Vec<u8> {
    text.chars().flat_map(|character| u32::from(character).to_be_bytes()).collect()
}

/// Names and contents of files that Java's worker takes.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let class = "\"connector.class\":\"FileStreamSource\",\"topic\":\"files\"";
    let lines = "connector.class=FileStreamSource\ntopic=files\n";
    let properties = |name: &str, more: &str| format!("name={name}\n{lines}{more}");
    vec![
        ("flat.json", format!("{{\"z\":1.50,\"name\":\"flat\",{class},\"b\":true}}").into()),
        ("nested.json", format!("{{\"name\":\"nested\",\"config\":{{\"z\":\"1\",{class},\"a\":1e3}}}}").into()),
        (
            "twice.json",
            format!("{{\"name\":\"no\",\"config\":{{}},\"name\":\"twice\",\"config\":{{{class},\"a\":\"1\",\"a\":\"2\"}}}}").into(),
        ),
        ("stopped.json", format!("{{\"name\":\"stopped\",\"config\":{{{class}}},\"initial_state\":\"stopped\"}}").into()),
        ("other.JSON", format!("{{\"name\":\"other\",\"config\":{{{class}}},\"more\":[1]}} and more").into()),
        ("json.properties", format!("{{\"name\":\"named as properties\",{class}}}").into()),
        ("properties.json", properties("named as JSON", "").into()),
        ("marked.json", format!("\u{feff}{{\"name\":\"marked\",{class}}}").into()),
        ("sixteen.json", sixteen(&format!("\u{feff}{{\"name\":\"sixteen \u{fc}\u{1f600}\",{class}}}"))),
        ("unmarked.json", sixteen(&format!("{{\"name\":\"unmarked \u{20ac}\",{class}}}"))),
        ("wide.json", wide(&format!("{{\"name\":\"wide \u{e9}\",{class}}}"))),
        ("utf-8.properties", properties("utf-8 \u{fc}", "x=\u{20ac}\n").into()),
        ("latin.properties", [properties("latin", "x=").as_bytes(), b"\xe9\n"].concat()),
        ("marked.properties", format!("\u{feff}#first\n{}", properties("marked properties", "")).into()),
        ("windows.properties", properties("windows", "a=1\nb=2\n").replace('\n', "\r\n").into()),
        ("old-mac.properties", properties("old mac", "a=1\nb=2\n").replace('\n', "\r").into()),
        (
            "odd.properties",
            properties(
                "odd",
                "  k e y = v \n\\ lead=1\nk\\=x=2\n=nothing\nempty\ndup=1\ndup=2\ntrail=v   \t\nc=a\\\n   b\\\r\n   c\n#no\\\nd=1\n\
                 !no\nx\\:y : z\ntab\tval\nesc=\\t\\n\\q\\u0041\u{c} \0\nlast=x\\",
            )
            .into(),
        ),
        ("slash.properties", properties("a/b c%d", "").into()),
        ("blank.properties", properties("blank \\t ", "").into()),
    ]
}

fn shown(worker: &Worker, path: &str) -> String {
    worker.rest().get(path).unwrap().body.replace(worker.rest().base().trim_start_matches("http://"), "WORKER")
}

/// What REST says of each connector once the last file is read, members in their order.
fn read(engine: Engine, broker: &EmbeddedBroker, written: &[PathBuf]) -> BTreeMap<String, String> {
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let mut worker = engine.standalone(&files.standalone(&[]).unwrap(), written).unwrap();
    let all = || -> usize { worker.rest().get("/connectors").unwrap().json().unwrap().as_array().unwrap().len() };
    wait_until("all connectors", SOON, || all() == written.len()).unwrap_or_else(|e| panic!("{e}\n{}", worker.log()));
    let expanded: Value = serde_json::from_str(&shown(&worker, "/connectors?expand=info")).unwrap();
    assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
    expanded.as_object().unwrap().iter().map(|(name, told)| (name.clone(), told.to_string())).collect()
}

#[test]
fn connectors_of_files_are_shown_in_javas_words_and_order() {
    let broker = EmbeddedBroker::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |(name, content): (&str, Vec<u8>)| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let written: Vec<PathBuf> = files().into_iter().map(write).collect();
    let [java, moldau] = [Engine::Java, Engine::Moldau].map(|engine| read(engine, &broker, &written));
    assert_eq!(moldau, java);
    assert!(java["flat"].contains(r#"{"z":"1.50","name":"flat","#), "the order of members is seen: {}", java["flat"]);
}

/// Which loopback addresses answer, and what the worker calls itself.
fn reached(engine: Engine, broker: &EmbeddedBroker, host: &str, connector: &Path) -> (bool, bool, String) {
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let listener = format!("http://{host}:{}", files.port());
    let worker = files.standalone(&[("listeners", &listener)]).unwrap();
    let mut worker = engine.standalone(&worker, &[connector.to_owned()]).unwrap();
    let status = || worker.rest().get("/connectors/named/status").unwrap();
    wait_until("the connector", SOON, || status().status == 200).unwrap();
    let answers = |address: SocketAddr| TcpStream::connect_timeout(&address, SOON).is_ok();
    let port = files.port();
    let [four, six] = [(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()].map(answers);
    let id = status().json().unwrap()["connector"]["worker_id"].as_str().unwrap().replace(&port.to_string(), "PORT");
    assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
    (four, six, id)
}

#[test]
fn listeners_without_a_host_are_reached_where_javas_are() {
    let broker = EmbeddedBroker::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let connector = folder.path().join("named.properties");
    std::fs::write(&connector, "name=named\nconnector.class=FileStreamSource\ntopic=files\n").unwrap();
    for host in ["", "0.0.0.0", "localhost"] {
        let [java, moldau] = [Engine::Java, Engine::Moldau].map(|engine| reached(engine, &broker, host, &connector));
        assert_eq!(moldau, java, "host {host:?}");
        assert!(moldau.0, "host {host:?} is not reached over IPv4");
    }
}
