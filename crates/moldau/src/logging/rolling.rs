//! The file `connect.log`, put aside each hour as `connect-log4j2.yaml` has it: `connect-2024-07-03-09.log`.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::tz::TimeZone;
use jiff::{RoundMode, Timestamp, ToSpan, Unit, Zoned, ZonedRound};

const CURRENT: &str = "connect.log";

/// A file in a folder; lines are appended, also to what an earlier process left.
pub(super) struct RollingFile {
    folder: PathBuf,
    zone: TimeZone,
    file: File,
    /// The hour that the file is of, and when it is over.
    hour: Zoned,
    over: Timestamp,
    now: fn() -> Timestamp,
}

impl RollingFile {
    /// Opens `connect.log` in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn open(folder: &Path, zone: TimeZone) -> io::Result<Self> {
        Self::open_at(folder, zone, Timestamp::now)
    }

    fn open_at(folder: &Path, zone: TimeZone, now: fn() -> Timestamp) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(CURRENT);
        let file = File::options().create(true).append(true).open(&path)?;
        // What an earlier process left is of the hour in which it was written last.
        let metadata = file.metadata()?;
        let written = metadata.modified().ok().filter(|_| metadata.len() > 0);
        let of = written.and_then(timestamp).unwrap_or_else(now);
        let (hour, over) = hour(of, &zone);
        Ok(Self { folder: folder.to_owned(), zone, file, hour, over, now })
    }

    fn roll(&mut self, now: Timestamp) -> io::Result<()> {
        let current = self.folder.join(CURRENT);
        let aside = format!("connect-{}-{:02}.log", self.hour.date(), self.hour.hour());
        (self.hour, self.over) = hour(now, &self.zone);
        match std::fs::rename(&current, self.folder.join(aside)) {
            // Somebody has taken it away; a new one is made.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.file = File::options().create(true).append(true).open(&current)?;
        Ok(())
    }
}

impl Write for RollingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let now = (self.now)();
        if now >= self.over {
            // A file that cannot be put aside is gone on with.
            if let Err(error) = self.roll(now) {
                let _ = writeln!(io::stderr(), "moldau: {CURRENT} cannot be put aside: {error}");
            }
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    Timestamp::try_from(time).ok()
}

/// The hour of the local clock that a moment is in, and its end.
fn hour(moment: Timestamp, zone: &TimeZone) -> (Zoned, Timestamp) {
    let local = moment.to_zoned(zone.clone());
    let down = ZonedRound::new().smallest(Unit::Hour).mode(RoundMode::Trunc);
    // Times at the end of the calendar cannot be rounded, and never come.
    let start = local.round(down).unwrap_or(local);
    let end = start.checked_add(1.hour()).map_or(Timestamp::MAX, |end| end.timestamp());
    (start, end)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use super::*;

    static SECOND: AtomicI64 = AtomicI64::new(0);

    fn now() -> Timestamp {
        Timestamp::from_second(SECOND.load(Ordering::Relaxed)).unwrap()
    }

    fn files(folder: &Path) -> Vec<(String, String)> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, std::fs::read_to_string(&path).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    fn pair(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn each_hour_has_its_file_also_across_restarts() {
        // 09:50 in UTC; in India the clock shows 15:20, so that its hour ends at half past.
        const START: i64 = 1_720_000_200;
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("made/here");
        SECOND.store(START, Ordering::Relaxed);
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let mut file = RollingFile::open_at(&inside, zone.clone(), now).unwrap();
        file.write_all(b"a\n").unwrap();
        SECOND.fetch_add(39 * 60, Ordering::Relaxed);
        file.write_all(b"b\n").unwrap();
        assert_eq!(files(&inside), [pair("connect.log", "a\nb\n")]);
        SECOND.fetch_add(60, Ordering::Relaxed);
        file.write_all(b"c\n").unwrap();
        assert_eq!(files(&inside), [pair("connect-2024-07-03-15.log", "a\nb\n"), pair("connect.log", "c\n")]);
        drop(file);

        let left = File::options().write(true).open(inside.join(CURRENT)).unwrap();
        left.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(START as u64 + 40 * 60)).unwrap();
        let mut file = RollingFile::open_at(&inside, zone.clone(), now).unwrap();
        file.write_all(b"d\n").unwrap();
        assert_eq!(files(&inside).last(), Some(&pair("connect.log", "c\nd\n")), "gone on with");
        drop(file);
        left.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(START as u64 + 40 * 60)).unwrap();
        SECOND.fetch_add(5 * 3600, Ordering::Relaxed);
        let mut file = RollingFile::open_at(&inside, zone, now).unwrap();
        file.write_all(b"e\n").unwrap();
        let names: Vec<_> = files(&inside).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["connect-2024-07-03-15.log", "connect-2024-07-03-16.log", "connect.log"]);
    }
}
