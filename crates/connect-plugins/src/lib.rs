//! The list of built-in plug-ins: the one place that names them.

mod builtin;
mod lookup;

pub use builtin::builtin;
pub use lookup::RegistryLookup;
