//! A group's coordinator: which broker it is, and asking it.

use std::sync::Arc;
use std::time::Duration;

use kafka_wire::messages::FindCoordinatorRequest;
use kafka_wire::protocol::Request;
use kafka_wire::{ErrorCode, StrBytes};
use parking_lot::Mutex;

use crate::cluster::Cluster;
use crate::config::ServerAddress;
use crate::error::ClientError;
use crate::net::Link;

/// The coordinator of one group, found when needed.
pub(crate) struct Coordinator {
    cluster: Arc<Cluster>,
    group_id: Arc<str>,
    known: Mutex<Option<Arc<Link>>>,
}

impl Coordinator {
    pub(crate) fn new(cluster: Arc<Cluster>, group_id: &str) -> Self {
        Self { cluster, group_id: group_id.into(), known: Mutex::new(None) }
    }

    /// The cluster.
    pub(crate) fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    /// The group.
    pub(crate) fn group_id(&self) -> &str {
        &self.group_id
    }

    /// Asks the coordinator once, finding it first if it is not known. A connection that breaks makes it unknown.
    ///
    /// # Errors
    /// Those of finding and of asking; error codes inside the answer are the caller's to read.
    pub(crate) async fn call<Q: Request>(
        &self,
        timeout: Duration,
        make: impl FnOnce(i16) -> Q,
    ) -> Result<Q::Response, ClientError> {
        let link = self.find().await?;
        let answer = link.call(timeout, make).await;
        if answer.as_ref().is_err_and(ClientError::is_retriable) {
            self.forget(&link);
        }
        answer
    }

    /// Makes the coordinator unknown when a code in an answer says that it is another; whether it does.
    pub(crate) fn note(&self, code: ErrorCode) -> bool {
        let moved = matches!(code, ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable);
        if moved {
            self.known.lock().take();
        }
        moved
    }

    /// Cuts the connection to the coordinator: a request that it holds back must not keep the next one waiting.
    pub(crate) fn cut(&self) {
        if let Some(link) = &*self.known.lock() {
            link.abort();
        }
    }

    fn forget(&self, link: &Arc<Link>) {
        self.known.lock().take_if(|known| Arc::ptr_eq(known, link));
    }

    async fn find(&self) -> Result<Arc<Link>, ClientError> {
        if let Some(link) = self.known.lock().clone() {
            return Ok(link);
        }
        let key = StrBytes::from_string(self.group_id.to_string());
        let response = self
            .cluster
            .ask_any(|version| {
                let request = FindCoordinatorRequest::default();
                if version >= 4 {
                    request.with_coordinator_keys(vec![key.clone()])
                } else {
                    request.with_key(key.clone())
                }
            })
            .await?;
        let (code, message, host, port) = match response.coordinators.into_iter().next() {
            Some(found) => (found.error_code, found.error_message, found.host, found.port),
            None => (response.error_code, response.error_message, response.host, response.port),
        };
        if let Some(code) = ErrorCode::from_code(code) {
            return Err(self.refusal(code, message.as_deref()));
        }
        let port =
            u16::try_from(port).map_err(|_| ClientError::protocol(format!("the coordinator has port {port}")))?;
        let link = self.cluster.coordinator_link(&ServerAddress { host: host.to_string(), port });
        *self.known.lock() = Some(link.clone());
        Ok(link)
    }

    /// A group's error in the words Java uses.
    pub(crate) fn refusal(&self, code: ErrorCode, message: Option<&str>) -> ClientError {
        match code {
            ErrorCode::GroupAuthorizationFailed => {
                ClientError::broker_said(code, Some(&format!("Not authorized to access group: {}", self.group_id)))
            }
            _ => ClientError::broker_said(code, message),
        }
    }
}
