//! One connection, driven by one task: requests go out in the order they were submitted, answers come back in it.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use bytes::{Buf, Bytes};
use env::{BoxFuture, Env, Instant, Stream, Task};
use kafka_wire::protocol::Request;
use kafka_wire::request::correlation_id;
use kafka_wire::{ApiKey, Versions, decode_response, encode_request};
use tokio::io::{AsyncWrite, AsyncWriteExt, WriteHalf};
use tokio::sync::{mpsc, oneshot};

use super::handshake::{self, Ready};
use super::incoming::{Arrival, Incoming};
use crate::config::{ClientConfig, ServerAddress};
use crate::error::ClientError;

/// Requests that wait for the connection to take them; callers bound what they have in flight, this bounds their sum.
const QUEUE: usize = 64;

/// A connection. It ends when it is dropped and nobody waits for an answer any more, when the broker closes it, when an
/// answer does not come in time, or when nothing was asked for `connections.max.idle.ms`.
pub(crate) struct Connection {
    broker: Arc<str>,
    client_id: Arc<str>,
    versions: Versions,
    next_id: AtomicI32,
    requests: mpsc::Sender<Outgoing>,
    /// Shared with each request that waits for its answer.
    owed: Arc<()>,
    task: Box<dyn Task>,
    env: Env,
}

/// An answer that is on its way.
pub(crate) struct Pending<Q> {
    broker: Arc<str>,
    version: i16,
    answer: oneshot::Receiver<Result<Bytes, ClientError>>,
    request: PhantomData<fn() -> Q>,
}

struct Outgoing {
    frame: Bytes,
    in_flight: InFlight,
}

struct InFlight {
    id: i32,
    timeout: Duration,
    deadline: Instant,
    /// Whether its answer waits for room.
    needs_room: bool,
    /// Whether the broker answers at all (it does not to a Produce request with acks=0).
    answered: bool,
    reply: oneshot::Sender<Result<Bytes, ClientError>>,
    /// See [`Connection::owed`].
    _owed: Arc<()>,
}

impl Connection {
    /// Resolves, connects and negotiates versions. `setup` bounds each attempt to connect.
    ///
    /// # Errors
    /// `UnresolvableHost` when the name has no address, else mostly `Disconnected`.
    pub(crate) async fn open(
        env: &Env,
        config: &ClientConfig,
        address: &ServerAddress,
        setup: Duration,
    ) -> Result<Self, ClientError> {
        let Ready { stream, reader, versions } = handshake::connect(env, config, address, setup).await?;
        let (requests, queue) = mpsc::channel(QUEUE);
        let broker: Arc<str> = address.to_string().into();
        let (read, write) = tokio::io::split(stream);
        let driver = Driver {
            env: env.clone(),
            broker: broker.clone(),
            queue,
            open: true,
            incoming: Incoming::new(read, reader, config.memory.clone()),
            write,
            outgoing: Bytes::new(),
            in_flight: VecDeque::new(),
            max_idle: config.connections_max_idle,
            last_use: env.clock().now(),
            timer: None,
        };
        let task = env.work().spawn("kafka-connection", Box::pin(driver.run()));
        Ok(Self {
            broker,
            client_id: config.client_id.as_str().into(),
            versions,
            next_id: AtomicI32::new(1),
            requests,
            owed: Arc::new(()),
            task,
            env: env.clone(),
        })
    }

    /// Whether it has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    /// How many answers the broker owes.
    pub(crate) fn owed(&self) -> usize {
        Arc::strong_count(&self.owed) - 1
    }

    /// Ends it at once, whatever is in flight.
    pub(crate) fn abort(&self) {
        self.task.abort();
    }

    /// Submits what `make` builds for the negotiated version, and waits for the answer.
    ///
    /// # Errors
    /// As [`Connection::submit`], and those of [`Pending::answer`].
    pub(crate) async fn call<Q: Request>(
        &self,
        timeout: Duration,
        make: impl FnOnce(i16) -> Q,
    ) -> Result<Q::Response, ClientError> {
        let version = self.version::<Q>()?;
        self.submit(version, &make(version), timeout).await?.answer().await
    }

    /// The negotiated version of a request.
    ///
    /// # Errors
    /// `Unsupported` when the broker has none in common with us.
    pub(crate) fn version<Q: Request>(&self) -> Result<i16, ClientError> {
        let api = ApiKey::try_from(Q::KEY).map_err(|()| ClientError::protocol(format!("no API {}", Q::KEY)))?;
        Ok(self.versions.pick(api)?)
    }

    /// Hands a request over. Requests of one caller go out in the order of their calls.
    ///
    /// # Errors
    /// `Disconnected` when the connection has ended, `Protocol` when the request cannot be expressed in this version.
    pub(crate) async fn submit<Q: Request>(
        &self,
        version: i16,
        request: &Q,
        timeout: Duration,
    ) -> Result<Pending<Q>, ClientError> {
        self.submit_with(version, request, timeout, true).await
    }

    /// As [`Connection::submit`], for a request the broker does not answer: completes with no bytes once written.
    pub(crate) async fn submit_with<Q: Request>(
        &self,
        version: i16,
        request: &Q,
        timeout: Duration,
        answered: bool,
    ) -> Result<Pending<Q>, ClientError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let frame = encode_request(id, Some(&self.client_id), version, request)?.freeze();
        let (reply, answer) = oneshot::channel();
        let deadline = self.env.clock().now() + timeout;
        let needs_room = Q::KEY == ApiKey::Fetch as i16;
        let in_flight = InFlight { id, timeout, deadline, needs_room, answered, reply, _owed: self.owed.clone() };
        let outgoing = Outgoing { frame, in_flight };
        if self.requests.send(outgoing).await.is_err() {
            return Err(lost(&self.broker, "the connection was closed"));
        }
        Ok(Pending { broker: self.broker.clone(), version, answer, request: PhantomData })
    }
}

impl<Q: Request> Pending<Q> {
    /// The answer.
    ///
    /// # Errors
    /// `Timeout` when it did not come in time, `Disconnected` when the connection ended first, `Protocol` when it
    /// cannot be read.
    pub(crate) async fn answer(self) -> Result<Q::Response, ClientError> {
        let version = self.version;
        let frame = self.bytes().await?;
        Ok(decode_response::<Q>(frame, version)?.1)
    }

    /// That the request was written, for one without an answer.
    ///
    /// # Errors
    /// As [`Pending::answer`].
    pub(crate) async fn written(self) -> Result<(), ClientError> {
        self.bytes().await.map(drop)
    }

    async fn bytes(self) -> Result<Bytes, ClientError> {
        self.answer.await.unwrap_or_else(|_| Err(lost(&self.broker, "the connection was closed")))
    }
}

fn lost(broker: &Arc<str>, reason: &str) -> ClientError {
    ClientError::Disconnected { broker: broker.clone(), reason: reason.into() }
}

/// The task of a connection.
struct Driver {
    env: Env,
    broker: Arc<str>,
    queue: mpsc::Receiver<Outgoing>,
    /// Whether somebody may still submit.
    open: bool,
    incoming: Incoming,
    write: WriteHalf<Box<dyn Stream>>,
    outgoing: Bytes,
    in_flight: VecDeque<InFlight>,
    max_idle: Option<Duration>,
    last_use: Instant,
    timer: Option<(Instant, BoxFuture<'static, ()>)>,
}

impl Driver {
    async fn run(mut self) {
        let reason = loop {
            if !self.open && self.outgoing.is_empty() && self.in_flight.iter().all(|each| each.reply.is_closed()) {
                return;
            }
            self.arm();
            let needs_room = self.in_flight.front().is_some_and(|first| first.needs_room);
            let timer = self.timer.as_mut().map(|(_, timer)| timer);
            tokio::select! {
                biased;
                frame = self.incoming.next(needs_room) => match frame {
                    Ok(Some(Arrival::Room)) => self.extend(),
                    Ok(Some(Arrival::Frame(frame))) => if let Err(reason) = self.deliver(frame) { break reason },
                    Ok(None) => break "the broker closed the connection".to_owned(),
                    Err(error) => break error.to_string(),
                },
                // Reads go on meanwhile: the broker may not take more before it got rid of an answer.
                written = write_some(&mut self.write, &mut self.outgoing), if !self.outgoing.is_empty() => match written {
                    Ok(()) => self.written(),
                    Err(error) => break error.to_string(),
                },
                next = self.queue.recv(), if self.open && self.outgoing.is_empty() => match next {
                    Some(next) => self.begin(next),
                    None => self.open = false,
                },
                () = fire(timer) => {
                    self.timer = None;
                    if let Some(reason) = self.expire() { break reason }
                }
            }
        };
        tracing::debug!(broker = %self.broker, reason, "connection ended");
        self.queue.close();
        for each in self.in_flight.drain(..) {
            let _ = each.reply.send(Err(lost(&self.broker, &reason)));
        }
    }

    fn begin(&mut self, next: Outgoing) {
        self.last_use = self.env.clock().now();
        self.outgoing = next.frame;
        self.in_flight.push_back(next.in_flight);
    }

    /// The whole request is with the operating system: one that is not answered is done.
    fn written(&mut self) {
        if self.outgoing.is_empty()
            && let Some(last) = self.in_flight.pop_back_if(|last| !last.answered)
        {
            let _ = last.reply.send(Ok(Bytes::new()));
        }
    }

    /// The answer that comes now had to wait for room, which is no fault of the broker.
    fn extend(&mut self) {
        let now = self.env.clock().now();
        for each in &mut self.in_flight {
            each.deadline = each.deadline.max(now + each.timeout);
        }
    }

    fn deliver(&mut self, frame: Bytes) -> Result<(), String> {
        self.last_use = self.env.clock().now();
        let id = correlation_id(&frame).map_err(|error| error.to_string())?;
        let Some(first) = self.in_flight.pop_front() else {
            return Err(format!("the broker answered request {id}, which was not asked"));
        };
        if first.id != id {
            let reason = format!("the broker answered request {id} where {} was expected", first.id);
            self.in_flight.push_front(first);
            return Err(reason);
        }
        let _ = first.reply.send(Ok(frame));
        Ok(())
    }

    /// Sets the timer to the earliest deadline. One that fires too early is harmless, so it is not moved back.
    fn arm(&mut self) {
        if self.incoming.is_waiting() {
            return;
        }
        let earliest = match self.in_flight.iter().map(|each| each.deadline).min() {
            Some(deadline) => deadline,
            None => match self.max_idle {
                Some(max_idle) => self.last_use + max_idle,
                None => return,
            },
        };
        if self.timer.as_ref().is_none_or(|(at, _)| earliest < *at) {
            self.timer = Some((earliest, self.env.clock().sleep_until(earliest)));
        }
    }

    /// Why to end the connection now, if so.
    fn expire(&mut self) -> Option<String> {
        if self.incoming.is_waiting() {
            return None;
        }
        let now = self.env.clock().now();
        if self.in_flight.is_empty() {
            let idle = self.max_idle.is_some_and(|max_idle| self.last_use + max_idle <= now);
            return idle.then(|| "it was idle".to_owned());
        }
        let mut late = false;
        // Requests answered in order cannot be skipped, so one late answer ends the connection.
        let mut kept = VecDeque::with_capacity(self.in_flight.len());
        for each in self.in_flight.drain(..) {
            if each.deadline <= now {
                late = true;
                let message = format!("{} did not answer in time", self.broker);
                let _ = each.reply.send(Err(ClientError::timeout(message)));
            } else {
                kept.push_back(each);
            }
        }
        self.in_flight = kept;
        late.then(|| "an answer did not come in time".to_owned())
    }
}

async fn write_some<W: AsyncWrite + Unpin>(stream: &mut W, outgoing: &mut Bytes) -> std::io::Result<()> {
    if stream.write_buf(outgoing).await? == 0 && outgoing.has_remaining() {
        return Err(std::io::ErrorKind::WriteZero.into());
    }
    if outgoing.is_empty() {
        stream.flush().await?;
    }
    Ok(())
}

async fn fire(timer: Option<&mut BoxFuture<'static, ()>>) {
    match timer {
        Some(timer) => timer.await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use env_sim::replay;
    use kafka_config::RawConfig;
    use kafka_wire::messages::api_versions_response::ApiVersion;
    use kafka_wire::messages::{
        ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, MetadataResponse, metadata_response,
    };
    use kafka_wire::{FrameReader, IncomingRequest, StrBytes, decode_request, encode_response};

    use super::*;
    use crate::config::AdminConfig;

    fn config() -> ClientConfig {
        let raw = RawConfig::from([("bootstrap.servers", "server:1"), ("request.timeout.ms", "5000")]);
        AdminConfig::parse(&raw).unwrap().client
    }

    fn address() -> ServerAddress {
        ServerAddress { host: "server".to_owned(), port: 1 }
    }

    /// The other side, as a script sees it.
    struct Server {
        stream: Box<dyn Stream>,
        reader: FrameReader,
    }

    impl Server {
        async fn next(&mut self) -> Option<IncomingRequest> {
            Some(decode_request(self.reader.read(&mut self.stream).await.ok()??).unwrap())
        }

        async fn answer(&mut self, correlation_id: i32, controller: i32) {
            let response = MetadataResponse::default().with_controller_id(controller.into());
            let frame = encode_response(correlation_id, 5, &response).unwrap();
            self.stream.write_all(&frame).await.unwrap();
        }

        /// Agrees on Metadata version 5.
        async fn agree(&mut self) {
            let request = self.next().await.unwrap();
            let metadata = ApiVersion::default().with_api_key(ApiKey::Metadata as i16).with_max_version(5);
            let response = ApiVersionsResponse::default().with_api_keys(vec![metadata]);
            let frame = encode_response(request.correlation_id, request.version, &response).unwrap();
            self.stream.write_all(&frame).await.unwrap();
        }
    }

    /// Runs a script for the first connection that is made, and `body` for the client's side.
    fn with_server<S, F>(
        script: impl Fn(Server) -> S + Clone + Send + Sync + 'static,
        body: impl Fn(Env, Connection) -> F,
    ) where
        S: Future<Output = ()> + Send + 'static,
        F: Future<Output = ()>,
    {
        replay(1, async |_, sim| {
            let server = sim.env_for("server");
            let mut listener = server.network().listen(SocketAddr::new(sim.ip_of("server"), 1)).await.unwrap();
            let script = script.clone();
            let run = async move {
                let (stream, _) = listener.accept().await.unwrap();
                script(Server { stream, reader: FrameReader::new(1 << 20) }).await;
            };
            server.work().spawn("server", Box::pin(run));
            let env = sim.env_for("client");
            let opened = Connection::open(&env, &config(), &address(), Duration::from_secs(10)).await.unwrap();
            body(env, opened).await;
        });
    }

    const TIMEOUT: Duration = Duration::from_secs(5);

    async fn ask(connection: &Connection) -> Result<i32, ClientError> {
        let response = connection.call(TIMEOUT, |_| MetadataRequest::default()).await;
        response.map(|response| response.controller_id.0)
    }

    #[test]
    fn what_the_broker_owes_is_counted() {
        let script = async |mut server: Server| {
            server.agree().await;
            let first = server.next().await.unwrap();
            server.next().await.unwrap();
            server.answer(first.correlation_id, 1).await;
            // Until the client is gone.
            server.next().await;
        };
        with_server(script, async |_, connection| {
            assert_eq!(connection.owed(), 0);
            let submit = || async { connection.submit(5, &MetadataRequest::default(), TIMEOUT).await.unwrap() };
            let (first, second) = (submit().await, submit().await);
            assert_eq!(connection.owed(), 2);
            first.answer().await.unwrap();
            assert_eq!(connection.owed(), 1);
            connection.abort();
            second.answer().await.unwrap_err();
            assert_eq!(connection.owed(), 0);
        });
    }

    #[test]
    fn requests_are_pipelined() {
        let script = async |mut server: Server| {
            server.agree().await;
            let (first, second) = (server.next().await.unwrap(), server.next().await.unwrap());
            server.answer(first.correlation_id, 1).await;
            server.answer(second.correlation_id, 2).await;
            server.next().await;
        };
        with_server(script, async |_, connection| {
            let request = MetadataRequest::default();
            let first = connection.submit(5, &request, TIMEOUT).await.unwrap();
            let second = connection.submit(5, &request, TIMEOUT).await.unwrap();
            assert_eq!(second.answer().await.unwrap().controller_id.0, 2);
            assert_eq!(first.answer().await.unwrap().controller_id.0, 1);
            assert!(!connection.is_closed());
        });
    }

    #[test]
    fn an_old_broker_is_asked_in_the_version_it_knows() {
        let script = async |mut server: Server| {
            let first = server.next().await.unwrap();
            assert_eq!(first.version, 3);
            let refusal = ApiVersionsResponse::default().with_error_code(35);
            let frame = encode_response(first.correlation_id, 0, &refusal).unwrap();
            server.stream.write_all(&frame).await.unwrap();
            server.agree().await;
            let request = server.next().await.unwrap();
            server.answer(request.correlation_id, 7).await;
        };
        with_server(script, async |_, connection| {
            assert_eq!(ask(&connection).await, Ok(7));
            assert!(connection.version::<ApiVersionsRequest>().is_err(), "not in its list");
        });
    }

    #[test]
    fn an_answer_to_something_else_ends_the_connection() {
        let script = async |mut server: Server| {
            server.agree().await;
            let request = server.next().await.unwrap();
            server.answer(request.correlation_id + 5, 1).await;
            server.next().await;
        };
        with_server(script, async |_, connection| {
            let error = ask(&connection).await.unwrap_err();
            assert!(error.to_string().contains("was expected"), "{error}");
            assert!(error.is_retriable() && connection.is_closed());
            assert!(matches!(ask(&connection).await, Err(ClientError::Disconnected { .. })));
        });
    }

    #[test]
    fn a_late_answer_ends_the_connection_for_all() {
        let script = async |mut server: Server| {
            server.agree().await;
            while server.next().await.is_some() {}
        };
        with_server(script, async |env, connection| {
            let request = MetadataRequest::default();
            let begun = env.clock().now();
            let first = connection.submit(5, &request, TIMEOUT).await.unwrap();
            let second = connection.submit(5, &request, TIMEOUT * 10).await.unwrap();
            assert!(matches!(first.answer().await, Err(ClientError::Timeout(_))));
            assert!(matches!(second.answer().await, Err(ClientError::Disconnected { .. })));
            assert_eq!(env.clock().now().saturating_since(begun).as_secs(), 5);
        });
    }

    #[test]
    fn what_is_not_kafka_is_told() {
        let script = async |mut server: Server| {
            server.agree().await;
            server.next().await;
            server.stream.write_all(b"HTTP/1.1 400 Bad Request").await.unwrap();
            server.next().await;
        };
        with_server(script, async |_, connection| {
            let error = ask(&connection).await.unwrap_err();
            assert!(matches!(error, ClientError::Disconnected { .. } | ClientError::Timeout(_)), "{error}");
            assert!(connection.is_closed());
        });
    }

    #[test]
    fn garbage_in_an_answer_is_an_error_of_that_call() {
        let script = async |mut server: Server| {
            server.agree().await;
            let request = server.next().await.unwrap();
            let broker = metadata_response::MetadataResponseBroker::default().with_host(StrBytes::from_static_str("x"));
            let response = MetadataResponse::default().with_brokers(vec![broker]);
            let mut frame = encode_response(request.correlation_id, 5, &response).unwrap();
            let cut = frame.len() - 3;
            frame.truncate(cut);
            let length = (cut as i32 - 4).to_be_bytes();
            frame[..4].copy_from_slice(&length);
            server.stream.write_all(&frame).await.unwrap();
            let request = server.next().await.unwrap();
            server.answer(request.correlation_id, 3).await;
        };
        with_server(script, async |_, connection| {
            assert!(matches!(ask(&connection).await, Err(ClientError::Protocol(_))));
            assert_eq!(ask(&connection).await, Ok(3));
        });
    }
}
