//! What a broker must answer to which request, case by case.
//!
//! [`runner`] runs the cases and counts, [`client`] sends and receives, [`requests`] builds what most cases need. Every
//! other file is a theme with a list of its cases.

mod client;
mod requests;
mod runner;

mod protocol;

mod configs;
mod metadata;
mod topics;

mod idempotence;
mod produce;

mod fetch;
mod offsets;
mod sessions;

mod commits;
mod coordination;
mod group_corners;
mod groups;
mod member;
mod static_members;

mod isolation;
mod transaction;
mod transactions;
mod txn_offsets;

pub(crate) use runner::run;

/// All there are, by theme.
const THEMES: &[&[runner::Case]] = &[
    protocol::CASES,
    metadata::CASES,
    topics::CASES,
    configs::CASES,
    produce::CASES,
    idempotence::CASES,
    fetch::CASES,
    sessions::CASES,
    offsets::CASES,
    groups::CASES,
    group_corners::CASES,
    static_members::CASES,
    coordination::CASES,
    commits::CASES,
    transactions::CASES,
    isolation::CASES,
    txn_offsets::CASES,
];
