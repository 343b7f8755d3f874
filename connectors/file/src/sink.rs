//! FileStreamSink: one line per record, appended to a file or written to standard output.
//!
//! An offset is committed only after the lines before it are durable. Once a write or a sync has failed, nobody knows
//! what is in the file: every later call fails too, so that nothing more is committed and the runtime delivers the
//! records again.

use std::io::{self, ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use connect_api::plugin::{Plugin, SinkPlugin};
use connect_api::sink::{AlteredOffsets, Offsets, SinkConnector, SinkConnectorContext, SinkTask, SinkTaskContext};
use connect_api::{Error, Kind, Record, Result, Value};
use connect_converters::Printer;
use env::{Env, File, OpenOptions};
use kafka_config::{ConfigDef, RawConfig};
use tracing::{info, warn};

use crate::blocking::blocking;
use crate::config;

/// Text gathered before it is handed to the system.
const WRITE: usize = 1 << 20;

/// The plug-in.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileStreamSink;

impl Plugin for FileStreamSink {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.file.FileStreamSinkConnector"
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        config::sink_keys()
    }
}

impl SinkPlugin for FileStreamSink {
    fn connector(&self) -> Box<dyn SinkConnector> {
        Box::<Connector>::default()
    }

    fn task(&self) -> Box<dyn SinkTask> {
        Box::<Task>::default()
    }

    fn task_class(&self) -> &'static str {
        "org.apache.kafka.connect.file.FileStreamSinkTask"
    }

    /// Any offset will do: the file is only appended to.
    fn alter_offsets(&self, _config: &RawConfig, _offsets: &AlteredOffsets) -> Result<bool> {
        Ok(true)
    }
}

#[derive(Default)]
struct Connector {
    config: RawConfig,
}

#[async_trait]
impl SinkConnector for Connector {
    async fn start(&mut self, _context: SinkConnectorContext, config: RawConfig) -> Result<()> {
        let file = config::sink_file(&config)?;
        info!("Starting file sink connector writing to {}", file.as_deref().unwrap_or("standard output"));
        self.config = config;
        Ok(())
    }

    async fn task_configs(&mut self, max_tasks: usize) -> Result<Vec<RawConfig>> {
        Ok(vec![self.config.clone(); max_tasks])
    }
}

#[derive(Default)]
struct Task {
    running: Option<(Env, Output)>,
    text: String,
}

#[async_trait]
impl SinkTask for Task {
    async fn start(&mut self, context: SinkTaskContext, config: RawConfig) -> Result<()> {
        let file = config::sink_file(&config)?;
        let output = blocking(&context.env, || Output::open(&context.env, file))?;
        self.running = Some((context.env, output));
        Ok(())
    }

    async fn put(&mut self, records: &[Record]) -> Result<()> {
        let Some((env, output)) = &mut self.running else {
            return Err(not_running());
        };
        if records.is_empty() {
            return output.check();
        }
        let text = &mut self.text;
        blocking(env, || output.write(env, records, text))
    }

    async fn flush(&mut self, _offsets: &Offsets) -> Result<()> {
        let Some((env, output)) = &mut self.running else {
            return Err(not_running());
        };
        output.check()?;
        if output.unsynced { blocking(env, || output.sync(env)) } else { Ok(()) }
    }

    async fn stop(&mut self) -> Result<()> {
        self.running = None;
        Ok(())
    }
}

fn not_running() -> Error {
    Error::new(Kind::IllegalState, "FileStreamSinkTask is not started")
}

/// Where lines go.
struct Output {
    name: String,
    file: Box<dyn File>,
    /// The path, unless it is standard output.
    path: Option<PathBuf>,
    /// The length at which the file ends with a whole line, as far as this task knows.
    end: u64,
    printer: Printer,
    /// The folder of a file until its entry there is durable. Also that of a file that was there before: whoever made it
    /// may have been killed before it was durable.
    folder: Option<PathBuf>,
    /// Whether lines were written that are not known to be durable.
    unsynced: bool,
    /// Whether the output can be made durable; devices and pipes cannot.
    can_sync: bool,
    /// The first failure.
    failed: Option<Error>,
}

impl Output {
    fn open(env: &Env, file: Option<String>) -> Result<Self> {
        let Some(name) = file else {
            return Ok(Self::new("standard output".to_owned(), env.disk().stdout()));
        };
        let path = PathBuf::from(&name);
        let file = env.disk().open(&path, OpenOptions::APPEND).map_err(|cause| {
            let text = format!("Couldn't find or create file '{name}' for FileStreamSinkTask");
            Error::connect(text).caused_by(refused_by_system(&name, &cause))
        })?;
        let mut output = Self::new(name, file);
        output.folder = Some(path.parent().unwrap_or(Path::new("")).to_owned());
        output.path = Some(path);
        Ok(output)
    }

    fn new(name: String, file: Box<dyn File>) -> Self {
        let printer = Printer::default();
        Self { name, file, path: None, end: 0, printer, folder: None, unsynced: false, can_sync: true, failed: None }
    }

    fn check(&self) -> Result<()> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// Writes one line per record; `text` is memory to do it in.
    fn write(&mut self, env: &Env, records: &[Record], text: &mut String) -> Result<()> {
        self.check()?;
        text.clear();
        if self.ends_in_a_line(env).map_err(|error| self.fail("look at", error))? {
            warn!(file = self.name, "the file does not end with a whole line; starting a new line");
            text.push('\n');
        }
        for record in records {
            self.push_text(&record.value.value, text);
            text.push('\n');
            if text.len() >= WRITE {
                self.append(text)?;
                text.clear();
            }
        }
        self.append(text)?;
        text.clear();
        text.shrink_to(2 * WRITE);
        Ok(())
    }

    /// Appends what Java's `println` prints.
    fn push_text(&mut self, value: &Value, text: &mut String) {
        match value {
            Value::String(line) => text.push_str(line),
            other => self.printer.print(other, text),
        }
    }

    fn append(&mut self, text: &str) -> Result<()> {
        self.unsynced = true;
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.flush());
        written.map_err(|error| self.fail("write to", error))?;
        self.end += text.len() as u64;
        Ok(())
    }

    /// Whether the file ends in the middle of a line, as after a crash or on a full disk: a line appended to that would
    /// be lost among its bytes. It is looked at again whenever somebody else has written to it, as other tasks of the
    /// connector do.
    ///
    /// # Errors
    /// Those of the file system.
    fn ends_in_a_line(&mut self, env: &Env) -> io::Result<bool> {
        let Some(path) = &self.path else { return Ok(false) };
        let len = self.file.metadata()?.len;
        let torn = len != self.end && is_torn(env, path, len)?;
        self.end = len;
        Ok(torn)
    }

    /// Makes what was written durable.
    fn sync(&mut self, env: &Env) -> Result<()> {
        if self.can_sync {
            match self.file.sync_data() {
                Ok(()) => {}
                Err(error) if has_no_sync(&error) => {
                    self.can_sync = false;
                    info!(file = self.name, "this is no file that could be made durable");
                }
                Err(error) => return Err(self.fail("sync", error)),
            }
        }
        if let Some(folder) = self.folder.take()
            && self.can_sync
        {
            match env.disk().sync_dir(&folder) {
                Ok(()) => {}
                Err(error) if has_no_sync(&error) || error.kind() == ErrorKind::PermissionDenied => {
                    warn!(file = self.name, %error, "the file's folder cannot be synced: a new file may be lost with the power");
                }
                Err(error) => return Err(self.fail("sync the folder of", error)),
            }
        }
        self.unsynced = false;
        Ok(())
    }

    fn fail(&mut self, what: &str, cause: io::Error) -> Error {
        let text = format!("Couldn't {what} file '{}' for FileStreamSinkTask: {cause}", self.name);
        let error = Error::connect(text).caused_by(cause);
        self.failed = Some(error.clone());
        error
    }
}

/// What `java.nio.file` throws when a file cannot be opened.
fn refused_by_system(name: &str, cause: &io::Error) -> Error {
    let (class, message) = match cause.kind() {
        ErrorKind::NotFound => ("java.nio.file.NoSuchFileException", name.to_owned()),
        ErrorKind::PermissionDenied => ("java.nio.file.AccessDeniedException", name.to_owned()),
        _ => {
            let text = cause.to_string();
            let text = text.split_once(" (os error").map_or(&*text, |(words, _)| words);
            ("java.nio.file.FileSystemException", format!("{name}: {text}"))
        }
    };
    Error::new(Kind::Io, message).with_class(class)
}

/// Whether syncing is nothing that can be done there: devices and pipes, folders of some file systems.
fn has_no_sync(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported)
}

/// Whether the last line of a file of that length has no end.
///
/// # Errors
/// Those of the file system; a file that may only be written is taken for whole.
fn is_torn(env: &Env, path: &Path, len: u64) -> io::Result<bool> {
    // The look is through a second handle: a pipe must not be opened for reading by its writer. It has no length.
    if len == 0 {
        return Ok(false);
    }
    let mut file = match env.disk().open(path, OpenOptions::READ) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last)?;
    }
    Ok(last != [b'\n'])
}
