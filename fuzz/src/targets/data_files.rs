//! Files that a worker or the embedded broker finds on its disk.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bytes::Bytes;
use connect_storage::offsets::{FileOffsetStore, OffsetStore, decode_offset, decode_partition};
use env::Env;
use env_sim::Sim;
use kafka_broker::{Broker, BrokerConfig, Data};

use super::servers::converse;
use super::wire::mend;
use crate::target::{Target, outcome};

const FILE: &str = "/offsets";
const FOLDER: &str = "/data";

pub(super) const OFFSET_FILE: Target = Target {
    name: "offset-file",
    about: "the worker's offset file, and the keys and values in it",
    words: &[
        "\u{ac}",
        "sr\0\u{11}java.util.HashMap",
        "ur\0\u{2}[B",
        "p",
        "xp",
        "w\u{8}",
        "[\"c\",{\"filename\":\"f\"}]",
        "{\"position\":1}",
        "\0\0\0\u{1}",
        "uq\0~\0\u{2}",
        "?@",
        "loadFactor",
        "threshold",
    ],
    longest: 64 << 10,
    run: |input| {
        let bytes = Bytes::copy_from_slice(input);
        let mut read =
            vec![format!("{:?}", decode_partition(&bytes).is_ok()), format!("{:?}", decode_offset(&bytes).is_ok())];
        Sim::new(0).run(|_, sim| async move {
            let env = sim.env_for("worker");
            sim.disk("worker").put(FILE, &bytes).expect("the disk is sound");
            match FileOffsetStore::open(&env, Path::new(FILE)).await {
                Err(error) => read.push(error.to_string()),
                Ok(store) => {
                    for (key, value) in store.entries().await {
                        let _ = decode_partition(&key);
                        let _ = value.map(|value| decode_offset(&value));
                    }
                    read.push("opened".into());
                }
            }
            outcome(0, &read.join(" "))
        })
    },
};

/// The files of a broker that has a topic with records, a group's offsets and a transaction.
pub(super) fn files() -> &'static [(String, Vec<u8>)] {
    static FILES: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    FILES.get_or_init(|| {
        Sim::new(0).run(|client, sim| async move {
            let env = sim.env_for("broker");
            let data = Data::open(&env, Path::new(FOLDER)).expect("an empty folder is fine");
            serve(&client, &env, data, sim.ip_of("broker"), &super::servers::conversation()).await;
            let mut found = Vec::new();
            collect(&env, Path::new(FOLDER), &mut found);
            assert!(found.iter().any(|(path, content)| path.ends_with(".log") && !content.is_empty()), "{found:?}");
            found
        })
    })
}

fn collect(env: &Env, folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    let mut names = env.disk().read_dir(folder).expect("a folder of the broker");
    names.sort();
    for path in names.iter().map(|name| folder.join(name)) {
        if env.disk().metadata(&path).expect("it was just listed").is_dir {
            collect(env, &path, found);
        } else {
            found.push((path.display().to_string(), env.disk().read(&path).expect("a file of the broker")));
        }
    }
}

async fn serve(client: &Env, env: &Env, data: Data, address: IpAddr, requests: &[u8]) -> u64 {
    let broker = Broker::start_with(env, BrokerConfig::new(SocketAddr::new(address, 9092)), data).await;
    let Ok(broker) = broker else { return 0 };
    let answers = converse(client, broker.addr(), requests).await;
    broker.stop().await;
    answers
}

pub(super) const BROKER_FILES: Target = Target {
    name: "broker-files",
    about: "the embedded broker's journal, logs and indexes: one file is replaced (or patched, its checksums put right), then it is served",
    words: &["\0\0\0\0", "\u{7f}", "{\"", "\":", "t", "null", "1", "\0\0\0\0\0\0\0\u{1}"],
    longest: 16 << 10,
    run: |input| {
        let [choice, how, rest @ ..] = input else { return 0 };
        let files = files();
        let (path, content) = &files[usize::from(*choice) % files.len()];
        let mut content = content.clone();
        match (how % 3, rest) {
            (0, _) => content = rest.to_vec(),
            (how, [high, low, patch @ ..]) => {
                let at = usize::from(u16::from_be_bytes([*high, *low])) % (content.len() + 1);
                let end = content.len().min(at + patch.len());
                content.splice(at..end, patch.iter().copied());
                if how == 2 {
                    mend(&mut content);
                }
            }
            _ => return 0,
        }
        Sim::new(0).run(|client, sim| async move {
            let disk = sim.disk("broker");
            for (other, whole) in files {
                if let Some(folder) = PathBuf::from(other).parent() {
                    let _ = disk.put_folder(&folder.display().to_string());
                }
                let bytes = if other == path { &content } else { whole };
                disk.put(other, bytes).expect("the disk is sound");
            }
            let env = sim.env_for("broker");
            match Data::open(&env, Path::new(FOLDER)) {
                Err(error) => outcome((choice, 0), &error.to_string()),
                Ok(data) => {
                    let requests = super::servers::conversation();
                    outcome((choice, serve(&client, &env, data, sim.ip_of("broker"), &requests).await), "")
                }
            }
        })
    },
};
