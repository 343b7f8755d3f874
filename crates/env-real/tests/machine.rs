//! The machine keeps the promises of `env`.
#![allow(clippy::disallowed_methods, reason = "tests compare env with the system's own calls")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use env::{Disk, Elapsed, Env, Instant, OpenOptions, TaskError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const NEW_FILE: OpenOptions = OpenOptions { write: true, create_new: true, mode: 0o600, ..OpenOptions::READ };

/// Runs `body` as a task on a runtime with one worker thread.
fn on_one_worker<F, T>(body: impl FnOnce(Env) -> F) -> T
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let runtime = env_real::runtime(1, 8).unwrap();
    let task = runtime.spawn(body(env_real::env(runtime.handle().clone())));
    runtime.block_on(task).unwrap()
}

fn on_current_thread<F: Future>(body: impl FnOnce(Env) -> F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(body(env_real::env(runtime.handle().clone())))
}

fn on_disk<T>(test: impl FnOnce(&dyn Disk, &Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let runtime = env_real::runtime(1, 1).unwrap();
    test(env_real::env(runtime.handle().clone()).disk(), folder.path())
}

#[test]
fn files_are_written_read_sought_and_cut() {
    on_disk(|disk, folder| {
        let path = folder.join("a");
        let mut file = disk.open(&path, NEW_FILE).unwrap();
        file.write_all(b"hello world").unwrap();
        file.sync_data().unwrap();
        assert_eq!(file.seek(SeekFrom::Start(6)).unwrap(), 6);
        let mut rest = String::new();
        file.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "world");
        file.set_len(5).unwrap();
        disk.sync_dir(folder).unwrap();
        assert_eq!(disk.read(&path).unwrap(), b"hello");
        disk.open(&path, OpenOptions::APPEND).unwrap().write_all(b"!").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"hello!");
        assert_eq!(disk.open(&path, NEW_FILE).err().unwrap().kind(), ErrorKind::AlreadyExists);
        assert_eq!(disk.read(&folder.join("b")).unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn metadata_names_the_file_whatever_its_name() {
    on_disk(|disk, folder| {
        let (a, b) = (folder.join("a"), folder.join("b"));
        let file = disk.open(&a, NEW_FILE).unwrap();
        let before = file.metadata().unwrap();
        assert_eq!(before, disk.metadata(&a).unwrap());
        assert_eq!((before.len, before.is_dir, before.mode), (0, false, 0o600));
        assert!(disk.metadata(folder).unwrap().is_dir);
        disk.rename(&a, &b).unwrap();
        assert_eq!(disk.metadata(&b).unwrap().id, before.id);
        assert_eq!(disk.read_dir(folder).unwrap(), [Path::new("b")]);
        disk.remove(&b).unwrap();
        assert_eq!(disk.metadata(&b).unwrap_err().kind(), ErrorKind::NotFound);
        let deep = folder.join("c/d");
        disk.create_dir_all(&deep).unwrap();
        disk.create_dir_all(&deep).unwrap();
        assert_eq!(disk.canonicalize(&folder.join("c/../c/d")).unwrap(), disk.canonicalize(&deep).unwrap());
    });
}

#[test]
fn names_in_a_folder_are_sorted() {
    on_disk(|disk, folder| {
        for name in ["m", "z", "a", "b"] {
            disk.open(&folder.join(name), NEW_FILE).unwrap();
        }
        assert_eq!(disk.read_dir(folder).unwrap(), ["a", "b", "m", "z"].map(Path::new));
    });
}

#[test]
fn the_parent_of_a_bare_name_can_be_synced() {
    on_disk(|disk, _| disk.sync_dir(Path::new("file").parent().unwrap()).unwrap());
}

#[test]
fn owner_and_mode_are_set_or_refused() {
    on_disk(|disk, folder| {
        let path = folder.join("a");
        let mut file = disk.open(&path, NEW_FILE).unwrap();
        let owner = file.metadata().unwrap().owner;
        file.set_owner_and_mode(owner, 0o640).unwrap();
        let after = disk.metadata(&path).unwrap();
        assert_eq!((after.owner, after.mode), (owner, 0o640));
        if owner.0 != 0 {
            assert_eq!(file.set_owner_and_mode((0, 0), 0o640).unwrap_err().kind(), ErrorKind::PermissionDenied);
        }
    });
}

#[test]
fn a_lock_excludes_every_other_open_file_until_it_is_dropped() {
    on_disk(|disk, folder| {
        let path = folder.join("lock");
        let mut first = disk.open(&path, OpenOptions::APPEND).unwrap();
        let mut second = disk.open(&path, OpenOptions::APPEND).unwrap();
        assert!(first.try_lock().unwrap());
        assert!(!second.try_lock().unwrap());
        drop(first);
        assert!(second.try_lock().unwrap());
    });
}

#[test]
fn standard_streams_refuse_what_a_stream_cannot_do() {
    on_disk(|disk, _| {
        assert_eq!(disk.stdin().seek(SeekFrom::Start(0)).unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(disk.stdin().write(b"x").unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(disk.stdout().read(&mut [0]).unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(disk.stdout().try_lock().unwrap_err().kind(), ErrorKind::Unsupported);
        disk.stdout().write_all(b"").unwrap();
        disk.stdout().sync_data().unwrap();
        assert!(!disk.stdout().metadata().unwrap().is_dir);
    });
}

/// Blocks its thread until a neighbour has run, at most ten seconds; says whether the neighbour ran meanwhile.
fn block_until(ran: &AtomicBool) -> bool {
    for _ in 0..1000 {
        if ran.load(Ordering::SeqCst) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[test]
fn a_section_in_place_stalls_no_neighbour() {
    on_one_worker(|env| async move {
        let ran = Arc::new(AtomicBool::new(false));
        let neighbour = env.work().spawn("neighbour", {
            let ran = ran.clone();
            Box::pin(async move { ran.store(true, Ordering::SeqCst) })
        });
        let mut stalled = true;
        env.work().in_place(&mut || stalled = !block_until(&ran));
        assert!(!stalled);
        neighbour.join().await.unwrap();
    });
}

#[test]
fn a_lent_future_stalls_no_neighbour_and_may_still_wait() {
    on_one_worker(|env| async move {
        let ran = Arc::new(AtomicBool::new(false));
        let neighbour = env.work().spawn("neighbour", {
            let (env, ran) = (env.clone(), ran.clone());
            Box::pin(async move {
                env.sleep(Duration::from_millis(50)).await;
                ran.store(true, Ordering::SeqCst);
            })
        });
        let lent = async {
            env.sleep(Duration::from_millis(1)).await;
            let done = block_until(&ran);
            env.sleep(Duration::from_millis(1)).await;
            done
        };
        assert!(env.lend(env.lend(lent)).await);
        neighbour.join().await.unwrap();
    });
}

#[test]
fn a_section_in_place_runs_plainly_on_a_current_thread_runtime_and_outside_any() {
    let env = on_current_thread(|env| async move {
        assert_eq!(env.lend(async { 7 }).await, 7);
        env
    });
    let mut runs = 0;
    env.work().in_place(&mut || runs += 1);
    assert_eq!(runs, 1);
}

#[test]
fn a_panic_ends_one_task_and_every_join_tells_its_text() {
    on_one_worker(|env| async move {
        let number = 3;
        let formatted = env.work().spawn("formatted", Box::pin(async move { panic!("number {number}") }));
        let plain = env.work().spawn_blocking("plain", Box::new(|| panic!("plain")));
        let other = env.work().spawn("other", Box::pin(async { std::panic::panic_any(5_u8) }));
        for _ in 0..2 {
            assert_eq!(formatted.join().await, Err(TaskError::Panicked("number 3".into())));
            assert_eq!(plain.join().await, Err(TaskError::Panicked("plain".into())));
            assert_eq!(other.join().await, Err(TaskError::Panicked("a panic without text".into())));
        }
    });
}

#[test]
fn an_aborted_task_runs_no_further() {
    on_one_worker(|env| async move {
        let polled = Arc::new(AtomicUsize::new(0));
        let task = env.work().spawn("endless", {
            let (env, polled) = (env.clone(), polled.clone());
            Box::pin(async move {
                loop {
                    polled.fetch_add(1, Ordering::SeqCst);
                    env.sleep(Duration::from_millis(1)).await;
                }
            })
        });
        env.sleep(Duration::from_millis(20)).await;
        task.abort();
        assert_eq!(task.join().await, Err(TaskError::Aborted));
        let at_end = polled.load(Ordering::SeqCst);
        assert!(at_end > 0);
        env.sleep(Duration::from_millis(20)).await;
        assert_eq!(polled.load(Ordering::SeqCst), at_end);
        assert_eq!(task.join().await, Err(TaskError::Aborted));
    });
}

#[test]
fn a_dropped_task_handle_lets_the_task_run_on() {
    on_one_worker(|env| async move {
        let (done, wait) = tokio::sync::oneshot::channel();
        drop(env.work().spawn("free", Box::pin(async move { done.send(5).unwrap() })));
        assert_eq!(wait.await, Ok(5));
    });
}

#[test]
fn bytes_come_back_over_tcp() {
    on_one_worker(|env| async move {
        let mut listener = env.network().listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        assert_ne!(address.port(), 0);
        let server = env.work().spawn(
            "echo",
            Box::pin(async move {
                let (mut stream, peer) = listener.accept().await.unwrap();
                assert_eq!(stream.peer_addr().unwrap(), peer);
                let mut bytes = Vec::new();
                stream.read_to_end(&mut bytes).await.unwrap();
                stream.write_all(&bytes).await.unwrap();
            }),
        );
        let addresses = env.network().resolve("localhost", address.port()).await.unwrap();
        assert!(addresses.contains(&address), "{addresses:?}");
        let mut stream = env.network().connect(address).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        stream.write_all(b"hello").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, b"hello");
        server.join().await.unwrap();
        let refused = env.network().connect(address).await.err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn time_passes_and_limits_hold() {
    let env = on_one_worker(|env| async move {
        let start = env.clock().now();
        env.sleep(Duration::from_millis(20)).await;
        assert!(env.clock().now() - start >= Duration::from_millis(20));
        env.clock().sleep_until(start).await;
        assert_eq!(env.timeout(Duration::from_millis(5), std::future::pending::<()>()).await, Err(Elapsed));
        assert_eq!(env.timeout(Duration::MAX, async { 1 }).await, Ok(1));
        env
    });
    let system = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    assert!(u128::try_from(env.clock().unix_millis()).unwrap().abs_diff(system) < 10_000);
    drop(env.clock().sleep_until(Instant::from_origin(Duration::from_secs(1))));
}

#[test]
fn random_numbers_differ() {
    on_one_worker(|env| async move {
        assert_ne!(env.random().u64(), env.random().u64());
        assert!((0..100).all(|_| env.random().below(10) < 10));
        assert_eq!(env.random().below(0), 0);
    });
}
