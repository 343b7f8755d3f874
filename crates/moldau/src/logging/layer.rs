//! What `tracing` calls for each span and line.

use std::sync::Arc;

use jiff::tz::TimeZone;
use kafka_config::provider::Secrets;
use parking_lot::Mutex;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context as Surroundings;
use tracing_subscriber::registry::LookupSpan;

use super::context::{Collector, Context};
use super::form::Form;
use super::levels::Levels;
use super::names;
use super::output::Output;
use super::record::Record;

/// The log: filters, forms and hands to outputs.
pub(super) struct Log {
    pub(super) levels: Arc<Levels>,
    pub(super) secrets: Arc<Secrets>,
    pub(super) form: Form,
    pub(super) zone: TimeZone,
    pub(super) outputs: Arc<Vec<Output>>,
    /// Held while lines are handed over, so that all outputs have them in one order.
    pub(super) order: Mutex<()>,
}

impl Log {
    /// Spans say of which task a line is, whatever the level of the line.
    fn wants(&self, place: &Metadata<'_>) -> bool {
        if place.is_span() { *place.level() <= Level::INFO } else { self.levels.allow(place) }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Log {
    fn register_callsite(&self, place: &'static Metadata<'static>) -> Interest {
        if place.is_event() {
            self.levels.add(place);
        }
        if self.wants(place) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, place: &Metadata<'_>, _: Surroundings<'_, S>) -> bool {
        self.wants(place)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.levels.most().max(LevelFilter::INFO))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, spans: Surroundings<'_, S>) {
        let mut collector = Collector::default();
        attributes.record(&mut collector);
        if let (Some(context), Some(span)) = (collector.context(), spans.span(id)) {
            span.extensions_mut().insert(context);
        }
    }

    fn on_event(&self, event: &Event<'_>, spans: Surroundings<'_, S>) {
        let mut around = spans.event_scope(event).into_iter().flatten();
        let context = around.find_map(|span| span.extensions().get::<Context>().cloned());
        let target = event.metadata().target();
        let logger = names::of_target(target).map_or_else(|| names::dotted(target), |names| names[0].to_owned());
        let record = Record::of(event, logger, context, &self.secrets);
        let text: Arc<str> = self.form.text(&record, &self.zone).into();
        let _order = self.order.lock();
        for output in &*self.outputs {
            output.write(&text);
        }
    }
}
