//! A broker that goes away and comes back.

use std::time::Duration;

use e2e::RealKafka;
use kafka_client::producer::Completion;

use super::clients::{Rec, append_all, consume, consumer, producer, rows, values};
use super::support::run;

#[test]
fn a_restart_costs_no_record_and_no_order() {
    run(async |env| {
        let mut kafka = RealKafka::start().unwrap();
        kafka.create_topic("restarted", 2, &[]).unwrap();
        let bootstrap = kafka.bootstrap().to_owned();
        let producer = producer(&env, &bootstrap, [("request.timeout.ms", "5000")]);
        let mut reader = consumer(&env, &bootstrap, "restarted", [("heartbeat.interval.ms", "500")]);
        reader.subscribe(["restarted"]).unwrap();

        let mut completions = Vec::new();
        let mut sent = 0;
        for step in 0..6 {
            match step {
                2 => kafka.stop().unwrap(),
                3 => kafka.start_again().unwrap(),
                4 => kafka.kill(),
                5 => kafka.start_again().unwrap(),
                _ => {}
            }
            let records: Vec<Rec> = (0..500).map(|at| Rec::value((sent + at).to_string()).on(at % 2)).collect();
            completions.extend(append_all(&producer, &rows("restarted", &records)).await);
            sent += 500;
            env.sleep(Duration::from_millis(300)).await;
        }
        while completions.iter().map(Completion::len).sum::<u64>() < 3000 {
            completions.extend(producer.completions().await);
        }
        assert!(completions.iter().all(|completion| completion.error.is_none()));

        // At least once, in order: without repetitions it is the sequence. (A kill may make a batch repeat.)
        let end: usize =
            kafka.driver().unwrap().end_offsets("restarted").unwrap().values().map(|end| *end as usize).sum();
        assert!(end >= 3000);
        let found = consume(&env, &mut reader, end).await;
        for partition in 0..2 {
            let mut numbers: Vec<i32> =
                values(&found, partition).into_iter().map(|(_, value)| value.parse().unwrap()).collect();
            let mut seen = std::collections::BTreeSet::new();
            numbers.retain(|number| seen.insert(*number));
            let expected: Vec<i32> = (0..3000).filter(|number| number % 2 == partition).collect();
            assert_eq!(numbers, expected);
        }
        reader.close(Duration::from_secs(10)).await;
        assert!(producer.close(Duration::from_secs(10)).await);
    });
}
