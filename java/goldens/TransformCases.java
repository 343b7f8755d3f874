import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.Transformation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Records for transforms, and what becomes of them in a fresh instance per case. */
@SuppressWarnings({"rawtypes", "unchecked"})
abstract class TransformCases {
    private final Golden golden;
    private int number;

    TransformCases(Golden golden) {
        this.golden = golden;
    }

    /** A case that asks something else than what becomes of a record. */
    final void add(String name, ObjectNode input, Golden.Body body) throws IOException {
        golden.add(String.format("%s %02d", name, ++number), input, body);
    }

    static String shortName(Class<?> type) {
        return type.getName().substring(type.getName().lastIndexOf('.') + 1);
    }

    final void apply(Class<?> type, Map<String, String> config, ConnectRecord<?>... records) throws IOException {
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

    static SinkRecord sink(Schema keySchema, Object key, Schema valueSchema, Object value) {
        SinkRecord record = new SinkRecord("orders", 3, keySchema, key, valueSchema, value, 42L, 1_600_000_000_123L, TimestampType.CREATE_TIME);
        record.headers().addString("h", "one");
        record.headers().addInt("n", 2);
        record.headers().addString("h", "two");
        return record;
    }

    static SinkRecord sink(Schema valueSchema, Object value) {
        return sink(null, null, valueSchema, value);
    }

    static SourceRecord source(Schema valueSchema, Object value) {
        return new SourceRecord(Map.of("p", 1L), Map.of("o", 2L), "orders", null, null, null, valueSchema, value, null);
    }

    static SinkRecord onTopic(String topic) {
        return new SinkRecord(topic, 0, null, null, null, "v", 1L);
    }

    static Map<String, String> config(String... pairs) {
        Map<String, String> config = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            config.put(pairs[i], pairs[i + 1]);
        }
        return config;
    }

    static Map<Object, Object> map(Object... pairs) {
        Map<Object, Object> map = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(pairs[i], pairs[i + 1]);
        }
        return map;
    }

    static List<Object> list(Object... items) {
        return new ArrayList<>(List.of(items));
    }

    static final Schema FLAT = SchemaBuilder.struct().name("flat").version(7).doc("a doc").parameter("p", "q")
            .field("a", Schema.INT32_SCHEMA)
            .field("b", SchemaBuilder.string().optional().defaultValue("dflt").doc("field doc").build())
            .field("c", Schema.OPTIONAL_FLOAT64_SCHEMA)
            .build();

    static Struct flat() {
        return new Struct(FLAT).put("a", 1).put("b", "x").put("c", 2.5);
    }

    static Struct flatWithNulls() {
        return new Struct(FLAT).put("a", 1);
    }

    /** A required field is missing; only putting it into another struct finds out. */
    static Struct broken() {
        return new Struct(FLAT).put("b", "x");
    }

    static final Schema NESTED = SchemaBuilder.struct().name("outer")
            .field("in", FLAT)
            .field("opt", SchemaBuilder.struct().optional().field("x", SchemaBuilder.int64().optional().defaultValue(9L).build()).build())
            .field("dotted.name", Schema.STRING_SCHEMA)
            .field("list", SchemaBuilder.array(Schema.INT32_SCHEMA).optional().build())
            .field("dict", SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT32_SCHEMA).optional().build())
            .build();

    static Struct nested() {
        return new Struct(NESTED).put("in", flat()).put("opt", new Struct(NESTED.field("opt").schema())).put("dotted.name", "d").put("list", List.of(1, 2)).put("dict", map("k", 1));
    }

    static Map<Object, Object> nestedMap() {
        return map("in", map("a", 1L, "deep", map("x", "y")), "dotted.name", "d", "null", null, "list", list(1L), "", map("", "empty"), "back`tick", 5L);
    }

    /** Every kind of operand that a transform of structs may meet. */
    final void operands(Class<?> value, Class<?> key, Map<String, String> config) throws IOException {
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
}
