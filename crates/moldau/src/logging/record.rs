//! One line of the log before it has a form.

use std::fmt;

use jiff::Timestamp;
use kafka_config::provider::Secrets;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::context::{Collector, Context};

/// What is said, where and when. Secrets are hidden in it already.
pub(super) struct Record {
    pub(super) time: Timestamp,
    pub(super) level: Level,
    /// Java's name of the place.
    pub(super) logger: String,
    /// Ours.
    pub(super) target: String,
    /// The line in our source, 0 if unknown.
    pub(super) line: u32,
    pub(super) context: Option<Context>,
    pub(super) message: String,
    /// In the order in which they were written down.
    pub(super) fields: Vec<(&'static str, Text)>,
}

/// The value of a field.
pub(super) enum Text {
    /// A text.
    Quoted(String),
    /// A number, a truth value, or something printed.
    Plain(String),
}

impl Text {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Quoted(text) | Self::Plain(text) => text,
        }
    }
}

impl Record {
    /// What an event says; `context` is that of the spans around it.
    pub(super) fn of(event: &Event<'_>, logger: String, around: Option<Context>, secrets: &Secrets) -> Self {
        let mut visitor =
            Visitor { secrets, message: String::new(), fields: Vec::new(), collector: Collector::default() };
        event.record(&mut visitor);
        let place = event.metadata();
        // What a line says of itself is closer than what is around it, unless that says more of the same.
        let context = match (visitor.collector.context(), around) {
            (Some(own), Some(around)) if own.task.is_none() && own.connector == around.connector => Some(around),
            (Some(own), Some(around)) if own.task == around.task && own.connector == around.connector => Some(around),
            (own, around) => own.or(around),
        };
        Self {
            time: Timestamp::now(),
            level: *place.level(),
            logger,
            target: place.target().to_owned(),
            line: place.line().unwrap_or(0),
            context,
            message: visitor.message,
            fields: visitor.fields,
        }
    }

    /// A warning of the log itself.
    pub(super) fn of_log(message: String) -> Self {
        Self {
            time: Timestamp::now(),
            level: Level::WARN,
            logger: super::names::dotted(module_path!()),
            target: module_path!().to_owned(),
            line: line!(),
            context: None,
            message,
            fields: Vec::new(),
        }
    }
}

struct Visitor<'a> {
    secrets: &'a Secrets,
    message: String,
    fields: Vec<(&'static str, Text)>,
    collector: Collector,
}

impl Visitor<'_> {
    fn add(&mut self, field: &Field, value: &str, text: fn(String) -> Text) {
        let value = self.secrets.hide(value);
        match field.name() {
            "message" => self.message = value.into_owned(),
            name if self.collector.take(name, &value) => {}
            name => self.fields.push((name, text(value.into_owned()))),
        }
    }
}

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value, Text::Quoted);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, &value.to_string(), Text::Quoted);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format!("{value:?}"), Text::Plain);
    }
}
