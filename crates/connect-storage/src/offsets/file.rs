//! Offsets in a file, in the format of Apache Kafka Connect's standalone mode.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use connect_api::{Error, Result};
use env::Env;
use indexmap::IndexMap;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::OffsetStore;
use super::java_map;
use super::offset_file::{OffsetFile, OffsetFileError};

type Map = IndexMap<Bytes, Option<Bytes>>;

/// An [`OffsetStore`] in one file. The whole file is written for each change, so changes that arrive while it is being
/// written go into the next write together. The file is locked until the store is dropped and the job that writes has
/// ended.
pub struct FileOffsetStore {
    env: Env,
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    state: Mutex<State>,
    /// Held only by the one job that writes.
    file: Mutex<OffsetFile>,
}

struct State {
    /// What the file holds.
    stored: Map,
    /// Changes that wait for the next write; as many as tasks and requests wait for an answer.
    waiting: Vec<Change>,
    /// Whether a job is writing; it takes what is waiting when it comes around.
    writing: bool,
}

struct Change {
    entries: Vec<(Bytes, Option<Bytes>)>,
    done: oneshot::Sender<Result<()>>,
}

impl FileOffsetStore {
    /// Opens a file; one that is absent is made, so that a file or folder that cannot be written is found now.
    ///
    /// # Errors
    /// [`OffsetFileError`]: not to be opened, in use by another worker, or corrupt.
    pub async fn open(env: &Env, path: &Path) -> Result<Self, OffsetFileError> {
        let (answer, opened) = oneshot::channel();
        let (job_env, job_path) = (env.clone(), path.to_owned());
        let job = move || drop(answer.send(OffsetFile::open(&job_env, &job_path)));
        env.work().spawn_blocking("offset file", Box::new(job));
        let (file, entries) = opened.await.unwrap_or_else(|_| {
            let source = std::io::Error::other("the worker is ending");
            Err(OffsetFileError::Open { path: path.to_owned(), source })
        })?;
        let state = State { stored: entries.into_iter().collect(), waiting: Vec::new(), writing: false };
        let shared = Shared { path: path.to_owned(), state: Mutex::new(state), file: Mutex::new(file) };
        Ok(Self { env: env.clone(), shared: Arc::new(shared) })
    }

    /// The file, as configured.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }
}

#[async_trait]
impl OffsetStore for FileOffsetStore {
    async fn get(&self, keys: &[Bytes]) -> Result<Vec<Option<Bytes>>> {
        let state = self.shared.state.lock();
        Ok(keys.iter().map(|key| state.stored.get(key).cloned().flatten()).collect())
    }

    async fn set(&self, entries: Vec<(Bytes, Option<Bytes>)>) -> Result<()> {
        let (done, answer) = oneshot::channel();
        let start = {
            let mut state = self.shared.state.lock();
            state.waiting.push(Change { entries, done });
            !std::mem::replace(&mut state.writing, true)
        };
        if start {
            let writing = Writing { shared: self.shared.clone(), finished: false };
            self.env.work().spawn_blocking("offset file", Box::new(move || writing.run()));
        }
        answer.await.unwrap_or_else(|_| Err(Error::connect("The offset file was not written: the worker is ending")))
    }

    async fn entries(&self) -> Vec<(Bytes, Option<Bytes>)> {
        let state = self.shared.state.lock();
        state.stored.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// The one job that writes.
struct Writing {
    shared: Arc<Shared>,
    finished: bool,
}

impl Writing {
    fn run(mut self) {
        let shared = self.shared.clone();
        let mut file = shared.file.lock();
        while let Some((changes, mut map)) = self.next() {
            let mut answers = Vec::with_capacity(changes.len());
            for change in changes {
                map.extend(change.entries);
                answers.push(change.done);
            }
            let content = java_map::encode(map.iter().map(|(key, value)| (&key[..], value.as_deref())));
            let result = file.store(&content).map_err(Error::from);
            if result.is_ok() {
                shared.state.lock().stored = map;
            }
            for answer in answers {
                // Nobody waits any more when the caller gave up.
                let _ = answer.send(result.clone());
            }
        }
    }

    /// What waits, and a copy of what is stored; `None` when nothing waits, and then the next change starts a new job.
    fn next(&mut self) -> Option<(Vec<Change>, Map)> {
        let mut state = self.shared.state.lock();
        if state.waiting.is_empty() {
            state.writing = false;
            self.finished = true;
            return None;
        }
        Some((std::mem::take(&mut state.waiting), state.stored.clone()))
    }
}

/// A job that never ran, or panicked, makes way for the next; who waits for it learns that nothing was stored.
impl Drop for Writing {
    fn drop(&mut self) {
        if !self.finished {
            let mut state = self.shared.state.lock();
            state.writing = false;
            state.waiting.clear();
        }
    }
}
