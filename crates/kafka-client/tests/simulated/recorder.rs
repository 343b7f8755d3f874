//! What reaches a broker and when, and what it does about it by a rule.

use std::sync::Arc;
use std::time::Duration;

use env::{Env, Instant};
use env_sim::SimHandle;
use kafka_broker::{Fault, Faults, Request};
use kafka_wire::ApiKey;
use parking_lot::Mutex;

use crate::world::BROKER;

type Rule = dyn Fn(ApiKey, usize) -> Fault + Send + Sync;

/// Writes each request down.
pub(crate) struct Recorder {
    env: Env,
    seen: Mutex<Vec<Seen>>,
    rule: Box<Rule>,
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) api: ApiKey,
    pub(crate) client_id: Option<String>,
}

impl Recorder {
    /// A broker that does what it is asked.
    pub(crate) fn new(sim: &SimHandle) -> Arc<Self> {
        Self::with_rule(sim, |_, _| Fault::None)
    }

    /// A broker that does to the request of an API, counted from 0, what the rule says.
    pub(crate) fn with_rule(
        sim: &SimHandle,
        rule: impl Fn(ApiKey, usize) -> Fault + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { env: sim.env_for(BROKER), seen: Mutex::default(), rule: Box::new(rule) })
    }

    /// Forgets what came so far; the rule counts from 0 again.
    pub(crate) fn clear(&self) {
        self.seen.lock().clear();
    }

    /// The requests of an API.
    pub(crate) fn seen(&self, api: ApiKey) -> Vec<Seen> {
        self.seen.lock().iter().filter(|seen| seen.api == api).cloned().collect()
    }

    /// How many requests of an API came.
    pub(crate) fn count(&self, api: ApiKey) -> usize {
        self.seen(api).len()
    }

    /// The times between the requests of an API.
    pub(crate) fn gaps(&self, api: ApiKey) -> Vec<Duration> {
        gaps(self.seen(api).iter().map(|seen| seen.at))
    }
}

impl Faults for Recorder {
    fn on_request(&self, request: &Request<'_>) -> Fault {
        let mut seen = self.seen.lock();
        let before = seen.iter().filter(|seen| seen.api == request.api).count();
        let client_id = request.client_id.map(str::to_owned);
        seen.push(Seen { at: self.env.clock().now(), api: request.api, client_id });
        (self.rule)(request.api, before)
    }
}

/// The times between neighbours.
pub(crate) fn gaps(at: impl IntoIterator<Item = Instant>) -> Vec<Duration> {
    let at: Vec<Instant> = at.into_iter().collect();
    at.windows(2).map(|pair| pair[1].saturating_since(pair[0])).collect()
}

/// Asserts that each wait is that of a back-off: doubling from `first` to `most`, spread by a fifth either way, and a
/// little for the way of the question and its answer.
#[track_caller]
pub(crate) fn assert_doubling(waits: &[Duration], first: u64, most: u64) {
    const TRAVEL: u64 = 40;
    assert!(!waits.is_empty());
    for (at, wait) in waits.iter().enumerate() {
        let middle = (first << at.min(20)).min(most);
        let expected = middle * 8 / 10..=(middle * 12 / 10).min(most) + TRAVEL;
        let millis = wait.as_millis() as u64;
        assert!(expected.contains(&millis), "wait {at} of {waits:?}: {millis} ms, expected {expected:?}");
    }
}
