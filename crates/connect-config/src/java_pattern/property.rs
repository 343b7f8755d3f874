//! Named sets of characters.

use super::scanner::Scanner;

/// The set that an escape such as `\d` stands for, fit for the inside and the outside of a class.
pub(super) fn predefined(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[a-zA-Z_0-9]",
        'W' => "[^a-zA-Z_0-9]",
        's' => r"[\x20\t\n\x0B\x0C\r]",
        'S' => r"[^\x20\t\n\x0B\x0C\r]",
        'h' => r"[\x20\t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]",
        'H' => r"[^\x20\t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]",
        'v' => r"[\n\x0B\x0C\r\x{85}\x{2028}\x{2029}]",
        'V' => r"[^\n\x0B\x0C\r\x{85}\x{2028}\x{2029}]",
        _ => return None,
    })
}

/// The set of `\p{…}` or, with `negated`, `\P{…}`; the cursor stands behind the letter.
pub(super) fn property(scanner: &mut Scanner<'_>, negated: bool) -> Result<String, String> {
    let name =
        if scanner.eat('{') { scanner.until('}')? } else { scanner.next().ok_or("it ends with \\p")?.to_string() };
    let unknown = || format!("the property {name} is not known here");
    if let Some(class) = posix(&name) {
        return Ok(if negated { format!("[[:^{class}:]]") } else { format!("[[:{class}:]]") });
    }
    let known = match name.as_str() {
        "javaLowerCase" => "Lowercase",
        "javaUpperCase" => "Uppercase",
        other if other.starts_with("java") || other.starts_with("In") || other.starts_with("bl") => {
            return Err(unknown());
        }
        other => other.strip_prefix("Is").unwrap_or(other),
    };
    let plain = known.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '=' | ' ' | '-'));
    if !plain {
        return Err(unknown());
    }
    Ok(format!("\\{}{{{known}}}", if negated { 'P' } else { 'p' }))
}

/// The POSIX classes, which are ASCII in Java.
fn posix(name: &str) -> Option<&'static str> {
    Some(match name {
        "Lower" => "lower",
        "Upper" => "upper",
        "ASCII" => "ascii",
        "Alpha" => "alpha",
        "Digit" => "digit",
        "Alnum" => "alnum",
        "Punct" => "punct",
        "Graph" => "graph",
        "Print" => "print",
        "Blank" => "blank",
        "Cntrl" => "cntrl",
        "XDigit" => "xdigit",
        "Space" => "space",
        _ => return None,
    })
}
