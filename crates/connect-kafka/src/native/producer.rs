//! Producing through the native client.

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::{Error, Kind, Result};
use kafka_client::ClientError;
use kafka_client::producer::Rows;

use super::from_client;
use crate::{AppendError, Completion, Producer};

pub(crate) struct NativeProducer(pub(crate) kafka_client::Producer);

#[async_trait]
impl Producer for NativeProducer {
    fn append(&self, rows: &Rows, range: Range<usize>) -> Result<usize, AppendError> {
        self.0
            .append(rows, range)
            .map_err(|refused| AppendError { row: refused.row, error: from_client(refused.error) })
    }

    async fn ready(&self) -> Result<()> {
        self.0.ready().await.map_err(from_client)
    }

    fn flush(&self) {
        self.0.flush();
    }

    async fn completions(&self) -> Vec<Completion> {
        self.0.completions().await.into_iter().map(converted).collect()
    }

    fn begin(&self) -> Result<()> {
        Err(no_transactions())
    }

    async fn commit(&self) -> Result<()> {
        Err(no_transactions())
    }

    async fn abort(&self) -> Result<()> {
        Err(no_transactions())
    }

    async fn close(&self, limit: Duration) {
        self.0.close(limit).await;
    }

    fn close_now(&self) {
        self.0.abort_now();
    }
}

fn no_transactions() -> Error {
    Error::new(Kind::Unsupported, "This version of Moldau cannot write in transactions yet")
}

fn converted(completion: kafka_client::producer::Completion<ClientError>) -> Completion {
    Completion {
        topic: completion.topic,
        partition: completion.partition,
        runs: completion.runs,
        log_append_time: completion.log_append_time,
        error: completion.error.map(from_client),
    }
}
