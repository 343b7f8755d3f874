//! Each rule that is known of Apache's converters has a case in the golden files. A rule without one is printed, and fails.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "reads the golden files")]

use std::collections::BTreeMap;

const READ: &str = "json-converter-read";
const WRITE: &str = "json-converter-write";
const LIMITS: &str = "json-limits";
const RANDOM: &str = "json-random";
const PLAIN: &str = "plain-converters";
const PARSE: &str = "values-parse-string";
const PRINT: &str = "values-convert-to-string";
const HEADER: &str = "simple-header-converter";

/// A rule, a golden file, and what the line of one of its cases contains.
type Row = (&'static str, &'static str, &'static [&'static str]);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // JsonConverter, configuration
    ("schemas.enable false", WRITE, &["\"schemas.enable\":\"false\""]),
    ("decimal.format numeric", WRITE, &["NUMERIC", "decimal"]),
    ("decimal.format, a negative scale", RANDOM, &["NUMERIC", "\"scale\":\"-"]),
    ("replace.null.with.default false, writing", WRITE, &["\"replace.null.with.default\":\"false\""]),
    ("replace.null.with.default false, reading", READ, &["\"replace.null.with.default\":\"false\""]),
    ("schema.content: the message is the payload", READ, &["schema.content", "\"int64\":7", "schemas.enable\":\"false"]),
    ("schema.content: empty bytes", READ, &["schema.content", "found MISSING"]),
    ("schema.content: no JSON", READ, &["Failed to parse schema in converter config"]),
    ("schema.content: no schema", READ, &["schema.content", "Unknown schema type: nope"]),
    // writing
    ("members of a schema in order", WRITE, &["parameters", "version", "doc"]),
    ("NaN as text", WRITE, &["NaN"]),
    ("a map with keys that are no text", WRITE, &["\"map\"", "[["]),
    ("array without element schema", WRITE, &["\\\"items\\\":null"]),
    ("map without value schema", WRITE, &["\\\"values\\\":null"]),
    ("map without key schema", WRITE, &["NullPointerException"]),
    ("null without schema is a tombstone", WRITE, &["\"schema\":null", "\"value\":null", "\"bytes\":null"]),
    ("null under an optional schema", WRITE, &["\\\"payload\\\":null"]),
    ("null under a required schema", WRITE, &["Conversion error: null value for field that is required and has no default value"]),
    ("a struct of another schema", WRITE, &["Mismatching schema."]),
    ("a class without a type", WRITE, &["does not have corresponding schema type."]),
    ("a value of another type", WRITE, &["Invalid type for "]),
    ("a Date with a time", WRITE, &["Date type should not have any time fields"]),
    ("a Time beyond the day", WRITE, &["Time type should not have any date fields"]),
    ("a Decimal of another scale", WRITE, &["Decimal value has mismatching scale"]),
    ("nesting beyond 1,000, writing", LIMITS, &["StreamWriteConstraints.getMaxNestingDepth()"]),
    // reading
    ("null bytes", READ, &["\"bytes\":null}", "\"value\":null"]),
    ("envelope: other members, or none", READ, &["may not contain additional fields"]),
    ("envelope: payload first", READ, &["{\\\"payload\\\":1,\\\"schema\\\":null}"]),
    ("malformed JSON", READ, &["Converting byte[] to Kafka Connect data failed due to serialization error: ", "Unrecognized token"]),
    ("leading zeros", READ, &["\"text\":\"007\"", "\"int64\":7"]),
    ("integers beyond 64 bits wrap", READ, &["18446744073709551616", "\"int64\":0"]),
    ("-0.0", READ, &["\"text\":\"-0.0\""]),
    ("1e400 is infinite", READ, &["1e400", "Infinity"]),
    ("of two members of one name the later counts", READ, &["{\\\"a\\\":1,\\\"a\\\":2}", "\"int64\":2"]),
    ("a required field that is missing", READ, &["Invalid null value for required INT32 field"]),
    ("int8 of 300", READ, &["\"int8\":44"]),
    ("Decimal: wrong kind", READ, &["Invalid type for Decimal, underlying representation should be numeric or bytes"]),
    ("Decimal: bad bytes", READ, &["Invalid bytes for Decimal field"]),
    ("Date: wrong kind", READ, &["Invalid type for Date, underlying representation should be integer"]),
    ("Time: wrong kind", READ, &["Invalid type for Time, underlying representation should be integer"]),
    ("Time: beyond the day", READ, &["Time values must use number of milliseconds greater than 0"]),
    ("Timestamp: wrong kind", READ, &["Invalid type for Timestamp, underlying representation should be integral"]),
    ("bytes: bad Base64", READ, &["Invalid bytes field"]),
    ("an object as an array", READ, &["\"array\":[{\"int32\":1}]", "{\\\"a\\\":1}"]),
    ("map with text keys: no object", READ, &["Maps with string fields should be encoded as JSON objects"]),
    ("map with other keys: no array", READ, &["Maps with non-string fields should be encoded as JSON array of tuples"]),
    ("map with other keys: no pair", READ, &["Found invalid map entry instead of array tuple"]),
    ("map with other keys: not two", READ, &["Found invalid map entry, expected length 2 but found"]),
    ("struct: no object", READ, &["Structs should be encoded as JSON objects, but found"]),
    ("schema without type", READ, &["Schema must contain 'type' field"]),
    ("schema of unknown type", READ, &["Unknown schema type: "]),
    ("array without items", READ, &["Array schema did not specify the element type"]),
    ("map without keys", READ, &["Map schema did not specify the key type"]),
    ("map without values", READ, &["Map schema did not specify the value type"]),
    ("struct without fields", READ, &["argument is not an array."]),
    ("field without name", READ, &["field name not specified properly"]),
    ("a field twice", READ, &["field name duplication a"]),
    ("parameters that are no text", READ, &["Schema parameters must have string values."]),
    ("a struct with a default", READ, &["Invalid default value", "Struct schemas do not match."]),
    // Jackson
    ("UTF-16 with a mark", READ, &["\"//4xAA==\"", "\"int64\":1"]),
    ("UTF-32 without a mark", READ, &["\"AAAAMQ==\"", "\"int64\":1"]),
    ("a mark and nothing else", READ, &["\"//4=\"", "Invalid UTF-8 start byte 0xfe"]),
    ("an order of bytes that nobody has", READ, &["Unsupported UCS-4 endianness"]),
    ("no character of UTF-32", READ, &["Invalid UTF-32 character"]),
    ("nesting beyond 1,000, reading", LIMITS, &["StreamReadConstraints.getMaxNestingDepth()"]),
    ("strings beyond 20 million", LIMITS, &["String value length (20000001)"]),
    ("names beyond 50,000", LIMITS, &["Name length (50001)"]),
    ("numbers beyond 1,000", LIMITS, &["Number value length (1001)"]),
    // String, ByteArray, Boolean, numbers
    ("StringConverter: unknown encoding", PLAIN, &["Unsupported encoding no-such", "UnsupportedCharsetException"]),
    ("StringConverter: name that is none", PLAIN, &["IllegalCharsetNameException"]),
    ("StringConverter: UTF-16 writes a mark", PLAIN, &["UTF-16\"", "/v8A"]),
    ("StringConverter: a character the set has not", PLAIN, &["US-ASCII", "\"text\":\"a"]),
    ("ByteArrayConverter: schema, also for null", PLAIN, &["Invalid schema type for ByteArrayConverter: INT32"]),
    ("ByteArrayConverter: other values", PLAIN, &["ByteArrayConverter is not compatible with objects of type class"]),
    ("BooleanConverter: schema", PLAIN, &["Invalid schema type for BooleanConverter"]),
    ("BooleanConverter: other values", PLAIN, &["BooleanConverter is not compatible with objects of type class"]),
    ("BooleanConverter: other bytes", PLAIN, &["Unexpected byte received by BooleanDeserializer: 2"]),
    ("numbers: other values", PLAIN, &["Failed to serialize to long (was class "]),
    ("numbers: another length", PLAIN, &["Size of data received by IntegerDeserializer is not 4"]),
    // Values and SimpleHeaderConverter
    ("empty text", PARSE, &["\"text\":\"\""]),
    ("null as text", PARSE, &["\"text\":\" null \""]),
    ("the smallest number type", PARSE, &["\"text\":\"32768\"", "int32"]),
    ("beyond 64 bits: Decimal", PARSE, &["\"decimal\"", "\"scale\":0"]),
    ("1e5000", PARSE, &["1e5000", "-5000"]),
    ("3.4028236e38", PARSE, &["3.4028236e38", "float64"]),
    ("[] and {}", PARSE, &["\"text\":\"[]\"", "\"items\":null"]),
    ("[1,null] is text", PARSE, &["\"text\":\"[1,null]\"", "\"string\":\"[1,null]\""]),
    ("{\"a\":null} has an unbuilt schema", PARSE, &["\"unbuilt\":true"]),
    ("dates are lenient", PARSE, &["2020-13-45", "date"]),
    ("12:34", PARSE, &["\"text\":\"12:34\"", "\"int8\":12"]),
    ("quoted elements keep backslashes", PARSE, &["[\\\"a\\\\\\\"b\\\"]"]),
    ("bytes in text", PRINT, &["\"bytes\""]),
    ("times of the day in text", PRINT, &["Z\""]),
    ("headers of malformed text", HEADER, &["\u{fffd}"]),
];

#[test]
fn every_rule_has_its_case() {
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    let mut uncovered = Vec::new();
    for (rule, file, needles) in ROWS {
        let text = files.entry(file).or_insert_with(|| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden");
            std::fs::read_to_string(format!("{folder}/{file}.jsonl")).unwrap()
        });
        if !text.lines().any(|line| needles.iter().all(|needle| line.contains(needle))) {
            uncovered.push(format!("{rule} ({file}: {needles:?})"));
        }
    }
    println!("{} rules, {} without a case", ROWS.len(), uncovered.len());
    assert!(uncovered.is_empty(), "no case for\n  {}", uncovered.join("\n  "));
}
