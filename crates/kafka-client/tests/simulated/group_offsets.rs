//! Offsets of groups through an administrator, while their coordinator moves, loads, fails and is away.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use env_sim::{replay, replay_seeds};
use kafka_broker::{Data, Fault, Faults, Request};
use kafka_client::ClientError;
use kafka_wire::{ApiKey, ErrorCode};

use crate::clients::{admin, group_offsets, tp};
use crate::faulty_broker::ByChance;
use crate::world::{BOOTSTRAP, BROKER, CLIENT, create, start};

const LIMIT: Duration = Duration::from_secs(90);

#[test]
fn a_quiet_broker_keeps_what_an_administrator_says() {
    replay(21, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        group_offsets::play(&sim.env_for(CLIENT), BOOTSTRAP, "quiet").await;
    });
}

/// Refuses the first calls of each kind, each time for another reason that passes.
struct Moving(AtomicU64);

impl Faults for Moving {
    fn on_request(&self, request: &Request<'_>) -> Fault {
        let concerned = [ApiKey::OffsetFetch, ApiKey::OffsetCommit, ApiKey::OffsetDelete, ApiKey::DeleteGroups];
        if !concerned.contains(&request.api) {
            return Fault::None;
        }
        let passing = [
            Fault::Refuse(ErrorCode::NotCoordinator),
            Fault::Refuse(ErrorCode::CoordinatorLoadInProgress),
            Fault::Refuse(ErrorCode::CoordinatorNotAvailable),
            Fault::Disconnect,
        ];
        let turn = self.0.fetch_add(1, Ordering::Relaxed) as usize;
        passing.into_iter().nth(turn % 5).unwrap_or(Fault::None)
    }
}

#[test]
fn what_passes_is_tried_again() {
    replay(22, async |_, sim| {
        let moving = Arc::new(Moving(AtomicU64::new(0)));
        let _broker = start(&sim, &Data::new(), Some(moving.clone())).await;
        create(&sim, "t", 1).await;
        let admin = admin(&sim.env_for(CLIENT), BOOTSTRAP);
        let offsets = BTreeMap::from([(tp("t", 0), 3)]);
        assert_eq!(admin.alter_group_offsets("g", &offsets, LIMIT).await.unwrap()[&tp("t", 0)], Ok(()));
        assert_eq!(admin.list_group_offsets("g", LIMIT).await.unwrap(), offsets);
        assert_eq!(admin.delete_group_offsets("g", &[tp("t", 0)], LIMIT).await.unwrap()[&tp("t", 0)], Ok(()));
        // A group without offsets and members may already be gone.
        let _ = admin.delete_groups(&["g"], LIMIT).await;
        assert_eq!(admin.list_group_offsets("g", LIMIT).await.unwrap(), BTreeMap::new());
        assert!(moving.0.load(Ordering::Relaxed) >= 25, "each call was refused four times");
    });
}

#[test]
fn a_coordinator_that_never_comes_costs_the_time_given_and_no_more() {
    replay(23, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        create(&sim, "t", 1).await;
        let env = sim.env_for(CLIENT);
        let admin = admin(&env, BOOTSTRAP);
        let offsets = BTreeMap::from([(tp("t", 0), 3)]);
        admin.alter_group_offsets("g", &offsets, LIMIT).await.unwrap();
        sim.network().partition(CLIENT, BROKER);
        let limit = Duration::from_secs(20);
        let begun = env.clock().now();
        let errors = [
            admin.list_group_offsets("g", limit).await.err(),
            admin.alter_group_offsets("g", &offsets, limit).await.err(),
            admin.delete_group_offsets("g", &[tp("t", 0)], limit).await.err(),
            admin.delete_groups(&["g", "h"], limit).await["h"].clone().err(),
        ];
        for error in errors {
            assert!(matches!(&error, Some(ClientError::Timeout(_))), "{error:?}");
        }
        assert_eq!(env.clock().now().saturating_since(begun).as_secs(), 80);
        sim.network().heal_all();
        assert_eq!(admin.list_group_offsets("g", LIMIT).await.unwrap(), offsets);
    });
}

/// Whatever happens on the way, an answer that says "done" is true.
#[test]
fn through_faults_by_chance_what_is_answered_holds() {
    replay_seeds(0..20, async |_, sim| {
        let faults = ByChance::new(&sim);
        let _broker = start(&sim, &Data::new(), Some(faults.clone())).await;
        create(&sim, "t", 4).await;
        let admin = admin(&sim.env_for(CLIENT), BOOTSTRAP);
        faults.set(true);
        for round in 0..20_i64 {
            let offsets: BTreeMap<_, _> = (0..4).map(|partition| (tp("t", partition), round)).collect();
            let altered = admin.alter_group_offsets("g", &offsets, LIMIT).await.unwrap();
            // A time-out of the broker's own is told, not tried again, as in Java.
            if altered.values().all(Result::is_ok) {
                assert_eq!(admin.list_group_offsets("g", LIMIT).await.unwrap(), offsets);
            }
        }
        let deleted = admin.delete_groups(&["g"], LIMIT).await["g"].clone();
        // The answer to the first try may have been lost.
        let gone = deleted.as_ref().err().and_then(ClientError::code) == Some(ErrorCode::GroupIdNotFound);
        assert!(gone || deleted.is_ok(), "{deleted:?}");
        faults.set(false);
        assert_eq!(admin.list_group_offsets("g", LIMIT).await.unwrap(), BTreeMap::new());
        assert!(faults.hits() > 0);
    });
}
