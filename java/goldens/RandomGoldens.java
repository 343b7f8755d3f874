import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.connect.data.Date;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Time;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.json.JsonConverter;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** JsonConverter with schemas and values drawn from seeds: what it writes, and what it reads of that again. */
final class RandomGoldens {
    private static final int CASES = 400;
    private static final long DAY = 86_400_000L;
    private static final String[] NAMES = {"a", "b", "id", "name with blank", "\u00e9", "\u65e5\u672c", "quote\"d", "back\\slash", "x.y", "A", "field", "type", "payload"};
    private static final String[] TEXTS = {"", "x", "text", "\u00e9\ud83d\ude00", "line\nbreak\t\u0001", "\"\\/", "123", "null", "\u2028\u007f"};

    final Random random;

    RandomGoldens(long seed) {
        random = new Random(seed);
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "json-random")) {
            for (int seed = 0; seed < CASES; seed++) {
                new RandomGoldens(seed).one(golden, seed);
            }
        }
    }

    private void one(Golden golden, int seed) throws IOException {
        Map<String, String> config = new LinkedHashMap<>();
        config.put("schemas.enable", String.valueOf(seed % 4 != 3));
        config.put("decimal.format", random.nextBoolean() ? "NUMERIC" : "BASE64");
        config.put("replace.null.with.default", String.valueOf(random.nextInt(3) > 0));
        Schema schema = schema(3);
        Object value = value(schema);
        ObjectNode input = Golden.object();
        input.set("config", Golden.config(config));
        Typed.put(input, schema, value);
        golden.add("seed " + seed, input, () -> {
            try (JsonConverter converter = new JsonConverter()) {
                converter.configure(config, false);
                byte[] bytes = converter.fromConnectData("topic", schema, value);
                ObjectNode output = Golden.bytes(bytes);
                output.set("read", Typed.of(converter.toConnectData("topic", bytes)));
                return output;
            }
        });
    }

    <T> T pick(T[] choices) {
        return choices[random.nextInt(choices.length)];
    }

    Schema schema(int depth) {
        SchemaBuilder builder = builder(depth);
        if (random.nextInt(3) == 0) {
            builder.optional();
        }
        if (random.nextInt(5) == 0 && builder.name() == null) {
            builder.name(pick(NAMES)).version(random.nextInt(5));
        }
        if (random.nextInt(6) == 0) {
            builder.doc(pick(TEXTS));
        }
        if (random.nextInt(6) == 0) {
            builder.parameter("p" + random.nextInt(3), pick(TEXTS));
        }
        if (random.nextInt(5) == 0 && builder.type() != Schema.Type.STRUCT) {
            builder.defaultValue(whole(builder.build()));
        }
        return builder.build();
    }

    private SchemaBuilder builder(int depth) {
        switch (random.nextInt(depth > 0 ? 17 : 13)) {
            case 0: return SchemaBuilder.int8();
            case 1: return SchemaBuilder.int16();
            case 2: return SchemaBuilder.int32();
            case 3: return SchemaBuilder.int64();
            case 4: return SchemaBuilder.float32();
            case 5: return SchemaBuilder.float64();
            case 6: return SchemaBuilder.bool();
            case 7: return SchemaBuilder.string();
            case 8: return SchemaBuilder.bytes();
            case 9: return Decimal.builder(random.nextInt(12) - 3);
            case 10: return Date.builder();
            case 11: return Time.builder();
            case 12: return Timestamp.builder();
            case 13: return SchemaBuilder.array(schema(depth - 1));
            case 14: return SchemaBuilder.map(random.nextBoolean() ? Schema.STRING_SCHEMA : Schema.INT32_SCHEMA, schema(depth - 1));
            default:
                SchemaBuilder struct = SchemaBuilder.struct();
                for (int fields = random.nextInt(5); fields > 0; fields--) {
                    String name = pick(NAMES);
                    if (struct.field(name) == null) {
                        struct.field(name, schema(depth - 1));
                    }
                }
                return struct;
        }
    }

    Object value(Schema schema) {
        boolean may = schema.isOptional() || schema.defaultValue() != null;
        return may && random.nextInt(3) == 0 ? null : whole(schema);
    }

    Object whole(Schema schema) {
        if (Decimal.LOGICAL_NAME.equals(schema.name())) {
            return new BigDecimal(new BigInteger(random.nextInt(90), random).subtract(BigInteger.valueOf(1000)), Integer.parseInt(schema.parameters().get("scale")));
        }
        if (Date.LOGICAL_NAME.equals(schema.name())) {
            return new java.util.Date((random.nextInt(200_000) - 100_000) * DAY);
        }
        if (Time.LOGICAL_NAME.equals(schema.name())) {
            return new java.util.Date(random.nextInt((int) DAY));
        }
        if (Timestamp.LOGICAL_NAME.equals(schema.name())) {
            return new java.util.Date(random.nextLong() >> random.nextInt(60));
        }
        switch (schema.type()) {
            case INT8: return (byte) random.nextInt();
            case INT16: return (short) random.nextInt();
            case INT32: return random.nextInt() >> random.nextInt(32);
            case INT64: return random.nextLong() >> random.nextInt(64);
            case FLOAT32: return random.nextInt(2000) / 8f;
            case FLOAT64: return random.nextInt(9) == 0 ? Double.NaN : random.nextInt(1_000_000) / 64.0;
            case BOOLEAN: return random.nextBoolean();
            case STRING: return pick(TEXTS);
            case BYTES:
                byte[] bytes = new byte[random.nextInt(9)];
                random.nextBytes(bytes);
                return bytes;
            case ARRAY:
                List<Object> list = new ArrayList<>();
                for (int items = random.nextInt(4); items > 0; items--) {
                    list.add(value(schema.valueSchema()));
                }
                return list;
            case MAP:
                Map<Object, Object> map = new HashMap<>();
                for (int items = random.nextInt(4); items > 0; items--) {
                    map.put(schema.keySchema().type() == Schema.Type.STRING ? pick(NAMES) : (Object) random.nextInt(100), value(schema.valueSchema()));
                }
                return map;
            default:
                Struct struct = new Struct(schema);
                for (Field field : schema.fields()) {
                    Object inner = value(field.schema());
                    if (inner != null || field.schema().isOptional()) {
                        struct.put(field, inner);
                    }
                }
                return struct;
        }
    }
}
