//! How stop and pause reach a task.

use env::watch;

/// What the runtime wants of a task now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Go on.
    Run,
    /// Hand over nothing new until told otherwise; stay ready.
    Pause,
    /// End soon.
    Stop,
}

/// The runtime's side of a [`Token`].
#[derive(Debug)]
pub struct TokenSource(watch::Sender<Signal>);

impl TokenSource {
    /// A source that says [`Signal::Run`], or what `signal` says.
    pub fn new(signal: Signal) -> Self {
        Self(watch::Sender::new(signal))
    }

    /// A token that follows this source.
    pub fn token(&self) -> Token {
        Token(self.0.subscribe())
    }

    /// Says `signal` to every token. After [`Signal::Stop`] nothing else is said any more.
    pub fn say(&self, signal: Signal) {
        self.0.send_if_modified(|current| {
            let changes = *current != signal && *current != Signal::Stop;
            if changes {
                *current = signal;
            }
            changes
        });
    }

    /// What was said last.
    pub fn signal(&self) -> Signal {
        self.0.get()
    }
}

/// Tells a task whether it should run, pause or stop. Clones see the same signals.
#[derive(Clone, Debug)]
pub struct Token(watch::Receiver<Signal>);

impl Token {
    /// What the runtime wants now. A runtime that is gone wants a stop.
    pub fn signal(&self) -> Signal {
        if self.0.is_closed() { Signal::Stop } else { self.0.get() }
    }

    /// Whether the task should end.
    pub fn is_stopping(&self) -> bool {
        self.signal() == Signal::Stop
    }

    /// Completes when the signal is not `signal` (any more), with the new one. Dropping the future loses nothing.
    pub async fn changed_from(&self, signal: Signal) -> Signal {
        let mut receiver = self.0.clone();
        receiver.wait_for(|current| *current != signal).await.unwrap_or(Signal::Stop)
    }
}
