import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Date;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.DropHeaders;
import org.apache.kafka.connect.transforms.ExtractField;
import org.apache.kafka.connect.transforms.Filter;
import org.apache.kafka.connect.transforms.Flatten;
import org.apache.kafka.connect.transforms.HeaderFrom;
import org.apache.kafka.connect.transforms.HoistField;
import org.apache.kafka.connect.transforms.InsertField;
import org.apache.kafka.connect.transforms.InsertHeader;
import org.apache.kafka.connect.transforms.MaskField;
import org.apache.kafka.connect.transforms.RegexRouter;
import org.apache.kafka.connect.transforms.ReplaceField;
import org.apache.kafka.connect.transforms.SetSchemaMetadata;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.ValueToKey;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The transforms that change the shape of a record, each with a fresh instance per case; and the keys they define. */
@SuppressWarnings({"rawtypes", "unchecked"})
final class StructureGoldens {
    private final Golden golden;
    private int number;

    private StructureGoldens(Golden golden) {
        this.golden = golden;
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "transforms-structure")) {
            StructureGoldens goldens = new StructureGoldens(golden);
            goldens.extractField();
            goldens.nestedPaths();
            goldens.hoistField();
            goldens.filter();
            goldens.dropHeaders();
            goldens.insertHeader();
            goldens.regexRouter();
        }
        try (Golden golden = new Golden(folder, "transforms-structure-keys")) {
            new StructureGoldens(golden).keys();
        }
    }

    private static String shortName(Class<?> type) {
        return type.getName().substring(type.getName().lastIndexOf('.') + 1);
    }

    private void apply(Class<?> type, Map<String, String> config, ConnectRecord<?>... records) throws IOException {
        for (ConnectRecord<?> record : records) {
            ObjectNode input = Golden.object();
            input.put("transform", type.getName());
            input.set("config", Golden.config(config));
            input.set("record", Typed.record(record));
            golden.add(String.format("%s %03d", shortName(type), ++number), input, () -> {
                try (Transformation transform = (Transformation) type.getDeclaredConstructor().newInstance()) {
                    transform.configure(config);
                    ObjectNode output = Golden.object();
                    output.set("record", Typed.record(transform.apply(record)));
                    return output;
                }
            });
        }
    }

    private static SinkRecord sink(Schema keySchema, Object key, Schema valueSchema, Object value) {
        SinkRecord record = new SinkRecord("orders", 3, keySchema, key, valueSchema, value, 42L, 1_600_000_000_123L, TimestampType.CREATE_TIME);
        record.headers().addString("h", "one");
        record.headers().addInt("n", 2);
        record.headers().addString("h", "two");
        return record;
    }

    private static SinkRecord sink(Schema valueSchema, Object value) {
        return sink(null, null, valueSchema, value);
    }

    private static SourceRecord source(Schema valueSchema, Object value) {
        return new SourceRecord(Map.of("p", 1L), Map.of("o", 2L), "orders", null, null, null, valueSchema, value, null);
    }

    private static SinkRecord onTopic(String topic) {
        return new SinkRecord(topic, 0, null, null, null, "v", 1L);
    }

    private static Map<String, String> config(String... pairs) {
        Map<String, String> config = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            config.put(pairs[i], pairs[i + 1]);
        }
        return config;
    }

    private static Map<Object, Object> map(Object... pairs) {
        Map<Object, Object> map = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(pairs[i], pairs[i + 1]);
        }
        return map;
    }

    private static List<Object> list(Object... items) {
        return new ArrayList<>(List.of(items));
    }

    private static final Schema FLAT = SchemaBuilder.struct().name("flat").version(7).doc("a doc").parameter("p", "q")
            .field("a", Schema.INT32_SCHEMA)
            .field("b", SchemaBuilder.string().optional().defaultValue("dflt").doc("field doc").build())
            .field("c", Schema.OPTIONAL_FLOAT64_SCHEMA)
            .build();

    private static Struct flat() {
        return new Struct(FLAT).put("a", 1).put("b", "x").put("c", 2.5);
    }

    private static Struct flatWithNulls() {
        return new Struct(FLAT).put("a", 1);
    }

    /** A required field is missing; only putting it into another struct finds out. */
    private static Struct broken() {
        return new Struct(FLAT).put("b", "x");
    }

    private static final Class<?> EXTRACT = ExtractField.Value.class;
    private static final Schema NESTED = SchemaBuilder.struct().name("outer")
            .field("in", FLAT)
            .field("opt", SchemaBuilder.struct().optional().field("x", SchemaBuilder.int64().optional().defaultValue(9L).build()).build())
            .field("dotted.name", Schema.STRING_SCHEMA)
            .field("list", SchemaBuilder.array(Schema.INT32_SCHEMA).optional().build())
            .field("dict", SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT32_SCHEMA).optional().build())
            .build();

    private static Struct nested() {
        return new Struct(NESTED).put("in", flat()).put("opt", new Struct(NESTED.field("opt").schema())).put("dotted.name", "d").put("list", List.of(1, 2)).put("dict", map("k", 1));
    }

    private static Map<Object, Object> nestedMap() {
        return map("in", map("a", 1L, "deep", map("x", "y")), "dotted.name", "d", "null", null, "list", list(1L), "", map("", "empty"), "back`tick", 5L);
    }

    /** Every kind of operand that a transform of structs may meet. */
    private void operands(Class<?> value, Class<?> key, Map<String, String> config) throws IOException {
        Schema optional = SchemaBuilder.struct().optional().field("a", Schema.INT32_SCHEMA).build();
        SchemaBuilder builder = SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA);
        Schema withDefault = builder.defaultValue(new Struct(builder).put("a", 8)).build();
        apply(value, config, sink(null, map("a", 1L)), sink(FLAT, flat()), sink(FLAT, flatWithNulls()), sink(FLAT, broken()), sink(null, null), sink(FLAT, null), sink(null, "text"), sink(null, 1L),
                sink(null, list(1L)), sink(null, flat()), sink(Schema.STRING_SCHEMA, "text"), sink(Schema.OPTIONAL_STRING_SCHEMA, null), sink(Schema.STRING_SCHEMA, null),
                sink(SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT32_SCHEMA).build(), map("a", 1)), sink(SchemaBuilder.array(Schema.INT8_SCHEMA).build(), list((byte) 1)),
                sink(optional, new Struct(optional).put("a", 1)), sink(optional, null), sink(withDefault, new Struct(withDefault).put("a", 2)), sink(withDefault, null), sink(FLAT, map("a", 1L)),
                sink(null, map()), source(null, map("a", 1L)), source(FLAT, flat()));
        if (key != null) {
            apply(key, config, sink(null, map("a", 1L), Schema.STRING_SCHEMA, "value"), sink(FLAT, flat(), null, null), sink(null, null, null, map("a", 1L)), sink(Schema.INT32_SCHEMA, 1, null, map("a", 1L)),
                    sink(FLAT, flatWithNulls(), FLAT, flat()));
        }
    }

    private void extractField() throws IOException {
        operands(EXTRACT, ExtractField.Key.class, config("field", "a"));
        for (String field : new String[] {"b", "c", "missing", "", "in.a", "A", " a "}) {
            apply(EXTRACT, config("field", field), sink(null, map("a", 1L, "b", "x", "c", null, "in.a", 7L)), sink(FLAT, flat()), sink(FLAT, flatWithNulls()));
        }
        for (String replace : new String[] {"true", "false", "nope"}) {
            apply(EXTRACT, config("field", "b", "replace.null.with.default", replace), sink(FLAT, flatWithNulls()), sink(FLAT, flat()), sink(null, map("b", null)));
        }
        for (String field : new String[] {"in", "opt", "list", "dict", "dotted.name"}) {
            apply(EXTRACT, config("field", field), sink(NESTED, nested()), sink(null, nestedMap()));
        }
        for (String version : new String[] {"V1", "v1", "V2", "v2", "V3", "", "1", " V1"}) {
            apply(EXTRACT, config("field", "in.a", "field.syntax.version", version), sink(null, nestedMap()), sink(NESTED, nested()));
        }
        apply(EXTRACT, config(), sink(null, map("a", 1L)));
        apply(EXTRACT, config("field", null), sink(null, map("a", 1L)), sink(FLAT, flat()), sink(null, null), sink(FLAT, null));
        apply(EXTRACT, config("field", null, "field.syntax.version", "V2"), sink(null, map("a", 1L)));
        apply(EXTRACT, config("field", "a", "field.syntax.version", null), sink(null, map("a", 1L)));
        apply(EXTRACT, config("field", "a", "replace.null.with.default", null), sink(null, map("a", 1L)));
        apply(EXTRACT, config("field", "1"), sink(null, map(1L, "number", "1", "text")));
    }

    private void nestedPaths() throws IOException {
        String[] paths = {
            "in", "in.a", "in.b", "in.missing", "missing", "missing.a", "in.deep.x", "in.a.x", "null.a", "null", "list.a", "list", "dict.k", "opt.x", "opt.missing", "opt", "dotted.name", "`dotted.name`",
            "`in`.`a`", "`in`.a", "in.`a`", "`in.a`", "", ".", "..", "in.", ".in", "in..a", "`", "``", "```", "``.a", "`in", "in.`a", "`in.a", "`in`a", "`in`a`.a", "`in`a`", "`in\\`.a`", "`in\\`.a", "in\\.a",
            "`in\\`", "`in\\\\`.a", "back`tick", "`back`tick`", "`back\\`tick`", "in.`a`.", "`in`.", "in.a.b.c.d", "`in``.a`", "in`.a", "`a`.`b", "in.deep.", "\u00e4.\u00f6", "`\u00e4.\u00f6`"};
        for (String path : paths) {
            apply(EXTRACT, config("field", path, "field.syntax.version", "V2"), sink(null, nestedMap()), sink(NESTED, nested()));
        }
        Map<String, String> deep = config("field", "opt.x", "field.syntax.version", "V2");
        Map<String, String> deepNull = config("field", "opt.x", "field.syntax.version", "V2", "replace.null.with.default", "false");
        Struct unset = new Struct(NESTED).put("in", flat()).put("dotted.name", "d");
        apply(EXTRACT, deep, sink(NESTED, nested()), sink(NESTED, unset), sink(NESTED, null), sink(null, null), source(NESTED, nested()));
        apply(EXTRACT, deepNull, sink(NESTED, nested()), sink(NESTED, unset));
        apply(ExtractField.Key.class, deep, sink(NESTED, nested(), null, null), sink(null, map("opt", map("x", 1L)), null, null));
        apply(EXTRACT, config("field", "", "field.syntax.version", "V2"), sink(null, null), sink(FLAT, null));
        SchemaBuilder inner = SchemaBuilder.struct().field("x", Schema.STRING_SCHEMA);
        Schema outer = SchemaBuilder.struct().field("s", inner.defaultValue(new Struct(inner).put("x", "by default")).build()).build();
        apply(EXTRACT, config("field", "s.x", "field.syntax.version", "V2"), sink(outer, new Struct(outer)));
        apply(EXTRACT, config("field", "s.x", "field.syntax.version", "V2", "replace.null.with.default", "false"), sink(outer, new Struct(outer)));
    }

    private void hoistField() throws IOException {
        operands(HoistField.Value.class, HoistField.Key.class, config("field", "f"));
        for (String field : new String[] {"", " ", "a.b", "`a`.b", "\u00e4"}) {
            apply(HoistField.Value.class, config("field", field), sink(null, 1L), sink(Schema.INT64_SCHEMA, 1L));
        }
        apply(HoistField.Value.class, config(), sink(null, 1L));
        apply(HoistField.Value.class, config("field", null), sink(null, 1L), sink(Schema.INT64_SCHEMA, 1L));
        apply(HoistField.Value.class, config("field", "f"), sink(Schema.INT32_SCHEMA, 1L), sink(Decimal.schema(2), new BigDecimal("1.50")), sink(Date.SCHEMA, new java.util.Date(86_400_000L)),
                sink(Timestamp.SCHEMA, 5L), sink(null, new byte[] {1, 2}), sink(Schema.BYTES_SCHEMA, new byte[] {1, 2}), sink(SchemaBuilder.string().defaultValue("d").build(), null),
                sink(SchemaBuilder.string().optional().defaultValue("d").build(), null), sink(SchemaBuilder.array(Schema.INT8_SCHEMA).build(), list("no byte")),
                sink(SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT32_SCHEMA).build(), map("a", "no number")), sink(NESTED, nested()), sink(NESTED, flat()));
    }

    private void filter() throws IOException {
        operands(Filter.class, null, config());
        apply(Filter.class, config("anything", "else"), sink(null, "text"), sink(Schema.STRING_SCHEMA, "key", null, null), onTopic("t"));
    }

    private void dropHeaders() throws IOException {
        SinkRecord none = onTopic("t");
        SinkRecord odd = onTopic("t");
        odd.headers().add("", null, null);
        odd.headers().addString(" h", "blank");
        odd.headers().addString("H", "upper");
        odd.headers().add("m", map("a", 1L), null);
        odd.headers().add("s", flat(), FLAT);
        odd.headers().addString("h", null);
        for (String headers : new String[] {"h", "n", "h,n", "n,h", "H", "missing", "h, n", "h,h", " h", "m,s", "h,missing", "h,", ",h", "", ",", " "}) {
            apply(DropHeaders.class, config("headers", headers), sink(null, "v"), odd, none);
        }
        apply(DropHeaders.class, config(), none);
        apply(DropHeaders.class, config("headers", null), none);
        apply(DropHeaders.class, config("headers", "h"), sink(null, null), source(FLAT, flat()), sink(FLAT, flat(), null, null));
    }

    private void insertHeader() throws IOException {
        SinkRecord none = onTopic("t");
        String[] literals = {
            "text", "", " ", "5", "300", "70000", "5000000000", "-1", "1.5", "1e400", "12345678901234567890", "true", "FALSE", "null", "2020-01-02", "12:34:56.789Z", "2020-01-02T03:04:05.678Z", "[1,2,3]", "[1,\"a\"]",
            "[]", "{\"a\":1}", "{}", "{\"a\":1,\"b\":\"x\"}", "\"quoted\"", "\"a\\\"b\"", "[1,", "{\"a\"", " 7 ", "\u00e4", "a,b", "[[1],[2]]", "{\"a\":[1,2]}", "+5", "0x10", "NaN"};
        for (String literal : literals) {
            apply(InsertHeader.class, config("header", "new", "value.literal", literal), none);
        }
        for (String header : new String[] {"h", "", " ", "a.b", "\u00e4"}) {
            apply(InsertHeader.class, config("header", header, "value.literal", "v"), sink(null, "v"), none);
        }
        Map<String, String> plain = config("header", "h", "value.literal", "1");
        apply(InsertHeader.class, plain, sink(null, null), source(FLAT, flat()), sink(FLAT, flat(), null, map("a", 1L)));
        apply(InsertHeader.class, config(), none);
        apply(InsertHeader.class, config("header", "h"), none);
        apply(InsertHeader.class, config("value.literal", "h"), none);
        apply(InsertHeader.class, config("header", null, "value.literal", "v"), none);
        apply(InsertHeader.class, config("header", "h", "value.literal", null), none);
    }

    private void regexRouter() throws IOException {
        String[] topics = {"orders", "orders-2020", "a.b.c", "", "ab", "ORDERS"};
        String[][] rules = {
            {"orders", "new"}, {"orders.*", "new"}, {"(.*)", "pre-$1"}, {"(.*)-(\\d+)", "$2-$1"}, {".*", "$0-$0"}, {"(?<name>.*)", "${name}!"}, {"(?i)orders", "lower"}, {"(\\w+)\\.(\\w+)\\..*", "$1_$2"},
            {"a|ab", "X"}, {"(a)|(b)|ab", "<$1|$2>"}, {"a?b?", "X"}, {".*?", "X"}, {"(o)rders.*", "$1"}, {".*", ""}, {".*", "\\$1"}, {".*", "a\\\\b"}, {".*", "\\x"}, {"(.)(.).*", "$2$1"}, {"(.*)", "$10"},
            {"(.*)", "$1x$12"}, {"(x)?.*", "[$1]"}, {"[^.]+\\.(.*)", "$1"}, {"^(.*)$", "$1"}, {"(?=o)(.*)", "$1"}, {"((o)(r))(ders)", "$4$3$2$1"}, {"orders(?:-(?<year>\\d+))?", "y${year}"}, {"\\Qa.b.c\\E", "q"}};
        for (String[] rule : rules) {
            for (String topic : topics) {
                apply(RegexRouter.class, config("regex", rule[0], "replacement", rule[1]), onTopic(topic));
            }
        }
        for (String bad : new String[] {"$", "$x", "$2", "${", "${}", "${1}", "${nope}", "${nope", "${n-}", "\\", "a$", "$-1", "${a b}", "$\u0661"}) {
            apply(RegexRouter.class, config("regex", "(.*)", "replacement", bad), onTopic("orders"), onTopic(""));
            apply(RegexRouter.class, config("regex", "x", "replacement", bad), onTopic("orders"));
        }
        for (String regex : new String[] {"(", "[", "*", "a{2", "", "+", "(?<n", "\\", "a)", "x{2,1}", "(?z)"}) {
            apply(RegexRouter.class, config("regex", regex, "replacement", "r"), onTopic("orders"), onTopic(""));
        }
        apply(RegexRouter.class, config(), onTopic("orders"));
        apply(RegexRouter.class, config("regex", "a"), onTopic("orders"));
        apply(RegexRouter.class, config("replacement", "a"), onTopic("orders"));
        apply(RegexRouter.class, config("regex", null, "replacement", "r"), onTopic("orders"));
        apply(RegexRouter.class, config("regex", "o.*", "replacement", null), onTopic("orders"), onTopic("x"));
        apply(RegexRouter.class, config("regex", "(.*)", "replacement", "$1-x"), sink(FLAT, flat(), FLAT, flat()), source(null, map("a", 1L)), sink(null, null));
    }

    private static final Class<?> METADATA = SetSchemaMetadata.Value.class;

    private void setSchemaMetadata() throws IOException {
        operands(METADATA, SetSchemaMetadata.Key.class, config("schema.name", "new", "schema.version", "3"));
        Schema inner = SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA).build();
        Schema rich = SchemaBuilder.struct().optional().name("rich").version(1).doc("d").parameter("k", "v").field("a", Schema.INT32_SCHEMA).field("in", FLAT).field("t", Timestamp.SCHEMA).build();
        Struct value = new Struct(rich).put("a", 1).put("in", flatWithNulls()).put("t", new java.util.Date(5L));
        String[][] configs = {
            {"schema.name", "n"}, {"schema.version", "2"}, {"schema.name", "n", "schema.version", "-1"}, {"schema.name", ""}, {"schema.version", "0"}, {"schema.version", "x"}, {"schema.version", ""},
            {"schema.version", " 4 "}, {"schema.version", "2147483648"}, {"schema.name", " spaced "}, {}, {"replace.null.with.default", "true"}, {"schema.name", "n", "replace.null.with.default", "nope"},
            {"schema.name", Timestamp.LOGICAL_NAME}, {"schema.name", null, "schema.version", "1"}, {"schema.name", "n", "schema.version", null}, {"schema.name", "flat", "schema.version", "7"}};
        for (String[] config : configs) {
            apply(METADATA, config(config), sink(rich, value), sink(FLAT, flatWithNulls()), sink(null, null));
        }
        for (String replace : new String[] {"true", "false"}) {
            apply(METADATA, config("schema.name", "n", "replace.null.with.default", replace), sink(FLAT, flatWithNulls()), sink(FLAT, flat()), sink(FLAT, broken()));
        }
        for (Schema schema : new Schema[] {Schema.INT32_SCHEMA, Schema.OPTIONAL_STRING_SCHEMA, Decimal.schema(2), SchemaBuilder.array(inner).build(), SchemaBuilder.map(Schema.STRING_SCHEMA, inner).build()}) {
            apply(METADATA, config("schema.name", "n"), sink(schema, null));
        }
        apply(METADATA, config("schema.name", "n"), sink(rich, "text"), sink(rich, map("a", 1L)));
    }

    private static final Class<?> MASK = MaskField.Value.class;
    private static final Schema TYPES = SchemaBuilder.struct()
            .field("i8", Schema.OPTIONAL_INT8_SCHEMA).field("i16", Schema.OPTIONAL_INT16_SCHEMA).field("i32", Schema.OPTIONAL_INT32_SCHEMA).field("i64", Schema.OPTIONAL_INT64_SCHEMA)
            .field("f32", Schema.OPTIONAL_FLOAT32_SCHEMA).field("f64", Schema.OPTIONAL_FLOAT64_SCHEMA).field("bool", Schema.OPTIONAL_BOOLEAN_SCHEMA).field("str", Schema.OPTIONAL_STRING_SCHEMA)
            .field("bytes", Schema.OPTIONAL_BYTES_SCHEMA).field("dec", Decimal.builder(2).optional().build()).field("date", Date.builder().optional().build()).field("ts", Timestamp.builder().optional().build())
            .field("list", SchemaBuilder.array(Schema.INT32_SCHEMA).optional().build()).field("dict", SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT32_SCHEMA).optional().build())
            .field("struct", SchemaBuilder.struct().optional().field("x", Schema.INT32_SCHEMA).build())
            .build();

    private static Map<Object, Object> typeMap() {
        return map("i8", (byte) 1, "i16", (short) 2, "i32", 3, "i64", 4L, "f32", 5.5f, "f64", 6.5, "bool", true, "str", "s", "bytes", new byte[] {1}, "dec", new BigDecimal("1.25"), "date", new java.util.Date(86_400_000L),
                "ts", new java.util.Date(5L), "list", list(1, 2), "dict", map("k", 1));
    }

    private static Struct types() {
        Struct struct = new Struct(TYPES);
        typeMap().forEach((name, value) -> struct.put((String) name, value));
        return struct.put("struct", new Struct(TYPES.field("struct").schema()).put("x", 1));
    }

    private void maskField() throws IOException {
        operands(MASK, MaskField.Key.class, config("fields", "a"));
        for (org.apache.kafka.connect.data.Field field : TYPES.fields()) {
            apply(MASK, config("fields", field.name()), sink(TYPES, types()), sink(TYPES, new Struct(TYPES)));
        }
        for (Object name : typeMap().keySet()) {
            apply(MASK, config("fields", (String) name), sink(null, typeMap()));
        }
        for (String fields : new String[] {"a,b", "b,c", "missing", "a,missing", "a,a", " a , b ", "", ",", "a,", "in.a"}) {
            apply(MASK, config("fields", fields), sink(null, map("a", 1L, "b", "x", "c", null, 5L, "number")), sink(FLAT, flat()));
        }
        for (String replace : new String[] {"true", "false", "nope"}) {
            apply(MASK, config("fields", "b,c", "replace.null.with.default", replace), sink(FLAT, flatWithNulls()), sink(FLAT, flat()), sink(FLAT, broken()));
        }
        apply(MASK, config(), sink(null, map("a", 1L)));
        apply(MASK, config("fields", null), sink(null, map("a", 1L)));
        apply(MASK, config("fields", "a", "replacement", ""), sink(null, map("a", 1L)));
        apply(MASK, config("fields", "a", "replacement", null), sink(null, map("a", 1L)));
        apply(MASK, config("fields", "s"), sink(null, map("s", flat())));
    }

    private void maskFieldByReplacement() throws IOException {
        for (org.apache.kafka.connect.data.Field field : TYPES.fields()) {
            apply(MASK, config("fields", field.name(), "replacement", "7"), sink(TYPES, types()), sink(TYPES, new Struct(TYPES)));
        }
        for (Object name : typeMap().keySet()) {
            apply(MASK, config("fields", (String) name, "replacement", "7"), sink(null, typeMap()));
        }
        String[] replacements = {
            "xyz", "300", "-1", "1.9", "-1.9", "1e3", "1e40", "1e400", "1e-400", "99999999999999999999", " 7", "7 ", "+7", "0x10", "NaN", "Infinity", ".5", "5.", ".", "1_000", "\u0663", "-0", "-0.0", "1e2147483647",
            "1e-2147483648", "1e99999999999", "0.1", "3.4028236e38", "1f", "true", " ", "18446744073709551617"};
        for (String replacement : replacements) {
            apply(MASK, config("fields", "i8,i16,i32,i64,f32,f64,str", "replacement", replacement), sink(null, map("i8", (byte) 1, "i16", (short) 2, "i32", 3, "i64", 4L, "str", "s")), sink(TYPES, types()));
            apply(MASK, config("fields", "f32,f64", "replacement", replacement), sink(null, map("f32", 1f, "f64", 2d)));
            apply(MASK, config("fields", "dec", "replacement", replacement), sink(null, map("dec", new BigDecimal("1.5"))));
        }
        apply(MASK, config("fields", "a,b", "replacement", "5"), sink(FLAT, flat()), sink(FLAT, broken()), sink(null, map("a", 1L, "b", "x")));
    }

    private static final Class<?> HEADER = HeaderFrom.Value.class;

    private void headerFrom() throws IOException {
        for (String operation : new String[] {"move", "copy"}) {
            operands(HEADER, HeaderFrom.Key.class, config("fields", "a", "headers", "ha", "operation", operation));
            String[][] pairs = {{"a,b", "ha,hb"}, {"b,a", "h,h"}, {"c", "n"}, {"a,a", "x,y"}, {"missing", "m"}, {"a,missing", "x,y"}, {"a,b,c", "x,y,z"}, {" a , b ", " x , y "}, {"in.a", "x"}, {"a", ""}, {"", "x"},
                {"a,b", "x"}, {"a", "x,y"}, {"a,b", "x,x"}, {"", ""}, {"a,", "x,"}};
            for (String[] pair : pairs) {
                apply(HEADER, config("fields", pair[0], "headers", pair[1], "operation", operation), sink(null, map("a", 1L, "b", "x", "c", null, 5L, "number")), sink(FLAT, flat()), sink(FLAT, flatWithNulls()));
            }
            for (String replace : new String[] {"true", "false", "nope"}) {
                Map<String, String> config = config("fields", "b,c", "headers", "b,c", "operation", operation, "replace.null.with.default", replace);
                apply(HEADER, config, sink(FLAT, flatWithNulls()), sink(FLAT, broken()));
                apply(HEADER, config("fields", "a", "headers", "a", "operation", operation, "replace.null.with.default", replace), sink(FLAT, flatWithNulls()));
            }
            apply(HEADER, config("fields", "in,list,dict", "headers", "s,l,d", "operation", operation), sink(NESTED, nested()), sink(null, nestedMap()));
            apply(HEADER, config("fields", "in.a", "headers", "x", "operation", operation, "field.syntax.version", "V2"), sink(NESTED, nested()));
        }
        for (String operation : new String[] {"MOVE", "Copy", "", "drop", " move", null}) {
            apply(HEADER, config("fields", "a", "headers", "x", "operation", operation), sink(null, map("a", 1L)));
        }
        apply(HEADER, config(), sink(null, map("a", 1L)));
        apply(HEADER, config("fields", "a"), sink(null, map("a", 1L)));
        apply(HEADER, config("fields", "a", "headers", "x"), sink(null, map("a", 1L)));
        apply(HEADER, config("fields", null, "headers", "x", "operation", "move"), sink(null, map("a", 1L)));
        apply(HEADER, config("fields", "a", "headers", null, "operation", "move"), sink(null, map("a", 1L)));
        apply(HEADER, config("fields", "a", "headers", null, "operation", "nope"), sink(null, map("a", 1L)));
    }

    private static final Class<?> FLATTEN = Flatten.Value.class;

    private void flatten() throws IOException {
        operands(FLATTEN, Flatten.Key.class, config());
        Map<Object, Object> deep = map("a", map("b", map("c", map("d", 1L, "n", null)), "l", list(1L, map("x", 1L))), "e", map(), "f", null, "", map("", "x", "y", 2L));
        for (String delimiter : new String[] {".", "", "_", "::", " ", "\u00e4", "a", null}) {
            apply(FLATTEN, config("delimiter", delimiter), sink(null, deep), sink(NESTED_FLAT, nestedFlat()));
        }
        apply(FLATTEN, config(), sink(null, typeMap()), sink(null, map("a", typeMap())), sink(null, map("s", flat())), sink(null, map("a", map("s", flat()))), sink(null, map("a.b", 1L, "a", map("b", 2L))),
                sink(null, map("d", new java.util.Date(1L))), sink(null, map("a", map("d", new BigDecimal("1.5")))), sink(null, map(1L, "x")), sink(null, map("a", map(1L, "x"))), sink(null, map("a", map(1L, null))),
                sink(null, map((Object) null, "x")), sink(null, map("a", map(null, "x"))), sink(null, map("a", map(null, null))), sink(null, map(null, map("b", 1L))), sink(null, map("a", map("b", map("c", map("d", map("e", 1)))))));
        apply(FLATTEN, config("unknown", "x"), sink(null, deep));
    }

    private static final Schema LEAF = SchemaBuilder.struct().name("leaf").version(1).doc("dropped").field("x", Schema.INT32_SCHEMA)
            .field("y", SchemaBuilder.string().optional().name("named").version(3).doc("kept").parameter("p", "q").defaultValue("dy").build()).build();
    private static final Schema NESTED_FLAT = SchemaBuilder.struct().name("top").version(2).doc("doc").parameter("k", "v").field("id", Schema.INT64_SCHEMA).field("leaf", LEAF)
            .field("maybe", SchemaBuilder.struct().optional().field("x", Schema.INT32_SCHEMA).field("z", SchemaBuilder.int8().defaultValue((byte) 4).build()).build())
            .field("list", SchemaBuilder.array(LEAF).optional().name("l").build()).field("dec", Decimal.builder(2).optional().build()).field("ts", Timestamp.SCHEMA).field("bytes", Schema.OPTIONAL_BYTES_SCHEMA).build();

    private static Struct nestedFlat() {
        Schema maybe = NESTED_FLAT.field("maybe").schema();
        return new Struct(NESTED_FLAT).put("id", 1L).put("leaf", new Struct(LEAF).put("x", 1)).put("maybe", new Struct(maybe).put("x", 5)).put("list", List.of(new Struct(LEAF).put("x", 2)))
                .put("dec", new BigDecimal("1.25")).put("ts", new java.util.Date(7L)).put("bytes", new byte[] {1});
    }

    private void flattenWithSchema() throws IOException {
        Struct sparse = new Struct(NESTED_FLAT).put("id", 1L).put("leaf", new Struct(LEAF).put("x", 1).put("y", "z")).put("ts", new java.util.Date(7L));
        Struct without = new Struct(NESTED_FLAT).put("id", 1L).put("ts", new java.util.Date(7L));
        apply(FLATTEN, config(), sink(NESTED_FLAT, nestedFlat()), sink(NESTED_FLAT, sparse), sink(NESTED_FLAT, without), sink(NESTED_FLAT, new Struct(NESTED_FLAT)), sink(NESTED, nested()), source(NESTED_FLAT, sparse));
        SchemaBuilder inner = SchemaBuilder.struct().field("x", SchemaBuilder.int32().defaultValue(1).build()).field("y", Schema.STRING_SCHEMA).field("z", Schema.OPTIONAL_STRING_SCHEMA);
        Schema withDefault = inner.defaultValue(new Struct(inner).put("x", 2).put("y", "given")).build();
        Schema outer = SchemaBuilder.struct().optional().field("s", withDefault).field("t", Schema.BOOLEAN_SCHEMA).build();
        apply(FLATTEN, config(), sink(outer, new Struct(outer).put("t", true)), sink(outer, new Struct(outer).put("t", true).put("s", new Struct(withDefault).put("y", "own"))), sink(outer, null));
        Schema both = SchemaBuilder.struct().field("a.b", Schema.INT32_SCHEMA).field("a", SchemaBuilder.struct().field("b", Schema.INT32_SCHEMA).build()).build();
        Struct clash = new Struct(both).put("a.b", 1).put("a", new Struct(both.field("a").schema()).put("b", 2));
        apply(FLATTEN, config(), sink(both, clash));
        apply(FLATTEN, config("delimiter", "-"), sink(both, clash));
        Schema three = SchemaBuilder.struct().field("a", SchemaBuilder.struct().field("b", SchemaBuilder.struct().optional().field("c", SchemaBuilder.int32().defaultValue(6).build()).build()).build()).build();
        Schema two = three.field("a").schema();
        Schema one = two.field("b").schema();
        apply(FLATTEN, config(), sink(three, new Struct(three).put("a", new Struct(two).put("b", new Struct(one).put("c", 1)))), sink(three, new Struct(three).put("a", new Struct(two).put("b", new Struct(one)))),
                sink(three, new Struct(three).put("a", new Struct(two))), sink(three, new Struct(three)));
        Schema empty = SchemaBuilder.struct().field("e", SchemaBuilder.struct().build()).build();
        apply(FLATTEN, config(), sink(empty, new Struct(empty)), sink(empty, new Struct(empty).put("e", new Struct(empty.field("e").schema()))));
        Schema dict = SchemaBuilder.struct().field("a", SchemaBuilder.struct().field("m", SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.STRING_SCHEMA).optional().build()).build()).build();
        apply(FLATTEN, config("delimiter", "/"), sink(dict, new Struct(dict)), sink(FLAT, nestedFlat()), sink(NESTED_FLAT, flat()), sink(Schema.STRING_SCHEMA, flat()));
    }

    private void keys() throws IOException {
        Class<?>[] types = {ExtractField.Value.class, HoistField.Value.class, Filter.class, DropHeaders.class, InsertHeader.class, RegexRouter.class,
            InsertField.Value.class, ReplaceField.Value.class, ValueToKey.class};
        for (Class<?> type : types) {
            keysOf(type);
        }
    }

    private void keysOf(Class<?> type) throws IOException {
        ObjectNode asked = Golden.object();
        asked.put("transform", type.getName());
        golden.add(shortName(type) + " keys", asked, () -> {
            ArrayNode keys = Golden.NODES.arrayNode();
            for (ConfigDef.ConfigKey key : definition(type).configKeys().values()) {
                ObjectNode node = keys.addObject();
                node.put("name", key.name);
                node.put("type", key.type.name());
                node.put("required", !key.hasDefault());
                node.put("default", key.hasDefault() && key.defaultValue != null ? ConfigDef.convertToString(key.defaultValue, key.type) : null);
                node.put("importance", key.importance.name());
                node.put("validator", key.validator == null ? null : key.validator.toString());
            }
            return keys;
        });
        String[][] configs = {
            {}, {"field", "", "fields", "", "headers", "", "header", "", "operation", "", "replacement", "", "regex", "", "schema.version", ""},
            {"field", null, "fields", null, "headers", null, "header", null, "value.literal", null, "operation", null, "regex", null, "replacement", null, "delimiter", null, "field.syntax.version", null},
            {"field", "a", "fields", "a,a", "headers", "b,,c", "operation", "x", "regex", "(", "replacement", "$9", "schema.version", "1.5", "replace.null.with.default", "x", "field.syntax.version", "V9"}};
        for (String[] pairs : configs) {
            Map<String, String> config = config(pairs);
            ObjectNode input = Golden.object();
            input.put("transform", type.getName());
            input.set("config", Golden.config(config));
            golden.add(String.format("%s errors %02d", shortName(type), ++number), input, () -> {
                ObjectNode errors = Golden.object();
                for (ConfigValue value : definition(type).validate(config)) {
                    ArrayNode messages = errors.putArray(value.name());
                    value.errorMessages().forEach(messages::add);
                }
                return errors;
            });
        }
    }

    private static ConfigDef definition(Class<?> type) throws ReflectiveOperationException {
        return ((Transformation) type.getDeclaredConstructor().newInstance()).config();
    }
}
