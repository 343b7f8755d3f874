//! `moldau quickstart`: a broker, a worker and the tutorial's two connectors in one process, and a view of what moves.

mod command;

mod folder;
mod sample;
mod saved;

mod flow;
mod newest;
mod rate;

mod steps;
mod text;
mod view;

pub(crate) use command::{Arguments, run};
