//! Which paths a provider may look at.

use std::path::{Component, Path, PathBuf};

use super::surroundings::Surroundings;
use crate::ConfigError;

/// The value of `allowed.paths`. Links are not followed: a link within an allowed folder leads anywhere.
#[derive(Debug)]
pub(crate) struct AllowedPaths(Option<Vec<PathBuf>>);

impl AllowedPaths {
    /// The parameter that providers of files have.
    pub(crate) const PARAMETER: &str = "allowed.paths";

    /// Reads the parameter: paths with commas between them, blanks count. Absent or empty allows all.
    ///
    /// # Errors
    /// A path that is relative or not there.
    pub(crate) fn new(text: Option<&str>, surroundings: &dyn Surroundings) -> Result<Self, ConfigError> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Self(None)) };
        // Parity: empty parts at the end do not count, in the middle they are refused.
        let parts = text.trim_end_matches(',');
        let parts = parts.split(',').filter(|_| !parts.is_empty());
        let allowed = parts.map(|part| {
            let path = normalized(&java_path(part)?);
            if !path.is_absolute() {
                return Err(ConfigError::sentence(format!("Path {} is not absolute", path.display())));
            }
            if surroundings.kind(&path).is_err() {
                return Err(ConfigError::sentence(format!("Path {} does not exist", path.display())));
            }
            Ok(path)
        });
        allowed.collect::<Result<_, _>>().map(|allowed| Self(Some(allowed)))
    }

    /// The path to look at; `None` where that is not allowed.
    ///
    /// # Errors
    /// What cannot be a path.
    pub(crate) fn check(&self, path: &str) -> Result<Option<PathBuf>, ConfigError> {
        let path = java_path(path)?;
        let Some(allowed) = &self.0 else { return Ok(Some(path)) };
        let path = normalized(&path);
        Ok(allowed.iter().any(|allowed| path.starts_with(allowed)).then_some(path))
    }
}

/// As `java.nio.file.Path` has it: slashes once, and none at the end, so that a file is found by `file/` too.
fn java_path(text: &str) -> Result<PathBuf, ConfigError> {
    if text.contains('\0') {
        return Err(ConfigError::sentence(format!("Nul character not allowed: {text}")));
    }
    let names: Vec<&str> = text.split('/').filter(|name| !name.is_empty()).collect();
    let root = if text.starts_with('/') { "/" } else { "" };
    Ok(PathBuf::from(format!("{root}{}", names.join("/"))))
}

/// Without `.`, and without each name that a `..` follows.
fn normalized(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match normal.components().next_back() {
                Some(Component::Normal(_)) => drop(normal.pop()),
                Some(Component::RootDir) => {}
                _ => normal.push(".."),
            },
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::doubles::Stage;

    fn allowed(text: &str) -> Result<AllowedPaths, String> {
        let stage = Stage::default().file("/data/a/f", "").file("/data/b", "");
        AllowedPaths::new(Some(text), &stage).map_err(|error| error.to_string())
    }

    #[test]
    fn only_what_lies_below() {
        let paths = allowed("/data/a/,/data/./x/../b,").unwrap();
        for (path, normal) in [("/data/a/f", "/data/a/f"), ("/data/b", "/data/b"), ("/data/x/../a/./g", "/data/a/g")] {
            assert_eq!(paths.check(path).unwrap(), Some(PathBuf::from(normal)), "{path}");
        }
        for path in ["/data", "/data/ab", "/data/a/../c", "data/a/f", "../data/a", "/", ""] {
            assert_eq!(paths.check(path).unwrap(), None, "{path}");
        }
    }

    #[test]
    fn nothing_set_allows_all_and_only_commas_nothing() {
        let all = AllowedPaths::new(None, &Stage::default()).unwrap();
        assert_eq!(all.check("a/../b").unwrap(), Some(PathBuf::from("a/../b")));
        assert_eq!(allowed("").unwrap().check("/x").unwrap(), Some(PathBuf::from("/x")));
        assert_eq!(allowed(",").unwrap().check("/data/a/f").unwrap(), None);
    }

    #[test]
    fn refusals_in_javas_words() {
        assert_eq!(allowed("data/./a").unwrap_err(), "Path data/a is not absolute");
        assert_eq!(allowed("/data/a, /data/b").unwrap_err(), "Path  /data/b is not absolute");
        assert_eq!(allowed("/data/a,,/data/b").unwrap_err(), "Path  is not absolute");
        assert_eq!(allowed("/data/c/").unwrap_err(), "Path /data/c does not exist");
    }

    #[test]
    fn paths_as_java_writes_them() {
        for (text, path) in [("/a//b/", "/a/b"), ("//", "/"), ("", ""), ("./a/../", "./a/.."), (" /", " ")] {
            assert_eq!(java_path(text).unwrap(), PathBuf::from(path), "{text}");
        }
        assert_eq!(java_path("a\0b").unwrap_err().to_string(), "Nul character not allowed: a\0b");
    }

    #[test]
    fn normalizes_as_java_does() {
        for (path, normal) in
            [("/../a", "/a"), ("a/../../b", "../b"), ("../../b", "../../b"), ("/a//b/", "/a/b"), (".", "")]
        {
            assert_eq!(normalized(Path::new(path)), PathBuf::from(normal), "{path}");
        }
    }
}
