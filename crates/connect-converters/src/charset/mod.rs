//! The character sets of Java that StringConverter knows.
//!
//! [`Charset`] has the names; `single_byte` and `multi_byte` hold Java's own tables, `tree` is one of the latter; `ebcdic`,
//! `iscii`, `iso_2022` and `japanese` have the sets whose bytes depend on what stands before them, `detected` guesses
//! one; `unicode` has the sets of two and four bytes, `utf8` what Java makes of broken UTF-8.

mod names;

mod detected;
mod ebcdic;
mod iscii;
mod iso_2022;
mod japanese;
mod multi_byte;
mod single_byte;
mod tree;
mod unicode;
mod utf8;

pub(crate) use names::Charset;
pub(crate) use unicode::{Order, sixteen_bit_text};
pub(crate) use utf8::utf8_lossy;
