//! Text as values, their types guessed.

use connect_api::{Datum, Error, Kind, Map, Result, Schema, SchemaBuilder, Value};
use kafka_config::decimal_digit;

use super::schema::{Common, fit};
use super::token::{Tokens, trim};
use super::{number, temporal};

/// The deepest nesting of lists and maps. Java's stack ends somewhat later.
const MAX_DEPTH: usize = 500;

/// The value that `text` looks like (`Values.parseString`): null, a boolean, the smallest number type that fits,
/// a Date, Time or Timestamp (in UTC), a list or a map of such values, or else the text itself.
///
/// All schemas are required ones. A list or map whose elements have no schema in common has none for them; null has
/// neither schema nor value.
///
/// # Errors
/// [`Kind::Data`] when lists and maps are nested too deep.
pub fn parse_string(text: &str) -> Result<Datum> {
    if text.is_empty() {
        return Ok(Datum::new(Schema::string(), text));
    }
    match (Parser { tokens: Tokens::new(text), depth: 0 }).value(false) {
        Ok(datum) => Ok(datum),
        Err(Stop::TooDeep) => Err(Error::new(Kind::Data, format!("lists and maps are nested deeper than {MAX_DEPTH}"))),
        // At the top everything that is nothing else is a string.
        Err(Stop::NoValue) => Ok(Datum::new(Schema::string(), text)),
    }
}

/// Why there is no value.
enum Stop {
    /// The text is none.
    NoValue,
    /// It is nested too deep to tell.
    TooDeep,
}

type Parsed = std::result::Result<Datum, Stop>;

struct Parser<'a> {
    tokens: Tokens<'a>,
    depth: usize,
}

impl Parser<'_> {
    /// The value that comes next; inside a list or map it must be one, at the top anything is at least a string.
    fn value(&mut self, embedded: bool) -> Parsed {
        if !self.tokens.has_next() {
            return Ok(Datum::NULL);
        }
        if embedded && self.tokens.take("\"") {
            return Ok(self.quoted());
        }
        for (word, datum) in [
            ("null", Datum::NULL),
            ("true", Datum { schema: Some(Schema::boolean()), value: Value::Boolean(true) }),
            ("false", Datum { schema: Some(Schema::boolean()), value: Value::Boolean(false) }),
        ] {
            if self.word(embedded, word) {
                return Ok(datum);
            }
        }
        let start = self.tokens.mark();
        match self.container() {
            Ok(Some(datum)) => return Ok(datum),
            Err(Stop::TooDeep) => return Err(Stop::TooDeep),
            Ok(None) => {}
            Err(Stop::NoValue) => self.tokens.rewind(start),
        }
        let token = self.tokens.next();
        match trim(token) {
            "" => Ok(Datum::new(Schema::string(), token)),
            token => self.scalar(embedded, token),
        }
    }

    fn word(&mut self, embedded: bool, word: &str) -> bool {
        let start = self.tokens.mark();
        if self.tokens.take(word) && (embedded || !self.tokens.has_next()) {
            return true;
        }
        self.tokens.rewind(start);
        false
    }

    fn scalar(&mut self, embedded: bool, token: &str) -> Parsed {
        let first = token.chars().next().unwrap_or_default();
        let digit = decimal_digit(first).is_some();
        if digit && let Some(datum) = self.temporal(token) {
            return Ok(datum);
        }
        if (digit || matches!(first, '+' | '-'))
            && let Some(datum) = number::parse(token)
        {
            return Ok(datum);
        }
        if embedded {
            return Err(Stop::NoValue);
        }
        Ok(Datum::new(Schema::string(), self.tokens.text()))
    }

    /// A date or time; one with a time is five tokens, because colons are delimiters.
    fn temporal(&mut self, token: &str) -> Option<Datum> {
        let start = self.tokens.mark();
        if let Some(rest) = self.tokens.next_many(4)
            && token.len() + rest.len() <= 24 * 4
            && let Some(datum) = temporal::parse(&[token, rest].concat())
        {
            return Some(datum);
        }
        self.tokens.rewind(start);
        temporal::parse(token)
    }

    fn quoted(&mut self) -> Datum {
        let mut content = String::new();
        while self.tokens.has_next() && !self.tokens.take("\"") {
            content.push_str(self.tokens.next());
        }
        temporal::parse(&content).unwrap_or_else(|| Datum::new(Schema::string(), Value::string(content)))
    }

    fn container(&mut self) -> std::result::Result<Option<Datum>, Stop> {
        let list = self.tokens.take("[");
        if !list && !self.tokens.take("{") {
            return Ok(None);
        }
        if self.depth == MAX_DEPTH {
            return Err(Stop::TooDeep);
        }
        self.depth += 1;
        let result = if list { self.list() } else { self.map() };
        self.depth -= 1;
        result.map(Some)
    }

    fn list(&mut self) -> Parsed {
        let mut items = Vec::new();
        let mut common = Common::default();
        while self.tokens.has_next() {
            if self.tokens.take("]") {
                let element = common.into_schema();
                if let Some(schema) = &element {
                    items =
                        items.into_iter().map(|item| fit(schema, item)).collect::<Option<_>>().ok_or(Stop::NoValue)?;
                }
                return Ok(Datum { schema: Some(SchemaBuilder::array(element).build()), value: Value::Array(items) });
            }
            if self.tokens.take(",") {
                return Err(Stop::NoValue);
            }
            let item = self.value(true)?;
            common.merge(&item);
            items.push(item.value);
            let end = self.tokens.mark();
            if self.tokens.take("]") {
                self.tokens.rewind(end);
            } else if !self.tokens.take(",") {
                return Err(Stop::NoValue);
            }
        }
        Err(Stop::NoValue)
    }

    fn map(&mut self) -> Parsed {
        let mut map = Map::new();
        let (mut keys, mut values) = (Common::default(), Common::default());
        while self.tokens.has_next() {
            if self.tokens.take("}") {
                return finish_map(map, keys.into_schema(), values.into_schema()).ok_or(Stop::NoValue);
            }
            if self.tokens.take(",") {
                return Err(Stop::NoValue);
            }
            let key = self.value(true)?;
            if key.value.is_null() || !self.tokens.take(":") {
                return Err(Stop::NoValue);
            }
            let value = self.value(true)?;
            self.tokens.take(",");
            keys.merge(&key);
            values.merge(&value);
            map.insert(key.value, value.value);
        }
        Err(Stop::NoValue)
    }
}

fn finish_map(map: Map, keys: Option<Schema>, values: Option<Schema>) -> Option<Datum> {
    // Parity: without a schema common to the keys the values have none either.
    let values = values.filter(|_| keys.is_some());
    let fitted: Option<Map> = map
        .into_iter()
        .map(|(key, value)| {
            let key = match &keys {
                Some(schema) => fit(schema, key)?,
                None => key,
            };
            let value = match &values {
                Some(schema) => fit(schema, value)?,
                None => value,
            };
            Some((key, value))
        })
        .collect();
    Some(Datum { schema: Some(SchemaBuilder::map(keys, values).build()), value: Value::from(fitted?.linked()) })
}
