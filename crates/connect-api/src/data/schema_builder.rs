//! Making schemas.

use indexmap::IndexMap;

use super::schema::Inner;
use super::{Field, LogicalType, Schema, Text, Type, Value};
use crate::{Error, Kind, Result};

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
        let inner = Inner {
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
        inner.shared()
    }
}
