//! The connectors of a quickstart, kept in its folder: a standalone worker itself forgets those that came over REST.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use connect_config::ConnectorFile;
use connect_herder::{Herder, StandaloneHerder};
use env::{Env, OpenOptions};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::exit::Exit;

/// A file with the connectors there are.
pub(super) struct SavedConnectors {
    env: Env,
    path: PathBuf,
    /// What the file says.
    text: String,
}

impl SavedConnectors {
    /// The file, and the connectors in it: `first` when there is no file yet.
    ///
    /// # Errors
    /// When the file cannot be read, or is not as it was written.
    pub(super) fn open(env: &Env, path: &Path, first: Vec<ConnectorFile>) -> Result<(Self, Vec<ConnectorFile>), Exit> {
        let saved = Self { env: env.clone(), path: path.to_owned(), text: String::new() };
        let name = path.display();
        let bytes = match env.disk().read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok((saved, first)),
            Err(error) => return Err(Exit::connector(format!("{name} cannot be read: {error}"))),
        };
        let wrong = |error: &dyn std::fmt::Display| {
            Exit::connector(format!("{name} is no list of connectors: {error}; repair or remove it"))
        };
        let items: Vec<Box<RawValue>> = serde_json::from_slice(&bytes).map_err(|error| wrong(&error))?;
        let parse = |item: &RawValue| ConnectorFile::parse(item.get().as_bytes(), &name.to_string());
        let connectors = items.iter().map(|item| parse(item)).collect::<Result<Vec<_>, _>>();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok((Self { text, ..saved }, connectors.map_err(|error| wrong(&error))?))
    }

    /// Brings the file up to date, in one step.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn update(&mut self, herder: &StandaloneHerder) -> io::Result<()> {
        let text = described(herder);
        if text == self.text {
            return Ok(());
        }
        let next = self.path.with_extension("json.next");
        let disk = self.env.disk();
        let options = OpenOptions { write: true, create: true, truncate: true, mode: 0o600, ..OpenOptions::default() };
        let mut file = disk.open(&next, options)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        drop(file);
        disk.rename(&next, &self.path)?;
        disk.sync_dir(self.path.parent().unwrap_or(Path::new("")))?;
        self.text = text;
        Ok(())
    }
}

/// A list of what `POST /connectors` takes.
fn described(herder: &StandaloneHerder) -> String {
    let mut list = Vec::new();
    for name in herder.connectors() {
        // One that is being removed just now is none.
        let (Ok(info), Ok(status)) = (herder.connector_info(&name), herder.connector_status(&name)) else { continue };
        let config: Map<String, Value> =
            info.config.iter().map(|(key, value)| (key.to_owned(), value.map_or(Value::Null, Value::from))).collect();
        let state = match status.connector.state {
            state @ ("PAUSED" | "STOPPED") => state,
            _ => "RUNNING",
        };
        list.push(json!({ "name": name, "config": config, "initial_state": state }));
    }
    let text = serde_json::to_string_pretty(&list).expect("text keys and values are always JSON");
    text + "\n"
}
