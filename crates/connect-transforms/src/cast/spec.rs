//! What is cast to what.

use connect_api::data::java_order::hash_map_order;
use connect_api::{Text, Type};
use kafka_config::ConfigError;

/// What Java says of a pair of nothing with nothing.
pub(super) const NO_PAIR: &str = "Index 1 out of bounds for length 0";
const RENAMES: &str = "renames";
const TYPES: [Type; 12] = [
    Type::Int8,
    Type::Int16,
    Type::Int32,
    Type::Int64,
    Type::Float32,
    Type::Float64,
    Type::Boolean,
    Type::String,
    Type::Bytes,
    Type::Array,
    Type::Map,
    Type::Struct,
];

/// The types that are cast from, or to, as messages list them.
pub(super) fn type_list(from: bool) -> String {
    let names: Vec<String> = TYPES[..if from { 9 } else { 8 }].iter().map(Type::to_string).collect();
    format!("[{}]", names.join(", "))
}

/// The casts to make.
pub(super) enum Spec {
    /// Of the whole key or value.
    Whole(Type),
    /// Of fields, in the order in which Java walks them.
    Fields(Vec<(Text, Type)>),
}

impl Spec {
    /// The new type of a field.
    pub(super) fn target(&self, name: &str) -> Option<Type> {
        match self {
            Spec::Whole(_) => None,
            Spec::Fields(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, target)| *target),
        }
    }

    /// Reads the items of `spec`.
    pub(super) fn checked(items: &[String]) -> Result<Self, ConfigError> {
        if items.is_empty() {
            return Err(ConfigError::sentence("Must specify at least one field to cast."));
        }
        let (mut whole, mut fields) = (None, Vec::<(Text, Type)>::new());
        for item in items {
            // Parity: String.split forgets empty parts at the end, but keeps the only part of an empty text.
            let parts: Vec<&str> = match item.trim_end_matches(':') {
                "" if !item.is_empty() => Vec::new(),
                kept => kept.split(':').collect(),
            };
            match parts[..] {
                [] => return Err(ConfigError::sentence(NO_PAIR)),
                [name] => whole = Some(target(name)?),
                [name, kind] => {
                    let (name, kind) = (trim(name), target(kind)?);
                    match fields.iter_mut().find(|(known, _)| known == name) {
                        Some((_, known)) => *known = kind,
                        None => fields.push((name.into(), kind)),
                    }
                }
                _ => {
                    let list = kafka_config::Value::List(items.to_vec());
                    return Err(ConfigError::invalid(RENAMES, list, format!("Invalid rename mapping: {item}")));
                }
            }
        }
        match whole {
            Some(_) if items.len() > 1 => Err(ConfigError::sentence(
                "Cast transformations that specify a type to cast the entire value to may only specify a single cast \
                 in their spec",
            )),
            Some(target) => Ok(Spec::Whole(target)),
            None => {
                let order = hash_map_order(fields.iter().map(|(name, _)| &**name));
                Ok(Spec::Fields(order.into_iter().map(|at| fields[at].clone()).collect()))
            }
        }
    }
}

/// `String.trim`.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}

fn target(name: &str) -> Result<Type, ConfigError> {
    let name = trim(name);
    let upper = name.to_uppercase();
    let Some(at) = TYPES.iter().position(|kind| kind.to_string() == upper) else {
        // Parity: the cause stands where the value belongs, and the sentence where the key belongs.
        return Err(ConfigError::InvalidValue {
            name: format!("Invalid type found in casting spec: {name}"),
            value: format!(
                "java.lang.IllegalArgumentException: No enum constant org.apache.kafka.connect.data.Schema.Type.{upper}"
            ),
            message: None,
        });
    };
    if at >= 8 {
        let types = type_list(false);
        return Err(ConfigError::sentence(format!(
            "Cast transformation does not support casting to {upper}; supported types are {types}"
        )));
    }
    Ok(TYPES[at])
}
