//! Calls that may block their thread.

use env::Env;

/// Runs `section`, which may block, so that only its own thread waits. Called once per batch.
pub(crate) fn blocking<T>(env: &Env, section: impl FnOnce() -> T) -> T {
    let mut section = Some(section);
    let mut result = None;
    env.work().in_place(&mut || {
        if let Some(section) = section.take() {
            result = Some(section());
        }
    });
    result.expect("a section lent a thread has run when the call returns")
}
