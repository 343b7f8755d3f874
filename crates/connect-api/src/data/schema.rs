//! Schemas.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;

use super::{Struct, Text, Value};
use crate::{Error, Kind, Result};

/// The type of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Type {
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    Boolean,
    String,
    Bytes,
    Array,
    Map,
    Struct,
}

impl Type {
    /// The lower-case name (`int8`), as `Schema.Type.getName`.
    pub const fn name(self) -> &'static str {
        match self {
            Type::Int8 => "int8",
            Type::Int16 => "int16",
            Type::Int32 => "int32",
            Type::Int64 => "int64",
            Type::Float32 => "float32",
            Type::Float64 => "float64",
            Type::Boolean => "boolean",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Array => "array",
            Type::Map => "map",
            Type::Struct => "struct",
        }
    }
}

/// The upper-case name (`INT8`), as messages print it.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name().to_ascii_uppercase())
    }
}

/// The four logical types that Kafka Connect knows, recognised by the name of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogicalType {
    /// `BYTES`; parameter `scale`.
    Decimal,
    /// `INT32`: days since 1970-01-01.
    Date,
    /// `INT32`: milliseconds of the day.
    Time,
    /// `INT64`: milliseconds since 1970-01-01.
    Timestamp,
}

impl LogicalType {
    /// The schema name.
    pub const fn schema_name(self) -> &'static str {
        match self {
            LogicalType::Decimal => "org.apache.kafka.connect.data.Decimal",
            LogicalType::Date => "org.apache.kafka.connect.data.Date",
            LogicalType::Time => "org.apache.kafka.connect.data.Time",
            LogicalType::Timestamp => "org.apache.kafka.connect.data.Timestamp",
        }
    }

    fn of(name: &str) -> Option<Self> {
        match name.strip_prefix("org.apache.kafka.connect.data.")? {
            "Decimal" => Some(LogicalType::Decimal),
            "Date" => Some(LogicalType::Date),
            "Time" => Some(LogicalType::Time),
            "Timestamp" => Some(LogicalType::Timestamp),
            _ => None,
        }
    }
}

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

struct Inner {
    kind: Type,
    optional: bool,
    default: Option<Value>,
    name: Option<Text>,
    logical: Option<LogicalType>,
    version: Option<i32>,
    doc: Option<Text>,
    parameters: Option<IndexMap<Text, Text>>,
    fields: Vec<Field>,
    by_name: IndexMap<Text, usize>,
    /// Whether a field has a default.
    field_defaults: bool,
    key_schema: Option<Schema>,
    value_schema: Option<Schema>,
    hash: u64,
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
            let mut inner = Inner {
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
            inner.hash = inner.content_hash();
            Schema(Arc::new(inner))
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
    /// [`Kind::Data`] with Apache's message.
    pub fn validate(&self, value: &Value) -> Result<()> {
        self.validate_as("value", value)
    }

    /// The same with the location that messages name, such as `field: "f"`.
    ///
    /// # Errors
    /// [`Kind::Data`] with Apache's message.
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

fn validate(schema: Option<&Schema>, location: &str, value: &Value) -> Result<()> {
    let Some(schema) = schema else {
        return Err(Error::data(format!("No schema defined for {location}")));
    };
    let kind = schema.kind();
    let fits = match (schema.logical(), kind, value) {
        (_, _, Value::Null) => {
            return if schema.is_optional() {
                Ok(())
            } else {
                Err(Error::data(format!("Invalid value: null used for required {location}, schema type: {kind}")))
            };
        }
        (Some(LogicalType::Decimal), _, value) => matches!(value, Value::Decimal(_)),
        (Some(_), _, value) => matches!(value, Value::Date(_)),
        (None, Type::Int8, Value::Int8(_))
        | (None, Type::Int16, Value::Int16(_))
        | (None, Type::Int32, Value::Int32(_))
        | (None, Type::Int64, Value::Int64(_))
        | (None, Type::Float32, Value::Float32(_))
        | (None, Type::Float64, Value::Float64(_))
        | (None, Type::Boolean, Value::Boolean(_))
        | (None, Type::String, Value::String(_))
        | (None, Type::Bytes, Value::Bytes(_))
        | (None, Type::Array, Value::Array(_))
        | (None, Type::Map, Value::Map(_))
        | (None, Type::Struct, Value::Struct(_)) => true,
        _ => false,
    };
    if !fits {
        let name = schema.name().map(|name| format!(" \"{name}\"")).unwrap_or_default();
        let class = value.java_class();
        return Err(Error::data(format!(
            "Invalid Java object for schema{name} with type {kind}: class {class} for {location}"
        )));
    }
    validate_nested(schema, location, value)
}

fn validate_nested(schema: &Schema, location: &str, value: &Value) -> Result<()> {
    match value {
        Value::Struct(value) => {
            if value.schema() != schema {
                return Err(Error::data("Struct schemas do not match."));
            }
            value.validate()
        }
        Value::Array(items) => {
            let location = format!("element of array {location}");
            items.iter().try_for_each(|item| validate(schema.value_schema(), &location, item))
        }
        Value::Map(map) => {
            let (key_location, value_location) = (format!("key of map {location}"), format!("value of map {location}"));
            map.iter().try_for_each(|(key, value)| {
                validate(schema.key_schema(), &key_location, key)?;
                validate(schema.value_schema(), &value_location, value)
            })
        }
        _ => Ok(()),
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

/// Builds a [`Schema`]. The first mistake is kept and returned by [`SchemaBuilder::try_build`].
#[derive(Clone)]
pub struct SchemaBuilder {
    kind: Type,
    optional: Option<bool>,
    default: Option<Value>,
    name: Option<Text>,
    version: Option<i32>,
    doc: Option<Text>,
    parameters: Option<IndexMap<Text, Text>>,
    fields: IndexMap<Text, Schema>,
    key_schema: Option<Schema>,
    value_schema: Option<Schema>,
    mistake: Option<Error>,
}

impl SchemaBuilder {
    /// A schema of that type.
    pub fn new(kind: Type) -> Self {
        Self {
            kind,
            optional: None,
            default: None,
            name: None,
            version: None,
            doc: None,
            parameters: None,
            fields: IndexMap::new(),
            key_schema: None,
            value_schema: None,
            mistake: None,
        }
    }

    /// A struct.
    pub fn structure() -> Self {
        Self::new(Type::Struct)
    }

    /// An array of `element`; `None` for the arrays of mixed elements that `Values.parseString` can give.
    pub fn array(element: Option<Schema>) -> Self {
        Self { value_schema: element, ..Self::new(Type::Array) }
    }

    /// A map.
    pub fn map(key: Option<Schema>, value: Option<Schema>) -> Self {
        Self { key_schema: key, value_schema: value, ..Self::new(Type::Map) }
    }

    /// The Decimal logical type.
    pub fn decimal(scale: i32) -> Self {
        Self::new(Type::Bytes).name(LogicalType::Decimal.schema_name()).version(1).parameter("scale", scale.to_string())
    }

    /// The Date logical type.
    pub fn date() -> Self {
        Self::new(Type::Int32).name(LogicalType::Date.schema_name()).version(1)
    }

    /// The Time logical type.
    pub fn time() -> Self {
        Self::new(Type::Int32).name(LogicalType::Time.schema_name()).version(1)
    }

    /// The Timestamp logical type.
    pub fn timestamp() -> Self {
        Self::new(Type::Int64).name(LogicalType::Timestamp.schema_name()).version(1)
    }

    /// Allows null.
    #[must_use]
    pub fn optional(self) -> Self {
        self.optional_is(true)
    }

    /// Allows null or not; may be said once.
    #[must_use]
    pub fn optional_is(mut self, optional: bool) -> Self {
        if self.optional.is_some() {
            self.blame("Invalid SchemaBuilder call: optional has already been set.");
        }
        self.optional = Some(optional);
        self
    }

    /// The name.
    #[must_use]
    pub fn name(mut self, name: impl Into<Text>) -> Self {
        if self.name.is_some() {
            self.blame("Invalid SchemaBuilder call: name has already been set.");
        }
        self.name = Some(name.into());
        self
    }

    /// The version.
    #[must_use]
    pub fn version(mut self, version: i32) -> Self {
        if self.version.is_some() {
            self.blame("Invalid SchemaBuilder call: version has already been set.");
        }
        self.version = Some(version);
        self
    }

    /// The documentation.
    #[must_use]
    pub fn doc(mut self, doc: impl Into<Text>) -> Self {
        if self.doc.is_some() {
            self.blame("Invalid SchemaBuilder call: doc has already been set.");
        }
        self.doc = Some(doc.into());
        self
    }

    /// One parameter; an existing one of that name is replaced.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<Text>, value: impl Into<Text>) -> Self {
        self.parameters.get_or_insert_default().insert(name.into(), value.into());
        self
    }

    /// Several parameters; makes the parameters present even when there are none.
    #[must_use]
    pub fn parameters<'a>(mut self, parameters: impl IntoIterator<Item = (&'a Text, &'a Text)>) -> Self {
        let own = self.parameters.get_or_insert_default();
        own.extend(parameters.into_iter().map(|(name, value)| (name.clone(), value.clone())));
        self
    }

    /// The default value, checked against what has been said so far.
    #[must_use]
    pub fn default_value(mut self, value: impl Into<Value>) -> Self {
        if self.default.is_some() {
            self.blame("Invalid SchemaBuilder call: default has already been set.");
        }
        let value = value.into();
        let so_far = Self { mistake: None, default: None, ..self.clone() }.build();
        if let Err(cause) = so_far.validate(&value)
            && self.mistake.is_none()
        {
            self.mistake = Some(Error::new(Kind::Schema, "Invalid default value").caused_by(cause));
        }
        self.default = Some(value);
        self
    }

    /// Appends a field.
    #[must_use]
    pub fn field(mut self, name: impl Into<Text>, schema: Schema) -> Self {
        let name = name.into();
        if self.kind != Type::Struct {
            self.blame(format!("Cannot create fields on type {}", self.kind));
        } else if name.is_empty() {
            self.blame("fieldName cannot be null.");
        } else if self.fields.contains_key(&name) {
            self.blame(format!("Cannot create field because of field name duplication {name}"));
        }
        self.fields.insert(name, schema);
        self
    }

    /// Name, version, documentation and parameters of `source`, but neither optional nor default
    /// (`SchemaUtil.copySchemaBasics`).
    pub fn basics_of(source: &Schema) -> Self {
        let mut builder = Self::new(source.kind());
        builder.name = source.name().cloned();
        builder.version = source.version();
        builder.doc = source.doc().cloned();
        builder.parameters = source.parameters().cloned();
        if source.kind() == Type::Array {
            builder.value_schema = source.value_schema().cloned();
        }
        builder
    }

    fn blame(&mut self, message: impl Into<String>) {
        if self.mistake.is_none() {
            self.mistake = Some(Error::new(Kind::Schema, message));
        }
    }

    /// The schema.
    ///
    /// # Errors
    /// The first mistake made while building, as Java's `SchemaBuilderException`.
    pub fn try_build(mut self) -> Result<Schema> {
        match self.mistake.take() {
            Some(mistake) => Err(mistake),
            None => Ok(self.finish()),
        }
    }

    /// The schema, for schemas that are written in the program.
    ///
    /// # Panics
    /// When a mistake was made while building; [`SchemaBuilder::try_build`] reports it instead.
    pub fn build(self) -> Schema {
        if let Some(mistake) = &self.mistake {
            panic!("{mistake}");
        }
        self.finish()
    }

    fn finish(self) -> Schema {
        let by_name = self.fields.keys().enumerate().map(|(index, name)| (name.clone(), index)).collect();
        let field_defaults = self.fields.values().any(|schema| schema.default_value().is_some());
        let fields = self.fields.into_iter().enumerate();
        let mut inner = Inner {
            kind: self.kind,
            field_defaults,
            optional: self.optional.unwrap_or(false),
            default: self.default,
            logical: self.name.as_deref().and_then(LogicalType::of),
            name: self.name,
            version: self.version,
            doc: self.doc,
            parameters: self.parameters,
            fields: fields.map(|(index, (name, schema))| Field { name, index, schema }).collect(),
            by_name,
            key_schema: self.key_schema,
            value_schema: self.value_schema,
            hash: 0,
        };
        inner.hash = inner.content_hash();
        Schema(Arc::new(inner))
    }
}
