//! One connection, one request at a time.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use env::{Env, Stream};
use kafka_wire::protocol::Request;
use kafka_wire::{FrameReader, decode_response, encode_request, write_frame};
use tokio::io::AsyncWriteExt as _;

use super::runner::newest;

/// A connection.
pub(crate) struct Client {
    env: Env,
    stream: Box<dyn Stream>,
    frames: FrameReader,
    correlation: i32,
}

impl Client {
    pub(crate) async fn connect(env: &Env, addr: SocketAddr) -> Self {
        let stream = env.network().connect(addr).await.unwrap();
        Self { env: env.clone(), stream, frames: FrameReader::new(usize::MAX), correlation: 0 }
    }

    pub(crate) async fn send<Q: Request>(&mut self, version: i16, request: &Q) {
        self.correlation += 1;
        let frame = encode_request(self.correlation, Some("raw"), version, request).unwrap();
        self.stream.write_all(&frame).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The answer to what was sent last; `None` when the broker closes the connection.
    pub(crate) async fn receive<Q: Request>(&mut self, version: i16) -> Option<Q::Response> {
        let frame = self.frames.read(&mut self.stream).await.ok()??;
        let (id, response) = decode_response::<Q>(frame, version).unwrap();
        assert_eq!(id, self.correlation);
        Some(response)
    }

    pub(crate) async fn ask_at<Q: Request>(&mut self, version: i16, request: Q) -> Q::Response {
        self.send(version, &request).await;
        let answer = self.receive::<Q>(version).await;
        answer.unwrap_or_else(|| panic!("closed instead of an answer to {}", std::any::type_name::<Q>()))
    }

    /// Asks in the highest version there is a case for.
    pub(crate) async fn ask<Q: Request>(&mut self, request: Q) -> Q::Response {
        self.ask_at(newest(Q::KEY), request).await
    }

    /// Sends another request after one of type `P` that is not answered yet, and gives both answers.
    pub(crate) async fn ask_two<P: Request, Q: Request>(
        &mut self,
        first: i16,
        second: Q,
    ) -> (P::Response, Q::Response) {
        let version = newest(Q::KEY);
        self.send(version, &second).await;
        self.correlation -= 1;
        let answer = self.receive::<P>(first).await.unwrap();
        self.correlation += 1;
        (answer, self.receive::<Q>(version).await.unwrap())
    }

    /// Whether the broker closes the connection instead of sending anything.
    pub(crate) async fn is_closed(&mut self) -> bool {
        !matches!(self.frames.read(&mut self.stream).await, Ok(Some(_)))
    }

    /// Sends the oldest header and the bytes given, and gives the answer's frame.
    pub(crate) async fn exchange_raw(&mut self, api: i16, version: i16, body: &[u8]) -> Option<Bytes> {
        let mut frame = BytesMut::new();
        frame.put_i16(api);
        frame.put_i16(version);
        frame.put_i32(7);
        frame.put_i16(-1);
        frame.put_slice(body);
        self.send_frame(&frame).await
    }

    pub(crate) async fn send_frame(&mut self, frame: &[u8]) -> Option<Bytes> {
        write_frame(&mut self.stream, frame).await.ok()?;
        self.frames.read(&mut self.stream).await.ok().flatten()
    }

    pub(crate) async fn sleep(&mut self, time: Duration) {
        self.env.sleep(time).await;
    }
}
