//! The list of built-in plug-ins: the one place that names them. Also the Java plug-ins on `plugin.path`.

mod builtin;
pub mod java;
mod lookup;

pub use builtin::builtin;
pub use lookup::{RegistryLookup, WorkerPlugins, is_built_in};
