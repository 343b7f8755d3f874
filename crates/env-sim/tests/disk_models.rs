//! Random programs on a simulated disk: without crashes it behaves as a real one, after a crash it has what was promised.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, SeekFrom, Write};
use std::path::{Path, PathBuf};

use env::{Disk, File, OpenOptions};
use env_sim::{Sim, SimHandle};
use proptest::prelude::*;

// ---- The same program on a simulated and on a real disk ----

const PATHS: [&str; 7] = ["a", "b", "d", "d/a", "d/e", "d/e/a", "a/x"];

#[derive(Clone, Debug)]
enum Step {
    Open(usize, OpenOptions),
    Close,
    Read(usize),
    Write(u8, usize),
    Seek(SeekFrom),
    SetLen(u64),
    Rename(usize, usize),
    Remove(usize),
    CreateDir(usize),
    Look(usize),
}

fn any_options() -> impl Strategy<Value = OpenOptions> {
    any::<[bool; 6]>().prop_map(|[read, write, append, truncate, create, create_new]| OpenOptions {
        read,
        write,
        append,
        truncate,
        create,
        create_new,
        mode: 0o640,
    })
}

fn any_seek() -> impl Strategy<Value = SeekFrom> {
    prop_oneof![
        (0..40_u64).prop_map(SeekFrom::Start),
        (-20..20_i64).prop_map(SeekFrom::Current),
        (-20..20_i64).prop_map(SeekFrom::End),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let path = || 0..PATHS.len();
    let writing = (path(), any::<bool>()).prop_map(|(path, append)| {
        Step::Open(path, OpenOptions { write: true, append, create: true, ..OpenOptions::READ })
    });
    prop_oneof![
        3 => writing,
        2 => (path(), any_options()).prop_map(|(path, options)| Step::Open(path, options)),
        1 => Just(Step::Close),
        2 => (0..30_usize).prop_map(Step::Read),
        4 => (any::<u8>(), 0..20_usize).prop_map(|(byte, count)| Step::Write(byte, count)),
        2 => any_seek().prop_map(Step::Seek),
        1 => (0..40_u64).prop_map(Step::SetLen),
        3 => (path(), path()).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => path().prop_map(Step::Remove),
        2 => path().prop_map(Step::CreateDir),
        2 => path().prop_map(Step::Look),
    ]
}

/// A disk below some folder, and the file that is open on it.
struct Machine<'a> {
    disk: &'a dyn Disk,
    root: PathBuf,
    file: Option<Box<dyn File>>,
}

impl Machine<'_> {
    /// Takes a step and tells in comparable words what came of it.
    fn take(&mut self, step: &Step) -> String {
        match self.try_step(step) {
            Ok(outcome) => outcome,
            Err(error) => format!("{:?}", error.kind()),
        }
    }

    fn try_step(&mut self, step: &Step) -> io::Result<String> {
        let path = |index: &usize| self.root.join(PATHS[*index]);
        match step {
            Step::Open(index, options) => self.file = Some(self.disk.open(&path(index), *options)?),
            Step::Rename(from, to) => self.disk.rename(&path(from), &path(to))?,
            Step::Remove(index) => self.disk.remove(&path(index))?,
            Step::CreateDir(index) => self.disk.create_dir_all(&path(index))?,
            Step::Look(index) => return self.look(&path(index)),
            Step::Close => self.file = None,
            _ => {
                let Some(file) = &mut self.file else { return Ok(String::new()) };
                return use_file(&mut **file, step);
            }
        }
        Ok(String::new())
    }

    fn look(&self, path: &Path) -> io::Result<String> {
        let metadata = self.disk.metadata(path)?;
        let canonical = self.disk.canonicalize(path)?;
        let below = canonical.strip_prefix(self.disk.canonicalize(&self.root)?).unwrap().to_owned();
        if metadata.is_dir {
            return Ok(format!("{below:?} {:?}", self.disk.read_dir(path)?));
        }
        Ok(format!("{below:?} {} {:o} {:?}", metadata.len, metadata.mode, self.disk.read(path)?))
    }
}

fn use_file(file: &mut dyn File, step: &Step) -> io::Result<String> {
    Ok(match step {
        Step::Read(most) => {
            let mut bytes = vec![0; *most];
            let count = file.read(&mut bytes)?;
            format!("{:?}", &bytes[..count])
        }
        Step::Write(byte, count) => file.write(&vec![*byte; *count])?.to_string(),
        // Where a folder ends is the real file system's secret.
        Step::Seek(SeekFrom::End(_)) if file.metadata()?.is_dir => String::new(),
        Step::Seek(to) => file.seek(*to)?.to_string(),
        Step::SetLen(len) => format!("{:?}", file.set_len(*len)?),
        _ => String::new(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_simulated_disk_answers_as_a_real_one(steps in prop::collection::vec(any_step(), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = env_real::runtime(1, 1).unwrap();
        let real = env_real::env(runtime.handle().clone());
        let mut sim = Sim::new(1);
        sim.run(|simulated, sim| async move {
            sim.disk("test").put_folder("/root").unwrap();
            let mut real = Machine { disk: real.disk(), root: folder.path().to_owned(), file: None };
            let mut simulated = Machine { disk: simulated.disk(), root: PathBuf::from("/root"), file: None };
            for step in &steps {
                let (expected, actual) = (real.take(step), simulated.take(step));
                prop_assert_eq!(expected, actual, "{:?} in {:?}", step, steps);
            }
            Ok(())
        })?;
    }
}

// ---- What a crash must leave ----

const NAMES: [&str; 3] = ["x", "y", "z"];

#[derive(Clone, Debug)]
enum Change {
    Append(usize, Vec<u8>),
    Sync(usize),
    Rename(usize, usize),
    Remove(usize),
    SyncDir,
    Kill,
    Crash,
}

fn any_change() -> impl Strategy<Value = Change> {
    let name = || 0..NAMES.len();
    let bytes = prop::collection::vec(1..255_u8, 1..6);
    prop_oneof![
        5 => (name(), bytes).prop_map(|(name, bytes)| Change::Append(name, bytes)),
        3 => name().prop_map(Change::Sync),
        2 => (name(), name()).prop_map(|(from, to)| Change::Rename(from, to)),
        1 => name().prop_map(Change::Remove),
        3 => Just(Change::SyncDir),
        1 => Just(Change::Kill),
        2 => Just(Change::Crash),
    ]
}

/// A file's bytes, and how many of them are promised to survive.
#[derive(Clone, Debug, PartialEq)]
struct Promised {
    bytes: Vec<u8>,
    synced: usize,
}

/// What a program may rely on: which files there are, which of them each name leads to, and to which it may lead after a
/// crash.
#[derive(Default)]
struct Model {
    files: Vec<Promised>,
    names: BTreeMap<usize, usize>,
    possible: BTreeMap<usize, BTreeSet<Option<usize>>>,
}

impl Model {
    fn set(&mut self, name: usize, file: Option<usize>) {
        let before = self.names.get(&name).copied();
        self.possible.entry(name).or_insert_with(|| BTreeSet::from([before])).insert(file);
        match file {
            Some(file) => self.names.insert(name, file),
            None => self.names.remove(&name),
        };
    }

    /// Whether a name with this content is a possible outcome of a crash.
    fn allows(&self, name: usize, found: Option<&[u8]>) -> bool {
        let certain = BTreeSet::from([self.names.get(&name).copied()]);
        let possible = self.possible.get(&name).unwrap_or(&certain);
        possible.iter().any(|file| match (file, found) {
            (None, None) => true,
            (Some(file), Some(found)) => self.files[*file].allows(found),
            _ => false,
        })
    }
}

impl Promised {
    fn allows(&self, found: &[u8]) -> bool {
        found.len() >= self.synced
            && found.len() <= self.bytes.len()
            && found[..self.synced] == self.bytes[..self.synced]
            && found.iter().zip(&self.bytes).all(|(found, written)| found == written || *found == 0)
    }
}

fn path(name: usize) -> PathBuf {
    Path::new("/data").join(NAMES[name])
}

/// Makes a change on the disk and in the model; says whether it was a crash.
fn apply(sim: &SimHandle, model: &mut Model, change: &Change) -> bool {
    let env = sim.env_for("worker");
    let disk = env.disk();
    match change {
        Change::Append(name, bytes) => {
            disk.open(&path(*name), OpenOptions::APPEND).unwrap().write_all(bytes).unwrap();
            let file = model.names.get(name).copied().unwrap_or_else(|| {
                model.files.push(Promised { bytes: Vec::new(), synced: 0 });
                model.set(*name, Some(model.files.len() - 1));
                model.files.len() - 1
            });
            model.files[file].bytes.extend(bytes);
        }
        Change::Sync(name) => {
            let opened = disk.open(&path(*name), OpenOptions { write: true, ..OpenOptions::READ });
            assert_eq!(opened.is_ok(), model.names.contains_key(name));
            if let Ok(mut file) = opened {
                file.sync_data().unwrap();
                let file = &mut model.files[model.names[name]];
                file.synced = file.bytes.len();
            }
        }
        Change::Rename(from, to) => {
            let renamed = disk.rename(&path(*from), &path(*to)).is_ok();
            assert_eq!(renamed, model.names.contains_key(from));
            if let Some(file) = model.names.get(from).copied().filter(|_| from != to) {
                model.set(*to, Some(file));
                model.set(*from, None);
            }
        }
        Change::Remove(name) => {
            assert_eq!(disk.remove(&path(*name)).is_ok(), model.names.contains_key(name));
            if model.names.contains_key(name) {
                model.set(*name, None);
            }
        }
        Change::SyncDir => {
            disk.sync_dir(Path::new("/data")).unwrap();
            model.possible.clear();
        }
        Change::Kill => sim.kill("worker"),
        Change::Crash => sim.crash("worker"),
    }
    matches!(change, Change::Crash)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_crash_leaves_what_was_promised(seed: u64, changes in prop::collection::vec(any_change(), 1..80)) {
        Sim::new(seed).run(|_, sim| async move {
            sim.disk("worker").put_folder("/data").unwrap();
            let mut model = Model::default();
            for change in &changes {
                let crashed = apply(&sim, &mut model, change);
                let found: Vec<_> = (0..NAMES.len())
                    .map(|name| sim.disk("worker").read(path(name).to_str().unwrap()).ok())
                    .collect();
                for (name, found) in found.iter().enumerate() {
                    if crashed {
                        prop_assert!(model.allows(name, found.as_deref()), "{name}: {found:?} after {changes:?}");
                    } else {
                        let expected = model.names.get(&name).map(|file| &model.files[*file].bytes);
                        prop_assert_eq!(expected, found.as_ref(), "{} after {:?}", name, change);
                    }
                }
                if crashed {
                    // What is there now is there for good; two names may lead to one file no longer.
                    model = Model::default();
                    for (name, bytes) in found.into_iter().enumerate() {
                        let Some(bytes) = bytes else { continue };
                        model.names.insert(name, model.files.len());
                        model.files.push(Promised { synced: bytes.len(), bytes });
                    }
                }
            }
            Ok(())
        })?;
    }
}
