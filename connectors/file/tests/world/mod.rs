//! What the tests of both connectors run in: contexts of tasks, and a disk that can fail.
#![allow(dead_code, clippy::unwrap_used, reason = "each test crate uses a part")]

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::plugin::{SinkPlugin, SourcePlugin};
use connect_api::sink::{Offsets, SinkRuntime, SinkTask, SinkTaskContext, TopicPartition};
use connect_api::source::{OffsetReader, SourceBatch, SourceReader, SourceTaskContext};
use connect_api::{Origin, Result, Signal, SourceOffset, SourcePartition, TokenSource, Value};
use env::{Disk, Env, File, Metadata, OpenOptions};
use kafka_config::RawConfig;
use parking_lot::Mutex;

/// The machine.
pub(crate) fn machine() -> Env {
    env_real::env(tokio::runtime::Handle::current())
}

/// Stored offsets: one for every partition.
struct Stored(Option<SourceOffset>);

#[async_trait]
impl OffsetReader for Stored {
    async fn offsets(&self, partitions: &[SourcePartition]) -> Result<Vec<Option<SourceOffset>>> {
        Ok(partitions.iter().map(|_| self.0.clone()).collect())
    }
}

/// A source task under test.
pub(crate) struct Source {
    pub(crate) signals: TokenSource,
    pub(crate) reader: Box<dyn SourceReader>,
    env: Env,
}

impl Source {
    pub(crate) async fn start(
        plugin: &connector_file::FileStreamSource,
        env: Env,
        stored: Option<Value>,
        config: &[(&str, &str)],
    ) -> Source {
        let signals = TokenSource::new(Signal::Run);
        let context = SourceTaskContext {
            connector: "test".into(),
            task: 0,
            env: env.clone(),
            token: signals.token(),
            offsets: Arc::new(Stored(stored.map(|position| SourceOffset::of([("position", position)])))),
            defines_transactions: false,
        };
        let mut raw = RawConfig::from([("topic", "lines")]);
        config.iter().for_each(|(name, value)| raw.insert(*name, *value));
        let halves = plugin.task().start(context, raw).await.unwrap();
        assert!(!halves.acknowledger.wants_records());
        Source { signals, reader: halves.reader, env }
    }

    /// A source of one file.
    pub(crate) async fn of(path: &Path, stored: Option<i64>, config: &[(&str, &str)]) -> Source {
        let config: Vec<_> = [("file", path.to_str().unwrap())].into_iter().chain(config.iter().copied()).collect();
        Self::start(&connector_file::FileStreamSource::default(), machine(), stored.map(Value::Int64), &config).await
    }

    /// What one poll gives; none when it gives nothing for three seconds.
    pub(crate) async fn poll(&mut self) -> Vec<(String, Value)> {
        self.try_poll().await.unwrap()
    }

    pub(crate) async fn try_poll(&mut self) -> Result<Vec<(String, Value)>> {
        let mut batch = SourceBatch::new();
        let (signals, env) = (&self.signals, &self.env);
        let quiet = async {
            env.sleep(Duration::from_secs(3)).await;
            signals.say(Signal::Pause);
        };
        let polled = {
            let poll = self.reader.poll(&mut batch);
            tokio::pin!(poll);
            tokio::select! {
                biased;
                polled = &mut poll => polled,
                () = quiet => poll.await,
            }
        };
        signals.say(Signal::Run);
        polled?;
        Ok(batch
            .records_mut()
            .drain(..)
            .map(|record| {
                assert_eq!(&*record.topic, "lines");
                assert!(record.timestamp.is_some() && record.key.schema.is_none() && record.key.value.is_null());
                assert_eq!(record.value.schema, Some(connect_api::Schema::string()));
                let Origin::Source(origin) = &record.origin else { panic!("{record:?}") };
                (record.value.value.as_str().unwrap().to_owned(), origin.offset.get("position").unwrap().clone())
            })
            .collect())
    }

    /// The texts of polls, until one gives nothing.
    pub(crate) async fn lines(&mut self) -> Vec<String> {
        self.positions().await.into_iter().map(|(line, _)| line).collect()
    }

    /// The lines of polls with the positions after them, until one gives nothing.
    pub(crate) async fn positions(&mut self) -> Vec<(String, i64)> {
        let mut all = Vec::new();
        loop {
            let polled = self.poll().await;
            if polled.is_empty() {
                return all;
            }
            all.extend(polled.into_iter().map(|(line, position)| (line, position.as_i64().unwrap())));
        }
    }
}

struct NoRuntime;

impl SinkRuntime for NoRuntime {
    fn rewind(&self, _: Offsets) {}
    fn timeout(&self, _: Duration) {}
    fn assignment(&self) -> Vec<TopicPartition> {
        Vec::new()
    }
    fn pause(&self, _: &[TopicPartition]) -> Result<()> {
        Ok(())
    }
    fn resume(&self, _: &[TopicPartition]) -> Result<()> {
        Ok(())
    }
    fn request_commit(&self) {}
}

/// A started sink task, or why it did not start.
pub(crate) async fn sink(env: Env, config: &[(&str, &str)]) -> Result<Box<dyn SinkTask>> {
    let signals = TokenSource::new(Signal::Run);
    let context = SinkTaskContext {
        connector: "test".into(),
        task: 0,
        env,
        token: signals.token(),
        runtime: Arc::new(NoRuntime),
        errant_records: None,
    };
    let mut raw = RawConfig::new();
    config.iter().for_each(|(name, value)| raw.insert(*name, *value));
    let mut task = connector_file::FileStreamSink.task();
    task.start(context, raw).await.map(|()| task)
}

/// What a [`TestDisk`] does and has seen.
#[derive(Default)]
pub(crate) struct Faults {
    /// Bytes that can still be written; `None` for any number.
    pub(crate) room: Option<usize>,
    /// Whether syncing fails.
    pub(crate) sync_fails: bool,
    /// Calls of `sync_data` that worked.
    pub(crate) synced: usize,
    /// Calls of `write`.
    pub(crate) writes: usize,
    /// What standard input gives, one read each; the end after the last one.
    pub(crate) input: Vec<&'static [u8]>,
    /// What standard output got.
    pub(crate) output: Vec<u8>,
    /// Longest read.
    pub(crate) read_limit: Option<usize>,
}

/// The machine's disk with faults.
#[derive(Clone)]
pub(crate) struct TestDisk {
    machine: Env,
    pub(crate) faults: Arc<Mutex<Faults>>,
}

impl TestDisk {
    pub(crate) fn new(faults: Faults) -> Self {
        Self { machine: machine(), faults: Arc::new(Mutex::new(faults)) }
    }

    pub(crate) fn env(&self) -> Env {
        self.machine.clone().with_disk(Arc::new(self.clone()))
    }

    fn wrap(&self, inner: Option<Box<dyn File>>) -> Box<dyn File> {
        Box::new(TestFile { inner, faults: self.faults.clone() })
    }
}

impl Disk for TestDisk {
    fn open(&self, path: &Path, options: OpenOptions) -> io::Result<Box<dyn File>> {
        Ok(self.wrap(Some(self.machine.disk().open(path, options)?)))
    }
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.machine.disk().metadata(path)
    }
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        self.machine.disk().canonicalize(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.machine.disk().rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.machine.disk().remove(path)
    }
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.machine.disk().create_dir_all(path)
    }
    fn read_dir(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        self.machine.disk().read_dir(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.machine.disk().sync_dir(path)
    }
    fn stdin(&self) -> Box<dyn File> {
        self.wrap(None)
    }
    fn stdout(&self) -> Box<dyn File> {
        self.wrap(None)
    }
}

struct TestFile {
    inner: Option<Box<dyn File>>,
    faults: Arc<Mutex<Faults>>,
}

impl Read for TestFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut faults = self.faults.lock();
        match &mut self.inner {
            Some(inner) => {
                let len = into.len().min(faults.read_limit.unwrap_or(usize::MAX));
                inner.read(&mut into[..len])
            }
            None if faults.input.is_empty() => Ok(0),
            None => {
                let piece = faults.input.remove(0);
                into[..piece.len()].copy_from_slice(piece);
                Ok(piece.len())
            }
        }
    }
}

impl Write for TestFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut faults = self.faults.lock();
        faults.writes += 1;
        let len = bytes.len().min(faults.room.unwrap_or(usize::MAX));
        if len == 0 && !bytes.is_empty() {
            return Err(io::Error::from_raw_os_error(28));
        }
        if let Some(room) = &mut faults.room {
            *room -= len;
        }
        match &mut self.inner {
            Some(inner) => inner.write(&bytes[..len]),
            None => faults.output.write(&bytes[..len]),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for TestFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.as_mut().ok_or(io::ErrorKind::NotSeekable)?.seek(to)
    }
}

impl File for TestFile {
    fn sync_data(&mut self) -> io::Result<()> {
        let mut faults = self.faults.lock();
        if faults.sync_fails {
            return Err(io::Error::from_raw_os_error(5));
        }
        faults.synced += 1;
        self.inner.as_mut().map_or(Ok(()), |inner| inner.sync_data())
    }
    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.inner.as_mut().ok_or(io::ErrorKind::Unsupported)?.set_len(len)
    }
    fn metadata(&self) -> io::Result<Metadata> {
        self.inner.as_ref().ok_or(io::ErrorKind::Unsupported)?.metadata()
    }
    fn try_lock(&mut self) -> io::Result<bool> {
        Ok(true)
    }
    fn set_owner_and_mode(&mut self, _: (u32, u32), _: u32) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
