//! SIGTERM, SIGINT and SIGHUP, and SIGXFSZ, which must end nothing.

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
    /// From here on SIGTERM, SIGINT and SIGHUP end nothing by themselves. A SIGHUP that is ignored, as `nohup` has it,
    /// stays so. A file that reaches `ulimit -f` gives its writer an error, as a full disk does, and no longer ends the
    /// process.
    pub(crate) fn new() -> Result<Self, Exit> {
        let terminate = receive(SignalKind::terminate())?;
        let interrupt = receive(SignalKind::interrupt())?;
        // The system's own handling does not come back when this is dropped.
        drop(receive(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?);
        let hangup = if hangup_is_ignored() { None } else { Some(receive(SignalKind::hangup())?) };
        Ok(Self { terminate, interrupt, hangup })
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

/// Whether whoever started this process lets it outlive its terminal. Where the system does not tell, it does not.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    // Signals are counted from 1, which is SIGHUP.
    mask & 1 == 1
}

fn receive(kind: SignalKind) -> Result<Signal, Exit> {
    signal(kind).map_err(|error| Exit::worker(format!("signals cannot be received: {error}")))
}

/// Ends the process with 0 when it has not ended by itself `grace` after a signal: output to a terminal or a pipe that
/// nobody reads blocks whoever writes it.
pub(crate) fn end_anyway(env: &Env, grace: Duration) -> Result<(), Exit> {
    let mut signals = Signals::new()?;
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
