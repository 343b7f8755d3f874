//! Whether text is a regular expression of `java.util.regex`, and Java's words when it is not.
//!
//! Checks structure: groups, classes, quantifiers, escapes, inline flags. It does not know the names of Unicode
//! properties or which groups a back-reference can mean.

/// Checks a pattern.
///
/// # Errors
/// The text of Java's `PatternSyntaxException`: what is wrong and where, the pattern, and a caret under the place.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    let chars: Vec<char> = pattern.chars().collect();
    let scanner = Scanner { chars: &chars, at: 0, open: 0 };
    scanner.scan().map_err(|fault| fault.text(pattern, chars.len()))
}

struct Fault {
    what: String,
    at: Option<usize>,
}

impl Fault {
    fn new(what: impl Into<String>, at: usize) -> Self {
        Self { what: what.into(), at: Some(at) }
    }

    fn text(&self, pattern: &str, length: usize) -> String {
        let Some(at) = self.at else { return format!("{}\n{pattern}", self.what) };
        let caret = if at < length { format!("\n{}^", " ".repeat(at)) } else { String::new() };
        format!("{} near index {at}\n{pattern}{caret}", self.what)
    }
}

struct Scanner<'a> {
    chars: &'a [char],
    at: usize,
    open: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn scan(mut self) -> Result<(), Fault> {
        // Whether something stands before the cursor that a quantifier could repeat.
        let mut atom = false;
        while let Some(c) = self.peek() {
            match c {
                '*' | '+' | '?' if !atom => {
                    return Err(Fault::new(format!("Dangling meta character '{c}'"), self.at));
                }
                '*' | '+' | '?' => {
                    self.at += 1;
                    self.quantifier_mode();
                    atom = false;
                }
                '{' if atom => {
                    self.counted()?;
                    atom = false;
                }
                '(' => {
                    self.open_group()?;
                    atom = false;
                }
                ')' if self.open == 0 => {
                    let at = self.at.checked_sub(1);
                    return Err(Fault { what: "Unmatched closing ')'".to_owned(), at });
                }
                ')' => {
                    self.open -= 1;
                    self.at += 1;
                    atom = true;
                }
                '|' => {
                    self.at += 1;
                    atom = false;
                }
                '[' => {
                    self.class()?;
                    atom = true;
                }
                '\\' => {
                    self.escape()?;
                    atom = true;
                }
                _ => {
                    self.at += 1;
                    atom = true;
                }
            }
        }
        if self.open > 0 { Err(Fault::new("Unclosed group", self.chars.len())) } else { Ok(()) }
    }

    fn quantifier_mode(&mut self) {
        if matches!(self.peek(), Some('?' | '+')) {
            self.at += 1;
        }
    }

    /// `{n}`, `{n,}` or `{n,m}`.
    fn counted(&mut self) -> Result<(), Fault> {
        self.at += 1;
        if !self.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Err(Fault::new("Illegal repetition", self.at));
        }
        let least = self.count()?;
        let mut most = None;
        if self.peek() == Some(',') {
            self.at += 1;
            if self.peek().is_some_and(|c| c.is_ascii_digit()) {
                most = Some(self.count()?);
            }
        }
        if self.peek() != Some('}') {
            return Err(Fault::new("Unclosed counted closure", self.at));
        }
        if most.is_some_and(|most| most < least) {
            return Err(Fault::new("Illegal repetition range", self.at));
        }
        self.at += 1;
        self.quantifier_mode();
        Ok(())
    }

    fn count(&mut self) -> Result<u32, Fault> {
        let mut count = 0u32;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let next = count.checked_mul(10).and_then(|shifted| shifted.checked_add(digit));
            count =
                next.filter(|count| *count <= 0x7FFF_FFFF).ok_or(Fault::new("Illegal repetition range", self.at))?;
            self.at += 1;
        }
        Ok(count)
    }

    fn open_group(&mut self) -> Result<(), Fault> {
        self.at += 1;
        if self.peek() == Some('?') {
            self.at += 1;
            match self.peek() {
                Some(':' | '=' | '!' | '>') => self.at += 1,
                Some('<') => {
                    self.at += 1;
                    match self.peek() {
                        Some('=' | '!') => self.at += 1,
                        _ => self.group_name()?,
                    }
                }
                _ => {
                    while matches!(self.peek(), Some('i' | 'm' | 's' | 'd' | 'u' | 'c' | 'x' | 'U' | '-')) {
                        self.at += 1;
                    }
                    match self.peek() {
                        Some(')') => {
                            self.at += 1;
                            return Ok(());
                        }
                        Some(':') => self.at += 1,
                        _ => return Err(Fault::new("Unknown inline modifier", self.at)),
                    }
                }
            }
        }
        self.open += 1;
        Ok(())
    }

    fn group_name(&mut self) -> Result<(), Fault> {
        if !self.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
            return Err(Fault::new("capturing group name does not start with a Latin letter", self.at));
        }
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric()) {
            self.at += 1;
        }
        if self.peek() != Some('>') {
            return Err(Fault::new("named capturing group is missing trailing '>'", self.at));
        }
        self.at += 1;
        Ok(())
    }

    /// A class in brackets, which can hold classes.
    fn class(&mut self) -> Result<(), Fault> {
        let unclosed = Fault::new("Unclosed character class", self.chars.len().saturating_sub(1));
        let mut depth = 0usize;
        // A closing bracket right after the opening one is a member.
        let mut first = false;
        while let Some(c) = self.peek() {
            match c {
                '[' => {
                    depth += 1;
                    self.at += 1;
                    if self.peek() == Some('^') {
                        self.at += 1;
                    }
                    first = true;
                }
                ']' if !first => {
                    depth -= 1;
                    self.at += 1;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                '\\' => {
                    self.escape()?;
                    first = false;
                }
                _ => {
                    self.member(c)?;
                    first = false;
                }
            }
        }
        Err(unclosed)
    }

    /// A plain character or a range that starts with one.
    fn member(&mut self, low: char) -> Result<(), Fault> {
        self.at += 1;
        if self.peek() != Some('-') {
            return Ok(());
        }
        match self.chars.get(self.at + 1) {
            Some(']' | '[' | '\\') => Ok(()),
            Some(high) if *high >= low => {
                self.at += 2;
                Ok(())
            }
            Some(_) => Err(Fault::new("Illegal character range", self.at + 1)),
            None => Err(Fault::new("Illegal character range", self.chars.len())),
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        self.at += 1;
        let Some(c) = self.peek() else {
            return Err(Fault::new("Unexpected internal error", self.chars.len()));
        };
        match c {
            'Q' => {
                let rest = &self.chars[self.at + 1..];
                let end = rest.windows(2).position(|pair| pair == ['\\', 'E']);
                self.at = end.map_or(self.chars.len(), |end| self.at + 1 + end + 2);
                return Ok(());
            }
            'x' => self.hexadecimal(2, "Illegal hexadecimal escape sequence")?,
            'u' => self.hexadecimal(4, "Illegal Unicode escape sequence")?,
            'p' | 'P' | 'N' if self.chars.get(self.at + 1) == Some(&'{') => {
                let end = self.chars[self.at..].iter().position(|c| *c == '}');
                let end = end.ok_or(Fault::new("Unclosed character family", self.chars.len().saturating_sub(1)))?;
                self.at += end;
            }
            'p' | 'P' => self.at += 1,
            'k' if self.chars.get(self.at + 1) != Some(&'<') => {
                return Err(Fault::new("\\k is not followed by '<' for named capturing group", self.at + 1));
            }
            'k' => {
                self.at += 2;
                self.group_name()?;
                return Ok(());
            }
            'c' if self.at + 1 >= self.chars.len() => {
                return Err(Fault::new("Illegal control escape sequence", self.at));
            }
            'c' => self.at += 1,
            '0' if !self.chars.get(self.at + 1).is_some_and(|c| matches!(c, '0'..='7')) => {
                return Err(Fault::new("Illegal octal escape sequence", self.at + 1));
            }
            _ if c.is_ascii_alphabetic() && !"aefnrtbBdDsSwWhHvVRXGAzZE".contains(c) => {
                return Err(Fault::new("Illegal/unsupported escape sequence", self.at));
            }
            _ => {}
        }
        self.at += 1;
        Ok(())
    }

    /// Leaves the cursor on the last digit.
    fn hexadecimal(&mut self, digits: usize, what: &str) -> Result<(), Fault> {
        if digits == 2 && self.chars.get(self.at + 1) == Some(&'{') {
            let end = self.chars[self.at..].iter().position(|c| *c == '}');
            self.at += end.ok_or(Fault::new("Unclosed hexadecimal escape sequence", self.chars.len()))?;
            return Ok(());
        }
        for place in 1..=digits {
            if !self.chars.get(self.at + place).is_some_and(char::is_ascii_hexdigit) {
                // Parity: the two forms point at different places.
                let at = if digits == 2 { self.at + 1 } else { self.at + place };
                return Err(Fault::new(what, at));
            }
        }
        self.at += digits;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::check_pattern;

    #[test]
    fn says_what_java_says() {
        let cases = [
            ("(", "Unclosed group near index 1\n("),
            ("((a)", "Unclosed group near index 4\n((a)"),
            (")", "Unmatched closing ')'\n)"),
            ("a)", "Unmatched closing ')' near index 0\na)\n^"),
            ("[a", "Unclosed character class near index 1\n[a\n ^"),
            ("[]", "Unclosed character class near index 1\n[]\n ^"),
            ("[[a]", "Unclosed character class near index 3\n[[a]\n   ^"),
            ("*", "Dangling meta character '*' near index 0\n*\n^"),
            ("a|*", "Dangling meta character '*' near index 2\na|*\n  ^"),
            ("a+++", "Dangling meta character '+' near index 3\na+++\n   ^"),
            ("a{", "Illegal repetition near index 2\na{"),
            ("a{b}", "Illegal repetition near index 2\na{b}\n  ^"),
            ("a{1", "Unclosed counted closure near index 3\na{1"),
            ("a{2,1}", "Illegal repetition range near index 5\na{2,1}\n     ^"),
            ("(?z)", "Unknown inline modifier near index 2\n(?z)\n  ^"),
            ("(?<1>a)", "capturing group name does not start with a Latin letter near index 3\n(?<1>a)\n   ^"),
            ("(?<n", "named capturing group is missing trailing '>' near index 4\n(?<n"),
            ("[b-a]", "Illegal character range near index 3\n[b-a]\n   ^"),
            ("\\", "Unexpected internal error near index 1\n\\"),
            ("\\y", "Illegal/unsupported escape sequence near index 1\n\\y\n ^"),
            ("\\xZZ", "Illegal hexadecimal escape sequence near index 2\n\\xZZ\n  ^"),
            ("\\k", "\\k is not followed by '<' for named capturing group near index 2\n\\k"),
        ];
        for (pattern, text) in cases {
            assert_eq!(check_pattern(pattern), Err(text.to_owned()), "{pattern}");
        }
    }

    #[test]
    fn accepts_what_java_accepts() {
        let cases = [
            "",
            "|",
            "()",
            "a||b",
            "a++",
            "a??",
            "a{1}{2}",
            "{1}",
            "]",
            "}",
            "a]",
            "[]a]",
            "[a-z&&[^b]]",
            "[--a]",
            "[\\d-z]",
            "\\Qa(\\E",
            "\\Q(",
            "[a\\Q]\\E]",
            "(?<=a*)b",
            "(?i)x",
            "(?i:x)",
            "(?<n>a)\\k<n>",
            "\\1",
            "\\p{Lu}",
            "\\pL",
            "\\x41\\u0041\\x{1F600}",
            "\\cA",
            "\\012",
            "(?=a)b",
            "(?:a|b)*",
            ".*-(\\d{4})",
            "é\\é",
            "[a-]",
            "[-a]",
            "(?!x)y",
            "(?>a)b",
        ];
        for pattern in cases {
            assert_eq!(check_pattern(pattern), Ok(()), "{pattern}");
        }
    }
}
