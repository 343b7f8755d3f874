//! What the figures were measured on.

use std::process::Command;

use anyhow::Result;
use e2e::Moldau;

use crate::arguments::Arguments;
use crate::worker::{JAVA_OPTIONS, Side};

/// Some lines about the machine and the subjects.
pub fn facts(arguments: &Arguments) -> Result<String> {
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism()?;
    let memory: u64 =
        field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0);
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let mut text = format!(
        "{cores} × {model}, {} GB, Linux {}, load {}; scratch in {}\n",
        memory >> 20,
        kernel.trim(),
        load.split(' ').take(3).collect::<Vec<_>>().join(" "),
        std::env::temp_dir().display()
    );
    text.push_str(&format!("Apache Kafka 4.3.1, one node; {}\n", java()));
    if arguments.sides.contains(&Side::Java) {
        text.push_str(&format!("Java Connect: {}\n", JAVA_OPTIONS.join(" ")));
    }
    if arguments.sides.contains(&Side::Moldau) {
        let binary = Moldau::binary()?;
        let bytes = std::fs::metadata(&binary)?.len();
        text.push_str(&format!("Moldau: {} ({:.1} MB), commit {}\n", binary.display(), megabytes(bytes), commit()));
    }
    text.push_str("tuned: producer.override.linger.ms=5, producer.override.batch.size=1000000, consumer.override.max.poll.records=5000\n");
    text.push_str(
        "always: acks=all, no idempotence, one request in flight, no compression, offsets every second, logs at WARN",
    );
    Ok(text)
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn java() -> String {
    let output = Command::new("java").arg("-version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
    text.lines().nth(1).unwrap_or("no Java").to_owned()
}

fn commit() -> String {
    let describe = Command::new("git")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["describe", "--always", "--dirty", "--abbrev=12"])
        .output();
    match describe {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}
