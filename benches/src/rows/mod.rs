//! The rows.

mod brokers;
mod instructions;
mod start;
mod throughput;
mod workload;

use anyhow::Result;

use crate::arguments::RowName;
use crate::bench::Bench;

/// Measures a row and gives its report.
pub fn run(bench: &mut Bench, row: RowName) -> Result<String> {
    match row {
        RowName::P1 => throughput::measure(bench, &workload::P1),
        RowName::P2 => throughput::measure(bench, &workload::P2),
        RowName::P3 => throughput::measure(bench, &workload::P3),
        RowName::P4 => throughput::measure(bench, &workload::P4),
        RowName::P8 => start::cold(bench),
        RowName::P9 => start::tutorial(bench),
        RowName::I => instructions::instructions(bench),
        RowName::B => brokers::brokers(bench),
    }
}
