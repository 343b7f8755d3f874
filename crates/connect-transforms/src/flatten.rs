//! Flatten: fields of fields become fields of the record, under joined names.

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{
    Error, Map, Record, Result, Schema, SchemaBuilder, Struct, Text, Transform, Type as SchemaType, Value, Verdict,
};
use connect_converters::java_map;
use kafka_config::{ConfigDef, ConfigKey, RawConfig, Type};

use crate::operand::{Side, or_default, refused, require_map, require_struct, require_text, take_struct};
use crate::plan::Plans;

const PURPOSE: &str = "flattening";
const DELIMITER: &str = "delimiter";

/// The plug-in `Flatten$Key` or `Flatten$Value`.
#[derive(Clone, Copy, Debug)]
pub struct FlattenPlugin(pub Side);

impl Plugin for FlattenPlugin {
    fn class(&self) -> &'static str {
        match self.0 {
            Side::Key => "org.apache.kafka.connect.transforms.Flatten$Key",
            Side::Value => "org.apache.kafka.connect.transforms.Flatten$Value",
        }
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new().define(
            ConfigKey::new(DELIMITER, Type::String)
                .default(".")
                .doc("What stands between the name of a field and the name of a field inside of it."),
        )
    }
}

impl TransformPlugin for FlattenPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        // Parity: a delimiter that was set to null is written out.
        let names = Names { delimiter: config.get_string(DELIMITER).unwrap_or("null").to_owned() };
        Ok(Box::new(Flatten { side: self.0, names, plans: Plans::new() }))
    }
}

struct Flatten {
    side: Side,
    names: Names,
    plans: Plans<Plan>,
}

struct Names {
    delimiter: String,
}

impl Names {
    fn joined(&self, outer: &str, inner: &str) -> String {
        if outer.is_empty() { inner.to_owned() } else { [outer, &self.delimiter, inner].concat() }
    }

    /// Writes the leaves of a map to `out`, in the order in which Java walks it.
    fn flatten(&self, map: &Map, prefix: &str, out: &mut Map) -> Result<()> {
        for (key, value) in java_map::entries(map) {
            let name = match key {
                // Parity: a null key at the top stays one; further inside it is written out.
                Value::Null if prefix.is_empty() => None,
                Value::Null => Some(self.joined(prefix, "null")),
                key => Some(self.joined(prefix, require_text(key)?)),
            };
            match (value, &name) {
                (Value::Map(inner), Some(name)) => self.flatten(inner, name, out)?,
                (Value::Map(inner), None) if inner.is_empty() => {}
                (Value::Map(_), None) => {
                    let text = "Cannot invoke \"String.isEmpty()\" because \"prefix\" is null";
                    return Err(Error::data(text).with_class("java.lang.NullPointerException"));
                }
                (Value::Date(_) | Value::Decimal(_), _) => {
                    return Err(Error::data(format!(
                        "Flatten transformation was passed a value of type class {} which is not supported by Connect's \
                         data API",
                        value.java_class()
                    )));
                }
                (Value::Struct(_), name) => {
                    return Err(Error::data(format!(
                        "Flatten transformation does not support class {} for record without schemas (for field {}).",
                        value.java_class(),
                        name.as_deref().unwrap_or("null")
                    )));
                }
                (leaf, name) => {
                    let name = name.as_deref().map_or(Value::Null, Value::from);
                    out.insert(name, leaf.clone());
                }
            }
        }
        Ok(())
    }
}

/// How a struct becomes a flat one.
struct Plan {
    /// The schema of the structs that come in.
    input: Schema,
    nodes: Vec<Node>,
    schema: Schema,
}

/// What becomes of one field of a struct.
enum Node {
    /// It goes to the field of this number.
    Leaf { target: usize, location: String },
    /// There is no field for it.
    Stray(Text),
    /// Its own fields do.
    Inner(Vec<Node>),
}

impl Plan {
    /// A plan for structs of the schema `input` in records of the schema `declared`, normally the same.
    fn new(declared: &Schema, input: &Schema, names: &Names) -> Result<Self> {
        if declared.kind() != SchemaType::Struct {
            return Err(Error::data("Cannot list fields on non-struct type"));
        }
        let defaults = as_struct(declared.default_value());
        let builder = SchemaBuilder::basics_of(declared);
        let schema = flat_schema(builder, declared, names, "", declared.is_optional(), defaults)?.try_build()?;
        let nodes = nodes(input, names, "", &schema)?;
        Ok(Self { input: input.clone(), nodes, schema })
    }

    fn run(&self, value: Struct) -> Struct {
        let mut slots = vec![Value::Null; self.schema.fields().len()];
        take(&self.nodes, value, &mut slots);
        Struct::from_slots(self.schema.clone(), slots)
    }
}

fn as_struct(value: Option<&Value>) -> Option<&Struct> {
    match value {
        Some(Value::Struct(value)) => Some(value),
        _ => None,
    }
}

fn no_map(name: &str) -> Error {
    Error::data(format!("Flatten transformation does not support MAP for record with schemas (for field {name})."))
}

/// Adds the leaves of `schema`. A leaf is optional when anything around it is, and has the default that it has in the
/// default of a struct around it.
fn flat_schema(
    mut builder: SchemaBuilder,
    schema: &Schema,
    names: &Names,
    prefix: &str,
    optional: bool,
    defaults: Option<&Struct>,
) -> Result<SchemaBuilder> {
    for field in schema.fields() {
        let name = names.joined(prefix, &field.name);
        let optional = optional || field.schema.is_optional();
        let inherited =
            || defaults.and_then(|defaults| defaults.slots().get(field.index)).filter(|slot| !slot.is_null());
        let default = field.schema.default_value().or_else(inherited);
        builder = match field.schema.kind() {
            SchemaType::Struct => flat_schema(builder, &field.schema, names, &name, optional, as_struct(default))?,
            SchemaType::Map => return Err(no_map(&name)),
            _ => {
                let mut leaf = SchemaBuilder::basics_of(&field.schema);
                if optional {
                    leaf = leaf.optional();
                }
                if let Some(default) = default {
                    leaf = leaf.default_value(default.clone());
                }
                builder.field(name, leaf.try_build()?)
            }
        };
    }
    Ok(builder)
}

fn nodes(input: &Schema, names: &Names, prefix: &str, output: &Schema) -> Result<Vec<Node>> {
    let node = |field: &connect_api::Field| {
        let name = names.joined(prefix, &field.name);
        Ok(match field.schema.kind() {
            SchemaType::Struct => Node::Inner(nodes(&field.schema, names, &name, output)?),
            SchemaType::Map => return Err(no_map(&name)),
            _ => match output.field(&name) {
                Some(target) => Node::Leaf { target: target.index, location: format!("field: \"{name}\"") },
                None => Node::Stray(name.as_str().into()),
            },
        })
    };
    input.fields().iter().map(node).collect()
}

/// Checks everything that the flat struct will hold.
fn check(nodes: &[Node], value: &Struct, output: &Schema) -> Result<()> {
    for ((node, slot), field) in nodes.iter().zip(value.slots()).zip(value.schema().fields()) {
        match (node, slot) {
            // Parity: the default of a struct is not looked at.
            (Node::Inner(_), Value::Null) => {}
            (Node::Inner(inner), slot) => check(inner, require_struct(slot, PURPOSE)?, output)?,
            (Node::Stray(name), _) => return Err(Error::data(format!("{name} is not a valid field name"))),
            (Node::Leaf { target, location }, slot) => {
                output.fields()[*target].schema.validate_as(location, or_default(slot, &field.schema, true))?;
            }
        }
    }
    Ok(())
}

/// Moves the leaves of a struct that was checked.
fn take(nodes: &[Node], value: Struct, out: &mut [Value]) {
    let (schema, slots) = value.into_parts();
    for ((node, slot), field) in nodes.iter().zip(slots).zip(schema.fields()) {
        match (node, slot) {
            (Node::Inner(inner), Value::Struct(value)) => take(inner, value, out),
            (Node::Leaf { target, .. }, Value::Null) => {
                out[*target] = field.schema.default_value().cloned().unwrap_or_default();
            }
            (Node::Leaf { target, .. }, slot) => out[*target] = slot,
            (Node::Inner(_) | Node::Stray(_), _) => {}
        }
    }
}

impl Transform for Flatten {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        let datum = self.side.of(record);
        let Some(schema) = &datum.schema else {
            if !datum.value.is_null() {
                let mut flat = Map::new();
                self.names.flatten(require_map(&datum.value, PURPOSE)?, "", &mut flat)?;
                self.side.of_mut(record).value = flat.linked().into();
            }
            return Ok(Verdict::Keep);
        };
        if datum.value.is_null() {
            return Ok(Verdict::Keep);
        }
        let (value, names) = (require_struct(&datum.value, PURPOSE)?, &self.names);
        let known = self.plans.plan(schema, || Plan::new(schema, value.schema(), names))?;
        let other;
        let plan = if known.input == *value.schema() {
            known
        } else {
            other = Plan::new(schema, value.schema(), names)?;
            &other
        };
        check(&plan.nodes, value, &plan.schema)?;
        let datum = self.side.of_mut(record);
        if let Some(value) = take_struct(&mut datum.value) {
            datum.value = plan.run(value).into();
            datum.schema = Some(plan.schema.clone());
        }
        Ok(Verdict::Keep)
    }
}
