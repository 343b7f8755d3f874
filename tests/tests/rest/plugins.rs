//! Which plug-ins there are, and their keys.

use serde_json::json;

use super::play::compare;
use super::steps::*;

/// The classes of transforms, predicates and converters under their interface, without their common package.
const PLUGINS: [&str; 42] = [
    "converters.BooleanConverter",
    "converters.ByteArrayConverter",
    "converters.DoubleConverter",
    "converters.FloatConverter",
    "converters.IntegerConverter",
    "converters.LongConverter",
    "converters.ShortConverter",
    "json.JsonConverter",
    "storage.StringConverter",
    "storage.SimpleHeaderConverter",
    "transforms.Cast$Key",
    "transforms.Cast$Value",
    "transforms.DropHeaders",
    "transforms.ExtractField$Key",
    "transforms.ExtractField$Value",
    "transforms.Filter",
    "transforms.Flatten$Key",
    "transforms.Flatten$Value",
    "transforms.HeaderFrom$Key",
    "transforms.HeaderFrom$Value",
    "transforms.HoistField$Key",
    "transforms.HoistField$Value",
    "transforms.InsertField$Key",
    "transforms.InsertField$Value",
    "transforms.InsertHeader",
    "transforms.MaskField$Key",
    "transforms.MaskField$Value",
    "transforms.RegexRouter",
    "transforms.ReplaceField$Key",
    "transforms.ReplaceField$Value",
    "transforms.SetSchemaMetadata$Key",
    "transforms.SetSchemaMetadata$Value",
    "transforms.TimestampConverter$Key",
    "transforms.TimestampConverter$Value",
    "transforms.TimestampRouter",
    "transforms.ValueToKey",
    "transforms.predicates.HasHeaderKey",
    "transforms.predicates.RecordIsTombstone",
    "transforms.predicates.TopicNameMatches",
    "file.FileStreamSourceConnector",
    "file.FileStreamSinkConnector",
    "tools.VerifiableSinkConnector",
];

#[test]
fn plugins_and_their_keys_over_rest_are_javas() {
    let config = |name: &str| get(&format!("/connector-plugins/{name}/config"));
    let mut steps = vec![
        get("/connector-plugins"),
        get("/connector-plugins?connectorsOnly=true"),
        get("/connector-plugins?connectorsOnly=TRUE"),
        get("/connector-plugins?connectorsOnly=false"),
        get("/connector-plugins?connectorsOnly=no"),
    ];
    steps.extend(PLUGINS.map(|plugin| config(&format!("org.apache.kafka.connect.{plugin}"))));
    let names =
        ["FileStreamSource", "FileStreamSink", "JsonConverter", "Json", "ValueToKey", "Simple", "VerifiableSource"];
    steps.extend(names.map(config));
    steps.extend([
        config("nope"),
        config("org.apache.kafka.connect.NoSuchConnector"),
        config("FileConfigProvider"),
        config("EnvVar"),
        config("Principal"),
        config("Json?version=4.3.1"),
        config("Json?version=latest"),
        config("Json?version=0.0.1"),
        config("Json?version="),
        config("FileStreamSink?version=0.0.1"),
        config("FileStreamSink?version=%5B4.0,5.0)"),
        put("/connector-plugins/Json/config", &json!({})),
        get("/connector-plugins/Json"),
    ]);
    compare(&steps);
}
