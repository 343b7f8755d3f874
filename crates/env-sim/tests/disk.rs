//! Disks keep what was flushed, may forget the rest, and fail as told.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use env::{Disk, Env, OpenOptions};
use env_sim::{DiskFault, DiskOperation, Sim, SimHandle};

const NEW_FILE: OpenOptions = OpenOptions { write: true, create_new: true, ..OpenOptions::READ };

fn p(path: &str) -> &Path {
    Path::new(path)
}

fn on_disk<T>(seed: u64, test: impl FnOnce(Env, SimHandle) -> T) -> T {
    Sim::new(seed).run(|_, sim| async move { test(sim.env_for("worker"), sim) })
}

/// Everything that seeds 0 to 99 let happen.
fn outcomes<T: Ord>(test: impl Fn(Env, SimHandle) -> T) -> BTreeSet<T> {
    (0..100).map(|seed| on_disk(seed, &test)).collect()
}

fn write_new(disk: &dyn Disk, path: &str, bytes: &[u8], sync: bool) {
    let mut file = disk.open(p(path), NEW_FILE).unwrap();
    file.write_all(bytes).unwrap();
    if sync {
        file.sync_data().unwrap();
    }
}

#[test]
fn synced_content_under_a_synced_name_survives_a_crash() {
    let left = outcomes(|env, sim| {
        env.disk().create_dir_all(p("/data")).unwrap();
        env.disk().sync_dir(p("/")).unwrap();
        write_new(env.disk(), "/data/a", b"kept", true);
        env.disk().sync_dir(p("/data")).unwrap();
        sim.crash("worker");
        sim.env_for("worker").disk().read(p("/data/a")).unwrap()
    });
    assert_eq!(left, BTreeSet::from([b"kept".to_vec()]));
}

#[test]
fn unsynced_writes_survive_wholly_partly_or_not() {
    let left = outcomes(|env, sim| {
        write_new(env.disk(), "/a", b"kept.", true);
        env.disk().sync_dir(p("/")).unwrap();
        let mut file = env.disk().open(p("/a"), OpenOptions::APPEND).unwrap();
        file.write_all(b"abc").unwrap();
        file.write_all(b"def").unwrap();
        sim.crash("worker");
        String::from_utf8(sim.disk("worker").read("/a").unwrap()).unwrap()
    });
    for possible in ["kept.", "kept.abc", "kept.abcdef", "kept.a", "kept.\0\0\0def"] {
        assert!(left.contains(possible), "{left:?}");
    }
    assert!(left.iter().all(|content| content.starts_with("kept.") && content.len() <= 11));
}

#[test]
fn a_name_that_was_not_synced_may_be_gone_though_the_content_was() {
    let left = outcomes(|env, sim| {
        write_new(env.disk(), "/a", b"content", true);
        sim.crash("worker");
        sim.disk("worker").read("/a").ok()
    });
    assert_eq!(left, BTreeSet::from([None, Some(b"content".to_vec())]));
}

#[test]
fn a_rename_happens_wholly_or_not_until_the_folder_is_synced() {
    let renamed = |synced| {
        outcomes(|env, sim| {
            sim.disk("worker").put("/file", b"old").unwrap();
            write_new(env.disk(), "/file.new", b"new", true);
            env.disk().sync_dir(p("/")).unwrap();
            env.disk().rename(p("/file.new"), p("/file")).unwrap();
            assert_eq!(env.disk().read(p("/file")).unwrap(), b"new");
            if synced {
                env.disk().sync_dir(p("/")).unwrap();
            }
            sim.crash("worker");
            let disk = sim.disk("worker");
            (String::from_utf8(disk.read("/file").unwrap()).unwrap(), disk.read("/file.new").is_ok())
        })
    };
    assert_eq!(renamed(false), BTreeSet::from([("old".to_owned(), true), ("new".to_owned(), false)]));
    assert_eq!(renamed(true), BTreeSet::from([("new".to_owned(), false)]));
}

#[test]
fn a_rename_without_syncing_the_content_can_leave_an_empty_file() {
    let left = outcomes(|env, sim| {
        sim.disk("worker").put("/file", b"old").unwrap();
        write_new(env.disk(), "/file.new", b"new", false);
        env.disk().rename(p("/file.new"), p("/file")).unwrap();
        env.disk().sync_dir(p("/")).unwrap();
        sim.crash("worker");
        sim.disk("worker").read("/file").unwrap()
    });
    assert!(left.contains(b"".as_slice()) && left.contains(b"new".as_slice()), "{left:?}");
    assert!(!left.contains(b"old".as_slice()));
}

#[test]
fn a_rename_between_folders_never_loses_the_file() {
    let left = outcomes(|env, sim| {
        sim.disk("worker").put("/a/file", b"content").unwrap();
        sim.disk("worker").put_folder("/b").unwrap();
        env.disk().rename(p("/a/file"), p("/b/file")).unwrap();
        if sim.draw(2) == 0 {
            env.disk().sync_dir(p("/b")).unwrap();
            sim.crash("worker");
            assert_eq!(sim.disk("worker").read("/b/file").unwrap(), b"content");
        } else {
            sim.crash("worker");
        }
        (sim.disk("worker").read("/a/file").is_ok(), sim.disk("worker").read("/b/file").is_ok())
    });
    assert_eq!(left, BTreeSet::from([(true, false), (false, true)]));
}

#[test]
fn syncing_one_folder_of_a_rename_keeps_the_order_of_changes_in_the_other() {
    let left = outcomes(|env, sim| {
        sim.disk("worker").put("/a/file", b"moved").unwrap();
        sim.disk("worker").put_folder("/b").unwrap();
        write_new(env.disk(), "/b/file", b"replaced", true);
        env.disk().rename(p("/a/file"), p("/b/file")).unwrap();
        env.disk().sync_dir(p("/a")).unwrap();
        env.disk().sync_dir(p("/b")).unwrap();
        sim.crash("worker");
        sim.disk("worker").read("/b/file").unwrap()
    });
    assert_eq!(left, BTreeSet::from([b"moved".to_vec()]));
}

#[test]
fn a_removal_happens_or_not_until_the_folder_is_synced() {
    let left = |synced| {
        outcomes(|env, sim| {
            sim.disk("worker").put("/a", b"content").unwrap();
            env.disk().remove(p("/a")).unwrap();
            assert_eq!(env.disk().read(p("/a")).unwrap_err().kind(), ErrorKind::NotFound);
            if synced {
                env.disk().sync_dir(p("/")).unwrap();
            }
            sim.crash("worker");
            sim.disk("worker").read("/a").ok()
        })
    };
    assert_eq!(left(false), BTreeSet::from([None, Some(b"content".to_vec())]));
    assert_eq!(left(true), BTreeSet::from([None]));
}

#[test]
fn a_kill_loses_nothing_that_was_written() {
    let left = outcomes(|env, sim| {
        write_new(env.disk(), "/a", b"not synced", false);
        sim.kill("worker");
        sim.env_for("worker").disk().read(p("/a")).unwrap()
    });
    assert_eq!(left, BTreeSet::from([b"not synced".to_vec()]));
}

#[test]
fn a_dead_process_changes_nothing() {
    on_disk(1, |env, sim| {
        sim.disk("worker").put("/a", b"before").unwrap();
        let mut file = env.disk().open(p("/a"), OpenOptions::APPEND).unwrap();
        sim.kill("worker");
        assert!(file.write(b"after").is_err());
        assert!(file.set_len(0).is_err());
        assert!(file.try_lock().is_err());
        assert!(env.disk().remove(p("/a")).is_err());
        assert!(env.disk().stdout().write(b"x").is_err());
        assert_eq!(sim.disk("worker").read("/a").unwrap(), b"before");
    });
}

#[test]
fn a_lock_is_held_until_its_file_or_process_is_gone() {
    on_disk(1, |env, sim| {
        let open = |env: &Env| env.disk().open(p("/lock"), OpenOptions::APPEND).unwrap();
        let (mut first, mut second) = (open(&env), open(&env));
        assert!(first.try_lock().unwrap());
        assert!(first.try_lock().unwrap());
        assert!(!second.try_lock().unwrap());
        drop(first);
        assert!(second.try_lock().unwrap());
        for crash in [false, true] {
            env.disk().sync_dir(p("/")).ok();
            if crash {
                sim.crash("worker")
            } else {
                sim.kill("worker")
            }
            let env = sim.env_for("worker");
            let mut third = open(&env);
            assert!(third.try_lock().unwrap());
            // A file of a dead process that is dropped late takes no lock away.
            drop(std::mem::replace(&mut second, third));
            assert!(!open(&env).try_lock().unwrap());
        }
    });
}

#[test]
fn a_full_disk_takes_what_fits_and_then_refuses() {
    on_disk(1, |env, sim| {
        sim.disk("worker").put("/other", &[0; 90]).unwrap();
        sim.disk("worker").set_capacity(Some(100));
        let mut file = env.disk().open(p("/a"), NEW_FILE).unwrap();
        assert_eq!(file.write(&[1; 20]).unwrap(), 10);
        assert_eq!(file.write(&[1]).unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(file.set_len(11).unwrap_err().kind(), ErrorKind::StorageFull);
        file.seek(SeekFrom::Start(0)).unwrap();
        assert_eq!(file.write(&[2; 10]).unwrap(), 10);
        env.disk().remove(p("/other")).unwrap();
        file.write_all(&[3; 90]).unwrap();
        assert_eq!(file.write(&[1]).unwrap_err().kind(), ErrorKind::StorageFull);
    });
}

#[test]
fn the_agreed_operation_fails() {
    on_disk(1, |env, sim| {
        let disk = sim.disk("worker");
        let fault = DiskFault::next(DiskOperation::Write);
        disk.fail(DiskFault { path_contains: "data".into(), after: 1, times: 2, ..fault });
        let mut other = env.disk().open(p("/other"), NEW_FILE).unwrap();
        let mut data = env.disk().open(p("/data"), NEW_FILE).unwrap();
        other.write_all(b"x").unwrap();
        data.write_all(b"x").unwrap();
        other.write_all(b"x").unwrap();
        for _ in 0..2 {
            assert_eq!(data.write(b"y").unwrap_err().raw_os_error(), Some(5));
        }
        data.write_all(b"x").unwrap();
        assert_eq!(disk.read("/data").unwrap(), b"xx");
        disk.set_error_chance(1.0);
        assert!(env.disk().metadata(p("/data")).is_err());
        disk.set_error_chance(0.0);
        assert!(env.disk().metadata(p("/data")).is_ok());
    });
}

#[test]
fn what_a_failed_sync_should_have_flushed_is_not_covered_by_the_next() {
    on_disk(1, |env, sim| {
        sim.disk("worker").put("/a", b"").unwrap();
        let mut file = env.disk().open(p("/a"), OpenOptions::APPEND).unwrap();
        file.write_all(b"one").unwrap();
        sim.disk("worker").fail(DiskFault::next(DiskOperation::Sync));
        assert!(file.sync_data().is_err());
        file.sync_data().unwrap();
        assert_eq!(sim.disk("worker").read("/a").unwrap(), b"one");
        assert_eq!(sim.disk("worker").read_durable("/a").unwrap(), b"");
        file.write_all(b"two").unwrap();
        file.sync_data().unwrap();
        assert_eq!(sim.disk("worker").read_durable("/a").unwrap(), b"\0\0\0two");
    });
}

#[test]
fn everybody_who_has_the_file_open_learns_once_of_a_failed_sync() {
    on_disk(1, |env, sim| {
        sim.disk("worker").put("/a", b"").unwrap();
        let open = || env.disk().open(p("/a"), OpenOptions::APPEND).unwrap();
        let (mut one, mut other) = (open(), open());
        other.write_all(b"lost").unwrap();
        sim.disk("worker").fail(DiskFault::next(DiskOperation::Sync));
        assert!(one.sync_data().is_err());
        assert!(other.sync_data().is_err());
        assert!(one.sync_data().is_ok() && other.sync_data().is_ok() && open().sync_data().is_ok());
    });
}

#[test]
fn a_file_keeps_its_identity_under_another_name_and_after_a_crash() {
    on_disk(1, |env, sim| {
        write_new(env.disk(), "/a", b"x", true);
        let before = env.disk().metadata(p("/a")).unwrap();
        env.disk().rename(p("/a"), p("/b")).unwrap();
        env.disk().sync_dir(p("/")).unwrap();
        sim.crash("worker");
        let env = sim.env_for("worker");
        assert_eq!(env.disk().metadata(p("/b")).unwrap().id, before.id);
        write_new(env.disk(), "/a", b"x", false);
        assert_ne!(env.disk().metadata(p("/a")).unwrap().id, before.id);
        let other = sim.env_for("other");
        write_new(other.disk(), "/a", b"x", false);
        assert_ne!(other.disk().metadata(p("/a")).unwrap().id.device, before.id.device);
    });
}

#[test]
fn an_open_file_outlives_its_name() {
    on_disk(1, |env, _| {
        let mut file = env.disk().open(p("/a"), NEW_FILE).unwrap();
        file.write_all(b"hidden").unwrap();
        env.disk().remove(p("/a")).unwrap();
        env.disk().sync_dir(p("/")).unwrap();
        file.rewind().unwrap();
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        assert_eq!(content, "hidden");
    });
}

#[test]
fn links_lead_on() {
    on_disk(1, |env, sim| {
        sim.disk("worker").put("/real/file", b"content").unwrap();
        sim.disk("worker").put_link("/real/short", "file").unwrap();
        sim.disk("worker").put_link("/folder", "/real").unwrap();
        sim.disk("worker").put_link("/loop", "/loop").unwrap();
        assert_eq!(env.disk().read(p("/folder/short")).unwrap(), b"content");
        assert_eq!(env.disk().canonicalize(p("folder/../folder/./short")).unwrap(), p("/real/file"));
        assert!(env.disk().read(p("/loop")).is_err());
        env.disk().rename(p("/real/short"), p("/real/moved")).unwrap();
        assert_eq!(env.disk().read(p("/real/moved")).unwrap(), b"content");
        assert!(env.disk().remove(p("/folder")).is_ok());
        assert_eq!(sim.disk("worker").read("/real/file").unwrap(), b"content");
    });
}

#[test]
fn owner_mode_and_time_are_kept() {
    Sim::new(1).run(|env, _| async move {
        let mut file = env.disk().open(p("/a"), OpenOptions { mode: 0o600, ..NEW_FILE }).unwrap();
        let made = file.metadata().unwrap();
        assert_eq!((made.mode, made.owner, made.is_dir), (0o600, (0, 0), false));
        assert_eq!(i64::try_from(made.modified.as_millis()).unwrap(), env.clock().unix_millis());
        env.sleep(Duration::from_secs(5)).await;
        file.write_all(b"x").unwrap();
        file.set_owner_and_mode((7, 8), 0o640).unwrap();
        let now = env.disk().metadata(p("/a")).unwrap();
        assert_eq!((now.mode, now.owner, now.len), (0o640, (7, 8), 1));
        assert_eq!(now.modified - made.modified, Duration::from_secs(5));
    });
}

#[test]
fn standard_streams_lead_to_the_test() {
    on_disk(1, |env, sim| {
        let disk = sim.disk("worker");
        disk.feed_stdin(b"some input");
        let mut input = String::new();
        env.disk().stdin().read_to_string(&mut input).unwrap();
        assert_eq!(input, "some input");
        disk.feed_stdin(b"more");
        assert_eq!(env.disk().stdin().read(&mut [0; 2]).unwrap(), 2);
        env.disk().stdout().write_all(b"out").unwrap();
        assert_eq!(disk.stdout(), b"out");
        assert_eq!(env.disk().stdin().seek(SeekFrom::Start(0)).unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(env.disk().stdin().write(b"x").unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(env.disk().stdout().read(&mut [0]).unwrap_err().kind(), ErrorKind::Unsupported);
    });
}
