//! Bugs planted on purpose: the histories must find each of them. They are compiled in by
//! `RUSTFLAGS="--cfg planted_bugs"`, as `cargo xtask test` does; without it this only checks that they are not.
#![allow(
    clippy::unwrap_used,
    clippy::type_complexity,
    clippy::disallowed_methods,
    reason = "threads play histories side by side; inside a history all is simulated"
)]

use env::planted;

#[cfg(planted_bugs)]
#[path = "histories/mod.rs"]
mod simulation;

#[cfg(not(planted_bugs))]
#[test]
fn no_bug_is_compiled_in() {
    assert!(planted::ALL.into_iter().all(|bug| !planted::acts(bug)));
}

/// One bug after the other: which one acts is one switch for the whole process.
#[cfg(planted_bugs)]
#[test]
fn the_histories_find_every_planted_bug() {
    let mut missed = Vec::new();
    for bug in planted::ALL {
        planted::plant(Some(bug));
        match simulation::seeds::first_violation(simulation::seeds::Search { first: 0, count: 200 }) {
            Some((seed, what)) => simulation::seeds::say(&format!("{bug:?} is found by seed {seed}: {what}")),
            None => missed.push(bug),
        }
        planted::plant(None);
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}
