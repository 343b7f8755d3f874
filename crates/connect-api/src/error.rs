//! One error for everything a plug-in can fail with.
//!
//! A program branches on [`Kind`], a person reads the message, and the REST API shows the class and the message that
//! the same failure has in Apache Kafka Connect, with its chain of causes.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The result of a call that may fail with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it is, and so what may be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A failure without a more precise kind; not retried.
    Connect,
    /// May succeed when tried again, unchanged.
    Retriable,
    /// The data do not fit the schema, the format or the operation.
    Data,
    /// The schema is built wrongly.
    Schema,
    /// The configuration is wrong.
    Config,
    /// The data could not be serialised or deserialised.
    Serialization,
    /// The call is not allowed in this state.
    IllegalState,
    /// An argument is out of range.
    IllegalArgument,
    /// What was asked for does not exist.
    NotFound,
    /// What was to be made exists.
    AlreadyExists,
    /// The call is not supported by this plug-in.
    Unsupported,
    /// A file, a socket or another resource of the operating system failed.
    Io,
    /// Another instance has taken over; this one must end and must not write.
    Fenced,
    /// The runtime cancelled the call.
    Cancelled,
    /// Code of a plug-in panicked.
    Panicked,
}

impl Kind {
    const fn java_class(self) -> &'static str {
        match self {
            Kind::Connect => "org.apache.kafka.connect.errors.ConnectException",
            Kind::Retriable => "org.apache.kafka.connect.errors.RetriableException",
            Kind::Data => "org.apache.kafka.connect.errors.DataException",
            Kind::Schema => "org.apache.kafka.connect.errors.SchemaBuilderException",
            Kind::Config => "org.apache.kafka.common.config.ConfigException",
            Kind::Serialization => "org.apache.kafka.common.errors.SerializationException",
            Kind::IllegalState => "org.apache.kafka.connect.errors.IllegalWorkerStateException",
            Kind::IllegalArgument => "java.lang.IllegalArgumentException",
            Kind::NotFound => "org.apache.kafka.connect.errors.NotFoundException",
            Kind::AlreadyExists => "org.apache.kafka.connect.errors.AlreadyExistsException",
            Kind::Unsupported => "java.lang.UnsupportedOperationException",
            Kind::Io => "java.io.IOException",
            Kind::Fenced => "org.apache.kafka.common.errors.ProducerFencedException",
            Kind::Cancelled => "org.apache.kafka.connect.errors.ConnectException",
            Kind::Panicked => "java.lang.RuntimeException",
        }
    }
}

struct Inner {
    kind: Kind,
    class: Cow<'static, str>,
    message: Option<String>,
    context: Vec<(&'static str, String)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A failure: its kind, the class and message Apache Kafka Connect shows for it, context for the log, and its cause.
/// Cloning is cheap; a clone is the same failure.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

impl Error {
    /// A failure of `kind` with the message that Apache Kafka Connect has for it.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self::build(kind, Some(message.into()))
    }

    /// A failure without a message (Java's `null` message).
    pub fn without_message(kind: Kind) -> Self {
        Self::build(kind, None)
    }

    fn build(kind: Kind, message: Option<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            class: Cow::Borrowed(kind.java_class()),
            message,
            context: Vec::new(),
            source: None,
        }))
    }

    /// Shorthand for [`Kind::Connect`].
    pub fn connect(message: impl Into<String>) -> Self {
        Self::new(Kind::Connect, message)
    }

    /// Shorthand for [`Kind::Data`].
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// Shorthand for [`Kind::Retriable`].
    pub fn retriable(message: impl Into<String>) -> Self {
        Self::new(Kind::Retriable, message)
    }

    /// Shorthand for [`Kind::Config`].
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    /// An error of the operating system, with what was being done.
    pub fn io(message: impl Into<String>, cause: std::io::Error) -> Self {
        Self::new(Kind::Io, message).caused_by(cause)
    }

    /// The Java class shown for this failure, where it is not the usual one of its kind.
    #[must_use]
    pub fn with_class(self, class: impl Into<Cow<'static, str>>) -> Self {
        let class = class.into();
        self.edit(|inner| inner.class = class)
    }

    /// A pair for the log, such as the topic; shown by `Display` of the alternate form (`{:#}`), never over REST.
    #[must_use]
    pub fn with_context(self, name: &'static str, value: impl fmt::Display) -> Self {
        let value = value.to_string();
        self.edit(|inner| inner.context.push((name, value)))
    }

    /// What led to this failure.
    #[must_use]
    pub fn caused_by(self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let cause = cause.into();
        self.edit(|inner| inner.source = Some(cause))
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        // An error is changed only while it is being built; a shared one is wrapped, so that no clone changes.
        match Arc::get_mut(&mut self.0) {
            Some(inner) => change(inner),
            None => {
                let mut inner = Inner {
                    kind: self.0.kind,
                    class: self.0.class.clone(),
                    message: self.0.message.clone(),
                    context: self.0.context.clone(),
                    source: self.cause().map(|cause| Box::new(cause.clone()) as _),
                };
                change(&mut inner);
                return Self(Arc::new(inner));
            }
        }
        self
    }

    /// The kind of failure.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Whether the same call may succeed when tried again.
    pub fn is_retriable(&self) -> bool {
        self.0.kind == Kind::Retriable
    }

    /// The Java class of the exception that Apache Kafka Connect throws for this failure.
    pub fn class(&self) -> &str {
        &self.0.class
    }

    /// The message, without class, context and cause.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// The cause, where it is one of ours.
    pub fn cause(&self) -> Option<&Error> {
        self.0.source.as_ref().and_then(|source| source.downcast_ref())
    }

    /// The text that Java's stack traces show: `class: message`, and a `Caused by:` line for each cause, without frames.
    pub fn trace(&self) -> String {
        self.lines(Self::to_string)
    }

    /// Like [`Self::trace`] for a person who has to find the record: with the context of each error behind its message,
    /// `class: message (topic=t, partition=0, offset=4)`.
    pub fn located_trace(&self) -> String {
        self.lines(|error| {
            let context: Vec<String> = error.0.context.iter().map(|(name, value)| format!("{name}={value}")).collect();
            if context.is_empty() { error.to_string() } else { format!("{error} ({})", context.join(", ")) }
        })
    }

    fn lines(&self, line: impl Fn(&Self) -> String) -> String {
        let mut text = line(self);
        let mut next: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(self);
        while let Some(cause) = next {
            text.push_str("\nCaused by: ");
            match cause.downcast_ref::<Error>() {
                Some(ours) => text.push_str(&line(ours)),
                None => text.push_str(&format!("{}: {cause}", foreign_class(cause))),
            }
            next = cause.source();
        }
        text.push('\n');
        text
    }
}

fn foreign_class(cause: &(dyn std::error::Error + 'static)) -> &'static str {
    if cause.is::<std::io::Error>() { "java.io.IOException" } else { "java.lang.RuntimeException" }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.class)?;
        if let Some(message) = &self.0.message {
            write!(f, ": {message}")?;
        }
        if f.alternate() {
            for (name, value) in &self.0.context {
                write!(f, " {name}={value}")?;
            }
            if let Some(source) = &self.0.source {
                write!(f, " <- {source:#}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {self:#}", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_names_class_message_and_causes_in_order() {
        let error = Error::connect("Tolerance exceeded in error handler")
            .caused_by(Error::data("bad").caused_by(std::io::Error::other("gone")));
        assert_eq!(
            error.trace(),
            "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler\n\
             Caused by: org.apache.kafka.connect.errors.DataException: bad\n\
             Caused by: java.io.IOException: gone\n"
        );
        assert_eq!(error.located_trace(), error.trace());
    }

    #[test]
    fn a_located_trace_says_where() {
        let cause = Error::data("bad").with_context("topic", "t").with_context("offset", 4);
        let error = Error::connect("failed").caused_by(cause);
        assert_eq!(
            error.located_trace(),
            "org.apache.kafka.connect.errors.ConnectException: failed\n\
             Caused by: org.apache.kafka.connect.errors.DataException: bad (topic=t, offset=4)\n"
        );
        assert!(!error.trace().contains("topic"));
    }

    #[test]
    fn changing_a_shared_error_leaves_its_clone_alone() {
        let first = Error::data("a");
        let second = first.clone().with_class("x.Y").with_context("topic", "t");
        assert_eq!(first.class(), "org.apache.kafka.connect.errors.DataException");
        assert_eq!(format!("{second:#}"), "x.Y: a topic=t");
    }
}
