//! The view: redrawn in place on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use super::flow::{ConnectorRow, Snapshot};
use super::text::{bytes, counted};

/// Numbers are told so often where lines cannot be redrawn.
const PLAIN_PAUSE: Duration = Duration::from_secs(2);
/// Lines of a terminal that does not say how many it has.
const USUAL_HEIGHT: usize = 24;

const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";
/// Long lines are cut, so that a line of text is a line of the terminal.
const CUT_LINES: &str = "\x1b[?7l";
const WRAP_LINES: &str = "\x1b[?7h";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// Where the view goes.
pub(super) enum View {
    /// A terminal.
    Live(Live),
    /// A pipe or a file.
    Plain(Plain),
}

impl View {
    pub(super) fn of_standard_output() -> Self {
        if io::stdout().is_terminal() { View::Live(Live::default()) } else { View::Plain(Plain::default()) }
    }

    /// Says something once.
    pub(super) fn say(&mut self, text: &str) {
        match self {
            View::Live(live) => live.say(text),
            View::Plain(_) => print(text),
        }
    }

    /// Shows what there is, `elapsed` after the start.
    pub(super) fn show(&mut self, elapsed: Duration, snapshot: &Snapshot) {
        match self {
            View::Live(live) => live.show(elapsed, snapshot),
            View::Plain(plain) => plain.show(elapsed, snapshot).iter().for_each(|line| print(&format!("{line}\n"))),
        }
    }
}

/// Nobody may be there to read; what moves goes on moving.
fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Lines of a terminal that are written again and again. Dropping it gives the terminal back.
#[derive(Default)]
pub(super) struct Live {
    /// How many lines are there to be overwritten.
    drawn: usize,
    changed_terminal: bool,
}

impl Live {
    fn say(&mut self, text: &str) {
        print(text);
        self.drawn = 0;
    }

    fn show(&mut self, elapsed: Duration, snapshot: &Snapshot) {
        let mut lines = table(elapsed, snapshot);
        lines.truncate(height().saturating_sub(1));
        let mut text = String::new();
        if !std::mem::replace(&mut self.changed_terminal, true) {
            text += HIDE_CURSOR;
            text += CUT_LINES;
        }
        if self.drawn > 0 {
            text += &format!("\x1b[{}A\r", self.drawn);
        }
        for line in &lines {
            text += &format!("{line}{CLEAR_LINE}\n");
        }
        text += CLEAR_BELOW;
        print(&text);
        self.drawn = lines.len();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if self.changed_terminal {
            print(&format!("{WRAP_LINES}{SHOW_CURSOR}"));
        }
    }
}

fn height() -> usize {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_row > 0 => usize::from(size.ws_row),
        _ => USUAL_HEIGHT,
    }
}

fn table(elapsed: Duration, snapshot: &Snapshot) -> Vec<String> {
    let width = snapshot.connectors.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).max(9);
    let seconds = elapsed.as_secs();
    let mut lines = vec![
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
        String::new(),
        format!(
            "{:width$}  {:6}  {:10}  {:14}  {:>9}  {:>9}  {:>10}",
            "CONNECTOR", "TYPE", "STATE", "TASKS", "RECORDS", "RECORDS/S", "BYTES/S"
        ),
    ];
    for row in &snapshot.connectors {
        let numbers = row.moved.map_or_else(
            || ["-"; 3].map(str::to_owned),
            |moved| {
                [moved.records.to_string(), format!("{:.1}", moved.records_per_second), bytes(moved.bytes_per_second)]
            },
        );
        lines.push(format!(
            "{:width$}  {:6}  {:10}  {:14}  {:>9}  {:>9}  {:>10}",
            row.name,
            row.kind,
            row.state,
            tasks(row),
            numbers[0],
            numbers[1],
            numbers[2]
        ));
        lines.extend(row.trouble.iter().map(|trouble| format!("  {trouble}")));
    }
    lines.extend([String::new(), "NEWEST RECORDS".to_owned()]);
    lines.extend(snapshot.newest.iter().map(|record| format!("{}  {}", record.place, record.value)));
    lines
}

fn tasks(row: &ConnectorRow) -> String {
    let tasks: Vec<String> = row.tasks.iter().map(|(number, state)| format!("{number} {state}")).collect();
    if tasks.is_empty() { "none".to_owned() } else { tasks.join(", ") }
}

/// Lines that tell what has changed.
#[derive(Default)]
pub(super) struct Plain {
    states: BTreeMap<String, String>,
    told: Option<(Duration, Vec<Option<u64>>)>,
}

impl Plain {
    fn show(&mut self, elapsed: Duration, snapshot: &Snapshot) -> Vec<String> {
        let time = format!("{:8.1} s ", elapsed.as_secs_f64());
        let mut lines = Vec::new();
        for row in &snapshot.connectors {
            let mut state = format!("{} {} {}, tasks: {}", row.kind, row.name, row.state, tasks(row));
            if let Some(trouble) = &row.trouble {
                state += &format!(": {trouble}");
            }
            if self.states.get(&row.name) != Some(&state) {
                lines.push(format!("{time} {state}"));
                self.states.insert(row.name.clone(), state);
            }
        }
        let gone: Vec<String> = self
            .states
            .keys()
            .filter(|name| snapshot.connectors.iter().all(|row| row.name != **name))
            .cloned()
            .collect();
        for name in gone {
            self.states.remove(&name);
            lines.push(format!("{time} {name} is gone"));
        }
        lines.extend(self.numbers(elapsed, snapshot).map(|numbers| format!("{time} {numbers}")));
        lines
    }

    /// Now and then, when there is something new.
    fn numbers(&mut self, elapsed: Duration, snapshot: &Snapshot) -> Option<String> {
        let records: Vec<Option<u64>> =
            snapshot.connectors.iter().map(|row| row.moved.map(|moved| moved.records)).collect();
        let due = match &self.told {
            None => records.iter().flatten().any(|records| *records > 0),
            Some((last, told)) => *told != records && elapsed.saturating_sub(*last) >= PLAIN_PAUSE,
        };
        if !due {
            return None;
        }
        self.told = Some((elapsed, records));
        let moved = snapshot.connectors.iter().filter_map(|row| {
            let moved = row.moved?;
            Some(format!(
                "{}: {}, {:.1}/s, {}/s",
                row.name,
                counted(moved.records, "record"),
                moved.records_per_second,
                bytes(moved.bytes_per_second)
            ))
        });
        let mut parts: Vec<String> = moved.collect();
        parts.extend(snapshot.newest.last().map(|record| format!("newest {}: {}", record.place, record.value)));
        Some(parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::flow::Moved;
    use super::super::newest::NewestRecord;
    use super::*;

    fn snapshot(state: &'static str, records: u64) -> Snapshot {
        let moved = Moved { records, records_per_second: 2.0, bytes_per_second: 96.0 };
        let row = ConnectorRow {
            name: "a".into(),
            kind: "source",
            state,
            tasks: vec![(0, state)],
            trouble: (state == "FAILED").then(|| "no disk".to_owned()),
            moved: Some(moved),
        };
        let newest = NewestRecord { timestamp: 0, place: "t-0@1".into(), value: "hello".into() };
        Snapshot { connectors: vec![row], newest: vec![newest] }
    }

    fn told(plain: &mut Plain, millis: u64, snapshot: &Snapshot) -> Vec<String> {
        plain.show(Duration::from_millis(millis), snapshot)
    }

    #[test]
    fn plain_lines_tell_states_at_once_and_numbers_now_and_then() {
        let mut plain = Plain::default();
        assert_eq!(told(&mut plain, 100, &snapshot("RUNNING", 0)), ["     0.1 s  source a RUNNING, tasks: 0 RUNNING"]);
        assert_eq!(
            told(&mut plain, 600, &snapshot("RUNNING", 1)),
            ["     0.6 s  a: 1 record, 2.0/s, 96 B/s; newest t-0@1: hello"]
        );
        assert!(told(&mut plain, 1_100, &snapshot("RUNNING", 2)).is_empty());
        assert_eq!(told(&mut plain, 2_600, &snapshot("RUNNING", 4)).len(), 1);
        assert!(told(&mut plain, 9_000, &snapshot("RUNNING", 4)).is_empty());
        assert_eq!(
            told(&mut plain, 9_500, &snapshot("FAILED", 4)),
            ["     9.5 s  source a FAILED, tasks: 0 FAILED: no disk"]
        );
        let nothing = Snapshot { connectors: Vec::new(), newest: Vec::new() };
        assert_eq!(told(&mut plain, 9_600, &nothing)[0], "     9.6 s  a is gone");
    }

    #[test]
    fn the_table_has_a_line_per_connector_its_trouble_and_the_newest_records() {
        let lines = table(Duration::from_secs(3_725), &snapshot("FAILED", 12));
        assert_eq!(lines[0], "01:02:05");
        assert!(lines[3].starts_with("a          source  FAILED"), "{lines:?}");
        assert!(lines[3].ends_with("12        2.0        96 B"), "{lines:?}");
        assert_eq!(lines[4], "  no disk");
        assert_eq!(lines.last().unwrap(), "t-0@1  hello");
    }
}
