//! `bootstrap.servers`.

use std::fmt;

use kafka_config::ConfigError;

/// Where a server listens, as configured or as advertised by a broker: a name that is resolved at each connect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerAddress {
    /// A name or a literal address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl ServerAddress {
    /// Reads one item of `bootstrap.servers`: `host:port`, `[address]:port`, with anything before `://` ignored.
    ///
    /// # Errors
    /// `Invalid url in bootstrap.servers: …` as in Java.
    pub fn parse(item: &str) -> Result<Self, ConfigError> {
        let invalid = || ConfigError::about("bootstrap.servers", format!("Invalid url in bootstrap.servers: {item}"));
        // Parity: Java's pattern allows any text before the host, such as `PLAINTEXT://`.
        let rest = item.rsplit_once("://").map_or(item, |(_, rest)| rest);
        let (host, port) = rest.rsplit_once(':').ok_or_else(invalid)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-%._:".contains(c);
        if host.is_empty() || !host.chars().all(allowed) || port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(invalid());
        }
        let port = port.parse().map_err(|_| {
            ConfigError::about("bootstrap.servers", format!("Invalid port in bootstrap.servers: {item}"))
        })?;
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_java_reads() {
        for (item, host, port, shown) in [
            ("localhost:9092", "localhost", 9092, "localhost:9092"),
            ("[::1]:9092", "::1", 9092, "[::1]:9092"),
            ("PLAINTEXT://kafka-1.example:19092", "kafka-1.example", 19092, "kafka-1.example:19092"),
            ("2001:db8::1:1", "2001:db8::1", 1, "[2001:db8::1]:1"),
        ] {
            let address = ServerAddress::parse(item).unwrap();
            assert_eq!((address.host.as_str(), address.port), (host, port));
            assert_eq!(address.to_string(), shown);
        }
        for bad in
            ["", "localhost", "localhost:", ":9092", "local host:1", "localhost:x", "localhost:-1", "localhost:70000"]
        {
            let error = ServerAddress::parse(bad).unwrap_err().to_string();
            assert!(
                error.starts_with("Invalid url in bootstrap.servers:") || error.starts_with("Invalid port"),
                "{error}"
            );
        }
    }
}
