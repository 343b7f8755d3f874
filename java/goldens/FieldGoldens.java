import org.apache.kafka.connect.data.Date;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.transforms.Flatten;
import org.apache.kafka.connect.transforms.HeaderFrom;
import org.apache.kafka.connect.transforms.InsertField;
import org.apache.kafka.connect.transforms.MaskField;
import org.apache.kafka.connect.transforms.ReplaceField;
import org.apache.kafka.connect.transforms.SetSchemaMetadata;
import org.apache.kafka.connect.transforms.ValueToKey;

import java.io.IOException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;

/** The transforms that work on every field: SetSchemaMetadata, MaskField, HeaderFrom, Flatten. */
@SuppressWarnings({"rawtypes", "unchecked"})
final class FieldGoldens extends TransformCases {
    FieldGoldens(Golden golden) {
        super(golden);
    }

    void write() throws IOException {
        setSchemaMetadata();
        maskField();
        maskFieldByReplacement();
        headerFrom();
        flatten();
        flattenWithSchema();
        nullFlags();
    }

    private static final Class<?> METADATA = SetSchemaMetadata.Value.class;

    /** Null for a flag, which Java notices only when it reads it. */
    private void nullFlags() throws IOException {
        Map<String, String> config = config("replace.null.with.default", null, "topic.field", "t", "fields", "a", "headers", "h", "operation", "copy", "schema.name", "n");
        for (Class<?> type : new Class<?>[] {InsertField.Value.class, ReplaceField.Value.class, ValueToKey.class, METADATA, MASK, HEADER}) {
            apply(type, config, sink(FLAT, flat()));
        }
    }

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
        for (String replacement : new String[] {
            "1e", "1e+", "1e-", "1ex", "1e5x", "1e+-5", "1.2.3", "1.x", "e5", ".e5", "+", "-", "+-1", "1-", "1e2147483648", "1e-2147483647", "1.5e-2147483647", "1e0000000000000005", "1e10000000000", "1 2", "\u00e4",
            "1234567890123456789x", "1234567890123456789.1.2", "1234567890123456789e", "12345678901234567890ex", "123456789012345678901e99999999999", "1234567890123456789", "1e\u0663", "0e2147483648", "xxxxxxxxxxxxxxxxxxxxxxx", "....................", "0000000000000000000000001", "00000000000000000000000.x"}) {
            apply(MASK, config("fields", "dec", "replacement", replacement), sink(null, map("dec", new BigDecimal("1.5"))));
            apply(MASK, config("fields", "i64", "replacement", replacement), sink(null, map("i64", 1L)));
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
}
