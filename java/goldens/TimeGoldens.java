import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.TimestampConverter;
import org.apache.kafka.connect.transforms.TimestampRouter;
import org.apache.kafka.connect.transforms.Transformation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Cast, TimestampConverter and TimestampRouter, each with a fresh instance per case, in the locale en_US. */
@SuppressWarnings({"rawtypes", "unchecked"})
final class TimeGoldens {
    private static final long MOMENT = 1_600_000_000_123L;

    private final Golden golden;
    private int number;

    private TimeGoldens(Golden golden) {
        this.golden = golden;
    }

    static void write(Path folder) throws IOException {
        Locale usual = Locale.getDefault();
        Locale.setDefault(Locale.US);
        try (Golden golden = new Golden(folder, "transforms-values")) {
            TimeGoldens goldens = new TimeGoldens(golden);
            new CastCases(goldens).write();
            goldens.converterTypes();
            goldens.converterFields();
            goldens.converterRefusals();
            goldens.router();
            goldens.converterNulls();
        } finally {
            Locale.setDefault(usual);
        }
    }

    void apply(Class<?> type, Map<String, String> config, ConnectRecord<?>... records) throws IOException {
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

    static SinkRecord sink(Schema keySchema, Object key, Schema valueSchema, Object value) {
        SinkRecord record = new SinkRecord("orders", 3, keySchema, key, valueSchema, value, 42L, MOMENT, TimestampType.CREATE_TIME);
        record.headers().addString("h", "one");
        return record;
    }

    static SinkRecord sink(Schema valueSchema, Object value) {
        return sink(null, null, valueSchema, value);
    }

    static Map<String, String> config(String... pairs) {
        Map<String, String> config = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            config.put(pairs[i], pairs[i + 1]);
        }
        return config;
    }

    private static final Class<?> CONVERTER = TimestampConverter.Value.class;
    private static final String ISO = "yyyy-MM-dd HH:mm:ss.SSS";
    private static final Schema DATE = org.apache.kafka.connect.data.Date.SCHEMA;
    private static final Schema TIME = org.apache.kafka.connect.data.Time.SCHEMA;
    private static final Schema TIMESTAMP = org.apache.kafka.connect.data.Timestamp.SCHEMA;
    private static final String[] TYPES = {"string", "unix", "Date", "Time", "Timestamp"};

    private void converterTypes() throws IOException {
        Schema optionalDate = org.apache.kafka.connect.data.Date.builder().optional().build();
        for (String type : TYPES) {
            Map<String, String> config = config("target.type", type, "format", ISO);
            apply(CONVERTER, config, sink(null, new Date(MOMENT)), sink(null, MOMENT), sink(null, "2020-09-13 12:26:40.123"), sink(null, null),
                    sink(DATE, new Date(1_599_955_200_000L)), sink(TIME, new Date(44_800_123L)), sink(TIMESTAMP, new Date(MOMENT)), sink(TIMESTAMP, new Date(-1L)),
                    sink(Schema.INT64_SCHEMA, MOMENT), sink(Schema.STRING_SCHEMA, "2020-09-13 12:26:40.123"), sink(Schema.OPTIONAL_INT64_SCHEMA, null),
                    sink(optionalDate, null), sink(Schema.OPTIONAL_STRING_SCHEMA, null), sink(Schema.OPTIONAL_STRING_SCHEMA, "2020-02-31 25:61:61.000"),
                    sink(null, -62_167_219_200_001L), sink(null, new Date(-12_219_292_800_001L)));
        }
        long[] numbers = {0, 1, -1, 999, -999, 1000, -1001, 1_600_000_000L, 1_600_000_000_123_456L, Long.MAX_VALUE, Long.MIN_VALUE};
        for (String precision : new String[] {"seconds", "milliseconds", "microseconds", "nanoseconds"}) {
            for (long value : numbers) {
                apply(CONVERTER, config("target.type", "Timestamp", "unix.precision", precision), sink(null, value));
                apply(CONVERTER, config("target.type", "unix", "unix.precision", precision), sink(null, new Date(value)));
            }
            apply(CONVERTER, config("target.type", "unix", "unix.precision", precision), sink(Schema.INT64_SCHEMA, 1_600_000_000_123L), sink(null, 7_999_999L));
        }
        apply(CONVERTER, config("target.type", "Date"), sink(null, Long.MAX_VALUE), sink(null, Long.MIN_VALUE));
        apply(CONVERTER, config("target.type", "Time"), sink(null, Long.MAX_VALUE), sink(null, Long.MIN_VALUE));
    }

    private void converterFields() throws IOException {
        Schema row = SchemaBuilder.struct().name("row").version(2).doc("a doc").parameter("p", "q")
                .field("id", Schema.INT32_SCHEMA)
                .field("at", Schema.OPTIONAL_INT64_SCHEMA)
                .field("text", SchemaBuilder.string().optional().defaultValue("1970-01-02 00:00:00.000").build())
                .field("when", org.apache.kafka.connect.data.Timestamp.builder().doc("moment").defaultValue(new Date(5L)).build())
                .field("flag", SchemaBuilder.bool().optional().defaultValue(true).build()).build();
        Struct full = new Struct(row).put("id", 1).put("at", MOMENT).put("text", "2020-09-13 12:26:40.123").put("when", new Date(MOMENT)).put("flag", false);
        Struct sparse = new Struct(row).put("id", 2);
        for (String type : TYPES) {
            for (String field : new String[] {"at", "text", "when", "id", "missing"}) {
                apply(CONVERTER, config("target.type", type, "format", ISO, "field", field), sink(row, full), sink(row, sparse));
            }
            apply(CONVERTER, config("target.type", type, "format", ISO, "field", "text", "replace.null.with.default", "false"), sink(row, sparse));
        }
        apply(CONVERTER, config("target.type", "unix", "field", "at", "replace.null.with.default", "false"), sink(row, sparse), sink(row, full));
        apply(CONVERTER, config("target.type", "unix", "field", "at"), sink(row, null), sink(null, null), sink(Schema.INT64_SCHEMA, 1L), sink(Schema.OPTIONAL_INT64_SCHEMA, null),
                sink(null, 1L), sink(null, "text"), sink(null, full));
        Map<String, Object> map = (Map) JsonGoldens.map("a", MOMENT, "b", "2020-09-13 12:26:40.123", "c", null, "d", new Date(MOMENT), "e", 5);
        for (String field : new String[] {"a", "b", "c", "d", "e", "missing"}) {
            for (String type : new String[] {"string", "Date", "unix"}) {
                apply(CONVERTER, config("target.type", type, "format", ISO, "field", field), sink(null, map));
            }
        }
        Schema optional = SchemaBuilder.struct().optional().field("at", Schema.INT64_SCHEMA).build();
        apply(CONVERTER, config("target.type", "Timestamp", "field", "at"), sink(optional, new Struct(optional).put("at", 7L)), sink(optional, null), sink(optional, new Struct(optional)));
        SchemaBuilder defaulted = SchemaBuilder.struct().field("at", Schema.INT64_SCHEMA).field("b", Schema.OPTIONAL_STRING_SCHEMA);
        defaulted.defaultValue(new Struct(defaulted).put("at", 9L));
        Schema built = defaulted.build();
        apply(CONVERTER, config("target.type", "Timestamp", "field", "at"), sink(built, new Struct(built).put("at", 7L)));
        Class<?> key = TimestampConverter.Key.class;
        apply(key, config("target.type", "Timestamp"), sink(Schema.INT64_SCHEMA, 7L, null, "v"), sink(null, 7L, Schema.STRING_SCHEMA, "v"), sink(null, null, null, "v"));
    }

    private void converterRefusals() throws IOException {
        Map<String, String> toTimestamp = config("target.type", "Timestamp", "format", ISO);
        apply(CONVERTER, toTimestamp, sink(null, 5), sink(null, 5.0), sink(null, true), sink(null, new ArrayList<>(List.of(1L))), sink(null, JsonGoldens.map("a", 1L)),
                sink(null, ""), sink(null, "nonsense"), sink(null, "2020-09-13"), sink(null, "2020-09-13 12:26:40.123 and more"),
                sink(Schema.INT32_SCHEMA, 5), sink(Schema.FLOAT64_SCHEMA, 5.0), sink(Schema.BYTES_SCHEMA, new byte[] {1}), sink(Schema.OPTIONAL_INT32_SCHEMA, null),
                sink(SchemaBuilder.struct().name("s").build(), new Struct(SchemaBuilder.struct().name("s").build())),
                sink(SchemaBuilder.int64().name("own").build(), 5L), sink(SchemaBuilder.int32().name("own").build(), 5),
                sink(Schema.INT64_SCHEMA, "text"), sink(Schema.STRING_SCHEMA, 5L), sink(TIMESTAMP, 5L), sink(DATE, 5), sink(TIME, 5));
        apply(CONVERTER, config("target.type", "Timestamp"), sink(null, "2020"), sink(Schema.STRING_SCHEMA, "2020"), sink(Schema.OPTIONAL_STRING_SCHEMA, null));
        for (String type : new String[] {"", "date", "STRING", "nope", " unix"}) {
            apply(CONVERTER, config("target.type", type, "format", ISO), sink(null, 5L));
        }
        for (String format : new String[] {"", " ", "bogus", "yyyy-MM-dd'T", "XXXX", "yyyy-MM-dd'T'HH:mm:ssX", "''", "'only text'", "yyyy''MM", "b", "I", "é", "yyyy é MM"}) {
            apply(CONVERTER, config("target.type", "string", "format", format), sink(null, MOMENT));
            apply(CONVERTER, config("target.type", "unix", "format", format), sink(null, MOMENT));
        }
        apply(CONVERTER, config(), sink(null, 5L));
        apply(CONVERTER, config("target.type", "string"), sink(null, 5L));
        apply(CONVERTER, config("target.type", "unix", "unix.precision", "minutes"), sink(null, 5L));
        apply(CONVERTER, config("target.type", "unix", "unix.precision", ""), sink(null, 5L));
        apply(CONVERTER, config("target.type", "unix", "replace.null.with.default", "x"), sink(null, 5L));
        apply(CONVERTER, config("target.type", "unix", "unknown", "x"), sink(null, 5L));
        Map<String, String> nulls = config("target.type", "unix");
        nulls.put("format", null);
        nulls.put("field", null);
        apply(CONVERTER, nulls, sink(null, 5L));
    }

    private static SinkRecord on(String topic, Long timestamp) {
        return new SinkRecord(topic, 3, Schema.STRING_SCHEMA, "k", null, JsonGoldens.map("a", 1L), 42L, timestamp,
                timestamp == null ? TimestampType.NO_TIMESTAMP_TYPE : TimestampType.CREATE_TIME);
    }

    /** Nulls where the schema has a default, with and without it, in the field that is converted and beside it. */
    private void converterNulls() throws IOException {
        Schema row = SchemaBuilder.struct()
                .field("text", SchemaBuilder.string().optional().defaultValue("1970-01-02 00:00:00.000").build())
                .field("at", SchemaBuilder.int64().optional().defaultValue(86_400_000L).build())
                .field("flag", SchemaBuilder.bool().optional().defaultValue(true).build()).build();
        for (String replace : new String[] {"true", "false"}) {
            for (String type : TYPES) {
                apply(CONVERTER, config("target.type", type, "format", ISO, "field", "text", "replace.null.with.default", replace), sink(row, new Struct(row)));
                apply(CONVERTER, config("target.type", type, "format", ISO, "field", "at", "replace.null.with.default", replace), sink(row, new Struct(row)));
            }
        }
    }

    private void router() throws IOException {
        Class<?> type = TimestampRouter.class;
        SourceRecord source = new SourceRecord(Map.of("p", 1L), Map.of("o", 2L), "orders", 2, null, null, Schema.STRING_SCHEMA, "v", MOMENT);
        SourceRecord unstamped = new SourceRecord(Map.of("p", 1L), Map.of("o", 2L), "orders", null, null, null, Schema.STRING_SCHEMA, "v", null);
        apply(type, config(), on("orders", MOMENT), on("orders", 0L), on("orders", -1L), on("", MOMENT), on("a$1\\b", MOMENT), source);
        apply(type, config(), on("orders", null), unstamped);
        SinkRecord headers = on("orders", null);
        headers.headers().addString("h", "one").addInt("n", 2).add("none", null, null);
        Schema row = SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA).field("b", Schema.OPTIONAL_STRING_SCHEMA).build();
        apply(type, config(), headers, new SinkRecord("t", 0, row, new Struct(row).put("a", 1), SchemaBuilder.string().name("n").build(), "v", 1L));
        for (String topic : new String[] {"", "${topic}", "${timestamp}", "${topic}${topic}-${timestamp}${timestamp}", "plain", "$topic", "${Topic}", "$${topic}}", "${timestamp}-${topic}", "\\${topic}", "$1 ${topic}"}) {
            apply(type, config("topic.format", topic), on("orders", MOMENT), on("x${timestamp}y", MOMENT));
        }
        for (String format : new String[] {"yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss.SSSX", "'$1\\'yyyy", "", "YYYY-'W'ww-u", "EEE, d MMM yyyy HH:mm:ss z", "bogus", "yyyy'", "XXXX", "b"}) {
            apply(type, config("timestamp.format", format), on("orders", MOMENT), on("orders", null));
        }
        apply(type, config("unknown", "x"), on("orders", MOMENT));
        Map<String, String> nulls = config();
        nulls.put("topic.format", null);
        apply(type, nulls, on("orders", MOMENT));
    }
}
