import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;

/** Bytes through a converter, several transforms with predicates, and the converter again; all of it drawn from seeds. */
@SuppressWarnings({"rawtypes", "unchecked"})
final class ChainGoldens {
    private static final int CASES = Integer.getInteger("chains", 150);
    /**
     * MaskField puts names that a small map lacks into one bucket, so that the order in which they come shows; of the last one a source's
     * records are to get an offset, which is left out again.
     */
    private static final int[] NOTABLE = {2107, 2399, 10_488};
    /** From here on chains are made of what can be done to a struct without looking at its values. */
    private static final int STEADY = 10_000;
    private static final int STEADY_CASES = Integer.getInteger("steady", 60);
    private static final int RECORDS = 6;
    private static final String[] FIELDS = {"a", "b", "id", "\u00e9", "x.y", "A"};
    private static final String[] TOPICS = {"orders", "orders-eu", "t"};
    private static final String PACKAGE = "org.apache.kafka.connect.transforms.";

    private static final Pattern MANY_DIGITS = Pattern.compile("\\d\\.\\d{16}");

    private final Random random;
    private final RandomGoldens values;
    private final Map<String, String> config = new LinkedHashMap<>();

    private final boolean steady;

    private ChainGoldens(long seed) {
        steady = seed >= STEADY;
        random = new Random(seed);
        values = new RandomGoldens(seed + 1_000_000);
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "chains")) {
            for (int seed = 0; seed < CASES; seed++) {
                new ChainGoldens(seed).one(golden, seed);
            }
            for (int number = 0; number < STEADY_CASES; number++) {
                int seed = STEADY + 4 * number;
                new ChainGoldens(seed).one(golden, seed);
            }
            for (int seed : NOTABLE) {
                new ChainGoldens(seed).one(golden, seed);
            }
        }
    }

    private void one(Golden golden, int seed) throws IOException {
        boolean schemas = seed % 4 != 3;
        Map<String, String> converters = new LinkedHashMap<>();
        converters.put("schemas.enable", String.valueOf(schemas));
        converters.put("decimal.format", random.nextBoolean() ? "NUMERIC" : "BASE64");
        converters.put("replace.null.with.default", String.valueOf(random.nextInt(3) > 0));
        JsonConverter keys = converter(converters, true);
        JsonConverter payloads = converter(converters, false);
        ObjectNode input = Golden.object();
        input.set("converter", Golden.config(converters));
        chain(schemas);
        input.set("config", Golden.config(config));
        Schema[] shapes = {struct(), struct(), drawn()};
        Schema keyShape = random.nextInt(4) > 0 ? struct() : Schema.OPTIONAL_STRING_SCHEMA;
        ArrayNode list = input.putArray("records");
        List<ConnectRecord> records = new ArrayList<>();
        boolean sink = random.nextInt(3) > 0;
        for (int row = 0; row < RECORDS; row++) {
            Schema shape = shapes[random.nextInt(20) == 0 ? 2 : random.nextInt(2)];
            boolean tombstone = random.nextInt(12) == 0;
            byte[] key = random.nextInt(6) == 0 ? null : bytes(keys, keyShape);
            byte[] value = tombstone ? null : bytes(payloads, shape);
            records.add(record(list.addObject(), sink, row, keys.toConnectData("t", key), payloads.toConnectData("t", value), key, value));
        }
        golden.add("seed " + seed, input, () -> run(records, keys, payloads));
    }

    /** A value that can be written and read again; null where the schema allows none that was drawn. */
    private byte[] bytes(JsonConverter converter, Schema schema) {
        for (int attempt = 0; attempt < 20; attempt++) {
            try {
                byte[] bytes = converter.fromConnectData("t", schema, values.value(schema));
                SchemaAndValue read = converter.toConnectData("t", bytes);
                String again = text(converter.fromConnectData("t", read.schema(), read.value()));
                // Before JDK 19 Java prints some numbers with more digits than others do.
                if (again == null || !MANY_DIGITS.matcher(again).find()) {
                    return bytes;
                }
            } catch (DataException refused) {
                // Drawn anew.
            }
        }
        return null;
    }

    private static JsonConverter converter(Map<String, String> config, boolean key) {
        JsonConverter converter = new JsonConverter();
        converter.configure(config, key);
        return converter;
    }

    private ConnectRecord record(ObjectNode node, boolean sink, int row, SchemaAndValue key, SchemaAndValue value, byte[] keyBytes, byte[] valueBytes) {
        String topic = TOPICS[random.nextInt(3)];
        Integer partition = sink ? (Integer) random.nextInt(4) : random.nextBoolean() ? null : (Integer) 2;
        Long[] times = {null, 0L, -1L, 1_600_000_000_123L, 1_600_000_000_123L, 86_399_999L};
        Long timestamp = times[random.nextInt(times.length)];
        node.put("kind", sink ? "sink" : "source");
        node.put("topic", topic);
        node.put("partition", partition);
        node.put("timestamp", timestamp);
        node.put("key", keyBytes == null ? null : new String(keyBytes, StandardCharsets.UTF_8));
        node.put("value", valueBytes == null ? null : new String(valueBytes, StandardCharsets.UTF_8));
        ConnectRecord record;
        if (sink) {
            node.put("offset", 100L + row);
            record = new SinkRecord(topic, partition, key.schema(), key.value(), value.schema(), value.value(), 100L + row, timestamp, TimestampType.CREATE_TIME);
        } else {
            record = new SourceRecord(Map.of("p", 1L), Map.of("o", 2L), topic, partition, key.schema(), key.value(), value.schema(), value.value(), timestamp);
        }
        ArrayNode headers = node.putArray("headers");
        for (int count = random.nextInt(3); count > 0; count--) {
            String name = values.pick(new String[] {"h", "n", "h"});
            String text = random.nextInt(4) == 0 ? null : "v" + count;
            record.headers().add(name, text, Schema.OPTIONAL_STRING_SCHEMA);
            headers.addArray().add(name).add(text);
        }
        return record;
    }

    private Schema struct() {
        SchemaBuilder builder = SchemaBuilder.struct();
        if (random.nextInt(3) == 0) {
            builder.optional();
        }
        if (random.nextInt(3) == 0) {
            builder.name("shape").version(random.nextInt(3)).doc("doc");
        }
        for (String field : FIELDS) {
            if (random.nextInt(4) > 0) {
                builder.field(field, random.nextInt(3) == 0 ? simple() : drawn());
            }
        }
        return builder.build();
    }

    /** Any schema; a default of it may turn out to be none. */
    private Schema drawn() {
        for (int attempt = 0; attempt < 20; attempt++) {
            try {
                return values.schema(2);
            } catch (DataException refused) {
                // Drawn anew.
            }
        }
        return Schema.STRING_SCHEMA;
    }

    private Schema simple() {
        SchemaBuilder builder = random.nextBoolean() ? SchemaBuilder.string() : SchemaBuilder.int64();
        if (random.nextInt(3) == 0) {
            return builder.optional().defaultValue(builder.type() == Schema.Type.STRING ? (Object) "12" : 7L).build();
        }
        return random.nextBoolean() ? builder.optional().build() : builder.build();
    }

    private String field() {
        return values.pick(FIELDS);
    }

    private String fields() {
        return random.nextBoolean() ? field() : field() + "," + field();
    }

    private String side() {
        return random.nextInt(8) == 0 ? "$Key" : "$Value";
    }

    private String mark() {
        return values.pick(new String[] {"", "!", "?", "", "?"});
    }

    private void chain(boolean schemas) {
        int links = steady ? 2 + random.nextInt(5) : 1 + random.nextInt(5);
        StringBuilder aliases = new StringBuilder();
        for (int link = 0; link < links; link++) {
            aliases.append(link == 0 ? "" : ",").append("t").append(link);
            link("transforms.t" + link + ".", schemas);
        }
        config.put("transforms", aliases.toString());
        config.put("predicates", "topic,header,tombstone");
        config.put("predicates.topic.type", PACKAGE + "predicates.TopicNameMatches");
        config.put("predicates.topic.pattern", "orders.*");
        config.put("predicates.header.type", PACKAGE + "predicates.HasHeaderKey");
        config.put("predicates.header.name", "h");
        config.put("predicates.tombstone.type", PACKAGE + "predicates.RecordIsTombstone");
    }

    private void link(String prefix, boolean schemas) {
        if (steady) {
            steadyKind(prefix);
        } else {
            kind(prefix, random.nextInt(schemas ? 24 : 20));
        }
        if (random.nextInt(steady ? 12 : 4) == 0) {
            config.put(prefix + "predicate", values.pick(new String[] {"topic", "header", "tombstone"}));
            config.put(prefix + "negate", String.valueOf(random.nextBoolean()));
        }
        if (random.nextInt(4) == 0 && !config.get(prefix + "type").contains("Router")) {
            config.put(prefix + "replace.null.with.default", String.valueOf(random.nextBoolean()));
        }
    }

    private void set(String prefix, String type, String... pairs) {
        config.put(prefix + "type", PACKAGE + type);
        for (int i = 0; i < pairs.length; i += 2) {
            config.put(prefix + pairs[i], pairs[i + 1]);
        }
    }

    private void kind(String prefix, int number) {
        switch (number) {
            case 0, 1, 2, 3 -> insert(prefix);
            case 4, 5 -> set(prefix, "ReplaceField" + side(), "exclude", fields(), "renames", field() + ":" + values.pick(new String[] {"z", "y", "z", "b"}));
            case 6 -> set(prefix, "ReplaceField" + side(), "include", fields() + ",id,b");
            case 7 -> set(prefix, "ReplaceField" + side(), "renames", "a:b,b:a");
            case 8, 9 -> set(prefix, "MaskField" + side(), "fields", fields());
            case 10 -> set(prefix, "MaskField" + side(), "fields", field(), "replacement", values.pick(new String[] {"1", "x", "-7"}));
            case 20, 21, 22 -> set(prefix, "SetSchemaMetadata" + side(), "schema.name", "named", "schema.version", String.valueOf(random.nextInt(9)));
            case 23 -> set(prefix, "SetSchemaMetadata" + side(), "schema.version", "3");
            case 14 -> set(prefix, "Cast" + side(), "spec", field() + ":" + values.pick(new String[] {"string", "int64", "float64", "boolean", "int8"}));
            case 15 -> set(prefix, "Flatten" + side(), "delimiter", values.pick(new String[] {".", "_"}));
            case 16 -> set(prefix, "HoistField" + side(), "field", field());
            case 17 -> set(prefix, "ExtractField" + side(), "field", field());
            case 18 -> set(prefix, "ValueToKey", "fields", fields());
            case 19 -> set(prefix, "HeaderFrom" + side(), "fields", field(), "headers", "h", "operation", values.pick(new String[] {"copy", "move"}));
            case 11 -> set(prefix, "InsertHeader", "header", "h", "value.literal", values.pick(new String[] {"12", "text", "[1,2]", "2024-01-01"}));
            case 12 -> set(prefix, "TimestampConverter" + side(), "field", field(), "target.type", values.pick(new String[] {"string", "unix", "Timestamp", "Date", "Time"}), "format", "yyyy-MM-dd HH:mm:ss.SSS");
            case 13 -> set(prefix, "RegexRouter", "regex", "orders(.*)", "replacement", "o$1");
            default -> {
                if (random.nextBoolean()) {
                    set(prefix, "DropHeaders", "headers", "n");
                } else {
                    set(prefix, "Filter");
                    config.put(prefix + "predicate", "tombstone");
                }
            }
        }
    }

    private void steadyKind(String prefix) {
        switch (random.nextInt(14)) {
            case 0, 1, 2, 3, 4 -> insert(prefix);
            case 5, 6 -> set(prefix, "ReplaceField" + side(), "exclude", field(), "renames", field() + ":" + values.pick(new String[] {"z", "y", "q"}));
            case 7 -> set(prefix, "ReplaceField" + side(), "include", fields() + ",id,b,z,topic,fixed");
            case 8 -> set(prefix, "ReplaceField" + side(), "exclude", "topic,part,ts,off");
            case 9 -> set(prefix, "ReplaceField" + side(), "renames", "a:b,b:a,topic:t");
            case 10 -> set(prefix, "MaskField" + side(), "fields", values.pick(new String[] {"topic,id", "part,ts", "fixed,s"}));
            case 11 -> set(prefix, "MaskField" + side(), "fields", values.pick(new String[] {"topic", "part", "fixed"}), "replacement", values.pick(new String[] {"1", "x", "-7"}));
            default -> set(prefix, "SetSchemaMetadata" + side(), "schema.name", "named", "schema.version", String.valueOf(random.nextInt(9)));
        }
    }

    private void insert(String prefix) {
        set(prefix, "InsertField" + side());
        if (random.nextBoolean()) {
            config.put(prefix + "topic.field", "topic" + mark());
        }
        if (random.nextInt(3) == 0) {
            config.put(prefix + "partition.field", "part" + mark());
        }
        if (random.nextInt(3) == 0) {
            config.put(prefix + "timestamp.field", "ts" + mark());
        }
        if (random.nextInt(5) == 0) {
            config.put(prefix + "offset.field", "off" + mark());
        }
        if (random.nextBoolean() || config.keySet().stream().noneMatch(key -> key.startsWith(prefix) && key.endsWith(".field"))) {
            config.put(prefix + "static.field", values.pick(new String[] {"fixed", "s", "topic", "a"}) + mark());
            config.put(prefix + "static.value", "s");
        }
    }

    private ArrayNode run(List<ConnectRecord> records, JsonConverter keys, JsonConverter payloads) throws Exception {
        Map<String, Predicate> predicates = new LinkedHashMap<>();
        for (String name : config.get("predicates").split(",")) {
            Predicate predicate = (Predicate) made("predicates." + name + ".");
            predicate.configure(own("predicates." + name + "."));
            predicates.put(name, predicate);
        }
        Map<String, Transformation> transforms = new LinkedHashMap<>();
        for (String alias : config.get("transforms").split(",")) {
            Transformation transform = (Transformation) made("transforms." + alias + ".");
            transform.configure(own("transforms." + alias + "."));
            transforms.put(alias, transform);
        }
        ArrayNode outcomes = Golden.NODES.arrayNode();
        for (ConnectRecord record : records) {
            ObjectNode outcome = outcomes.addObject();
            try {
                ConnectRecord current = record;
                for (Map.Entry<String, Transformation> link : transforms.entrySet()) {
                    current = applies(link.getKey(), predicates, current) ? link.getValue().apply(current) : current;
                    if (current == null) {
                        break;
                    }
                }
                if (current != null) {
                    told(outcome, current, keys, payloads);
                }
            } catch (Exception thrown) {
                outcome.removeAll();
                outcome.put("class", thrown.getClass().getName());
                outcome.put("message", thrown.getMessage());
            }
        }
        return outcomes;
    }

    private boolean applies(String alias, Map<String, Predicate> predicates, ConnectRecord record) {
        String name = config.get("transforms." + alias + ".predicate");
        boolean negate = Boolean.parseBoolean(config.get("transforms." + alias + ".negate"));
        return name == null || predicates.get(name).test(record) != negate;
    }

    private Object made(String prefix) throws Exception {
        return Class.forName(config.get(prefix + "type")).getDeclaredConstructor().newInstance();
    }

    private Map<String, String> own(String prefix) {
        Map<String, String> own = new LinkedHashMap<>();
        config.forEach((key, value) -> {
            if (key.startsWith(prefix)) {
                own.put(key.substring(prefix.length()), value);
            }
        });
        return own;
    }

    private static void told(ObjectNode node, ConnectRecord<?> record, JsonConverter keys, JsonConverter payloads) {
        node.put("topic", record.topic());
        node.put("partition", record.kafkaPartition());
        node.put("timestamp", record.timestamp());
        node.put("key", text(keys.fromConnectData(record.topic(), record.keySchema(), record.key())));
        node.put("value", text(payloads.fromConnectData(record.topic(), record.valueSchema(), record.value())));
        ArrayNode headers = node.putArray("headers");
        for (Header header : record.headers()) {
            headers.addArray().add(header.key()).add(text(payloads.fromConnectHeader(record.topic(), header.key(), header.schema(), header.value())));
        }
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }
}
