//! `moldau consume`: the records of a topic on standard output, as `kafka-console-consumer.sh` prints them.

mod command;

mod format;
mod output;

pub(crate) use command::{Arguments, run};
