//! The types of schemas.

use std::fmt;

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

    pub(super) fn of(name: &str) -> Option<Self> {
        match name.strip_prefix("org.apache.kafka.connect.data.")? {
            "Decimal" => Some(LogicalType::Decimal),
            "Date" => Some(LogicalType::Date),
            "Time" => Some(LogicalType::Time),
            "Timestamp" => Some(LogicalType::Timestamp),
            _ => None,
        }
    }
}
