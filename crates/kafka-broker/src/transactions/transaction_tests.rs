//! Tests of the state machine of a transactional id.

use proptest::prelude::*;

use super::*;

fn no_id() -> Result<i64, ErrorCode> {
    panic!("no producer id is needed")
}

fn ready(init: Result<Init, ErrorCode>) -> Transaction {
    match init {
        Ok(Init::Ready(next)) => next,
        other => panic!("not ready: {other:?}"),
    }
}

fn started() -> Transaction {
    ready(Transaction::new(7, 100, 0).init(100, None, 1, no_id))
}

fn partition(index: i32) -> TopicPartition {
    ("t".to_owned(), index)
}

fn ongoing() -> Transaction {
    started().add((7, 0), [partition(0)], [], 2).unwrap().unwrap()
}

fn with_epoch(epoch: i16) -> Transaction {
    Transaction { epoch, ..started() }
}

#[test]
fn a_new_id_begins_with_epoch_0_and_each_init_fences_the_one_before() {
    let first = started();
    assert_eq!((first.producer_id, first.epoch, first.state), (7, 0, State::Empty));
    let second = ready(first.init(200, None, 2, no_id));
    assert_eq!((second.producer_id, second.epoch, second.timeout), (7, 1, 200));
    assert_eq!(second.add((7, 0), [partition(0)], [], 3), Err(ErrorCode::ProducerFenced));
    assert_eq!(second.add((8, 1), [partition(0)], [], 3), Err(ErrorCode::InvalidProducerIdMapping));
}

#[test]
fn a_transaction_goes_from_its_first_partition_to_its_markers() {
    let open = ongoing();
    assert_eq!((open.state, open.started), (State::Ongoing, 2));
    assert_eq!(open.add((7, 0), [partition(0)], [], 3), Ok(None), "it has this partition");
    let more = open.add((7, 0), [partition(1)], ["g".to_owned()], 3).unwrap().unwrap();
    assert_eq!((more.partitions.len(), more.groups.len(), more.started), (2, 1, 2));
    assert_eq!(more.has_partition((7, 0), &partition(1)), Ok(true));
    assert_eq!(more.has_partition((7, 0), &partition(2)), Ok(false));
    let decided = more.end((7, 0), true, 4).unwrap().unwrap();
    assert_eq!(decided.decision(), Some(true));
    for refused in [
        decided.add((7, 0), [partition(0)], [], 5).err(),
        decided.has_partition((7, 0), &partition(0)).err(),
        decided.end((7, 0), true, 5).err(),
        decided.init(1, None, 5, no_id).err(),
    ] {
        assert_eq!(refused, Some(ErrorCode::ConcurrentTransactions));
    }
    assert_eq!(decided.end((7, 0), false, 5), Err(ErrorCode::InvalidTxnState));
    let complete = decided.complete(6);
    assert_eq!((complete.state, complete.partitions.len()), (State::CompleteCommit, 0));
    assert_eq!(complete.end((7, 0), true, 7), Ok(None), "it asks again");
    assert_eq!(complete.end((7, 0), false, 7), Err(ErrorCode::InvalidTxnState));
    assert_eq!(complete.has_partition((7, 0), &partition(0)), Ok(false));
    let next = complete.add((7, 0), [partition(5)], [], 8).unwrap().unwrap();
    assert_eq!((next.started, next.partitions.len()), (8, 1));
}

#[test]
fn nothing_can_be_ended_that_has_not_begun() {
    assert_eq!(started().end((7, 0), true, 2), Err(ErrorCode::InvalidTxnState));
    assert_eq!(started().end((7, 1), true, 2), Err(ErrorCode::ProducerFenced));
    assert_eq!(started().end((8, 0), true, 2), Err(ErrorCode::InvalidProducerIdMapping));
}

#[test]
fn an_init_aborts_what_is_open_and_its_epoch_is_never_given_out() {
    let Ok(Init::Abort(fenced)) = ongoing().init(100, None, 5, no_id) else { panic!("not aborted") };
    assert_eq!((fenced.decision(), fenced.epoch), (Some(false), 1));
    assert_eq!(fenced.end((7, 0), false, 6), Err(ErrorCode::ProducerFenced));
    let next = ready(fenced.complete(6).init(100, None, 7, no_id));
    assert_eq!(next.epoch, 2);
    // With the last epoch the fence uses up the id.
    let last = Transaction { epoch: LAST_EPOCH, ..ongoing() };
    let Ok(Init::Abort(fenced)) = last.init(100, None, 5, no_id) else { panic!("not aborted") };
    assert_eq!(fenced.epoch, i16::MAX);
    let next = ready(fenced.complete(6).init(100, None, 7, || Ok(8)));
    assert_eq!((next.producer_id, next.epoch), (8, 0));
}

#[test]
fn a_producer_goes_on_after_an_error_with_the_next_epoch() {
    let next = ready(with_epoch(4).init(100, Some((7, 4)), 2, no_id));
    assert_eq!((next.epoch, next.last_epoch), (5, 4));
    // The answer was lost.
    assert_eq!(ready(next.init(100, Some((7, 4)), 3, no_id)).epoch, 5);
    assert_eq!(next.init(100, Some((7, 3)), 3, no_id), Err(ErrorCode::ProducerFenced));
    assert_eq!(next.init(100, Some((8, 5)), 3, no_id), Err(ErrorCode::ProducerFenced));
    // Another producer has begun.
    let other = ready(next.init(100, None, 3, no_id));
    assert_eq!(other.epoch, 6);
    assert_eq!(other.init(100, Some((7, 5)), 4, no_id), Err(ErrorCode::ProducerFenced));
    // Of an id that is forgotten any expectation is met.
    let new = Transaction::new(9, 100, 0);
    assert_eq!(ready(new.init(100, Some((7, 4)), 2, no_id)).producer_id, 9);
}

#[test]
fn when_the_epochs_are_used_up_there_is_a_new_producer_id() {
    let last = with_epoch(LAST_EPOCH);
    assert_eq!(ready(with_epoch(LAST_EPOCH - 1).init(1, None, 2, no_id)).epoch, LAST_EPOCH);
    let rotated = ready(last.init(1, Some((7, LAST_EPOCH)), 2, || Ok(8)));
    assert_eq!((rotated.producer_id, rotated.epoch), (8, 0));
    let again = ready(rotated.init(1, Some((7, LAST_EPOCH)), 3, no_id));
    assert_eq!((again.producer_id, again.epoch), (8, 0), "the answer was lost");
    assert_eq!(rotated.init(1, Some((7, 3)), 3, no_id), Err(ErrorCode::ProducerFenced));
    assert_eq!(last.init(1, Some((7, 3)), 2, no_id), Err(ErrorCode::ProducerFenced));
    let failing = last.init(1, None, 2, || Err(ErrorCode::KafkaStorageError));
    assert_eq!(failing, Err(ErrorCode::KafkaStorageError));
}

#[test]
fn offsets_wait_and_a_later_one_takes_the_place_of_an_earlier() {
    let pending = |partition, offset| PendingOffset {
        group: "g".into(),
        topic: "t".into(),
        partition,
        offset,
        leader_epoch: -1,
        metadata: String::new(),
        at: 0,
    };
    let open = ongoing();
    assert_eq!(open.add_offsets((7, 0), "g", vec![pending(0, 5)]), Ok(None), "the group was not added");
    let open = open.add((7, 0), [], ["g".to_owned()], 3).unwrap().unwrap();
    let open = open.add_offsets((7, 0), "g", vec![pending(1, 5), pending(0, 5)]).unwrap().unwrap();
    let open = open.add_offsets((7, 0), "g", vec![pending(1, 6)]).unwrap().unwrap();
    assert_eq!(open.offsets, [pending(0, 5), pending(1, 6)]);
    assert_eq!(open.end((7, 0), true, 4).unwrap().unwrap().offsets.len(), 2);
    assert_eq!(open.fence(4).complete(5).offsets, []);
}

proptest! {
    /// Whatever is asked, epochs of a producer id only rise, no epoch that was given out comes from a fence, and what is
    /// kept can be read again.
    #[test]
    fn epochs_rise(steps in prop::collection::vec((0_u8..5, -1_i16..3, any::<bool>()), 0..60), from in prop_oneof![
        Just(-1_i16), Just(LAST_EPOCH - 2), Just(LAST_EPOCH),
    ]) {
        let mut transaction = Transaction { epoch: from, ..Transaction::new(1, 100, 0) };
        let mut given = BTreeSet::new();
        let mut now = 0;
        for (step, back, flag) in steps {
            now += 1;
            let producer = (transaction.producer_id, transaction.epoch.saturating_sub(back));
            let next_id = transaction.producer_id + 1;
            let next = match step {
                0 => match transaction.init(100, flag.then_some(producer), now, || Ok(next_id)) {
                    Ok(Init::Ready(next)) => {
                        let is_new = given.insert((next.producer_id, next.epoch));
                        // Only who has not seen its answer is given the same again.
                        prop_assert!(is_new || (flag && next.epoch == transaction.epoch));
                        Some(next)
                    }
                    Ok(Init::Abort(next)) => {
                        prop_assert!(!given.contains(&(next.producer_id, next.epoch)));
                        Some(next)
                    }
                    Err(_) => None,
                },
                1 => transaction.add(producer, [partition(i32::from(back))], [], now).ok().flatten(),
                2 => transaction.end(producer, flag, now).ok().flatten(),
                3 => transaction.decision().map(|_| transaction.complete(now)),
                _ => (transaction.state == State::Ongoing).then(|| transaction.fence(now)),
            };
            let Some(next) = next else { continue };
            let place = |of: &Transaction| (of.producer_id, of.epoch);
            prop_assert!(place(&next) >= place(&transaction));
            prop_assert_eq!(next.partitions.is_empty(), next.is_idle());
            let kept = serde_json::to_vec(&next).unwrap();
            prop_assert_eq!(&serde_json::from_slice::<Transaction>(&kept).unwrap(), &next);
            transaction = next;
        }
    }
}
