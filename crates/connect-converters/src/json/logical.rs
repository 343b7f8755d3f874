//! The encodings of the logical types.

use connect_api::{Error, Kind, Result, Schema};
use kafka_config::parse_integer;

/// The scale of a Decimal schema.
///
/// # Errors
/// As Java's `Decimal.scale`, which fails with a NullPointerException when the schema has no parameters at all.
pub(super) fn scale(schema: &Schema) -> Result<i32> {
    let Some(parameters) = schema.parameters() else {
        return Err(Error::data(
            "Cannot invoke \"java.util.Map.get(Object)\" because the return value of \"org.apache.kafka.connect.data.Schema.parameters()\" is null",
        )
        .with_class("java.lang.NullPointerException"));
    };
    let Some(text) = parameters.get("scale") else {
        return Err(Error::data("Invalid Decimal schema: scale parameter not found."));
    };
    parse_integer(text).and_then(|scale| i32::try_from(scale).ok()).ok_or_else(|| {
        let cause = Error::new(Kind::IllegalArgument, format!("For input string: \"{text}\""));
        Error::data("Invalid scale parameter found in Decimal schema: ")
            .caused_by(cause.with_class("java.lang.NumberFormatException"))
    })
}
