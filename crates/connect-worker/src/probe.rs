//! Points in a record's life at which a test may interfere: each step calls the probe, once per batch.

use std::sync::Arc;

use connect_api::Result;
use env::BoxFuture;

/// A step in a record's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A source gave records.
    Polled,
    /// Source records are transformed and converted.
    Converted,
    /// Rows were handed to the producer.
    Appended,
    /// Kafka acknowledged rows.
    Acknowledged,
    /// Offsets are about to be stored.
    OffsetsTaken,
    /// Offsets are stored; the connector does not know yet.
    OffsetsStored,
    /// Records were consumed.
    Consumed,
    /// Sink records are converted and transformed.
    Decoded,
    /// The sink took records.
    Put,
    /// The sink said which offsets may be committed.
    PreCommitted,
    /// Sink offsets are committed.
    Committed,
    /// Partitions are being revoked.
    Revoked,
}

impl Step {
    /// All steps.
    pub const ALL: [Step; 12] = [
        Step::Polled,
        Step::Converted,
        Step::Appended,
        Step::Acknowledged,
        Step::OffsetsTaken,
        Step::OffsetsStored,
        Step::Consumed,
        Step::Decoded,
        Step::Put,
        Step::PreCommitted,
        Step::Committed,
        Step::Revoked,
    ];
}

/// Interferes: the future may wait, fail, or never complete because the process is "killed" meanwhile.
pub trait Probe: Send + Sync {
    /// Step `step` was reached.
    fn hit(&self, step: Step) -> BoxFuture<'static, Result<()>>;
}

/// The probe of a worker, if it has one.
#[derive(Clone, Default)]
pub struct Probes(Option<Arc<dyn Probe>>);

impl Probes {
    /// With this probe.
    pub fn new(probe: Arc<dyn Probe>) -> Self {
        Self(Some(probe))
    }

    /// Calls the probe.
    ///
    /// # Errors
    /// What the probe says.
    pub async fn at(&self, step: Step) -> Result<()> {
        match &self.0 {
            None => Ok(()),
            Some(probe) => probe.hit(step).await,
        }
    }
}
