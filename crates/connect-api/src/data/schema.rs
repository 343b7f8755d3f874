//! Schemas.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;

use super::validation::validate;
use super::{LogicalType, SchemaBuilder, Struct, Text, Type, Value};
use crate::Result;

/// A field of a struct schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// The name, unique within the struct.
    pub name: Text,
    /// The position, from 0.
    pub index: usize,
    /// The schema.
    pub schema: Schema,
}

/// What a schema says.
pub(super) struct Inner {
    pub(super) kind: Type,
    pub(super) optional: bool,
    pub(super) default: Option<Value>,
    pub(super) name: Option<Text>,
    pub(super) logical: Option<LogicalType>,
    pub(super) version: Option<i32>,
    pub(super) doc: Option<Text>,
    pub(super) parameters: Option<IndexMap<Text, Text>>,
    pub(super) fields: Vec<Field>,
    pub(super) by_name: IndexMap<Text, usize>,
    /// Whether a field has a default.
    pub(super) field_defaults: bool,
    pub(super) key_schema: Option<Schema>,
    pub(super) value_schema: Option<Schema>,
    /// Of everything above.
    pub(super) hash: u64,
}

/// A schema: immutable, shared, compared by pointer first, then by a hash made once, and only then by content.
#[derive(Clone)]
pub struct Schema(Arc<Inner>);

macro_rules! primitives {
    ($($plain:ident $optional:ident $kind:ident),*) => {$(
        #[doc = concat!("The required schema of type `", stringify!($kind), "` without further attributes.")]
        pub fn $plain() -> Schema {
            static SCHEMA: LazyLock<Schema> = LazyLock::new(|| SchemaBuilder::new(Type::$kind).build());
            SCHEMA.clone()
        }
        #[doc = concat!("The optional schema of type `", stringify!($kind), "` without further attributes.")]
        pub fn $optional() -> Schema {
            static SCHEMA: LazyLock<Schema> = LazyLock::new(|| SchemaBuilder::new(Type::$kind).optional().build());
            SCHEMA.clone()
        }
    )*};
}

impl Schema {
    primitives!(int8 optional_int8 Int8, int16 optional_int16 Int16, int32 optional_int32 Int32,
        int64 optional_int64 Int64, float32 optional_float32 Float32, float64 optional_float64 Float64,
        boolean optional_boolean Boolean, string optional_string String, bytes optional_bytes Bytes);

    /// The Timestamp logical schema, required.
    pub fn timestamp() -> Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| SchemaBuilder::timestamp().build());
        SCHEMA.clone()
    }

    /// The type.
    pub fn kind(&self) -> Type {
        self.0.kind
    }

    /// Whether null is allowed.
    pub fn is_optional(&self) -> bool {
        self.0.optional
    }

    /// The default value.
    pub fn default_value(&self) -> Option<&Value> {
        self.0.default.as_ref()
    }

    /// The name.
    pub fn name(&self) -> Option<&Text> {
        self.0.name.as_ref()
    }

    /// The logical type that the name stands for.
    pub fn logical(&self) -> Option<LogicalType> {
        self.0.logical
    }

    /// The version.
    pub fn version(&self) -> Option<i32> {
        self.0.version
    }

    /// The documentation.
    pub fn doc(&self) -> Option<&Text> {
        self.0.doc.as_ref()
    }

    /// The parameters; `None` and an empty map differ, as in Java.
    pub fn parameters(&self) -> Option<&IndexMap<Text, Text>> {
        self.0.parameters.as_ref()
    }

    /// The fields of a struct; empty for every other type.
    pub fn fields(&self) -> &[Field] {
        &self.0.fields
    }

    /// Whether any field of a struct has a default.
    pub fn has_field_defaults(&self) -> bool {
        self.0.field_defaults
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        // A few comparisons are cheaper than a hash.
        if self.0.fields.len() <= 8 {
            return self.0.fields.iter().find(|field| field.name == name);
        }
        self.0.by_name.get(name).map(|&index| &self.0.fields[index])
    }

    /// The schema of a map's keys.
    pub fn key_schema(&self) -> Option<&Schema> {
        self.0.key_schema.as_ref()
    }

    /// The schema of a map's values or an array's elements.
    pub fn value_schema(&self) -> Option<&Schema> {
        self.0.value_schema.as_ref()
    }

    /// Whether both are one object: the cheap test that caches use first.
    pub fn same(&self, other: &Schema) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The same schema under another name and version. A default that is a struct comes along.
    #[must_use]
    pub fn with_name_and_version(&self, name: Option<Text>, version: Option<i32>) -> Schema {
        let own = &*self.0;
        let rebuild = |default: Option<Value>| {
            let inner = Inner {
                kind: own.kind,
                optional: own.optional,
                default,
                logical: name.as_deref().and_then(LogicalType::of),
                name: name.clone(),
                version,
                doc: own.doc.clone(),
                parameters: own.parameters.clone(),
                fields: own.fields.clone(),
                by_name: own.by_name.clone(),
                field_defaults: own.field_defaults,
                key_schema: own.key_schema.clone(),
                value_schema: own.value_schema.clone(),
                hash: 0,
            };
            inner.shared()
        };
        match &own.default {
            // Parity: a struct can be a default only of the schema as it was before it had one.
            Some(Value::Struct(default)) if default.slots().len() == own.fields.len() => {
                rebuild(Some(Struct::from_slots(rebuild(None), default.slots()).into()))
            }
            default => rebuild(default.clone()),
        }
    }

    /// Checks that `value` fits this schema (`ConnectSchema.validateValue`).
    ///
    /// # Errors
    /// [`Kind::Data`](crate::Kind::Data) with Apache's message.
    pub fn validate(&self, value: &Value) -> Result<()> {
        self.validate_as("value", value)
    }

    /// The same with the location that messages name, such as `field: "f"`.
    ///
    /// # Errors
    /// [`Kind::Data`](crate::Kind::Data) with Apache's message.
    #[inline]
    pub fn validate_as(&self, location: &str, value: &Value) -> Result<()> {
        if self.is_plainly(value) { Ok(()) } else { validate(Some(self), location, value) }
    }

    /// Whether the value is of this primitive type: the usual case, decided by two comparisons.
    #[inline]
    fn is_plainly(&self, value: &Value) -> bool {
        let kind = match value {
            Value::Boolean(_) => Type::Boolean,
            Value::Int8(_) => Type::Int8,
            Value::Int16(_) => Type::Int16,
            Value::Int32(_) => Type::Int32,
            Value::Int64(_) => Type::Int64,
            Value::Float32(_) => Type::Float32,
            Value::Float64(_) => Type::Float64,
            Value::String(_) => Type::String,
            Value::Bytes(_) => Type::Bytes,
            _ => return false,
        };
        self.0.kind == kind && self.0.logical.is_none()
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.same(other) || (self.0.hash == other.0.hash && self.0.same_content(&other.0))
    }
}

impl Eq for Schema {}

impl Hash for Schema {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl Inner {
    fn same_content(&self, other: &Inner) -> bool {
        self.kind == other.kind
            && self.optional == other.optional
            && self.version == other.version
            && self.name == other.name
            && self.doc == other.doc
            && self.default == other.default
            && self.fields == other.fields
            && self.key_schema == other.key_schema
            && self.value_schema == other.value_schema
            && self.parameters == other.parameters
    }

    /// Makes the hash, and the schema.
    pub(super) fn shared(mut self) -> Schema {
        self.hash = self.content_hash();
        Schema(Arc::new(self))
    }

    fn content_hash(&self) -> u64 {
        let mut state = DefaultHasher::new();
        (self.kind, self.optional, self.version, &self.name, &self.doc, &self.default).hash(&mut state);
        (&self.fields, &self.key_schema, &self.value_schema).hash(&mut state);
        self.parameters.as_ref().map(IndexMap::len).hash(&mut state);
        state.finish()
    }
}

/// `Schema{name:TYPE}` or `Schema{TYPE}`.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.name {
            Some(name) => write!(f, "Schema{{{name}:{}}}", self.0.kind),
            None => write!(f, "Schema{{{}}}", self.0.kind),
        }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
