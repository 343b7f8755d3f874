//! What people set for a Java virtual machine: what of it has a meaning here, and a line about what has none.

mod options;
mod variables;

pub(crate) use options::JavaOptions;
pub(crate) use variables::sentences;
