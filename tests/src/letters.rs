//! Records of dead letter queues, and lines about failed records, as far as Java's and ours must be alike.

use std::fmt;

use crate::driver::Stored;

/// The header with the stack trace.
const TRACE: &str = "__connect.errors.exception.stacktrace";

/// A record of a dead letter queue without what may differ: the frames of the stack trace, and where it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// Key bytes.
    pub key: Option<Vec<u8>>,
    /// Value bytes.
    pub value: Option<Vec<u8>>,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// Headers in order, as text.
    pub headers: Vec<(String, Option<String>)>,
}

impl Letter {
    /// What is compared of `record`.
    pub fn of(record: &Stored) -> Self {
        let header = |(name, value): &(String, Option<Vec<u8>>)| {
            let text = value.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            (name.clone(), if name == TRACE { text.map(|trace| without_frames(&trace)) } else { text })
        };
        Self {
            key: record.key.clone(),
            value: record.value.clone(),
            timestamp: record.timestamp,
            headers: record.headers.iter().map(header).collect(),
        }
    }

    /// The value of the last header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().rev().find(|(own, _)| own == name).and_then(|(_, value)| value.as_deref())
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(|bytes| bytes.escape_ascii().to_string());
        let Self { key, value, timestamp, headers } = self;
        write!(f, "key {:?} value {:?} at {timestamp}, headers {headers:?}", text(key), text(value))
    }
}

/// Class, message and causes: a trace without its `at` and `... more` lines.
pub fn without_frames(trace: &str) -> String {
    let kept = trace.lines().filter(|line| !line.starts_with("\tat ") && !line.starts_with("\t... "));
    kept.collect::<Vec<_>>().join("\n")
}

/// The sentences `Error encountered in task …` that a log has about `task`, without what the log puts around them.
pub fn failures_of<'a>(log: &'a str, task: &str) -> Vec<&'a str> {
    let begin = format!("Error encountered in task {task}. ");
    let sentence = |line: &'a str| {
        let line = &line[line.find(&begin)?..];
        // Ours is followed by the field `error`, Java's in some patterns by the logger.
        let end =
            line.find(" error=\"").or_else(|| line.rfind(" (org.apache.kafka.connect.runtime.errors.LogReporter"));
        Some(line[..end.unwrap_or(line.len())].trim_end())
    };
    log.lines().filter_map(sentence).collect()
}
