//! Batches that a sink refuses as a whole, narrowed down to the records that are bad.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use connect_api::sink::{SinkTask, SinkTaskContext};
use connect_api::{Error, Record, Result};
use kafka_config::RawConfig;
use parking_lot::Mutex;

use crate::doubles::{World, simulated};

fn text(record: &Record) -> &str {
    record.value.value.as_str().unwrap_or("null")
}

/// A sink that refuses every batch with a value that begins with `bad`, and counts the puts of records.
struct Choosy {
    taken: Arc<Mutex<Vec<String>>>,
    puts: Arc<AtomicUsize>,
    down: bool,
}

#[async_trait]
impl SinkTask for Choosy {
    async fn start(&mut self, _context: SinkTaskContext, _config: RawConfig) -> Result<()> {
        Ok(())
    }

    async fn put(&mut self, records: &[Record]) -> Result<()> {
        self.puts.fetch_add(usize::from(!records.is_empty()), Ordering::Relaxed);
        if !records.is_empty() && (self.down || records.iter().any(|record| text(record).starts_with("bad"))) {
            return Err(Error::data("refused together"));
        }
        self.taken.lock().extend(records.iter().map(|record| text(record).to_owned()));
        Ok(())
    }
}

const LINES: [(&str, &str); 3] =
    [("errors.tolerance", "all"), ("errors.deadletterqueue.topic.name", "dlq"), ("moldau.errors.put.bisect", "true")];

fn choosy(world: &World, down: bool) -> (Arc<Mutex<Vec<String>>>, Arc<AtomicUsize>) {
    let (taken, puts): (Arc<Mutex<Vec<String>>>, Arc<AtomicUsize>) = Default::default();
    let parts = (taken.clone(), puts.clone());
    world.sink_task("s", move || Box::new(Choosy { taken: parts.0.clone(), puts: parts.1.clone(), down }));
    (taken, puts)
}

#[test]
fn a_batch_that_a_sink_refuses_is_narrowed_down_and_only_the_bad_records_are_letters() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "1000").build();
        let values: Vec<String> =
            (0..256).map(|n| format!("{}{n}", if n == 77 || n == 200 { "bad" } else { "" })).collect();
        world.cluster.feed("in", 0, &values.iter().map(String::as_str).collect::<Vec<_>>());
        let (taken, puts) = choosy(&world, false);
        world.start_sink("s", &LINES);
        world.eventually("all is committed", || world.committed("s", 0) == Some(256)).await;
        let good: Vec<String> = values.iter().filter(|value| !value.starts_with("bad")).cloned().collect();
        assert_eq!(*taken.lock(), good, "each good record once and in order");
        let letters = world.cluster.records("dlq");
        assert_eq!(letters.iter().map(|letter| letter.text()).collect::<Vec<_>>(), ["bad77", "bad200"]);
        assert!(puts.load(Ordering::Relaxed) <= 1 + 2 * 2 * 8, "{puts:?}");
        assert_eq!(world.statuses.last("s-0"), Some("RUNNING"));
    });
}

#[test]
fn a_sink_that_is_down_fails_and_leaves_no_letters() {
    simulated(|env| async move {
        let world = World::builder(&env).build();
        let values: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        world.cluster.feed("in", 0, &values.iter().map(String::as_str).collect::<Vec<_>>());
        let (taken, puts) = choosy(&world, true);
        world.start_sink("s", &LINES);
        world.reaches("s-0", "FAILED").await;
        assert!(taken.lock().is_empty() && world.cluster.records("dlq").is_empty());
        assert_eq!(world.committed("s", 0), None);
        assert!(puts.load(Ordering::Relaxed) < 60, "{puts:?}");
    });
}
