//! Starting the log, and ending it with everything written.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant};

use connect_herder::{LogLevel, Loggers};
use jiff::tz::TimeZone;
use kafka_config::provider::Secrets;
use parking_lot::Mutex;
use tracing_subscriber::layer::SubscriberExt;

use super::form::Form;
use super::layer::Log;
use super::levels::Levels;
use super::output::Output;
use super::record::Record;
use super::rolling::RollingFile;

/// Levels, a form, and a folder to keep the log in.
const LEVELS: &str = "MOLDAU_LOG";
const FORM: &str = "MOLDAU_LOG_FORMAT";
const FOLDER: &str = "MOLDAU_LOG_DIR";

/// How long the end of the process waits for outputs that are slow, and how long a panic does.
const END: Duration = Duration::from_secs(2);
const PANIC: Duration = Duration::from_millis(200);

static SECRETS: LazyLock<Arc<Secrets>> = LazyLock::new(Arc::default);
static RUNNING: OnceLock<Running> = OnceLock::new();

struct Running {
    levels: Arc<Levels>,
    outputs: Arc<Vec<Output>>,
}

/// What the command line says of the log; it wins over the environment.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Settings {
    /// How the log looks; MOLDAU_LOG_FORMAT says the same
    #[arg(long, global = true, value_name = "FORM", value_enum)]
    log_format: Option<Form>,
    /// What the log says, such as warn, or info,connect_worker=debug; MOLDAU_LOG says the same
    #[arg(long, global = true, value_name = "LEVELS")]
    log_level: Option<String>,
}

/// What the log hides.
pub(crate) fn secrets() -> &'static Arc<Secrets> {
    &SECRETS
}

/// The loggers, for REST. The log was started before.
pub(crate) fn loggers() -> Arc<dyn Loggers> {
    match RUNNING.get() {
        Some(running) => running.levels.clone(),
        None => Arc::new(connect_herder::DetachedLoggers::default()),
    }
}

/// Starts the log on standard error, and in the folder of `MOLDAU_LOG_DIR` if that is set. `level` holds where nobody
/// says anything else.
pub(crate) fn start(settings: &Settings, level: LogLevel) {
    start_on(settings, level, "the log", io::stderr(), std::env::var_os(FOLDER).map(PathBuf::from));
}

/// The same, to a file instead.
pub(crate) fn start_in(settings: &Settings, level: LogLevel, file: File) {
    start_on(settings, level, "the log file", file, None);
}

fn start_on(
    settings: &Settings,
    level: LogLevel,
    name: &str,
    writer: impl io::Write + Send + 'static,
    folder: Option<PathBuf>,
) {
    let mut wrong = Vec::new();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let form = settings.log_format.or_else(|| {
        let name = variable(FORM)?;
        let form = Form::parse(&name);
        if form.is_none() {
            wrong.push(format!("{FORM}={name} is none of people, json, java"));
        }
        form
    });
    let form = form.unwrap_or(Form::People);
    let directives = settings.log_level.clone().or_else(|| variable(LEVELS)).unwrap_or_default();
    let levels = Levels::new(level, &directives).or_else(|error| {
        wrong.push(error);
        Levels::new(level, "")
    });
    let Ok(levels) = levels.map(Arc::new) else { return };
    let zone = TimeZone::system();
    let mut outputs = Vec::new();
    let mut add = |opened: io::Result<Output>, what: &str| match opened {
        Ok(output) => outputs.push(output),
        Err(error) => wrong.push(format!("the log is not kept in {what}: {error}")),
    };
    add(Output::new(name, writer, complaint(form, &zone)), name);
    if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) {
        let file = RollingFile::open(&folder, zone.clone());
        let output = file.and_then(|file| Output::new("connect.log", file, complaint(form, &zone)));
        add(output, &folder.display().to_string());
    }
    let outputs = Arc::new(outputs);
    let log = Log {
        levels: levels.clone(),
        secrets: SECRETS.clone(),
        form,
        zone,
        outputs: outputs.clone(),
        order: Mutex::default(),
    };
    let subscriber = tracing_subscriber::registry().with(log);
    // A second start, as in a test, changes nothing.
    if tracing::subscriber::set_global_default(subscriber).is_ok() && RUNNING.set(Running { levels, outputs }).is_ok() {
        tell_of_panics();
    }
    for sentence in wrong {
        tracing::warn!("{sentence}");
    }
}

fn complaint(form: Form, zone: &TimeZone) -> super::output::Complaint {
    let zone = zone.clone();
    Box::new(move |dropped| {
        let text =
            format!("{dropped} lines of the log are missing here: this output was too slow or could not be written");
        form.text(&Record::of_log(text), &zone)
    })
}

/// A panic is a line of the log, and is written before anything else can happen.
fn tell_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload_as_str().unwrap_or("without a text");
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or_default();
        tracing::error!(place, thread, "panicked: {text}");
        flush(PANIC);
    }));
}

/// Writes what is still to be written; to be called before the process ends. Outputs that nobody reads are given up.
pub(crate) fn finish() {
    flush(END);
}

fn flush(limit: Duration) {
    let deadline = Instant::now() + limit;
    if let Some(running) = RUNNING.get() {
        running.outputs.iter().for_each(|output| output.flush(deadline));
    }
}
