import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JsonConverter.toConnectData: envelopes, plain JSON, lenient numbers, errors. */
final class JsonReadCases {
    /** Deeper lists are told by their depth: parsers of the golden file have a limit too. */
    private static final int DEPTH_SHOWN = 20;

    private final Golden golden;
    private int number;

    JsonReadCases(Golden golden) {
        this.golden = golden;
    }

    void all() throws IOException {
        bytesThatAreNothing();
        plainValues();
        envelopes();
        schemas();
        payloads();
        logicalPayloads();
        defaults();
        fixedSchema();
        encodings();
    }

    private void read(Map<String, String> config, byte[] bytes) throws IOException {
        ObjectNode input = Golden.object();
        input.set("config", Golden.config(config));
        input.setAll(Golden.bytes(bytes));
        golden.add(String.format("%03d", ++number), input, () -> {
            try (JsonConverter converter = new JsonConverter()) {
                converter.configure(config, false);
                SchemaAndValue read = converter.toConnectData("topic", bytes);
                int depth = depth(read.value());
                return depth > DEPTH_SHOWN ? Golden.object().put("nested_lists", depth) : Typed.of(read);
            }
        });
    }

    private static int depth(Object value) {
        int depth = 0;
        Object inner = value;
        while (inner instanceof List<?> list) {
            depth++;
            inner = list.isEmpty() ? null : list.get(0);
        }
        return depth;
    }

    private void plain(String... texts) throws IOException {
        for (String text : texts) {
            read(Map.of("schemas.enable", "false"), JsonGoldens.utf8(text));
        }
    }

    private void envelope(String... texts) throws IOException {
        for (String text : texts) {
            read(Map.of("schemas.enable", "true"), JsonGoldens.utf8(text));
        }
    }

    /** The payloads under one schema; the texts are JSON. */
    private void typed(String schema, String... payloads) throws IOException {
        for (String payload : payloads) {
            envelope("{\"schema\":" + schema + ",\"payload\":" + payload + "}");
        }
    }

    private void bytesThatAreNothing() throws IOException {
        for (String enable : new String[] {"true", "false"}) {
            Map<String, String> config = Map.of("schemas.enable", enable);
            read(config, null);
            for (String text : new String[] {"", "  ", "null", "{", "nope", "1 2", "{} x", "[1,]", "{\"a\":1,}", "'a'", "// c\n1", "\ufeff1", "NaN", "Infinity", "-Infinity",
                "{a:1}", "\"open", "tru", "[", "]", "\u0000"}) {
                read(config, JsonGoldens.utf8(text));
            }
            read(config, new byte[] {'"', (byte) 0xff, '"'});
            read(config, new byte[] {'"', (byte) 0xc3, '"'});
            read(config, new byte[] {(byte) 0x00, (byte) 0x31});
            read(config, new byte[] {'"', 'a', '\n', 'b', '"'});
            read(config, new byte[] {'"', 'a', '\t', 'b', '"'});
        }
        read(Map.of(), JsonGoldens.utf8("1"));
    }

    private void plainValues() throws IOException {
        plain("0", "-0", "1", "-1", "007", "-01", "127", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
                "18446744073709551616", "123456789012345678901234567890", "1.0", "-0.0", "1.5", "1e3", "1E3", "1e400", "-1e400", "1e-400", "0.1", "3.141592653589793238462643",
                "100000000000000000000000.0", "1.", ".5", "+1", "0x10", "1e", "01.5");
        plain("true", "false", "\"\"", "\"a\\u00e4\\n\\/\\\"\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"\\x\"", "\"\u65e5\u672c\"");
        plain("[]", "[1,\"a\",null,2.5,true,[],{}]", "[[1],[2]]", "{}", "{\"a\":1}", "{\"b\":1,\"a\":2}", "{\"a\":null}", "{\"a\":1,\"a\":2}", "{\"\":1}",
                "{\"a\":{\"b\":{\"c\":[1,{\"d\":null}]}}}", " {\"a\" : 1 } ", "{\"schema\":null,\"payload\":1}",
                "{\"topic\":1,\"partition\":2,\"offset\":3,\"timestamp\":4,\"server\":5,\"filename\":6,\"position\":7}",
                "{\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8,\"k9\":9,\"k10\":10,\"k11\":11,\"k12\":12,\"k13\":13,\"k14\":14}");
        for (int depth : new int[] {20, 500, 999, 1000, 1001}) {
            plain("[".repeat(depth) + "]".repeat(depth));
        }
    }

    private void envelopes() throws IOException {
        envelope("{\"schema\":null,\"payload\":1}", "{\"schema\":null,\"payload\":null}", "{\"schema\":null,\"payload\":{\"a\":[1,null]}}",
                "{\"payload\":1,\"schema\":null}", "{\"payload\":1}", "{\"schema\":null}", "{\"schema\":null,\"payload\":1,\"x\":2}", "{}", "[]", "1", "\"x\"", "true",
                "{\"schema\":{\"type\":\"int32\"},\"payload\":1} trailing", "{\"schema\":{\"type\":\"int32\",\"optional\":true},\"payload\":null}",
                "{\"schema\":{\"type\":\"int32\",\"optional\":false},\"payload\":null}", "{\"schema\":{\"type\":\"int32\"},\"Payload\":1}");
    }

    private void schemas() throws IOException {
        typed("{}", "1");
        typed("1", "1");
        typed("\"int32\"", "1");
        typed("[]", "1");
        for (String type : new String[] {"boolean", "int8", "int16", "int32", "int64", "float", "double", "bytes", "string"}) {
            typed("{\"type\":\"" + type + "\",\"optional\":true,\"name\":\"n\",\"version\":3,\"doc\":\"d\",\"parameters\":{\"k\":\"v\"}}", "null");
        }
        typed("{\"type\":\"float32\"}", "1");
        typed("{\"type\":\"INT32\"}", "1");
        typed("{\"type\":\"nope\"}", "1");
        typed("{\"type\":5}", "1");
        typed("{\"type\":null}", "1");
        typed("{\"type\":\"array\"}", "[]");
        typed("{\"type\":\"array\",\"items\":null}", "[]");
        typed("{\"type\":\"map\"}", "{}");
        typed("{\"type\":\"map\",\"keys\":{\"type\":\"string\"}}", "{}");
        typed("{\"type\":\"struct\"}", "{}");
        typed("{\"type\":\"struct\",\"fields\":{}}", "{}");
        typed("{\"type\":\"struct\",\"fields\":[]}", "{}");
        typed("{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\"}]}", "{}");
        typed("{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"field\":5}]}", "{}");
        typed("{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"field\":\"a\"},{\"type\":\"int32\",\"field\":\"a\"}]}", "{\"a\":1}");
        typed("{\"type\":\"struct\",\"fields\":[1]}", "{}");
        typed("{\"type\":\"int32\",\"optional\":\"yes\"}", "null");
        typed("{\"type\":\"int32\",\"optional\":1}", "1");
        typed("{\"type\":\"int32\",\"optional\":null}", "1");
        typed("{\"type\":\"int32\",\"name\":5}", "1");
        typed("{\"type\":\"int32\",\"name\":\"\"}", "1");
        typed("{\"type\":\"int32\",\"version\":\"1\"}", "1");
        typed("{\"type\":\"int32\",\"version\":1.5}", "1");
        typed("{\"type\":\"int32\",\"version\":4294967297}", "1");
        typed("{\"type\":\"int32\",\"doc\":5}", "1");
        typed("{\"type\":\"int32\",\"parameters\":{\"a\":1}}", "1");
        typed("{\"type\":\"int32\",\"parameters\":{}}", "1");
        typed("{\"type\":\"int32\",\"parameters\":[]}", "1");
        typed("{\"type\":\"int32\",\"parameters\":{\"b\":\"1\",\"a\":\"2\"}}", "1");
        typed("{\"type\":\"int32\",\"extra\":1}", "1");
    }

    private void payloads() throws IOException {
        for (String type : new String[] {"int8", "int16", "int32", "int64"}) {
            typed("{\"type\":\"" + type + "\"}", "0", "-1", "300", "70000", "3000000000", "9223372036854775808", "1.9", "-1.9", "1e2", "\"7\"", "\"x\"", "true", "[]", "{}");
        }
        for (String type : new String[] {"float", "double"}) {
            typed("{\"type\":\"" + type + "\"}", "1", "1.5", "0.1", "1e40", "1e400", "\"1.5\"", "\"NaN\"", "\"Infinity\"", "true", "-0.0", "9007199254740993", "{}");
        }
        typed("{\"type\":\"boolean\"}", "true", "false", "1", "0", "\"true\"", "\"x\"", "[]", "1.5");
        typed("{\"type\":\"string\"}", "\"x\"", "\"\"", "7", "true", "{}", "[]", "1.5");
        typed("{\"type\":\"bytes\"}", "\"AQID\"", "\"\"", "\"AQI=\"", "\"AQI\"", "\"A\"", "\"!!\"", "\"AQ ID\"", "\"_-8=\"", "7", "true", "[]", "\"AQ=\"", "\"AR==\"");
        typed("{\"type\":\"array\",\"items\":{\"type\":\"int32\"}}", "[]", "[1,2]", "[1,null]", "[\"a\"]", "{\"a\":1}", "1", "\"x\"", "[[1]]", "null");
        typed("{\"type\":\"array\",\"items\":{\"type\":\"int32\",\"optional\":true}}", "[1,null]");
        typed("{\"type\":\"map\",\"keys\":{\"type\":\"string\"},\"values\":{\"type\":\"int32\"}}", "{}", "{\"b\":1,\"a\":2}", "{\"a\":null}", "[]", "1", "{\"a\":1,\"a\":2}");
        typed("{\"type\":\"map\",\"keys\":{\"type\":\"int32\"},\"values\":{\"type\":\"string\"}}", "[]", "[[1,\"x\"],[2,\"y\"]]", "{}", "[1]", "[[1]]", "[[1,\"a\",2]]",
                "[[null,\"a\"]]", "[[1,null]]", "[[1,\"a\"],[1,\"b\"]]");
        String struct = "{\"type\":\"struct\",\"name\":\"s\",\"fields\":[{\"type\":\"int32\",\"optional\":false,\"field\":\"a\"},"
                + "{\"type\":\"string\",\"optional\":true,\"field\":\"b\"},{\"type\":\"int64\",\"optional\":false,\"default\":9,\"field\":\"c\"}]}";
        typed(struct, "{\"a\":1,\"b\":\"x\",\"c\":2}", "{\"a\":1}", "{\"a\":1,\"z\":5}", "{\"b\":\"x\"}", "{\"a\":null}", "{\"a\":1,\"b\":null,\"c\":null}", "[]", "1", "null",
                "\"x\"");
        String nested = "{\"type\":\"struct\",\"optional\":true,\"fields\":[{\"type\":\"struct\",\"optional\":true,\"field\":\"in\",\"fields\":[{\"type\":\"array\","
                + "\"items\":{\"type\":\"double\",\"optional\":true},\"field\":\"l\"}]},{\"type\":\"map\",\"keys\":{\"type\":\"string\"},\"values\":{\"type\":\"bytes\"},"
                + "\"optional\":true,\"field\":\"m\"}]}";
        typed(nested, "null", "{}", "{\"in\":{\"l\":[1,null,2.5]},\"m\":{\"k\":\"AA==\"}}", "{\"in\":{}}", "{\"in\":1}");
    }

    private void logicalPayloads() throws IOException {
        String decimal = "{\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"version\":1,\"parameters\":{\"scale\":\"2\"}}";
        typed(decimal, "\"bg==\"", "\"\"", "\"AA==\"", "\"/w==\"", "1.10", "1.1", "12", "1e3", "123456789012345678901234567890.123", "\"!!\"", "true", "null", "[]", "-0.0",
                "\"AYag\"");
        typed("{\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"version\":1,\"parameters\":{}}", "\"bg==\"");
        typed("{\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"version\":1}", "\"bg==\"", "1.5");
        typed("{\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"version\":1,\"parameters\":{\"scale\":\"x\"}}", "\"bg==\"");
        String date = "{\"type\":\"int32\",\"name\":\"org.apache.kafka.connect.data.Date\",\"version\":1}";
        typed(date, "0", "1", "-1", "18000", "2147483647", "2147483648", "1.5", "\"1\"", "true", "null");
        String time = "{\"type\":\"int32\",\"name\":\"org.apache.kafka.connect.data.Time\",\"version\":1}";
        typed(time, "0", "86399999", "86400000", "86400001", "-1", "1.5", "\"1\"");
        String timestamp = "{\"type\":\"int64\",\"name\":\"org.apache.kafka.connect.data.Timestamp\",\"version\":1}";
        typed(timestamp, "0", "-1", "1600000000123", "9223372036854775807", "9223372036854775808", "1.5", "\"1\"", "{}");
        typed("{\"type\":\"int64\",\"name\":\"org.apache.kafka.connect.data.Date\",\"version\":1}", "1");
        typed("{\"type\":\"string\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"version\":1}", "\"bg==\"");
    }

    private void defaults() throws IOException {
        typed("{\"type\":\"int32\",\"default\":5}", "null", "1");
        typed("{\"type\":\"int32\",\"optional\":true,\"default\":5}", "null");
        typed("{\"type\":\"int32\",\"default\":\"x\"}", "null", "1");
        typed("{\"type\":\"int32\",\"default\":null}", "1");
        typed("{\"type\":\"string\",\"default\":\"d\"}", "null");
        typed("{\"type\":\"string\",\"default\":7}", "\"x\"");
        typed("{\"type\":\"array\",\"items\":{\"type\":\"int8\"},\"default\":[1,2]}", "null");
        typed("{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"field\":\"a\"}],\"default\":{\"a\":1}}", "null", "{\"a\":2}");
        typed("{\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"version\":1,\"parameters\":{\"scale\":\"2\"},\"default\":\"bg==\"}", "null");
        typed("{\"type\":\"int32\",\"name\":\"org.apache.kafka.connect.data.Date\",\"version\":1,\"default\":10}", "null");
        Map<String, String> keep = new LinkedHashMap<>();
        keep.put("schemas.enable", "true");
        keep.put("replace.null.with.default", "false");
        for (String schema : new String[] {"{\"type\":\"int32\",\"default\":5}", "{\"type\":\"int32\",\"optional\":true,\"default\":5}",
            "{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"optional\":true,\"default\":5,\"field\":\"a\"}]}"}) {
            read(keep, JsonGoldens.utf8("{\"schema\":" + schema + ",\"payload\":null}"));
            read(keep, JsonGoldens.utf8("{\"schema\":" + schema + ",\"payload\":{}}"));
        }
    }

    private void fixedSchema() throws IOException {
        for (String schema : new String[] {"{\"type\":\"int32\"}", "{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"field\":\"a\"}]}", "{\"type\":\"nope\"}", "nope", ""}) {
            for (String enable : new String[] {"true", "false"}) {
                Map<String, String> config = new LinkedHashMap<>();
                config.put("schemas.enable", enable);
                config.put("schema.content", schema);
                read(config, JsonGoldens.utf8("5"));
                read(config, JsonGoldens.utf8("{\"a\":7}"));
                read(config, JsonGoldens.utf8(""));
                read(config, null);
            }
        }
    }

    /** Jackson guesses the encoding from the first four bytes; schemas.enable=false unless told otherwise. */
    private void encodings() throws IOException {
        String[] texts = {"1", "\"a\u00e9\u65e5\ud83d\ude00\"", "[1,\"x\",{\"\u00e9\":null}]", " {\"a\" : [true,1.5]} ", "", "x", "\u00e9x", "\u65e5", "nul", "trueish", "true\u00e9", "\"open",
            "[\"\u00e9\",", "{\"\u00e9", "{\"\u00e9\":", "{\u00e9:1}", "{1:1}", "[\"\u00e9\"}", "\"\u00e9\\x\"", "\"\u00e9\n\"", "[1\n,\u00e9", "01.", "-x", "+1", "-", "1e", "\"\\u12", "\"\\ud83d\\ude00\"", "NaN", "-Infinity",
            "[1 2]", "{\"a\" 1}", "{\"a\":1 \"b\"}", "1\u00e9", "/", "\ufeff1"};
        for (String charset : new String[] {"UTF-16BE", "UTF-16LE", "UTF-32BE", "UTF-32LE"}) {
            for (String text : texts) {
                read(Map.of("schemas.enable", "false"), text.getBytes(java.nio.charset.Charset.forName(charset)));
            }
            for (String text : new String[] {"1", "\"\u65e5\"", "", "[", "\ufeff1"}) {
                read(Map.of("schemas.enable", "false"), ("\ufeff" + text).getBytes(java.nio.charset.Charset.forName(charset)));
            }
            String envelope = "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"string\",\"field\":\"\u00e9\"}]},\"payload\":{\"\u00e9\":\"\ud83d\ude00\"}}";
            read(Map.of(), envelope.getBytes(java.nio.charset.Charset.forName(charset)));
            read(Map.of(), envelope.replace("payload", "paiload").getBytes(java.nio.charset.Charset.forName(charset)));
            read(Map.of("schema.content", "{\"type\":\"string\"}"), "\"\u00e9\"".getBytes(java.nio.charset.Charset.forName(charset)));
        }
        for (String hex : new String[] {"fffe", "feff", "ff", "00", "0000", "000000", "00000000", "efbbbf", "efbbbf31", "efbbbf20", "efbb", "fffe31", "fffe3100", "feff0031", "feff00", "feff003100", "3100", "0031", "310000",
            "31000000", "00000031", "0000feff00000031", "fffe000031000000", "0000fffe", "feff0000", "00310000", "00003100", "22003dd800de2200", "220000d82200", "22003dd82200", "0022d8000022", "2200dc002200",
            "000000220001f60000000022", "000000220011000000000022", "000000220000d80000000022", "00000022ffffffff00000022", "0000005b000000", "0022006100", "220061002200ff", "5b005d", "5b005d00", "fffe0000", "0000feff",
            "220001002200", "22005c0078002200", "fffefffe3100", "2200fffe2200", "feff0022fffe0022", "efbbbfefbbbf31", "31feff", "2200ff002200", "310031", "00d80000", "fe", "fe31", "ff31", "fffffe", "c0", "e9", "31e9"}) {
            read(Map.of("schemas.enable", "false"), java.util.HexFormat.of().parseHex(hex));
        }
        read(Map.of(), new byte[] {(byte) 0xff, (byte) 0xfe});
        read(Map.of("schema.content", "{\"type\":\"int32\",\"optional\":true}"), new byte[] {(byte) 0xff, (byte) 0xfe});
    }
}
