//! One connection: requests are answered one after the other, in the order in which they come.

use std::net::SocketAddr;

use env::Stream;
use kafka_wire::{ApiKey, FrameReader, decode_request};
use tokio::io::AsyncWriteExt;

use super::dispatch::{Answer, answer};
use crate::broker::Node;

/// Serves a connection until the client closes it, says nothing for too long, or says what cannot be understood.
pub(super) async fn serve(node: &Node, mut stream: Box<dyn Stream>, peer: SocketAddr) {
    let mut frames = FrameReader::new(node.config.max_request_bytes);
    loop {
        let frame = match node.env.timeout(node.config.idle_limit, frames.read(&mut stream)).await {
            Ok(Ok(Some(frame))) => frame,
            Ok(Ok(None)) => return,
            Ok(Err(error)) => {
                tracing::debug!(%peer, %error, "a connection has broken");
                return;
            }
            Err(_) => {
                tracing::debug!(%peer, "an idle connection is closed");
                return;
            }
        };
        let request = match decode_request(frame) {
            Ok(request) => request,
            Err(error) => {
                tracing::warn!(%peer, %error, "a request cannot be read, its connection is closed");
                return;
            }
        };
        let answering = answer(node, &request, peer);
        let answered = if node.data.folder().is_some() && may_wait_for_disk(request.api_key) {
            node.env.lend(answering).await
        } else {
            answering.await
        };
        match answered {
            Answer::Send(bytes) => {
                let sent = async {
                    stream.write_all(&bytes).await?;
                    stream.flush().await
                };
                if let Err(error) = sent.await {
                    tracing::debug!(%peer, %error, "an answer cannot be sent");
                    return;
                }
            }
            Answer::Nothing => {}
            Answer::Close(reason) => {
                tracing::debug!(%peer, api = ?request.api_key, version = request.version, reason, "a connection is closed");
                return;
            }
        }
    }
}

/// Whether carrying it out may wait for the disk. Lending costs a switch of threads, and idle clients send nothing but the
/// others; Fetch lends itself what it needs.
fn may_wait_for_disk(api: ApiKey) -> bool {
    let never = [ApiKey::Fetch, ApiKey::Heartbeat, ApiKey::Metadata, ApiKey::FindCoordinator, ApiKey::ApiVersions];
    !never.contains(&api)
}
