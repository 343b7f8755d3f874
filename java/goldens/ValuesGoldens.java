import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.connect.data.Date;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Time;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.data.Values;
import org.apache.kafka.connect.storage.SimpleHeaderConverter;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Values.parseString, Values.convertToString and the SimpleHeaderConverter on top of them. */
final class ValuesGoldens {
    private static final int GENERATED = 260;

    private ValuesGoldens() {
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "values-parse-string")) {
            Set<String> inputs = new LinkedHashSet<>(List.of(WRITTEN));
            generate(inputs);
            int number = 0;
            for (String text : inputs) {
                ObjectNode input = Golden.object();
                input.put("text", text);
                golden.add(String.format("%03d", ++number), input, () -> Typed.of(Values.parseString(text)));
            }
            ObjectNode input = Golden.object();
            input.putNull("text");
            golden.add("null", input, () -> Typed.of(Values.parseString(null)));
        }
        try (Golden golden = new Golden(folder, "values-convert-to-string")) {
            toStrings(golden);
        }
        try (Golden golden = new Golden(folder, "simple-header-converter")) {
            headers(golden);
        }
    }

    private static final String[] WRITTEN = {
        "", " ", "  ", "\t", "null", " null ", "nullx", "null null", "NULL", "true", "false ", " true", "True", "TRUE", "truefalse", "true true", "1", "127", "128", "-128", "-129",
        "32767", "32768", "-32768", "-32769", "2147483647", "2147483648", "-2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "-9223372036854775809", "123456789012345678901234567890", "-1.0", "100.0", "1.", "+5", "+5.0", "-0", "-0.0", "0", "0.0", "00", "007", "1e3", "1E3", "1e+3", "1e-3", "1.5",
        "-1.5", "0.1", "3.4028235e38", "3.4028236e38", "3.5e38", "1E-50", "1e-400", "1e400", "1e5000", "1.7976931348623157e308", "1.7976931348623159e308", "1e10", "1e18", "1e19", "1e20",
        "123456789.123456789", "0.30000000000000004", "1_0", "0x10", "NaN", "Infinity", "-Infinity", "-", "+", ".", "..", "1..2", ".5", "-.5", "1e", "e1", "1e1.5", "1f", "1d", "1L",
        "abc", "abc def", "\"abc\"", "\"\"", "\"", "\"open", "'abc'", "\"a\\\"b\"", "a\\b", "\\", "\\\\", "1 2", "1,2", "1 ", " 1", " 1 ", "12:34", "12:", ":12", "a:b", "1:a", "true:1",
        "[]", "[ ]", "{}", "{ }", "[1,2]", "[1, 2]", "[ 1 , 2 ]", "[1,2.5]", "[1,300]", "[1,70000]", "[1,3000000000]", "[1.5,1e39]", "[1,9223372036854775808]", "[1,\"a\"]", "[true,1]",
        "[true,false]", "[1,null]", "[null]", "[null,1]", "[null,null]", "[1,,2]", "[,]", "[1,]", "[,1]", "[1,2", "1,2]", "[1 2]", "[a]", "[a,b]", "[\"a\",\"b\"]", "[\"a\",b]", "[[1],[2]]",
        "[[1],[\"a\"]]", "[[],[]]", "[{}]", "[{\"a\":1}]", "[[1,2],[3,4]]", "[\"2020-01-02\"]", "[\"2020-01-02\",\"2020-01-03\"]", "[2020-01-02]", "[\"12:34:56.789Z\"]",
        "[\"2020-01-02T12:34:56.789Z\"]", "[\"a\\\"b\"]", "[\"a\\\\b\"]", "[\"a,b\"]", "[\"a]b\"]", "[\"\"]", "[\"null\"]", "[\"1\"]", "[\"true\"]", "[1,2] x", "[1,2]]", "[[1,2]", "[1]2",
        "{\"a\":1}", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":\"x\"}", "{\"a\":1,\"b\":300}", "{\"a\":null}", "{\"a\":null,\"b\":1}", "{\"a\":1,\"b\":null}", "{1:2}", "{1:2,3:400}", "{1:\"a\"}",
        "{\"true\":1}", "{true:1}", "{null:1}", "{a:1}", "{\"a\":b}", "{\"a\":1,}", "{,}", "{\"a\"", "{\"a\"}", "{\"a\":", "{\"a\":}", "{\"a\":1", "{:1}", "{\"a\":1:2}", "{\"a\" : 1}",
        "{\"a\":[1,2]}", "{\"a\":{\"b\":1}}", "{\"a\":1,\"a\":2}", "{\"b\":1,\"a\":2}", "{[1]:2}", "{{}:1}", "{\"a\":\"2020-01-02\"}", "{\"2020-01-02\":1}", "{\"a\":1} x", "{1:2}}", "{1,2}", "{1}",
        "2020-01-02", "2020-13-45", "2020-1-2", "20-01-02", "2020-01-02 ", "2020-01-02x", "12:34:56.789Z", "25:61:61.999Z", "12:34:56Z", "12:34:56.789", "2020-01-02T12:34:56.789Z",
        "2020-01-02T12:34:56Z", "2020-01-02 12:34:56.789Z", "2020-13-45T25:61:61.000Z", "0001-01-01", "9999-12-31", "-2020-01-02", "1969-12-31T23:59:59.999Z", "00:00:00.000Z",
        "1970-01-01", "2020-02-30", "\u00e4\u00f6\u00fc", "\ud83d\ude00", "[\"\u00e4\"]", "\u0663", "1\u00a0", "\u00a01", "\u2003 1", "1\n", "\n", "[\n1\n]", "a\nb", "key=value", "a,b", ",", ":", "[", "]", "{", "}", "[]]",
        "[] ", " []", " {}", "[] x", "{} x", "[1:2]", "[1:a]", "{\"a\":1 \"b\":2}", "\"a\" \"b\"", "\"a\",\"b\"", "[\"a\" \"b\"]", "[true]", "[true,null]", "[ null ]", "{\"a\": null }",
        "{\"a\":true}", "{\"a\":\"x\"}", "{\"a\":[]}", "{\"a\":{}}", "{\"a\":[],\"b\":[1]}", "[[],[1]]", "[1.0,2.0]", "[1.5,2]", "[0.1]", "[1e400,1]", "true,", "true]", "null,", "null]", "1]", "\"1\"",
        "\"null\"", "\"true\"", "\"2020-01-02\"", "application/json", "1.2.3", "127.0.0.1", "10%", "$5", "2020-01-02T", "T12:34", "e", "E", "1E", "1e+", "1e99999999999", "0e0", "00.10", "1.50", "1.00"};

    /** Texts from the characters that mean something to the parser, seeded so that every run makes the same ones. */
    private static void generate(Set<String> inputs) {
        Random random = new Random(20_240_131);
        String[] atoms = {"1", "-2", "300", "4.5", "1e5", "true", "false", "null", "\"a\"", "\"b c\"", "\"2020-01-02\"", "x", "12:34:56.789Z", "\"\"", "70000", "\"\\\"q\\\"\"", "99999999999"};
        String glue = "[]{},:\"\\ ";
        int target = inputs.size() + GENERATED;
        while (inputs.size() < target) {
            inputs.add(switch (random.nextInt(4)) {
                case 0 -> list(random, atoms, 2);
                case 1 -> map(random, atoms, 2);
                case 2 -> number(random);
                default -> {
                    StringBuilder text = new StringBuilder();
                    for (int i = random.nextInt(7) + 1; i > 0; i--) {
                        text.append(random.nextBoolean() ? atoms[random.nextInt(atoms.length)] : String.valueOf(glue.charAt(random.nextInt(glue.length()))));
                    }
                    yield text.toString();
                }
            });
        }
    }

    private static String item(Random random, String[] atoms, int depth) {
        if (depth > 0 && random.nextInt(4) == 0) {
            return random.nextBoolean() ? list(random, atoms, depth - 1) : map(random, atoms, depth - 1);
        }
        return atoms[random.nextInt(atoms.length)];
    }

    private static String list(Random random, String[] atoms, int depth) {
        StringBuilder text = new StringBuilder("[");
        for (int i = random.nextInt(4); i > 0; i--) {
            text.append(item(random, atoms, depth)).append(i > 1 ? (random.nextInt(5) == 0 ? " , " : ",") : "");
        }
        return text.append("]").toString();
    }

    private static String map(Random random, String[] atoms, int depth) {
        StringBuilder text = new StringBuilder("{");
        for (int i = random.nextInt(4); i > 0; i--) {
            text.append(random.nextInt(3) == 0 ? item(random, atoms, 0) : "\"k" + i + "\"").append(random.nextInt(6) == 0 ? " : " : ":");
            text.append(item(random, atoms, depth)).append(i > 1 ? "," : "");
        }
        return text.append("}").toString();
    }

    private static String number(Random random) {
        BigInteger digits = new BigInteger(random.nextInt(80) + 1, random);
        String sign = random.nextBoolean() ? "-" : "";
        return switch (random.nextInt(3)) {
            case 0 -> sign + digits;
            case 1 -> sign + new BigDecimal(digits, random.nextInt(12)).toPlainString();
            default -> sign + digits + "e" + (random.nextInt(90) - 45);
        };
    }

    private static void toStrings(Golden golden) throws IOException {
        int number = 0;
        for (Object[] pair : samples()) {
            Schema schema = (Schema) pair[0];
            Object value = pair[1];
            ObjectNode input = Typed.put(Golden.object(), schema, value);
            golden.add(String.format("%03d", ++number), input, () -> {
                String text = Values.convertToString(schema, value);
                return text == null ? null : Golden.NODES.textNode(text);
            });
        }
    }

    private static List<Object[]> samples() {
        Schema struct = SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA).field("b", SchemaBuilder.string().optional().defaultValue("x").build())
                .field("c", Schema.OPTIONAL_BOOLEAN_SCHEMA).build();
        Schema outer = SchemaBuilder.struct().field("in", struct).field("l", SchemaBuilder.array(Schema.STRING_SCHEMA).build()).build();
        Struct filled = new Struct(struct).put("a", 3);
        long day = 86_400_000L;
        java.util.ArrayList<Object[]> samples = new java.util.ArrayList<>(List.of(new Object[][] {
            {null, null}, {Schema.OPTIONAL_STRING_SCHEMA, null}, {Schema.STRING_SCHEMA, ""}, {Schema.STRING_SCHEMA, "plain"}, {Schema.STRING_SCHEMA, "q\"b\\s"}, {null, "no schema"},
            {Schema.INT8_SCHEMA, (byte) -5}, {Schema.INT16_SCHEMA, (short) 300}, {Schema.INT32_SCHEMA, 70000}, {Schema.INT64_SCHEMA, Long.MIN_VALUE},
            {Schema.BOOLEAN_SCHEMA, true}, {Schema.BOOLEAN_SCHEMA, false}, {Schema.BYTES_SCHEMA, new byte[0]}, {Schema.BYTES_SCHEMA, new byte[] {1, 2, -1}},
            {Schema.BYTES_SCHEMA, ByteBuffer.wrap(new byte[] {7})}, {null, new byte[] {1}},
            {SchemaBuilder.array(Schema.STRING_SCHEMA).build(), List.of("a", "q\"b\\s", "")}, {SchemaBuilder.array(Schema.INT32_SCHEMA).build(), List.of()},
            {SchemaBuilder.array(Schema.OPTIONAL_INT32_SCHEMA).build(), Arrays.asList(1, null)}, {SchemaBuilder.array(Schema.BYTES_SCHEMA).build(), List.of(new byte[] {1, 2})},
            {null, Arrays.asList(1, "a", null, 2.5, List.of(true), Map.of("k", 1L))}, {SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.STRING_SCHEMA).build(), Map.of("k", "v\"")},
            {SchemaBuilder.map(Schema.INT32_SCHEMA, Schema.BOOLEAN_SCHEMA).build(), JsonGoldens.map(1, true, 2, false)}, {null, JsonGoldens.map("a", null, null, 1)}, {null, Map.of()},
            {struct, filled}, {struct, new Struct(struct).put("a", 1).put("b", "q\"").put("c", true)}, {outer, new Struct(outer).put("in", filled).put("l", List.of("x", "y"))},
            {SchemaBuilder.array(struct).build(), List.of(filled)}, {null, filled},
            {Decimal.schema(2), new BigDecimal("1.10")}, {Decimal.schema(-3), new BigDecimal("1E+3")}, {Decimal.schema(10), new BigDecimal("1E-10")}, {Decimal.schema(0), new BigDecimal("123456789012345678901234567890")},
            {null, new BigDecimal("0E-7")}, {SchemaBuilder.array(Decimal.schema(1)).build(), List.of(new BigDecimal("1.5"))},
            {SchemaBuilder.array(Date.SCHEMA).build(), List.of(new java.util.Date(day))}, {null, List.of(new java.util.Date(day + 5))},
            {SchemaBuilder.map(Schema.STRING_SCHEMA, Timestamp.SCHEMA).build(), Map.of("t", new java.util.Date(5))}}));
        for (float f : JsonGoldens.FLOATS) {
            samples.add(new Object[] {Schema.FLOAT32_SCHEMA, f});
        }
        for (double d : JsonGoldens.DOUBLES) {
            samples.add(new Object[] {Schema.FLOAT64_SCHEMA, d});
        }
        for (long ms : new long[] {0, 1, day - 1, day, day + 1, -1, -day, -day - 1, 18_000 * day, 1_600_000_000_123L, -62_135_596_800_000L, 253_402_300_799_999L, 253_402_300_800_000L}) {
            samples.add(new Object[] {Timestamp.SCHEMA, new java.util.Date(ms)});
        }
        samples.add(new Object[] {Date.SCHEMA, new java.util.Date(0)});
        samples.add(new Object[] {Date.SCHEMA, new java.util.Date(day)});
        samples.add(new Object[] {Time.SCHEMA, new java.util.Date(0)});
        samples.add(new Object[] {Time.SCHEMA, new java.util.Date(45_296_789)});
        return samples;
    }

    private static void headers(Golden golden) throws IOException {
        SimpleHeaderConverter converter = new SimpleHeaderConverter();
        int number = 0;
        byte[][] raw = {null, {}, {' '}, {'1'}, {'a', 'b'}, {(byte) 0xff}, {'1', (byte) 0xff}, {(byte) 0xc3, (byte) 0xa4}, {0}, {(byte) 0xed, (byte) 0xa0, (byte) 0x80}, {'[', (byte) 0xff, ']'},
            JsonGoldens.utf8("[1,2]"), JsonGoldens.utf8("{\"a\":1}"), JsonGoldens.utf8("[1,null]"), JsonGoldens.utf8("\"q\""), JsonGoldens.utf8("2020-01-02"), JsonGoldens.utf8("null"),
            JsonGoldens.utf8("[\"open"), JsonGoldens.utf8("{\"a\":"), JsonGoldens.utf8("1e5000"), JsonGoldens.utf8("true")};
        for (byte[] bytes : raw) {
            ObjectNode input = Golden.bytes(bytes);
            golden.add(String.format("to %02d", ++number), input, () -> Typed.of(converter.toConnectHeader("topic", "header", bytes)));
        }
        number = 0;
        for (Object[] pair : samples()) {
            Schema schema = (Schema) pair[0];
            Object value = pair[1];
            golden.add(String.format("from %03d", ++number), Typed.put(Golden.object(), schema, value),
                    () -> Golden.bytes(converter.fromConnectHeader("topic", "header", schema, value)));
        }
    }
}
