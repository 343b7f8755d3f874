//! Schemas as JSON.

use connect_api::{Result, Schema, Type};

use super::text;
use super::value_write::{Plan, Style};

/// Appends the JSON of `schema`, which stands as deep as `style` says; the default is written in it.
pub(super) fn write(schema: &Schema, style: Style, out: &mut Vec<u8>) -> Result<()> {
    write_open(schema, style, out)?;
    out.push(b'}');
    Ok(())
}

fn write_open(schema: &Schema, style: Style, out: &mut Vec<u8>) -> Result<()> {
    let style = style.deeper()?;
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(type_name(schema.kind()).as_bytes());
    out.push(b'"');
    match schema.kind() {
        Type::Array => write_part("items", schema.value_schema(), style, out)?,
        Type::Map => {
            write_part("keys", schema.key_schema(), style, out)?;
            write_part("values", schema.value_schema(), style, out)?;
        }
        Type::Struct => {
            let style = style.deeper()?;
            out.extend_from_slice(b",\"fields\":[");
            for field in schema.fields() {
                if field.index > 0 {
                    out.push(b',');
                }
                write_open(&field.schema, style, out)?;
                out.extend_from_slice(b",\"field\":");
                text::write_string(&field.name, out);
                out.push(b'}');
            }
            out.push(b']');
        }
        _ => {}
    }
    out.extend_from_slice(if schema.is_optional() { b",\"optional\":true" } else { b",\"optional\":false" });
    if let Some(name) = schema.name() {
        out.extend_from_slice(b",\"name\":");
        text::write_string(name, out);
    }
    if let Some(version) = schema.version() {
        out.extend_from_slice(b",\"version\":");
        text::write_integer(version, out);
    }
    if let Some(doc) = schema.doc() {
        out.extend_from_slice(b",\"doc\":");
        text::write_string(doc, out);
    }
    if let Some(parameters) = schema.parameters() {
        out.extend_from_slice(b",\"parameters\":{");
        for (index, (name, value)) in parameters.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            text::write_string(name, out);
            out.push(b':');
            text::write_string(value, out);
        }
        out.push(b'}');
    }
    if let Some(default) = schema.default_value() {
        out.extend_from_slice(b",\"default\":");
        Plan::new(schema).write(style, default, out)?;
    }
    Ok(())
}

fn write_part(name: &str, schema: Option<&Schema>, style: Style, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    match schema {
        Some(schema) => write(schema, style, out),
        None => {
            out.extend_from_slice(b"null");
            Ok(())
        }
    }
}

fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Float32 => "float",
        Type::Float64 => "double",
        kind => kind.name(),
    }
}
