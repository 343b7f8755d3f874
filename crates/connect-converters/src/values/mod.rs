//! Values as text that people read and write, and back (Java's `Values`).

mod number;
mod parse;
mod print;
mod schema;
mod temporal;
mod token;

pub use number::parse_decimal;
pub use parse::parse_string;
pub use print::convert_to_string;
