//! The inputs that runs start from.

use std::io;
use std::path::{Path, PathBuf};

use crate::target::Target;

/// The folder of a target's inputs.
pub(crate) fn folder(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name)
}

/// The inputs, in the order of their names. Of `*.txt` files each line that is not empty is an input; escapes `\n`,
/// `\t`, `\r`, `\\` and `\xHH` stand for bytes there. Other files are one input each.
pub(crate) fn load(target: &Target) -> io::Result<Vec<Vec<u8>>> {
    let folder = folder(target);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.display())))?;
    paths.sort();
    let mut inputs = Vec::new();
    for path in paths {
        let content = std::fs::read(&path)?;
        if path.extension().is_some_and(|extension| extension == "txt") {
            inputs.extend(content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(unescape));
        } else {
            inputs.push(content);
        }
    }
    Ok(inputs)
}

/// Writes the inputs that are made by the program.
///
/// # Errors
/// When they cannot be written.
pub fn make() -> io::Result<()> {
    for (name, file, content) in crate::targets::corpora() {
        let Some(target) = crate::target(name) else { continue };
        let folder = folder(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(file), content)?;
    }
    Ok(())
}

fn unescape(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let (byte, skipped) = match after {
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'r', ..] => (b'\r', 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', high, low, ..] => (hex(*high) * 16 + hex(*low), 3),
            _ => (b'\\', 0),
        };
        out.push(byte);
        rest = &after[skipped..];
    }
    out
}

fn hex(digit: u8) -> u8 {
    char::from(digit).to_digit(16).unwrap_or(0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::TARGETS;

    #[test]
    fn every_target_has_a_corpus_and_every_corpus_a_target() {
        for target in TARGETS {
            let inputs = load(target).unwrap();
            assert!(!inputs.is_empty(), "{}", target.name);
            assert!(inputs.iter().all(|input| input.len() <= target.longest), "{}", target.name);
        }
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(crate::target(&name).is_some(), "{name}");
        }
    }

    #[test]
    fn lines_can_hold_any_byte() {
        assert_eq!(unescape(br"a\n\x00\\\q"), b"a\n\0\\\\q");
    }
}
