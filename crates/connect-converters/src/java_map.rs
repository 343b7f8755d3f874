//! The order in which a Java map with keys of any type is walked.

use connect_api::data::java_order::{hash_map_order, string_hash};
use connect_api::{Decimal, Map, Value};
use num_bigint::{BigInt, Sign};

/// The entries of `map` in the order in which Java walks them. Bytes and structs, whose hash code differs from run to run
/// or between releases of Java, count as 0.
pub fn entries(map: &Map) -> Vec<(&Value, &Value)> {
    let entries: Vec<_> = map.iter().collect();
    match order(map) {
        Some(order) => order.into_iter().map(|index| entries[index]).collect(),
        None => entries,
    }
}

/// The same, moved out of the map.
pub fn into_entries(map: Map) -> Vec<(Value, Value)> {
    let Some(order) = order(&map) else { return map.into_iter().collect() };
    let mut entries: Vec<_> = map.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| entries[index].take()).collect()
}

/// The indexes of the entries in Java's order; `None` when that is their own.
fn order(map: &Map) -> Option<Vec<usize>> {
    if map.len() < 2 {
        return None;
    }
    if map.is_plain()
        && let Some(names) = map.iter().map(|(key, _)| key.as_str()).collect::<Option<Vec<&str>>>()
    {
        return Some(hash_map_order(names.into_iter()));
    }
    let hashes: Vec<u32> = map.iter().map(|(key, _)| spread(hash_code(key))).collect();
    let mut order: Vec<usize> = Vec::with_capacity(map.len());
    for (buckets, len) in map.tables() {
        // Within a bucket, entries stand in the order in which they came.
        order.extend(order.len()..len);
        if let Some(buckets) = buckets {
            order.sort_by_key(|index| hashes[*index] & (buckets - 1));
        }
    }
    Some(order)
}

fn spread(hash: i32) -> u32 {
    let hash = hash as u32;
    hash ^ (hash >> 16)
}

/// `Objects.hashCode` of the Java object that stands for `value`.
fn hash_code(value: &Value) -> i32 {
    match value {
        Value::Null | Value::Bytes(_) | Value::Struct(_) => 0,
        Value::Boolean(true) => 1231,
        Value::Boolean(false) => 1237,
        Value::Int8(value) => i32::from(*value),
        Value::Int16(value) => i32::from(*value),
        Value::Int32(value) => *value,
        Value::Int64(value) | Value::Date(value) => long_hash(*value),
        Value::Float32(value) if value.is_nan() => 0x7FC0_0000,
        Value::Float32(value) => value.to_bits() as i32,
        Value::Float64(value) if value.is_nan() => long_hash(0x7FF8_0000_0000_0000),
        Value::Float64(value) => long_hash(value.to_bits() as i64),
        Value::String(text) => string_hash(text),
        Value::Array(items) => {
            items.iter().fold(1_i32, |hash, item| hash.wrapping_mul(31).wrapping_add(hash_code(item)))
        }
        Value::Map(map) => {
            map.iter().fold(0_i32, |hash, (key, value)| hash.wrapping_add(hash_code(key) ^ hash_code(value)))
        }
        Value::Decimal(decimal) => decimal_hash(decimal),
    }
}

fn long_hash(value: i64) -> i32 {
    (value ^ ((value as u64) >> 32) as i64) as i32
}

/// `BigDecimal.hashCode`: over the magnitude's 32-bit digits, most significant first.
fn decimal_hash(decimal: &Decimal) -> i32 {
    let magnitude = integer_hash(&decimal.unscaled);
    magnitude.wrapping_mul(31).wrapping_add(decimal.scale)
}

fn integer_hash(value: &BigInt) -> i32 {
    let (sign, digits) = value.to_u32_digits();
    let hash = digits.iter().rev().fold(0_i32, |hash, digit| hash.wrapping_mul(31).wrapping_add(*digit as i32));
    if sign == Sign::Minus { hash.wrapping_neg() } else { hash }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_by_bucket() {
        let map: Map = [17_i64, 2, 1].into_iter().map(|key| (Value::Int64(key), Value::Null)).collect();
        let keys: Vec<_> = entries(&map).into_iter().map(|(key, _)| key.as_i64().unwrap()).collect();
        // 17 shares a bucket with 1 and was there first.
        assert_eq!(keys, [17, 1, 2]);
    }

    #[test]
    fn hash_codes_are_those_of_java() {
        for (value, hash) in [
            (Value::from(true), 1231),
            (Value::Int64(-1), 0),
            (Value::Int64(1 << 32), 1),
            (Value::from(1.5), 1_073_217_536),
            (Value::from(1.5_f32), 1_069_547_520),
            (Value::Array(vec![Value::Int32(1), Value::Null]), 992),
            (Value::from(Decimal::new(110, 2)), 3412),
            (Value::from(Decimal::new(-110, 2)), -3408),
        ] {
            assert_eq!(hash_code(&value), hash, "{value:?}");
        }
    }
}
