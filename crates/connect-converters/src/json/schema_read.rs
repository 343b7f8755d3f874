//! Schemas from JSON.

use std::collections::BTreeSet;

use connect_api::{Error, Kind, Result, Schema, SchemaBuilder, Type};

use super::node::Node;
use super::value_read;

/// The schema that `node` describes; null describes none.
pub(super) fn read(node: &Node, replace_null: bool) -> Result<Option<Schema>> {
    match node {
        Node::Null => Ok(None),
        node => read_schema(node, replace_null).map(Some),
    }
}

fn read_schema(node: &Node, replace_null: bool) -> Result<Schema> {
    let Some(name) = node.get("type").and_then(Node::as_text) else {
        return Err(Error::data("Schema must contain 'type' field"));
    };
    let mut builder = match &**name {
        "boolean" => SchemaBuilder::new(Type::Boolean),
        "int8" => SchemaBuilder::new(Type::Int8),
        "int16" => SchemaBuilder::new(Type::Int16),
        "int32" => SchemaBuilder::new(Type::Int32),
        "int64" => SchemaBuilder::new(Type::Int64),
        "float" => SchemaBuilder::new(Type::Float32),
        "double" => SchemaBuilder::new(Type::Float64),
        "bytes" => SchemaBuilder::new(Type::Bytes),
        "string" => SchemaBuilder::new(Type::String),
        "array" => match node.get("items") {
            None | Some(Node::Null) => return Err(Error::data("Array schema did not specify the element type")),
            Some(items) => SchemaBuilder::array(Some(read_schema(items, replace_null)?)),
        },
        "map" => read_map(node, replace_null)?,
        "struct" => read_struct(node, replace_null)?,
        name => return Err(Error::data(format!("Unknown schema type: {name}"))),
    };
    builder = builder.optional_is(matches!(node.get("optional"), Some(Node::Boolean(true))));
    if let Some(name) = node.get("name").and_then(Node::as_text) {
        builder = builder.name(name.clone());
    }
    if let Some(version @ (Node::Int(_) | Node::Big(_))) = node.get("version") {
        builder = builder.version(version.int_value());
    }
    if let Some(doc) = node.get("doc").and_then(Node::as_text) {
        builder = builder.doc(doc.clone());
    }
    if let Some(Node::Object(parameters)) = node.get("parameters") {
        for (name, value) in parameters {
            let Some(value) = value.as_text() else {
                return Err(Error::data("Schema parameters must have string values."));
            };
            builder = builder.parameter(name.clone(), value.clone());
        }
    }
    match node.get("default") {
        Some(default) => with_default(builder, default, replace_null),
        None => builder.try_build(),
    }
}

fn read_map(node: &Node, replace_null: bool) -> Result<SchemaBuilder> {
    let Some(keys) = node.get("keys") else {
        return Err(Error::data("Map schema did not specify the key type"));
    };
    let Some(values) = node.get("values") else {
        return Err(Error::data("Map schema did not specify the value type"));
    };
    let (keys, values) = (read(keys, replace_null)?, read(values, replace_null)?);
    if keys.is_none() {
        return Err(Error::new(Kind::Schema, "keySchema cannot be null."));
    }
    if values.is_none() {
        return Err(Error::new(Kind::Schema, "valueSchema cannot be null."));
    }
    Ok(SchemaBuilder::map(keys, values))
}

fn read_struct(node: &Node, replace_null: bool) -> Result<SchemaBuilder> {
    let Some(Node::Array(fields)) = node.get("fields") else {
        return Err(Error::data("Struct schema's \"fields\" argument is not an array."));
    };
    let mut builder = SchemaBuilder::structure();
    let mut names = BTreeSet::new();
    for field in fields {
        let Some(name) = field.get("field").and_then(Node::as_text) else {
            return Err(Error::data("Struct schema's field name not specified properly"));
        };
        let schema = read_schema(field, replace_null)?;
        // The builder would say the same, but only after mistakes of later fields.
        if name.is_empty() {
            return Err(Error::new(Kind::Schema, "fieldName cannot be null."));
        }
        if !names.insert(name) {
            let message = format!("Cannot create field because of field name duplication {name}");
            return Err(Error::new(Kind::Schema, message));
        }
        builder = builder.field(name.clone(), schema);
    }
    Ok(builder)
}

fn with_default(builder: SchemaBuilder, default: &Node, replace_null: bool) -> Result<Schema> {
    let so_far = builder.clone().try_build()?;
    let value = value_read::convert(Some(&so_far), Some(default), replace_null)?;
    if value.is_null() {
        // Parity: a default that reads as null is none for an optional schema and refused for a required one.
        return match so_far.validate(&value) {
            Ok(()) => Ok(so_far),
            Err(cause) => Err(Error::new(Kind::Schema, "Invalid default value").caused_by(cause)),
        };
    }
    if so_far.kind() == Type::Struct && so_far.logical().is_none() {
        // Parity: Java compares the default's built schema with the builder itself, which are never equal.
        let cause = Error::data("Struct schemas do not match.");
        return Err(Error::new(Kind::Schema, "Invalid default value").caused_by(cause));
    }
    builder.default_value(value).try_build()
}
