//! What happens to a record that fails: [`tolerance`] decides (pure), [`report`] tells the log and the dead letter
//! queue.

mod dead_letter;
mod hint;
mod policy;
mod record_text;
mod report;
mod tolerance;

pub use dead_letter::{DEAD_LETTERS_AHEAD, DeadLetterQueue, DeadLetterSettings};
pub use hint::{ConverterFacts, Hints};
pub use policy::{Handled, Policy, Settled};
pub use report::{FailedRecord, Failure, LogReporter, Reporters};
pub use tolerance::{Decision, Stage, Tolerance, ToleranceType, exceeded};
