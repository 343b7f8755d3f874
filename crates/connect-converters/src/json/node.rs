//! JSON text as a tree, and the lenient conversions of Jackson's `JsonNode`.

use bytes::Bytes;
use connect_api::{Decimal, Map, Text, Value};
use indexmap::IndexMap;
use num_bigint::BigInt;

use super::encoding::Utf8;
use super::number_scan::Number;
use super::scanner::{Inside, Scanner};
use super::string_scan::Span;
use super::syntax::Result;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// There was no value at all.
    Missing,
    Null,
    Boolean(bool),
    /// An integer of at most 64 bits.
    Int(i64),
    /// A longer integer.
    Big(BigInt),
    /// A number with a fraction or an exponent, as written.
    Float(Text),
    Text(Text),
    Array(Vec<Node>),
    /// Of two members of one name the later one counts, at the place of the first.
    Object(IndexMap<Text, Node>),
}

/// Reads JSON text whose strings may be handed out as slices of it.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    pub(super) source: &'a Bytes,
    pub(super) scanner: Scanner<'a>,
}

impl<'a> Reader<'a> {
    /// At the start of `source`.
    pub(super) fn new(source: &'a Bytes) -> Self {
        Self { source, scanner: Scanner::new(source, false) }
    }

    /// At the start of text whose encoding was guessed.
    pub(super) fn of(source: &'a Utf8<'_>) -> Self {
        Self { source, scanner: Scanner::new(source, matches!(source, Utf8::Made(_))) }
    }

    /// At byte `at` of `source`, `depth` containers deep.
    pub(super) fn resume(source: &'a Bytes, at: usize, depth: usize) -> Self {
        Self { source, scanner: Scanner::resume(source, at, depth) }
    }

    /// The content of a string, without a copy where nothing had to be decoded.
    pub(super) fn text(&self, span: Span) -> Result<Text> {
        if !span.escaped
            && let Ok(text) = Text::try_from(self.source.slice(span.start..span.end))
        {
            return Ok(text);
        }
        self.scanner.content(span).map(|text| Text::from(text.into_owned()))
    }

    /// The first value of the text as a tree; [`Node::Missing`] when there is none. What follows is not looked at.
    pub(super) fn tree(&mut self) -> Result<Node> {
        match self.scanner.peek()? {
            None => Ok(Node::Missing),
            Some(_) => self.node(Inside::Root),
        }
    }

    /// The value that starts at the next byte.
    pub(super) fn node(&mut self, inside: Inside) -> Result<Node> {
        let start = self.scanner.position();
        match self.scanner.text()[start] {
            b'{' => self.object_node(start),
            b'[' => self.array_node(start),
            b'"' => {
                let span = self.scanner.string()?;
                self.text(span).map(Node::Text)
            }
            b'-' | b'0'..=b'9' => Ok(match self.scanner.number()? {
                Number::Int(value) => Node::Int(value),
                Number::Big(digits) => Node::Big(digits.parse().unwrap_or_default()),
                Number::Float(text) => Node::Float(text.into()),
            }),
            b'n' => self.scanner.word("null").map(|()| Node::Null),
            b't' => self.scanner.word("true").map(|()| Node::Boolean(true)),
            b'f' => self.scanner.word("false").map(|()| Node::Boolean(false)),
            _ => Err(self.scanner.no_value(inside)),
        }
    }

    fn object_node(&mut self, start: usize) -> Result<Node> {
        self.scanner.enter()?;
        let mut members = IndexMap::new();
        let mut first = true;
        while let Some(name) = self.scanner.member(start, first)? {
            let name = self.text(name)?;
            members.insert(name, self.node(Inside::Object(start))?);
            first = false;
        }
        Ok(Node::Object(members))
    }

    fn array_node(&mut self, start: usize) -> Result<Node> {
        self.scanner.enter()?;
        let mut elements = Vec::new();
        while self.scanner.element(start, elements.is_empty())? {
            elements.push(self.node(Inside::Array(start))?);
        }
        Ok(Node::Array(elements))
    }

    /// The first value of the text as schemaless Connect data; null when there is none.
    pub(super) fn plain(&mut self) -> Result<Value> {
        match self.scanner.peek()? {
            None => Ok(Value::Null),
            Some(_) => self.plain_value(Inside::Root),
        }
    }

    /// The value that starts at the next byte, as schemaless Connect data.
    pub(super) fn plain_value(&mut self, inside: Inside) -> Result<Value> {
        let start = self.scanner.position();
        match self.scanner.text()[start] {
            b'{' => self.plain_map(start),
            b'[' => self.plain_array(start),
            b'"' => {
                let span = self.scanner.string()?;
                self.text(span).map(Value::String)
            }
            b'-' | b'0'..=b'9' => self.scanner.number().map(plain_number),
            b'n' => self.scanner.word("null").map(|()| Value::Null),
            b't' => self.scanner.word("true").map(|()| Value::Boolean(true)),
            b'f' => self.scanner.word("false").map(|()| Value::Boolean(false)),
            _ => Err(self.scanner.no_value(inside)),
        }
    }

    fn plain_map(&mut self, start: usize) -> Result<Value> {
        self.scanner.enter()?;
        // Collected first, so that the map is made once, in its final size.
        let mut entries = Vec::new();
        while let Some(name) = self.scanner.member(start, entries.is_empty())? {
            let name = self.text(name)?;
            entries.push((name, self.plain_value(Inside::Object(start))?));
        }
        Ok(Value::from(entries.into_iter().collect::<Map>()))
    }

    fn plain_array(&mut self, start: usize) -> Result<Value> {
        self.scanner.enter()?;
        let mut items = Vec::new();
        while self.scanner.element(start, items.is_empty())? {
            items.push(self.plain_value(Inside::Array(start))?);
        }
        Ok(Value::Array(items))
    }
}

fn plain_number(number: Number<'_>) -> Value {
    match number {
        Number::Int(value) => Value::Int64(value),
        Number::Big(digits) => Value::Int64(wrap(digits)),
        Number::Float(text) => Value::Float64(double(text)),
    }
}

/// The low 64 bits of an integer (`BigInteger.longValue`).
fn wrap(digits: &str) -> i64 {
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, digits),
    };
    let low = digits.bytes().fold(0_u64, |low, digit| low.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
    if negative { low.wrapping_neg() as i64 } else { low as i64 }
}

/// `BigDecimal.doubleValue`; a decimal zero has no sign, what is too small keeps its own.
pub(super) fn double(text: &str) -> f64 {
    match text.parse::<f64>() {
        Ok(value) if value == 0.0 && is_zero(text) => 0.0,
        parsed => parsed.unwrap_or(0.0),
    }
}

/// `BigDecimal.floatValue`, likewise.
pub(super) fn float(text: &str) -> f32 {
    match text.parse::<f32>() {
        Ok(value) if value == 0.0 && is_zero(text) => 0.0,
        parsed => parsed.unwrap_or(0.0),
    }
}

fn is_zero(text: &str) -> bool {
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    !mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

/// A number with a fraction or an exponent as Java's `BigDecimal` of the same text; `None` when its scale is no int.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let unscaled = format!("{whole}{fraction}").parse::<BigInt>().ok()?;
    let scale = i32::try_from(fraction.len() as i64 - exponent).ok()?;
    Some(Decimal::new(unscaled, scale))
}

impl Node {
    /// `JsonNodeType`, as messages print it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Node::Missing => "MISSING",
            Node::Null => "NULL",
            Node::Boolean(_) => "BOOLEAN",
            Node::Int(_) | Node::Big(_) | Node::Float(_) => "NUMBER",
            Node::Text(_) => "STRING",
            Node::Array(_) => "ARRAY",
            Node::Object(_) => "OBJECT",
        }
    }

    /// The member of that name, when this is an object that has one.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        match self {
            Node::Object(members) => members.get(name),
            _ => None,
        }
    }

    /// The text, when this is one.
    pub(super) fn as_text(&self) -> Option<&Text> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of an array or the member values of an object; nothing for all else.
    pub(super) fn children(&self) -> Box<dyn Iterator<Item = &Node> + '_> {
        match self {
            Node::Array(elements) => Box::new(elements.iter()),
            Node::Object(members) => Box::new(members.values()),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// `longValue`: larger integers wrap, fractions are cut off, what is no number is 0.
    pub(super) fn long_value(&self) -> i64 {
        match self {
            Node::Int(value) => *value,
            Node::Big(value) => low_bits(value),
            Node::Float(text) => decimal(text).map_or(0, |decimal| low_bits(&truncate(&decimal))),
            _ => 0,
        }
    }

    /// `intValue`: the low 32 bits of [`Node::long_value`].
    pub(super) fn int_value(&self) -> i32 {
        self.long_value() as i32
    }

    /// `floatValue`; 0 for what is no number.
    pub(super) fn float_value(&self) -> f32 {
        match self {
            Node::Int(value) => *value as f32,
            Node::Big(value) => float(&value.to_string()),
            Node::Float(text) => float(text),
            _ => 0.0,
        }
    }

    /// `doubleValue`; 0 for what is no number.
    pub(super) fn double_value(&self) -> f64 {
        match self {
            Node::Int(value) => *value as f64,
            Node::Big(value) => double(&value.to_string()),
            Node::Float(text) => double(text),
            _ => 0.0,
        }
    }

    /// `decimalValue` of a number; its scale is as written.
    pub(super) fn decimal_value(&self) -> Option<Decimal> {
        match self {
            Node::Int(value) => Some(Decimal::new(*value, 0)),
            Node::Big(value) => Some(Decimal::new(value.clone(), 0)),
            Node::Float(text) => decimal(text),
            _ => None,
        }
    }
}

fn low_bits(value: &BigInt) -> i64 {
    let low = value.iter_u64_digits().next().unwrap_or(0);
    if value.sign() == num_bigint::Sign::Minus { low.wrapping_neg() as i64 } else { low as i64 }
}

fn truncate(decimal: &Decimal) -> BigInt {
    let digits = decimal.unscaled.to_string().len() as i64;
    match decimal.scale {
        0 => decimal.unscaled.clone(),
        // 10^64 is a multiple of 2^64, so the low bits are zero and the digits need not be made.
        scale if scale <= -64 => BigInt::ZERO,
        scale if scale < 0 => &decimal.unscaled * BigInt::from(10).pow(scale.unsigned_abs()),
        scale if i64::from(scale) > digits => BigInt::ZERO,
        scale => &decimal.unscaled / BigInt::from(10).pow(scale.unsigned_abs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Node {
        Reader::new(&Bytes::copy_from_slice(text.as_bytes())).tree().unwrap()
    }

    #[test]
    fn integers_wrap_and_fractions_are_cut() {
        assert_eq!(tree("18446744073709551617").long_value(), 1);
        assert_eq!(tree("-18446744073709551617").long_value(), -1);
        assert_eq!(tree("-1.9e1").long_value(), -19);
        assert_eq!(tree("1e400").long_value(), 0);
        assert_eq!(tree("1e-400").long_value(), 0);
        assert_eq!(tree("123456.789").int_value(), 123_456);
        assert_eq!(tree("-0.0").double_value().to_bits(), 0);
    }

    #[test]
    fn the_later_of_two_members_counts() {
        let Node::Object(members) = tree(r#"{"a":1,"b":2,"a":3}"#) else { panic!() };
        let members: Vec<_> = members.iter().map(|(name, node)| (&**name, node.long_value())).collect();
        assert_eq!(members, [("a", 3), ("b", 2)]);
    }

    #[test]
    fn unescaped_text_is_a_slice_of_the_input() {
        let source = Bytes::from_static(b"[\"plain\"]");
        let Ok(Node::Array(elements)) = Reader::new(&source).tree() else { panic!() };
        let text = elements[0].as_text().unwrap();
        assert_eq!(text.as_bytes().as_ptr(), source[2..].as_ptr());
    }
}
