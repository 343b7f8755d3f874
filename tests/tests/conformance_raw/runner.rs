//! Runs every case, many at a time, and says how many have passed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use env::{BoxFuture, Env};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use kafka_wire::ApiKey;
use kafka_wire::messages::ApiVersionsRequest;
use kafka_wire::protocol::Request;
use tokio::sync::Semaphore;

use super::THEMES;
use super::client::Client;
use super::requests::warm_up;

/// What a case may take.
const CASE_LIMIT: Duration = Duration::from_secs(30);
/// How many run at a time: a case mostly waits.
const AT_A_TIME: usize = 24;

/// The versions that are asked for, `(API, lowest, highest)`: all that a broker without the second transaction protocol
/// and without topics named by id alone can answer.
const SPANS: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 3, 11),
    (ApiKey::Fetch, 4, 12),
    (ApiKey::ListOffsets, 1, 7),
    (ApiKey::Metadata, 0, 12),
    (ApiKey::OffsetCommit, 2, 9),
    (ApiKey::OffsetFetch, 1, 9),
    (ApiKey::FindCoordinator, 0, 5),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 5),
    (ApiKey::ListGroups, 0, 5),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::DeleteRecords, 0, 2),
    (ApiKey::InitProducerId, 0, 5),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::AddPartitionsToTxn, 0, 3),
    (ApiKey::AddOffsetsToTxn, 0, 4),
    (ApiKey::EndTxn, 0, 4),
    (ApiKey::TxnOffsetCommit, 0, 4),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::AlterConfigs, 0, 2),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::OffsetDelete, 0, 0),
    (ApiKey::DescribeCluster, 0, 2),
];

/// The highest version asked for.
pub(crate) fn newest(api: i16) -> i16 {
    let span = SPANS.iter().find(|(key, ..)| *key as i16 == api);
    span.unwrap_or_else(|| panic!("API {api} has no span")).2
}

/// A case: its name and what it does.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) run: fn(Cx) -> BoxFuture<'static, ()>,
}

/// A theme's `CASES`, each an `async fn(Cx)` of that module.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        /// The cases of this theme.
        pub(crate) const CASES: &[$crate::raw::runner::Case] = &[$($crate::raw::runner::Case {
            name: concat!(module_path!(), "::", stringify!($case)),
            run: |cx| Box::pin($case(cx)),
        }),*];
    };
}
pub(crate) use cases;

/// What a case is given: a broker it shares with all others, and a name that keeps them apart.
#[derive(Clone)]
pub(crate) struct Cx {
    env: Env,
    addr: SocketAddr,
    case: &'static str,
    offered: Arc<BTreeMap<i16, (i16, i16)>>,
}

impl Cx {
    /// A connection of its own.
    pub(crate) async fn connect(&self) -> Client {
        Client::connect(&self.env, self.addr).await
    }

    /// A name nobody else uses.
    pub(crate) fn name(&self, what: &str) -> String {
        format!("{}.{what}", self.case.replace("::", "."))
    }

    /// Where the broker is.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What the broker says it speaks, by API.
    pub(crate) fn offered(&self) -> &BTreeMap<i16, (i16, i16)> {
        &self.offered
    }

    /// The versions a case goes through; the broker must offer them all.
    pub(crate) fn versions<Q: Request>(&self) -> std::ops::RangeInclusive<i16> {
        let (key, lowest, highest) = *SPANS.iter().find(|(key, ..)| *key as i16 == Q::KEY).unwrap();
        let offered = self.offered.get(&Q::KEY).unwrap_or_else(|| panic!("{key:?} is not offered"));
        assert!(offered.0 <= lowest && highest <= offered.1, "{key:?} is offered in {offered:?} only");
        lowest..=highest
    }

    /// Every API of the spans.
    pub(crate) fn spans(&self) -> &'static [(ApiKey, i16, i16)] {
        SPANS
    }
}

tokio::task_local! {
    /// Where and why the case of this task has failed.
    static FAILURE: RefCell<Option<String>>;
}

/// Lets panics of cases be kept for the report instead of printed among those of others.
fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if FAILURE.try_with(|failure| *failure.borrow_mut() = Some(panic.to_string())).is_err() {
                usual(panic);
            }
        }));
    });
}

/// Runs one case; the error says why it has failed.
async fn outcome(case: &'static Case, cx: Cx) -> Result<(), String> {
    let env = cx.env.clone();
    let task = tokio::spawn(FAILURE.scope(RefCell::new(None), async move {
        let work = std::panic::AssertUnwindSafe((case.run)(cx));
        let done = futures_util::FutureExt::catch_unwind(work).await;
        done.map_err(|_| FAILURE.with(|failure| failure.borrow_mut().take()).unwrap_or_default())
    }));
    let abort = task.abort_handle();
    tokio::select! {
        biased;
        done = task => done.unwrap(),
        () = env.sleep(CASE_LIMIT) => {
            abort.abort();
            Err(format!("not done after {CASE_LIMIT:?}"))
        }
    }
}

/// Runs all cases on the broker that `start` gives, with what keeps it alive. Fails when a case fails that is not in
/// `not_yet`, or one passes that is.
pub(crate) fn run<F, B>(broker: &str, not_yet: &[&str], start: impl FnOnce(Env) -> F)
where
    F: Future<Output = (SocketAddr, B)>,
{
    keep_panics();
    let runtime = env_real::runtime(2, 4).unwrap();
    let env = env_real::env(runtime.handle().clone());
    let wanted = std::env::var("MOLDAU_CASE").unwrap_or_default();
    let (passed, failed, took) = runtime.block_on(async {
        let (addr, _broker) = start(env.clone()).await;
        let began = Instant::now();
        let cx = Cx { env: env.clone(), addr, case: "", offered: Arc::new(offered(&env, addr).await) };
        warm_up(&cx).await;
        let room = Semaphore::new(AT_A_TIME);
        let mut running: FuturesUnordered<_> = THEMES
            .iter()
            .copied()
            .flatten()
            .map(|case| (case, short(case.name)))
            .filter(|(_, name)| name.contains(&wanted))
            .map(|(case, name)| {
                let (cx, room) = (Cx { case: name, ..cx.clone() }, &room);
                async move {
                    let _permit = room.acquire().await.unwrap();
                    let began = Instant::now();
                    let outcome = outcome(case, cx).await;
                    (name, outcome, began.elapsed())
                }
            })
            .collect();
        let (mut passed, mut failed) = (Vec::new(), BTreeMap::new());
        while let Some((name, outcome, took)) = running.next().await {
            if took > Duration::from_secs(8) {
                println!("  {name} took {took:?}");
            }
            match outcome {
                Ok(()) => passed.push(name),
                Err(why) => drop(failed.insert(name, why)),
            }
        }
        (passed, failed, began.elapsed())
    });
    let all = passed.len() + failed.len();
    println!("raw conformance: {} of {all} on {broker} in {took:.1?}", passed.len());
    let mut wrong = false;
    for (name, why) in &failed {
        let known = not_yet.contains(name);
        println!("{} {name}: {why}\n", if known { "not yet:" } else { "FAILED:" });
        wrong |= !known;
    }
    for name in passed.iter().filter(|name| not_yet.contains(name)) {
        println!("FAILED: {name} passes: it must leave the list of those that do not yet");
        wrong = true;
    }
    assert!(all > 0, "no case is called so");
    assert!(!wrong, "{broker} does not conform");
}

/// A case's name without the test crate and its module.
fn short(name: &'static str) -> &'static str {
    name.split_once("::raw::").map_or(name, |(_, short)| short)
}

async fn offered(env: &Env, addr: SocketAddr) -> BTreeMap<i16, (i16, i16)> {
    let answer = Client::connect(env, addr).await.ask_at(0, ApiVersionsRequest::default()).await;
    answer.api_keys.iter().map(|api| (api.api_key, (api.min_version, api.max_version))).collect()
}
