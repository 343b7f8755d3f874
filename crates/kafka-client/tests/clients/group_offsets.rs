//! Offsets of groups from beginning to end, as every broker must have them.

use std::collections::BTreeMap;
use std::time::Duration;

use env::Env;
use kafka_client::admin::NewTopic;
use kafka_client::{Admin, ClientError, TopicPartition};
use kafka_wire::ErrorCode;

use super::{Rec, admin, consume, consumer, produce_well, producer, tp};

const LIMIT: Duration = Duration::from_secs(30);

fn code(result: Option<&Result<(), ClientError>>) -> Option<ErrorCode> {
    result.expect("an answer").as_ref().err().and_then(ClientError::code)
}

async fn listed(admin: &Admin, group: &str) -> BTreeMap<TopicPartition, i64> {
    admin.list_group_offsets(group, LIMIT).await.unwrap()
}

/// Plays everything with a topic and a group of this name, which nobody else uses.
pub(crate) async fn play(env: &Env, bootstrap: &str, name: &str) {
    let admin = admin(env, bootstrap);
    let topic =
        NewTopic { name: name.to_owned(), partitions: Some(2), replication_factor: Some(1), configs: BTreeMap::new() };
    admin.create_topics(&[topic]).await.unwrap()[name].clone().unwrap();
    a_group_that_nobody_is_in(&admin, name).await;
    a_group_with_a_member(env, bootstrap, &admin, name).await;
}

async fn a_group_that_nobody_is_in(admin: &Admin, name: &str) {
    let (zero, one) = (tp(name, 0), tp(name, 1));
    assert_eq!(listed(admin, name).await, BTreeMap::new());
    let error = admin.delete_group_offsets(name, std::slice::from_ref(&zero), LIMIT).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::GroupIdNotFound));
    assert_eq!(code(admin.delete_groups(&[name], LIMIT).await.get(name)), Some(ErrorCode::GroupIdNotFound));

    // What is not there is refused, the rest is committed: also beyond the end.
    let (gone, beyond) = (tp("no-such-topic", 0), tp(name, 7));
    let offsets = BTreeMap::from([(zero.clone(), 5), (one.clone(), i64::MAX), (gone.clone(), 1), (beyond.clone(), 1)]);
    let altered = admin.alter_group_offsets(name, &offsets, LIMIT).await.unwrap();
    assert_eq!(altered.len(), 4);
    assert_eq!((&altered[&zero], &altered[&one]), (&Ok(()), &Ok(())));
    assert_eq!(code(altered.get(&gone)), Some(ErrorCode::UnknownTopicOrPartition));
    assert_eq!(code(altered.get(&beyond)), Some(ErrorCode::UnknownTopicOrPartition));
    assert_eq!(listed(admin, name).await, BTreeMap::from([(zero.clone(), 5), (one.clone(), i64::MAX)]));

    let deleted = admin.delete_group_offsets(name, &[one.clone(), gone.clone()], LIMIT).await.unwrap();
    assert_eq!(deleted[&one], Ok(()));
    assert_eq!(code(deleted.get(&gone)), Some(ErrorCode::UnknownTopicOrPartition));
    assert_eq!(listed(admin, name).await, BTreeMap::from([(zero, 5)]));
    let other = format!("{name}-other");
    let results = admin.delete_groups(&[name, &other], LIMIT).await;
    assert_eq!((&results[name], code(results.get(&other))), (&Ok(()), Some(ErrorCode::GroupIdNotFound)));
    assert_eq!(listed(admin, name).await, BTreeMap::new());
}

async fn a_group_with_a_member(env: &Env, bootstrap: &str, admin: &Admin, name: &str) {
    let producer = producer(env, bootstrap, []);
    produce_well(&producer, name, &[Rec::value("a").on(0), Rec::value("b").on(0), Rec::value("c").on(1)]).await;
    let mut member = consumer(env, bootstrap, name, []);
    member.subscribe([name]).unwrap();
    consume(env, &mut member, 3).await;
    let (zero, one) = (tp(name, 0), tp(name, 1));
    member.commit(&BTreeMap::from([(zero.clone(), 2)])).await.unwrap();

    let altered = admin.alter_group_offsets(name, &BTreeMap::from([(zero.clone(), 0)]), LIMIT).await.unwrap();
    assert_eq!(code(altered.get(&zero)), Some(ErrorCode::UnknownMemberId));
    let deleted = admin.delete_group_offsets(name, std::slice::from_ref(&zero), LIMIT).await.unwrap();
    assert_eq!(code(deleted.get(&zero)), Some(ErrorCode::GroupSubscribedToTopic));
    assert_eq!(code(admin.delete_groups(&[name], LIMIT).await.get(name)), Some(ErrorCode::NonEmptyGroup));
    assert_eq!(listed(admin, name).await, BTreeMap::from([(zero.clone(), 2)]));
    member.close(Duration::from_secs(10)).await;

    // Once it has left, its successor starts where the administrator says.
    let altered = admin.alter_group_offsets(name, &BTreeMap::from([(zero.clone(), 1), (one, 1)]), LIMIT).await.unwrap();
    assert!(altered.values().all(Result::is_ok), "{altered:?}");
    let mut successor = consumer(env, bootstrap, name, []);
    successor.subscribe([name]).unwrap();
    let found = consume(env, &mut successor, 1).await;
    assert_eq!(super::values(&found, 0), [(1, "b".to_owned())]);
    successor.close(Duration::from_secs(10)).await;
    assert_eq!(admin.delete_groups(&[name], LIMIT).await[name], Ok(()));
}
