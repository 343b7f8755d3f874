//! Runs a broker in memory until it is killed: `cargo run -p kafka-broker --example broker -- 127.0.0.1:9092`.

use std::process::ExitCode;

use kafka_broker::{Broker, BrokerConfig};

fn main() -> ExitCode {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9092".to_owned());
    let Ok(listen) = listen.parse() else {
        eprintln!("{listen} is no address and port");
        return ExitCode::from(1);
    };
    let runtime = match env_real::runtime(2, 2) {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return ExitCode::from(2);
        }
    };
    let env = env_real::env(runtime.handle().clone());
    runtime.block_on(async {
        match Broker::start(&env, BrokerConfig::new(listen)).await {
            Ok(broker) => {
                println!("cluster {} at {}", broker.cluster_id(), broker.bootstrap_servers());
                std::future::pending().await
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::from(2)
            }
        }
    })
}
