import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.connect.converters.BooleanConverter;
import org.apache.kafka.connect.converters.ByteArrayConverter;
import org.apache.kafka.connect.converters.DoubleConverter;
import org.apache.kafka.connect.converters.FloatConverter;
import org.apache.kafka.connect.converters.IntegerConverter;
import org.apache.kafka.connect.converters.LongConverter;
import org.apache.kafka.connect.converters.ShortConverter;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.StringConverter;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** StringConverter, ByteArrayConverter, BooleanConverter and the number converters. */
final class PlainGoldens {
    private final Golden golden;
    private int number;

    private PlainGoldens(Golden golden) {
        this.golden = golden;
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "plain-converters")) {
            PlainGoldens goldens = new PlainGoldens(golden);
            goldens.strings();
            goldens.byteArrays();
            goldens.booleans();
            goldens.numbers();
            goldens.encodings();
        }
    }

    private void from(Supplier<Converter> make, Map<String, String> config, Schema schema, Object value) throws IOException {
        ObjectNode input = input("from", make, config);
        Typed.put(input, schema, value);
        golden.add(name(input), input, () -> {
            Converter converter = make.get();
            converter.configure(config, false);
            return Golden.bytes(converter.fromConnectData("topic", schema, value));
        });
    }

    private void to(Supplier<Converter> make, Map<String, String> config, byte[] bytes) throws IOException {
        ObjectNode input = input("to", make, config);
        input.setAll(Golden.bytes(bytes));
        golden.add(name(input), input, () -> {
            Converter converter = make.get();
            converter.configure(config, false);
            return Typed.of(converter.toConnectData("topic", bytes));
        });
    }

    private static ObjectNode input(String direction, Supplier<Converter> make, Map<String, String> config) {
        ObjectNode input = Golden.object();
        input.put("converter", make.get().getClass().getName());
        input.put("direction", direction);
        input.set("config", Golden.config(config));
        return input;
    }

    private String name(ObjectNode input) {
        String type = input.get("converter").asText();
        return String.format("%s %s %03d", type.substring(type.lastIndexOf('.') + 1), input.get("direction").asText(), ++number);
    }

    private void strings() throws IOException {
        Schema schema = SchemaBuilder.struct().name("n").field("a", Schema.INT32_SCHEMA).field("b", Schema.OPTIONAL_STRING_SCHEMA)
                .field("c", SchemaBuilder.array(Schema.INT8_SCHEMA).optional().build()).build();
        Object[][] values = {
            {null, null}, {Schema.STRING_SCHEMA, null}, {Schema.OPTIONAL_STRING_SCHEMA, null}, {Schema.STRING_SCHEMA, ""}, {Schema.STRING_SCHEMA, "x"}, {null, "x"},
            {Schema.INT32_SCHEMA, "mismatch"}, {Schema.STRING_SCHEMA, "\u00e4\u65e5\ud83d\ude00\u0000"}, {Schema.INT32_SCHEMA, 42}, {Schema.BOOLEAN_SCHEMA, true},
            {Schema.FLOAT32_SCHEMA, 1.1f}, {Schema.FLOAT64_SCHEMA, 1e21}, {Schema.FLOAT64_SCHEMA, 1e-7}, {Schema.FLOAT64_SCHEMA, Double.NaN}, {Decimal.schema(2), new BigDecimal("1.10")},
            {Decimal.schema(-3), new BigDecimal("1E+3")}, {null, Arrays.asList(1, "a", null, List.of())}, {null, JsonGoldens.map("a", 1, "b", null)}, {null, Map.of()},
            {schema, new Struct(schema).put("a", 1)}, {schema, new Struct(schema).put("a", 1).put("b", "x").put("c", List.of((byte) 1, (byte) 2))}};
        for (Object[] pair : values) {
            from(StringConverter::new, Map.of(), (Schema) pair[0], pair[1]);
        }
        for (String encoding : new String[] {"UTF-8", "utf8", "ISO-8859-1", "US-ASCII", "UTF-16", "UTF-16LE", "UTF-16BE", "no-such", ""}) {
            Map<String, String> config = Map.of("converter.encoding", encoding);
            from(StringConverter::new, config, Schema.STRING_SCHEMA, "a\u00e4\u65e5");
            from(StringConverter::new, config, Schema.STRING_SCHEMA, "");
            to(StringConverter::new, config, new byte[] {'a', (byte) 0xe4, 0, 'b'});
        }
        byte[][] raw = {null, {}, {'x'}, {(byte) 0xc3, (byte) 0xa4}, {(byte) 0xff, 'a'}, {(byte) 0xe6, (byte) 0x97}, {(byte) 0xed, (byte) 0xa0, (byte) 0x80}, {(byte) 0xf0, (byte) 0x9f, (byte) 0x98},
            {(byte) 0xc0, (byte) 0x80}, {(byte) 0xf5, (byte) 0x80, (byte) 0x80, (byte) 0x80}, {0}, {(byte) 0xef, (byte) 0xbb, (byte) 0xbf, 'x'}, {(byte) 0xe6, 'a', (byte) 0x80}};
        for (byte[] bytes : raw) {
            to(StringConverter::new, Map.of(), bytes);
        }
    }

    private void byteArrays() throws IOException {
        Object[][] values = {
            {null, null}, {Schema.BYTES_SCHEMA, null}, {Schema.OPTIONAL_BYTES_SCHEMA, null}, {Schema.INT32_SCHEMA, null}, {Schema.STRING_SCHEMA, "x"}, {null, "x"}, {null, 1},
            {Schema.BYTES_SCHEMA, "x"}, {Schema.BYTES_SCHEMA, new byte[0]}, {Schema.BYTES_SCHEMA, new byte[] {1, -1}}, {null, new byte[] {1}},
            {Schema.OPTIONAL_BYTES_SCHEMA, ByteBuffer.wrap(new byte[] {1, 2})}, {Decimal.schema(2), new BigDecimal("1.10")}, {Decimal.schema(2), new byte[] {1}},
            {null, new ArrayList<>()}, {null, JsonGoldens.map()}, {null, true}};
        for (Object[] pair : values) {
            from(ByteArrayConverter::new, Map.of(), (Schema) pair[0], pair[1]);
        }
        for (byte[] bytes : new byte[][] {null, {}, {0, 1, -1}}) {
            to(ByteArrayConverter::new, Map.of(), bytes);
        }
    }

    private void booleans() throws IOException {
        Object[][] values = {{null, null}, {Schema.BOOLEAN_SCHEMA, null}, {Schema.BOOLEAN_SCHEMA, true}, {Schema.OPTIONAL_BOOLEAN_SCHEMA, false}, {null, true}, {Schema.STRING_SCHEMA, "x"},
            {Schema.STRING_SCHEMA, true}, {Schema.BOOLEAN_SCHEMA, "true"}, {null, 1}};
        for (Object[] pair : values) {
            from(BooleanConverter::new, Map.of(), (Schema) pair[0], pair[1]);
        }
        for (byte[] bytes : new byte[][] {null, {}, {0}, {1}, {2}, {1, 0}}) {
            to(BooleanConverter::new, Map.of(), bytes);
        }
    }

    private void numbers() throws IOException {
        Object[] values = {null, (short) -2, -3, 4L, 1.5f, -2.5, "x", true, Short.MAX_VALUE, Integer.MIN_VALUE, Long.MAX_VALUE, Float.NaN, Double.NEGATIVE_INFINITY};
        List<Supplier<Converter>> converters = List.of(ShortConverter::new, IntegerConverter::new, LongConverter::new, FloatConverter::new, DoubleConverter::new);
        for (Supplier<Converter> make : converters) {
            for (Object value : values) {
                from(make, Map.of(), null, value);
            }
            from(make, Map.of(), Schema.STRING_SCHEMA, 4L);
            for (int length : new int[] {0, 1, 2, 3, 4, 5, 8, 9}) {
                byte[] bytes = new byte[length];
                for (int i = 0; i < length; i++) {
                    bytes[i] = (byte) (i * 37 + 0x81);
                }
                to(make, Map.of(), bytes);
            }
            to(make, Map.of(), null);
            to(make, Map.of(), "12345678".getBytes(StandardCharsets.US_ASCII));
        }
    }

    /** Character sets beyond the first few: whole characters, broken ones, byte order marks. */
    private void encodings() throws IOException {
        String[] texts = {"a\u00e9\u20ac\u0416\u05d0\u3042\ufeff", "\ud83d\ude00\u0000\u007f\u0080\u009f", "", "\ufffe", "\u00a5\u203e\\~"};
        byte[][] raw = {{}, {'a', (byte) 0x80, (byte) 0x9f, (byte) 0xa4, (byte) 0xe9, (byte) 0xff}, {0, 'a'}, {'a', 0}, {(byte) 0xfe, (byte) 0xff, 0, 'a'}, {(byte) 0xff, (byte) 0xfe, 'a', 0},
            {(byte) 0xff, (byte) 0xfe, 'a'}, {(byte) 0xd8, 0, 0, 'a'}, {0, (byte) 0xd8, 'a', 0}, {(byte) 0xdc, 0, 0, 'a'}, {(byte) 0xd8, 0x3d, (byte) 0xde, 0, 'x'}, {(byte) 0xd8, 0x3d}, {(byte) 0xff, (byte) 0xfe},
            {(byte) 0xfe, (byte) 0xff, (byte) 0xff, (byte) 0xfe, 0, 'a'}, {0, 0, (byte) 0xfe, (byte) 0xff, 0, 0, 0, 'a'}, {(byte) 0xff, (byte) 0xfe, 0, 0, 'a', 0, 0, 0}, {0, 0, 0, 'a', 0, 0, 1},
            {0, 1, (byte) 0xf6, 0}, {0, 0x11, 0, 0}, {0, 0, (byte) 0xd8, 0}, {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0, 0, 0, 'b'}, {(byte) 0xed, (byte) 0xa0, (byte) 0xbd, (byte) 0xed, (byte) 0xb8, (byte) 0x80, 'x'},
            {(byte) 0xed, (byte) 0xa0, (byte) 0xbd, 'x'}, {(byte) 0xf0, (byte) 0x9f, (byte) 0x98, (byte) 0x80, 'x'}};
        for (String encoding : new String[] {"UTF-8", "UTF-16", "UTF-16BE", "UTF-16LE", "x-UTF-16LE-BOM", "UTF-32", "UTF-32BE", "UTF-32LE", "X-UTF-32BE-BOM", "X-UTF-32LE-BOM", "CESU-8", "US-ASCII", "ISO-8859-1", "windows-1252", "KOI8-R"}) {
            Map<String, String> config = Map.of("converter.encoding", encoding);
            for (String text : texts) {
                from(StringConverter::new, config, Schema.STRING_SCHEMA, text);
            }
            for (byte[] bytes : raw) {
                to(StringConverter::new, config, bytes);
            }
        }
        for (String encoding : new String[] {"cp1252", "Cp1252", "latin-1", "latin9", "utf_8", "UTF_16LE", "UTF_32", "ISO-10646-UCS-4", "UnicodeBig", "macroman", "x-MacRoman", "IBM437", "cp850", "Cp037", "koi8", "TIS-620", "ascii", "ANSI_X3.4-1968",
            "windows-1259", "utf 8", "-utf8", "u\u00fc", "iso-8859-12", "UTF-7"}) {
            Map<String, String> config = Map.of("converter.encoding", encoding);
            from(StringConverter::new, config, Schema.STRING_SCHEMA, "a\u00e9");
            to(StringConverter::new, config, new byte[] {'a', (byte) 0xe9});
        }
    }
}
