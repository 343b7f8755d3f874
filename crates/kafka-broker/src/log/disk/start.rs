//! The first offset of a log, where it is not that of the first segment: a small file.

use std::io;
use std::path::{Path, PathBuf};

use env::OpenOptions;

use super::handles::{Handles, about, with_suffix};

/// The file's name in the folder of the log.
const NAME: &str = "log-start-offset";
/// While it is being written.
pub(super) const UNFINISHED: &str = ".new";

fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// The first offset, 0 when none was ever stored.
///
/// # Errors
/// When the file cannot be read or is not what it should be.
pub(super) fn load(handles: &Handles, folder: &Path) -> io::Result<i64> {
    let path = path(folder);
    let content = match handles.env().disk().read(&path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(about(&path, "cannot be read", &error)),
    };
    let text = str::from_utf8(&content).ok().and_then(|text| text.strip_suffix('\n'));
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let message = format!("{} should hold one number; write the first offset of the log into it", path.display());
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

/// Stores the first offset; durable when this returns.
///
/// # Errors
/// When it could not be stored; then the old one is there, or perhaps the new one.
pub(super) fn store(handles: &Handles, folder: &Path, offset: i64) -> io::Result<()> {
    let path = path(folder);
    let stored = write(handles, folder, &path, offset);
    stored.map_err(|error| about(&path, "cannot be written", &error))
}

fn write(handles: &Handles, folder: &Path, path: &Path, offset: i64) -> io::Result<()> {
    let disk = handles.env().disk();
    let unfinished = with_suffix(path, UNFINISHED);
    let mut file =
        disk.open(&unfinished, OpenOptions { write: true, create: true, truncate: true, ..OpenOptions::default() })?;
    file.write_all(format!("{offset}\n").as_bytes())?;
    file.sync_data()?;
    drop(file);
    disk.rename(&unfinished, path)?;
    disk.sync_dir(folder)
}
