//! Of which connector or task a line is: Java's `connector.context`.

use std::fmt::{self, Display, Write};

use tracing::field::{Field, Visit};

/// The names of the fields that make a context, of spans and of single lines.
pub(super) const CONNECTOR: &str = "connector";
pub(super) const TASK: &str = "task";
const SCOPE: &str = "scope";

/// A connector, or a task of it, or what is done for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Context {
    /// The connector's name.
    pub(super) connector: String,
    /// The task's number; `None` for the connector itself.
    pub(super) task: Option<u64>,
    /// What is done for it besides its usual work, such as `offsets`.
    pub(super) scope: Option<String>,
}

/// Collects a context from fields: `connector` alone, with `task` as a number, or `task` as the id `connector-number`.
#[derive(Default)]
pub(super) struct Collector {
    connector: Option<String>,
    task: Option<u64>,
    scope: Option<String>,
}

impl Collector {
    /// The context, if the fields name one.
    pub(super) fn context(self) -> Option<Context> {
        Some(Context { connector: self.connector?, task: self.task, scope: self.scope })
    }

    /// Takes a field that belongs to a context; false if this one does not.
    pub(super) fn take(&mut self, field: &str, value: &str) -> bool {
        match field {
            CONNECTOR => self.connector = Some(value.to_owned()),
            SCOPE => self.scope = Some(value.to_owned()),
            TASK => {
                let Some((connector, number)) = value.rsplit_once('-') else { return false };
                let Ok(number) = number.parse() else { return false };
                (self.connector, self.task) = (Some(connector.to_owned()), Some(number));
            }
            _ => return false,
        }
        true
    }
}

impl Visit for Collector {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == TASK {
            self.task = Some(value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if matches!(field.name(), CONNECTOR | TASK | SCOPE) {
            self.take(field.name(), &format!("{value:?}"));
        }
    }
}

/// As in Java: `[name|worker]`, `[name|task-0]`, `[name|task-0|offsets]`.
impl Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}|", self.connector)?;
        match self.task {
            None => f.write_str("worker")?,
            Some(number) => write!(f, "task-{number}")?,
        }
        if let Some(scope) = &self.scope {
            write!(f, "|{scope}")?;
        }
        f.write_char(']')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(fields: &[(&str, &str)]) -> Option<String> {
        let mut collector = Collector::default();
        for (field, value) in fields {
            collector.take(field, value);
        }
        collector.context().map(|context| context.to_string())
    }

    #[test]
    fn contexts_look_as_in_java() {
        assert_eq!(context(&[("connector", "a-b")]).unwrap(), "[a-b|worker]");
        assert_eq!(context(&[("task", "a-b-12")]).unwrap(), "[a-b|task-12]");
        assert_eq!(context(&[("task", "a-0"), ("scope", "offsets")]).unwrap(), "[a|task-0|offsets]");
    }

    #[test]
    fn other_fields_make_no_context() {
        let mut collector = Collector::default();
        assert!(!collector.take("task", "nothing") && !collector.take("task", "a-b") && !collector.take("file", "x"));
        assert_eq!(collector.context(), None);
    }
}
