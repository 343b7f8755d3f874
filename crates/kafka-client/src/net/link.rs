//! The way to one broker: at most one live connection, made when needed, with back-off between attempts.

use std::sync::Arc;
use std::time::Duration;

use env::{Env, Instant};
use kafka_wire::protocol::Request;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Backoff, Connection};
use crate::config::{ClientConfig, ServerAddress};
use crate::error::ClientError;

/// The way to one address.
pub(crate) struct Link {
    env: Env,
    config: Arc<ClientConfig>,
    address: ServerAddress,
    live: Mutex<Option<Arc<Connection>>>,
    /// Held while connecting, so that there is one attempt at a time.
    attempts: tokio::sync::Mutex<Attempts>,
    /// Ends an attempt to connect that nobody should wait for any longer.
    given_up: Notify,
}

struct Attempts {
    reconnect: Backoff,
    setup: Backoff,
    not_before: Option<Instant>,
}

impl Link {
    pub(crate) fn new(env: Env, config: Arc<ClientConfig>, address: ServerAddress) -> Self {
        let attempts = Attempts {
            reconnect: Backoff::new(config.reconnect_backoff),
            setup: Backoff::new(config.connection_setup),
            not_before: None,
        };
        let (live, attempts) = (Mutex::new(None), tokio::sync::Mutex::new(attempts));
        Self { env, config, address, live, attempts, given_up: Notify::new() }
    }

    /// The connection, if there is one that has not ended.
    pub(crate) fn live(&self) -> Option<Arc<Connection>> {
        self.live.lock().as_ref().filter(|connection| !connection.is_closed()).cloned()
    }

    /// The live connection, or a new one. Waits out the back-off of earlier failures first.
    ///
    /// # Errors
    /// Those of [`Connection::open`]; the next attempt waits longer.
    pub(crate) async fn connection(&self) -> Result<Arc<Connection>, ClientError> {
        if let Some(connection) = self.live() {
            return Ok(connection);
        }
        let mut attempts = self.attempts.lock().await;
        if let Some(connection) = self.live() {
            return Ok(connection);
        }
        let opened = tokio::select! {
            biased;
            () = self.given_up.notified() => {
                let reason = "it is not in the cluster any more".into();
                Err(ClientError::Disconnected { broker: self.address.to_string().into(), reason })
            }
            opened = self.open(&attempts) => opened,
        };
        match opened {
            Ok(connection) => {
                let connection = Arc::new(connection);
                attempts.reconnect.reset();
                attempts.setup.reset();
                // A broker that accepts and closes at once must not be asked in a tight loop.
                attempts.not_before = Some(self.env.clock().now() + self.config.reconnect_backoff.first);
                *self.live.lock() = Some(connection.clone());
                Ok(connection)
            }
            Err(error) => {
                let wait = attempts.reconnect.fail(self.env.random());
                attempts.setup.fail(self.env.random());
                attempts.not_before = Some(self.env.clock().now() + wait);
                tracing::debug!(broker = %self.address, %error, "cannot connect");
                Err(error)
            }
        }
    }

    /// Waits out the back-off, then connects.
    async fn open(&self, attempts: &Attempts) -> Result<Connection, ClientError> {
        if let Some(not_before) = attempts.not_before {
            self.env.clock().sleep_until(not_before).await;
        }
        // Setup time-outs grow with the failures, within their own range; the number of failures is the same.
        let setup = super::backoff::after(self.config.connection_setup, attempts.setup.failures(), self.env.random());
        Connection::open(&self.env, &self.config, &self.address, setup).await
    }

    /// Asks over the live connection or a new one.
    ///
    /// # Errors
    /// Those of [`Link::connection`] and [`Connection::call`].
    pub(crate) async fn call<Q: Request>(
        &self,
        timeout: Duration,
        make: impl FnOnce(i16) -> Q,
    ) -> Result<Q::Response, ClientError> {
        self.connection().await?.call(timeout, make).await
    }

    /// Ends the live connection at once.
    pub(crate) fn abort(&self) {
        if let Some(connection) = self.live.lock().take() {
            connection.abort();
        }
    }

    /// As [`Link::abort`], and gives up an attempt to connect.
    pub(crate) fn give_up(&self) {
        self.given_up.notify_waiters();
        self.abort();
    }

    /// Lets go of the live connection: it ends once nobody waits for an answer on it. Gives up an attempt to connect.
    pub(crate) fn release(&self) {
        self.given_up.notify_waiters();
        self.live.lock().take();
    }
}
