//! The machine, as config providers see it.

use std::io;
use std::path::Path;

use connect_config::java_pattern::JavaPattern;
use env::{Env, OpenOptions};
use kafka_config::provider::{FileKind, Matcher, Surroundings};

/// Files of `env`, and the variables of this process.
pub(crate) struct Machine(pub(crate) Env);

impl Surroundings for Machine {
    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        let is_dir = self.0.disk().metadata(path)?.is_dir;
        Ok(if is_dir { FileKind::Directory } else { FileKind::File })
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
mod tests {
    use super::*;

    fn machine() -> (tokio::runtime::Runtime, Machine) {
        let runtime = env_real::runtime(1, 1).unwrap();
        let env = env_real::env(runtime.handle().clone());
        (runtime, Machine(env))
    }

    #[test]
    fn files_up_to_the_limit() {
        let (_runtime, machine) = machine();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        std::fs::write(&file, "12345").unwrap();
        assert_eq!(machine.read(&file, 5).unwrap(), b"12345");
        assert_eq!(machine.read(&file, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(machine.kind(&file).unwrap(), FileKind::File);
        assert_eq!(machine.kind(folder.path()).unwrap(), FileKind::Directory);
        assert!(machine.kind(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn variables_and_patterns() {
        let (_runtime, machine) = machine();
        assert!(machine.variable("PATH").is_some_and(|path| !path.is_empty()));
        for none in ["", "A=B", "\0", "NO_SUCH_VARIABLE_HERE"] {
            assert_eq!(machine.variable(none), None);
        }
        let matcher = machine.matcher("APP_\\w+").unwrap();
        assert!(matcher("APP_X") && !matcher("MY_APP_X") && !matcher("APP_"));
        assert!(machine.matcher("(?x)a").is_err());
    }
}
