//! What a batch has to be to be appended, as in `LogValidator`.

use std::io;

use bytes::{Bytes, BytesMut};
use kafka_wire::batch::{DEFAULT_MAX_DECOMPRESSED, NO_TIMESTAMP, set_log_append_time};
use kafka_wire::{Batch, BatchError, Batches, Compression, ErrorCode};

/// Of more records it is not said what is wrong with them.
const MAX_REFUSED_RECORDS: usize = 100;

/// How batches are appended to a topic's partitions. Times are milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AppendRules {
    /// `max.message.bytes`
    pub(crate) max_batch_bytes: usize,
    /// `retention.bytes`
    pub(crate) retention_bytes: Option<u64>,
    /// The broker's time, for `message.timestamp.type=LogAppendTime`.
    pub(crate) append_time: Option<i64>,
    /// `message.timestamp.before.max.ms`
    pub(crate) timestamp_before_max: i64,
    /// `message.timestamp.after.max.ms`
    pub(crate) timestamp_after_max: i64,
    /// `cleanup.policy` has `compact`: every record needs a key.
    pub(crate) compacts: bool,
    /// The broker's time since 1970.
    pub(crate) now: i64,
}

/// Why a batch was not appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppendError {
    pub(crate) code: ErrorCode,
    pub(crate) message: Option<String>,
    /// What is wrong with which record of the batch.
    pub(crate) records: Vec<(i32, String)>,
}

impl AppendRules {
    /// The batch, when it is one that may be appended.
    pub(super) fn check(&self, records: Bytes) -> Result<Batch, AppendError> {
        let mut batches = Batches::new(records);
        let batch = match batches.next() {
            Some(batch) => batch.map_err(|error| invalid(error.to_string()))?,
            None if batches.remaining().is_empty() => {
                return Err(invalid("The request has no record batch for the partition."));
            }
            None => return Err(invalid("The record batch is cut off.")),
        };
        if !batches.remaining().is_empty() {
            return Err(invalid("The request must have exactly one record batch for the partition."));
        }
        self.check_header(&batch)?;
        batch.check_crc().map_err(|error| AppendError::new(ErrorCode::CorruptMessage, error.to_string()))?;
        self.check_records(&batch)?;
        match self.append_time {
            None => Ok(batch),
            Some(time) => {
                let mut bytes = BytesMut::from(&batch.bytes()[..]);
                set_log_append_time(&mut bytes, time).map_err(|error| invalid(error.to_string()))?;
                Batch::new(bytes.freeze()).map_err(|error| invalid(error.to_string()))
            }
        }
    }

    fn check_header(&self, batch: &Batch) -> Result<(), AppendError> {
        let (header, size) = (batch.header(), batch.bytes().len());
        if size > self.max_batch_bytes {
            let max = self.max_batch_bytes;
            let message = format!("The record batch size is {size} bytes, which exceeds the maximum of {max} bytes.");
            return Err(AppendError::new(ErrorCode::MessageTooLarge, message));
        }
        header
            .compression()
            .map_err(|error| AppendError::new(ErrorCode::UnsupportedCompressionType, error.to_string()))?;
        if header.is_control() {
            return Err(invalid("Clients may not write control records."));
        }
        if header.producer.id >= 0 && (header.producer.base_sequence < 0 || header.producer.epoch < 0) {
            return Err(invalid("A record batch with a producer id needs an epoch and a sequence number."));
        }
        if header.producer.id < 0 && header.is_transactional() {
            return Err(invalid("A record batch of a transaction needs a producer id."));
        }
        if header.count <= 0 || i64::from(header.last_offset_delta) != i64::from(header.count) - 1 {
            return Err(invalid("The record batch's number of records and last offset contradict each other."));
        }
        Ok(())
    }

    /// Looks into the records only where the rules need it.
    fn check_records(&self, batch: &Batch) -> Result<(), AppendError> {
        let header = batch.header();
        let checks_time = self.append_time.is_none()
            && (self.timestamp_before_max < i64::MAX || !self.is_in_time(header.max_timestamp));
        if !checks_time && !self.compacts {
            return Ok(());
        }
        let mut refused = Vec::new();
        let mut code = ErrorCode::InvalidRecord;
        let mut records = batch.records(DEFAULT_MAX_DECOMPRESSED).map_err(unreadable)?;
        let mut index = -1;
        while let Some(record) = records.next_view() {
            index += 1;
            let record = record.map_err(unreadable)?;
            if refused.len() >= MAX_REFUSED_RECORDS {
                break;
            }
            if self.compacts && record.key.is_none() {
                refused.push((index, "Compacted topic cannot accept message without key.".to_owned()));
            } else if checks_time && !self.is_in_time(record.timestamp) {
                code = ErrorCode::InvalidTimestamp;
                let (time, offset) = (record.timestamp, record.offset);
                let from = self.now.saturating_sub(self.timestamp_before_max);
                let to = self.now.saturating_add(self.timestamp_after_max);
                refused.push((
                    index,
                    format!(
                        "Timestamp {time} of message with offset {offset} is out of range. The timestamp should be within [{from}, {to}]"
                    ),
                ));
            }
        }
        let message = match code {
            _ if refused.is_empty() => return Ok(()),
            ErrorCode::InvalidTimestamp => "One or more records have been rejected due to invalid timestamp".to_owned(),
            _ => format!("One or more records have been rejected due to {} record errors in total", refused.len()),
        };
        Err(AppendError { code, message: Some(message), records: refused })
    }

    fn is_in_time(&self, timestamp: i64) -> bool {
        timestamp == NO_TIMESTAMP
            || (self.now.saturating_sub(timestamp) <= self.timestamp_before_max
                && timestamp.saturating_sub(self.now) <= self.timestamp_after_max)
    }
}

/// Whether the batch that `records` begin with is compressed in this way.
pub(crate) fn is_compressed(records: &[u8], codec: Compression) -> bool {
    kafka_wire::BatchHeader::decode(records).is_ok_and(|header| header.compression().ok() == Some(codec))
}

fn invalid(message: impl Into<String>) -> AppendError {
    AppendError::new(ErrorCode::InvalidRecord, message)
}

fn unreadable(error: BatchError) -> AppendError {
    AppendError::new(ErrorCode::CorruptMessage, error.to_string())
}

impl AppendError {
    /// With a sentence for people.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()), records: Vec::new() }
    }
}

impl From<io::Error> for AppendError {
    fn from(error: io::Error) -> Self {
        Self::new(ErrorCode::KafkaStorageError, error.to_string())
    }
}

impl From<ErrorCode> for AppendError {
    fn from(code: ErrorCode) -> Self {
        Self { code, message: None, records: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use kafka_wire::{BatchBuilder, BatchOptions};

    use super::*;

    fn rules() -> AppendRules {
        AppendRules {
            max_batch_bytes: 1_000,
            retention_bytes: None,
            append_time: None,
            timestamp_before_max: i64::MAX,
            timestamp_after_max: 10,
            compacts: false,
            now: 100,
        }
    }

    fn batch(records: &[(Option<&str>, i64)]) -> Bytes {
        let mut builder = BatchBuilder::new(BatchOptions { compression: Compression::Lz4, ..BatchOptions::default() });
        for (key, timestamp) in records {
            builder.append(*timestamp, key.map(str::as_bytes), None, []).unwrap();
        }
        builder.finish(None, false).unwrap()
    }

    fn refused(rules: &AppendRules, records: &[(Option<&str>, i64)]) -> Option<(ErrorCode, Vec<i32>)> {
        let error = rules.check(batch(records)).err()?;
        Some((error.code, error.records.into_iter().map(|(index, _)| index).collect()))
    }

    #[test]
    fn times_are_within_limits() {
        let times = |times: &[i64]| times.iter().map(|time| (None, *time)).collect::<Vec<_>>();
        assert_eq!(refused(&rules(), &times(&[NO_TIMESTAMP, 0, 110])), None);
        let late = Some((ErrorCode::InvalidTimestamp, vec![1, 2]));
        assert_eq!(refused(&rules(), &times(&[110, 111, i64::MAX])), late);
        let strict = AppendRules { timestamp_before_max: 20, ..rules() };
        assert_eq!(refused(&strict, &times(&[80, NO_TIMESTAMP])), None);
        assert_eq!(refused(&strict, &times(&[100, 79])), Some((ErrorCode::InvalidTimestamp, vec![1])));
        // The broker's own time is always good.
        let own = AppendRules { append_time: Some(100), ..strict };
        assert_eq!(refused(&own, &times(&[5, i64::MAX])), None);
        assert_eq!(own.check(batch(&times(&[5]))).unwrap().header().max_timestamp, 100);
    }

    #[test]
    fn where_only_the_last_of_a_key_is_kept_each_has_one() {
        let rules = AppendRules { compacts: true, ..rules() };
        assert_eq!(refused(&rules, &[(Some("k"), 1), (Some(""), 1)]), None);
        let without = refused(&rules, &[(Some("k"), 1), (None, 1), (None, 1)]);
        assert_eq!(without, Some((ErrorCode::InvalidRecord, vec![1, 2])));
        let many = refused(&AppendRules { max_batch_bytes: 100_000, ..rules }, &[(None, 1); 500]).unwrap();
        assert_eq!(many.1.len(), MAX_REFUSED_RECORDS);
    }
}
