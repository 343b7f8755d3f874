//! Java plug-ins on `plugin.path`: what Apache's own tool says of the same folders, and what a worker makes of them.
#![allow(
    clippy::unwrap_used,
    clippy::type_complexity,
    clippy::disallowed_methods,
    reason = "black-box tests measure real time and read and write real files"
)]

#[path = "plugin_path/jars.rs"]
mod jars;
#[path = "plugin_path/tool.rs"]
mod tool;
#[path = "plugin_path/worker.rs"]
mod worker;
