//! THE list.

use connect_api::plugin::Registry;
use connect_converters::{
    ByteArrayConverterPlugin, JsonConverterPlugin, Primitive, PrimitiveConverterPlugin, SimpleHeaderConverterPlugin,
    StringConverterPlugin,
};
use connect_transforms::predicates::{HasHeaderKeyPlugin, RecordIsTombstonePlugin, TopicNameMatchesPlugin};
use connect_transforms::{
    CastPlugin, DropHeadersPlugin, ExtractFieldPlugin, FilterPlugin, FlattenPlugin, HeaderFromPlugin, HoistFieldPlugin,
    InsertFieldPlugin, InsertHeaderPlugin, MaskFieldPlugin, RegexRouterPlugin, ReplaceFieldPlugin,
    SetSchemaMetadataPlugin, Side, TimestampConverterPlugin, TimestampRouterPlugin, ValueToKeyPlugin,
};

/// Every plug-in that is built in.
pub fn builtin() -> Registry {
    let mut registry = Registry::new();

    registry.add_source(connector_file::FileStreamSource::default());
    registry.add_sink(connector_file::FileStreamSink);
    registry.add_source(connector_mock::MockSource);
    registry.add_sink(connector_mock::MockSink);
    registry.add_source(connector_schema::SchemaSource);
    registry.add_source(connector_verifiable::VerifiableSource);
    registry.add_sink(connector_verifiable::VerifiableSink);

    registry.add_converter(JsonConverterPlugin);
    registry.add_converter(StringConverterPlugin);
    registry.add_converter(ByteArrayConverterPlugin);
    registry.add_header_converter(JsonConverterPlugin);
    registry.add_header_converter(StringConverterPlugin);
    registry.add_header_converter(ByteArrayConverterPlugin);
    registry.add_header_converter(SimpleHeaderConverterPlugin);
    for primitive in Primitive::ALL {
        registry.add_converter(PrimitiveConverterPlugin(primitive));
        registry.add_header_converter(PrimitiveConverterPlugin(primitive));
    }

    for side in [Side::Key, Side::Value] {
        registry.add_transform(ExtractFieldPlugin(side));
        registry.add_transform(FlattenPlugin(side));
        registry.add_transform(HeaderFromPlugin(side));
        registry.add_transform(HoistFieldPlugin(side));
        registry.add_transform(CastPlugin(side));
        registry.add_transform(InsertFieldPlugin(side));
        registry.add_transform(MaskFieldPlugin(side));
        registry.add_transform(ReplaceFieldPlugin(side));
        registry.add_transform(SetSchemaMetadataPlugin(side));
        registry.add_transform(TimestampConverterPlugin(side));
    }
    registry.add_transform(DropHeadersPlugin);
    registry.add_transform(FilterPlugin);
    registry.add_transform(InsertHeaderPlugin);
    registry.add_transform(RegexRouterPlugin);
    registry.add_transform(TimestampRouterPlugin);
    registry.add_transform(ValueToKeyPlugin);

    registry.add_predicate(HasHeaderKeyPlugin);
    registry.add_predicate(RecordIsTombstonePlugin);
    registry.add_predicate(TopicNameMatchesPlugin);

    registry
}
