//! The command line.

use anyhow::{Context, Result, bail};

use crate::worker::Side;

/// How to call it.
pub const USAGE: &str = "usage: cargo xtask bench [ROW …] [options]
rows (default: all but I):
  P1  FileStreamSource, 100 B lines, StringConverter, into a topic of one partition
  P2  the way back: such a topic into a FileStreamSink
  P3  envelopes of 625 B past ByteArrayConverter into a MockSink
  P4  the same through JsonConverter, ReplaceField, MaskField and InsertField into a FileStreamSink on /dev/null
  P8  cold start until REST answers 200; idle memory
  P9  the tutorial with plugin.path = all jars of a Kafka installation: start to first line in the sink file
  B   the embedded broker beside Apache Kafka: start, produce, consume, memory, 50 idle consumers
  I   instructions per record of P1, P2 and P4, counted by Valgrind, beside the baseline (not among the default rows)
options:
  --records N      records measured by P1 to P4 and B (default 3000000, at most 20000000)
  --pairs K        pairs of runs, in the order A B B A … (default 3)
  --sides LIST     which of java,moldau,wire to measure (default: all)
  --java-default   P1 to P4 also with Java's default settings
  --java           P9 also with Java scanning all jars (100 s)
$MOLDAU_BIN names another binary than the release build of this checkout; scratch files go to $TMPDIR.";

const MOST_RECORDS: u64 = 20_000_000;

/// A workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowName {
    /// Source throughput.
    P1,
    /// Sink throughput.
    P2,
    /// A sink without conversion.
    P3,
    /// A sink with conversion and transforms.
    P4,
    /// Cold start.
    P8,
    /// The tutorial.
    P9,
    /// The brokers.
    B,
    /// Instructions.
    I,
}

impl RowName {
    const ALL: [(&'static str, RowName); 8] = [
        ("P1", RowName::P1),
        ("P2", RowName::P2),
        ("P3", RowName::P3),
        ("P4", RowName::P4),
        ("P8", RowName::P8),
        ("P9", RowName::P9),
        ("B", RowName::B),
        ("I", RowName::I),
    ];
}

/// What to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// Rows in order.
    pub rows: Vec<RowName>,
    /// Records of a throughput row.
    pub records: u64,
    /// Pairs of runs.
    pub pairs: usize,
    /// Who takes part.
    pub sides: Vec<Side>,
    /// Throughput also with Java's defaults.
    pub java_default: bool,
    /// The tutorial also with Java scanning all jars.
    pub java_all_jars: bool,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            rows: RowName::ALL.map(|(_, row)| row).into_iter().filter(|row| *row != RowName::I).collect(),
            records: 3_000_000,
            pairs: 3,
            sides: vec![Side::Java, Side::Moldau, Side::Wire],
            java_default: false,
            java_all_jars: false,
        }
    }
}

impl Arguments {
    /// Parses the words behind `cargo xtask bench`; the error ends with the usage.
    pub fn parse(words: &[String]) -> Result<Self> {
        Self::read(words).map_err(|error| anyhow::anyhow!("{error:#}\n{USAGE}"))
    }

    fn read(words: &[String]) -> Result<Self> {
        let mut arguments = Self::default();
        let mut rows = Vec::new();
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word {
                "--records" => arguments.records = number(word, words.next(), MOST_RECORDS)?,
                "--pairs" => arguments.pairs = usize::try_from(number(word, words.next(), 1_000)?)?,
                "--sides" => arguments.sides = sides(words.next())?,
                "--java-default" => arguments.java_default = true,
                "--java" => arguments.java_all_jars = true,
                _ => rows.push(row(word)?),
            }
        }
        if !rows.is_empty() {
            arguments.rows = rows;
        }
        Ok(arguments)
    }
}

fn number(option: &str, value: Option<&str>, most: u64) -> Result<u64> {
    let value = value.with_context(|| format!("{option} needs a number"))?;
    match value.replace('_', "").parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => bail!("{option} needs a number from 1 to {most}, not {value}"),
    }
}

fn sides(value: Option<&str>) -> Result<Vec<Side>> {
    let list = value.context("--sides needs a list such as java,moldau,wire")?;
    list.split(',')
        .map(|name| match name {
            "java" => Ok(Side::Java),
            "moldau" => Ok(Side::Moldau),
            "wire" => Ok(Side::Wire),
            _ => bail!("no side {name}"),
        })
        .collect()
}

fn row(word: &str) -> Result<RowName> {
    let known = RowName::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    known.map(|(_, row)| *row).with_context(|| format!("no row or option {word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments> {
        Arguments::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn nothing_means_everything() {
        assert_eq!(parse("").unwrap(), Arguments::default());
    }

    #[test]
    fn rows_and_options_come_in_any_order() {
        let parsed = parse("P9 --records 2_000 p1 --pairs 4 --sides java,wire --java-default").unwrap();
        let expected = Arguments {
            rows: vec![RowName::P9, RowName::P1],
            records: 2_000,
            pairs: 4,
            sides: vec![Side::Java, Side::Wire],
            java_default: true,
            java_all_jars: false,
        };
        assert_eq!(parsed, expected);
    }

    #[test]
    fn what_is_wrong_is_named_with_the_usage() {
        for (line, named) in [
            ("P77", "P77"),
            ("--records", "--records needs"),
            ("--records many", "many"),
            ("--pairs 0", "--pairs"),
            ("--sides java,c", "no side c"),
            ("--quick", "--quick"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(named) && error.contains("usage:"), "{line}: {error}");
        }
    }
}
