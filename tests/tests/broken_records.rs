//! More than 200 broken records through chains of converters, predicates and transforms: what arrives, the dead letter queue
//! record by record, the lines of the log and the committed offsets are those of the real Kafka Connect.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests read real files")]

#[path = "broken_records/inputs.rs"]
mod inputs;
#[path = "broken_records/sinks.rs"]
mod sinks;
#[path = "broken_records/sources.rs"]
mod sources;

use std::fmt::Debug;

/// What is told in the end: all differences between what Java did and what ours did, not only the first.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + Debug>(&mut self, what: &str, java: &T, ours: &T) {
        if java != ours {
            self.0.push(format!("{what}\n  Java: {java:?}\n  ours: {ours:?}"));
        }
    }

    fn compare_lists<T: PartialEq + Debug>(&mut self, what: &str, java: &[T], ours: &[T]) {
        for (index, (java, ours)) in java.iter().zip(ours).enumerate() {
            self.compare(&format!("{what} {index}"), java, ours);
        }
        self.compare(&format!("number of {what}"), &java.len(), &ours.len());
    }

    fn assert_none(self) {
        assert!(self.0.is_empty(), "{} difference(s)\n{}", self.0.len(), self.0.join("\n"));
    }
}

#[test]
fn tolerant_sinks_treat_every_broken_record_as_java_does() {
    let sinks = inputs::tolerant();
    let [java, ours] = sinks::play_on_both(&sinks);
    let mut differences = Differences::default();
    let mut letters = 0;
    for ((sink, java), ours) in sinks.iter().zip(&java).zip(&ours) {
        let name = sink.name;
        assert!(!java.letters.is_empty() && !java.file.is_empty(), "{name} shows nothing: {java:?}");
        letters += java.letters.len();
        differences.compare_lists(&format!("{name}: line"), &java.lines(), &ours.lines());
        differences.compare_lists(&format!("{name}: dead letter"), &java.letters, &ours.letters);
        differences.compare_lists(&format!("{name}: log"), &java.log, &ours.log);
        differences.compare(&format!("{name}: committed"), &java.committed, &ours.committed);
        differences.compare(
            &format!("{name}: committed, of the topic's"),
            &java.committed,
            &Some(sink.records.len() as i64),
        );
    }
    differences.assert_none();
    assert!(letters >= 200, "only {letters} dead letters");
}

#[test]
fn sinks_without_tolerance_fail_with_javas_trace_and_still_report_the_record() {
    let sinks = inputs::strict();
    let [java, ours] = sinks::play_on_both(&sinks);
    let mut differences = Differences::default();
    for ((sink, java), ours) in sinks.iter().zip(&java).zip(&ours) {
        let name = sink.name;
        assert!(java.trace.is_some(), "{name} did not fail: {java:?}");
        differences.compare(&format!("{name}: trace"), &java.trace, &ours.trace);
        differences.compare_lists(&format!("{name}: dead letter"), &java.letters, &ours.letters);
        differences.compare_lists(&format!("{name}: log"), &java.log, &ours.log);
        differences.compare(&format!("{name}: committed"), &java.committed, &ours.committed);
    }
    differences.assert_none();
}

#[test]
fn sources_treat_records_that_a_transform_or_converter_refuses_as_java_does() {
    let sources = sources::all();
    let [java, ours] = sources::play_on_both(&sources);
    let mut differences = Differences::default();
    for ((source, java), ours) in sources.iter().zip(&java).zip(&ours) {
        let name = source.name;
        assert!(!java.log.is_empty(), "{name} shows nothing: {java:?}");
        differences.compare(&format!("{name}: trace"), &java.trace, &ours.trace);
        differences.compare_lists(&format!("{name}: record"), &java.records, &ours.records);
        differences.compare_lists(&format!("{name}: log"), &java.log, &ours.log);
        differences.compare(&format!("{name}: stored offset"), &java.position, &ours.position);
    }
    differences.assert_none();
}
