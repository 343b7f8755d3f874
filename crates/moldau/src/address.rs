//! Addresses on the command line.

use std::net::SocketAddr;

use env::Env;
use kafka_client::config::ServerAddress;

/// Reads `HOST:PORT`.
pub(crate) fn parse(text: &str) -> Result<ServerAddress, String> {
    ServerAddress::parse(text).map_err(|_| "it must be HOST:PORT, such as 127.0.0.1:9092".to_owned())
}

/// Reads `HOST:PORT`, or several of them between commas, as `bootstrap.servers` has them.
pub(crate) fn parse_list(text: &str) -> Result<String, String> {
    text.split(',').try_for_each(|item| parse(item.trim()).map(drop))?;
    Ok(text.to_owned())
}

/// The first address of a name.
pub(crate) async fn resolve(env: &Env, address: &ServerAddress) -> std::io::Result<SocketAddr> {
    let found = env.network().resolve(&address.host, address.port).await?;
    found.first().copied().ok_or_else(|| std::io::Error::other("the name has no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_both_needed() {
        assert_eq!(parse("localhost:9092").unwrap().to_string(), "localhost:9092");
        assert_eq!(parse_list("a:1, b:2").unwrap(), "a:1, b:2");
        assert_eq!(parse("[::1]:9092").unwrap().to_string(), "[::1]:9092");
        for wrong in ["localhost", "9092", ":9092", "localhost:", "localhost:port", ""] {
            assert!(parse(wrong).unwrap_err().contains("HOST:PORT"), "{wrong}");
            assert!(parse_list(&format!("a:1,{wrong}")).is_err(), "{wrong}");
        }
    }
}
