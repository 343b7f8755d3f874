//! The offset file under crashes, faults, a full disk, links, mounts and a second worker.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rigged;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use connect_storage::offsets::{FileOffsetStore, OffsetFileError, OffsetStore};
use env::{Env, OpenOptions};
use env_sim::{DiskFault, DiskOperation, Sim, SimHandle, replay};
use rigged::Rig;

const FILE: &str = "/data/connect.offsets";

fn entry(key: &str, value: &str) -> (Bytes, Option<Bytes>) {
    (Bytes::copy_from_slice(key.as_bytes()), Some(Bytes::copy_from_slice(value.as_bytes())))
}

fn position(round: usize) -> (Bytes, Option<Bytes>) {
    // Longer and shorter from round to round, so that a torn file would have a length of its own.
    entry("key", &format!("{round}:{}", "x".repeat([5, 300, 40, 1][round % 4])))
}

async fn open(env: &Env) -> FileOffsetStore {
    FileOffsetStore::open(env, Path::new(FILE)).await.unwrap()
}

async fn stored(store: &FileOffsetStore) -> Option<Bytes> {
    store.get(&[Bytes::from_static(b"key")]).await.unwrap().remove(0)
}

fn prepare(sim: &SimHandle) {
    let disk = sim.disk("worker");
    disk.put_folder("/data").unwrap();
    disk.put(FILE, b"").unwrap();
}

/// Sets round after round until the power goes away. The last round acknowledged, and how many changes the disk saw.
async fn rounds_until_crash(sim: &SimHandle, mounted: bool, crash_at: u64) -> (Option<usize>, bool) {
    let mut rig = Rig::new(sim.env_for("worker"));
    rig.mounted = mounted;
    rig.crash_at = Some((crash_at, sim.clone(), "worker".into()));
    let (env, rig) = rig.env();
    // Work that the crash ends never answers: the test waits outside of it.
    let acknowledged = Arc::new(parking_lot::Mutex::new(None));
    let rounds = acknowledged.clone();
    let process = env.clone();
    let task = env.work().spawn(
        "rounds",
        Box::pin(async move {
            let Ok(store) = FileOffsetStore::open(&process, Path::new(FILE)).await else { return };
            for round in 0..6 {
                if store.set(vec![position(round)]).await.is_err() {
                    return;
                }
                *rounds.lock() = Some(round);
            }
        }),
    );
    let _ = task.join().await;
    let acknowledged = *acknowledged.lock();
    (acknowledged, rig.changes() > crash_at)
}

/// After power is lost at any step, the file holds a whole state that is no older than the last one acknowledged.
fn survives_a_crash_at_every_step(mounted: bool) {
    let mut steps = 0;
    for seed in 0..12 {
        for crash_at in 0.. {
            let crashed = Sim::new(seed).run(|_, sim| async move {
                prepare(&sim);
                let (acknowledged, crashed) = rounds_until_crash(&sim, mounted, crash_at).await;
                let mut rig = Rig::new(sim.env_for("worker"));
                rig.mounted = mounted;
                let (env, _) = rig.env();
                let store = FileOffsetStore::open(&env, Path::new(FILE)).await.unwrap_or_else(|error| {
                    panic!("seed {seed}, crash at {crash_at}: {error}");
                });
                let found = stored(&store).await;
                let oldest = acknowledged.map_or(0, |round| round + 1);
                let possible: Vec<_> = [oldest.checked_sub(1), Some(oldest)]
                    .into_iter()
                    .map(|round| round.and_then(|round| position(round).1))
                    .collect();
                assert!(
                    possible.contains(&found),
                    "seed {seed}, crash at {crash_at}: {found:?} after {acknowledged:?}"
                );
                // And it goes on from there.
                store.set(vec![position(9)]).await.unwrap();
                drop(store);
                assert_eq!(stored(&open(&env).await).await, position(9).1);
                crashed
            });
            if !crashed {
                break;
            }
            steps += 1;
        }
    }
    assert!(steps > 12 * 6 * 4, "{steps} steps were crashed at");
}

#[test]
fn a_replaced_file_survives_a_crash_at_every_step() {
    survives_a_crash_at_every_step(false);
}

#[test]
fn a_file_written_in_place_survives_a_crash_at_every_step() {
    survives_a_crash_at_every_step(true);
}

#[test]
fn an_io_error_at_any_step_loses_nothing_that_was_stored() {
    for mounted in [false, true] {
        for after in 0..40 {
            replay(after, |_, sim| async move {
                prepare(&sim);
                let mut rig = Rig::new(sim.env_for("worker"));
                rig.mounted = mounted;
                let (env, _) = rig.env();
                let store = open(&env).await;
                store.set(vec![position(0)]).await.unwrap();
                let fault = DiskFault { operation: None, path_contains: String::new(), after, times: 1 };
                sim.disk("worker").fail(fault);
                let mut last = 0;
                for round in 1..4 {
                    if store.set(vec![position(round)]).await.is_ok() {
                        last = round;
                    }
                    assert_eq!(stored(&store).await, position(last).1);
                }
                drop(store);
                // The fault may have waited until now.
                let reopened = match FileOffsetStore::open(&env, Path::new(FILE)).await {
                    Ok(store) => store,
                    Err(_) => open(&env).await,
                };
                let found = stored(&reopened).await;
                assert!((last..4).any(|round| position(round).1 == found), "after {after}: {found:?}, stored {last}");
            });
        }
    }
}

#[test]
fn a_killed_worker_leaves_its_offsets_and_no_lock() {
    replay(1, |_, sim| async move {
        prepare(&sim);
        let env = sim.env_for("worker");
        let store = open(&env).await;
        store.set(vec![position(0)]).await.unwrap();
        sim.kill("worker");
        let next = open(&sim.env_for("worker")).await;
        assert_eq!(stored(&next).await, position(0).1);
        assert!(store.set(vec![position(1)]).await.is_err(), "a dead process stores nothing");
    });
}

#[test]
fn a_full_disk_keeps_the_old_offsets_and_says_so() {
    for mounted in [false, true] {
        replay(1, |_, sim| async move {
            prepare(&sim);
            let mut rig = Rig::new(sim.env_for("worker"));
            rig.mounted = mounted;
            let (env, _) = rig.env();
            let store = open(&env).await;
            store.set(vec![position(0)]).await.unwrap();
            let disk = sim.disk("worker");
            let before = disk.read(FILE).unwrap();
            disk.set_capacity(Some(before.len() as u64 + 100));
            let error = store.set(vec![position(1)]).await.unwrap_err();
            let message = error.message().unwrap();
            assert!(
                message.starts_with("Offset file /data/connect.offsets cannot be written: No space left"),
                "{message}"
            );
            assert_eq!(disk.read(FILE).unwrap(), before);
            disk.set_capacity(None);
            store.set(vec![position(2)]).await.unwrap();
            drop(store);
            assert_eq!(stored(&open(&env).await).await, position(2).1);
            assert_eq!(env.disk().read_dir(Path::new("/data")).unwrap(), [Path::new("connect.offsets")]);
        });
    }
}

#[test]
fn a_link_stays_a_link() {
    replay(1, |_, sim| async move {
        let disk = sim.disk("worker");
        disk.put_folder("/data").unwrap();
        disk.put("/store/real", b"").unwrap();
        disk.put_link(FILE, "../store/real").unwrap();
        let env = sim.env_for("worker");
        let store = open(&env).await;
        store.set(vec![position(0)]).await.unwrap();
        assert_eq!(env.disk().canonicalize(Path::new(FILE)).unwrap(), Path::new("/store/real"));
        assert_eq!(env.disk().read_dir(Path::new("/store")).unwrap(), [Path::new("real")]);
        let under_its_own_name = FileOffsetStore::open(&env, Path::new("/store/real")).await;
        assert!(matches!(under_its_own_name, Err(OffsetFileError::InUse { .. })));
        drop(store);
        assert_eq!(stored(&open(&env).await).await, position(0).1);
    });
}

#[test]
fn owner_and_mode_stay() {
    replay(1, |_, sim| async move {
        prepare(&sim);
        let env = sim.env_for("worker");
        let options = OpenOptions { write: true, ..OpenOptions::READ };
        env.disk().open(Path::new(FILE), options).unwrap().set_owner_and_mode((7, 8), 0o640).unwrap();
        let before = env.disk().metadata(Path::new(FILE)).unwrap();
        let store = open(&env).await;
        store.set(vec![position(0)]).await.unwrap();
        let after = env.disk().metadata(Path::new(FILE)).unwrap();
        assert_eq!((after.owner, after.mode), ((7, 8), 0o640));
        assert_ne!(after.id, before.id, "it was replaced");
    });
}

#[test]
fn a_second_worker_is_refused_also_after_the_file_was_replaced() {
    replay(1, |_, sim| async move {
        prepare(&sim);
        let env = sim.env_for("worker");
        let store = open(&env).await;
        for round in 0..3 {
            let error = FileOffsetStore::open(&env, Path::new(FILE)).await.err().expect("refused");
            assert!(matches!(error, OffsetFileError::InUse { .. }));
            assert!(error.to_string().contains("is in use by another worker"), "{error}");
            store.set(vec![position(round)]).await.unwrap();
        }
        drop(store);
        open(&env).await;
    });
}

#[test]
fn changes_that_wait_together_are_written_together() {
    replay(1, |_, sim| async move {
        prepare(&sim);
        let (env, rig) = Rig::new(sim.env_for("worker")).env();
        let store = Arc::new(open(&env).await);
        let sets = (0..50).map(|n| {
            let store = store.clone();
            async move { store.set(vec![entry(&format!("key {n}"), "v")]).await }
        });
        for result in futures_util::future::join_all(sets).await {
            result.unwrap();
        }
        assert!(rig.renames() <= 2, "{} writes", rig.renames());
        assert_eq!(store.entries().await.len(), 50);
        // A caller that gives up changes nothing for the others.
        let given_up = store.set(vec![entry("given up", "v")]);
        assert!(futures_util::FutureExt::now_or_never(given_up).is_none());
        store.set(vec![entry("last", "v")]).await.unwrap();
        assert_eq!(store.entries().await.len(), 52);
    });
}

#[test]
fn a_file_that_cannot_be_used_is_found_at_start() {
    replay(1, |_, sim| async move {
        prepare(&sim);
        let env = sim.env_for("worker");
        let disk = sim.disk("worker");
        let say = async |path: &str| match FileOffsetStore::open(&env, Path::new(path)).await {
            Ok(_) => panic!("{path} was opened"),
            Err(error) => error.to_string(),
        };
        let said = say("/nowhere/offsets").await;
        assert!(
            said.starts_with("Offset file /nowhere/offsets cannot be opened for reading and writing: No such"),
            "{said}"
        );
        assert!(said.contains("offset.storage.file.filename"), "{said}");
        assert!(say("/data").await.contains("/data"));
        disk.fail(DiskFault::next(DiskOperation::Open));
        assert!(say(FILE).await.contains("cannot be opened"));
        disk.fail(DiskFault::next(DiskOperation::Read));
        assert!(say(FILE).await.contains("cannot be read"));
        disk.put(FILE, b"\xac\xed\x00\x05sr\x00\x11java.util.HashM").unwrap();
        let said = say(FILE).await;
        assert!(
            said.starts_with("Offset file /data/connect.offsets is corrupt at byte 8: the file ends too early"),
            "{said}"
        );
        assert!(said.contains("Restore it from a backup, or remove it"), "{said}");
        disk.put(FILE, b"hello").unwrap();
        assert!(say(FILE).await.contains("is corrupt at byte 0"));
    });
}

#[test]
fn a_missing_file_is_made_and_its_name_lasts() {
    for seed in 0..8 {
        for mounted in [false, true] {
            replay(seed, |_, sim| async move {
                sim.disk("worker").put_folder("/data").unwrap();
                let mut rig = Rig::new(sim.env_for("worker"));
                rig.mounted = mounted;
                let (env, _) = rig.env();
                let store = open(&env).await;
                assert!(store.entries().await.is_empty());
                store.set(vec![position(1)]).await.unwrap();
                sim.crash("worker");
                assert_eq!(stored(&open(&sim.env_for("worker")).await).await, position(1).1);
            });
        }
    }
}

#[test]
fn what_java_wrote_over_an_unfinished_write_counts() {
    Sim::new(3).run(|_, sim| async move {
        prepare(&sim);
        let mut rig = Rig::new(sim.env_for("worker"));
        rig.mounted = true;
        let (env, _) = rig.env();
        let disk = sim.disk("worker");
        let store = open(&env).await;
        store.set(vec![position(0)]).await.unwrap();
        let old = disk.read(FILE).unwrap();
        store.set(vec![position(1)]).await.unwrap();
        let new = disk.read(FILE).unwrap();
        drop(store);
        // Java cuts the file and writes it anew, so no copy can stand behind what it wrote.
        disk.put(FILE, &old).unwrap();
        assert_eq!(stored(&open(&env).await).await, position(0).1);
        // Bytes behind the map that are no whole copy are ignored, as Java ignores them.
        disk.put(FILE, &[&old[..], &new[..new.len() / 2]].concat()).unwrap();
        assert_eq!(stored(&open(&env).await).await, position(0).1);
    });
}
