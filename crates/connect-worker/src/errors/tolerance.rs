//! The decision: try again, skip the record, or fail the task. Pure.

use std::time::Duration;

use connect_api::Error;

/// Where a record failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// In a transform or its predicate.
    Transformation,
    /// In the key converter.
    KeyConverter,
    /// In the value converter.
    ValueConverter,
    /// In the header converter.
    HeaderConverter,
    /// In the sink, which reported it.
    TaskPut,
    /// In the producer.
    KafkaProduce,
}

impl Stage {
    /// The name that logs and dead letter queue headers show.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Transformation => "TRANSFORMATION",
            Stage::KeyConverter => "KEY_CONVERTER",
            Stage::ValueConverter => "VALUE_CONVERTER",
            Stage::HeaderConverter => "HEADER_CONVERTER",
            Stage::TaskPut => "TASK_PUT",
            Stage::KafkaProduce => "KAFKA_PRODUCE",
        }
    }
}

/// `errors.tolerance`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToleranceType {
    /// The first failure fails the task.
    #[default]
    None,
    /// Records that fail are skipped.
    All,
}

/// The error policy of a connector.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tolerance {
    /// `errors.tolerance`
    pub tolerance: ToleranceType,
    /// `errors.retry.timeout`: `None` is without end (-1), zero is no retry.
    pub retry_timeout: Option<Duration>,
    /// `errors.retry.delay.max.ms`
    pub retry_delay_max: Duration,
}

/// What to do with a failure.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Wait, then try the stage again.
    Retry(Duration),
    /// Skip the record.
    Skip,
    /// Fail the task with this error.
    Fail(Error),
}

const FIRST_DELAY: Duration = Duration::from_millis(300);

impl Tolerance {
    /// Decides after attempt number `attempt` (from 1), `elapsed` after the first attempt began. `random` is a number
    /// below the bound it is given, for delays beyond the maximum.
    pub fn decide(&self, error: &Error, attempt: u32, elapsed: Duration, random: impl FnOnce(u64) -> u64) -> Decision {
        if error.is_retriable() {
            if self.retry_timeout.is_none_or(|limit| elapsed < limit) {
                return Decision::Retry(self.delay(attempt, elapsed, random));
            }
            // Parity: RetryWithToleranceOperator drops the record when retries of a retriable error are exhausted,
            // whatever errors.tolerance says.
            return Decision::Skip;
        }
        match self.tolerance {
            ToleranceType::All => Decision::Skip,
            ToleranceType::None => Decision::Fail(exceeded(error)),
        }
    }

    fn delay(&self, attempt: u32, elapsed: Duration, random: impl FnOnce(u64) -> u64) -> Duration {
        let mut delay = FIRST_DELAY.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
        if delay > self.retry_delay_max {
            delay = Duration::from_millis(random(self.retry_delay_max.as_millis() as u64));
        }
        match self.retry_timeout {
            Some(limit) => delay.min(limit.saturating_sub(elapsed)),
            None => delay,
        }
    }
}

/// The error that fails a task whose policy does not tolerate `cause`.
pub fn exceeded(cause: &Error) -> Error {
    Error::connect("Tolerance exceeded in error handler").caused_by(cause.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tolerance(tolerance: ToleranceType, timeout_ms: u64) -> Tolerance {
        Tolerance {
            tolerance,
            retry_timeout: Some(Duration::from_millis(timeout_ms)),
            retry_delay_max: Duration::from_secs(60),
        }
    }

    fn delay(decision: Decision) -> u64 {
        match decision {
            Decision::Retry(delay) => delay.as_millis() as u64,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn delays_double_from_300_ms_and_stop_at_the_deadline() {
        let policy = tolerance(ToleranceType::None, 1_000);
        let error = Error::retriable("x");
        let at = |attempt, elapsed| policy.decide(&error, attempt, Duration::from_millis(elapsed), |_| 0);
        assert_eq!(delay(at(1, 0)), 300);
        assert_eq!(delay(at(2, 300)), 600);
        assert_eq!(delay(at(3, 900)), 100);
        assert!(matches!(at(4, 1_000), Decision::Skip), "exhausted retries skip, even with tolerance none");
    }

    #[test]
    fn delays_beyond_the_maximum_are_random() {
        let policy = Tolerance {
            retry_delay_max: Duration::from_millis(500),
            retry_timeout: None,
            ..tolerance(ToleranceType::All, 0)
        };
        let decision = policy.decide(&Error::retriable("x"), 40, Duration::from_secs(1 << 30), |bound| bound - 1);
        assert_eq!(delay(decision), 499);
    }

    #[test]
    fn other_errors_follow_the_tolerance() {
        let error = Error::data("bad");
        assert!(matches!(tolerance(ToleranceType::All, 9).decide(&error, 1, Duration::ZERO, |_| 0), Decision::Skip));
        match tolerance(ToleranceType::None, 9).decide(&error, 1, Duration::ZERO, |_| 0) {
            Decision::Fail(error) => assert_eq!(
                error.to_string(),
                "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler"
            ),
            other => panic!("{other:?}"),
        }
    }
}
