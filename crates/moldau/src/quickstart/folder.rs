//! The folder a quickstart works in.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::exit::Exit;

/// A folder that belongs to one quickstart at a time.
pub(super) struct Folder {
    root: PathBuf,
    /// Removes the folder at the end.
    temporary: Option<TempDir>,
    /// Says that somebody works here; falls with the process.
    _lock: File,
}

impl Folder {
    /// Makes the folder and those in it, or takes over what an earlier quickstart has left.
    ///
    /// # Errors
    /// When it cannot be made or written, or somebody else works in it.
    pub(super) fn open(data: Option<&Path>) -> Result<Self, Exit> {
        let temporary = match data {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("moldau-quickstart-").tempdir().map_err(|error| {
                Exit::worker(format!("no temporary folder can be made: {error}; give one with --data DIR"))
            })?),
        };
        let shown = data.or(temporary.as_ref().map(TempDir::path)).expect("one of the two is there").to_owned();
        let unusable = |error: io::Error| {
            Exit::worker(format!(
                "--data {} cannot be used: {error}; give a folder that can be written",
                shown.display()
            ))
        };
        fs::create_dir_all(shown.join("files")).map_err(unusable)?;
        // Connectors and stored offsets name files by this path: it must be the same from wherever one starts.
        let root = fs::canonicalize(&shown).map_err(unusable)?;
        if root.to_str().is_none_or(|path| path.contains(char::is_control)) {
            return Err(Exit::worker(format!(
                "--data {} cannot be used: configurations are text, and this path is not; give another folder",
                root.display()
            )));
        }
        let lock =
            File::options().create(true).truncate(false).write(true).open(root.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Exit::worker(format!(
                    "--data {} is in use by another quickstart; end that one, or give another folder",
                    shown.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        Ok(Self { root, temporary, _lock: lock })
    }

    /// Where it is.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it is removed at the end.
    pub(super) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// Topics and offsets, kept only where the folder stays.
    pub(super) fn broker(&self) -> Option<PathBuf> {
        (!self.is_temporary()).then(|| self.root.join("broker"))
    }

    /// The path of a file in it, as text.
    pub(super) fn path(&self, name: &str) -> String {
        self.root.join(name).to_str().expect("the folder's path was seen to be text").to_owned()
    }

    /// The log, appended to.
    pub(super) fn log(&self) -> Result<File, Exit> {
        let path = self.path("moldau.log");
        let opened = File::options().create(true).append(true).open(&path);
        opened.map_err(|error| Exit::worker(format!("the log {path} cannot be written: {error}")))
    }

    /// Removes what does not stay.
    pub(super) fn close(self) {
        if let Some(temporary) = self.temporary
            && let Err(error) = temporary.close()
        {
            eprintln!("moldau: {} could not be removed: {error}", self.root.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_belongs_to_one_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let data = parent.path().join("deep/er");
        let first = Folder::open(Some(&data)).unwrap();
        assert!(first.root().join("files").is_dir() && !first.is_temporary());
        assert!(format!("{:?}", Folder::open(Some(&data)).err().unwrap()).contains("in use by another quickstart"));
        first.close();
        assert!(data.is_dir());
        Folder::open(Some(&data)).unwrap();
    }

    #[test]
    fn without_a_name_it_goes_away() {
        let folder = Folder::open(None).unwrap();
        let root = folder.root().to_owned();
        assert!(root.is_dir() && folder.broker().is_none());
        folder.close();
        assert!(!root.exists());
    }

    #[test]
    fn a_path_that_is_no_text_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        assert!(Folder::open(Some(&parent.path().join("a\nb"))).is_err());
    }
}
