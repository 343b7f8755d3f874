//! How many tasks a connector may have (KIP-1004).

use connect_api::{Error, Result};

/// What a connector's configuration says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TasksMax {
    /// `tasks.max`, at least one.
    pub limit: usize,
    /// `tasks.max.enforce`: whether more are an error. If not, a warning tells of them.
    pub enforce: bool,
}

impl TasksMax {
    /// Whether `count` tasks are fine.
    ///
    /// # Errors
    /// Too many, and that is an error here.
    pub fn check(self, connector: &str, count: usize) -> Result<()> {
        let Self { limit, enforce } = self;
        if count <= limit {
            return Ok(());
        }
        if enforce {
            return Err(Error::connect(format!(
                "The connector {connector} has generated {count} tasks, which is greater than {limit}, the maximum \
                 number of tasks it is configured to create. This behaviour should be considered a bug and is \
                 disallowed. If necessary, it can be permitted by reconfiguring the connector with 'tasks.max.enforce' \
                 set to false; however, this option will be removed in a future release of Kafka Connect."
            ))
            .with_class("org.apache.kafka.connect.runtime.TooManyTasksException"));
        }
        tracing::warn!(
            "The connector {connector} has generated {count} tasks, which is greater than {limit}, the maximum number of \
             tasks it is configured to create. This behavior should be considered a bug and will be disallowed in future \
             releases of Kafka Connect. Please report this to the maintainers of the connector and request that they \
             adjust their connector's taskConfigs() method to respect the maxTasks parameter."
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_tasks_than_allowed_are_an_error_only_where_that_is_enforced() {
        let strict = TasksMax { limit: 2, enforce: true };
        assert!(strict.check("c", 2).is_ok());
        let error = strict.check("c", 3).unwrap_err();
        let text = "The connector c has generated 3 tasks, which is greater than 2, the maximum number of tasks it is \
                    configured to create. This behaviour should be considered a bug and is disallowed.";
        assert!(error.message().unwrap().starts_with(text), "{error}");
        assert!(TasksMax { enforce: false, ..strict }.check("c", 3).is_ok());
    }
}
