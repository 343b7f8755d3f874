//! A broker and what runs beside it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use env::Env;
use kafka_client::admin::NewTopic;
use tokio::runtime::Handle;

use crate::clients::admin;
use crate::{librdkafka, native};

/// A case: its name and what it does, on a thread of its own.
pub(crate) type Case = (&'static str, fn(&Place));

/// Where a case runs.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) env: Env,
    pub(crate) bootstrap: String,
    case: &'static str,
    runtime: Handle,
}

impl Place {
    /// A name nobody else uses.
    pub(crate) fn name(&self, what: &str) -> String {
        format!("{}.{what}", self.case)
    }

    /// A new topic.
    pub(crate) fn topic(&self, what: &str, partitions: i32) -> String {
        let name = self.name(what);
        let new = NewTopic {
            name: name.clone(),
            partitions: Some(partitions),
            replication_factor: Some(1),
            // Some records have times of long ago.
            configs: BTreeMap::from([("retention.ms".to_owned(), "-1".to_owned())]),
        };
        self.wait(async {
            let admin = admin(&self.env, &self.bootstrap);
            admin.create_topics(&[new]).await.unwrap()[&name].clone().unwrap();
            loop {
                if let Ok(found) = &admin.describe_topics(&[&name]).await.unwrap()[&name]
                    && found.leaders.len() == partitions as usize
                    && found.leaders.iter().all(Option::is_some)
                {
                    return;
                }
                self.env.sleep(Duration::from_millis(20)).await;
            }
        });
        name
    }

    /// Waits for what runs on the clients' runtime.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

/// Runs all cases, a few at a time, on the broker that `start` gives, with what keeps it alive.
pub(crate) fn run<B>(broker: &str, start: impl AsyncFnOnce(Env) -> (SocketAddr, B)) {
    let runtime = env_real::runtime(2, 4).unwrap();
    let env = env_real::env(runtime.handle().clone());
    let (addr, _broker) = runtime.block_on(start(env.clone()));
    let wanted = std::env::var("MOLDAU_CASE").unwrap_or_default();
    let all = librdkafka::CASES.iter().chain(native::CASES).filter(|(name, _)| name.contains(&wanted));
    let all: Vec<Case> = all.copied().collect();
    let began = Instant::now();
    let passed = std::thread::scope(|scope| {
        let running: Vec<_> = all
            .iter()
            .map(|(case, run)| {
                let place =
                    Place { env: env.clone(), bootstrap: addr.to_string(), case, runtime: runtime.handle().clone() };
                let began = Instant::now();
                (case, scope.spawn(move || (run(&place), began.elapsed()).1))
            })
            .collect();
        let mut passed = 0;
        for (case, thread) in running {
            match thread.join() {
                Ok(took) => {
                    println!("  {case} took {took:.1?}");
                    passed += 1;
                }
                // What went wrong was printed where it did.
                Err(_) => println!("FAILED: {case}"),
            }
        }
        passed
    });
    println!("client conformance: {passed} of {} on {broker} in {:.1?}", all.len(), began.elapsed());
    assert!(!all.is_empty() && passed == all.len(), "{broker} does not conform");
}
