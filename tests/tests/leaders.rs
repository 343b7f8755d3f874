//! Three brokers whose leaderships move while lines flow, because brokers are killed or because somebody moves them: nothing is lost, the
//! order is kept, no task fails.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "black-box tests measure real time and read real files"
)]

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use e2e::{Engine, Growing, KafkaOptions, Pipeline, RealKafka, Signal, Worker, WorkerFiles, wait_until};

const LONG: Duration = Duration::from_secs(90);
/// How long lines may stand still when a leadership moves and no broker ends.
const MOVE_LIMIT: Duration = Duration::from_secs(5);
/// How long when a broker is killed: three seconds until the others notice, an election, and a busy machine.
const KILL_LIMIT: Duration = Duration::from_secs(20);

/// How many nodes to kill one after the other: `MOLDAU_TEST_KILLS`, or three.
fn rounds() -> usize {
    std::env::var("MOLDAU_TEST_KILLS").map_or(3, |rounds| rounds.parse().unwrap())
}

/// The one cluster of these tests, whole again, for one test at a time.
fn cluster() -> MutexGuard<'static, RealKafka> {
    static CLUSTER: OnceLock<Mutex<RealKafka>> = OnceLock::new();
    let start = || {
        let mut kafka = RealKafka::start_with(KafkaOptions::three_nodes()).unwrap();
        kafka.remove_with_this_process().unwrap();
        Mutex::new(kafka)
    };
    let mut kafka = CLUSTER.get_or_init(start).lock().unwrap_or_else(PoisonError::into_inner);
    // An earlier test may have failed half-way.
    (1..=3).for_each(|node| drop(kafka.signal_node(node, Signal::CONT)));
    kafka.start_again().unwrap();
    kafka
}

/// A worker with lines on their way through it.
struct Flow {
    files: WorkerFiles,
    pipelines: Vec<Pipeline>,
    worker: Worker,
    lines: Growing,
}

impl Flow {
    /// One pipeline for each topic with so many partitions, all from one growing file.
    fn start(kafka: &RealKafka, topics: &[(&str, i32)], per_second: u64) -> Self {
        Self::start_with(kafka, topics, per_second, &[])
    }

    /// As [`Flow::start`], with these lines in the worker file.
    fn start_with(kafka: &RealKafka, topics: &[(&str, i32)], per_second: u64, config: &[(&str, &str)]) -> Self {
        let files = WorkerFiles::new(kafka).unwrap();
        let from = files.folder().join("in.txt");
        let pipeline = |(topic, partitions): &(&str, i32)| {
            kafka.create_topic(topic, *partitions, &[]).unwrap();
            Pipeline::new(&files, topic, &from, &files.folder().join(format!("{topic}.out"))).unwrap()
        };
        let pipelines: Vec<Pipeline> = topics.iter().map(pipeline).collect();
        let connectors: Vec<_> = pipelines.iter().flat_map(|pipeline| pipeline.connectors().clone()).collect();
        let lines = Growing::endless(&from, per_second).unwrap();
        let worker = Engine::under_test().standalone(&files.standalone(config).unwrap(), &connectors).unwrap();
        Self { files, pipelines, worker, lines }
    }

    /// Waits until each sink file has grown by so many lines.
    fn wait_for_more(&self, lines: u64, limit: Duration) -> Duration {
        let begun = Instant::now();
        let wanted: Vec<u64> = self.pipelines.iter().map(|pipeline| pipeline.lines_out() + lines).collect();
        let grown = wait_until(&format!("{lines} more lines in each sink file"), limit, || {
            self.pipelines.iter().zip(&wanted).all(|(pipeline, wanted)| pipeline.lines_out() >= *wanted)
        });
        grown.unwrap_or_else(|error| panic!("{error}\n{}", tail(&self.worker.log())));
        begun.elapsed()
    }

    fn expect_running(&mut self) {
        for connector in self.pipelines.iter().flat_map(Pipeline::connector_names) {
            self.worker.wait_for_state(&connector, "RUNNING", Duration::from_secs(1)).unwrap();
        }
    }

    /// Ends the input after at least so many lines; every line must be in each topic and each sink file, and no task may have failed.
    fn finish(mut self, kafka: &RealKafka, at_least: u64) {
        wait_until("lines to be written", LONG, || self.lines.written() >= at_least).unwrap();
        self.expect_running();
        let count = self.lines.finish_after(at_least).unwrap();
        for pipeline in &self.pipelines {
            pipeline.wait_for_all_lines(count, 0, LONG, || self.worker.log()).unwrap();
        }
        assert!(!self.worker.log().contains("Task threw an uncaught"), "{}", tail(&self.worker.log()));
        assert_eq!(self.worker.terminate().unwrap(), Engine::under_test().clean_exit());
        for pipeline in &self.pipelines {
            let in_topic = pipeline.check_topic(kafka, count).unwrap();
            let in_file = pipeline.in_sink_file(0).unwrap().complete(count).unwrap();
            println!(
                "{}: of {count} lines {in_topic} came again in the topic, {in_file} in the file",
                pipeline.topic()
            );
        }
        drop(self.files);
    }
}

fn tail(log: &str) -> &str {
    log.get(log.len().saturating_sub(8_000)..).unwrap_or(log)
}

#[test]
fn leaders_that_are_killed_and_come_back_while_lines_flow_cost_no_line() {
    const LINES: u64 = 100_000;
    let rounds = rounds();
    // So that the lines last as long as the rounds.
    let per_second = LINES / (9 * rounds as u64);
    let mut kafka = cluster();
    let mut flow = Flow::start(&kafka, &[("killed-one", 1), ("killed-three", 3)], per_second);
    flow.wait_for_more(per_second, LONG);
    for round in 1..=rounds {
        for topic in ["killed-one", "killed-three", "__consumer_offsets"] {
            kafka.wait_until_in_sync(topic).unwrap();
        }
        let leader = kafka.leader_of("killed-one", 0).unwrap();
        let coordinator = kafka.driver().unwrap().coordinator("connect-killed-one-sink").unwrap();
        // The coordinator in every other round, be it the leader too or not.
        let victim = if round % 2 == 0 { coordinator } else { leader };
        kafka.kill_node(victim).unwrap();
        let still = flow.wait_for_more(per_second, KILL_LIMIT);
        println!("round {round}: killed node {victim}; leader {leader}, coordinator {coordinator}; {still:?}");
        kafka.start_node(victim).unwrap();
        flow.expect_running();
    }
    flow.finish(&kafka, LINES);
}

#[test]
fn leaderships_that_move_without_a_broker_ending_hold_nothing_up() {
    let kafka = cluster();
    let mut flow = Flow::start(&kafka, &[("moved", 1)], 2_000);
    flow.wait_for_more(1_000, LONG);
    for _ in 0..3 {
        let leader = kafka.move_leader("moved", 0).unwrap();
        let still = flow.wait_for_more(1_000, MOVE_LIMIT);
        println!("node {leader} leads; {still:?}");
    }
    // The partition leaves its leader altogether: that one does not even know it any more.
    let leader = kafka.take_from_leader("moved", 0).unwrap();
    let still = flow.wait_for_more(1_000, MOVE_LIMIT);
    println!("node {leader} leads, and the last leader holds it no more; {still:?}");
    flow.expect_running();
    flow.finish(&kafka, 0);
}

#[test]
fn a_leader_that_hangs_and_wakes_up_deposed_costs_no_line() {
    // Who hangs is found out by requests that are not answered.
    let quick = [
        ("producer.request.timeout.ms", "3000"),
        ("consumer.request.timeout.ms", "3000"),
        ("admin.request.timeout.ms", "3000"),
    ];
    let mut kafka = cluster();
    let mut flow = Flow::start_with(&kafka, &[("hung", 1)], 1_000, &quick);
    flow.wait_for_more(1_000, LONG);
    for round in 1..=(rounds() / 5).max(1) {
        kafka.wait_until_in_sync("hung").unwrap();
        kafka.wait_until_in_sync("__consumer_offsets").unwrap();
        let leader = kafka.leader_of("hung", 0).unwrap();
        let coordinator = kafka.driver().unwrap().coordinator("connect-hung-sink").unwrap();
        let victim = if round % 2 == 0 { coordinator } else { leader };
        kafka.signal_node(victim, Signal::STOP).unwrap();
        let still = flow.wait_for_more(1_000, KILL_LIMIT);
        println!("round {round}: node {victim} hangs; leader {leader}, coordinator {coordinator}; {still:?}");
        kafka.signal_node(victim, Signal::CONT).unwrap();
        flow.wait_for_more(1_000, KILL_LIMIT);
        flow.expect_running();
    }
    flow.finish(&kafka, 0);
}

#[test]
fn a_worker_starts_and_goes_on_with_any_broker_of_its_list() {
    let mut kafka = cluster();
    kafka.create_topic("listed", 1, &[]).unwrap();
    let files = WorkerFiles::new(&kafka).unwrap();
    let pipeline =
        Pipeline::new(&files, "listed", &files.folder().join("in.txt"), &files.folder().join("out.txt")).unwrap();
    let lines = Growing::start(&files.folder().join("in.txt"), 6_000, 500).unwrap();

    // It knows one broker by its list, and the others from that one.
    let (first, second) = (kafka.address_of(1).unwrap(), kafka.address_of(2).unwrap());
    let worker_file = files.standalone(&[("bootstrap.servers", &first)]).unwrap();
    let mut worker = Engine::under_test().standalone(&worker_file, pipeline.connectors()).unwrap();
    wait_until("lines to flow", LONG, || pipeline.lines_out() >= 500).unwrap();
    kafka.wait_until_in_sync("listed").unwrap();
    kafka.wait_until_in_sync("__consumer_offsets").unwrap();
    kafka.kill_node(1).unwrap();
    let before = pipeline.lines_out();
    wait_until("lines to flow on without it", KILL_LIMIT, || pipeline.lines_out() >= before + 1_000).unwrap();
    assert_eq!(worker.terminate().unwrap(), Engine::under_test().clean_exit());

    // It starts although the first of its list is gone.
    let list = format!("{first},{second}");
    let worker_file = files.standalone(&[("bootstrap.servers", &list)]).unwrap();
    let mut worker = Engine::under_test().standalone(&worker_file, pipeline.connectors()).unwrap();
    lines.finish().unwrap();
    pipeline.wait_for_all_lines(6_000, 0, LONG, || worker.log()).unwrap();
    for connector in pipeline.connector_names() {
        worker.wait_for_state(&connector, "RUNNING", Duration::from_secs(1)).unwrap();
    }
    assert_eq!(worker.terminate().unwrap(), Engine::under_test().clean_exit());
    kafka.start_node(1).unwrap();
    pipeline.check_topic(&kafka, 6_000).unwrap();
}
