//! Requests byte by byte, as proxies, old clients and scripts send them: what Java's worker and ours answer, and whether
//! the connection stays.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests open real connections")]

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use e2e::{EmbeddedBroker, Engine, WorkerFiles, wait_until};

const SOON: Duration = Duration::from_secs(60);
/// An answer that does not come in this time does not come.
const QUIET: Duration = Duration::from_secs(2);

const HEAD: &str = "Host: a.example\r\n";
const PUT: &str = "PUT /connectors/raw/config HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\n";

/// What came back: answers without dates and names of servers, and whether the server has closed the connection.
#[derive(Debug, PartialEq)]
struct Said {
    answers: Vec<(String, BTreeSet<String>, String)>,
    closed: bool,
}

fn exchange(port: u16, pieces: &[Vec<u8>]) -> Said {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(QUIET)).unwrap();
    let mut got = Vec::new();
    let mut closed = false;
    for piece in pieces {
        if stream.write_all(piece).is_err() {
            break;
        }
        closed = listen(&mut stream, &mut got);
    }
    Said { answers: answers(&String::from_utf8_lossy(&got)), closed }
}

/// Reads until nothing comes; whether that is because the connection is closed.
fn listen(stream: &mut TcpStream, got: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 65_536];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(count) => got.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return false,
            Err(_) => return true,
        }
    }
}

fn answers(mut text: &str) -> Vec<(String, BTreeSet<String>, String)> {
    let mut all = Vec::new();
    while let Some((head, rest)) = text.split_once("\r\n\r\n") {
        let mut lines = head.split("\r\n");
        // Java answers HTTP/1.0 with HTTP/1.1.
        let status = lines.next().unwrap().split_once(' ').unwrap_or_default().1.to_owned();
        let of = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let length = of("Content-Length:").map_or(0, |length| length.parse().unwrap()).min(rest.len());
        let (body, next) = rest.split_at(length);
        let html = of("Content-Type:").is_some_and(|kind| kind.starts_with("text/html"));
        // Pages for people are our own.
        let headers = lines.filter(|line| {
            let left_out: &[&str] = if html { &["Content-Length:"] } else { &[] };
            !["Date:", "Server:", "Connection:"].iter().chain(left_out).any(|name| line.starts_with(name))
        });
        all.push((status, headers.map(str::to_owned).collect(), if html { String::new() } else { body.to_owned() }));
        text = next;
    }
    all
}

fn body() -> String {
    r#"{"connector.class":"FileStreamSource","topic":"raw","file":"/dev/null","tasks.max":"1"}"#.to_owned()
}

fn chunked() -> String {
    format!("{:x};a=b\r\n{}\r\n0\r\nTrailer: x\r\n\r\n", body().len(), body())
}

fn requests() -> Vec<Vec<String>> {
    let length = body().len();
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\n{HEAD}{more}\r\n");
    let one = |text: String| vec![text];
    vec![
        one("GET / HTTP/1.0\r\n\r\n".into()),
        one("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".into()),
        one("POST /connectors HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}".into()),
        one(get(
            "/",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        )),
        one("GET / HTTP/1.1\r\n\r\n".into()),
        one("GET / HTTP/1.1\r\nHost:\r\n\r\n".into()),
        one("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".into()),
        one("GET / HTTP/1.1\r\nHost: a b\r\n\r\n".into()),
        one("PUT /connectors/x/pause HTTP/1.1\r\n\r\n".into()),
        one(get("/", "Connection: close\r\n")),
        one(get("/", "").repeat(5)),
        one(get("/connectors", "") + &get("/nope", "") + &get("/connectors/none", "") + &get("/connectors", "")),
        one("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        one(format!("{PUT}Transfer-Encoding: chunked\r\n\r\n{}", chunked())),
        vec![format!("{PUT}Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n"), body()],
        one("PUT /nope HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n".into()),
        one(format!("{PUT}Content-Length: 500\r\n\r\n{}", body())),
        one(format!("{}abcd{}", get("/connectors", "Content-Length: 4\r\n"), get("/", ""))),
        one(format!("{PUT}Transfer-Encoding: chunked\r\n\r\nzz\r\n")),
        one("POST /connectors/raw/restart HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        one(get("/", &format!("X-A: {}\r\n", "a".repeat(7_000)))),
        one(get("/", &(0..150).map(|number| format!("X-{number}: a\r\n")).collect::<String>())),
        one(get(&format!("/connectors/{}", "a".repeat(7_000)), "")),
        one(get("/", "X-A: \u{e9}\u{20ac}\r\n")),
        one("GET / HTTP/1.1\nHost: a\n\n".into()),
        one(format!("\r\n\r\n{}", get("/", ""))),
        one("get / HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        one("HEAD /connectors HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        one(get("/#x", "")),
        one(get("/connectors/", "")),
        one(format!("{PUT}Content-Length: 4\r\n\r\nnull")),
    ]
}

fn play(engine: Engine, broker: &EmbeddedBroker, connector: &Path) -> Vec<Said> {
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let worker = files.standalone(&[]).unwrap();
    let mut worker = engine.standalone(&worker, &[connector.to_owned()]).unwrap();
    let status = || worker.rest().get("/connectors/raw/status").unwrap().status;
    wait_until("the connector", SOON, || status() == 200).unwrap();
    let bytes = |pieces: Vec<String>| -> Vec<Vec<u8>> { pieces.into_iter().map(String::into_bytes).collect() };
    let said = requests().into_iter().map(|pieces| exchange(files.port(), &bytes(pieces))).collect();
    assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
    said
}

#[test]
fn requests_byte_by_byte_are_answered_as_by_java() {
    let broker = EmbeddedBroker::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let connector = folder.path().join("raw.json");
    std::fs::write(&connector, format!("{{\"name\":\"raw\",\"config\":{}}}", body())).unwrap();
    let (java, moldau) = std::thread::scope(|scope| {
        let java = scope.spawn(|| play(Engine::Java, &broker, &connector));
        let moldau = play(Engine::Moldau, &broker, &connector);
        (java.join().unwrap(), moldau)
    });
    let differing: Vec<String> = requests()
        .iter()
        .zip(java.iter().zip(&moldau))
        .filter(|(_, (java, moldau))| java != moldau)
        .map(|(request, (java, moldau))| format!("{request:?}\n  java:   {java:?}\n  moldau: {moldau:?}\n"))
        .collect();
    assert!(differing.is_empty(), "{} of {} differ:\n{}", differing.len(), java.len(), differing.concat());
}
