//! The log in files against a model, and on disks that fail.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use env::Env;
use env_sim::{DiskFault, DiskOperation, Sim, SimHandle};
use kafka_wire::batch::DEFAULT_MAX_DECOMPRESSED;
use kafka_wire::{Batch, BatchBuilder, BatchOptions, Batches};
use proptest::prelude::*;

use super::{DiskLog, Handles, Place};
use crate::flush::{FlushQueue, Target};
use crate::log::{Log, LogSettings, MemoryLog, Retention};

const FOLDER: &str = "/data/t-0";
const MACHINE: &str = "broker";

/// The machine with the folder that logs are made in.
fn machine(sim: &SimHandle) -> Env {
    sim.disk(MACHINE).put_folder("/data").unwrap();
    sim.env_for(MACHINE)
}

fn batch(timestamps: &[i64], size: usize) -> Batch {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    for timestamp in timestamps {
        builder.append(*timestamp, None, Some(&vec![b'x'; size]), []).unwrap();
    }
    Batch::new(builder.finish(None, false).unwrap()).unwrap()
}

fn settings(segment_bytes: u64, flush_messages: u64) -> LogSettings {
    LogSettings { segment_bytes, flush_messages, ..LogSettings::default() }
}

fn try_open(env: &Env, settings: LogSettings) -> std::io::Result<DiskLog> {
    let place = Place {
        handles: Handles::with_capacity(env.clone(), 3),
        queue: FlushQueue::new(env.clone()),
        target: Target::Log(Arc::from("t"), 0),
        folder: PathBuf::from(FOLDER),
    };
    DiskLog::open(place, settings)
}

fn open(env: &Env, settings: LogSettings) -> DiskLog {
    try_open(env, settings).unwrap()
}

fn offsets(bytes: Bytes) -> Vec<i64> {
    let mut batches = Batches::new(bytes);
    let mut offsets = Vec::new();
    for batch in &mut batches {
        let batch = batch.unwrap();
        batch.check_crc().unwrap();
        offsets.extend(batch.records(DEFAULT_MAX_DECOMPRESSED).unwrap().map(|record| record.unwrap().offset));
    }
    assert!(batches.remaining().is_empty(), "a batch is cut off");
    offsets
}

/// Every record, by a reader that goes on where it stopped.
fn all(log: &mut dyn Log, max_bytes: usize) -> Vec<i64> {
    let mut seen = Vec::new();
    let mut next = log.start_offset();
    while next < log.end_offset() {
        let read = offsets(log.read(next, max_bytes, true).unwrap());
        let Some(last) = read.last() else { break };
        next = last + 1;
        seen.extend(read);
    }
    seen
}

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<i64>, usize),
    Read(u8, usize, bool),
    ByTime(i64),
    DeleteBefore(u8),
    RetainBytes(u64),
    RetainTime(i64),
    /// With a clean end before it, or without.
    Reopen(bool),
    /// So many bytes come behind the last batch while nobody looks.
    Tear(u8),
    LoseIndexes,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (prop::collection::vec(0_i64..200, 1..5), 1_usize..400).prop_map(|(times, size)| Step::Append(times, size)),
        3 => (any::<u8>(), 0_usize..2000, any::<bool>()).prop_map(|(at, max, one)| Step::Read(at, max, one)),
        2 => (-1_i64..210).prop_map(Step::ByTime),
        1 => any::<u8>().prop_map(Step::DeleteBefore),
        1 => (0_u64..3000).prop_map(Step::RetainBytes),
        1 => (0_i64..200).prop_map(Step::RetainTime),
        1 => any::<bool>().prop_map(Step::Reopen),
        1 => (1_u8..200).prop_map(Step::Tear),
        1 => Just(Step::LoseIndexes),
    ]
}

/// Both logs do the same. Pieces that are dropped differ in size, so the model is told what the log has dropped.
fn run(env: &Env, steps: Vec<Step>) {
    let how = settings(1500, 1);
    let (mut log, mut model) = (open(env, how), MemoryLog::new());
    for step in steps {
        let place = |at: u8| model.start_offset() + i64::from(at) % (model.end_offset() - model.start_offset() + 1);
        match step {
            Step::Append(times, size) => {
                let batch = batch(&times, size);
                assert_eq!(log.append(batch.clone()).unwrap(), model.append(batch).unwrap());
            }
            Step::Read(at, max_bytes, at_least_one) => {
                let at = place(at);
                let read = log.read(at, max_bytes, at_least_one).unwrap();
                assert_eq!(offsets(read), offsets(model.read(at, max_bytes, at_least_one).unwrap()), "from {at}");
            }
            Step::ByTime(time) => {
                assert_eq!(log.find_by_time(time).unwrap(), model.find_by_time(time).unwrap());
                assert_eq!(log.latest_time().unwrap(), model.latest_time().unwrap());
            }
            Step::DeleteBefore(at) => {
                let at = place(at);
                log.delete_before(at).unwrap();
                model.delete_before(at).unwrap();
            }
            Step::RetainBytes(bytes) => {
                log.retain(&Retention { bytes: Some(bytes), millis: None }, i64::MAX, 0).unwrap();
                assert!(log.size() < bytes + 1500 + 2000, "{} bytes of {bytes}", log.size());
                model.delete_before(log.start_offset()).unwrap();
            }
            Step::RetainTime(time) => {
                log.retain(&Retention { bytes: None, millis: Some(0) }, i64::MAX, time).unwrap();
                model.delete_before(log.start_offset()).unwrap();
            }
            Step::Reopen(clean) => {
                if clean {
                    log.close().unwrap();
                }
                drop(log);
                log = open(env, how);
            }
            Step::Tear(bytes) => {
                drop(log);
                tear(env, bytes);
                log = open(env, how);
            }
            Step::LoseIndexes => {
                drop(log);
                for name in env.disk().read_dir(FOLDER.as_ref()).unwrap() {
                    if name.extension().is_some_and(|extension| extension == "index") {
                        env.disk().remove(&PathBuf::from(FOLDER).join(name)).unwrap();
                    }
                }
                log = open(env, how);
            }
        }
        assert_eq!((log.start_offset(), log.end_offset()), (model.start_offset(), model.end_offset()));
    }
    assert_eq!(all(&mut log, 700), all(&mut model, 700));
    let mut seen = Vec::new();
    log.scan(log.start_offset(), &mut |batch| {
        seen.push(batch.header().base_offset);
        Ok(())
    })
    .unwrap();
    assert!(seen.is_sorted(), "{seen:?}");
}

fn tear(env: &Env, bytes: u8) {
    let names = env.disk().read_dir(FOLDER.as_ref()).unwrap();
    let last = names.iter().rfind(|name| name.extension().is_some_and(|extension| extension == "log"));
    if let Some(last) = last {
        let mut file = env.disk().open(&PathBuf::from(FOLDER).join(last), env::OpenOptions::APPEND).unwrap();
        let torn = batch(&[7, 7, 7], 100);
        file.write_all(&torn.bytes()[..usize::from(bytes)]).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn a_log_in_files_is_as_one_in_memory(steps in prop::collection::vec(step(), 1..60)) {
        Sim::new(1).run(|_, sim| async move { run(&machine(&sim), steps) });
    }
}

/// Appends until something fails; gives how many records were acknowledged.
fn append_until_crash(log: &mut DiskLog, count: i64) -> i64 {
    for _ in 0..count {
        if log.append(batch(&[5], 300)).is_err() {
            break;
        }
    }
    log.end_offset()
}

#[test]
fn what_was_acknowledged_after_a_sync_survives_a_crash_at_any_step_and_the_rest_is_a_prefix() {
    let mut crashes = 0;
    for seed in 0..20 {
        for after in 0..60 {
            for flush_messages in [1, 4, u64::MAX] {
                crashes += 1;
                Sim::new(seed).run(|_, sim| async move {
                    let env = machine(&sim);
                    let how = settings(1200, flush_messages);
                    // The process stops where the disk stops answering.
                    let mut synced = 0;
                    let mut written = 0;
                    let stop = DiskFault { operation: None, path_contains: String::new(), after, times: u64::MAX };
                    sim.disk(MACHINE).fail(stop);
                    if let Ok(mut log) = try_open(&env, how) {
                        for round in 0..12 {
                            written = append_until_crash(&mut log, 1);
                            if flush_messages == 1 || (round == 5 && log.flush().is_ok()) {
                                synced = written;
                            }
                        }
                    }
                    sim.crash(MACHINE);
                    let env = sim.env_for(MACHINE);
                    heal(&sim);
                    let mut log = open(&env, how);
                    let end = log.end_offset();
                    assert!(end >= synced, "seed {seed}, {after} steps: {end} of {synced} records");
                    // One batch may have been written and not acknowledged.
                    assert!(end <= written + 1, "seed {seed}, {after} steps: {end} of {written} records");
                    assert_eq!(all(&mut log, 700), (0..end).collect::<Vec<_>>());
                    // And it goes on from there, durably.
                    assert_eq!(log.append(batch(&[6], 10)).unwrap(), end);
                    log.flush().unwrap();
                    drop(log);
                    sim.crash(MACHINE);
                    assert_eq!(all(&mut open(&sim.env_for(MACHINE), how), 700), (0..=end).collect::<Vec<_>>());
                });
            }
        }
    }
    assert!(crashes > 3000);
}

/// A disk that answers again.
fn heal(sim: &SimHandle) {
    sim.disk(MACHINE).clear_faults();
}

#[test]
fn of_a_batch_that_does_not_fit_nothing_remains() {
    for seed in 0..10 {
        Sim::new(seed).run(|_, sim| async move {
            let env = machine(&sim);
            let mut log = open(&env, settings(u64::MAX, 1));
            for _ in 0..3 {
                log.append(batch(&[1], 500)).unwrap();
            }
            sim.disk(MACHINE).set_capacity(Some(log.size() + 200));
            assert!(log.append(batch(&[1], 500)).is_err());
            assert!(log.append(batch(&[1], 500)).is_err());
            assert_eq!(all(&mut log, 10_000), [0, 1, 2]);
            let file = format!("{FOLDER}/00000000000000000000.log");
            assert_eq!(sim.disk(MACHINE).read(&file).unwrap().len() as u64, log.size());
            // A smaller one fits.
            assert_eq!(log.append(batch(&[1], 1)).unwrap(), 3);
            sim.disk(MACHINE).set_capacity(None);
            assert_eq!(log.append(batch(&[1], 500)).unwrap(), 4);
            sim.crash(MACHINE);
            let mut log = open(&sim.env_for(MACHINE), settings(u64::MAX, 1));
            assert_eq!(all(&mut log, 10_000), [0, 1, 2, 3, 4]);
        });
    }
}

#[test]
fn after_a_sync_that_failed_nothing_counts_as_durable_that_is_not() {
    for seed in 0..30 {
        Sim::new(seed).run(|_, sim| async move {
            let env = machine(&sim);
            let mut log = open(&env, settings(u64::MAX, 1));
            log.append(batch(&[1], 100)).unwrap();
            sim.disk(MACHINE).fail(DiskFault { times: 2, ..DiskFault::next(DiskOperation::Sync) });
            assert!(log.append(batch(&[1], 100)).is_err());
            assert_eq!(log.end_offset(), 1);
            // The disk is still bad.
            assert!(log.append(batch(&[1], 100)).is_err());
            if seed % 2 == 0 {
                assert_eq!(log.append(batch(&[2], 100)).unwrap(), 1);
                assert_eq!(log.append(batch(&[2], 100)).unwrap(), 2);
            } else {
                // Killed and started again, without a loss of power between.
                drop(log);
                sim.kill(MACHINE);
                log = open(&sim.env_for(MACHINE), settings(u64::MAX, 1));
                let end = log.end_offset();
                assert_eq!(log.append(batch(&[2], 100)).unwrap(), end);
                log.append(batch(&[2], 100)).unwrap();
            }
            let end = log.end_offset();
            drop(log);
            sim.crash(MACHINE);
            let mut log = open(&sim.env_for(MACHINE), settings(u64::MAX, 1));
            assert_eq!(all(&mut log, 10_000), (0..end).collect::<Vec<_>>(), "seed {seed}");
        });
    }
}

#[test]
fn what_is_not_flushed_is_flushed_in_time() {
    Sim::new(3).run(|_, sim| async move {
        let env = machine(&sim);
        let queue = FlushQueue::new(env.clone());
        let target = Target::Log(Arc::from("t"), 0);
        let place = Place {
            handles: Handles::new(env.clone()),
            queue: queue.clone(),
            target: target.clone(),
            folder: PathBuf::from(FOLDER),
        };
        let how = LogSettings { flush_interval: Duration::from_millis(700), ..LogSettings::default() };
        let mut log = DiskLog::open(place, how).unwrap();
        let began = env.clock().now();
        log.append(batch(&[1], 1)).unwrap();
        log.append(batch(&[1], 1)).unwrap();
        assert_eq!(queue.next().await, target);
        assert_eq!(env.clock().now() - began, Duration::from_millis(700));
        log.flush().unwrap();
        // Each once, and again only when there is something again.
        assert!(env.timeout(Duration::from_secs(60), queue.next()).await.is_err());
        log.append(batch(&[1], 1)).unwrap();
        assert_eq!(queue.next().await, target);
    });
}

#[test]
fn a_start_after_a_clean_end_reads_no_batch() {
    Sim::new(3).run(|_, sim| async move {
        let env = machine(&sim);
        let mut log = open(&env, settings(2000, u64::MAX));
        for _ in 0..20 {
            log.append(batch(&[1], 500)).unwrap();
        }
        log.close().unwrap();
        drop(log);
        // Nothing in a log could be read.
        let fault = DiskFault { path_contains: ".log".into(), times: u64::MAX, ..DiskFault::next(DiskOperation::Read) };
        sim.disk(MACHINE).fail(fault);
        let mut log = open(&env, settings(2000, u64::MAX));
        assert_eq!(log.end_offset(), 20);
        assert!(log.read(0, 1000, true).is_err());
        heal(&sim);
        assert_eq!(all(&mut log, 1000).len(), 20);
    });
}

#[test]
fn a_file_that_was_changed_is_named() {
    Sim::new(3).run(|_, sim| async move {
        let env = machine(&sim);
        let mut log = open(&env, settings(1000, u64::MAX));
        for _ in 0..4 {
            log.append(batch(&[1], 900)).unwrap();
        }
        let path = format!("{FOLDER}/00000000000000000001.log");
        let mut bytes = sim.disk(MACHINE).read(&path).unwrap();
        bytes[8..12].fill(0);
        sim.disk(MACHINE).put(&path, &bytes).unwrap();
        let error = log.read(1, 1000, true).unwrap_err().to_string();
        assert!(error.contains(&path), "{error}");
        assert_eq!(offsets(log.read(2, 1000, true).unwrap()), [2]);
    });
}
