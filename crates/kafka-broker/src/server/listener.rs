//! Accepts connections.

use std::sync::Arc;
use std::time::Duration;

use env::Listener;

use super::connection::serve;
use crate::broker::Node;

/// After a failure to accept, which may go on for a while (no file descriptors left).
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);

/// Accepts connections until dropped.
pub(crate) async fn listen(node: Arc<Node>, mut listener: Box<dyn Listener>) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                node.env.sleep(PAUSE_AFTER_ERROR).await;
                continue;
            }
        };
        let mut connections = node.connections.lock();
        if connections.closed || connections.open.len() >= node.config.max_connections {
            tracing::warn!(%peer, "too many connections, this one is closed");
            continue;
        }
        let number = connections.next;
        connections.next += 1;
        // Entered first: the task may be over before it is known here.
        connections.open.insert(number, None);
        drop(connections);
        let connection = node.clone();
        let task = node.env.work().spawn(
            "kafka-broker connection",
            Box::pin(async move {
                let _closing = Closing { node: connection.clone(), number };
                serve(&connection, stream, peer).await;
            }),
        );
        let mut connections = node.connections.lock();
        if connections.closed {
            task.abort();
        } else if let Some(entry) = connections.open.get_mut(&number) {
            *entry = Some(task);
        }
    }
}

/// Takes the connection off the list, however it ends.
struct Closing {
    node: Arc<Node>,
    number: u64,
}

impl Drop for Closing {
    fn drop(&mut self) {
        let task = self.node.connections.lock().open.remove(&self.number);
        drop(task);
    }
}
