//! Single message transforms and predicates.

use crate::data::Schema;
use crate::{Error, Record, Result, Rewrite};

/// What a transform says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Keep,
    /// It ends here.
    Drop,
}

/// Which records of a batch a stage works on.
#[derive(Clone, Copy, Debug)]
pub enum Selection<'a> {
    /// All.
    All,
    /// Those whose entry is true; one entry per record.
    Mask(&'a [bool]),
}

impl Selection<'_> {
    /// Whether record number `row` is selected.
    pub fn contains(self, row: usize) -> bool {
        match self {
            Selection::All => true,
            Selection::Mask(mask) => mask.get(row).copied().unwrap_or(false),
        }
    }
}

/// What happened to a record that does not simply go on.
#[derive(Clone, Debug)]
pub enum Exception {
    /// It was dropped.
    Drop,
    /// The stage failed; the record is as it entered the stage.
    Fail(Error),
}

/// The answers of a stage for a batch: only exceptions are noted, in ascending order of rows.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    exceptions: Vec<(usize, Exception)>,
}

impl Outcomes {
    /// Notes an exception for record number `row`; rows are noted in ascending order.
    pub fn note(&mut self, row: usize, exception: Exception) {
        debug_assert!(self.exceptions.last().is_none_or(|(last, _)| *last < row), "rows come in ascending order");
        self.exceptions.push((row, exception));
    }

    /// Whether every record goes on.
    pub fn all_kept(&self) -> bool {
        self.exceptions.is_empty()
    }

    /// Takes the exceptions out.
    pub fn drain(&mut self) -> std::vec::Drain<'_, (usize, Exception)> {
        self.exceptions.drain(..)
    }
}

/// Changes or drops records, synchronously. One instance belongs to one task, so it may keep caches (compiled plans,
/// changed schemas); they must be bounded.
pub trait Transform: Send {
    /// Changes one record in place.
    ///
    /// # Errors
    /// When the record cannot be transformed; **the record must then be unchanged**, because it goes to the dead letter
    /// queue or is tried again as it entered.
    fn apply(&mut self, record: &mut Record) -> Result<Verdict>;

    /// What [`Transform::apply`] does to every record whose value is a struct of `input` that holds what the schema allows,
    /// if it does nothing else and cannot fail. The runtime then need not call the transform for such records: it carries
    /// out the rewrites of several transforms in one step.
    fn rewrite(&self, _input: &Schema) -> Option<Rewrite> {
        None
    }

    /// Changes the selected records of a batch. The default calls [`Transform::apply`] for each; a transform that can
    /// do better for a whole batch overrides it.
    fn apply_batch(&mut self, records: &mut [Record], selection: Selection<'_>, outcomes: &mut Outcomes) {
        for (row, record) in records.iter_mut().enumerate() {
            if !selection.contains(row) {
                continue;
            }
            match self.apply(record) {
                Ok(Verdict::Keep) => {}
                Ok(Verdict::Drop) => outcomes.note(row, Exception::Drop),
                Err(error) => outcomes.note(row, Exception::Fail(error)),
            }
        }
    }
}

/// Decides whether a transform applies to a record.
pub trait Predicate: Send {
    /// Whether it holds.
    ///
    /// # Errors
    /// When it cannot be decided; counts as a failure of the transform.
    fn test(&mut self, record: &Record) -> Result<bool>;
}
