//! Text that others wrote, on its way to a terminal or a shell.

/// One line without control characters, at most `most` characters long: records may hold anything, and a terminal obeys
/// some of it.
pub(super) fn printable(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * most)]);
    let mut line: String = text.chars().take(most).map(|c| if is_harmless(c) { c } else { '\u{b7}' }).collect();
    if text.chars().count() > most || bytes.len() > 4 * most {
        line.push('…');
    }
    line
}

/// Direction marks turn the rest of a line around.
fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A word for the shell.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// `1 record`, `2 records`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Bytes with a unit, at most three digits before it.
pub(super) fn bytes(count: f64) -> String {
    let mut count = count;
    for unit in ["B", "kB", "MB", "GB"] {
        if count < 999.5 {
            return if unit == "B" || count >= 99.95 {
                format!("{count:.0} {unit}")
            } else {
                format!("{count:.1} {unit}")
            };
        }
        count /= 1000.0;
    }
    format!("{count:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_cannot_command_the_terminal() {
        assert_eq!(printable(b"a\x1b[2Jb\nc\r", 20), "a·[2Jb·c·");
        assert_eq!(printable("ä\u{202e}b\u{9b}".as_bytes(), 20), "ä·b·");
        assert_eq!(printable(b"abcdef", 3), "abc…");
        assert_eq!(printable(b"\xff", 3), "\u{fffd}");
        assert_eq!(printable(&[b'x'; 1000], 3), "xxx…");
    }

    #[test]
    fn the_shell_gets_words_back_as_they_were() {
        for word in ["/tmp/a-b_c.d", "", "it's", "a b", "$HOME", "~", "a;b", "ä\\", "{\"a\":\"b\"}"] {
            let output =
                std::process::Command::new("sh").args(["-c", &format!("printf %s {}", quoted(word))]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
        assert_eq!(quoted("/tmp/a-b_c.d"), "/tmp/a-b_c.d");
    }

    #[test]
    fn sizes() {
        assert_eq!(
            [0.0, 12.3, 999.0, 1_000.0, 99_940.0, 123_456.0, 5e9].map(bytes),
            ["0 B", "12 B", "999 B", "1.0 kB", "99.9 kB", "123 kB", "5.0 GB"]
        );
        assert_eq!((counted(1, "record"), counted(2, "record")), ("1 record".to_owned(), "2 records".to_owned()));
    }
}
