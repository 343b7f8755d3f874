//! `moldau connect-plugin-path`: what is on a `plugin.path`, and whether its manifests name it, with the command line of
//! Apache's `connect-plugin-path.sh`.

mod command;

mod arguments;
mod list;
mod sync_manifests;

pub(crate) use command::{Arguments, run};
