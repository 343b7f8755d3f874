//! What becomes of a line where records are dropped and refused on the way: by its number, so that everybody agrees.
//!
//! In such a history the source sends its lines through marks, a filter, a transform that refuses some and a router; the
//! sink's converter refuses some, then come marks, a filter, three transforms that together change nothing, and one that
//! refuses some; the unsteady sink refuses batches that hold certain lines. What is refused in the sink is in its dead
//! letter queue, what the source's transform refuses in the source's, and nothing else is.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use connect_api::plugin::{ConverterPlugin, Plugin, TransformPlugin};
use connect_api::{
    Converter, Datum, DecodeContext, EncodeContext, Encoded, Error, Record, Result, Role, Transform, Value, Verdict,
};
use connect_converters::{JsonConverterPlugin, StringConverterPlugin};
use kafka_config::{ConfigDef, RawConfig};

use super::tally::Tally;

/// Where a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// In the sink's file.
    File,
    /// Not in the topic: the source drops it, or a transform refuses it, and then it is in the source's dead letter queue.
    EndsInSource,
    /// Nowhere: the sink drops it.
    EndsInSink,
    /// In the sink's dead letter queue.
    Letter,
    /// In a topic that the sink does not take.
    Beside,
}

fn source_filters(line: usize) -> bool {
    line % 9 == 4
}

fn source_refuses(line: usize) -> bool {
    line % 11 == 6
}

fn converter_refuses(line: usize) -> bool {
    line % 13 == 3
}

fn sink_filters(line: usize) -> bool {
    line % 7 == 5
}

fn sink_refuses(line: usize) -> bool {
    line % 8 == 2
}

/// Refused at first, taken when it is tried again.
fn hesitates(line: usize) -> bool {
    line % 17 == 1
}

/// Refused by the sink itself, with everything that is put with it.
pub(crate) fn put_refuses(line: usize) -> bool {
    line % 19 == 7
}

/// The number of the line that a record holds.
pub(crate) fn line_of(record: &Record) -> Option<usize> {
    number(&record.value.value)
}

/// In the dead letter queue of the source.
pub(crate) fn is_source_letter(line: usize) -> bool {
    source_refuses(line) && !source_filters(line)
}

/// What becomes of a line, where such things happen; `picky`: the sink itself refuses some, too.
pub(crate) fn fate_of(line: usize, picky: bool) -> Fate {
    if source_filters(line) || source_refuses(line) {
        Fate::EndsInSource
    } else if converter_refuses(line) {
        Fate::Letter
    } else if sink_filters(line) {
        Fate::EndsInSink
    } else if sink_refuses(line) || picky && put_refuses(line) {
        Fate::Letter
    } else {
        Fate::File
    }
}

fn transform_lines(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// What the source's configuration has more; its topic is then `raw-` and the name of the real one.
pub(crate) fn source_lines(queue: &str) -> Vec<(String, String)> {
    transform_lines(&[
        ("errors.tolerance", "all"),
        ("errors.retry.timeout", "5000"),
        ("moldau.errors.deadletterqueue.topic.name", queue),
        ("moldau.errors.deadletterqueue.topic.replication.factor", "1"),
        ("transforms", "mark,filter,refuse,route"),
        ("transforms.mark.type", MARK),
        ("transforms.mark.at", "source"),
        ("transforms.filter.type", "org.apache.kafka.connect.transforms.Filter"),
        ("transforms.filter.predicate", "marked"),
        ("transforms.refuse.type", REFUSE),
        ("transforms.refuse.at", "source"),
        ("transforms.route.type", "org.apache.kafka.connect.transforms.RegexRouter"),
        ("transforms.route.regex", "raw-(.*)"),
        ("transforms.route.replacement", "$1"),
        ("predicates", "marked"),
        ("predicates.marked.type", "org.apache.kafka.connect.transforms.predicates.HasHeaderKey"),
        ("predicates.marked.name", "marked"),
    ])
}

/// What the sink's configuration has more.
pub(crate) fn sink_lines(json: Option<bool>, queue: &str) -> Vec<(String, String)> {
    let mut lines = transform_lines(&[
        ("errors.tolerance", "all"),
        ("errors.retry.timeout", "5000"),
        ("errors.deadletterqueue.topic.name", queue),
        ("errors.deadletterqueue.topic.replication.factor", "1"),
        ("errors.deadletterqueue.context.headers.enable", "true"),
        ("moldau.errors.put.bisect", "true"),
        ("value.converter", PICKY),
        ("transforms", "mark,filter,hoist,insert,extract,refuse"),
        ("transforms.mark.type", MARK),
        ("transforms.mark.at", "sink"),
        ("transforms.filter.type", "org.apache.kafka.connect.transforms.Filter"),
        ("transforms.filter.predicate", "marked"),
        ("transforms.hoist.type", "org.apache.kafka.connect.transforms.HoistField$Value"),
        ("transforms.hoist.field", "line"),
        ("transforms.insert.type", "org.apache.kafka.connect.transforms.InsertField$Value"),
        ("transforms.insert.offset.field", "offset!"),
        ("transforms.extract.type", "org.apache.kafka.connect.transforms.ExtractField$Value"),
        ("transforms.extract.field", "line"),
        ("transforms.refuse.type", REFUSE),
        ("transforms.refuse.at", "sink"),
        ("predicates", "marked"),
        ("predicates.marked.type", "org.apache.kafka.connect.transforms.predicates.HasHeaderKey"),
        ("predicates.marked.name", "marked"),
    ]);
    if let Some(schemas) = json {
        lines.push(("value.converter.schemas.enable".to_owned(), schemas.to_string()));
    }
    lines
}

const MARK: &str = "e2e.Mark";
const REFUSE: &str = "e2e.Refuse";
const PICKY: &str = "e2e.PickyConverter";

/// The number of the line that a value holds.
fn number(value: &Value) -> Option<usize> {
    value.as_str()?.split(' ').next()?.parse().ok()
}

/// Puts a header on the lines that a filter is to drop.
pub(crate) struct Mark(pub(crate) Arc<Tally>);

/// Refuses lines, some of them only at first.
pub(crate) struct Refuse(pub(crate) Arc<Tally>);

macro_rules! plugin {
    ($name:ident, $class:expr) => {
        impl Plugin for $name {
            fn class(&self) -> &'static str {
                $class
            }

            fn version(&self) -> &'static str {
                "1"
            }

            fn config(&self) -> ConfigDef {
                ConfigDef::new()
            }
        }
    };
}

plugin!(Mark, MARK);
plugin!(Refuse, REFUSE);
plugin!(Picky, PICKY);

impl TransformPlugin for Mark {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        Ok(Box::new(Marking { in_sink: config.get("at") == Some("sink"), tally: self.0.clone() }))
    }
}

struct Marking {
    in_sink: bool,
    tally: Arc<Tally>,
}

impl Transform for Marking {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        let marked = if self.in_sink { sink_filters } else { source_filters };
        if number(&record.value.value).is_some_and(marked) {
            self.tally.add(if self.in_sink { "line filtered in the sink" } else { "line filtered in the source" });
            record.headers.add("marked", Datum::schemaless(true));
        }
        Ok(Verdict::Keep)
    }
}

impl TransformPlugin for Refuse {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let in_sink = config.get("at") == Some("sink");
        Ok(Box::new(Refusing { in_sink, tally: self.0.clone(), seen: Mutex::default() }))
    }
}

struct Refusing {
    in_sink: bool,
    tally: Arc<Tally>,
    seen: Mutex<BTreeSet<usize>>,
}

impl Transform for Refusing {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        let Some(line) = number(&record.value.value) else { return Err(Error::data("this is no line")) };
        let refused = if self.in_sink { sink_refuses } else { source_refuses };
        if hesitates(line) && self.seen.get_mut().unwrap().insert(line) {
            self.tally.add("line refused and taken when tried again");
            return Err(Error::retriable("not yet"));
        }
        if refused(line) {
            let place = if self.in_sink { "sink" } else { "source" };
            self.tally.add(format!("line refused by a transform of the {place}"));
            return Err(Error::data(format!("line {line} is refused")));
        }
        Ok(Verdict::Keep)
    }
}

/// The worker's own converter, but that it refuses some lines.
pub(crate) struct Picky {
    pub(crate) json: bool,
    pub(crate) tally: Arc<Tally>,
}

impl ConverterPlugin for Picky {
    fn converter(&self, config: &RawConfig, role: Role) -> Result<Box<dyn Converter>> {
        let inner = if self.json {
            JsonConverterPlugin.converter(config, role)?
        } else {
            StringConverterPlugin.converter(config, role)?
        };
        Ok(Box::new(PickyConverter { inner, tally: self.tally.clone() }))
    }
}

struct PickyConverter {
    inner: Box<dyn Converter>,
    tally: Arc<Tally>,
}

impl Converter for PickyConverter {
    fn encode(&mut self, context: EncodeContext<'_>, datum: &Datum, out: &mut Vec<u8>) -> Result<Encoded> {
        self.inner.encode(context, datum, out)
    }

    fn decode(&mut self, context: DecodeContext<'_>, bytes: Option<&bytes::Bytes>) -> Result<Datum> {
        let datum = self.inner.decode(context, bytes)?;
        match number(&datum.value) {
            Some(line) if converter_refuses(line) => {
                self.tally.add("line refused by the sink's converter");
                Err(Error::data(format!("line {line} cannot be read")))
            }
            _ => Ok(datum),
        }
    }
}
