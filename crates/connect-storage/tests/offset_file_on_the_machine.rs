//! The offset file on the machine's own file system.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "prepares and looks at real files")]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use connect_storage::offsets::{FileOffsetStore, OffsetFileError, OffsetStore};
use env::Env;

fn on_the_machine<F: Future<Output = ()>>(body: impl FnOnce(Env, tempfile::TempDir) -> F) {
    let runtime = env_real::runtime(2, 4).unwrap();
    let env = env_real::env(runtime.handle().clone());
    runtime.block_on(body(env, tempfile::tempdir().unwrap()));
}

fn entry(n: u32) -> (Bytes, Option<Bytes>) {
    (Bytes::from(format!("key {n}")), Some(Bytes::from(format!("value {n}"))))
}

/// The file of a store that was dropped: the job that wrote last may hold it a moment longer.
async fn open_again(env: &Env, path: &Path) -> FileOffsetStore {
    for _ in 0..500 {
        match FileOffsetStore::open(env, path).await {
            Err(OffsetFileError::InUse { .. }) => env.sleep(Duration::from_millis(10)).await,
            opened => return opened.unwrap(),
        }
    }
    panic!("{} is still in use", path.display());
}

#[test]
fn link_mode_and_lock() {
    on_the_machine(|env, folder| async move {
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::write(&real, b"").unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o604)).unwrap();
        symlink(&real, &link).unwrap();
        let store = FileOffsetStore::open(&env, &link).await.unwrap();
        for n in 0..3 {
            store.set(vec![entry(n)]).await.unwrap();
            let second = FileOffsetStore::open(&env, &real).await;
            assert!(matches!(second, Err(OffsetFileError::InUse { .. })));
        }
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o604);
        drop(store);
        assert_eq!(open_again(&env, &real).await.entries().await.len(), 3);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside the file");
    });
}

#[test]
fn many_writers_all_get_their_offsets_stored() {
    on_the_machine(|env, folder| async move {
        let path = folder.path().join("offsets");
        let store = std::sync::Arc::new(FileOffsetStore::open(&env, &path).await.unwrap());
        let tasks: Vec<_> = (0..16)
            .map(|writer| {
                let store = store.clone();
                tokio::spawn(async move {
                    for n in 0..20 {
                        store.set(vec![entry(writer * 20 + n)]).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        drop(store);
        let store = open_again(&env, &path).await;
        let keys: Vec<Bytes> = (0..320).map(|n| entry(n).0).collect();
        let expected: Vec<_> = (0..320).map(|n| entry(n).1).collect();
        assert_eq!(store.get(&keys).await.unwrap(), expected);
    });
}

#[test]
fn devices_are_refused_but_for_the_one_that_keeps_nothing() {
    on_the_machine(|env, folder| async move {
        assert!(matches!(
            FileOffsetStore::open(&env, Path::new("/dev/zero")).await,
            Err(OffsetFileError::NotAFile { .. })
        ));
        assert!(FileOffsetStore::open(&env, folder.path()).await.is_err());
        let store = FileOffsetStore::open(&env, Path::new("/dev/null")).await.unwrap();
        store.set(vec![entry(0)]).await.unwrap();
        assert_eq!(store.get(&[entry(0).0]).await.unwrap(), [entry(0).1]);
        assert!(FileOffsetStore::open(&env, Path::new("/dev/null")).await.unwrap().entries().await.is_empty());
    });
}
