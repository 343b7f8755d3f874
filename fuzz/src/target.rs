//! What a target is.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::targets::TARGETS;

/// What an input led to, as a number: inputs with an outcome not seen before are kept and mutated further.
pub type Outcome = u64;

/// A parser, and what a mutator should know about its input.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// What it tries.
    pub about: &'static str,
    /// Words of the format.
    pub words: &'static [&'static str],
    /// The longest input, in bytes.
    pub longest: usize,
    /// Tries an input. It panics when something that must hold does not.
    pub run: fn(&[u8]) -> Outcome,
}

/// The target with this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// The outcome of `kind`, with the letters at the start of `text`: a message says what was wrong, the numbers and quoted
/// parts in it do not.
pub fn outcome(kind: impl Hash, text: &str) -> Outcome {
    let mut hasher = DefaultHasher::new();
    kind.hash(&mut hasher);
    let words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 2);
    for word in words.take(12) {
        word.hash(&mut hasher);
    }
    hasher.finish()
}
