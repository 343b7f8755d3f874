import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.connect.data.Date;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Time;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.data.Values;
import org.apache.kafka.connect.json.JsonConverter;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JsonConverter, both directions. */
final class JsonGoldens {
    private static final Map<String, String> ENVELOPE = Map.of("schemas.enable", "true");
    private static final Map<String, String> PLAIN = Map.of("schemas.enable", "false");

    private final Golden golden;

    private JsonGoldens(Golden golden) {
        this.golden = golden;
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "json-converter-write")) {
            JsonGoldens goldens = new JsonGoldens(golden);
            goldens.primitives();
            goldens.logical();
            goldens.containers();
            goldens.structs();
            goldens.nulls();
            goldens.schemaless();
            goldens.writeErrors();
        }
        try (Golden golden = new Golden(folder, "json-converter-read")) {
            new JsonReadCases(golden).all();
        }
    }

    private void both(String name, Schema schema, Object value) throws IOException {
        one(name + "/envelope", ENVELOPE, schema, value);
        one(name + "/plain", PLAIN, schema, value);
    }

    private void one(String name, Map<String, String> config, Schema schema, Object value) throws IOException {
        ObjectNode input = Golden.object();
        input.set("config", Golden.config(config));
        Typed.put(input, schema, value);
        golden.add(name, input, () -> {
            try (JsonConverter converter = new JsonConverter()) {
                converter.configure(config, false);
                return Golden.bytes(converter.fromConnectData("topic", schema, value));
            }
        });
    }

    private void primitives() throws IOException {
        for (byte v : new byte[] {0, 1, -1, Byte.MIN_VALUE, Byte.MAX_VALUE}) {
            both("int8 " + v, Schema.INT8_SCHEMA, v);
        }
        for (short v : new short[] {0, Short.MIN_VALUE, Short.MAX_VALUE}) {
            both("int16 " + v, Schema.INT16_SCHEMA, v);
        }
        for (int v : new int[] {0, -7, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            both("int32 " + v, Schema.INT32_SCHEMA, v);
        }
        for (long v : new long[] {0, 9007199254740993L, Long.MIN_VALUE, Long.MAX_VALUE}) {
            both("int64 " + v, Schema.INT64_SCHEMA, v);
        }
        both("boolean true", Schema.BOOLEAN_SCHEMA, true);
        both("boolean false", Schema.OPTIONAL_BOOLEAN_SCHEMA, false);
        int n = 0;
        for (float v : FLOATS) {
            both("float32 #" + n++ + " " + v, Schema.FLOAT32_SCHEMA, v);
        }
        n = 0;
        for (double v : DOUBLES) {
            both("float64 #" + n++ + " " + v, Schema.FLOAT64_SCHEMA, v);
        }
        n = 0;
        for (String v : STRINGS) {
            both("string #" + n++, Schema.STRING_SCHEMA, v);
        }
        both("bytes empty", Schema.BYTES_SCHEMA, new byte[0]);
        both("bytes array", Schema.BYTES_SCHEMA, new byte[] {0, 1, 2, -1, -128, 127});
        both("bytes buffer", Schema.OPTIONAL_BYTES_SCHEMA, ByteBuffer.wrap(new byte[] {9, 8, 7}));
    }

    static final float[] FLOATS = {
        0f, -0f, 1f, -1f, 1.5f, 0.1f, 0.3f, 3.4028235e38f, 1.4e-45f, 1.17549435e-38f, 1e7f, 9999999f, 1e-3f, 9.999e-4f, 123456.79f, 1.0e10f,
        2.0e-3f, 33554432f, 16777216f, 3.3554432e7f, 8.41e21f, 2.0e-44f, 1.1e-44f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};

    static final double[] DOUBLES = {
        0d, -0d, 1d, -1d, 0.1, 0.2, 0.30000000000000004, 1.5, 100d, 1e21, 1e-7, 1.0E7, 9999999d, 9999999.999, 0.001, 9.99E-4, 123456789d, 1.23456789E8,
        4.9e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 2.0e-3, 1e23, 2e23, 9007199254740993d, 5e-324, 8.41E21, 2.98023223876953125E-8,
        1.1, 3.141592653589793, 12345.678, 1e15, 1e16, 1e17, 123456789012345680d, 4.35, 0.7, 1.0E-5, 2.2E-322, Double.NaN, Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY};

    static final String[] STRINGS = {
        "", " ", "plain", "quote\" back\\slash / slash", "tab\t nl\n cr\r bs\b ff\f", "\u0000\u0001\u001f\u007f\u0080", "\u00e4\u00f6\u00fc\u00df \u010de\u0161tina",
        "\u65e5\u672c\u8a9e", "\ud83d\ude00 smile", "\u2028\u2029", "<script>&'</script>", "\ufeffbom", "\uffff", "null", "{\"a\":1}"};

    private void logical() throws IOException {
        for (String text : new String[] {"0.00", "1.10", "-1.10", "123456789012345678901234567890.12", "-0.01", "1.27", "1.28", "-1.28", "-1.29", "327.68"}) {
            BigDecimal v = new BigDecimal(text);
            both("decimal " + text, Decimal.schema(2), v);
            for (String format : new String[] {"NUMERIC", "numeric", "BASE64", "base64"}) {
                one("decimal " + text + " " + format, Map.of("schemas.enable", "true", "decimal.format", format), Decimal.schema(2), v);
            }
        }
        BigDecimal[] scaled = {new BigDecimal("1E+3"), new BigDecimal("12"), new BigDecimal("1E-10"), new BigDecimal(BigInteger.ONE, 30), new BigDecimal(BigInteger.TEN, -5)};
        for (BigDecimal v : scaled) {
            one("decimal scale " + v.scale() + " numeric", Map.of("schemas.enable", "false", "decimal.format", "NUMERIC"), Decimal.schema(v.scale()), v);
            one("decimal scale " + v.scale() + " base64", PLAIN, Decimal.schema(v.scale()), v);
        }
        one("decimal with another scale", ENVELOPE, Decimal.schema(2), new BigDecimal("1.1"));
        one("decimal default", ENVELOPE, Decimal.builder(2).optional().defaultValue(new BigDecimal("3.14")).build(), new BigDecimal("2.00"));
        one("decimal default numeric", Map.of("schemas.enable", "true", "decimal.format", "NUMERIC"),
                Decimal.builder(2).optional().defaultValue(new BigDecimal("3.14")).build(), new BigDecimal("2.00"));
        one("decimal format unknown", Map.of("schemas.enable", "true", "decimal.format", "HEX"), Decimal.schema(2), new BigDecimal("2.00"));
        long day = 86_400_000L;
        for (long v : new long[] {0, day, -day, 18_000 * day, day * Integer.MAX_VALUE}) {
            both("date " + v, Date.SCHEMA, new java.util.Date(v));
        }
        for (long v : new long[] {0, 1, day - 1, day}) {
            both("time " + v, Time.SCHEMA, new java.util.Date(v));
        }
        for (long v : new long[] {0, 1, -1, 1_600_000_000_123L, -62_135_596_800_000L, Long.MAX_VALUE}) {
            both("timestamp " + v, Timestamp.SCHEMA, new java.util.Date(v));
        }
        one("date with time of day", ENVELOPE, Date.SCHEMA, new java.util.Date(1));
        one("time of another day", ENVELOPE, Time.SCHEMA, new java.util.Date(day + 1));
        one("time negative", ENVELOPE, Time.SCHEMA, new java.util.Date(-1));
        one("date optional default", ENVELOPE, Date.builder().optional().defaultValue(new java.util.Date(day)).build(), null);
        one("timestamp default", ENVELOPE, Timestamp.builder().defaultValue(new java.util.Date(5)).build(), new java.util.Date(6));
        one("date beyond int32", ENVELOPE, Date.SCHEMA, new java.util.Date(day * (Integer.MAX_VALUE + 1L)));
    }

    private void containers() throws IOException {
        both("array of int32", SchemaBuilder.array(Schema.INT32_SCHEMA).build(), List.of(1, 2, 3));
        both("array empty", SchemaBuilder.array(Schema.STRING_SCHEMA).optional().build(), List.of());
        both("array with nulls", SchemaBuilder.array(Schema.OPTIONAL_STRING_SCHEMA).build(), Arrays.asList("a", null, "b"));
        both("array of arrays", SchemaBuilder.array(SchemaBuilder.array(Schema.INT8_SCHEMA).build()).build(), List.of(List.of((byte) 1), List.of()));
        both("array default", SchemaBuilder.array(Schema.INT32_SCHEMA).defaultValue(List.of(7)).build(), null);
        both("map of strings", SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT32_SCHEMA).build(), map("b", 2, "a", 1));
        both("map empty", SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT32_SCHEMA).build(), map());
        both("map with optional keys", SchemaBuilder.map(Schema.OPTIONAL_STRING_SCHEMA, Schema.INT32_SCHEMA).build(), map("a", 1));
        both("map of int keys", SchemaBuilder.map(Schema.INT32_SCHEMA, Schema.STRING_SCHEMA).build(), map(1, "x", 2, "y"));
        both("map null value", SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.OPTIONAL_INT32_SCHEMA).build(), map("a", null));
        both("map null string key", SchemaBuilder.map(Schema.OPTIONAL_STRING_SCHEMA, Schema.INT32_SCHEMA).build(), map(null, 1));
        both("map null int key", SchemaBuilder.map(Schema.OPTIONAL_INT32_SCHEMA, Schema.INT32_SCHEMA).build(), map(null, 1));
        both("map named keys", SchemaBuilder.map(SchemaBuilder.string().name("k").version(1).build(), Schema.INT32_SCHEMA).name("m").build(), map("a", 1));
        both("map default", SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT32_SCHEMA).optional().defaultValue(map("d", 1)).build(), null);
        one("array without element schema", ENVELOPE, Values.parseString("[1,\"x\"]").schema(), List.of(1, "x"));
        one("map without value schema", ENVELOPE, Values.parseString("{\"a\":1,\"b\":\"x\"}").schema(), map("a", 1));
        one("map without key schema", ENVELOPE, Values.parseString("{}").schema(), map());
    }

    private void structs() throws IOException {
        Schema schema = SchemaBuilder.struct().name("n").version(2).doc("d").parameter("p", "q").parameter("a", "b")
                .field("i", Schema.INT32_SCHEMA)
                .field("s", SchemaBuilder.string().optional().defaultValue("x").build())
                .field("dec", Decimal.schema(2))
                .build();
        both("struct", schema, new Struct(schema).put("i", 1).put("s", "y").put("dec", new BigDecimal("281.90")));
        both("struct field default for null", schema, new Struct(schema).put("i", 1).put("dec", new BigDecimal("1.10")));
        one("struct field null kept", Map.of("schemas.enable", "true", "replace.null.with.default", "false"), schema,
                new Struct(schema).put("i", 1).put("dec", new BigDecimal("1.10")));
        both("struct required field missing", schema, new Struct(schema).put("i", 1));
        Schema empty = SchemaBuilder.struct().optional().build();
        both("struct without fields", empty, new Struct(empty));
        Schema inner = SchemaBuilder.struct().name("inner").field("f", Schema.OPTIONAL_FLOAT64_SCHEMA).optional().build();
        Schema outer = SchemaBuilder.struct().field("in", inner).field("list", SchemaBuilder.array(inner).build())
                .field("map", SchemaBuilder.map(Schema.STRING_SCHEMA, inner).optional().build()).build();
        Struct nested = new Struct(inner).put("f", 2.5);
        both("struct nested", outer, new Struct(outer).put("in", nested).put("list", Arrays.asList(nested, null)).put("map", map("k", nested)));
        both("struct nested null", outer, new Struct(outer).put("list", List.of()));
        Schema all = SchemaBuilder.struct()
                .field("int8", SchemaBuilder.int8().defaultValue((byte) 1).doc("doc \u00e4").build())
                .field("int16", SchemaBuilder.int16().defaultValue((short) 2).build())
                .field("int32", SchemaBuilder.int32().defaultValue(3).build())
                .field("int64", SchemaBuilder.int64().defaultValue(4L).build())
                .field("float32", SchemaBuilder.float32().defaultValue(5.5f).build())
                .field("float64", SchemaBuilder.float64().defaultValue(6.5).build())
                .field("boolean", SchemaBuilder.bool().defaultValue(true).build())
                .field("string", SchemaBuilder.string().defaultValue("").build())
                .field("bytes", SchemaBuilder.bytes().defaultValue(new byte[] {1}).build())
                .field("time", Time.builder().optional().build())
                .build();
        both("struct of all types by default", all, new Struct(all));
        both("struct unicode field name", SchemaBuilder.struct().field("\u00fc.\"x", Schema.INT32_SCHEMA).build(),
                new Struct(SchemaBuilder.struct().field("\u00fc.\"x", Schema.INT32_SCHEMA).build()).put("\u00fc.\"x", 1));
    }

    private void nulls() throws IOException {
        both("null without schema", null, null);
        both("null optional", Schema.OPTIONAL_INT32_SCHEMA, null);
        both("null optional default", SchemaBuilder.int32().optional().defaultValue(5).build(), null);
        both("null required default", SchemaBuilder.int32().defaultValue(5).build(), null);
        both("null required", Schema.INT32_SCHEMA, null);
        both("null required struct", SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA).build(), null);
        for (String enable : new String[] {"true", "false"}) {
            Map<String, String> keep = Map.of("schemas.enable", enable, "replace.null.with.default", "false");
            one("null optional default kept, schemas.enable=" + enable, keep, SchemaBuilder.int32().optional().defaultValue(5).build(), null);
            one("null required default kept, schemas.enable=" + enable, keep, SchemaBuilder.int32().defaultValue(5).build(), null);
        }
        one("defaults of the converter itself", Map.of(), Schema.STRING_SCHEMA, "x");
    }

    private void schemaless() throws IOException {
        both("schemaless string", null, "x");
        both("schemaless int8", null, (byte) 1);
        both("schemaless int16", null, (short) 1);
        both("schemaless int32", null, 1);
        both("schemaless int64", null, 1L);
        both("schemaless float32", null, 1.1f);
        both("schemaless float64", null, 1e21);
        both("schemaless boolean", null, true);
        both("schemaless bytes", null, new byte[] {1, 2, 3});
        both("schemaless list", null, Arrays.asList(1, "a", null, 2.5, List.of()));
        both("schemaless map", null, map("b", 1, "a", map("x", null)));
        both("schemaless map int keys", null, map(1, 2L));
        both("schemaless map mixed keys", null, map("a", 1, 2, "b"));
        both("schemaless decimal", null, new BigDecimal("1.5"));
        both("schemaless date", null, new java.util.Date(0));
        Schema schema = SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA).build();
        both("schemaless struct", null, new Struct(schema).put("a", 1));
    }

    private void writeErrors() throws IOException {
        both("string for int32", Schema.INT32_SCHEMA, "x");
        both("int64 for int32", Schema.INT32_SCHEMA, 1L);
        both("int32 for string", Schema.STRING_SCHEMA, 1);
        both("map for struct", SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA).build(), map("a", 1));
        Schema a = SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA).build();
        Schema b = SchemaBuilder.struct().field("a", Schema.INT64_SCHEMA).build();
        both("struct of another schema", a, new Struct(b).put("a", 1L));
        both("list for map", SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT32_SCHEMA).build(), new ArrayList<>(List.of(1)));
        both("bytes for decimal", Decimal.schema(0), new byte[] {1});
        both("int for date", Date.SCHEMA, 1);
        both("null element required", SchemaBuilder.array(Schema.INT32_SCHEMA).build(), Arrays.asList(1, null));
        both("int for boolean", Schema.BOOLEAN_SCHEMA, 1);
    }

    /** In the order given; a short map is what Java's readers would make, so that a message names the usual class. */
    static Map<Object, Object> map(Object... pairs) {
        Map<Object, Object> map = pairs.length <= 2 ? new HashMap<>() : new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(pairs[i], pairs[i + 1]);
        }
        return map;
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
