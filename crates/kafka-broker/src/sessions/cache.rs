//! The sessions of all clients, so many at most.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use env::{Env, Instant};
use kafka_wire::ErrorCode;
use parking_lot::Mutex;

use super::session::{Changes, Session};

/// `max.incremental.fetch.session.cache.slots`
const MAX_SESSIONS: usize = 1_000;
/// A session that is not used for so long makes room for another.
const STALE: Duration = Duration::from_secs(120);
/// A session with more partitions is not kept: its client says everything each time.
const MAX_PARTITIONS: usize = 100_000;

/// Numbers in place of a session's epoch: a new session, and none.
const INITIAL: i32 = 0;
const FINAL: i32 = -1;

/// The sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    slots: Mutex<BTreeMap<i32, Slot>>,
}

struct Slot {
    session: Arc<Mutex<Session>>,
    partitions: usize,
    created: Instant,
    used: Instant,
}

/// How a request begins.
pub(crate) enum Begun {
    /// It says everything and has no session.
    Alone(Session),
    /// It says everything and wants a session.
    Full(Session),
    /// It goes on with a session.
    Within {
        /// The session's id.
        id: i32,
        /// What the session's epoch stays at until the next request comes.
        epoch: i32,
        /// The session.
        session: Arc<Mutex<Session>>,
    },
}

impl Sessions {
    /// Takes a request in that names a session and an epoch.
    ///
    /// # Errors
    /// When there is no such session, or it is at another epoch.
    pub(crate) fn begin(&self, now: Instant, id: i32, epoch: i32, changes: Changes) -> Result<Begun, ErrorCode> {
        let mut slots = self.slots.lock();
        if epoch == INITIAL || epoch == FINAL {
            // Who says everything has no use for what was said before.
            slots.remove(&id);
            let session = Session::new(changes.topics);
            return Ok(if epoch == FINAL { Begun::Alone(session) } else { Begun::Full(session) });
        }
        let slot = slots.get_mut(&id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        let session = slot.session.clone();
        let mut changing = session.lock();
        if changing.epoch != epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        changing.change(changes);
        slot.partitions = changing.len();
        if slot.partitions == 0 || slot.partitions > MAX_PARTITIONS {
            let empty = slot.partitions == 0;
            slots.remove(&id);
            return if empty { Ok(Begun::Alone(Session::default())) } else { Err(ErrorCode::FetchSessionIdNotFound) };
        }
        changing.epoch = after(epoch);
        let epoch = changing.epoch;
        drop(changing);
        slot.used = now;
        Ok(Begun::Within { id, epoch, session })
    }

    /// Keeps a new session; its id, or 0 when there is no room for it.
    pub(crate) fn keep(&self, env: &Env, mut session: Session) -> i32 {
        let now = env.clock().now();
        let partitions = session.len();
        let mut slots = self.slots.lock();
        if partitions > MAX_PARTITIONS || (slots.len() >= MAX_SESSIONS && !make_room(&mut slots, now, partitions)) {
            return 0;
        }
        let mut id = 0;
        while id == 0 || slots.contains_key(&id) {
            id = env.random().below(i32::MAX as u64) as i32;
        }
        session.epoch = after(INITIAL);
        let session = Arc::new(Mutex::new(session));
        slots.insert(id, Slot { session, partitions, created: now, used: now });
        id
    }
}

/// Drops the session that is unused for longest if that is long, or a smaller one that is not new.
fn make_room(slots: &mut BTreeMap<i32, Slot>, now: Instant, partitions: usize) -> bool {
    let is_old = |since: Instant| now.saturating_since(since) > STALE;
    let unused = slots.iter().min_by_key(|(_, slot)| slot.used).filter(|(_, slot)| is_old(slot.used));
    let smallest = || {
        let old = slots.iter().filter(|(_, slot)| is_old(slot.created));
        old.min_by_key(|(_, slot)| slot.partitions).filter(|(_, slot)| slot.partitions < partitions)
    };
    let Some(id) = unused.or_else(smallest).map(|(id, _)| *id) else { return false };
    slots.remove(&id);
    true
}

/// The epoch after another; after the largest one comes the first again, which is not the one of new sessions.
fn after(epoch: i32) -> i32 {
    if epoch == i32::MAX { INITIAL + 1 } else { epoch + 1 }
}

#[cfg(test)]
mod tests {
    use env_sim::Sim;
    use kafka_wire::StrBytes;
    use kafka_wire::messages::TopicName;
    use kafka_wire::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};

    use super::*;

    fn changes(partitions: i32) -> Changes {
        let partitions = (0..partitions).map(|index| FetchPartition::default().with_partition(index)).collect();
        let name = TopicName(StrBytes::from_static_str("t"));
        Changes {
            topics: vec![FetchTopic::default().with_topic(name).with_partitions(partitions)],
            forgotten: Vec::new(),
        }
    }

    fn none() -> Changes {
        Changes { topics: Vec::new(), forgotten: Vec::new() }
    }

    fn open(sessions: &Sessions, env: &Env, partitions: i32) -> i32 {
        match sessions.begin(env.clock().now(), 0, INITIAL, changes(partitions)) {
            Ok(Begun::Full(session)) => sessions.keep(env, session),
            _ => panic!("a full request"),
        }
    }

    fn goes_on(sessions: &Sessions, env: &Env, id: i32, epoch: i32) -> Result<i32, ErrorCode> {
        match sessions.begin(env.clock().now(), id, epoch, none())? {
            Begun::Within { epoch, .. } => Ok(epoch),
            _ => Ok(0),
        }
    }

    #[test]
    fn epochs_follow_each_other() {
        Sim::new(1).run(|env, _| async move {
            let sessions = Sessions::default();
            let id = open(&sessions, &env, 2);
            assert!(id > 0);
            assert_eq!(goes_on(&sessions, &env, id, 2), Err(ErrorCode::InvalidFetchSessionEpoch));
            assert_eq!(goes_on(&sessions, &env, id, 1), Ok(2));
            assert_eq!(goes_on(&sessions, &env, id, 1), Err(ErrorCode::InvalidFetchSessionEpoch));
            assert_eq!(goes_on(&sessions, &env, id, 2), Ok(3));
            assert_eq!(goes_on(&sessions, &env, id ^ 1, 1), Err(ErrorCode::FetchSessionIdNotFound));
            sessions.slots.lock().get_mut(&id).unwrap().session.lock().epoch = i32::MAX;
            assert_eq!(goes_on(&sessions, &env, id, i32::MAX), Ok(1));
            // Saying everything again ends it.
            drop(sessions.begin(env.clock().now(), id, FINAL, none()));
            assert_eq!(goes_on(&sessions, &env, id, 1), Err(ErrorCode::FetchSessionIdNotFound));
            // So does forgetting everything.
            let id = open(&sessions, &env, 1);
            let name = TopicName(StrBytes::from_static_str("t"));
            let forgotten = vec![ForgottenTopic::default().with_topic(name).with_partitions(vec![0])];
            let begun = sessions.begin(env.clock().now(), id, 1, Changes { topics: Vec::new(), forgotten });
            assert!(matches!(begun, Ok(Begun::Alone(session)) if session.is_empty()));
            assert_eq!(goes_on(&sessions, &env, id, 2), Err(ErrorCode::FetchSessionIdNotFound));
        });
    }

    #[test]
    fn there_is_room_for_so_many() {
        Sim::new(1).run(|env, _| async move {
            let sessions = Sessions::default();
            let ids: Vec<i32> = (0..MAX_SESSIONS).map(|_| open(&sessions, &env, 2)).collect();
            assert!(ids.iter().all(|id| *id > 0));
            assert_eq!(open(&sessions, &env, 9), 0, "all are new and in use");
            env.sleep(STALE + Duration::from_secs(1)).await;
            for id in &ids[1..] {
                assert_eq!(goes_on(&sessions, &env, *id, 1), Ok(2));
            }
            // One is stale.
            assert!(open(&sessions, &env, 1) > 0);
            assert_eq!(goes_on(&sessions, &env, ids[0], 1), Err(ErrorCode::FetchSessionIdNotFound));
            // All are in use: a larger one takes the place of one that is not new, a smaller one does not.
            assert_eq!(open(&sessions, &env, 2), 0);
            assert!(open(&sessions, &env, 3) > 0);
            assert_eq!(sessions.slots.lock().len(), MAX_SESSIONS);
        });
    }
}
