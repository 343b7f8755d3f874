//! The transform chain: each transform in turn over the whole batch.

use connect_api::{Error, Exception, Outcomes, Predicate, Record, Result, Schema, Selection, Transform, Verdict};

use env::planted::{self, Bug};

use super::rewriting::Rewriting;
use super::{DropCounts, DroppedRecords};
use crate::errors::{FailedRecord, Failure, Policy, Settled, Stage};

/// When a transform applies.
pub struct Condition {
    /// Decides.
    pub predicate: Box<dyn Predicate>,
    /// Applies when the predicate does not hold.
    pub negate: bool,
}

/// One transform of a chain.
pub struct Link {
    /// Its name in the connector's configuration.
    pub alias: String,
    /// The Java class, for error reports.
    pub class: String,
    /// The transform.
    pub transform: Box<dyn Transform>,
    /// When it applies; always without one.
    pub condition: Option<Condition>,
}

/// A connector's transforms, in order.
#[derive(Default)]
pub struct Chain {
    links: Vec<Link>,
    /// Of the transforms from each link on.
    rewritings: Vec<Rewriting>,
    dropped: DropCounts,
    mask: Vec<bool>,
    outcomes: Outcomes,
}

impl Chain {
    /// The chain of these transforms.
    pub fn new(links: Vec<Link>) -> Self {
        let rewritings = links.iter().map(|_| Rewriting::default()).collect();
        Self { dropped: DropCounts::of(&links), links, rewritings, ..Self::default() }
    }

    /// What its transforms keep from going on, from now on too.
    pub fn dropped(&self) -> DropCounts {
        self.dropped.clone()
    }

    /// Says in the log what did not go on; for the end of a task.
    pub fn tell_dropped(&self) {
        for DroppedRecords { class, filtered, failed, .. } in self.dropped.read() {
            tracing::info!(filtered, failed, "{class}: records that did not go on");
        }
    }

    /// Transforms a batch in place. Records that are dropped, or skipped under the error policy, go to `gone`; the
    /// others stay, in order. On an error that fails the task, the records before the failed one stay and have passed
    /// the whole chain; the earliest record's error wins. Failures are reported in the order of the records, as when
    /// one record passes the chain after the other.
    pub async fn apply(
        &mut self,
        records: &mut Vec<Record>,
        policy: &Policy,
        gone: &mut (dyn FnMut(Record) + Send),
    ) -> Option<Error> {
        let mut fatal = None;
        let mut failures = Failures::default();
        let mut index = 0;
        while index < self.links.len() {
            if let Some(links) = self.rewrite(index, records) {
                index += links;
                continue;
            }
            if let Some(error) = self.call(index, records, policy, gone, &mut failures).await {
                fatal = Some(error);
            }
            index += 1;
        }
        failures.report(&self.links, policy);
        fatal
    }

    /// Does what the transforms from `index` on do, without calling them: see [`Rewriting::apply`].
    fn rewrite(&mut self, index: usize, records: &mut [Record]) -> Option<usize> {
        let links = &self.links[index..];
        let rewrite = |at: usize, schema: &Schema| {
            let link = links.get(at).filter(|link| link.condition.is_none())?;
            link.transform.rewrite(schema)
        };
        self.rewritings[index].apply(records, rewrite)
    }

    /// Calls one transform.
    async fn call(
        &mut self,
        index: usize,
        records: &mut Vec<Record>,
        policy: &Policy,
        gone: &mut (dyn FnMut(Record) + Send),
        failures: &mut Failures,
    ) -> Option<Error> {
        let link = &mut self.links[index];
        let undecided = link.select(records, &mut self.mask);
        let selection = if link.condition.is_some() { Selection::Mask(&self.mask) } else { Selection::All };
        link.transform.apply_batch(records, selection, &mut self.outcomes);
        if self.outcomes.all_kept() && undecided.is_empty() {
            return None;
        }
        let exceptions = merge(undecided, &mut self.outcomes);
        failures.link = index;
        let (before, failed_before) = (records.len(), failures.list.len());
        let fatal = link.settle(records, exceptions, policy, gone, failures).await;
        if fatal.is_none() {
            let failed = failures.list.len() - failed_before;
            self.dropped.add(index, before.saturating_sub(records.len() + failed), failed);
        }
        fatal
    }
}

/// The failures of one batch, and which place in it the records had that are left.
#[derive(Default)]
struct Failures {
    list: Vec<FailedInChain>,
    /// The place of each record, ascending; `None` while all are left.
    places: Option<Vec<usize>>,
    /// The link at work.
    link: usize,
}

struct FailedInChain {
    place: usize,
    link: usize,
    error: Error,
    record: Record,
}

impl Failures {
    fn place(&self, row: usize) -> usize {
        self.places.as_ref().map_or(row, |places| places[row])
    }

    fn add(&mut self, row: usize, error: Error, record: Record) {
        let failed = FailedInChain { place: self.place(row), link: self.link, error, record };
        self.list.push(failed);
    }

    /// The task fails at this row: what comes after it is as if it had never been polled.
    fn end_at(&mut self, row: usize) {
        let place = self.place(row);
        self.list.retain(|failed| failed.place <= place);
        if let Some(places) = &mut self.places {
            places.truncate(row);
        }
    }

    /// These rows of `count` are gone.
    fn removed(&mut self, rows: &[usize], count: usize) {
        if rows.is_empty() {
            return;
        }
        let mut rows = rows.iter().copied().peekable();
        let mut row = 0;
        self.places.get_or_insert_with(|| (0..count).collect()).retain(|_| {
            row += 1;
            rows.next_if_eq(&(row - 1)).is_none()
        });
    }

    fn report(mut self, links: &[Link], policy: &Policy) {
        self.list.sort_by_key(|failed| failed.place);
        for FailedInChain { link, error, record, .. } in &self.list {
            let (stage, class) = (Stage::Transformation, links[*link].class.as_str());
            policy.reporters().report(&Failure { stage, class, error, record: FailedRecord::of(record) });
        }
    }
}

/// Exceptions of the predicate and of the transform, by row.
fn merge(undecided: Vec<(usize, Error)>, outcomes: &mut Outcomes) -> Vec<(usize, Exception)> {
    let mut all: Vec<_> = outcomes.drain().collect();
    all.extend(undecided.into_iter().map(|(row, error)| (row, Exception::Fail(error))));
    all.sort_by_key(|(row, _)| *row);
    all
}

impl Link {
    /// Fills `mask` by the predicate; gives the rows for which it failed.
    fn select(&mut self, records: &[Record], mask: &mut Vec<bool>) -> Vec<(usize, Error)> {
        mask.clear();
        let mut undecided = Vec::new();
        let Some(condition) = &mut self.condition else { return undecided };
        for (row, record) in records.iter().enumerate() {
            let applies = match condition.predicate.test(record) {
                Ok(holds) => holds != condition.negate,
                Err(error) => {
                    undecided.push((row, error));
                    false
                }
            };
            mask.push(applies);
        }
        undecided
    }

    /// One record, from the predicate on: the retry of a failed stage.
    fn apply_one(&mut self, record: &mut Record) -> Result<Verdict> {
        if let Some(condition) = &mut self.condition
            && condition.predicate.test(record)? == condition.negate
        {
            return Ok(Verdict::Keep);
        }
        self.transform.apply(record)
    }

    /// Asks the policy about each exception and removes the records that do not go on.
    async fn settle(
        &mut self,
        records: &mut Vec<Record>,
        exceptions: Vec<(usize, Exception)>,
        policy: &Policy,
        gone: &mut (dyn FnMut(Record) + Send),
        failures: &mut Failures,
    ) -> Option<Error> {
        let mut removed = Vec::with_capacity(exceptions.len());
        for (row, exception) in exceptions {
            let verdict = match exception {
                Exception::Drop => Verdict::Drop,
                Exception::Fail(error) => {
                    let snapshot = records[row].clone();
                    let (stage, class, failed) =
                        (Stage::Transformation, self.class.clone(), FailedRecord::of(&snapshot));
                    let again = || self.apply_one(&mut records[row]);
                    match policy.try_again(stage, &class, failed, error, again).await {
                        Settled::Done(verdict) => verdict,
                        Settled::Failed { error, fatal } => {
                            failures.add(row, error, snapshot);
                            if let Some(fatal) = fatal {
                                failures.end_at(row);
                                records.truncate(row);
                                failures.removed(&removed, row);
                                remove(records, &removed, gone);
                                return Some(fatal);
                            }
                            Verdict::Drop
                        }
                    }
                }
            };
            if verdict == Verdict::Drop {
                removed.push(row);
            }
        }
        failures.removed(&removed, records.len());
        remove(records, &removed, gone);
        None
    }
}

/// Removes the rows (ascending), keeping the order of the others.
fn remove(records: &mut Vec<Record>, rows: &[usize], gone: &mut (dyn FnMut(Record) + Send)) {
    let mut rows = rows.iter().copied().peekable();
    let all = std::mem::take(records);
    records.reserve(all.len());
    for (row, record) in all.into_iter().enumerate() {
        let neighbour = planted::acts(Bug::FilterDropsNeighbour) && row > 0 && rows.peek() == Some(&(row + 1));
        if rows.next_if_eq(&row).is_some() || neighbour {
            gone(record);
        } else {
            records.push(record);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connect_api::{Datum, SourceOffset, SourcePartition, Value};
    use env::Env;

    use super::*;
    use crate::errors::{Reporters, Tolerance, ToleranceType};

    type Step = fn(i64) -> Result<Option<i64>>;

    struct Stage(Step);

    fn number(record: &Record) -> i64 {
        record.value.value.as_i64().unwrap()
    }

    impl Transform for Stage {
        fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
            match self.0(number(record))? {
                Some(next) => {
                    record.value = Datum::schemaless(Value::Int64(next));
                    Ok(Verdict::Keep)
                }
                None => Ok(Verdict::Drop),
            }
        }
    }

    struct Holds(fn(i64) -> Result<bool>);

    impl Predicate for Holds {
        fn test(&mut self, record: &Record) -> Result<bool> {
            self.0(number(record))
        }
    }

    fn link(step: Step) -> Link {
        Link { alias: "x".into(), class: "x.Stage".into(), transform: Box::new(Stage(step)), condition: None }
    }

    fn conditional(step: Step, predicate: fn(i64) -> Result<bool>, negate: bool) -> Link {
        Link { condition: Some(Condition { predicate: Box::new(Holds(predicate)), negate }), ..link(step) }
    }

    struct Outcome {
        kept: Vec<i64>,
        gone: Vec<i64>,
        dropped: Vec<(u64, u64)>,
        fatal: Option<String>,
        took: Duration,
    }

    fn run(links: Vec<Link>, numbers: std::ops::Range<i64>, tolerance: ToleranceType, retry: Duration) -> Outcome {
        env_sim::Sim::new(1).run(|env: Env, _| async move {
            let tolerance =
                Tolerance { tolerance, retry_timeout: Some(retry), retry_delay_max: Duration::from_secs(60) };
            let policy = Policy::new(env.clone(), tolerance, Reporters::default());
            let record = |n: i64| {
                let (partition, offset) = (SourcePartition::new([("p", 0_i64)]), SourceOffset::of([("o", n)]));
                Record::source("t".into(), partition, offset, Datum::schemaless(n))
            };
            let mut records: Vec<Record> = numbers.map(record).collect();
            let mut gone = Vec::new();
            let began = env.clock().now();
            let mut chain = Chain::new(links);
            let fatal = chain.apply(&mut records, &policy, &mut |record| gone.push(number(&record))).await;
            Outcome {
                dropped: chain.dropped().read().iter().map(|dropped| (dropped.filtered, dropped.failed)).collect(),
                kept: records.iter().map(number).collect(),
                gone,
                fatal: fatal.map(|error| error.trace()),
                took: env.clock().now() - began,
            }
        })
    }

    fn times_ten(n: i64) -> Result<Option<i64>> {
        Ok(Some(n * 10))
    }

    fn without_odd(n: i64) -> Result<Option<i64>> {
        Ok((n % 2 == 0).then_some(n))
    }

    fn no_three(n: i64) -> Result<Option<i64>> {
        if n == 3 { Err(Error::data("three")) } else { Ok(Some(n)) }
    }

    #[test]
    fn transforms_apply_in_order_and_drop() {
        let outcome = run(vec![link(without_odd), link(times_ten)], 0..6, ToleranceType::None, Duration::ZERO);
        assert_eq!((outcome.kept, outcome.gone, outcome.fatal), (vec![0, 20, 40], vec![1, 3, 5], None));
        assert_eq!(outcome.dropped, [(3, 0)]);
    }

    #[test]
    fn with_tolerance_a_failed_record_is_skipped_and_the_others_keep_their_order() {
        let outcome = run(vec![link(no_three), link(times_ten)], 1..6, ToleranceType::All, Duration::ZERO);
        assert_eq!((outcome.kept, outcome.gone, outcome.fatal), (vec![10, 20, 40, 50], vec![3], None));
        assert_eq!(outcome.dropped, [(0, 1)]);
    }

    #[test]
    fn without_tolerance_the_records_before_the_failed_one_pass_the_whole_chain() {
        let outcome = run(vec![link(no_three), link(times_ten)], 1..6, ToleranceType::None, Duration::ZERO);
        assert_eq!((outcome.kept, outcome.gone), (vec![10, 20], vec![]));
        assert_eq!(
            outcome.fatal.unwrap(),
            "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler\n\
             Caused by: org.apache.kafka.connect.errors.DataException: three\n"
        );
    }

    #[test]
    fn a_transform_filters_and_fails_and_both_are_counted() {
        fn picky(n: i64) -> Result<Option<i64>> {
            if n % 5 == 0 { Err(Error::data("five")) } else { Ok((n % 2 == 0).then_some(n)) }
        }
        let outcome = run(vec![link(times_ten), link(picky)], 1..4, ToleranceType::All, Duration::ZERO);
        assert_eq!((outcome.kept, outcome.dropped), (vec![], vec![(0, 3)]));
        let outcome = run(vec![link(picky)], 1..11, ToleranceType::All, Duration::ZERO);
        assert_eq!((outcome.kept, outcome.dropped), (vec![2, 4, 6, 8], vec![(4, 2)]));
    }

    #[test]
    fn the_earliest_record_decides_whatever_stage_it_fails_in() {
        fn no_two(n: i64) -> Result<Option<i64>> {
            if n == 2 { Err(Error::data("two")) } else { Ok(Some(n)) }
        }
        let outcome = run(vec![link(no_three), link(no_two)], 1..6, ToleranceType::None, Duration::ZERO);
        assert_eq!(outcome.kept, [1]);
        assert!(outcome.fatal.unwrap().ends_with("DataException: two\n"));
    }

    #[test]
    fn failures_of_several_transforms_are_reported_in_the_order_of_the_records() {
        let record = || {
            let (partition, offset) = (SourcePartition::new([("p", 0_i64)]), SourceOffset::of([("o", 0_i64)]));
            Record::source("t".into(), partition, offset, Datum::NULL)
        };
        let places = |failures: &Failures| failures.list.iter().map(|failed| failed.place).collect::<Vec<_>>();
        let mut failures = Failures::default();
        failures.add(3, Error::data("third"), record());
        failures.removed(&[1, 3], 6);
        // Left are 0, 2, 4 and 5.
        failures.link = 1;
        failures.add(1, Error::data("second"), record());
        failures.add(3, Error::data("fifth"), record());
        failures.removed(&[1, 3], 4);
        assert_eq!((places(&failures), failures.places.clone()), (vec![3, 2, 5], Some(vec![0, 4])));
        // The task fails at 4: nobody has seen 5.
        failures.end_at(1);
        assert_eq!((places(&failures), failures.places), (vec![3, 2], Some(vec![0])));
    }

    #[test]
    fn predicates_choose_and_can_be_negated() {
        let even: fn(i64) -> Result<bool> = |n| Ok(n % 2 == 0);
        let outcome = run(vec![conditional(times_ten, even, false)], 1..5, ToleranceType::None, Duration::ZERO);
        assert_eq!(outcome.kept, [1, 20, 3, 40]);
        let outcome = run(vec![conditional(times_ten, even, true)], 1..5, ToleranceType::None, Duration::ZERO);
        assert_eq!(outcome.kept, [10, 2, 30, 4]);
    }

    #[test]
    fn a_predicate_that_fails_fails_its_record_in_its_place() {
        let undecided: fn(i64) -> Result<bool> = |n| if n == 2 { Err(Error::data("undecided")) } else { Ok(true) };
        let outcome = run(vec![conditional(without_odd, undecided, false)], 0..5, ToleranceType::All, Duration::ZERO);
        assert_eq!((outcome.kept, outcome.gone), (vec![0, 4], vec![1, 2, 3]));
    }

    #[test]
    fn a_retriable_failure_is_tried_again_from_its_predicate_on_and_keeps_its_place() {
        struct Third(u32);
        impl Transform for Third {
            fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
                if number(record) == 2 && self.0 < 2 {
                    self.0 += 1;
                    return Err(Error::retriable("not yet"));
                }
                Ok(Verdict::Keep)
            }
        }
        let third = Link { alias: "x".into(), class: "x.Third".into(), transform: Box::new(Third(0)), condition: None };
        let outcome = run(vec![third, link(times_ten)], 1..4, ToleranceType::None, Duration::from_secs(10));
        assert_eq!((outcome.kept, outcome.fatal), (vec![10, 20, 30], None));
        assert_eq!(outcome.took, Duration::from_millis(300 + 600));
    }
}
