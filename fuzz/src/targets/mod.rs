//! The targets, by where their bytes come from.

mod configuration;
mod converters;
mod data_files;
mod patterns;
mod requests;
mod servers;
mod wire;

pub(crate) use requests::corpora;

use crate::target::Target;

/// All targets.
pub const TARGETS: &[Target] = &[
    configuration::PROPERTIES,
    configuration::CONNECTOR_FILE,
    configuration::CONNECTOR,
    configuration::WORKER,
    configuration::VARIABLES,
    configuration::VERSIONS,
    converters::JSON_ENVELOPE,
    converters::JSON_PLAIN,
    converters::VALUES,
    converters::HEADERS,
    converters::PLAIN,
    patterns::PATTERN,
    patterns::DATE,
    wire::BATCHES,
    wire::REQUESTS,
    wire::RESPONSES,
    wire::FRAMES,
    data_files::OFFSET_FILE,
    data_files::BROKER_FILES,
    servers::BROKER,
    servers::REST,
];

/// The lines of an input: up to the first `count - 1` line feeds, then the rest. Missing ones are empty.
fn lines<const N: usize>(input: &[u8]) -> [&[u8]; N] {
    let mut parts = input.splitn(N, |byte| *byte == b'\n');
    [(); N].map(|()| parts.next().unwrap_or_default())
}

/// Text, what is malformed replaced.
fn text(input: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(input)
}
