//! Every target runs its corpus, then mutated inputs: for ten seconds in continuous integration, for one elsewhere.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use std::path::PathBuf;
use std::time::Duration;

use fuzz::{Plan, TARGETS};

/// `MOLDAU_FUZZ_SECONDS` says otherwise.
fn seconds() -> u64 {
    match std::env::var("MOLDAU_FUZZ_SECONDS") {
        Ok(text) => text.parse().unwrap(),
        Err(_) => {
            if std::env::var_os("CI").is_some() {
                10
            } else {
                1
            }
        }
    }
}

#[test]
fn no_target_fails() {
    let plan = Plan {
        program: PathBuf::from(env!("CARGO_BIN_EXE_fuzz")),
        targets: TARGETS.iter().collect(),
        time: Duration::from_secs(seconds()),
        // Always the same one, so that a change of nothing finds nothing; `cargo xtask fuzz` draws another each time.
        seed: 0,
        parallel: std::thread::available_parallelism().map_or(1, usize::from),
        crashes: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
    };
    if let Err(failures) = fuzz::supervise(&plan) {
        panic!("{failures}");
    }
}
