//! JsonConverter.

use std::sync::Arc;

use bytes::Bytes;
use connect_api::{Converter, Datum, DecodeContext, EncodeContext, Encoded, Error, Result, Schema, Value};

use super::cache::Cache;
use super::config::JsonConfig;
use super::encoding::Utf8;
use super::node::{Node, Reader};
use super::plain::malformed;
use super::scanner::Inside;
use super::syntax;
use super::value_scan::{Outline, Surprise, Way};
use super::value_write::{Depth, Plan, Style, schemaless};
use super::{encoding, schema_read, schema_write, value_read};

/// How many envelopes are recognised by comparing bytes; a topic rarely mixes more schemas.
const RECENT: usize = 4;
const ENVELOPE: &str = "JsonConverter with schemas.enable requires \"schema\" and \"payload\" fields and may not contain additional fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter configuration.";

/// Converts Connect data to and from JSON (`org.apache.kafka.connect.json.JsonConverter`).
///
/// Writing renders a schema once. Reading compares the text in front of the payload with that of the records before:
/// when they agree, the schema is theirs, the same object, and only the payload is parsed, straight along the schema.
/// Whatever does not fit falls back to a slow reading that has all the leniency of Java's, and its messages.
pub struct JsonConverter {
    config: JsonConfig,
    /// The schema from `schema.content`.
    content: Option<Known>,
    last_written: Option<Arc<Rendered>>,
    written: Cache<Schema, Arc<Rendered>>,
    recent: Vec<Envelope>,
    read: Cache<Box<[u8]>, Option<Known>>,
}

/// A schema, ready to be read along.
#[derive(Clone, Debug)]
struct Known {
    schema: Schema,
    outline: Arc<Outline>,
}

/// A schema, ready to be written with.
#[derive(Debug)]
struct Rendered {
    /// `{"schema":…,"payload":`, or nothing without schemas.
    prefix: Vec<u8>,
    plan: Plan,
}

/// The text in front of a payload, and the schema it contains.
#[derive(Debug)]
struct Envelope {
    prefix: Box<[u8]>,
    known: Option<Known>,
}

impl Known {
    fn new(schema: Schema) -> Self {
        let outline = Arc::new(Outline::of(&schema));
        Self { schema, outline }
    }

    fn way(&self, config: &JsonConfig) -> Way<'_> {
        Way { replace_null: config.replace_null_with_default, outline: &self.outline }
    }
}

impl JsonConverter {
    /// A converter.
    ///
    /// # Errors
    /// When `schema.content` is no JSON or no schema.
    pub fn new(config: JsonConfig) -> Result<Self> {
        let content = match &config.schema_content {
            Some(text) => parse_content(text, config.replace_null_with_default)?.map(Known::new),
            None => None,
        };
        let size = config.schemas_cache_size;
        Ok(Self {
            config,
            content,
            last_written: None,
            written: Cache::new(size),
            recent: Vec::with_capacity(RECENT),
            read: Cache::new(size),
        })
    }

    fn style(&self) -> Style {
        Style {
            decimals: self.config.decimal_format,
            replace_null_with_default: self.config.replace_null_with_default,
            depth: if self.config.schemas_enable { Depth::ENVELOPE } else { Depth::default() },
        }
    }

    fn rendered(&mut self, schema: &Schema) -> Result<Arc<Rendered>> {
        if let Some(last) = &self.last_written
            && last.plan.schema().same(schema)
        {
            return Ok(Arc::clone(last));
        }
        let rendered = match self.written.get(schema) {
            Some(rendered) => rendered,
            None => {
                let mut prefix = Vec::new();
                if self.config.schemas_enable {
                    prefix.extend_from_slice(b"{\"schema\":");
                    schema_write::write(schema, self.style(), &mut prefix)?;
                    prefix.extend_from_slice(b",\"payload\":");
                }
                let rendered = Arc::new(Rendered { plan: Plan::new(schema), prefix });
                self.written.insert(schema.clone(), Arc::clone(&rendered), rendered.prefix.len());
                rendered
            }
        };
        self.last_written = Some(Arc::clone(&rendered));
        Ok(rendered)
    }

    fn decode_schemaless(&self, bytes: &Bytes) -> Result<Datum> {
        let text = encoding::to_utf8(bytes).map_err(unreadable)?;
        let value = Reader::of(&text).plain().map_err(unreadable)?;
        Ok(Datum::schemaless(value))
    }

    /// Reads bytes that are a payload without an envelope.
    fn decode_content(&self, known: &Known, bytes: &Bytes) -> Result<Datum> {
        let schema = &known.schema;
        let text = encoding::to_utf8(bytes).map_err(unreadable)?;
        let replace_null = self.config.replace_null_with_default;
        let mut reader = Reader::of(&text);
        if let Ok(Some(_)) = reader.scanner.peek()
            && let Ok(value) = reader.value(schema, known.way(&self.config))
        {
            return Ok(Datum::new(schema.clone(), value));
        }
        let node = Reader::of(&text).tree().map_err(unreadable)?;
        let value = value_read::convert(Some(schema), Some(&node), replace_null)?;
        Ok(Datum::new(schema.clone(), value))
    }

    fn decode_envelope(&mut self, bytes: &Bytes) -> Result<Datum> {
        let text = encoding::to_utf8(bytes).map_err(unreadable)?;
        if let Some(index) = self.recent.iter().position(|envelope| text.starts_with(&envelope.prefix)) {
            if index > 0 {
                self.recent.swap(0, index);
            }
            if let Ok(datum) = self.decode_payload(&text) {
                return Ok(datum);
            }
        } else if self.learn(&text).is_some()
            && let Ok(datum) = self.decode_payload(&text)
        {
            return Ok(datum);
        }
        self.decode_slowly(&text)
    }

    /// Reads the payload behind the prefix of the first recent envelope.
    fn decode_payload(&self, text: &Bytes) -> Result<Datum, Surprise> {
        let envelope = self.recent.first().ok_or(Surprise)?;
        let mut reader = Reader::resume(text, envelope.prefix.len(), 1);
        reader.scanner.peek()?.ok_or(Surprise)?;
        let value = match &envelope.known {
            Some(known) => reader.value(&known.schema, known.way(&self.config))?,
            None => reader.plain_value(Inside::Object(0))?,
        };
        match reader.scanner.peek()? {
            Some(b'}') => Ok(Datum { schema: envelope.known.as_ref().map(|known| known.schema.clone()), value }),
            _ => Err(Surprise),
        }
    }

    /// Makes the envelope of `text` the first recent one, when it has the usual shape: schema first, then payload.
    fn learn(&mut self, text: &Utf8<'_>) -> Option<()> {
        let mut reader = Reader::of(text);
        if reader.scanner.peek().ok()?? != b'{' {
            return None;
        }
        let start = reader.scanner.position();
        reader.scanner.enter().ok()?;
        let name = reader.scanner.member(start, true).ok()??;
        if reader.scanner.content(name).ok()? != "schema" {
            return None;
        }
        let from = reader.scanner.position();
        reader.scanner.skip(Inside::Object(start)).ok()?;
        let to = reader.scanner.position();
        let name = reader.scanner.member(start, false).ok()??;
        if reader.scanner.content(name).ok()? != "payload" {
            return None;
        }
        let known = self.schema_of(&text.slice(from..to)).ok()?;
        let prefix = text[..reader.scanner.position()].into();
        if self.recent.len() == RECENT {
            self.recent.pop();
        }
        self.recent.insert(0, Envelope { prefix, known });
        Some(())
    }

    /// The schema described by checked JSON text.
    fn schema_of(&mut self, text: &Bytes) -> Result<Option<Known>> {
        if let Some(known) = self.read.get(&text[..]) {
            return Ok(known);
        }
        // The schema outlives the record, so its strings must not point into it.
        let own = Bytes::copy_from_slice(text);
        let node = Reader::new(&own).tree().map_err(unreadable)?;
        let known = schema_read::read(&node, self.config.replace_null_with_default)?.map(Known::new);
        self.read.insert(text[..].into(), known.clone(), text.len());
        Ok(known)
    }

    fn decode_slowly(&mut self, text: &Utf8<'_>) -> Result<Datum> {
        let parts = EnvelopeParts::read(&mut Reader::of(text)).map_err(unreadable)?;
        let EnvelopeParts { schema: Some((from, to)), payload: Some(payload), others: false } = parts else {
            return Err(Error::data(ENVELOPE));
        };
        let schema = self.schema_of(&text.slice(from..to))?.map(|known| known.schema);
        let value = value_read::convert(schema.as_ref(), Some(&payload), self.config.replace_null_with_default)?;
        Ok(Datum { schema, value })
    }
}

/// The members of an envelope; of two of one name the later one.
#[derive(Default)]
struct EnvelopeParts {
    /// Where the schema stands.
    schema: Option<(usize, usize)>,
    payload: Option<Node>,
    /// Whether there are other members; also for what is no object.
    others: bool,
}

impl EnvelopeParts {
    fn read(reader: &mut Reader<'_>) -> syntax::Result<Self> {
        let mut parts = Self::default();
        match reader.scanner.peek()? {
            Some(b'{') => {}
            _ => {
                reader.tree()?;
                return Ok(parts);
            }
        }
        let start = reader.scanner.position();
        reader.scanner.enter()?;
        let mut first = true;
        while let Some(name) = reader.scanner.member(start, first)? {
            first = false;
            let from = reader.scanner.position();
            match &*reader.scanner.content(name)? {
                "schema" => {
                    reader.scanner.skip(Inside::Object(start))?;
                    parts.schema = Some((from, reader.scanner.position()));
                }
                "payload" => parts.payload = Some(reader.node(Inside::Object(start))?),
                _ => {
                    reader.scanner.skip(Inside::Object(start))?;
                    parts.others = true;
                }
            }
        }
        Ok(parts)
    }
}

fn parse_content(text: &str, replace_null: bool) -> Result<Option<Schema>> {
    let own = Bytes::copy_from_slice(text.as_bytes());
    let node = Reader::new(&own).tree().map_err(|error| {
        Error::data("Failed to parse schema in converter config due to serialization error: ")
            .caused_by(error.to_error())
    })?;
    schema_read::read(&node, replace_null)
}

#[expect(clippy::boxed_local, reason = "errors come boxed")]
fn unreadable(error: Box<syntax::SyntaxError>) -> Error {
    malformed(error.to_error())
}

impl Converter for JsonConverter {
    fn encode(&mut self, _context: EncodeContext<'_>, datum: &Datum, out: &mut Vec<u8>) -> Result<Encoded> {
        let Some(schema) = &datum.schema else {
            if datum.value.is_null() {
                return Ok(Encoded::Null);
            }
            return self.encode_schemaless(&datum.value, out);
        };
        let rendered = self.rendered(schema)?;
        out.extend_from_slice(&rendered.prefix);
        rendered.plan.write(self.style(), &datum.value, out)?;
        if self.config.schemas_enable {
            out.push(b'}');
        }
        Ok(Encoded::Written)
    }

    fn decode(&mut self, _context: DecodeContext<'_>, bytes: Option<&Bytes>) -> Result<Datum> {
        let Some(bytes) = bytes else {
            return Ok(Datum::NULL);
        };
        if !self.config.schemas_enable {
            return self.decode_schemaless(bytes);
        }
        match &self.content {
            Some(known) => self.decode_content(known, bytes),
            None => self.decode_envelope(bytes),
        }
    }
}

impl JsonConverter {
    fn encode_schemaless(&self, value: &Value, out: &mut Vec<u8>) -> Result<Encoded> {
        if !self.config.schemas_enable {
            schemaless(value, Depth::default(), out)?;
            return Ok(Encoded::Written);
        }
        out.extend_from_slice(b"{\"schema\":null,\"payload\":");
        schemaless(value, Depth::ENVELOPE, out)?;
        out.push(b'}');
        Ok(Encoded::Written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use connect_api::{SchemaBuilder, Struct};

    fn converter(cache: i32) -> JsonConverter {
        JsonConverter::new(JsonConfig { schemas_cache_size: cache, ..JsonConfig::default() }).unwrap()
    }

    fn read(converter: &mut JsonConverter, text: &str) -> Datum {
        converter.decode(DecodeContext::new("t"), Some(&Bytes::copy_from_slice(text.as_bytes()))).unwrap()
    }

    fn envelope(field: usize, payload: &str) -> String {
        format!(
            r#"{{"schema":{{"type":"struct","fields":[{{"type":"string","field":"f{field}"}}]}},"payload":{payload}}}"#
        )
    }

    #[test]
    fn records_of_one_schema_share_it() {
        let mut converter = converter(1000);
        let schemas: Vec<_> = (0..20)
            .chain(0..20)
            .map(|field| read(&mut converter, &envelope(field, &format!(r#"{{"f{field}":"x"}}"#))).schema.unwrap())
            .collect();
        assert!((0..20).all(|field| schemas[field].same(&schemas[field + 20])));
        assert!(converter.recent.len() <= RECENT);
        // Also when the payload comes first.
        let turned = r#"{"payload":{"f3":"x"},"schema":{"type":"struct","fields":[{"type":"string","field":"f3"}]}}"#;
        assert!(read(&mut converter, turned).schema.unwrap().same(&schemas[3]));
    }

    #[test]
    fn text_of_a_recognised_record_is_a_slice_of_it() {
        let mut converter = converter(1000);
        read(&mut converter, &envelope(0, r#"{"f0":"first"}"#));
        let bytes = Bytes::from(envelope(0, r#"{"f0":"second"}"#));
        let datum = converter.decode(DecodeContext::new("t"), Some(&bytes)).unwrap();
        let Value::Struct(value) = datum.value else { panic!() };
        let text = value.slots()[0].as_str().unwrap();
        assert_eq!(text, "second");
        assert!(bytes.as_ptr_range().contains(&text.as_ptr()));
        // The schema must not keep a record alive.
        assert!(!bytes.as_ptr_range().contains(&datum.schema.unwrap().fields()[0].name.as_ptr()));
    }

    #[test]
    fn members_may_come_in_any_order_more_than_once_or_not_at_all() {
        let mut converter = converter(1000);
        let text = |payload: &str| {
            format!(
                r#"{{"schema":{{"type":"struct","fields":[{{"type":"int8","field":"a"}},{{"type":"int8","optional":true,"field":"b"}},{{"type":"int8","default":7,"field":"c"}}]}},"payload":{payload}}}"#
            )
        };
        for (payload, expected) in [
            (r#"{"a":1,"b":2,"c":3}"#, [Value::Int8(1), Value::Int8(2), Value::Int8(3)]),
            (r#"{"c":3,"x":[{}],"a":1}"#, [Value::Int8(1), Value::Null, Value::Int8(3)]),
            (r#" { "a" : 1, "b":2,"a":5 } "#, [Value::Int8(5), Value::Int8(2), Value::Int8(7)]),
            (r#"{"a":1,"c":null}"#, [Value::Int8(1), Value::Null, Value::Int8(7)]),
            (r#"{"\u0061":300,"b":"x"}"#, [Value::Int8(44), Value::Int8(0), Value::Int8(7)]),
        ] {
            let Value::Struct(value) = read(&mut converter, &text(payload)).value else { panic!() };
            assert_eq!(value.slots(), expected, "{payload}");
        }
        assert_eq!(read(&mut converter, r#"{"schema":null,"payload":1,"payload":2}"#).value, Value::Int64(2));
    }

    #[test]
    fn nothing_is_remembered_when_the_cache_has_no_room() {
        let mut converter = converter(-1);
        for field in 0..10 {
            read(&mut converter, &envelope(field, r#"null"#).replace("]}", r#"],"optional":true}"#));
        }
        assert!(converter.recent.len() <= RECENT);
        let schema = SchemaBuilder::structure().field("a", Schema::int8()).build();
        let mut value = Struct::new(schema.clone()).unwrap();
        value.put("a", 1_i8).unwrap();
        let mut out = Vec::new();
        let datum = Datum::new(schema, value);
        converter.encode(EncodeContext::new("t"), &datum, &mut out).unwrap();
        assert!(out.ends_with(br#","payload":{"a":1}}"#));
    }

    #[test]
    fn only_the_absence_of_schema_and_value_is_a_tombstone() {
        let mut converter = converter(1000);
        let mut out = Vec::new();
        assert_eq!(converter.encode(EncodeContext::new("t"), &Datum::NULL, &mut out).unwrap(), Encoded::Null);
        let null = Datum { schema: Some(Schema::optional_int8()), value: Value::Null };
        assert_eq!(converter.encode(EncodeContext::new("t"), &null, &mut out).unwrap(), Encoded::Written);
        assert_eq!(out, br#"{"schema":{"type":"int8","optional":true},"payload":null}"#);
        assert_eq!(converter.decode(DecodeContext::new("t"), None).unwrap(), Datum::NULL);
    }
}
