//! Carries the command out.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use connect_plugins::java::{Depth, Location, Scan, changes, elements, places, scan, written};
use env::Env;
use kafka_config::properties;

use super::arguments::{Refused, Request, read};
use super::list::Table;
use super::sync_manifests::carry_out;
use crate::machine;

const PLUGIN_PATH: &str = "plugin.path";

/// The words behind the command; clap does not look at them.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// list or sync-manifests, and where: --help shows how
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    words: Vec<String>,
}

/// Why it ends early, with Apache's exit code.
pub(super) struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// What can be expected to happen: files that are not there.
    pub(super) fn expected(text: impl Display) -> Self {
        Self { code: 2, text: text.to_string() }
    }

    /// What Apache's tool answers with the trace of an exception.
    fn unexpected(text: impl Display) -> Self {
        Self { code: 3, text: text.to_string() }
    }
}

/// Standard output. When nobody reads it any more, the command still does its work.
pub(super) struct Output(io::BufWriter<io::Stdout>);

impl Output {
    /// One line.
    pub(super) fn line(&mut self, text: &str) {
        let _ = writeln!(self.0, "{text}");
    }
}

/// Runs the command and gives its exit code.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let request = match read(&arguments.words) {
        Ok(request) => request,
        Err(Refused::Help(text)) => {
            print!("{text}");
            return ExitCode::from(1);
        }
        Err(Refused::Usage(text)) => {
            eprint!("{text}");
            return ExitCode::from(1);
        }
    };
    let mut failure = None;
    let ran = machine::run(async |env| {
        let mut out = Output(io::BufWriter::new(io::stdout()));
        failure = carry(&env, &request, &mut out).err();
        let _ = out.0.flush();
        Ok(())
    });
    match (ran, failure) {
        (Err(exit), _) => exit.say(),
        (Ok(()), None) => ExitCode::SUCCESS,
        (Ok(()), Some(failure)) => {
            eprintln!("{}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}

fn carry(env: &Env, request: &Request, out: &mut Output) -> Result<(), Failure> {
    let places = all_places(env, request)?;
    let mut table = None;
    if request.sync {
        if request.dry_run {
            out.line("Dry run started: No changes will be committed.");
        }
        out.line("Scanning for plugins...");
    } else {
        table = Some(Table::start(out));
    }
    let mut wanted = Vec::new();
    for place in places {
        let (location, found) = look(env, &place, request.sync)?;
        match &mut table {
            Some(table) => table.place(out, &location, &found),
            None => wanted.extend(changes(env, &location, &found, request.keep_not_found)),
        }
    }
    match table {
        Some(table) => table.end(out),
        None => carry_out(env, out, &wanted, request.dry_run)?,
    }
    Ok(())
}

fn look(env: &Env, place: &Path, sync: bool) -> Result<(Location, Scan), Failure> {
    let location = Location::at(env, place).map_err(|error| {
        let doing = if sync { "dry-running sync" } else { "listing plugins" };
        Failure::unexpected(format!("{}: {error}\nUnexpected error occurred while {doing}", place.display()))
    })?;
    let found = scan(env, &location, Depth::Classes);
    for (path, why) in &found.troubles {
        eprintln!("{} cannot be read: {why}; plug-ins in it are not listed", path.display());
    }
    Ok((location, found))
}

/// The places that are asked for, each once: of paths, of worker files, single ones.
fn all_places(env: &Env, request: &Request) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = request.plugin_paths.clone();
    paths.iter().try_for_each(|path| demand_elements("--plugin-path", path))?;
    for file in &request.worker_configs {
        if let Some(path) = plugin_path(env, file)? {
            demand_elements(PLUGIN_PATH, &path)?;
            paths.push(path);
        }
    }
    let mut all = Vec::new();
    for element in paths.iter().flat_map(|path| elements(path)) {
        let found = places(env, element);
        all.extend(found.map_err(|error| unlisted(env, element, &error))?);
    }
    for location in &request.locations {
        let place = written(location);
        // Parity: the empty name stands for no file, not for the working directory.
        if place.as_os_str().is_empty() || env.disk().metadata(&place).is_err() {
            return Err(Failure::expected(format!("Specified location {} does not exist", place.display())));
        }
        all.push(place);
    }
    let mut once: Vec<PathBuf> = Vec::with_capacity(all.len());
    for place in all {
        if !once.contains(&place) {
            once.push(place);
        }
    }
    Ok(once)
}

/// Parity: an element that is not there is unexpected, a location is not.
fn unlisted(env: &Env, element: &str, error: &io::Error) -> Failure {
    let here = env.disk().canonicalize(Path::new(".")).unwrap_or_default();
    let path = here.join(written(element));
    Failure::unexpected(match error.kind() {
        io::ErrorKind::NotFound => format!("java.io.FileNotFoundException: {}", path.display()),
        _ => format!("{}: {error}", path.display()),
    })
}

fn demand_elements(name: &str, path: &str) -> Result<(), Failure> {
    if path.trim().is_empty() {
        return Err(Failure::expected(format!("'{name}' must not be empty.")));
    }
    if elements(path).any(str::is_empty) {
        return Err(Failure::expected(format!("'{name}' values must not be empty.")));
    }
    Ok(())
}

fn plugin_path(env: &Env, file: &str) -> Result<Option<String>, Failure> {
    let bytes = env.disk().read(Path::new(file));
    let bytes = bytes.map_err(|_| Failure::expected(format!("Unable to read worker config at {file}")))?;
    let mut read = properties::read(&bytes).map_err(Failure::unexpected)?;
    Ok(read.swap_remove(PLUGIN_PATH))
}
