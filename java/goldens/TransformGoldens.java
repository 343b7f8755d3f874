import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.InsertField;
import org.apache.kafka.connect.transforms.ReplaceField;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.ValueToKey;
import org.apache.kafka.connect.transforms.predicates.HasHeaderKey;
import org.apache.kafka.connect.transforms.predicates.Predicate;
import org.apache.kafka.connect.transforms.predicates.RecordIsTombstone;
import org.apache.kafka.connect.transforms.predicates.TopicNameMatches;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** InsertField, ReplaceField, ValueToKey and the three predicates, each with a fresh instance per case. */
@SuppressWarnings({"rawtypes", "unchecked"})
final class TransformGoldens {
    private final Golden golden;
    private int number;

    private TransformGoldens(Golden golden) {
        this.golden = golden;
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "transforms")) {
            TransformGoldens goldens = new TransformGoldens(golden);
            goldens.insertField();
            goldens.replaceField();
            goldens.valueToKey();
        }
        try (Golden golden = new Golden(folder, "predicates")) {
            new TransformGoldens(golden).predicates();
        }
    }

    private void apply(Class<?> type, Map<String, String> config, ConnectRecord<?>... records) throws IOException {
        for (ConnectRecord<?> record : records) {
            String name = type.getName().substring(type.getName().lastIndexOf('.') + 1);
            ObjectNode input = Golden.object();
            input.put("transform", type.getName());
            input.set("config", Golden.config(config));
            input.set("record", Typed.record(record));
            golden.add(String.format("%s %03d", name, ++number), input, () -> {
                try (Transformation transform = (Transformation) type.getDeclaredConstructor().newInstance()) {
                    transform.configure(config);
                    ObjectNode output = Golden.object();
                    output.set("record", Typed.record(transform.apply(record)));
                    return output;
                }
            });
        }
    }

    private void test(Class<?> type, Map<String, String> config, ConnectRecord<?>... records) throws IOException {
        for (ConnectRecord<?> record : records) {
            ObjectNode input = Golden.object();
            input.put("predicate", type.getName());
            input.set("config", Golden.config(config));
            input.set("record", Typed.record(record));
            golden.add(String.format("%s %03d", type.getSimpleName(), ++number), input, () -> {
                try (Predicate predicate = (Predicate) type.getDeclaredConstructor().newInstance()) {
                    predicate.configure(config);
                    return Golden.NODES.booleanNode(predicate.test(record));
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

    private static SinkRecord withoutTimestamp(Schema valueSchema, Object value) {
        return new SinkRecord("orders", 3, null, null, valueSchema, value, 42L, null, TimestampType.NO_TIMESTAMP_TYPE);
    }

    private static SourceRecord source(Schema valueSchema, Object value, Integer partition, Long timestamp) {
        return new SourceRecord(Map.of("p", 1L), Map.of("o", 2L), "orders", partition, null, null, valueSchema, value, timestamp);
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

    private static Map<String, String> config(String... pairs) {
        Map<String, String> config = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            config.put(pairs[i], pairs[i + 1]);
        }
        return config;
    }

    private static final Class<?> INSERT = InsertField.Value.class;
    private static final Class<?> REPLACE = ReplaceField.Value.class;

    private void insertField() throws IOException {
        Map<String, String> all = config("topic.field", "t", "partition.field", "p!", "offset.field", "o?", "timestamp.field", "ts", "static.field", "s!", "static.value", "fixed");
        Map<String, Object> map = (Map) JsonGoldens.map("a", 1L, "z", null);
        apply(INSERT, all, sink(null, map), sink(null, JsonGoldens.map()), sink(FLAT, flat()), sink(FLAT, flatWithNulls()), sink(null, null), sink(FLAT, null), withoutTimestamp(null, map),
                withoutTimestamp(FLAT, flat()));
        apply(INSERT, config("topic.field", "t", "partition.field", "p", "timestamp.field", "ts", "static.field", "s", "static.value", "fixed"), source(null, map, null, null),
                source(null, map, 2, 5L), source(FLAT, flat(), null, null), source(FLAT, flat(), 2, 5L));
        apply(INSERT, config("partition.field", "p!"), source(FLAT, flat(), null, 5L), source(null, map, null, 5L));
        apply(INSERT, config("timestamp.field", "ts!"), source(FLAT, flat(), 1, null), sink(FLAT, flat()));
        apply(INSERT, config("offset.field", "o!"), source(FLAT, flat(), 1, 5L), source(null, map, 1, 5L), sink(FLAT, flat()), sink(null, map));
        for (String name : new String[] {"a", "a!", "z", "", "!", "?", "x?!", "x!?", "dotted.name"}) {
            apply(INSERT, config("static.field", name, "static.value", "v"), sink(null, map), sink(FLAT, flat()));
        }
        apply(INSERT, config("topic.field", "same", "static.field", "same", "static.value", "v"), sink(null, map), sink(FLAT, flat()));
        apply(INSERT, config("static.field", "s", "static.value", ""), sink(null, map), sink(FLAT, flat()));
        apply(INSERT, config("topic.field", "t"), sink(null, "text"), sink(null, 1L), sink(null, new ArrayList<>(List.of(1L))), sink(Schema.STRING_SCHEMA, "text"), sink(Schema.OPTIONAL_STRING_SCHEMA, null),
                sink(SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT32_SCHEMA).build(), JsonGoldens.map("a", 1)), sink(null, flat()), sink(SchemaBuilder.array(Schema.INT8_SCHEMA).build(), new ArrayList<>(List.of((byte) 1))));
        for (String replace : new String[] {"true", "false", "TRUE", "nope"}) {
            apply(INSERT, config("topic.field", "t", "replace.null.with.default", replace), sink(FLAT, flatWithNulls()), sink(null, map));
        }
        Schema optional = SchemaBuilder.struct().optional().field("a", Schema.INT32_SCHEMA).build();
        apply(INSERT, config("topic.field", "t"), sink(optional, new Struct(optional).put("a", 1)), sink(optional, null));
        Schema empty = SchemaBuilder.struct().build();
        apply(INSERT, config("topic.field", "t"), sink(empty, new Struct(empty)));
        apply(InsertField.Key.class, all, sink(null, map, Schema.STRING_SCHEMA, "value"), sink(FLAT, flat(), null, null), sink(null, null, null, map), sink(Schema.INT32_SCHEMA, 1, null, map));
        apply(INSERT, config(), sink(null, map));
        apply(INSERT, config("static.value", "v"), sink(null, map));
        apply(INSERT, config("static.field", "s"), sink(null, map));
        apply(INSERT, config("static.field", "s!"), sink(null, map));
        apply(INSERT, config("topic.field", "t", "unknown", "x"), sink(null, map));
        apply(INSERT, config("topic.field", " spaced "), sink(null, map));
    }

    private void replaceField() throws IOException {
        Map<String, Object> map = (Map) JsonGoldens.map("a", 1L, "b", "x", "c", null, "d.e", List.of(1L));
        String[][] configs = {
            {}, {"exclude", "a"}, {"exclude", "a,c"}, {"exclude", "a, c"}, {"exclude", ""}, {"include", "a"}, {"include", "c,a"}, {"include", "missing"}, {"exclude", "missing"},
            {"include", "a,b", "exclude", "b"}, {"renames", "a:z"}, {"renames", "a:b"}, {"renames", "a:b,b:a"}, {"renames", "missing:z"}, {"include", "a", "renames", "a:z"},
            {"exclude", "a", "renames", "a:z"}, {"exclude", "z", "renames", "a:z"}, {"include", "z", "renames", "a:z"}, {"renames", "a:z,b:z"}, {"renames", "a:z,a:y"}, {"renames", "a"},
            {"renames", "a:b:c"}, {"renames", ":z"}, {"renames", "a:"}, {"renames", "a : z"}, {"renames", "a:z,"}, {"renames", ""}, {"exclude", "a,a"}, {"exclude", "a,"}, {"exclude", ",a"},
            {"exclude", "d.e"}, {"exclude", "a,b,c"}, {"include", ""}, {"exclude", "A"}, {"replace.null.with.default", "nope"}, {"whitelist", "a"}, {"blacklist", "a"}};
        for (String[] config : configs) {
            apply(REPLACE, config(config), sink(null, map), sink(FLAT, flat()));
        }
        for (String replace : new String[] {"true", "false"}) {
            apply(REPLACE, config("exclude", "a", "replace.null.with.default", replace), sink(FLAT, flatWithNulls()), sink(null, map));
        }
        Map<String, String> plain = config("exclude", "a");
        apply(REPLACE, plain, sink(null, null), sink(FLAT, null), sink(null, "text"), sink(Schema.STRING_SCHEMA, "text"), sink(Schema.OPTIONAL_INT32_SCHEMA, null), sink(null, flat()),
                source(null, map, null, null), source(FLAT, flat(), 1, 5L));
        Schema optional = SchemaBuilder.struct().optional().name("o").field("a", Schema.INT32_SCHEMA).field("d", Decimal.schema(2)).build();
        apply(REPLACE, plain, sink(optional, new Struct(optional).put("a", 1).put("d", new BigDecimal("1.10"))), sink(optional, null));
        Schema nested = SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA).field("in", FLAT).field("l", SchemaBuilder.array(Schema.INT32_SCHEMA).build()).build();
        apply(REPLACE, plain, sink(nested, new Struct(nested).put("a", 1).put("in", flat()).put("l", List.of(1, 2))));
        apply(ReplaceField.Key.class, plain, sink(null, map, Schema.STRING_SCHEMA, "value"), sink(FLAT, flat(), null, map), sink(null, null, null, map), sink(Schema.INT32_SCHEMA, 1, null, map));
        Map<String, Object> large = (Map) JsonGoldens.map("a", 1L, "topic", 1L, "partition", 2L, "offset", 3L, "server", 4L, "filename", 5L, "k9", 9L, "k10", 10L);
        apply(REPLACE, plain, sink(null, large));
    }

    private void valueToKey() throws IOException {
        Map<String, Object> map = (Map) JsonGoldens.map("a", 1L, "b", "x", "c", null);
        for (String fields : new String[] {"a", "b,a", "a,b,c", "a, b", "c", "missing", "a,missing", "a,a", "a.b"}) {
            apply(ValueToKey.class, config("fields", fields), sink(null, map), sink(FLAT, flat()));
        }
        apply(ValueToKey.class, config("fields", "a"), sink(null, null), sink(FLAT, null), sink(null, "text"), sink(Schema.STRING_SCHEMA, "text"), sink(Schema.STRING_SCHEMA, "old", null, map),
                sink(null, flat()), source(null, map, null, null), source(FLAT, flat(), 1, 5L), sink(FLAT, flat(), FLAT, flat()), sink(null, JsonGoldens.map()));
        for (String replace : new String[] {"true", "false"}) {
            apply(ValueToKey.class, config("fields", "b,c", "replace.null.with.default", replace), sink(FLAT, flatWithNulls()), sink(null, map));
        }
        Schema nested = SchemaBuilder.struct().field("in", FLAT).field("l", SchemaBuilder.array(Schema.INT32_SCHEMA).build()).build();
        apply(ValueToKey.class, config("fields", "l,in"), sink(nested, new Struct(nested).put("in", flat()).put("l", List.of(1, 2))));
        Map<String, Object> large = (Map) JsonGoldens.map("server", 1L, "topic", 2L, "filename", 3L, "partition", 4L, "k5", 5L, "k6", 6L, "k7", 7L);
        apply(ValueToKey.class, config("fields", "k7,k6,k5,partition,filename,topic,server"), sink(null, large));
        apply(ValueToKey.class, config("fields", ""), sink(null, map));
        apply(ValueToKey.class, config("fields", ","), sink(null, map));
        apply(ValueToKey.class, config(), sink(null, map));
    }

    private static SinkRecord onTopic(String topic) {
        return new SinkRecord(topic, 0, null, null, null, "v", 1L);
    }

    private void predicates() throws IOException {
        String[] topics = {"orders", "orders-1", "my-orders", "ORDERS", "", "a.b", "a\nb"};
        for (String pattern : new String[] {"orders", "orders.*", ".*orders", "(?i)orders", "o[a-z]+s", ".*", "a\\.b", "a.b", "orders|my-orders", "^orders$", "\\Qa.b\\E", "[^-]*", "\\w+(-\\d)?",
            "(?=orders).*", "(\\w)\\1*.*", "o++rders", "\\p{Lower}+", "(?s)a.b"}) {
            for (String topic : topics) {
                test(TopicNameMatches.class, config("pattern", pattern), onTopic(topic));
            }
        }
        test(TopicNameMatches.class, config("pattern", "orders"), onTopic(null));
        for (String pattern : new String[] {"(", "[", "*", "a{2", "", " "}) {
            test(TopicNameMatches.class, config("pattern", pattern), onTopic("orders"));
        }
        test(TopicNameMatches.class, config(), onTopic("orders"));
        SinkRecord nullHeader = onTopic("t");
        nullHeader.headers().add("empty", null, null);
        for (String name : new String[] {"h", "n", "H", "missing", "empty", "", " "}) {
            test(HasHeaderKey.class, config("name", name), sink(null, "v"), onTopic("t"), nullHeader);
        }
        test(HasHeaderKey.class, config(), onTopic("t"));
        test(RecordIsTombstone.class, config(), sink(null, null), sink(Schema.OPTIONAL_STRING_SCHEMA, null), sink(null, "v"), sink(Schema.STRING_SCHEMA, ""), sink(null, JsonGoldens.map()), sink(null, Arrays.asList()),
                sink(Schema.STRING_SCHEMA, "k", null, null), source(null, null, null, null));
    }
}
