//! Addresses of the REST server: the ones it listens on and the one it tells others.

use std::fmt;

use kafka_config::{ConfigError, parse_integer};

/// How a listener is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// One address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// A name or an address without brackets; empty for all interfaces.
    pub host: String,
    /// The port; 0 for one that the system chooses.
    pub port: u16,
}

impl Listener {
    /// Reads `protocol://host:port`; an IPv6 address can stand in brackets.
    ///
    /// # Errors
    /// Java's text, about the key `name`.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let format = || ConfigError::about(name, "Listener doesn't have the right format (protocol://hostname:port).");
        let (protocol, address) = text.rsplit_once("://").ok_or_else(format)?;
        let (host, port) = address.rsplit_once(':').ok_or_else(format)?;
        let digits = port.strip_prefix('-').unwrap_or(port);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format());
        }
        let host = host.strip_prefix('[').unwrap_or(host);
        let host = host.strip_suffix(']').unwrap_or(host);
        if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-%._:".contains(&byte)) {
            return Err(format());
        }
        let scheme = match protocol.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(ConfigError::about(name, "Listener protocol must be either \"http\" or \"https\".")),
        };
        let number = parse_integer(port).and_then(|number| u16::try_from(number).ok());
        let port = number.ok_or_else(|| ConfigError::invalid(name, text, format!("port out of range:{port}")))?;
        Ok(Self { scheme, host: host.to_owned(), port })
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.name(), Bracketed(&self.host), self.port)
    }
}

/// The address a worker tells others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvertisedUrl {
    /// `http` or `https`.
    pub scheme: String,
    /// A name or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl AdvertisedUrl {
    /// What statuses call the worker: `<host>:<port>`.
    pub fn worker_id(&self) -> String {
        format!("{}:{}", Bracketed(&self.host), self.port)
    }
}

impl fmt::Display for AdvertisedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}/", self.scheme, Bracketed(&self.host), self.port)
    }
}

struct Bracketed<'a>(&'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(Scheme, String, u16), String> {
        Listener::parse("listeners", text)
            .map(|listener| (listener.scheme, listener.host, listener.port))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn reads_addresses() {
        assert_eq!(parse("http://:8083"), Ok((Scheme::Http, String::new(), 8083)));
        assert_eq!(parse("HTTP://my-host.x:0"), Ok((Scheme::Http, "my-host.x".into(), 0)));
        assert_eq!(parse("https://[::1%lo]:8443"), Ok((Scheme::Https, "::1%lo".into(), 8443)));
        assert_eq!(parse("http://::1:80"), Ok((Scheme::Http, "::1".into(), 80)));
    }

    #[test]
    fn refuses_in_javas_words() {
        let format = Err("Listener doesn't have the right format (protocol://hostname:port).".to_owned());
        for text in
            ["localhost:8083", "http://localhost", "http://local host:1", "http://a:b", "http://a:1/", "http://a:-"]
        {
            assert_eq!(parse(text), format, "{text}");
        }
        assert_eq!(parse("ftp://a:1"), Err("Listener protocol must be either \"http\" or \"https\".".to_owned()));
        assert_eq!(
            parse("http://a:70000"),
            Err("Invalid value http://a:70000 for configuration listeners: port out of range:70000".to_owned())
        );
        assert!(parse("http://a:-1").unwrap_err().ends_with("port out of range:-1"));
    }

    #[test]
    fn prints_urls() {
        let url = AdvertisedUrl { scheme: "http".into(), host: "::1".into(), port: 80 };
        assert_eq!((url.to_string(), url.worker_id()), ("http://[::1]:80/".into(), "[::1]:80".into()));
        assert_eq!(Listener::parse("listeners", "http://[::1]:80").unwrap().to_string(), "http://[::1]:80");
    }
}
