//! The list of built-in plug-ins: the one place that names them. Also Java's regular expressions, which transforms bring.

mod builtin;
mod lookup;

pub use builtin::builtin;
pub use connect_transforms::java_pattern::JavaPattern;
pub use lookup::RegistryLookup;
