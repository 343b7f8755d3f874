//! The reader of `.properties` files against what `java.util.Properties` made of the same bytes.
#![allow(clippy::unwrap_used)] // a fixture that cannot be read must fail the test

use std::collections::BTreeMap;

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.trim_start_matches('-').as_bytes();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn reads_what_java_reads() {
    let mut compared = 0;
    for line in include_str!("properties.tsv").lines().filter(|line| !line.starts_with('#')) {
        let (input, expected) = line.split_once('\t').unwrap();
        let found = match kafka_config::properties::read(&unhex(input)) {
            Err(error) => format!("!{error}"),
            Ok(properties) => {
                let sorted: BTreeMap<String, String> =
                    properties.iter().map(|(key, value)| (hex(key), hex(value))).collect();
                let pairs: Vec<String> = sorted.iter().map(|(key, value)| format!("{key}={value}")).collect();
                pairs.join(",")
            }
        };
        assert_eq!(found, expected, "{input}: {:?}", String::from_utf8_lossy(&unhex(input)));
        compared += 1;
    }
    assert!(compared > 100, "{compared}");
}
