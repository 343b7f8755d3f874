//! The machine, as config providers see it.

use std::io;
use std::path::Path;

use connect_config::java_pattern::JavaPattern;
use env::{Env, OpenOptions};
use kafka_config::provider::{FileKind, Matcher, Surroundings};
use rustix::fs::FileType;

/// Files of `env`, and the variables of this process.
pub(crate) struct Machine(pub(crate) Env);

impl Surroundings for Machine {
    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        // `env` tells only directories apart.
        Ok(match FileType::from_raw_mode(rustix::fs::stat(path)?.st_mode) {
            FileType::Directory => FileKind::Directory,
            FileType::RegularFile => FileKind::File,
            _ => FileKind::Other,
        })
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut file = self.0.disk().open(path, OpenOptions::READ)?;
        let mut content = Vec::new();
        // One more tells that it is too long.
        io::Read::read_to_end(&mut io::Read::take(&mut *file, limit + 1), &mut content)?;
        if content.len() as u64 > limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {limit} bytes")));
        }
        Ok(content)
    }

    fn variable(&self, name: &str) -> Option<String> {
        // What no variable can be named makes the standard library panic in some versions.
        if name.is_empty() || name.contains(['=', '\0']) {
            return None;
        }
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }

    fn matcher(&self, pattern: &str) -> Result<Matcher, String> {
        let pattern = JavaPattern::new(pattern)?;
        // A name that takes too many steps is not allowed.
        Ok(Box::new(move |text| pattern.matches(text).unwrap_or(false)))
    }
}

#[cfg(test)]
#[path = "surroundings_tests.rs"]
mod tests;
