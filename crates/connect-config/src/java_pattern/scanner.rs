//! The characters of a pattern, and the escapes that stand for one character.

/// A place in a pattern.
pub(super) struct Scanner<'a> {
    pattern: &'a [char],
    at: usize,
}

/// What an escape stands for.
pub(super) enum Escape {
    /// One character.
    Literal(char),
    /// Several, between `\Q` and `\E`.
    Quoted(String),
    /// Something else, named by this letter or digit.
    Other(char),
}

impl<'a> Scanner<'a> {
    pub(super) fn new(pattern: &'a [char]) -> Self {
        Self { pattern, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<char> {
        self.pattern.get(self.at + ahead).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.at = (self.at + count).min(self.pattern.len());
    }

    /// Takes `c` if it comes next.
    pub(super) fn eat(&mut self, c: char) -> bool {
        let there = self.peek() == Some(c);
        self.at += usize::from(there);
        there
    }

    /// Takes everything up to `end` and `end` itself.
    pub(super) fn until(&mut self, end: char) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some(c) if c == end => return Ok(text),
                Some(c) => text.push(c),
                None => return Err(format!("{end} is missing")),
            }
        }
    }

    /// What follows a backslash.
    pub(super) fn escape(&mut self) -> Result<Escape, String> {
        let Some(c) = self.next() else {
            return Err("it ends with a backslash".to_owned());
        };
        let literal = match c {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{c}',
            'a' => '\u{7}',
            'e' => '\u{1b}',
            'c' => {
                let control = self.next().ok_or("it ends with \\c")?;
                char::from_u32(u32::from(control) ^ 64).ok_or("\\c has no such character")?
            }
            '0' => self.octal()?,
            'x' => self.hexadecimal()?,
            'u' => self.utf16()?,
            'Q' => return Ok(Escape::Quoted(self.quoted())),
            'E' => return Ok(Escape::Quoted(String::new())),
            c if c.is_ascii_alphanumeric() => return Ok(Escape::Other(c)),
            c => c,
        };
        Ok(Escape::Literal(literal))
    }

    fn quoted(&mut self) -> String {
        let mut text = String::new();
        while let Some(c) = self.next() {
            if c == '\\' && self.eat('E') {
                break;
            }
            text.push(c);
        }
        text
    }

    /// `\0n`, `\0nn` or `\0mnn` with `m` at most 3.
    fn octal(&mut self) -> Result<char, String> {
        let (mut value, mut digits) = (0, 0);
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) {
            if digits == 3 || (digits == 2 && value > 0o37) {
                break;
            }
            value = value * 8 + digit;
            digits += 1;
            self.skip(1);
        }
        char::from_u32(value).filter(|_| digits > 0).ok_or_else(|| "\\0 needs an octal number".to_owned())
    }

    fn hexadecimal(&mut self) -> Result<char, String> {
        let digits = if self.eat('{') { self.until('}')? } else { self.digits(2) };
        let value = u32::from_str_radix(&digits, 16).ok();
        value.and_then(char::from_u32).ok_or_else(|| format!("\\x{digits} is no character"))
    }

    fn utf16(&mut self) -> Result<char, String> {
        let unit =
            |digits: String| u16::from_str_radix(&digits, 16).map_err(|_| format!("\\u{digits} is no character"));
        let mut units = vec![unit(self.digits(4))?];
        if (0xD800..0xDC00).contains(&units[0]) && self.peek() == Some('\\') && self.peek_at(1) == Some('u') {
            self.skip(2);
            units.push(unit(self.digits(4))?);
        }
        let mut decoded = char::decode_utf16(units);
        match (decoded.next(), decoded.next()) {
            (Some(Ok(c)), None) => Ok(c),
            _ => Err("half of a surrogate pair is no character".to_owned()),
        }
    }

    fn digits(&mut self, count: usize) -> String {
        let digits: String = (0..count).filter_map(|ahead| self.peek_at(ahead)).collect();
        self.skip(count);
        digits
    }
}

/// Appends a character that stands for itself, also inside a class.
pub(super) fn push_literal(c: char, out: &mut String) {
    if c.is_ascii_alphanumeric() || !c.is_ascii() {
        out.push(c);
    } else {
        out.push_str(&format!("\\x{{{:X}}}", u32::from(c)));
    }
}
