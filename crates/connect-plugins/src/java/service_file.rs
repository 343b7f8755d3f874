//! `META-INF/services/<interface>`: lists of class names, as Java's `ServiceLoader` reads them.

use indexmap::IndexSet;

/// Where these files are in a jar or a folder of classes.
pub(crate) const FOLDER: &str = "META-INF/services";

/// A list that Java would not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not the name of a class: {text}")]
pub(crate) struct ServiceFileError {
    line: usize,
    text: String,
}

/// The class names, in order, each once. `#` begins a comment.
///
/// # Errors
/// A line that is not one name: Java then ignores the whole file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<String>, ServiceFileError> {
    let text = String::from_utf8_lossy(bytes);
    let mut names: IndexSet<String> = IndexSet::new();
    for (index, line) in lines(&text).enumerate() {
        let name = line.split('#').next().unwrap_or_default().trim_matches(|letter: char| letter <= ' ');
        if name.is_empty() {
            continue;
        }
        if !is_class_name(name) {
            let text = line.chars().take(200).collect();
            return Err(ServiceFileError { line: index + 1, text });
        }
        if !names.contains(name) {
            names.insert(name.to_owned());
        }
    }
    Ok(names.into_iter().collect())
}

/// Lines end with a line feed, a carriage return, or both.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).flat_map(|line| line.split('\r'))
}

fn is_class_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(is_start) && letters.all(|letter| letter == '.' || is_part(letter))
}

fn is_start(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_' || is_currency(letter)
}

fn is_part(letter: char) -> bool {
    // Marks that join and letters that are ignored are rare in class names, and let through with all that is not ASCII.
    is_start(letter) || letter.is_numeric() || !(letter.is_ascii() || letter.is_whitespace())
}

fn is_currency(letter: char) -> bool {
    matches!(letter, '$' | '¢' | '£' | '¤' | '¥' | '\u{20a0}'..='\u{20cf}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_comments_and_blanks() {
        let text = "# heading\r\n\n  a.B  # why\n\tc.D$E\na.B\r_x.Ünï9\n#";
        assert_eq!(parse(text.as_bytes()).unwrap(), ["a.B", "c.D$E", "_x.Ünï9"]);
        assert_eq!(parse(b"").unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_no_name_spoils_the_file() {
        for text in ["a.B\nc d", "9a", ".a", "a-b", "a/b", "a\tb"] {
            assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert_eq!(parse(b"x\n9").unwrap_err().to_string(), "line 2 is not the name of a class: 9");
    }

    proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>) {
            for name in parse(&bytes).unwrap_or_default() {
                prop_assert!(!name.is_empty() && !name.contains(['#', ' ', '\n']));
            }
        }
    }
}
