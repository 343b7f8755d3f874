//! Keeping the snapshot fresh.

use std::sync::Arc;
use std::time::Duration;

use env::Instant;
use kafka_wire::ErrorCode;
use kafka_wire::messages::{MetadataRequest, MetadataResponse};

use super::topology::Cluster;
use crate::config::ServerAddress;
use crate::error::ClientError;
use crate::net::{Backoff, Link};

impl Cluster {
    /// The refresh task.
    pub(super) async fn refresh_forever(self: Arc<Self>) {
        let mut backoff = Backoff::new(self.config.retry_backoff);
        let mut wait = self.config.retry_backoff.first;
        loop {
            self.wait_until_due(wait).await;
            let settled = self.refresh_once().await;
            wait = if settled {
                backoff.reset();
                self.config.retry_backoff.first
            } else {
                backoff.fail(self.env.random())
            };
        }
    }

    /// Waits until an update was asked for or the knowledge is old, and `spacing` has passed since the last attempt.
    async fn wait_until_due(&self, spacing: Duration) {
        loop {
            let due = self.due();
            let now = self.env.clock().now();
            if due <= now {
                break;
            }
            tokio::select! {
                biased;
                () = self.wanted.notified() => {}
                () = self.env.clock().sleep_until(due) => {}
            }
        }
        let last = self.state.lock().last_attempt;
        if let Some(last) = last {
            self.env.clock().sleep_until(last + spacing).await;
        }
    }

    fn due(&self) -> Instant {
        let state = self.state.lock();
        if state.asked > state.served {
            return Instant::from_origin(Duration::ZERO);
        }
        match state.last_success {
            Some(last) if state.interest.all || !state.interest.topics.is_empty() => {
                last + self.config.metadata_max_age
            }
            _ => Instant::from_origin(Duration::MAX),
        }
    }

    /// Asks once. Whether everything asked for is known now.
    async fn refresh_once(&self) -> bool {
        let (asked, interest) = {
            let mut state = self.state.lock();
            let now = self.env.clock().now();
            state.last_attempt = Some(now);
            state.trying_since.get_or_insert(now);
            (state.asked, state.interest.clone())
        };
        let allow = self.config.allow_auto_topic_creation;
        let answer = self.ask_until_triggered(|version| interest.request(version, allow)).await;
        self.state.lock().last_attempt = Some(self.env.clock().now());
        match answer {
            Ok(response) => self.take(asked, &response),
            Err(error) => {
                let mut state = self.state.lock();
                match &state.error {
                    // Once per outage.
                    Some(_) => tracing::debug!(%error, "metadata could not be refreshed"),
                    None => tracing::warn!(%error, "metadata could not be refreshed, trying until it can"),
                }
                state.error = Some(error);
                drop(state);
                self.changes.send_modify(|(_, failures)| *failures += 1);
                false
            }
        }
    }

    /// Asks the brokers known as long as `metadata.recovery.rebootstrap.trigger.ms` lets them, then those of
    /// `bootstrap.servers` alone (KIP-1102).
    async fn ask_until_triggered(
        &self,
        make: impl Fn(i16) -> MetadataRequest,
    ) -> Result<MetadataResponse, ClientError> {
        if let Some(at) = self.trigger() {
            let left = at.saturating_since(self.env.clock().now());
            if let Ok(answer) = self.env.timeout(left, self.ask_any(&make)).await {
                return answer;
            }
            tracing::info!("no broker gives metadata, beginning anew with bootstrap.servers");
            self.state.lock().must_rebootstrap = true;
            self.leave_all();
        }
        self.ask_any(make).await
    }

    /// When the brokers known are not to be asked any longer; `None`: never, or none is known.
    fn trigger(&self) -> Option<Instant> {
        let state = self.state.lock();
        let may = self.config.rebootstrap && !state.must_rebootstrap && !state.snapshot.brokers.is_empty();
        state.trying_since.filter(|_| may).map(|since| since + self.config.rebootstrap_trigger)
    }

    fn take(&self, asked: u64, response: &MetadataResponse) -> bool {
        if ErrorCode::from_code(response.error_code) == Some(ErrorCode::RebootstrapRequired) {
            self.state.lock().must_rebootstrap = true;
            return false;
        }
        let snapshot = {
            let mut state = self.state.lock();
            let snapshot = Arc::new(state.snapshot.merge(response));
            state.snapshot = snapshot.clone();
            state.served = state.served.max(asked);
            state.last_success = Some(self.env.clock().now());
            state.trying_since = None;
            if state.error.take().is_some() {
                tracing::info!("Kafka can be reached again");
            }
            state.must_rebootstrap = false;
            if snapshot.is_unsettled() {
                state.asked += 1;
            }
            snapshot
        };
        if !snapshot.brokers.is_empty() {
            self.retain_links(&snapshot);
        }
        self.changes.send_modify(|(generation, _)| *generation = snapshot.generation);
        !snapshot.is_unsettled()
    }

    /// Asks brokers one after the other until one answers: those known first, then those of `bootstrap.servers`.
    ///
    /// # Errors
    /// `UnresolvableHost` when there was never a broker and no name has an address, else `Unreachable`.
    pub(crate) async fn ask_any<Q: kafka_wire::protocol::Request>(
        &self,
        make: impl Fn(i16) -> Q,
    ) -> Result<Q::Response, ClientError> {
        let mut failures = Failures::default();
        for address in self.candidates() {
            match self.link(&address).call(self.config.request_timeout, &make).await {
                Ok(response) => return Ok(response),
                Err(error @ ClientError::Unsupported(_)) => return Err(error),
                Err(error) => failures.add(&address, error),
            }
        }
        let known = self.state.lock().snapshot.generation > 0;
        Err(failures.into_error(known))
    }

    /// Where to ask, best first: open connections, that of the broker that owes the fewest answers first, for one that
    /// hangs, or holds a fetch back, would keep the question waiting; then the other known brokers in random order,
    /// then the bootstrap addresses in random order (only those when it is time to begin anew).
    fn candidates(&self) -> Vec<ServerAddress> {
        let (snapshot, stale) = {
            let state = self.state.lock();
            (state.snapshot.clone(), state.must_rebootstrap)
        };
        let mut candidates = Vec::new();
        if !(stale && self.config.rebootstrap) {
            candidates.extend(self.shuffled(snapshot.brokers.values()));
            candidates.sort_by_key(|address| self.link(address).live().map_or(usize::MAX, |live| live.owed()));
        }
        if candidates.is_empty() || self.config.rebootstrap {
            for address in self.shuffled(self.config.bootstrap.iter()) {
                if !candidates.contains(&address) {
                    candidates.push(address);
                }
            }
        }
        candidates
    }

    fn shuffled<'a>(&self, addresses: impl ExactSizeIterator<Item = &'a ServerAddress>) -> Vec<ServerAddress> {
        let mut shuffled: Vec<ServerAddress> = addresses.cloned().collect();
        for at in (1..shuffled.len()).rev() {
            let other = self.env.random().below(at as u64 + 1) as usize;
            shuffled.swap(at, other);
        }
        shuffled
    }

    /// The way to any broker that answers, for requests that every broker takes.
    ///
    /// # Errors
    /// As [`Cluster::ask_any`].
    pub(crate) async fn any_link(&self) -> Result<Arc<Link>, ClientError> {
        let mut failures = Failures::default();
        for address in self.candidates() {
            let link = self.link(&address);
            match link.connection().await {
                Ok(_) => return Ok(link),
                Err(error) => failures.add(&address, error),
            }
        }
        let known = self.state.lock().snapshot.generation > 0;
        Err(failures.into_error(known))
    }
}

/// Why nobody answered.
#[derive(Default)]
struct Failures {
    tried: Vec<String>,
    unresolvable: Vec<String>,
    last: Option<ClientError>,
}

impl Failures {
    fn add(&mut self, address: &ServerAddress, error: ClientError) {
        self.tried.push(address.to_string());
        if let ClientError::UnresolvableHost { hosts } = &error {
            self.unresolvable.push(hosts.to_string());
        }
        self.last = Some(error);
    }

    /// Once the cluster was known, names that are not resolved are an outage like any other.
    fn into_error(self, known: bool) -> ClientError {
        if !known && !self.tried.is_empty() && self.unresolvable.len() == self.tried.len() {
            return ClientError::UnresolvableHost { hosts: self.unresolvable.join(", ").into() };
        }
        ClientError::Unreachable {
            tried: self.tried.join(", ").into(),
            reason: self.last.map_or_else(|| "no broker is known".to_owned(), |error| error.to_string()).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicBool, Ordering};

    use env::{Env, Stream};
    use env_sim::{SimHandle, replay_seeds};
    use kafka_config::RawConfig;
    use kafka_wire::messages::api_versions_response::ApiVersion;
    use kafka_wire::messages::metadata_response::MetadataResponseBroker;
    use kafka_wire::messages::{ApiVersionsResponse, BrokerId, MetadataRequest};
    use kafka_wire::{ApiKey, FrameReader, StrBytes, decode_request, encode_response};
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::config::AdminConfig;

    const HOSTS: [&str; 3] = ["a", "b", "c"];
    const METADATA: i16 = 5;

    fn address(host: &str) -> ServerAddress {
        ServerAddress { host: host.to_owned(), port: 1 }
    }

    /// A broker that knows all of [`HOSTS`], and gives no answer while it hangs.
    async fn serve(sim: &SimHandle, host: &'static str, hangs: Arc<AtomicBool>) {
        let env = sim.env_for(host);
        let mut listener = env.network().listen(SocketAddr::new(sim.ip_of(host), 1)).await.unwrap();
        let spawner = env.clone();
        let accept = async move {
            while let Ok((stream, _)) = listener.accept().await {
                spawner.work().spawn("connection", Box::pin(answer(stream, hangs.clone())));
            }
        };
        env.work().spawn("broker", Box::pin(accept));
    }

    async fn answer(mut stream: Box<dyn Stream>, hangs: Arc<AtomicBool>) {
        let mut reader = FrameReader::new(1 << 20);
        while let Ok(Some(frame)) = reader.read(&mut stream).await {
            let request = decode_request(frame).unwrap();
            let answer = if request.api_key == ApiKey::ApiVersions {
                let metadata = ApiVersion::default().with_api_key(ApiKey::Metadata as i16).with_max_version(METADATA);
                let response = ApiVersionsResponse::default().with_api_keys(vec![metadata]);
                encode_response(request.correlation_id, request.version, &response)
            } else if hangs.load(Ordering::Relaxed) {
                continue;
            } else {
                let brokers = HOSTS.iter().zip(1..).map(|(host, id)| {
                    let host = StrBytes::from_static_str(host);
                    MetadataResponseBroker::default().with_node_id(BrokerId(id)).with_host(host).with_port(1)
                });
                let response = MetadataResponse::default().with_brokers(brokers.collect());
                encode_response(request.correlation_id, METADATA, &response)
            };
            stream.write_all(&answer.unwrap()).await.unwrap();
        }
    }

    async fn refreshed(cluster: &Arc<Cluster>) {
        let asked = cluster.request_update();
        cluster.changes().wait_for(|_| cluster.is_served(asked)).await.unwrap();
    }

    fn client(env: &Env) -> Arc<Cluster> {
        let bootstrap = HOSTS.map(|host| format!("{host}:1")).join(",");
        let raw = RawConfig::from([("bootstrap.servers", bootstrap.as_str()), ("request.timeout.ms", "30000")]);
        Cluster::new(env.clone(), Arc::new(AdminConfig::parse(&raw).unwrap().client))
    }

    #[test]
    fn a_broker_that_hangs_is_not_asked_while_another_is_idle() {
        replay_seeds(0..20, async |_, sim| {
            let hangs = HOSTS.map(|_| Arc::new(AtomicBool::new(false)));
            for (host, hangs) in HOSTS.iter().zip(&hangs) {
                serve(&sim, host, hangs.clone()).await;
            }
            let env = sim.env_for("client");
            let cluster = client(&env);
            refreshed(&cluster).await;
            let mut waiting = Vec::new();
            for (host, hangs) in HOSTS.iter().zip(&hangs).take(2) {
                let connection = cluster.link(&address(host)).connection().await.unwrap();
                hangs.store(true, Ordering::Relaxed);
                let request = MetadataRequest::default();
                waiting.push(connection.submit(METADATA, &request, Duration::from_secs(30)).await.unwrap());
            }
            cluster.link(&address("c")).connection().await.unwrap();
            let begun = env.clock().now();
            refreshed(&cluster).await;
            let took = env.clock().now().saturating_since(begun);
            assert!(took < Duration::from_secs(1), "{took:?}");
            cluster.abort();
        });
    }

    #[test]
    fn a_name_without_address_is_told_apart_only_at_first() {
        let failures = || {
            let mut failures = Failures::default();
            let address = ServerAddress { host: "nowhere".into(), port: 1 };
            failures.add(&address, ClientError::UnresolvableHost { hosts: "nowhere:1: unknown".into() });
            failures
        };
        assert!(matches!(failures().into_error(false), ClientError::UnresolvableHost { .. }));
        assert!(matches!(failures().into_error(true), ClientError::Unreachable { .. }));
        assert!(matches!(Failures::default().into_error(false), ClientError::Unreachable { .. }));
    }
}
