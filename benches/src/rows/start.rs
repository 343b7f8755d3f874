//! P8 and P9: how long until a worker is there, and until the tutorial's first line is.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use e2e::{Process, Rest, kafka_libs};

use crate::bench::Bench;
use crate::meter::Meter;
use crate::progress::{Mark, Span};
use crate::statistics::{Spread, ratio};
use crate::table::{megabytes, percent, table};
use crate::worker::{Side, start, stop};

const PAUSE: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(400);
/// Idle is what a worker is after this time.
const SETTLE: Duration = Duration::from_secs(2);
const IDLE: Duration = Duration::from_secs(3);
const TEXT: &str = "foo\nbar\n";

/// One start.
#[derive(Debug, Clone, Copy)]
struct Sample {
    seconds: f64,
    cpu: f64,
    /// Bytes at rest for P8, the most so far for P9.
    memory: f64,
    /// Share of a core while idle.
    idle: f64,
    /// Share of the whole machine that others used until then.
    others: f64,
}

/// Which jars `plugin.path` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plugins {
    ConnectFile,
    AllJars,
}

/// P8.
pub(super) fn cold(bench: &mut Bench) -> Result<String> {
    let mut java = Vec::new();
    let mut moldau = Vec::new();
    for pair in 0..bench.arguments().pairs {
        for side in turns(pair) {
            if bench.takes_part(side) {
                let sample = cold_run(bench, side).with_context(|| format!("P8, {side:?}"))?;
                eprintln!("P8 pair {}: {side:?}: {:.3} s", pair + 1, sample.seconds);
                if side == Side::Java { &mut java } else { &mut moldau }.push(sample);
            }
        }
    }
    let subjects = [("Java, one jar", java.as_slice()), ("Moldau", &moldau)];
    let mut text = String::from("P8  cold start of a standalone worker without connectors until GET / answers 200\n");
    text.push_str(&report(&subjects, "idle RSS", true));
    text.push_str(&ratios(("Java", &java), ("Moldau", &moldau)));
    Ok(text.trim_end().to_owned())
}

/// P9.
pub(super) fn tutorial(bench: &mut Bench) -> Result<String> {
    let mut one_jar = Vec::new();
    let mut all_jars = Vec::new();
    let mut moldau = Vec::new();
    for pair in 0..bench.arguments().pairs {
        for side in turns(pair) {
            if bench.takes_part(side) {
                let plugins = if side == Side::Java { Plugins::ConnectFile } else { Plugins::AllJars };
                let sample = tutorial_run(bench, side, plugins)?;
                eprintln!("P9 pair {}: {side:?}: {:.3} s", pair + 1, sample.seconds);
                if side == Side::Java { &mut one_jar } else { &mut moldau }.push(sample);
            }
        }
    }
    if bench.arguments().java_all_jars && bench.takes_part(Side::Java) {
        all_jars.push(tutorial_run(bench, Side::Java, Plugins::AllJars)?);
    }
    let count =
        std::fs::read_dir(kafka_libs()?.jars())?.count() + std::fs::read_dir(kafka_libs()?.plugin_path())?.count();
    let mut text = format!(
        "P9  the tutorial (JsonConverter with schemas, source and sink) from start to the first line in the sink file; all = {count} jars in plugin.path\n"
    );
    let subjects =
        [("Java, one jar", one_jar.as_slice()), ("Java, all jars", all_jars.as_slice()), ("Moldau, all jars", &moldau)];
    text.push_str(&report(&subjects, "peak RSS", false));
    text.push_str(&ratios(("Java, one jar", &one_jar), ("Moldau, all jars", &moldau)));
    text.push_str(&ratios(("Java, all jars", &all_jars), ("Moldau, all jars", &moldau)));
    text.push_str("  content: every sink file held both lines, once, in order");
    Ok(text)
}

fn turns(pair: usize) -> [Side; 2] {
    if pair.is_multiple_of(2) { [Side::Java, Side::Moldau] } else { [Side::Moldau, Side::Java] }
}

fn cold_run(bench: &mut Bench, side: Side) -> Result<Sample> {
    let files = bench.worker_files()?;
    let worker = files.standalone(&[])?;
    let rest = Rest::new(files.port());
    let broker = bench.broker()?;
    let (begin, before) = (Instant::now(), Mark::set(0, Duration::ZERO, broker, false)?);
    let mut process = start(side, &worker, &[])?;
    let seconds = wait(&mut process, begin, || rest.get("/").is_ok_and(|reply| reply.status == 200))?;
    let meter = Meter::of(&process);
    let after = Mark::set(1, meter.cpu()?, broker, false)?;
    let others = Span::between(&before, &after).map_or(0.0, |span| span.others);
    std::thread::sleep(SETTLE);
    let (used, from) = (meter.cpu()?, Instant::now());
    std::thread::sleep(IDLE);
    let idle = meter.cpu()?.saturating_sub(used).as_secs_f64() / from.elapsed().as_secs_f64();
    let memory = meter.memory()?.resident as f64;
    stop(process)?;
    Ok(Sample { seconds, cpu: after.worker.as_secs_f64(), memory, idle, others })
}

fn tutorial_run(bench: &mut Bench, side: Side, plugins: Plugins) -> Result<Sample> {
    let topic = bench.fresh("connect-test");
    let files = bench.worker_files()?;
    let path = |name: &str| files.folder().join(name);
    let (input, output) = (path("test.txt"), path("test.sink.txt"));
    std::fs::write(&input, TEXT)?;
    let worker = files.standalone(&worker_lines(plugins)?.each_ref().map(|(key, value)| (*key, value.as_str())))?;
    let text = |path: &Path| path.display().to_string();
    let connector = |name: &str, lines: [(&str, &str); 3]| {
        files.connector(&format!("{name}-{topic}"), &[&[("tasks.max", "1")], lines.as_slice()].concat())
    };
    let (from, to) = (text(&input), text(&output));
    let source =
        connector("local-file-source", [("connector.class", "FileStreamSource"), ("file", &from), ("topic", &topic)])?;
    let sink =
        connector("local-file-sink", [("connector.class", "FileStreamSink"), ("file", &to), ("topics", &topic)])?;
    let broker = bench.broker()?;
    let (begin, before) = (Instant::now(), Mark::set(0, Duration::ZERO, broker, false)?);
    let mut process = start(side, &worker, &[source, sink])?;
    let read = || std::fs::read_to_string(&output).unwrap_or_default();
    let seconds = wait(&mut process, begin, || read().contains('\n'))?;
    let meter = Meter::of(&process);
    let after = Mark::set(1, meter.cpu()?, broker, false)?;
    let others = Span::between(&before, &after).map_or(0.0, |span| span.others);
    wait(&mut process, begin, || read().len() >= TEXT.len())?;
    let memory = meter.memory()?.peak as f64;
    stop(process)?;
    if read() != TEXT {
        bail!("the sink file of the tutorial holds {:?}", read());
    }
    Ok(Sample { seconds, cpu: after.worker.as_secs_f64(), memory, idle: 0.0, others })
}

/// What the tutorial's worker file says otherwise than the fixture's.
fn worker_lines(plugins: Plugins) -> Result<[(&'static str, String); 7]> {
    let libs = kafka_libs()?;
    let (folders, discovery) = match plugins {
        Plugins::ConnectFile => (libs.plugin_path().display().to_string(), "service_load"),
        Plugins::AllJars => (format!("{},{}", libs.jars().display(), libs.plugin_path().display()), "hybrid_warn"),
    };
    let json = "org.apache.kafka.connect.json.JsonConverter";
    Ok([
        ("key.converter", json.to_owned()),
        ("value.converter", json.to_owned()),
        ("key.converter.schemas.enable", "true".to_owned()),
        ("value.converter.schemas.enable", "true".to_owned()),
        ("offset.flush.interval.ms", "10000".to_owned()),
        ("plugin.path", folders),
        ("plugin.discovery", discovery.to_owned()),
    ])
}

/// Seconds since `begin` until `check` holds.
fn wait(process: &mut Process, begin: Instant, mut check: impl FnMut() -> bool) -> Result<f64> {
    while !check() {
        if let Some(status) = process.ended()? {
            bail!("the worker ended ({status})\n{}", process.log_tail());
        }
        if begin.elapsed() > PATIENCE {
            bail!("waited {PATIENCE:?} in vain\n{}", process.log_tail());
        }
        std::thread::sleep(PAUSE);
    }
    Ok(begin.elapsed().as_secs_f64())
}

fn report(subjects: &[(&str, &[Sample])], memory: &str, idle: bool) -> String {
    let mut heading = ["", "seconds", "CPU-s until then", memory, "others"].map(str::to_owned).to_vec();
    if idle {
        heading.push("idle, share of a core".to_owned());
    }
    let mut rows = vec![heading];
    for (name, samples) in subjects {
        let spread = |field: fn(&Sample) -> f64| Spread::of(&samples.iter().map(field).collect::<Vec<_>>());
        let text = |field| spread(field).map(|spread| spread.to_string()).unwrap_or_default();
        let Some(bytes) = spread(|sample| sample.memory) else { continue };
        let mut row = vec![
            (*name).to_owned(),
            text(|sample| sample.seconds),
            text(|sample| sample.cpu),
            megabytes(bytes.median),
            spread(|sample| sample.others).map(|others| percent(others.median)).unwrap_or_default(),
        ];
        if idle {
            row.push(
                spread(|sample| sample.idle * 100.0).map(|idle| format!("{:.2} %", idle.median)).unwrap_or_default(),
            );
        }
        rows.push(row);
    }
    table(&rows)
}

fn ratios(over: (&str, &[Sample]), under: (&str, &[Sample])) -> String {
    let seconds = |samples: &[Sample]| samples.iter().map(|sample| sample.seconds).collect::<Vec<_>>();
    match ratio(&seconds(over.1), &seconds(under.1)) {
        Some(spread) => format!("  {} / {}, seconds: {spread}\n", over.0, under.0),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_leaves_out_who_did_not_take_part() {
        let sample = Sample { seconds: 0.15, cpu: 0.1, memory: 15.0 * 1_048_576.0, idle: 0.005, others: 0.3 };
        let text = report(&[("Java", &[]), ("Moldau", &[sample, sample])], "idle RSS", true);
        assert!(!text.contains("Java"));
        assert!(
            text.contains("0.150 (0.150–0.150)")
                && text.contains("15 MB")
                && text.contains("30 %   ")
                && text.contains("0.50 %"),
            "{text}"
        );
        assert_eq!(ratios(("Java", &[]), ("Moldau", &[sample])), "");
    }

    #[test]
    fn sides_take_turns() {
        assert_eq!([turns(0), turns(1)], [[Side::Java, Side::Moldau], [Side::Moldau, Side::Java]]);
    }
}
