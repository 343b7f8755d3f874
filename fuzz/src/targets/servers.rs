//! Servers that anyone can connect to: the embedded broker and REST, in a simulated network.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use connect_api::plugin::Registry;
use connect_config::{Plugins, WorkerConfig};
use connect_herder::{DetachedLoggers, StandaloneHerder, StandaloneSettings};
use connect_kafka::{Clients, NativeClients};
use connect_plugins::RegistryLookup;
use connect_rest::{AdminListeners, ReplyRules, RestServer, ServerSettings};
use connect_storage::offsets::MemoryOffsetStore;
use connect_worker::probe::Probes;
use connect_worker::{Budget, Worker, WorkerSettings};
use env::Env;
use env_sim::Sim;
use kafka_broker::{Broker, BrokerConfig};
use kafka_config::RawConfig;
use kafka_config::provider::Providers;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::requests;
use crate::target::{Target, outcome};

/// Simulated time in which an answer comes, or does not.
const PATIENCE: Duration = Duration::from_secs(40);

pub(super) const BROKER: Target = Target {
    name: "broker",
    about: "a conversation with the embedded broker: requests of a length of two bytes and what follows; behind a length of 0 all is raw",
    words: &["\0", "\u{1}", "\0\u{3}", "\0\0\0\u{1}", "\0\u{1}t", "\u{2}t", "\u{7f}\u{7f}", "group", "\0\0"],
    longest: 16 << 10,
    run: |input| {
        let framed = framed(input);
        Sim::new(0).run(|client, sim| async move {
            let env = sim.env_for("broker");
            let config = BrokerConfig::new(SocketAddr::new(sim.ip_of("broker"), 9092));
            let broker = Broker::start(&env, config).await.expect("nobody else has the port");
            let answers = converse(&client, broker.addr(), &framed).await;
            broker.stop().await;
            outcome(answers, "")
        })
    },
};

/// Requests with their lengths of four bytes.
fn framed(input: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), input);
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 {
            out.extend_from_slice(after);
            break;
        }
        let (request, behind) = after.split_at(length.min(after.len()));
        out.extend_from_slice(&(request.len() as u32).to_be_bytes());
        out.extend_from_slice(request);
        rest = behind;
    }
    out
}

/// A conversation that makes a topic, writes, reads and commits.
pub(super) fn conversation() -> Vec<u8> {
    framed(&requests::conversation())
}

/// Says everything, then hears the answers until there are no more; what they were, as a number: their lengths matter.
pub(super) async fn converse(client: &Env, address: SocketAddr, requests: &[u8]) -> u64 {
    let Ok(mut stream) = client.network().connect(address).await else { return 0 };
    let mut answer = Vec::new();
    let talk = async {
        // A broker that closes the connection hears no more.
        let _ = stream.write_all(requests).await;
        let _ = stream.flush().await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut answer).await;
    };
    let ended = client.timeout(PATIENCE, talk).await.is_ok();
    outcome((ended, lengths(&answer)), "")
}

/// The lengths of the first answers.
fn lengths(answer: &[u8]) -> Vec<u32> {
    let (mut lengths, mut rest) = (Vec::new(), answer);
    while let Some((length, after)) = rest.split_first_chunk::<4>()
        && lengths.len() < 8
    {
        let length = u32::from_be_bytes(*length);
        lengths.push(length);
        rest = after.get(length as usize..).unwrap_or_default();
    }
    lengths
}

static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(|| Arc::new(connect_plugins::builtin()));

pub(super) const REST: Target = Target {
    name: "rest",
    about: "HTTP to the REST server of a worker whose Kafka does not answer: paths, headers, bodies",
    words: &[
        "GET ",
        "POST ",
        "PUT ",
        "DELETE ",
        "PATCH ",
        "/",
        "/connectors",
        "/connectors/c",
        "/config",
        "/status",
        "/tasks",
        "/0",
        "/restart?includeTasks=true",
        "/pause",
        "/offsets",
        "/connector-plugins",
        "/validate",
        " HTTP/1.1\r\n",
        "Host: a\r\n",
        "Content-Type: application/json\r\n",
        "Content-Length: 2\r\n",
        "Accept: */*\r\n",
        "\r\n",
        "{",
        "}",
        "\"name\":\"c\"",
        "\"config\":{",
        "\"connector.class\":\"FileStreamSink\"",
        "%2F",
        "%C3%A9",
        ";a=b",
        "?expand=status",
        "\"topics\":\"t\"",
        "Transfer-Encoding: chunked\r\n",
        "2\r\n{}\r\n0\r\n\r\n",
        "\"initial_state\":\"STOPPED\"",
    ],
    longest: 16 << 10,
    run: |input| {
        Sim::new(0).run(|client, sim| async move {
            let env = sim.env_for("worker");
            let address = SocketAddr::new(sim.ip_of("worker"), 8083);
            let (server, herder) = worker(&env, address).await;
            let Ok(mut stream) = client.network().connect(address).await else { return 0 };
            let mut answer = Vec::new();
            let talk = async {
                let _ = stream.write_all(input).await;
                let _ = stream.flush().await;
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut answer).await;
            };
            let ended = client.timeout(PATIENCE, talk).await.is_ok();
            server.stop(&env).await;
            herder.stop().await;
            let answer = String::from_utf8_lossy(&answer);
            let status = answer.get(9..12).unwrap_or_default().to_owned();
            outcome((ended, status), answer.rsplit("\r\n\r\n").next().unwrap_or_default())
        })
    },
};

async fn worker(env: &Env, address: SocketAddr) -> (RestServer, Arc<StandaloneHerder>) {
    let plugins: Plugins = Arc::new(RegistryLookup(REGISTRY.clone()));
    let mut raw = RawConfig::new();
    for (name, value) in [
        ("bootstrap.servers", "broker:9092"),
        ("offset.storage.file.filename", "/offsets"),
        ("key.converter", "org.apache.kafka.connect.storage.StringConverter"),
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
    ] {
        raw.insert(name, value);
    }
    let config = Arc::new(WorkerConfig::standalone(&raw, &*plugins).expect("the configuration is sound"));
    let clients: Arc<dyn Clients> = Arc::new(NativeClients::new(env.clone()));
    let settings = StandaloneSettings {
        env: env.clone(),
        worker_id: "worker:8083".to_owned(),
        kafka_cluster_id: "cluster".to_owned(),
        plugins: plugins.clone(),
        worker_config: config.clone(),
        providers: Arc::new(Providers::none()),
    };
    let (of_worker, registry) = (env.clone(), REGISTRY.clone());
    let herder = StandaloneHerder::start(settings, |listener| {
        let (env, budget) = (of_worker, Budget::new(1 << 20));
        let offsets = Arc::new(MemoryOffsetStore::new());
        let probes = Probes::default();
        Worker::new(WorkerSettings { env, registry, plugins, clients, config, offsets, listener, budget, probes })
    });
    let listener = env.network().listen(address).await.expect("nobody else has the port");
    let base_url = "http://worker:8083".to_owned();
    let (env, registry, loggers) = (env.clone(), REGISTRY.clone(), Arc::new(DetachedLoggers::default()));
    let rules = ReplyRules::default();
    let server = ServerSettings { env, herder: herder.clone(), registry, loggers, base_url, rules };
    (RestServer::start(server, vec![listener], AdminListeners::Main), herder)
}
