//! The rows.

mod brokers;
mod start;
mod throughput;

use anyhow::Result;

use crate::arguments::RowName;
use crate::bench::Bench;

/// Measures a row and gives its report.
pub fn run(bench: &mut Bench, row: RowName) -> Result<String> {
    match row {
        RowName::P1 => throughput::source(bench),
        RowName::P2 => throughput::sink(bench),
        RowName::P8 => start::cold(bench),
        RowName::P9 => start::tutorial(bench),
        RowName::B => brokers::brokers(bench),
    }
}
