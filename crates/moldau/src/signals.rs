//! SIGTERM, SIGINT and, for who asks, SIGHUP.

use std::time::Duration;

use env::Env;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;

/// The signals that end the process cleanly.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Option<Signal>,
}

impl Signals {
    /// From here on SIGTERM and SIGINT end nothing by themselves.
    pub(crate) fn new() -> Result<Self, Exit> {
        let terminate = receive(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: receive(SignalKind::interrupt())?, hangup: None })
    }

    /// The same, and the terminal that goes away.
    pub(crate) fn with_hangup() -> Result<Self, Exit> {
        Ok(Self { hangup: Some(receive(SignalKind::hangup())?), ..Self::new()? })
    }

    /// Completes when the next one comes.
    pub(crate) async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = hangup => {}
        }
    }
}

fn receive(kind: SignalKind) -> Result<Signal, Exit> {
    signal(kind).map_err(|error| Exit::worker(format!("signals cannot be received: {error}")))
}

/// Ends the process with 0 when it has not ended by itself `grace` after a signal: output to a terminal or a pipe that
/// nobody reads blocks whoever writes it.
pub(crate) fn end_anyway(env: &Env, grace: Duration) -> Result<(), Exit> {
    let mut signals = Signals::with_hangup()?;
    let own = env.clone();
    let guard = async move {
        signals.next().await;
        own.sleep(grace).await;
        tracing::error!("gave up what had not ended {grace:?} after the signal");
        crate::logging::finish();
        std::process::exit(0);
    };
    env.work().spawn("signal guard", Box::pin(guard));
    Ok(())
}
