//! A place where a thread really blocks.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

#[derive(Default)]
struct State {
    open: bool,
    blocked: usize,
    passed: usize,
}

/// Closed at first. Clones are the same gate.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<State>, Condvar)>);

impl Gate {
    /// Blocks the calling thread until the gate is open.
    pub(crate) fn block(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock();
        state.blocked += 1;
        while !state.open {
            changed.wait(&mut state);
        }
        state.blocked -= 1;
        state.passed += 1;
    }

    pub(crate) fn open(&self) {
        self.0.0.lock().open = true;
        self.0.1.notify_all();
    }

    /// Whether a thread is blocked now.
    pub(crate) fn blocks(&self) -> bool {
        self.0.0.lock().blocked > 0
    }

    /// Whether a thread came through.
    pub(crate) fn was_passed(&self) -> bool {
        self.0.0.lock().passed > 0
    }
}
