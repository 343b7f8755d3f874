//! FileStreamSource on the machine's disk, in paused time.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "the tests play the program that writes the file")]

mod world;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use connect_api::plugin::{Plugin, SourcePlugin};
use connect_api::source::{ExactlyOnceSupport, SourceBatch};
use connect_api::{Signal, SourceOffset, SourcePartition, Value};
use connector_file::FileStreamSource;
use kafka_config::RawConfig;
use proptest::prelude::*;
use world::{Faults, Source, TestDisk, machine};

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[tokio::test(start_paused = true)]
async fn lines_come_with_the_position_after_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    append(&path, "f\u{e9}our\n\r\nlast".as_bytes());
    let mut source = Source::of(&path, None, &[]).await;
    assert_eq!(source.positions().await, [("f\u{e9}our".to_owned(), 7), (String::new(), 9)]);
    append(&path, b" line\r");
    assert!(source.positions().await.is_empty(), "the return may be half of an end of line");
    append(&path, b"\nx\n");
    assert_eq!(source.positions().await, [("last line".to_owned(), 20), ("x".to_owned(), 22)]);
    source.reader.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn batch_size_is_kept_and_no_line_waits_for_growth() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    append(&path, b"1\n2\n3\n4\n5\n6\n");
    for (size, counts) in
        [("2", &[2, 2, 2, 0][..]), ("4", &[4, 2, 0]), ("0", &[1, 1, 1, 1, 1, 1, 0]), ("2000", &[6, 0])]
    {
        let mut source = Source::of(&path, None, &[("batch.size", size)]).await;
        for count in counts {
            assert_eq!(source.poll().await.len(), *count, "batch.size={size}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_bounded_in_records_and_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    append(&path, &b"x\n".repeat(10_000));
    let mut source = Source::of(&path, None, &[("batch.size", "1000000")]).await;
    assert_eq!(source.poll().await.len(), SourceBatch::TARGET_RECORDS);
    let long = [vec![b'y'; 300_000], b"\n".to_vec()].concat();
    fs::write(&path, long.repeat(10)).unwrap();
    let mut source = Source::of(&path, None, &[]).await;
    let counts = [source.poll().await.len(), source.poll().await.len()];
    assert!(counts.iter().all(|count| (1..=5).contains(count)), "{counts:?}");
    assert_eq!(counts.iter().sum::<usize>() + source.lines().await.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_line_may_be_larger_than_every_buffer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    append(&path, &vec![b'z'; 9_000_000]);
    let mut source = Source::of(&path, None, &[]).await;
    assert!(source.poll().await.is_empty());
    append(&path, b"\nsmall\n");
    let lines = source.lines().await;
    assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [9_000_000, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_file_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("later");
    let mut source = Source::of(&path, None, &[]).await;
    assert!(source.poll().await.is_empty());
    append(&path, b"here\n");
    assert_eq!(source.lines().await, ["here"]);
}

#[tokio::test(start_paused = true)]
async fn a_cut_file_is_read_from_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    append(&path, b"one\ntwo\nunfinished");
    let mut source = Source::of(&path, None, &[]).await;
    assert_eq!(source.lines().await, ["one", "two"]);
    fs::write(&path, b"new\n").unwrap();
    assert_eq!(source.positions().await, [("new".to_owned(), 4)]);
    fs::write(&path, b"").unwrap();
    assert!(source.lines().await.is_empty());
    append(&path, b"again\n");
    assert_eq!(source.positions().await, [("again".to_owned(), 6)]);
}

#[tokio::test(start_paused = true)]
async fn a_replaced_file_is_finished_before_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let (path, old) = (dir.path().join("in"), dir.path().join("in.1"));
    append(&path, b"one\n");
    let mut source = Source::of(&path, Some(0), &[("batch.size", "1")]).await;
    assert_eq!(source.poll().await[0].0, "one");
    append(&path, b"two\n");
    fs::rename(&path, &old).unwrap();
    append(&old, b"three\nunfinished");
    append(&path, b"new\n");
    assert_eq!(source.positions().await, [("two".to_owned(), 8), ("three".to_owned(), 14), ("new".to_owned(), 4)]);
    // The new file is the one that is followed now.
    append(&old, b" line\n");
    append(&path, b"newer\n");
    assert_eq!(source.lines().await, ["newer"]);
}

#[tokio::test(start_paused = true)]
async fn a_removed_file_is_followed_until_there_is_another() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    append(&path, b"one\n");
    let mut writer = OpenOptions::new().append(true).open(&path).unwrap();
    let mut source = Source::of(&path, None, &[]).await;
    assert_eq!(source.lines().await, ["one"]);
    fs::remove_file(&path).unwrap();
    assert!(source.lines().await.is_empty());
    writer.write_all(b"two\n").unwrap();
    assert_eq!(source.lines().await, ["two"]);
    append(&path, b"other\n");
    assert_eq!(source.positions().await, [("other".to_owned(), 6)]);
}

#[tokio::test(start_paused = true)]
async fn stored_positions_are_gone_on_from() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    append(&path, "f\u{e9}our\nnext\r\nend\n".as_bytes());
    for (stored, lines) in [
        (0, &["f\u{e9}our", "next", "end"][..]),
        (-4, &["f\u{e9}our", "next", "end"]),
        // Java's position after the first line: the line comes again, whole.
        (6, &["f\u{e9}our", "next", "end"]),
        (2, &["f\u{e9}our", "next", "end"]),
        (7, &["next", "end"]),
        (9, &["next", "end"]),
        (12, &["end"]),
        (13, &["end"]),
        (17, &[]),
        // Beyond the end: it cannot be the same content.
        (18, &["f\u{e9}our", "next", "end"]),
    ] {
        let mut source = Source::of(&path, Some(stored), &[]).await;
        assert_eq!(source.lines().await, lines, "from {stored}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_position_of_another_type_fails_the_task() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    append(&path, b"x\n");
    for (stored, fails) in [(Value::Int32(2), true), (Value::from("2"), true), (Value::Null, false)] {
        let config = [("file", path.to_str().unwrap())];
        let mut source = Source::start(&FileStreamSource::default(), machine(), Some(stored), &config).await;
        match source.try_poll().await {
            Ok(lines) => assert!(!fails && lines.len() == 1),
            Err(error) => {
                assert!(fails);
                assert_eq!(
                    error.to_string(),
                    "org.apache.kafka.connect.errors.ConnectException: Offset position is the incorrect type"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_folder_is_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut source = Source::of(dir.path(), None, &[]).await;
    let error = source.try_poll().await.unwrap_err().to_string();
    assert!(error.contains("(configuration 'file')") && error.ends_with("it is a directory"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn stop_and_pause_end_a_wait_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    for exists in [false, true] {
        if exists {
            append(&path, b"");
        }
        for signal in [Signal::Pause, Signal::Stop] {
            let mut source = Source::of(&path, None, &[]).await;
            let start = tokio::time::Instant::now();
            let mut batch = SourceBatch::new();
            let (signals, reader) = (&source.signals, &mut source.reader);
            let say = async {
                tokio::time::sleep(Duration::from_millis(1234)).await;
                signals.say(signal);
            };
            let (polled, ()) = tokio::join!(reader.poll(&mut batch), say);
            polled.unwrap();
            assert!(start.elapsed() <= Duration::from_millis(1235), "{:?}", start.elapsed());
            reader.poll(&mut batch).await.unwrap();
            assert!(batch.is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn new_lines_of_a_busy_file_are_seen_soon_and_an_idle_one_is_looked_at_each_second() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    append(&path, b"one\n");
    let mut source = Source::of(&path, None, &[]).await;
    assert_eq!(source.poll().await.len(), 1);
    for (quiet, most) in [(5, 10), (600, 1000), (60_000, 1000)] {
        let mut batch = SourceBatch::new();
        let write = async {
            tokio::time::sleep(Duration::from_millis(quiet)).await;
            append(&path, b"more\n");
            tokio::time::Instant::now()
        };
        let (polled, written) = tokio::join!(source.reader.poll(&mut batch), write);
        polled.unwrap();
        assert_eq!(batch.len(), 1);
        assert!(written.elapsed() <= Duration::from_millis(most), "{:?} after {quiet} ms", written.elapsed());
    }
}

#[tokio::test]
async fn standard_input_has_no_positions_and_survives_its_task() {
    let disk = TestDisk::new(Faults { input: vec![b"a\nb", b"c\r\n", b"no end"], ..Faults::default() });
    let plugin = FileStreamSource::default();
    let mut first = Source::start(&plugin, disk.env(), None, &[("batch.size", "1")]).await;
    assert_eq!(first.poll().await, [("a".to_owned(), Value::Null)]);
    first.reader.stop().await.unwrap();
    drop(first);
    // What the first task had read goes to the second one.
    let mut second = Source::start(&plugin, disk.env(), None, &[]).await;
    assert_eq!(second.poll().await, [("bc".to_owned(), Value::Null)]);
    second.signals.say(Signal::Stop);
    let mut batch = SourceBatch::new();
    second.reader.poll(&mut batch).await.unwrap();
    assert!(batch.is_empty());
}

#[tokio::test]
async fn a_pipe_is_read_by_a_thread() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0)
        .unwrap();
    let writer = |text: &'static [u8]| {
        let path = path.clone();
        std::thread::spawn(move || OpenOptions::new().write(true).open(path).unwrap().write_all(text).unwrap())
    };
    let mut source = Source::of(&path, Some(3), &[]).await;
    // Nobody writes yet: the pipe cannot even be opened, and the poll ends all the same.
    let mut batch = SourceBatch::new();
    let pause = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        source.signals.say(Signal::Pause);
    };
    let (polled, ()) = tokio::join!(source.reader.poll(&mut batch), pause);
    polled.unwrap();
    source.signals.say(Signal::Run);
    let first = writer(b"one\ntw");
    assert_eq!(source.poll().await, [("one".to_owned(), Value::Int64(4))]);
    first.join().unwrap();
    let second = writer(b"o\n");
    assert_eq!(source.poll().await, [("two".to_owned(), Value::Int64(8))]);
    second.join().unwrap();
    // Nobody writes: the stop does not wait for the thread, which ends with the next writer.
    source.signals.say(Signal::Stop);
    source.reader.poll(&mut SourceBatch::new()).await.unwrap();
    drop(source);
    writer(b"end\n").join().unwrap();
}

#[test]
fn offsets_to_store_are_checked() {
    let plugin = FileStreamSource::default();
    let config = RawConfig::from([("topic", "t"), ("file", "f")]);
    let partition = || Some(SourcePartition::new([("filename", "other")]));
    let position = |position: Value| Some(SourceOffset::of([("position", position)]));
    assert!(plugin.alter_offsets(&config, &[(partition(), position(Value::Int64(0))), (None, None)]).unwrap());
    for (partition, offset, text) in [
        (
            partition(),
            Some(SourceOffset::of([("offset", 1_i64)])),
            "Offset objects should either be null or contain the key 'position'",
        ),
        (
            partition(),
            position(Value::from("1")),
            "The value for the 'position' key in the offset is expected to be a Long value",
        ),
        (
            partition(),
            position(Value::Int64(-1)),
            "The value for the 'position' key in the offset should be a non-negative value",
        ),
        (None, position(Value::Int64(1)), "Partition objects cannot be null"),
        (
            Some(SourcePartition::new([("file", "f")])),
            position(Value::Int64(1)),
            "Partition objects should contain the key 'filename'",
        ),
    ] {
        let error = plugin.alter_offsets(&config, &[(partition, offset)]).unwrap_err();
        assert_eq!(error.to_string(), format!("org.apache.kafka.connect.errors.ConnectException: {text}"));
    }
    let error = plugin.alter_offsets(&[("topic", "t"), ("file", "")].into(), &[]).unwrap_err();
    assert!(
        error.message().unwrap().starts_with("Offsets cannot be modified if the 'file' configuration is unspecified.")
    );
    assert_eq!(plugin.exactly_once_support(&config), Some(ExactlyOnceSupport::Supported));
    assert_eq!(plugin.exactly_once_support(&[("topic", "t")].into()), Some(ExactlyOnceSupport::Unsupported));
    assert_eq!(plugin.class(), "org.apache.kafka.connect.file.FileStreamSourceConnector");
}

/// Each whole line of a text: where its text starts and ends, and what it says.
fn whole_lines(bytes: &[u8]) -> Vec<(usize, usize, String)> {
    let (mut lines, mut start, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        let end = match (bytes[at], bytes.get(at + 1)) {
            (b'\r', Some(b'\n')) => 2,
            (b'\n', _) | (b'\r', Some(_)) => 1,
            _ => 0,
        };
        if end > 0 {
            lines.push((start, at, String::from_utf8_lossy(&bytes[start..at]).into_owned()));
            start = at + end;
        }
        at += end.max(1);
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever the text, the way it grows, the size of reads and the place of a restart: every line given out is a
    /// whole line, in order, and none that was not wholly before that place is missing.
    #[test]
    fn no_restart_skips_or_tears_a_line(
        pieces in prop::collection::vec("[ab\u{e9}\u{1f600}\r\n]{0,8}", 1..6),
        restart in 0.0_f64..=1.0,
        read_limit in 1_usize..7,
        batch in 1_usize..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let batch = batch.to_string();
        let (restart, first, second, bytes) = runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("in");
            let disk = TestDisk::new(Faults { read_limit: Some(read_limit), ..Faults::default() });
            let config = [("file", path.to_str().unwrap()), ("batch.size", &batch)];
            let mut source = Source::start(&FileStreamSource::default(), disk.env(), None, &config).await;
            let mut first = Vec::new();
            for piece in &pieces {
                append(&path, piece.as_bytes());
                first.extend(source.lines().await);
            }
            let bytes = fs::read(&path).unwrap();
            let restart = (bytes.len() as f64 * restart) as usize;
            let stored = Some(Value::Int64(restart as i64));
            let mut source = Source::start(&FileStreamSource::default(), disk.env(), stored, &config).await;
            (restart, first, source.lines().await, bytes)
        });
        let expected = whole_lines(&bytes);
        let texts: Vec<String> = expected.iter().map(|(_, _, text)| text.clone()).collect();
        prop_assert_eq!(&first, &texts);
        prop_assert!(texts.ends_with(&second), "{:?} from {} of {:?}", second, restart, texts);
        let needed = expected.iter().filter(|(_, end, _)| *end >= restart).count();
        prop_assert!(second.len() >= needed, "{:?} from {} of {:?}", second, restart, expected);
    }
}
