//! What compaction keeps, against what a reader sees before and after; in memory, and in files that lose power.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use env::Env;
use env_sim::{DiskFault, Sim, SimHandle};
use kafka_wire::batch::{ControlType, DEFAULT_MAX_DECOMPRESSED, control_batch};
use kafka_wire::{Batch, BatchBuilder, BatchOptions, Compression, ProducerState};
use proptest::prelude::*;

use super::compaction::{Cleaned, Cleaner, CompactionRules};
use super::disk::{DiskLog, Handles, Place};
use super::{Log, LogSettings, MemoryLog};
use crate::flush::{FlushQueue, Target};

const HOUR: i64 = 60 * 60 * 1000;
const RULES: CompactionRules =
    CompactionRules { delete_retention_millis: HOUR, min_lag_millis: 0, min_dirty_ratio: 0.0 };

#[derive(Debug, Clone)]
enum Step {
    /// Records of keys with values, or tombstones; by a producer in a transaction or by nobody.
    Write(Option<i64>, Vec<(u8, bool)>),
    /// A producer's transaction ends.
    End(i64, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let records = prop::collection::vec((0_u8..6, prop::bool::weighted(0.7)), 1..4);
    prop_oneof![
        4 => (prop::option::of(1_i64..4), records).prop_map(|(producer, records)| Step::Write(producer, records)),
        2 => (1_i64..4, any::<bool>()).prop_map(|(producer, commits)| Step::End(producer, commits)),
    ]
}

/// A log that is written to, and which transactions are open in it.
struct Writer<L> {
    log: L,
    open: BTreeMap<i64, i64>,
    sequences: BTreeMap<i64, i32>,
    written: i64,
}

impl<L: Log> Writer<L> {
    fn new(log: L) -> Self {
        Self { log, open: BTreeMap::new(), sequences: BTreeMap::new(), written: 0 }
    }

    fn write(&mut self, step: &Step) -> std::io::Result<()> {
        let batch = match step {
            Step::Write(producer, records) => {
                let mut builder =
                    BatchBuilder::new(BatchOptions { compression: Compression::Lz4, ..BatchOptions::default() });
                for (key, has_value) in records {
                    self.written += 1;
                    let value = self.written.to_string();
                    builder.append(self.written, Some(&[*key]), has_value.then_some(value.as_bytes()), []).unwrap();
                }
                let state = producer.map(|id| {
                    let sequence = self.sequences.entry(id).or_default();
                    let base_sequence = *sequence;
                    *sequence += records.len() as i32;
                    self.open.entry(id).or_insert(self.log.end_offset());
                    ProducerState { id, epoch: 0, base_sequence }
                });
                builder.finish(state, producer.is_some()).unwrap()
            }
            Step::End(producer, commits) => {
                self.open.remove(producer);
                let kind = if *commits { ControlType::Commit } else { ControlType::Abort };
                control_batch(kind, (*producer, 0), 0, 0, self.written, 0).unwrap()
            }
        };
        self.log.append(Batch::new(batch).unwrap()).map(|_| ())
    }

    fn stable(&self) -> i64 {
        self.open.values().copied().min().unwrap_or(self.log.end_offset())
    }

    fn compact(&mut self, now: i64) -> std::io::Result<()> {
        let stable = self.stable();
        let Some(mut compaction) = self.log.begin_compaction(&RULES, stable, now)? else { return Ok(()) };
        while compaction.step() {}
        self.log.finish_compaction(compaction)
    }
}

fn batches(log: &mut dyn Log) -> Vec<Batch> {
    let mut all = Vec::new();
    log.scan(log.start_offset(), &mut |batch| {
        batch.check_crc().unwrap();
        all.push(batch.clone());
        Ok(())
    })
    .unwrap();
    all
}

/// The records of a log: offset, key, value and whether a reader of committed records sees it.
fn records(log: &mut dyn Log) -> Vec<(i64, u8, Option<String>, bool)> {
    let batches = batches(log);
    let mut all = Vec::new();
    for (at, batch) in batches.iter().enumerate() {
        let header = batch.header();
        if header.is_control() {
            continue;
        }
        let mut ends = batches[at..].iter().filter(|end| end.header().producer.id == header.producer.id);
        let end = ends.find_map(|end| end.control_type().unwrap());
        let visible = !header.is_transactional() || end == Some(ControlType::Commit);
        for record in batch.records(DEFAULT_MAX_DECOMPRESSED).unwrap() {
            let record = record.unwrap();
            let value = record.value.map(|value| String::from_utf8(value.to_vec()).unwrap());
            all.push((record.offset, record.key.unwrap()[0], value, visible));
        }
    }
    assert!(all.is_sorted_by(|one, next| one.0 < next.0), "offsets rise");
    all
}

/// What one who reads everything that is committed ends up with.
fn view(log: &mut dyn Log) -> BTreeMap<u8, String> {
    let mut view = BTreeMap::new();
    for (_, key, value, _) in records(log).into_iter().filter(|(.., visible)| *visible) {
        match value {
            Some(value) => view.insert(key, value),
            None => view.remove(&key),
        };
    }
    view
}

/// Every batch is a segment of its own, so that all but the last are compacted.
const SMALL: LogSettings = LogSettings {
    segment_bytes: 1,
    segment_millis: i64::MAX,
    flush_messages: 1,
    flush_interval: std::time::Duration::MAX,
};

fn check<L: Log>(log: L, steps: &[Step], every: usize) {
    let mut writer = Writer::new(log);
    writer.log.configure(&SMALL);
    let mut now = 1000;
    for (count, step) in steps.iter().enumerate() {
        writer.write(step).unwrap();
        if count % every == 0 {
            let before = view(&mut writer.log);
            writer.compact(now).unwrap();
            assert_eq!(view(&mut writer.log), before);
            now += HOUR / 3;
        }
    }
    // All transactions end, and so much time passes that nothing is needed any more that is not the latest.
    for producer in writer.open.clone().into_keys() {
        writer.write(&Step::End(producer, false)).unwrap();
    }
    let end = writer.log.end_offset();
    for _ in 0..3 {
        writer.write(&Step::Write(None, vec![(99, true)])).unwrap();
        let before = view(&mut writer.log);
        writer.compact(now).unwrap();
        assert_eq!(view(&mut writer.log), before);
        now += 48 * HOUR;
    }
    let left = records(&mut writer.log).into_iter().filter(|(offset, ..)| *offset < end).collect::<Vec<_>>();
    let latest = view(&mut writer.log);
    for (offset, key, value, visible) in &left {
        assert!(visible, "the record at {offset} was aborted");
        assert_eq!(latest.get(key), value.as_ref(), "the record at {offset} of {key}");
    }
    assert_eq!(left.len(), latest.len() - 1, "{left:?}");
    let headers = batches(&mut writer.log);
    let empty = headers.iter().filter(|batch| batch.header().count == 0);
    assert_eq!(empty.count(), 0, "nobody remembers a producer after two days");
    assert_eq!(writer.log.start_offset(), 0);
}

proptest! {
    #[test]
    fn readers_of_a_log_in_memory_see_the_same_and_nothing_is_left_that_is_not_needed(
        steps in prop::collection::vec(step(), 1..40),
        every in 1_usize..12,
    ) {
        check(MemoryLog::new(), &steps, every);
    }

    #[test]
    fn a_reader_sees_the_same_when_the_keys_do_not_fit_into_memory(steps in prop::collection::vec(step(), 1..40)) {
        let mut writer = Writer::new(MemoryLog::new());
        steps.iter().filter(|step| matches!(step, Step::Write(None, _))).for_each(|step| writer.write(step).unwrap());
        let (end, before) = (writer.log.end_offset(), view(&mut writer.log));
        let all = batches(&mut writer.log);
        let mut cleaner = Cleaner::new(&RULES, 0).with_key_bytes(150);
        for batch in &all {
            // Nothing is in a transaction here.
            cleaner.survey(batch.header(), || Ok(batch.clone())).unwrap();
            cleaner.learn(batch).unwrap();
        }
        let cleaned_to = cleaner.cleaned_to(end);
        let mut cleaned = Writer::new(MemoryLog::new());
        for batch in &all {
            let stays = match cleaner.clean(batch).unwrap() {
                Cleaned::Kept => batch.clone(),
                Cleaned::Replaced(bytes) => Batch::new(bytes).unwrap(),
                Cleaned::Dropped => continue,
            };
            if batch.header().base_offset >= cleaned_to {
                prop_assert_eq!(stays.bytes(), batch.bytes());
            }
            // Offsets begin anew here, and do not matter.
            cleaned.log.append(stays).unwrap();
        }
        prop_assert_eq!(view(&mut cleaned.log), before);
    }
}

const MACHINE: &str = "broker";

fn open(env: &Env) -> std::io::Result<DiskLog> {
    let place = Place {
        handles: Handles::with_capacity(env.clone(), 4),
        queue: FlushQueue::new(env.clone()),
        target: Target::Log(Arc::from("t"), 0),
        folder: PathBuf::from("/data/t-0"),
    };
    DiskLog::open(place, SMALL)
}

fn machine(sim: &SimHandle) -> Env {
    sim.disk(MACHINE).put_folder("/data").unwrap();
    sim.env_for(MACHINE)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn readers_of_a_log_in_files_see_the_same_and_nothing_is_left_that_is_not_needed(
        steps in prop::collection::vec(step(), 1..40),
        every in 1_usize..12,
    ) {
        Sim::new(1).run(|_, sim| async move { check(open(&machine(&sim)).unwrap(), &steps, every) });
    }
}

/// Values, tombstones of them, and both kinds of transactions.
fn story() -> Vec<Step> {
    let write = |producer, key, has_value| Step::Write(producer, vec![(key, has_value)]);
    let mut steps = vec![write(None, 0, true), write(None, 1, true), write(Some(1), 2, true), write(None, 0, false)];
    steps.extend([Step::End(1, true), write(Some(2), 1, true), Step::End(2, false), write(None, 3, true)]);
    steps.extend([write(None, 3, true), write(None, 4, true), write(None, 2, false), write(None, 5, true)]);
    steps
}

#[test]
fn power_that_goes_while_a_log_is_compacted_changes_nothing_a_reader_sees() {
    let mut steps = 0;
    for seed in 0..6 {
        // Tombstones that are new, and those that go in this pass together with what they delete.
        for passes in 1..3 {
            for after in 0.. {
                let finished = Sim::new(seed).run(|_, sim| async move {
                    let env = machine(&sim);
                    let mut writer = Writer::new(open(&env).unwrap());
                    story().iter().for_each(|step| writer.write(step).unwrap());
                    let expected = view(&mut writer.log);
                    let mut now = 1000;
                    if passes == 2 {
                        writer.compact(now).unwrap();
                        now += 2 * HOUR;
                        // As after a start, everything is looked at again.
                        let log = open(&env).unwrap();
                        writer = Writer { log, ..writer };
                    }
                    let fault = DiskFault { operation: None, path_contains: String::new(), after, times: u64::MAX };
                    sim.disk(MACHINE).fail(fault);
                    let finished = writer.compact(now).is_ok();
                    drop(writer);
                    sim.crash(MACHINE);
                    sim.disk(MACHINE).clear_faults();
                    let env = sim.env_for(MACHINE);
                    let mut log = open(&env).unwrap();
                    assert_eq!(view(&mut log), expected, "seed {seed}, {passes} passes, {after} steps");
                    assert_eq!((log.start_offset(), log.end_offset()), (0, 12));
                    for name in env.disk().read_dir("/data/t-0".as_ref()).unwrap() {
                        assert!(!name.to_string_lossy().ends_with(".cleaned"), "{name:?}");
                    }
                    finished
                });
                steps += 1;
                if finished {
                    break;
                }
            }
        }
    }
    assert!(steps > 500, "{steps}");
}

#[test]
fn the_last_batch_of_a_producer_stays_for_a_day() {
    let mut writer = Writer::new(MemoryLog::new());
    writer.log.configure(&SMALL);
    let write = |producer, key| Step::Write(producer, vec![(key, true)]);
    for step in [write(Some(7), 1), write(Some(7), 1), Step::End(7, true), write(None, 1), write(None, 2)] {
        writer.write(&step).unwrap();
    }
    writer.compact(0).unwrap();
    let left: Vec<_> = batches(&mut writer.log).iter().map(|batch| batch.header().clone()).collect();
    let seen: Vec<_> = left.iter().map(|header| (header.base_offset, header.count)).collect();
    // The marker is the producer's last batch.
    assert_eq!(seen, [(2, 1), (3, 1), (4, 1)]);
    assert_eq!(left[0].delete_horizon(), Some(HOUR));
    writer.write(&write(None, 2)).unwrap();
    writer.compact(2 * HOUR).unwrap();
    let left: Vec<_> = batches(&mut writer.log).iter().map(|batch| batch.header().clone()).collect();
    assert_eq!((left[0].base_offset, left[0].count, left[0].producer.id), (2, 0, 7));
}
