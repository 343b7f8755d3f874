//! Consumed records to Connect records.

use std::sync::Arc;

use connect_api::{DecodeContext, Error, Headers, Origin, Record, Result, SinkOrigin};
use connect_kafka::ConsumedRecord;

use super::Converters;
use crate::errors::{FailedRecord, Policy, Stage};

/// Converts consumed records.
pub struct Decoder {
    converters: Converters,
}

impl Decoder {
    /// With these converters.
    pub fn new(converters: Converters) -> Self {
        Self { converters }
    }

    /// Handles the failure of a conversion under the error policy, retries included. `Ok(None)`: the record is skipped.
    ///
    /// # Errors
    /// The error that fails the task.
    #[cold]
    pub async fn settle(
        &mut self,
        topic: &Arc<str>,
        partition: i32,
        record: ConsumedRecord,
        policy: &Policy,
        (mut stage, mut error): (Stage, Error),
    ) -> Result<Option<Record>> {
        loop {
            let class = self.class(stage).to_owned();
            let failed = FailedRecord::Consumed {
                topic,
                partition,
                offset: record.offset,
                timestamp: record.timestamp,
                timestamp_type: record.timestamp_type,
                raw: &record.raw,
            };
            let mut next = None;
            let again = || match self.decode(topic, partition, &mut record.clone()) {
                Ok(decoded) => Ok(Some(decoded)),
                Err((failed, error)) if failed == stage => Err(error),
                Err(later) => {
                    next = Some(later);
                    Ok(None)
                }
            };
            match policy.settle(stage, &class, error, failed, again).await? {
                None => return Ok(None),
                Some(Some(decoded)) => return Ok(Some(decoded)),
                Some(None) => match next {
                    Some(later) => (stage, error) = later,
                    None => return Ok(None),
                },
            }
        }
    }

    fn class(&self, stage: Stage) -> &str {
        match stage {
            Stage::KeyConverter => &self.converters.key_class,
            Stage::HeaderConverter => &self.converters.header_class,
            _ => &self.converters.value_class,
        }
    }

    /// Converts one record, and takes its bytes.
    ///
    /// # Errors
    /// The stage that failed and its error: for [`Decoder::settle`]. The record then still has its bytes.
    pub fn decode(
        &mut self,
        topic: &Arc<str>,
        partition: i32,
        record: &mut ConsumedRecord,
    ) -> std::result::Result<Record, (Stage, Error)> {
        let context = DecodeContext::new(topic);
        let raw = &record.raw;
        let key = self.converters.key.decode(context, raw.key());
        let key = key.map_err(|error| (Stage::KeyConverter, error))?;
        let value = self.converters.value.decode(context, raw.value());
        let value = value.map_err(|error| (Stage::ValueConverter, error))?;
        let mut headers = Headers::new();
        if raw.has_headers() {
            for header in connect_kafka::raw_headers(raw) {
                let (name, bytes) = header.map_err(|error| (Stage::HeaderConverter, error))?;
                let datum = self.converters.header.decode(context, &name, bytes.as_ref());
                headers.add(name, datum.map_err(|error| (Stage::HeaderConverter, error))?);
            }
        }
        Ok(Record {
            topic: topic.clone(),
            partition: Some(partition),
            key,
            value,
            timestamp: (record.timestamp >= 0).then_some(record.timestamp),
            headers,
            origin: Origin::Sink(SinkOrigin {
                topic: topic.clone(),
                partition,
                offset: record.offset,
                timestamp_type: record.timestamp_type,
                raw: std::mem::take(&mut record.raw),
            }),
        })
    }
}
