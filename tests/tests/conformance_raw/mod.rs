//! What a broker must answer to which request, case by case.
//!
//! [`runner`] runs the cases and counts, [`client`] sends and receives, [`requests`] builds what most cases need. Every
//! other file is a theme with a list of its cases.

mod client;
mod requests;
mod runner;

mod protocol;

mod metadata;
mod topics;

mod idempotence;
mod produce;

mod fetch;
mod offsets;
mod sessions;

mod commits;
mod coordination;
mod groups;
mod member;
mod static_members;

pub(crate) use runner::run;

/// All there are, by theme.
const THEMES: &[&[runner::Case]] = &[
    protocol::CASES,
    metadata::CASES,
    topics::CASES,
    produce::CASES,
    idempotence::CASES,
    fetch::CASES,
    sessions::CASES,
    offsets::CASES,
    groups::CASES,
    static_members::CASES,
    coordination::CASES,
    commits::CASES,
];
