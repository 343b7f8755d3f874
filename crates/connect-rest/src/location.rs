//! The address of a new connector, made as `UriBuilder` of JAX-RS makes it.

use axum::http::{HeaderMap, StatusCode, header::HOST};

use crate::error::RestError;

/// The address of a connector, as the client reaches the worker; `base` is for clients that do not say how.
///
/// Parity: a name with braces is a template to Java, and its connector is there although the answer is an error.
pub(crate) fn location(headers: &HeaderMap, base: &str, name: &str) -> Result<String, RestError> {
    let template = format!("/connectors/{name}");
    let path = encoded(&template);
    if let Some(fault) = template_fault(&template).or_else(|| stray_brace(&path)) {
        return Err(RestError::new(StatusCode::INTERNAL_SERVER_ERROR, fault));
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).filter(|host| !host.trim().is_empty());
    Ok(host.map_or_else(|| format!("{base}{path}"), |host| format!("http://{}{path}", host.trim())))
}

/// A path with escapes. Characters that Java's `UriBuilder` leaves alone stay, and so does what looks like an escape.
fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/;+,!*():@&='${}".contains(&byte);
    let bytes = path.as_bytes();
    let escape = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let mut text = String::with_capacity(path.len());
    for (at, byte) in bytes.iter().enumerate() {
        if plain(*byte) || *byte == b'%' && escape(at) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// What Java says of braces, if there are any.
fn template_fault(path: &str) -> Option<String> {
    let mut variable = None;
    let mut rest = path;
    let mut at = 0;
    while let Some(open) = rest.find('{') {
        let inside = &rest[open + 1..];
        let bad = |c: char, place: usize, part: &str| {
            let place = at + open + 1 + place;
            format!(
                "Illegal character \"{c}\" at position {place} is not allowed as a {part} of a name in a path template \
                 \"{path}\"."
            )
        };
        let open_ended = format!(
            "Invalid syntax in the template \"{path}\". Check if a path parameter is terminated with a \"}}\"."
        );
        // Blanks count for nothing.
        let blanks = inside.len() - inside.trim_start().len();
        let Some(first) = inside.trim_start().chars().next() else { return Some(open_ended) };
        if !(first.is_ascii_alphanumeric() || first == '_') {
            return Some(bad(first, blanks, "start"));
        }
        let Some(end) = inside.find(['}', ':']) else { return Some(open_ended) };
        let name = &inside[..end];
        if let Some(place) = name.find(|c: char| !c.is_ascii_alphanumeric() && !"_-. ".contains(c)) {
            return Some(bad(name[place..].chars().next().unwrap_or_default(), place, "part"));
        }
        let Some(close) = inside.find('}') else { return Some(open_ended) };
        variable = variable.or_else(|| Some(name.replace(' ', "")));
        at += open + 1 + close + 1;
        rest = &inside[close + 1..];
    }
    variable.map(|variable| format!("The template variable '{variable}' has no value"))
}

/// What Java says of a brace that closes nothing.
fn stray_brace(path: &str) -> Option<String> {
    let close = path.find('}')?;
    Some(format!("java.net.URISyntaxException: Illegal character in path at index {close}: {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn names_in_addresses() {
        for (name, path) in [
            ("a%2Fb", "a%2Fb"),
            ("a%zzb", "a%25zzb"),
            ("a[b]$c", "a%5Bb%5D$c"),
            ("\u{e4}\u{20ac}", "%C3%A4%E2%82%AC"),
            ("a|b^c`d<e>", "a%7Cb%5Ec%60d%3Ce%3E"),
            ("a/b;c+d,e!f*g(h)i:j@k&l='m", "a/b;c+d,e!f*g(h)i:j@k&l='m"),
        ] {
            let location = location(&HeaderMap::new(), "http://w:1", name).unwrap();
            assert_eq!(location, format!("http://w:1/connectors/{path}"), "{name}");
        }
    }

    #[test]
    fn the_client_knows_how_it_reaches_the_worker() {
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("my.host:99"))]);
        assert_eq!(location(&headers, "http://w:1", "a").unwrap(), "http://my.host:99/connectors/a");
    }

    #[test]
    fn braces() {
        for (path, fault) in [
            ("/connectors/a{x}b", "The template variable 'x' has no value"),
            ("/connectors/{ x y }", "The template variable 'xy' has no value"),
            ("/connectors/{x:[0-9]+}{y}", "The template variable 'x' has no value"),
            (
                "/connectors/a{x",
                "Invalid syntax in the template \"/connectors/a{x\". Check if a path parameter is terminated with a \"}\".",
            ),
            ("/connectors/a}b", "java.net.URISyntaxException: Illegal character in path at index 13: /connectors/a}b"),
            (
                "/connectors/a{}b",
                "Illegal character \"}\" at position 14 is not allowed as a start of a name in a path template \
                 \"/connectors/a{}b\".",
            ),
        ] {
            assert_eq!(template_fault(path).or_else(|| stray_brace(path)).as_deref(), Some(fault));
        }
        assert_eq!(template_fault("/connectors/a"), None);
    }
}
