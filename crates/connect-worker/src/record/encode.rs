//! Source records to rows for the producer.

use connect_api::{EncodeContext, Encoded, Error, Record, Result};
use connect_kafka::{Row, Rows};

use super::Converters;
use crate::errors::{FailedRecord, Policy, Stage};

/// Converts records and appends them as rows.
pub struct Encoder {
    converters: Converters,
}

impl Encoder {
    /// With these converters.
    pub fn new(converters: Converters) -> Self {
        Self { converters }
    }

    /// Converts one record, whose timestamp is `now` when it has none of its own. `Ok(false)`: it was skipped under the
    /// error policy and left no trace in `rows`.
    ///
    /// # Errors
    /// The error that fails the task; `rows` is as before.
    pub async fn encode(&mut self, record: &Record, now: i64, rows: &mut Rows, policy: &Policy) -> Result<bool> {
        let timestamp = checked_timestamp(record.timestamp)?.or(Some(now));
        let (position, headers) = (rows.position(), rows.header_position());
        let Err((stage, error)) = self.try_encode(record, timestamp, rows) else { return Ok(true) };
        rows.rewind(position, headers);
        self.encode_again(record, timestamp, rows, policy, stage, error).await
    }

    /// The path of a record that failed: a retry begins with the converter that failed; those before it have no
    /// effect outside `rows`, so they simply run again.
    #[cold]
    async fn encode_again(
        &mut self,
        record: &Record,
        timestamp: Option<i64>,
        rows: &mut Rows,
        policy: &Policy,
        mut stage: Stage,
        mut error: Error,
    ) -> Result<bool> {
        loop {
            let class = self.class(stage).to_owned();
            let (position, headers) = (rows.position(), rows.header_position());
            let mut next = None;
            let again = || match self.try_encode(record, timestamp, rows) {
                Ok(()) => Ok(true),
                Err((failed, error)) => {
                    rows.rewind(position, headers);
                    if failed == stage {
                        return Err(error);
                    }
                    next = Some((failed, error));
                    Ok(false)
                }
            };
            match policy.settle(stage, &class, error, FailedRecord::of(record), again).await? {
                None => return Ok(false),
                Some(true) => return Ok(true),
                // A later converter failed: its retries are counted anew, as in Java.
                Some(false) => match next {
                    Some(later) => (stage, error) = later,
                    None => return Ok(false),
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

    fn try_encode(
        &mut self,
        record: &Record,
        timestamp: Option<i64>,
        rows: &mut Rows,
    ) -> std::result::Result<(), (Stage, Error)> {
        let context = EncodeContext::new(&record.topic);
        let first_header = rows.header_position();
        for header in &record.headers {
            let start = rows.position();
            rows.data_mut().extend_from_slice(header.key.as_bytes());
            let key = start..rows.position();
            let out = rows.data_mut();
            let encoded = self.converters.header.encode(context, &header.key, &header.datum, out);
            let encoded = encoded.map_err(|error| (Stage::HeaderConverter, error))?;
            let value = (encoded == Encoded::Written).then(|| key.end..rows.position());
            rows.push_header(key, value);
        }
        let start = rows.position();
        let key = self.converters.key.encode(context, &record.key, rows.data_mut());
        let key = key.map_err(|error| (Stage::KeyConverter, error))?;
        let middle = rows.position();
        let value = self.converters.value.encode(context, &record.value, rows.data_mut());
        let value = value.map_err(|error| (Stage::ValueConverter, error))?;
        let end = rows.position();
        rows.push(Row {
            topic: record.topic.clone(),
            partition: record.partition,
            timestamp,
            key: (key == Encoded::Written).then_some(start..middle),
            value: (value == Encoded::Written).then_some(middle..end),
            headers: first_header..rows.header_position(),
        });
        Ok(())
    }
}

/// `ConnectUtils.checkAndConvertTimestamp`: -1 is none; other negative ones are refused.
fn checked_timestamp(timestamp: Option<i64>) -> Result<Option<i64>> {
    match timestamp {
        None | Some(-1) => Ok(None),
        Some(time) if time >= 0 => Ok(Some(time)),
        Some(time) => Err(Error::connect(format!("Invalid record timestamp {time}"))
            .with_class("org.apache.kafka.common.InvalidRecordException")),
    }
}

#[cfg(test)]
mod tests {
    use super::checked_timestamp;

    #[test]
    fn timestamps_are_checked_as_java_does() {
        assert_eq!(checked_timestamp(None).ok(), Some(None));
        assert_eq!(checked_timestamp(Some(-1)).ok(), Some(None));
        assert_eq!(checked_timestamp(Some(0)).ok(), Some(Some(0)));
        let error = checked_timestamp(Some(-2)).expect_err("negative");
        assert_eq!(error.to_string(), "org.apache.kafka.common.InvalidRecordException: Invalid record timestamp -2");
    }
}
