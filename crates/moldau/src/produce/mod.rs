//! `moldau produce`: lines of standard input as records of a topic, as `kafka-console-producer.sh` sends them.

mod command;

mod input;
mod line;

pub(crate) use command::{Arguments, run};
