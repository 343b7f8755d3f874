//! The character sets of Java that StringConverter knows.
//!
//! [`Charset`] has the names; `single_byte` holds Java's own tables, `unicode` the sets of two and four bytes,
//! `utf8` what Java makes of broken UTF-8.

mod names;

mod single_byte;
mod unicode;
mod utf8;

pub(crate) use names::Charset;
pub(crate) use unicode::{Order, sixteen_bit_text};
pub(crate) use utf8::utf8_lossy;
