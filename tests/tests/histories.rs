//! Seeded histories of the whole standalone worker.
//!
//! `MOLDAU_SIM_SEED=n cargo test -p e2e --test histories -- --nocapture` plays one history and shows its last events;
//! `MOLDAU_SIM_SEEDS=n` plays that many, from seed `MOLDAU_SIM_FIRST` on; `MOLDAU_SIM_FAILURES=n` goes on until that many have failed.
#![allow(
    clippy::unwrap_used,
    clippy::type_complexity,
    clippy::disallowed_methods,
    reason = "threads play histories side by side; inside a history all is simulated"
)]

#[path = "histories/mod.rs"]
mod simulation;

/// Whatever goes wrong, nothing is lost, no offset is ahead of its data, and where nothing goes wrong all arrives once.
#[test]
fn every_history_ends_well() {
    simulation::seeds::run_all();
}

#[test]
fn the_same_seed_is_the_same_history() {
    let seeds = simulation::seeds::Search::usual();
    for seed in seeds.first..seeds.first + seeds.count.min(6) {
        simulation::seeds::replays_alike(seed);
    }
}
