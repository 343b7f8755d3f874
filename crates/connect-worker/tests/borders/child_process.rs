//! A connector in a process of its own: an echo over a Unix socket, with batches and credits.
//!
//! Each frame is a length (u32, big endian) and that many bytes: a kind, then what belongs to it. The worker's side
//! says START (credits u32, then the text to echo, one line a record), MORE (credits u32: so many records were
//! acknowledged) and STOP; the child says BATCH (for each record: tag u64, length u32, text) and never has more records
//! unacknowledged than it has credits. This process is its own child: the test binary, asked for one test.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream as BlockingStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use connect_api::source::{
    Acknowledgement, Acknowledger, SourceBatch, SourceHalves, SourceReader, SourceTask, SourceTaskContext,
};
use connect_api::{Datum, Error, Record, Result, Signal, SourceOffset, SourcePartition};
use kafka_config::RawConfig;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::doubles::{World, on_threads};

const SOCKET: &str = "MOLDAU_ECHO_SOCKET";
const START: u8 = 1;
const MORE: u8 = 2;
const STOP: u8 = 3;
const BATCH: u8 = 4;

fn frame(kind: u8, body: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u32(0);
    frame.put_u8(kind);
    body(&mut frame);
    let length = frame.len() as u32 - 4;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    frame.freeze()
}

/// The first frame of `buffer`, if it is there whole.
fn take_frame(buffer: &mut BytesMut) -> Option<Bytes> {
    let length = buffer.get(..4).map(|mut length| length.get_u32() as usize)?;
    if buffer.len() < 4 + length {
        return None;
    }
    buffer.advance(4);
    Some(buffer.split_to(length).freeze())
}

/// The child: echoes lines in batches of at most three, as credits allow.
fn echo(mut socket: BlockingStream) {
    let mut buffer = BytesMut::new();
    let (mut lines, mut credits, mut next) = (Vec::new(), 0, 0);
    loop {
        while let Some(mut frame) = take_frame(&mut buffer) {
            match frame.get_u8() {
                START => {
                    credits = frame.get_u32() as usize;
                    lines = String::from_utf8(frame.to_vec()).unwrap().lines().map(str::to_owned).collect();
                }
                MORE => credits += frame.get_u32() as usize,
                STOP => return,
                other => panic!("frame of kind {other}"),
            }
        }
        while credits > 0 && next < lines.len() {
            let count = credits.min(3).min(lines.len() - next);
            let batch = frame(BATCH, |out| {
                for (index, line) in lines.iter().enumerate().skip(next).take(count) {
                    out.put_u64(index as u64);
                    out.put_u32(line.len() as u32);
                    out.put_slice(line.as_bytes());
                }
            });
            socket.write_all(&batch).unwrap();
            (credits, next) = (credits - count, next + count);
        }
        let mut bytes = [0; 4_096];
        match socket.read(&mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(count) => buffer.extend_from_slice(&bytes[..count]),
        }
    }
}

/// What the child process runs; in the test run itself it has nothing to do.
#[test]
fn the_child_of_the_echo_connector_serves_its_socket() {
    if let Some(path) = std::env::var_os(SOCKET) {
        echo(BlockingStream::connect(path).unwrap());
    }
}

type Process = Arc<Mutex<Option<Child>>>;

struct EchoTask(Process);

#[async_trait]
impl SourceTask for EchoTask {
    async fn start(self: Box<Self>, context: SourceTaskContext, config: RawConfig) -> Result<SourceHalves> {
        let folder = tempfile::tempdir().map_err(|error| Error::io("no folder for the socket", error))?;
        let path = folder.path().join("echo");
        let listener = UnixListener::bind(&path).map_err(|error| Error::io("no socket", error))?;
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["child_process::the_child_of_the_echo_connector_serves_its_socket", "--exact"])
            .env(SOCKET, &path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| Error::io("no process", error))?;
        *self.0.lock() = Some(child);
        let accepted = context.env.timeout(Duration::from_secs(30), listener.accept()).await;
        let (stream, _) = accepted
            .map_err(|elapsed| Error::connect("the process did not connect").caused_by(elapsed))?
            .map_err(|error| Error::io("the process did not connect", error))?;
        let (read, mut write) = stream.into_split();
        let credits: u32 = config.get("credits").unwrap().parse().unwrap();
        let start = frame(START, |out| {
            out.put_u32(credits);
            out.put_slice(config.get("lines").unwrap().as_bytes());
        });
        send(&mut write, &start).await?;
        let write = Arc::new(tokio::sync::Mutex::new(write));
        let reader = EchoReader { context, process: self.0, read, write: write.clone(), buffer: BytesMut::new() };
        Ok(SourceHalves { reader: Box::new(reader), acknowledger: Box::new(Credits(write)) })
    }
}

async fn send(socket: &mut OwnedWriteHalf, frame: &[u8]) -> Result<()> {
    socket.write_all(frame).await.map_err(|error| Error::io("the process does not listen", error))
}

struct EchoReader {
    context: SourceTaskContext,
    process: Process,
    read: OwnedReadHalf,
    write: Arc<tokio::sync::Mutex<OwnedWriteHalf>>,
    buffer: BytesMut,
}

impl EchoReader {
    /// The process has closed its socket: it has ended, or will in a moment.
    async fn ended(&self) -> Error {
        for _ in 0..100 {
            let status = self.process.lock().as_mut().unwrap().try_wait();
            if let Ok(Some(status)) = status {
                let name = &self.context.connector;
                return Error::connect(format!("The process of connector {name} has ended: {status}"));
            }
            self.context.env.sleep(Duration::from_millis(20)).await;
        }
        Error::connect("The process has closed its socket")
    }
}

#[async_trait]
impl SourceReader for EchoReader {
    async fn poll(&mut self, batch: &mut SourceBatch) -> Result<()> {
        loop {
            if let Some(mut frame) = take_frame(&mut self.buffer) {
                assert_eq!(frame.get_u8(), BATCH);
                while frame.has_remaining() {
                    let (tag, length) = (frame.get_u64(), frame.get_u32());
                    let text = String::from_utf8(frame.split_to(length as usize).to_vec()).unwrap();
                    let (partition, offset) =
                        (SourcePartition::new([("p", "p")]), SourceOffset::of([("o", tag as i64)]));
                    let record = Record::source("t".into(), partition, offset, Datum::schemaless(text.as_str()));
                    batch.push(record.with_tag(tag));
                }
                return Ok(());
            }
            tokio::select! {
                biased;
                _ = self.context.token.changed_from(Signal::Run) => return Ok(()),
                read = self.read.read_buf(&mut self.buffer) => match read {
                    Ok(0) | Err(_) => return Err(self.ended().await),
                    Ok(_) => {}
                }
            }
        }
    }

    async fn stop(&mut self) -> Result<()> {
        let _ = send(&mut *self.write.lock().await, &frame(STOP, |_| {})).await;
        let ended = self.context.env.timeout(Duration::from_secs(2), self.ended()).await;
        if ended.is_err() {
            let _ = self.process.lock().as_mut().unwrap().kill();
        }
        Ok(())
    }
}

struct Credits(Arc<tokio::sync::Mutex<OwnedWriteHalf>>);

#[async_trait]
impl Acknowledger for Credits {
    async fn commit_records(&mut self, records: &[Acknowledgement]) -> Result<()> {
        send(&mut *self.0.lock().await, &frame(MORE, |out| out.put_u32(records.len() as u32))).await
    }
}

fn echo_source(world: &World, name: &str) -> Process {
    let process = Process::default();
    let made = process.clone();
    world.source_task(name, move || Box::new(EchoTask(made.clone())));
    process
}

fn lines(count: usize) -> String {
    (0..count).map(|number| format!("line {number}\n")).collect()
}

#[test]
fn an_echo_in_a_child_process_never_has_more_records_out_than_it_has_credits() {
    on_threads(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "50").build();
        let process = echo_source(&world, "echo");
        let producer = world.producer("echo");
        producer.hold();
        world.start_source("echo", &[("lines", &lines(10)), ("credits", "4")]);
        world.eventually("all credits are used", || producer.count() == 1 && producer.last().accepted() == 4).await;
        env.sleep(Duration::from_millis(200)).await;
        assert_eq!(producer.last().waiting(), ["line 0", "line 1", "line 2", "line 3"]);
        producer.last().acknowledge(2);
        world.eventually("two more", || producer.last().accepted() == 6).await;
        env.sleep(Duration::from_millis(200)).await;
        assert_eq!(producer.last().accepted(), 6);
        producer.release();
        world.stores("echo", 9).await;
        assert_eq!(world.cluster.values("t"), lines(10).lines().collect::<Vec<_>>());
        world.stop("echo").await;
        assert_eq!(world.statuses.of("echo-0"), ["RUNNING", "UNASSIGNED"]);
        assert!(process.lock().as_mut().unwrap().try_wait().unwrap().unwrap().success(), "it ended in order");
    });
}

#[test]
fn a_child_process_that_is_killed_fails_its_own_task_and_nobody_elses() {
    on_threads(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "50").build();
        let (killed, neighbour) = (echo_source(&world, "killed"), echo_source(&world, "neighbour"));
        let beside = world.source("beside");
        world.producer("killed").hold();
        for name in ["killed", "neighbour"] {
            world.start_source(name, &[("lines", &lines(8)), ("credits", "4")]);
        }
        world.start_source("beside", &[]);
        let producer = world.producer("killed");
        world.eventually("four are out", || producer.count() == 1 && producer.last().accepted() == 4).await;
        producer.last().acknowledge(1);
        world.stores("killed", 0).await;
        killed.lock().as_mut().unwrap().kill().unwrap();
        producer.release();
        world.reaches("killed-0", "FAILED").await;
        let trace = world.statuses.trace("killed-0").unwrap();
        assert_eq!(
            trace,
            "org.apache.kafka.connect.errors.ConnectException: The process of connector killed has ended: signal: 9 \
             (SIGKILL)\n"
        );
        let acknowledged = world.stored("killed").await.unwrap();
        assert!(acknowledged >= 3, "what was out is acknowledged and stored: {acknowledged}");
        world.stores("neighbour", 7).await;
        beside.then_records([1]);
        world.stores("beside", 1).await;
        assert_eq!(world.statuses.of("neighbour-0"), ["RUNNING"]);

        world.stop("killed").await;
        world.start_source("killed", &[("lines", &lines(8)), ("credits", "4")]);
        world.stores("killed", 7).await;
        assert_eq!(world.statuses.last("killed-0"), Some("RUNNING"));
        world.worker.stop().await;
        for process in [&killed, &neighbour] {
            assert!(process.lock().as_mut().unwrap().wait().unwrap().success());
        }
    });
}
