//! What is put into the topics of sinks: good records and many broken ones, each sink with its own way to refuse them.

use e2e::Record;

/// A sink, its topic's records, and whether it goes on in spite of them.
pub(crate) struct Sink {
    /// The connector, and its topic.
    pub(crate) name: &'static str,
    /// Its lines beyond class, topic, queue and reports.
    pub(crate) lines: Vec<(&'static str, &'static str)>,
    /// The records.
    pub(crate) records: Vec<Record>,
}

pub(crate) const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";

fn values(name: &'static str, values: &[&str]) -> Vec<Record> {
    let record = |(number, value): (usize, &&str)| Record::to(name).timestamp(1_000 + number as i64).value(*value);
    values.iter().enumerate().map(record).collect()
}

fn bytes(name: &'static str, values: &[&[u8]]) -> Vec<Record> {
    let record = |(number, value): (usize, &&[u8])| Record::to(name).timestamp(number as i64).value(*value);
    values.iter().enumerate().map(record).collect()
}

/// `(key, alias.rest)` for the transform `alias` of Apache's class `class`.
macro_rules! lines {
    ($($key:literal = $value:expr),* $(,)?) => { vec![$(($key, $value)),*] };
}

/// Sinks with `errors.tolerance=all`.
pub(crate) fn tolerant() -> Vec<Sink> {
    let mut sinks = vec![envelopes(), logical_types(), casts(), masks(), times(), long_values(), keys(), headers()];
    sinks.extend([structures(), conditions(), schemaful_chain(), raw_bytes(), number_keys(), nested()]);
    sinks.extend([numbers(), days(), ints()]);
    sinks
}

fn envelopes() -> Sink {
    let name = "envelopes";
    Sink {
        name,
        lines: lines!["value.converter" = JSON, "value.converter.schemas.enable" = "true"],
        records: values(
            name,
            &[
                r#"{"schema":{"type":"int8"},"payload":1}"#,
                r#"{"schema":{"type":"int8"},"payload":300}"#,
                r#"{"schema":{"type":"int32"},"payload":"one"}"#,
                r#"{"schema":{"type":"string"}}"#,
                r#"{"schema":null,"payload":1}"#,
                r#"{"schema":1,"payload":1}"#,
                r#"{"schema":"string","payload":"x"}"#,
                r#"{"schema":{"type":7},"payload":1}"#,
                r#"{"schema":{"type":"int64","optional":"yes"},"payload":1}"#,
                r#"{"schema":{"type":"int32","version":"one"},"payload":1}"#,
                r#"{"schema":{"type":"int32","name":5},"payload":1}"#,
                r#"{"schema":{"type":"int32","doc":5},"payload":1}"#,
                r#"{"schema":{"type":"int32","parameters":5},"payload":1}"#,
                r#"{"schema":{"type":"int32","parameters":{"a":1}},"payload":1}"#,
                r#"{"schema":{"type":"int32","default":"x"},"payload":1}"#,
                r#"{"schema":{"type":"array","items":1},"payload":[]}"#,
                r#"{"schema":{"type":"array","items":{"type":"int32"}},"payload":{"a":1}}"#,
                r#"{"schema":{"type":"array","items":{"type":"int32"}},"payload":[1,null]}"#,
                r#"{"schema":{"type":"array","items":{"type":"boolean"}},"payload":[true,1]}"#,
                r#"{"schema":{"type":"map","keys":{"type":"string"}},"payload":{}}"#,
                r#"{"schema":{"type":"map","values":{"type":"string"}},"payload":{}}"#,
                r#"{"schema":{"type":"map","keys":{"type":"string"},"values":{"type":"int32"}},"payload":[1]}"#,
                r#"{"schema":{"type":"map","keys":{"type":"int32"},"values":{"type":"int32"}},"payload":{"a":1}}"#,
                r#"{"schema":{"type":"map","keys":{"type":"int32"},"values":{"type":"int32"}},"payload":[[1]]}"#,
                r#"{"schema":{"type":"map","keys":{"type":"int32"},"values":{"type":"int32"}},"payload":[1,2]}"#,
                r#"{"schema":{"type":"struct"},"payload":{}}"#,
                r#"{"schema":{"type":"struct","fields":1},"payload":{}}"#,
                r#"{"schema":{"type":"struct","fields":[1]},"payload":{}}"#,
                r#"{"schema":{"type":"struct","fields":[{"type":"int32"}]},"payload":{}}"#,
                r#"{"schema":{"type":"struct","fields":[{"field":1,"type":"int32"}]},"payload":{}}"#,
                r#"{"schema":{"type":"struct","fields":[{"field":"a","type":"int32"}]},"payload":[1]}"#,
                r#"{"schema":{"type":"struct","fields":[{"field":"a","type":"int32"}]},"payload":{"a":null}}"#,
                r#"{"schema":{"type":"struct","fields":[{"field":"a","type":"int32"},{"field":"a","type":"int8"}]},"payload":{}}"#,
                r#"{"schema":{"type":"boolean"},"payload":0}"#,
                r#"{"schema":{"type":"bytes"},"payload":"***"}"#,
                r#"{"schema":{"type":"bytes"},"payload":1}"#,
                r#"{"schema":{"type":"float"},"payload":[]}"#,
                r#"{"schema":{"type":"double"},"payload":{}}"#,
                r#"["schema","payload"]"#,
                r#""schema""#,
                "null",
                "1",
                "   ",
                "{\"schema\":{\"type\":\"string\"},\"payload\":\"\u{0}\"}",
                r#"{"schema":{"type":"string"},"payload":"last"}"#,
            ],
        ),
    }
}

fn logical_types() -> Sink {
    let name = "logical-types";
    let decimal = r#""name":"org.apache.kafka.connect.data.Decimal","version":1"#;
    let of = |kind: &str, class: &str, payload: &str| {
        format!(
            r#"{{"schema":{{"type":"{kind}","name":"org.apache.kafka.connect.data.{class}","version":1}},"payload":{payload}}}"#
        )
    };
    let texts = [
        format!(r#"{{"schema":{{"type":"bytes",{decimal},"parameters":{{"scale":"2"}}}},"payload":"AQ=="}}"#),
        format!(r#"{{"schema":{{"type":"bytes",{decimal},"parameters":{{"scale":"two"}}}},"payload":"AQ=="}}"#),
        format!(r#"{{"schema":{{"type":"bytes",{decimal}}},"payload":"AQ=="}}"#),
        format!(r#"{{"schema":{{"type":"bytes",{decimal},"parameters":{{"scale":"2"}}}},"payload":"%"}}"#),
        format!(r#"{{"schema":{{"type":"bytes",{decimal},"parameters":{{"scale":"2"}}}},"payload":""}}"#),
        format!(r#"{{"schema":{{"type":"bytes",{decimal},"parameters":{{"scale":"2"}}}},"payload":true}}"#),
        format!(r#"{{"schema":{{"type":"bytes",{decimal},"parameters":{{"scale":"2"}}}},"payload":1.234}}"#),
        of("int32", "Date", "1"),
        of("int32", "Date", r#""1""#),
        of("int32", "Date", "1.5"),
        of("int32", "Time", "86400001"),
        of("int32", "Time", "-1"),
        of("int32", "Time", r#""noon""#),
        of("int64", "Timestamp", r#""now""#),
        of("int64", "Timestamp", "{}"),
        of("int64", "Date", "1"),
        of("string", "Timestamp", r#""x""#),
        of("int64", "Timestamp", "1"),
    ];
    Sink {
        name,
        lines: lines!["value.converter" = JSON, "value.converter.schemas.enable" = "true"],
        records: values(name, &texts.iter().map(String::as_str).collect::<Vec<_>>()),
    }
}

fn casts() -> Sink {
    let name = "casts";
    Sink {
        name,
        lines: lines![
            "value.converter" = JSON,
            "value.converter.schemas.enable" = "false",
            "transforms" = "cast",
            "transforms.cast.type" = "org.apache.kafka.connect.transforms.Cast$Value",
            "transforms.cast.spec" = "a:int8,b:float64,c:boolean,d:string,e:int64",
        ],
        records: values(
            name,
            &[
                r#"{"a":1,"b":2,"c":3,"d":4,"e":"5"}"#,
                r#"{"a":"one"}"#,
                r#"{"a":"300"}"#,
                r#"{"a":300}"#,
                r#"{"a":[1]}"#,
                r#"{"a":{"b":1}}"#,
                r#"{"b":"1,5"}"#,
                r#"{"b":""}"#,
                r#"{"b":[]}"#,
                r#"{"c":"maybe"}"#,
                r#"{"c":{}}"#,
                r#"{"c":[]}"#,
                r#"{"d":[1]}"#,
                r#"{"d":{"x":1}}"#,
                r#"{"e":"5.5"}"#,
                r#"{"e":"0x10"}"#,
                r#"{"e":" 5"}"#,
                r#"{"e":99999999999999999999}"#,
                r#"{"e":"99999999999999999999"}"#,
                r#"[1]"#,
                r#""a""#,
                "12",
                "true",
                "{",
                "",
                r#"{"a":null,"b":null,"c":null}"#,
            ],
        ),
    }
}

fn masks() -> Sink {
    let name = "masks";
    Sink {
        name,
        lines: lines![
            "value.converter" = JSON,
            "value.converter.schemas.enable" = "false",
            "transforms" = "mask,number",
            "transforms.mask.type" = "org.apache.kafka.connect.transforms.MaskField$Value",
            "transforms.mask.fields" = "secret",
            "transforms.number.type" = "org.apache.kafka.connect.transforms.MaskField$Value",
            "transforms.number.fields" = "card",
            "transforms.number.replacement" = "12x",
        ],
        records: values(
            name,
            &[
                r#"{"secret":"s","card":"4711"}"#,
                r#"{"secret":1,"card":"4711"}"#,
                r#"{"secret":1.5}"#,
                r#"{"secret":[1]}"#,
                r#"{"secret":{}}"#,
                r#"{"secret":true}"#,
                r#"{"secret":null}"#,
                r#"{"card":4711}"#,
                r#"{"card":1.5}"#,
                r#"{"card":true}"#,
                r#"{"card":[]}"#,
                r#"{"card":{"a":1}}"#,
                r#"{"card":null}"#,
                r#""secret""#,
                "[]",
                "7",
                "nothing",
                r#"{"secret":"last","card":"last"}"#,
            ],
        ),
    }
}

fn times() -> Sink {
    let name = "times";
    Sink {
        name,
        lines: lines![
            "value.converter" = JSON,
            "value.converter.schemas.enable" = "false",
            "transforms" = "at,unix",
            "transforms.at.type" = "org.apache.kafka.connect.transforms.TimestampConverter$Value",
            "transforms.at.field" = "at",
            "transforms.at.format" = "yyyy-MM-dd'T'HH:mm:ss",
            "transforms.at.target.type" = "unix",
            "transforms.unix.type" = "org.apache.kafka.connect.transforms.TimestampConverter$Value",
            "transforms.unix.field" = "unix",
            "transforms.unix.format" = "yyyy-MM-dd",
            "transforms.unix.target.type" = "string",
            "transforms.unix.unix.precision" = "seconds",
        ],
        records: values(
            name,
            &[
                r#"{"at":"2024-02-29T01:02:03","unix":0}"#,
                r#"{"at":"2024-02-29"}"#,
                r#"{"at":"yesterday"}"#,
                r#"{"at":""}"#,
                r#"{"at":1.5}"#,
                r#"{"at":true}"#,
                r#"{"at":[1]}"#,
                r#"{"at":{}}"#,
                r#"{"at":null,"unix":null}"#,
                r#"{"unix":"0"}"#,
                r#"{"unix":"2024-01-01"}"#,
                r#"{"unix":1.5}"#,
                r#"{"unix":[]}"#,
                r#"{"at":"2024-01-01T00:00:00","unix":{}}"#,
                r#""2024-02-29T01:02:03""#,
                "5",
                "[]",
                r#"{"other":1}"#,
                r#"{"at":"2024-13-45T99:99:99","unix":1}"#,
            ],
        ),
    }
}

fn long_values() -> Sink {
    let name = "long-values";
    let good = 258_i64.to_be_bytes();
    Sink {
        name,
        lines: lines!["value.converter" = "org.apache.kafka.connect.converters.LongConverter"],
        records: bytes(
            name,
            &[&good, &[], &[1], &[1, 2, 3, 4], &[0; 7], &[0; 9], b"12345678", b"a long text", &[0xff; 100], &good],
        ),
    }
}

/// Keys of a short, and values without a converter's complaints.
fn keys() -> Sink {
    let name = "short-keys";
    let record = |time: i64| Record::to(name).timestamp(time).value(format!("value {time}"));
    Sink {
        name,
        lines: lines!["key.converter" = "org.apache.kafka.connect.converters.ShortConverter"],
        records: vec![
            record(0).key([0, 1]),
            record(1).key([1]),
            record(2).key([]),
            record(3).key("key"),
            record(4),
            record(5).key([0; 16]).header("kept", "yes").null_header("null"),
            record(6).key([0xff, 0xff]),
        ],
    }
}

/// Headers that are JSON with schemas; later converters are not asked once one has failed.
fn headers() -> Sink {
    let name = "headers";
    let record = |time: i64| Record::to(name).timestamp(time);
    Sink {
        name,
        lines: lines![
            "header.converter" = JSON,
            "header.converter.schemas.enable" = "true",
            "key.converter" = JSON,
            "key.converter.schemas.enable" = "false",
            "value.converter" = JSON,
            "value.converter.schemas.enable" = "false",
        ],
        records: vec![
            record(0).key("1").value("1").header("a", r#"{"schema":{"type":"int32"},"payload":1}"#),
            record(1).key("1").value("1").header("a", "text"),
            record(2).key("1").value("1").header("a", "1"),
            record(3).key("1").value("1").header("a", ""),
            record(4).key("1").value("1").null_header("a"),
            record(5).key("1").value("{").header("a", "text"),
            record(6).key("{").value("{").header("a", "text"),
            record(7).key("1").value("1").header("a", r#"{"schema":{"type":"int32"},"payload":1}"#).header("b", "{"),
            record(8).key("1").value("1").header("a", "{").header("a", "["),
            record(9).value("1").header("ä", r#"{"payload":1}"#),
            record(10).key("1").value("\"last\""),
        ],
    }
}

/// Transforms that take structure apart: each record fails at another place of the chain, or passes it.
fn structures() -> Sink {
    let name = "structures";
    Sink {
        name,
        lines: lines![
            "value.converter" = JSON,
            "value.converter.schemas.enable" = "false",
            "key.converter" = JSON,
            "key.converter.schemas.enable" = "false",
            "transforms" = "key,field,move,flat,get",
            "transforms.key.type" = "org.apache.kafka.connect.transforms.ValueToKey",
            "transforms.key.fields" = "id",
            "transforms.field.type" = "org.apache.kafka.connect.transforms.ExtractField$Key",
            "transforms.field.field" = "id",
            "transforms.move.type" = "org.apache.kafka.connect.transforms.HeaderFrom$Value",
            "transforms.move.fields" = "note",
            "transforms.move.headers" = "note",
            "transforms.move.operation" = "move",
            "transforms.flat.type" = "org.apache.kafka.connect.transforms.Flatten$Value",
            "transforms.get.type" = "org.apache.kafka.connect.transforms.ExtractField$Value",
            "transforms.get.field" = "a.b",
        ],
        records: values(
            name,
            &[
                r#"{"id":1,"note":"n","a":{"b":1}}"#,
                r#"{"note":"n","a":{"b":2}}"#,
                r#"{"id":{"x":1},"a":{"b":3}}"#,
                r#"{"id":[1],"a":{"b":4}}"#,
                r#"{"id":1,"a":[1]}"#,
                r#"{"id":1,"a":{"b":[1,2]}}"#,
                r#"{"id":1,"a":{"c":1}}"#,
                r#"{"id":1,"note":null}"#,
                r#"{"id":1,"a":null}"#,
                "[]",
                "1",
                r#""id""#,
                "null",
                "{}",
                "{]",
                r#"{"id":2,"a":{"b":{"c":1}}}"#,
                r#"{"id":2,"a":{"b":"last"}}"#,
            ],
        ),
    }
}

/// Predicates choose what a transform sees: the same bad value fails or passes by topic, header and null.
fn conditions() -> Sink {
    let name = "conditions";
    let record = |time: i64| Record::to(name).timestamp(time);
    Sink {
        name,
        lines: lines![
            "value.converter" = JSON,
            "value.converter.schemas.enable" = "false",
            "transforms" = "tomb,number,insert,drop",
            "transforms.tomb.type" = "org.apache.kafka.connect.transforms.Filter",
            "transforms.tomb.predicate" = "tombstone",
            "transforms.number.type" = "org.apache.kafka.connect.transforms.Cast$Value",
            "transforms.number.spec" = "int32",
            "transforms.number.predicate" = "number",
            "transforms.insert.type" = "org.apache.kafka.connect.transforms.InsertField$Value",
            "transforms.insert.offset.field" = "offset!",
            "transforms.insert.topic.field" = "topic",
            "transforms.insert.predicate" = "number",
            "transforms.insert.negate" = "true",
            "transforms.drop.type" = "org.apache.kafka.connect.transforms.Filter",
            "transforms.drop.predicate" = "drop",
            "predicates" = "tombstone,number,drop",
            "predicates.tombstone.type" = "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
            "predicates.number.type" = "org.apache.kafka.connect.transforms.predicates.HasHeaderKey",
            "predicates.number.name" = "number",
            "predicates.drop.type" = "org.apache.kafka.connect.transforms.predicates.HasHeaderKey",
            "predicates.drop.name" = "drop",
        ],
        records: vec![
            record(0).value("\"1\"").header("number", "1"),
            record(1).value("\"one\"").header("number", "1"),
            record(2).value("\"one\"").header("number", "1").header("drop", "1"),
            record(3).value("\"one\""),
            record(4).value("{}"),
            record(5).value("{}").header("number", "1"),
            record(6).value("{}").header("drop", "1"),
            Record::to(name).timestamp(7),
            Record::to(name).timestamp(8).header("number", "1"),
            record(9).value("[1]"),
            record(10).value("null"),
            record(11).value("null").header("number", "1"),
            record(12).value("12").header("number", "1").header("drop", "1"),
            record(13).value("tru").header("drop", "1"),
            record(14).value("2.5").header("number", "1"),
            record(15).value("1e99").header("number", "1"),
        ],
    }
}

/// Records with schemas through Cast, MaskField, TimestampConverter and ReplaceField.
fn schemaful_chain() -> Sink {
    let name = "schemaful";
    let of = |fields: &str, payload: &str| {
        format!(r#"{{"schema":{{"type":"struct","name":"s","fields":[{fields}]}},"payload":{payload}}}"#)
    };
    let at = r#"{"field":"at","type":"string"}"#;
    let optional = r#"{"field":"at","type":"string","optional":true}"#;
    let number = r#"{"field":"n","type":"string"}"#;
    let texts = [
        of(&format!("{at},{number}"), r#"{"at":"2024-01-01","n":"1"}"#),
        of(&format!("{at},{number}"), r#"{"at":"01.01.2024","n":"1"}"#),
        of(&format!("{at},{number}"), r#"{"at":"2024-01-01","n":"one"}"#),
        of(&format!("{at},{number}"), r#"{"at":"x","n":"y"}"#),
        of(&format!("{optional},{number}"), r#"{"at":null,"n":"1"}"#),
        of(optional, r#"{"at":"2024-01-01"}"#),
        of(number, r#"{"n":"1"}"#),
        of(r#"{"field":"at","type":"int32"},{"field":"n","type":"string"}"#, r#"{"at":1,"n":"1"}"#),
        of(r#"{"field":"at","type":"boolean"},{"field":"n","type":"string"}"#, r#"{"at":true,"n":"1"}"#),
        of(
            &format!(r#"{at},{{"field":"n","type":"array","items":{{"type":"int8"}}}}"#),
            r#"{"at":"2024-01-01","n":[1]}"#,
        ),
        of(&format!(r#"{at},{{"field":"n","type":"bytes"}}"#), r#"{"at":"2024-01-01","n":"AQID"}"#),
        of(&format!(r#"{at},{number},{{"field":"m","type":"map","keys":{{"type":"string"}},"values":{{"type":"string"}}}}"#), r#"{"at":"2024-01-01","n":"1","m":{"a":"b"}}"#),
        of(&format!(r#"{at},{number},{{"field":"m","type":"string"}}"#), r#"{"at":"2024-01-01","n":"1","m":"x"}"#),
        r#"{"schema":{"type":"string"},"payload":"text"}"#.to_owned(),
        r#"{"schema":{"type":"map","keys":{"type":"string"},"values":{"type":"string"}},"payload":{"at":"2024-01-01","n":"1"}}"#.to_owned(),
        "null".to_owned(),
        of(&format!("{at},{number}"), r#"{"at":"2024-12-31","n":"2"}"#),
    ];
    Sink {
        name,
        lines: lines![
            "value.converter" = JSON,
            "value.converter.schemas.enable" = "true",
            "transforms" = "at,cast,mask",
            "transforms.at.type" = "org.apache.kafka.connect.transforms.TimestampConverter$Value",
            "transforms.at.field" = "at",
            "transforms.at.format" = "yyyy-MM-dd",
            "transforms.at.target.type" = "Date",
            "transforms.cast.type" = "org.apache.kafka.connect.transforms.Cast$Value",
            "transforms.cast.spec" = "n:int32",
            "transforms.mask.type" = "org.apache.kafka.connect.transforms.MaskField$Value",
            "transforms.mask.fields" = "m",
        ],
        records: values(name, &texts.iter().map(String::as_str).collect::<Vec<_>>()),
    }
}

/// Bytes before transforms that want more than bytes, with and without a predicate.
fn raw_bytes() -> Sink {
    let name = "raw-bytes";
    let record = |time: i64| Record::to(name).timestamp(time);
    Sink {
        name,
        lines: lines![
            "value.converter" = "org.apache.kafka.connect.converters.ByteArrayConverter",
            "transforms" = "get,cast",
            "transforms.get.type" = "org.apache.kafka.connect.transforms.ExtractField$Value",
            "transforms.get.field" = "id",
            "transforms.get.predicate" = "get",
            "transforms.cast.type" = "org.apache.kafka.connect.transforms.Cast$Value",
            "transforms.cast.spec" = "string",
            "transforms.cast.predicate" = "cast",
            "predicates" = "get,cast",
            "predicates.get.type" = "org.apache.kafka.connect.transforms.predicates.HasHeaderKey",
            "predicates.get.name" = "get",
            "predicates.cast.type" = "org.apache.kafka.connect.transforms.predicates.HasHeaderKey",
            "predicates.cast.name" = "cast",
        ],
        records: vec![
            record(0).value([1, 2, 3]).header("cast", "1"),
            record(1).value([1, 2, 3]).header("get", "1"),
            record(2).value([]).header("get", "1"),
            record(3).header("get", "1"),
            record(4).value(vec![0xfe; 1000]).header("get", "1").header("get", "2"),
            record(5).value("text").header("cast", "1").header("get", "1"),
            record(6).value([0]).header("cast", "last"),
        ],
    }
}

/// Keys that a number converter refuses, of all widths, one connector for each would say no more.
fn number_keys() -> Sink {
    let name = "float-keys";
    let record = |time: i64| Record::to(name).timestamp(time);
    Sink {
        name,
        lines: lines![
            "key.converter" = "org.apache.kafka.connect.converters.DoubleConverter",
            "value.converter" = "org.apache.kafka.connect.converters.BooleanConverter",
        ],
        records: vec![
            record(0).key(1.5_f64.to_be_bytes()).value([1]),
            record(1).key([1]).value([1]),
            record(2).key(1.5_f64.to_be_bytes()).value([2]),
            record(3).key(1.5_f64.to_be_bytes()).value([]),
            record(4).key(1.5_f64.to_be_bytes()).value("true"),
            record(5).key("x").value("true"),
            record(6).value([0]),
            record(7).key(1.5_f64.to_be_bytes()),
        ],
    }
}

/// Texts that are no number.
fn numbers() -> Sink {
    let name = "numbers";
    let texts = [
        "1",
        "-1",
        "+1",
        "007",
        "one",
        "",
        " ",
        "1 ",
        " 1",
        "1_000",
        "1,000",
        "1.0",
        "1e3",
        "0x1f",
        "1f",
        "1L",
        "NaN",
        "Infinity",
        "--1",
        "+-1",
        "-",
        "+",
        "2147483647",
        "2147483648",
        "-2147483649",
        "9999999999999999999999",
        "true",
        "null",
        "½",
        "１２",
        "١٢",
        "1\u{0}",
        "\t1",
        "12345678901234567890x",
        "I",
    ];
    Sink {
        name,
        lines: lines![
            "transforms" = "cast",
            "transforms.cast.type" = "org.apache.kafka.connect.transforms.Cast$Value",
            "transforms.cast.spec" = "int32",
        ],
        records: values(name, &texts),
    }
}

/// Texts that are no time of day.
fn days() -> Sink {
    let name = "days";
    let texts = [
        "2024-02-29 10:30",
        "2024-02-30 10:30",
        "2024-02-29",
        "2024-02-29 ",
        "2024-02-29 10",
        "2024-02-29 10:",
        "",
        " ",
        "10:30",
        "2024/02/29 10:30",
        "29.02.2024 10:30",
        "2024-02-29T10:30",
        "2024-02-29 10.30",
        "2024-02-29 x:30",
        "x2024-02-29 10:30",
        "2024-02-29 10:30:15",
        "20240229 1030",
        "2024-Feb-29 10:30",
        "2024--02-29 10:30",
        "now",
        "-2024-02-29 10:30",
        "2024-02-29  10:30",
        "٢٠٢٤-٠٢-٢٩ ١٠:٣٠",
        "99999-99-99 99:99",
        "2024-02-29 10:3 ",
        "0-0-0 0:0",
    ];
    Sink {
        name,
        lines: lines![
            "transforms" = "at,text",
            "transforms.at.type" = "org.apache.kafka.connect.transforms.TimestampConverter$Value",
            "transforms.at.format" = "yyyy-MM-dd HH:mm",
            "transforms.at.target.type" = "Timestamp",
            "transforms.text.type" = "org.apache.kafka.connect.transforms.TimestampConverter$Value",
            "transforms.text.format" = "HH:mm dd/MM/yyyy",
            "transforms.text.target.type" = "string",
        ],
        records: values(name, &texts),
    }
}

/// Values that are no int.
fn ints() -> Sink {
    let name = "ints";
    Sink {
        name,
        lines: lines!["value.converter" = "org.apache.kafka.connect.converters.IntegerConverter"],
        records: bytes(
            name,
            &[&[0, 0, 0, 7], &[], &[1], &[1, 2], &[1, 2, 3], &[0; 5], b"text", b"number", &[0; 8], &[0xff; 4]],
        ),
    }
}

/// JSON that nests deeper than the reader goes, and numbers and texts at its limits.
fn nested() -> Sink {
    let name = "nested";
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let digits = "1".repeat(1_100);
    let texts = [
        deep(900),
        deep(1_001),
        deep(5_000),
        "[".repeat(2_000),
        digits.clone(),
        format!("1.{digits}"),
        format!("1e{digits}"),
        "1e400".to_owned(),
        "NaN".to_owned(),
        "'single'".to_owned(),
        "{a:1}".to_owned(),
        "{\"a\":1,}".to_owned(),
        "// comment\n1".to_owned(),
        "\"\\x\"".to_owned(),
        "\"\\ud800\"".to_owned(),
        "\"tab\there\"".to_owned(),
        "\u{feff}1".to_owned(),
        "<xml/>".to_owned(),
        "+1".to_owned(),
        "-".to_owned(),
        ".5".to_owned(),
        "1.".to_owned(),
        "truefalse".to_owned(),
        "\"last\"".to_owned(),
    ];
    Sink {
        name,
        lines: lines!["value.converter" = JSON, "value.converter.schemas.enable" = "false"],
        records: values(name, &texts.iter().map(String::as_str).collect::<Vec<_>>()),
    }
}

/// Sinks without tolerance: each has one bad record, at which it fails.
pub(crate) fn strict() -> Vec<Sink> {
    let json = [("value.converter", JSON), ("value.converter.schemas.enable", "false")];
    let envelope = [("value.converter", JSON), ("value.converter.schemas.enable", "true")];
    let cast = [
        ("transforms", "cast"),
        ("transforms.cast.type", "org.apache.kafka.connect.transforms.Cast$Value"),
        ("transforms.cast.spec", "int8"),
    ];
    let sink = |name: &'static str, lines: &[(&'static str, &'static str)], bad: Record| Sink {
        name,
        lines: lines.to_vec(),
        records: vec![bad.timestamp(5)],
    };
    vec![
        sink("strict-json", &json, Record::to("strict-json").value("{")),
        sink("strict-envelope", &envelope, Record::to("strict-envelope").value("{}")),
        sink("strict-cast", &[json.as_slice(), &cast].concat(), Record::to("strict-cast").value("\"x\"")),
        sink(
            "strict-key",
            &[("key.converter", "org.apache.kafka.connect.converters.IntegerConverter")],
            Record::to("strict-key").key("x").value("v"),
        ),
        sink(
            "strict-header",
            &[("header.converter", JSON)],
            Record::to("strict-header").value("v").header("h", "no json"),
        ),
    ]
}
