//! Groups: rebalances, commits, positions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kafka_client::consumer::{Event, StartAt};
use kafka_client::{ClientError, Consumer, TopicPartition};

use super::clients::{Rec, consume, consumer, produce_well, producer, tp, values};
use super::support::{kafka, run};

/// Polls until the member has exactly so many partitions, giving up what is revoked and counting records.
async fn until_assigned(consumer: &mut Consumer, count: usize) -> Vec<TopicPartition> {
    loop {
        match consumer.poll(Duration::from_secs(1)).await.unwrap() {
            Event::Assigned(partitions) if partitions.len() == count => return partitions,
            _ => {}
        }
    }
}

#[test]
fn two_members_share_the_partitions() {
    run(async |env| {
        kafka().create_topic("shared", 4, &[]).unwrap();
        let mut first = consumer(&env, kafka().bootstrap(), "sharing", [("heartbeat.interval.ms", "300")]);
        let mut second = consumer(&env, kafka().bootstrap(), "sharing", [("heartbeat.interval.ms", "300")]);
        first.subscribe(["shared"]).unwrap();
        let all = until_assigned(&mut first, 4).await;
        assert_eq!(all, [0, 1, 2, 3].map(|partition| tp("shared", partition)));
        second.subscribe(["shared"]).unwrap();

        // The first must give everything up before either gets its share.
        let (mut ours, mut theirs) = (None, None);
        let mut revoked = Vec::new();
        while ours.is_none() || theirs.is_none() {
            match first.poll(Duration::from_millis(50)).await.unwrap() {
                Event::Revoked(event) => {
                    // Commits work until the event is dropped.
                    first.commit(&BTreeMap::from([(tp("shared", 0), 0)])).await.unwrap();
                    revoked = event.partitions.clone();
                }
                Event::Assigned(partitions) => ours = Some(partitions),
                _ => {}
            }
            if let Event::Assigned(partitions) = second.poll(Duration::from_millis(50)).await.unwrap() {
                theirs = Some(partitions);
            }
        }
        assert_eq!(revoked, all);
        let shares: BTreeSet<_> = ours.iter().flatten().chain(theirs.iter().flatten()).cloned().collect();
        assert_eq!(shares.into_iter().collect::<Vec<_>>(), all);
        assert_eq!((ours.unwrap().len(), theirs.unwrap().len()), (2, 2));

        // One leaves, the other has all again.
        second.close(Duration::from_secs(10)).await;
        until_assigned(&mut first, 4).await;
    });
}

#[test]
fn a_member_whose_user_hangs_can_be_ended_from_beside_and_its_partitions_are_free() {
    run(async |env| {
        kafka().create_topic("ended", 2, &[]).unwrap();
        let mut hanging = consumer(&env, kafka().bootstrap(), "ending", []);
        hanging.subscribe(["ended"]).unwrap();
        until_assigned(&mut hanging, 2).await;
        let handle = hanging.handle();
        handle.abort();
        handle.abort();
        // Long before the session or the poll interval of the first is over.
        let mut next = consumer(&env, kafka().bootstrap(), "ending", []);
        next.subscribe(["ended"]).unwrap();
        env.timeout(Duration::from_secs(25), until_assigned(&mut next, 2)).await.unwrap();
        assert!(handle.commit(&BTreeMap::from([(tp("ended", 0), 1)])).await.is_err(), "it commits nothing any more");
    });
}

#[test]
fn a_member_goes_on_where_the_group_has_committed() {
    run(async |env| {
        kafka().create_topic("committed", 1, &[]).unwrap();
        let producer = producer(&env, kafka().bootstrap(), []);
        let records: Vec<Rec> = (0..100).map(|at| Rec::value(at.to_string())).collect();
        produce_well(&producer, "committed", &records).await;

        let mut first = consumer(&env, kafka().bootstrap(), "committing", [("max.poll.records", "40")]);
        first.subscribe(["committed"]).unwrap();
        let found = consume(&env, &mut first, 40).await;
        assert_eq!(found.last().unwrap().next_offset, 40);
        assert_eq!(first.position(&tp("committed", 0)), Some(40));
        first.commit(&BTreeMap::from([(tp("committed", 0), 40)])).await.unwrap();
        first.close(Duration::from_secs(10)).await;
        // Java sees what we committed.
        let offsets = kafka().driver().unwrap().group_offsets("committing").unwrap();
        assert_eq!(offsets[&("committed".to_owned(), 0)], 40);

        let mut second = consumer(&env, kafka().bootstrap(), "committing", []);
        second.subscribe(["committed"]).unwrap();
        let found = values(&consume(&env, &mut second, 60).await, 0);
        assert_eq!(found[0], (40, "40".to_owned()));
        let committed = second.committed(&[tp("committed", 0), tp("committed", 7)]).await.unwrap();
        assert_eq!((committed[&tp("committed", 0)], committed[&tp("committed", 7)]), (Some(40), None));
        let part = [tp("committed", 0)];
        assert_eq!(second.end_offsets(&part).await.unwrap()[&part[0]], 100);
        assert_eq!(second.beginning_offsets(&part).await.unwrap()[&part[0]], 0);
    });
}

#[test]
fn a_member_that_does_not_poll_leaves_and_comes_back() {
    run(async |env| {
        kafka().create_topic("stuck", 1, &[]).unwrap();
        let mut stuck = consumer(
            &env,
            kafka().bootstrap(),
            "stuck",
            [("max.poll.interval.ms", "1500"), ("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "200")],
        );
        stuck.subscribe(["stuck"]).unwrap();
        until_assigned(&mut stuck, 1).await;
        // A `put` that takes too long.
        env.sleep(Duration::from_millis(3500)).await;
        let offsets = BTreeMap::from([(tp("stuck", 0), 0)]);
        let refused = stuck.commit(&offsets).await.unwrap_err();
        assert!(matches!(refused, ClientError::CommitFailed(_) | ClientError::Broker { .. }), "{refused:?}");
        match stuck.poll(Duration::from_secs(5)).await.unwrap() {
            Event::Lost(partitions) => assert_eq!(partitions, [tp("stuck", 0)]),
            other => panic!("{other:?}"),
        }
        until_assigned(&mut stuck, 1).await;
        stuck.commit(&offsets).await.unwrap();
    });
}

#[test]
fn heartbeats_go_on_while_the_user_works() {
    run(async |env| {
        kafka().create_topic("working", 1, &[]).unwrap();
        let extra = [("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "500")];
        let mut worker = consumer(&env, kafka().bootstrap(), "working", extra);
        worker.subscribe(["working"]).unwrap();
        until_assigned(&mut worker, 1).await;
        env.sleep(Duration::from_secs(9)).await;
        worker.commit(&BTreeMap::from([(tp("working", 0), 0)])).await.unwrap();
        assert!(matches!(worker.poll(Duration::from_millis(300)).await.unwrap(), Event::Idle));
    });
}

#[test]
fn pause_seek_and_interrupt() {
    run(async |env| {
        kafka().create_topic("sought", 2, &[]).unwrap();
        let producer = producer(&env, kafka().bootstrap(), []);
        let records: Vec<Rec> = (0..20).map(|at| Rec::value(at.to_string()).on(at % 2)).collect();
        produce_well(&producer, "sought", &records).await;
        let mut reader = consumer(&env, kafka().bootstrap(), "unused", []);
        let starts = [(tp("sought", 0), StartAt::Offset(3)), (tp("sought", 1), StartAt::Earliest)];
        reader.assign(BTreeMap::from(starts)).unwrap();
        assert!(reader.subscribe(["sought"]).is_err());
        reader.pause(&[tp("sought", 1)]);
        let found = consume(&env, &mut reader, 7).await;
        assert_eq!(values(&found, 0)[0], (3, "6".to_owned()));
        assert_eq!(values(&found, 1), []);
        assert!(reader.seek(&tp("sought", 0), StartAt::Offset(9)));
        assert_eq!(values(&consume(&env, &mut reader, 1).await, 0), [(9, "18".to_owned())]);
        reader.resume(&[tp("sought", 1)]);
        assert_eq!(
            consume(&env, &mut reader, 10).await.iter().map(|each| each.partition).collect::<BTreeSet<_>>(),
            BTreeSet::from([1])
        );

        let handle = reader.handle();
        let waiter = env.clone();
        let task = env.work().spawn(
            "interrupt",
            Box::pin(async move {
                waiter.sleep(Duration::from_millis(200)).await;
                handle.interrupt();
            }),
        );
        let begun = std::time::Instant::now();
        assert!(matches!(reader.poll(Duration::from_secs(30)).await.unwrap(), Event::Idle));
        assert!(begun.elapsed() < Duration::from_secs(5));
        task.join().await.unwrap();

        // Beyond the end: back to the beginning, as the policy says.
        reader.seek(&tp("sought", 0), StartAt::Offset(1000));
        reader.pause(&[tp("sought", 1)]);
        assert_eq!(values(&consume(&env, &mut reader, 10).await, 0)[0].0, 0);
    });
}

#[test]
fn topics_that_match_are_followed() {
    run(async |env| {
        kafka().create_topic("match.a", 1, &[]).unwrap();
        let mut reader = consumer(&env, kafka().bootstrap(), "matching", [("metadata.max.age.ms", "500")]);
        reader.subscribe_matching(std::sync::Arc::new(|name: &str| name.starts_with("match."))).unwrap();
        assert_eq!(until_assigned(&mut reader, 1).await, [tp("match.a", 0)]);
        kafka().create_topic("match.b", 2, &[]).unwrap();
        let names = [tp("match.a", 0), tp("match.b", 0), tp("match.b", 1)];
        assert_eq!(until_assigned(&mut reader, 3).await, names);
    });
}

#[test]
fn the_leader_notices_more_partitions_and_new_topics() {
    run(async |env| {
        let mut reader = consumer(
            &env,
            kafka().bootstrap(),
            "noticing",
            [("metadata.max.age.ms", "500"), ("allow.auto.create.topics", "false")],
        );
        reader.subscribe(["comes.later"]).unwrap();
        until_assigned(&mut reader, 0).await;
        kafka().create_topic("comes.later", 2, &[]).unwrap();
        until_assigned(&mut reader, 2).await;
    });
}

#[test]
fn records_of_transactions_are_read_without_their_markers() {
    run(async |env| {
        kafka().create_topic("markers", 1, &[]).unwrap();
        let record = |value: &str| e2e::Record::to("markers").value(value);
        kafka().driver().unwrap().transaction("tx", &[record("a"), record("b")], true).unwrap();
        kafka().produce(&[record("c")]).unwrap();
        kafka().driver().unwrap().transaction("tx", &[record("d")], true).unwrap();
        let mut reader = consumer(&env, kafka().bootstrap(), "markers", []);
        reader.subscribe(["markers"]).unwrap();
        let found = values(&consume(&env, &mut reader, 4).await, 0);
        // Where the markers stand is the broker's affair: they may come after the next record.
        assert_eq!(found.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        // The position is behind the last marker.
        while reader.position(&tp("markers", 0)) != Some(6) {
            assert!(matches!(reader.poll(Duration::from_millis(100)).await.unwrap(), Event::Idle));
        }
    });
}
