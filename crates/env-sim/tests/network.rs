//! Connections keep order, take time, and break as told.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use env::{Elapsed, Env, Listener, Stream};
use env_sim::{NetworkPlan, Sim, SimHandle, replay, replay_seeds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const MILLI: Duration = Duration::from_millis(1);

fn fixed_latency(millis: u32) -> NetworkPlan {
    NetworkPlan { latency: MILLI * millis..=MILLI * millis, split_chance: 0.0, ..NetworkPlan::default() }
}

async fn listen(env: &Env) -> Box<dyn Listener> {
    env.network().listen("0.0.0.0:80".parse().unwrap()).await.unwrap()
}

fn address(sim: &SimHandle, host: &str) -> SocketAddr {
    SocketAddr::new(sim.ip_of(host), 80)
}

/// Both ends of a connection from `client` to `server`.
async fn connected(sim: &SimHandle) -> (Box<dyn Stream>, Box<dyn Stream>) {
    let (client, server) = (sim.env_for("client"), sim.env_for("server"));
    let mut listener = listen(&server).await;
    let stream = client.network().connect(address(sim, "server")).await.unwrap();
    let (accepted, peer) = listener.accept().await.unwrap();
    assert_eq!(peer.ip(), sim.ip_of("client"));
    assert_eq!(stream.peer_addr().unwrap(), address(sim, "server"));
    assert_eq!(accepted.peer_addr().unwrap(), peer);
    (stream, accepted)
}

async fn read(stream: &mut Box<dyn Stream>, count: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).await.map(|_| bytes)
}

async fn error_of_read(stream: &mut Box<dyn Stream>) -> ErrorKind {
    let mut byte = [0];
    stream.read(&mut byte).await.unwrap_err().kind()
}

#[test]
fn bytes_arrive_after_the_latency_and_in_order() {
    replay(1, |env, sim| async move {
        sim.network().plan(fixed_latency(7));
        let start = env.clock().now();
        let (mut client, mut server) = connected(&sim).await;
        assert_eq!(env.clock().now() - start, MILLI * 14);
        client.write_all(b"one ").await.unwrap();
        env.sleep(MILLI * 2).await;
        client.write_all(b"two").await.unwrap();
        assert_eq!(read(&mut server, 4).await.unwrap(), b"one ");
        assert_eq!(env.clock().now() - start, MILLI * 21);
        assert_eq!(read(&mut server, 3).await.unwrap(), b"two");
        assert_eq!(env.clock().now() - start, MILLI * 23);
    });
}

#[test]
fn a_connections_latency_follows_from_the_seed() {
    let took = |seed| {
        Sim::new(seed).run(|env, sim| async move {
            sim.network().plan(NetworkPlan { latency: MILLI..=MILLI * 1000, ..fixed_latency(0) });
            let start = env.clock().now();
            connected(&sim).await;
            env.clock().now() - start
        })
    };
    assert_eq!(took(1), took(1));
    assert_ne!(took(1), took(2));
}

#[test]
fn splits_and_spikes_neither_lose_nor_reorder() {
    replay_seeds(0..20, |env, sim| async move {
        sim.network().plan(NetworkPlan { split_chance: 0.5, spike_chance: 0.3, ..NetworkPlan::default() });
        let (mut client, mut server) = connected(&sim).await;
        let sent: Vec<u8> = (0..200_000_u32).map(|index| (index / 7) as u8).collect();
        let writing = env.work().spawn("write", {
            let sent = sent.clone();
            Box::pin(async move {
                for part in sent.chunks(3001) {
                    client.write_all(part).await.unwrap();
                }
            })
        });
        let mut received = Vec::new();
        server.read_to_end(&mut received).await.unwrap();
        assert!(received == sent);
        writing.join().await.unwrap();
    });
}

#[test]
fn a_writer_waits_for_its_reader() {
    Sim::new(1).run(|env, sim| async move {
        sim.network().plan(fixed_latency(1));
        let (mut client, mut server) = connected(&sim).await;
        let all = vec![7; 64 * 1024 + 1];
        let hour = Duration::from_secs(3600);
        assert_eq!(env.timeout(hour, client.write_all(&all)).await.map(|_| ()), Err(Elapsed));
        read(&mut server, 1).await.unwrap();
        client.write_all(&[7]).await.unwrap();
        assert_eq!(read(&mut server, 64 * 1024).await.unwrap().len(), 64 * 1024);
    });
}

#[test]
fn the_end_of_a_stream_arrives_after_its_last_byte() {
    Sim::new(1).run(|_, sim| async move {
        let (mut client, mut server) = connected(&sim).await;
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(client.write(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        let mut all = Vec::new();
        server.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"question");
        server.write_all(b"answer").await.unwrap();
        drop(server);
        all.clear();
        client.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"answer");
        assert_eq!(sim.network().connections().len(), 1);
        drop(client);
        assert_eq!(sim.network().connections(), []);
    });
}

#[test]
fn writing_to_an_end_that_was_dropped_is_reset() {
    Sim::new(1).run(|env, sim| async move {
        let (mut client, server) = connected(&sim).await;
        drop(server);
        client.write_all(b"anybody?").await.unwrap();
        env.sleep(Duration::from_secs(1)).await;
        assert_eq!(client.write(b"no").await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn dropping_an_end_with_unread_bytes_resets_the_other() {
    Sim::new(1).run(|env, sim| async move {
        let (mut client, server) = connected(&sim).await;
        client.write_all(b"unread").await.unwrap();
        env.sleep(Duration::from_secs(1)).await;
        drop(server);
        assert_eq!(error_of_read(&mut client).await, ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_cut_resets_both_ends_and_loses_what_was_on_its_way() {
    Sim::new(1).run(|env, sim| async move {
        let (mut client, mut server) = connected(&sim).await;
        client.write_all(b"lost").await.unwrap();
        let connections = sim.network().connections();
        assert_eq!((&*connections[0].client, &*connections[0].server), ("client", "server"));
        let waiting = env.work().spawn("wait", {
            Box::pin(async move { assert_eq!(error_of_read(&mut server).await, ErrorKind::ConnectionReset) })
        });
        sim.network().cut(connections[0].id);
        assert_eq!(error_of_read(&mut client).await, ErrorKind::ConnectionReset);
        assert_eq!(client.write(b"x").await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        waiting.join().await.unwrap();
    });
}

#[test]
fn cuts_hit_the_machines_they_name() {
    Sim::new(1).run(|_, sim| async move {
        let mut listener = listen(&sim.env_for("server")).await;
        let mut streams = Vec::new();
        for name in ["a", "b"] {
            streams.push(sim.env_for(name).network().connect(address(&sim, "server")).await.unwrap());
            listener.accept().await.unwrap();
        }
        // The accepted ends were dropped: both see the end of the stream, the one that is cut a reset.
        sim.network().cut_between("a", "server");
        assert_eq!(error_of_read(&mut streams[0]).await, ErrorKind::ConnectionReset);
        assert_eq!(streams[1].read(&mut [0]).await.unwrap(), 0);
        sim.network().cut_host("b");
        assert_eq!(error_of_read(&mut streams[1]).await, ErrorKind::ConnectionReset);
    });
}

#[test]
fn an_answer_is_lost_from_the_agreed_byte_on() {
    for agreed in [0, 1, 4, 9] {
        replay(agreed, |_, sim| async move {
            let (mut client, mut server) = connected(&sim).await;
            sim.network().cut_after("server", "client", agreed);
            client.write_all(b"question").await.unwrap();
            assert_eq!(read(&mut server, 8).await.unwrap(), b"question");
            server.write_all(b"an answer!").await.unwrap();
            let mut received = Vec::new();
            let error = client.read_to_end(&mut received).await.unwrap_err();
            assert_eq!((error.kind(), &*received), (ErrorKind::ConnectionReset, &b"an answer!"[..agreed as usize]));
            assert_eq!(error_of_read(&mut server).await, ErrorKind::ConnectionReset);
            let (mut client, mut server) = {
                drop((client, server));
                let env = sim.env_for("client");
                let mut listener = listen(&sim.env_for("server")).await;
                (env.network().connect(address(&sim, "server")).await.unwrap(), listener.accept().await.unwrap().0)
            };
            server.write_all(b"an answer!").await.unwrap();
            assert_eq!(read(&mut client, 10).await.unwrap(), b"an answer!");
        });
    }
}

#[test]
fn an_accident_lets_a_part_arrive() {
    let arrived = |seed| {
        replay(seed, |_, sim| async move {
            let (mut client, mut server) = connected(&sim).await;
            sim.network().plan(NetworkPlan { cut_chance: 1.0, ..fixed_latency(1) });
            client.write_all(b"0123456789").await.unwrap();
            let mut received = Vec::new();
            assert_eq!(server.read_to_end(&mut received).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
            assert!(b"0123456789".starts_with(&received));
            assert_eq!(error_of_read(&mut client).await, ErrorKind::ConnectionReset);
            received.len()
        })
    };
    let lengths: std::collections::BTreeSet<usize> = (0..40).map(arrived).collect();
    assert!(lengths.contains(&0) && lengths.contains(&10) && lengths.len() > 5, "{lengths:?}");
}

#[test]
fn connecting_is_refused_without_a_listener_or_on_request() {
    Sim::new(1).run(|_, sim| async move {
        let client = sim.env_for("client");
        let connect = || async { client.network().connect(address(&sim, "server")).await.err().map(|e| e.kind()) };
        let nobody = client.network().connect("10.9.9.9:80".parse().unwrap()).await.err().unwrap();
        assert_eq!(nobody.kind(), ErrorKind::HostUnreachable);
        let server = sim.env_for("server");
        assert_eq!(connect().await, Some(ErrorKind::ConnectionRefused));
        let listener = listen(&server).await;
        assert_eq!(connect().await, None);
        sim.network().refuse("server", true);
        assert_eq!(connect().await, Some(ErrorKind::ConnectionRefused));
        sim.network().refuse("server", false);
        assert_eq!(connect().await, None);
        sim.network().plan(NetworkPlan { refuse_chance: 1.0, ..NetworkPlan::default() });
        assert_eq!(connect().await, Some(ErrorKind::ConnectionRefused));
        sim.network().plan(NetworkPlan::default());
        drop(listener);
        assert_eq!(connect().await, Some(ErrorKind::ConnectionRefused));
    });
}

#[test]
fn whoever_waits_to_be_accepted_is_reset_when_the_listener_goes() {
    Sim::new(1).run(|_, sim| async move {
        let listener = listen(&sim.env_for("server")).await;
        let mut stream = sim.env_for("client").network().connect(address(&sim, "server")).await.unwrap();
        drop(listener);
        assert_eq!(error_of_read(&mut stream).await, ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_partition_holds_everything_back_until_it_heals() {
    replay_seeds(0..10, |env, sim| async move {
        let (mut client, mut server) = connected(&sim).await;
        sim.network().partition("client", "server");
        client.write_all(b"late").await.unwrap();
        let minute = Duration::from_secs(60);
        assert_eq!(env.timeout(minute, read(&mut server, 4)).await.map(|_| ()), Err(Elapsed));
        let other = sim.env_for("client");
        let attempt = other.network().connect(address(&sim, "server"));
        assert!(env.timeout(minute, attempt).await.is_err());
        sim.network().heal("server", "client");
        assert_eq!(read(&mut server, 4).await.unwrap(), b"late");
        server.write_all(b"good").await.unwrap();
        assert_eq!(read(&mut client, 4).await.unwrap(), b"good");
    });
}

#[test]
fn what_arrived_before_a_partition_can_be_read_in_it() {
    Sim::new(1).run(|env, sim| async move {
        let (mut client, mut server) = connected(&sim).await;
        client.write_all(b"early").await.unwrap();
        env.sleep(Duration::from_secs(1)).await;
        sim.network().block("client", "server");
        assert_eq!(read(&mut server, 5).await.unwrap(), b"early");
        server.write_all(b"back").await.unwrap();
        assert_eq!(read(&mut client, 4).await.unwrap(), b"back");
        drop(client);
        let hour = Duration::from_secs(3600);
        assert!(env.timeout(hour, server.read(&mut [0])).await.is_err());
        sim.network().heal_all();
        assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
    });
}

#[test]
fn connecting_across_a_partition_is_given_up_at_last() {
    Sim::new(1).run(|_, sim| async move {
        let _listener = listen(&sim.env_for("server")).await;
        sim.network().partition("client", "server");
        let error = sim.env_for("client").network().connect(address(&sim, "server")).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn a_delay_slows_one_way() {
    Sim::new(1).run(|env, sim| async move {
        sim.network().plan(fixed_latency(1));
        let (mut client, mut server) = connected(&sim).await;
        sim.network().delay("client", "server", Duration::from_secs(5));
        let start = env.clock().now();
        server.write_all(b"x").await.unwrap();
        read(&mut client, 1).await.unwrap();
        assert_eq!(env.clock().now() - start, MILLI);
        client.write_all(b"x").await.unwrap();
        read(&mut server, 1).await.unwrap();
        assert_eq!(env.clock().now() - start, MILLI * 5002);
    });
}

#[test]
fn peers_of_a_process_that_ends_see_a_reset_or_the_end() {
    for crash in [false, true] {
        let seen = |seed| {
            replay(seed, |env, sim| async move {
                let (mut client, mut server) = connected(&sim).await;
                server.write_all(b"last words").await.unwrap();
                if crash {
                    sim.crash("server")
                } else {
                    sim.kill("server")
                }
                assert!(server.write(b"x").await.is_err());
                let mut received = Vec::new();
                let minute = Duration::from_secs(60);
                let outcome = env.timeout(minute, client.read_to_end(&mut received)).await.unwrap();
                let refused = sim.env_for("client").network().connect(address(&sim, "server")).await.err().unwrap();
                assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
                (received, outcome.map_err(|error| error.kind()).map(|_| ()))
            })
        };
        let seen: Vec<_> = (0..20).map(seen).collect();
        assert!(seen.contains(&(b"".to_vec(), Err(ErrorKind::ConnectionReset))));
        let end = if crash { Err(ErrorKind::ConnectionReset) } else { Ok(()) };
        assert!(seen.contains(&(b"last words".to_vec(), end)));
    }
}

#[test]
fn a_new_process_can_listen_where_the_old_one_did() {
    Sim::new(1).run(|_, sim| async move {
        let old = sim.env_for("server");
        let mut listener = listen(&old).await;
        let again = old.network().listen("0.0.0.0:80".parse().unwrap()).await.err().unwrap();
        assert_eq!(again.kind(), ErrorKind::AddrInUse);
        sim.kill("server");
        let mut new = listen(&sim.env_for("server")).await;
        assert!(listener.accept().await.is_err());
        drop(listener);
        let client = sim.env_for("client");
        let mut stream = client.network().connect(address(&sim, "server")).await.unwrap();
        new.accept().await.unwrap().0.write_all(b"new").await.unwrap();
        assert_eq!(read(&mut stream, 3).await.unwrap(), b"new");
        assert!(old.network().connect(address(&sim, "server")).await.is_err());
    });
}

#[test]
fn names_and_local_addresses_resolve() {
    Sim::new(1).run(|_, sim| async move {
        let (a, b) = (sim.env_for("a"), sim.env_for("b"));
        let resolve = |name: &'static str| {
            let a = a.clone();
            async move { a.network().resolve(name, 80).await.map_err(|error| error.kind()) }
        };
        assert_eq!(resolve("b").await, Ok(vec![SocketAddr::new(sim.ip_of("b"), 80)]));
        assert_eq!(resolve("10.1.2.3").await, Ok(vec!["10.1.2.3:80".parse().unwrap()]));
        assert_eq!(resolve("kafka").await, Err(ErrorKind::NotFound));
        sim.network().set_name("kafka", vec![sim.ip_of("b"), sim.ip_of("a")]);
        assert_eq!(resolve("kafka").await, Ok(vec![address(&sim, "b"), address(&sim, "a")]));
        let local = resolve("localhost").await.unwrap()[0];
        let mut listener = a.network().listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let here = SocketAddr::new(local.ip(), port);
        assert!(b.network().connect(here).await.is_err());
        assert!(b.network().connect(SocketAddr::new(sim.ip_of("a"), port)).await.is_err());
        a.network().connect(here).await.unwrap();
        assert!(listener.accept().await.unwrap().1.ip().is_loopback());
        let elsewhere = a.network().listen(address(&sim, "b")).await.err().unwrap();
        assert_eq!(elsewhere.kind(), ErrorKind::AddrNotAvailable);
    });
}

#[test]
fn dropping_accept_loses_no_connection() {
    Sim::new(1).run(|env, sim| async move {
        let mut listener = listen(&sim.env_for("server")).await;
        assert!(env.timeout(MILLI, listener.accept()).await.is_err());
        let _stream = sim.env_for("client").network().connect(address(&sim, "server")).await.unwrap();
        assert!(env.timeout(MILLI, listener.accept()).await.is_ok());
    });
}

#[test]
fn a_full_backlog_answers_nobody() {
    Sim::new(1).run(|env, sim| async move {
        let mut listener = listen(&sim.env_for("server")).await;
        let client = sim.env_for("client");
        let mut waiting = Vec::new();
        for _ in 0..128 {
            waiting.push(client.network().connect(address(&sim, "server")).await.unwrap());
        }
        let minute = Duration::from_secs(60);
        assert!(env.timeout(minute, client.network().connect(address(&sim, "server"))).await.is_err());
        listener.accept().await.unwrap();
        assert!(env.timeout(minute, client.network().connect(address(&sim, "server"))).await.is_ok());
    });
}
