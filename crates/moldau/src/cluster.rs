//! Whether there is a cluster to talk to.

use std::time::Duration;

use env::Env;
use kafka_client::{Admin, AdminConfig};
use kafka_config::RawConfig;

use crate::exit::Exit;

/// How long a broker that does not answer is asked again.
const PATIENCE: Duration = Duration::from_secs(5);

/// An admin client of a cluster that has answered.
///
/// # Errors
/// A sentence with the address when nobody answers in time.
pub(crate) async fn reach(env: &Env, servers: &str, client: &RawConfig) -> Result<Admin, Exit> {
    let unreachable = |error: &dyn std::fmt::Display| {
        Exit::worker(format!(
            "no Kafka broker answers at {servers} (--bootstrap-server): {error}. Start one with 'moldau quickstart' or \
             'moldau broker', or name the address of yours"
        ))
    };
    let config =
        AdminConfig::parse(client).map_err(|error| Exit::usage(format!("--bootstrap-server {servers}: {error}")))?;
    let admin = Admin::new(env.clone(), config);
    admin.describe_cluster_within(PATIENCE).await.map_err(|error| unreachable(&error))?;
    Ok(admin)
}
