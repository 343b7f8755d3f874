//! Struct values.

use std::fmt;

use super::{Schema, Type, Value};
use crate::{Error, Result};

/// A struct: its schema and one slot per field, in the order of the fields. The slots may have room for more, so that a
/// transform can append fields where they are.
#[derive(Clone)]
pub struct Struct {
    schema: Schema,
    slots: Vec<Value>,
    /// Whether every slot is known to fit its field.
    proven: bool,
}

impl Struct {
    /// A struct with every field unset.
    ///
    /// # Errors
    /// `Not a struct schema: …` when the schema is of another type.
    pub fn new(schema: Schema) -> Result<Self> {
        if schema.kind() != Type::Struct {
            return Err(Error::data(format!("Not a struct schema: {schema}")));
        }
        let slots = vec![Value::Null; schema.fields().len()];
        Ok(Self { schema, slots, proven: false })
    }

    /// A struct from its slots, which the caller made for exactly this schema; nothing is validated.
    ///
    /// # Panics
    /// When the number of slots is not the number of fields.
    pub fn from_slots(schema: Schema, slots: impl Into<Vec<Value>>) -> Self {
        let slots = slots.into();
        assert_eq!(slots.len(), schema.fields().len(), "one slot per field");
        Self { schema, slots, proven: false }
    }

    /// A struct from slots that the caller knows to fit: [`Struct::prove`] would find nothing. Whoever copies the struct
    /// then need not look at every field again.
    ///
    /// # Panics
    /// When the number of slots is not the number of fields; in debug builds also when a slot does not fit.
    pub fn from_proven_slots(schema: Schema, slots: impl Into<Vec<Value>>) -> Self {
        let mut made = Self::from_slots(schema, slots);
        debug_assert!(made.prove(), "the slots fit: {made:?}");
        made.proven = true;
        made
    }

    /// Whether every field holds what its schema allows, defaults not counted: a null only where it is optional. What was
    /// found once is remembered.
    pub fn prove(&mut self) -> bool {
        let mut fields = self.schema.fields().iter().zip(&self.slots);
        self.proven = self.proven || fields.all(|(field, slot)| field.schema.validate(slot).is_ok());
        self.proven
    }

    /// Whether [`Struct::prove`] has said so, or whoever made the struct.
    pub fn is_proven(&self) -> bool {
        self.proven
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The raw values by field index, defaults not applied.
    pub fn slots(&self) -> &[Value] {
        &self.slots
    }

    /// Takes the struct apart.
    pub fn into_parts(self) -> (Schema, Vec<Value>) {
        (self.schema, self.slots)
    }

    /// The value of a field, or its default when it is unset (`Struct.get`).
    ///
    /// # Errors
    /// `f is not a valid field name`.
    pub fn get(&self, field: &str) -> Result<&Value> {
        let field = self.schema.field(field).ok_or_else(|| not_a_field(field))?;
        let value = &self.slots[field.index];
        Ok(match field.schema.default_value() {
            Some(default) if value.is_null() => default,
            _ => value,
        })
    }

    /// The raw value of a field (`Struct.getWithoutDefault`).
    ///
    /// # Errors
    /// `f is not a valid field name`.
    pub fn get_without_default(&self, field: &str) -> Result<&Value> {
        self.schema.field(field).map(|field| &self.slots[field.index]).ok_or_else(|| not_a_field(field))
    }

    /// Sets a field, after validating the value (`Struct.put`).
    ///
    /// # Errors
    /// `f is not a valid field name`, or the message of [`Schema::validate`].
    pub fn put(&mut self, name: &str, value: impl Into<Value>) -> Result<&mut Self> {
        let value = value.into();
        let field = self.schema.field(name).ok_or_else(|| not_a_field(name))?;
        field.schema.validate_as(&format!("field: \"{name}\""), &value)?;
        let index = field.index;
        self.slots[index] = value;
        Ok(self)
    }

    /// Checks every field that is set, and that no required one is unset (`Struct.validate`).
    ///
    /// # Errors
    /// The message of [`Schema::validate`].
    pub fn validate(&self) -> Result<()> {
        for (field, value) in self.schema.fields().iter().zip(&self.slots) {
            if value.is_null() && (field.schema.is_optional() || field.schema.default_value().is_some()) {
                continue;
            }
            field.schema.validate_as(&format!("field: \"{}\"", field.name), value)?;
        }
        Ok(())
    }
}

/// Structs are equal when their schemas and slots are.
impl PartialEq for Struct {
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema && self.slots == other.slots
    }
}

impl Eq for Struct {}

fn not_a_field(name: &str) -> Error {
    Error::data(format!("{name} is not a valid field name"))
}

impl fmt::Debug for Struct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self.schema.fields().iter().zip(&self.slots).filter(|(_, value)| !value.is_null());
        f.write_str("Struct")?;
        f.debug_map().entries(set.map(|(field, value)| (&*field.name, value))).finish()
    }
}
