//! Connections between processes.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::BoxFuture;

/// One end of a byte stream. Dropping it closes both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// The address of the other end.
    ///
    /// # Errors
    /// When the connection is already gone.
    fn peer_addr(&self) -> io::Result<SocketAddr>;
}

/// A socket that accepts connections. Dropping it stops listening.
pub trait Listener: Send {
    /// The address in use: the port is the real one when port 0 was asked for.
    ///
    /// # Errors
    /// When the socket is gone.
    fn local_addr(&self) -> io::Result<SocketAddr>;
    /// The next connection. Dropping the future loses none.
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(Box<dyn Stream>, SocketAddr)>>;
}

/// Sockets and name resolution.
pub trait Network: Send + Sync {
    /// The addresses of `host`, which may be a literal address, in the resolver's order; never empty.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
    /// Opens a connection (with `TCP_NODELAY`). Has no time limit of its own: wrap it in `Env::timeout`.
    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Stream>>>;
    /// Listens on `address`.
    fn listen(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Listener>>>;
}
