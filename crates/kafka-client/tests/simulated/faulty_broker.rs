//! Faults of a broker, by chance from the world's seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use env_sim::SimHandle;
use kafka_broker::{Fault, Faults, Request};
use kafka_wire::{ApiKey, ErrorCode};

/// Refuses, forgets, delays and loses answers while it is on.
pub(crate) struct ByChance {
    sim: SimHandle,
    on: AtomicBool,
    hits: AtomicU64,
}

impl ByChance {
    pub(crate) fn new(sim: &SimHandle) -> Arc<Self> {
        Arc::new(Self { sim: sim.clone(), on: AtomicBool::new(false), hits: AtomicU64::new(0) })
    }

    pub(crate) fn set(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    /// How many faults there were.
    pub(crate) fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    fn refusal(&self, api: ApiKey) -> Option<ErrorCode> {
        let codes: &[ErrorCode] = match api {
            ApiKey::Produce => &[
                ErrorCode::NotLeaderOrFollower,
                ErrorCode::NotEnoughReplicas,
                ErrorCode::NotEnoughReplicasAfterAppend,
                ErrorCode::RequestTimedOut,
                ErrorCode::UnknownTopicOrPartition,
                ErrorCode::KafkaStorageError,
            ],
            ApiKey::Fetch => &[
                ErrorCode::NotLeaderOrFollower,
                ErrorCode::UnknownTopicOrPartition,
                ErrorCode::FencedLeaderEpoch,
                ErrorCode::UnknownLeaderEpoch,
                ErrorCode::OffsetNotAvailable,
                ErrorCode::UnknownServerError,
            ],
            ApiKey::ListOffsets => &[
                ErrorCode::NotLeaderOrFollower,
                ErrorCode::LeaderNotAvailable,
                ErrorCode::FencedLeaderEpoch,
                ErrorCode::UnknownLeaderEpoch,
                ErrorCode::OffsetNotAvailable,
            ],
            ApiKey::FindCoordinator => &[ErrorCode::CoordinatorNotAvailable],
            ApiKey::JoinGroup | ApiKey::SyncGroup => &[
                ErrorCode::NotCoordinator,
                ErrorCode::CoordinatorLoadInProgress,
                ErrorCode::UnknownMemberId,
                ErrorCode::RebalanceInProgress,
            ],
            ApiKey::Heartbeat => &[
                ErrorCode::NotCoordinator,
                ErrorCode::UnknownMemberId,
                ErrorCode::IllegalGeneration,
                ErrorCode::CoordinatorNotAvailable,
            ],
            ApiKey::OffsetCommit => {
                &[ErrorCode::NotCoordinator, ErrorCode::CoordinatorLoadInProgress, ErrorCode::RequestTimedOut]
            }
            ApiKey::OffsetDelete | ApiKey::DeleteGroups => {
                &[ErrorCode::NotCoordinator, ErrorCode::CoordinatorLoadInProgress]
            }
            ApiKey::OffsetFetch => &[ErrorCode::NotCoordinator, ErrorCode::CoordinatorLoadInProgress],
            ApiKey::Metadata => &[ErrorCode::LeaderNotAvailable, ErrorCode::UnknownTopicOrPartition],
            _ => &[],
        };
        codes.get(self.sim.draw(codes.len() as u64) as usize).copied()
    }
}

impl Faults for ByChance {
    fn on_request(&self, request: &Request<'_>) -> Fault {
        if !self.on.load(Ordering::Relaxed) || self.sim.draw(10) > 0 {
            return Fault::None;
        }
        self.hits.fetch_add(1, Ordering::Relaxed);
        match self.sim.draw(5) {
            0 => Fault::Disconnect,
            1 => Fault::LoseAnswer,
            2 => Fault::Delay(Duration::from_millis(self.sim.draw(3000))),
            _ => self.refusal(request.api).map_or(Fault::None, Fault::Refuse),
        }
    }
}
