//! One seed gives one history.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use env::{Env, OpenOptions};
use env_sim::{Action, FaultPlan, NetworkPlan, Sim, SimHandle, replay, replay_seeds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A world with some of everything: three clients talk to a server that writes down what it hears, under accidents.
async fn busy_world(_: Env, sim: SimHandle) -> u64 {
    sim.network().plan(NetworkPlan { spike_chance: 0.05, cut_chance: 0.02, ..NetworkPlan::default() });
    sim.failpoints().plan("heard", FaultPlan { error: 0.2, ..FaultPlan::default() });
    let server = sim.env_for("server");
    let accepting = server.work().spawn("accept", Box::pin(serve(server.clone(), sim.clone())));
    let mut clients = Vec::new();
    for name in ["a", "b", "c"] {
        let client = sim.env_for(name);
        clients.push(client.work().spawn("talk", Box::pin(talk(client.clone()))));
    }
    for client in clients {
        client.join().await.unwrap();
    }
    sim.crash("server");
    assert!(accepting.join().await.is_err());
    let left = sim.disk("server").read("/heard").unwrap_or_default();
    sim.trace(format!("{left:?}"));
    left.len() as u64
}

async fn serve(env: Env, sim: SimHandle) {
    let mut listener = env.network().listen("0.0.0.0:80".parse().unwrap()).await.unwrap();
    let heard = env.disk().open(Path::new("/heard"), OpenOptions::APPEND).unwrap();
    let heard = Arc::new(std::sync::Mutex::new(heard));
    while let Ok((mut stream, _)) = listener.accept().await {
        let (heard, sim) = (heard.clone(), sim.clone());
        let conversation = async move {
            let mut word = [0; 16];
            while stream.read_exact(&mut word).await.is_ok() {
                if sim.failpoints().hit("heard") == Action::Error {
                    return;
                }
                heard.lock().unwrap().write_all(&word).unwrap();
                if stream.write_all(&word).await.is_err() {
                    return;
                }
            }
        };
        env.work().spawn("conversation", Box::pin(conversation));
    }
}

async fn talk(env: Env) {
    for _ in 0..10 {
        env.sleep(Duration::from_millis(env.random().below(50))).await;
        let server = env.network().resolve("server", 80).await.unwrap()[0];
        let Ok(mut stream) = env.network().connect(server).await else { continue };
        for _ in 0..5 {
            let mut word = [0; 16];
            env.random().fill(&mut word);
            if stream.write_all(&word).await.is_err() || stream.read_exact(&mut word).await.is_err() {
                break;
            }
        }
    }
}

#[test]
fn a_seed_has_one_history() {
    replay_seeds(0..20, busy_world);
}

#[test]
fn other_seeds_have_other_histories() {
    let hash = |seed| {
        let mut sim = Sim::new(seed);
        sim.run(busy_world);
        sim.trace_hash()
    };
    let hashes: BTreeSet<u64> = (0..20).map(hash).collect();
    assert_eq!(hashes.len(), 20);
}

#[test]
#[should_panic(expected = "two runs of seed 3 differ")]
fn a_world_that_depends_on_something_else_is_found_out() {
    let runs = AtomicU64::new(0);
    replay(3, |env, _| {
        let run = runs.fetch_add(1, Ordering::Relaxed);
        async move { env.sleep(Duration::from_millis(run)).await }
    });
}

#[test]
fn the_seed_shakes_the_order_of_tasks() {
    let order = |seed| {
        Sim::new(seed).run(|env, _| async move {
            let order = Arc::new(std::sync::Mutex::new(Vec::new()));
            let mut tasks = Vec::new();
            for number in 0..20 {
                let order = order.clone();
                tasks.push(env.work().spawn("note", Box::pin(async move { order.lock().unwrap().push(number) })));
            }
            for task in tasks {
                task.join().await.unwrap();
            }
            Arc::try_unwrap(order).unwrap().into_inner().unwrap()
        })
    };
    let orders: BTreeSet<Vec<i32>> = (0..10).map(order).collect();
    assert!(orders.len() > 3, "{orders:?}");
}

#[test]
fn machines_and_their_processes_have_random_numbers_of_their_own() {
    let mut sim = Sim::new(1);
    let drawn = sim.run(|env, sim| async move {
        let mut drawn = vec![env.random().u64(), sim.env_for("a").random().u64(), sim.env_for("a").random().u64()];
        sim.kill("a");
        drawn.push(sim.env_for("a").random().u64());
        drawn.push(sim.env_for("b").random().u64());
        drawn
    });
    assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), drawn.len());
}

#[test]
fn the_trace_keeps_what_a_test_notes() {
    let mut sim = Sim::new(1);
    let before = sim.trace_hash();
    sim.run(|_, sim| async move { sim.trace("the milk is sour") });
    assert_ne!(sim.trace_hash(), before);
    assert!(sim.handle().last_events().contains("the milk is sour"));
}
