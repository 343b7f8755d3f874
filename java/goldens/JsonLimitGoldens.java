import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.json.JsonConverter;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** JsonConverter at the limits of Jackson: long strings, names and numbers, deep nesting. Texts are given in pieces that repeat. */
final class JsonLimitGoldens {
    private static final int STRING = 20_000_000;

    private final Golden golden;

    private JsonLimitGoldens(Golden golden) {
        this.golden = golden;
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "json-limits")) {
            JsonLimitGoldens goldens = new JsonLimitGoldens(golden);
            goldens.strings();
            goldens.names();
            goldens.numbers();
            goldens.onLargeStack(goldens::nesting);
        }
    }

    private interface Cases {
        void write() throws IOException;
    }

    /** How deep Java's stack reaches changes from run to run. */
    private void onLargeStack(Cases cases) throws IOException {
        IOException[] failure = new IOException[1];
        Thread thread = new Thread(null, () -> {
            try {
                cases.write();
            } catch (IOException e) {
                failure[0] = e;
            }
        }, "deep", 512L << 20);
        thread.start();
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        if (failure[0] != null) {
            throw failure[0];
        }
    }

    /** A text and how often it stands there. */
    private record Piece(String text, int count) {
    }

    private static Piece piece(String text, int count) {
        return new Piece(text, count);
    }

    private void read(String name, Map<String, String> config, Charset charset, Piece... pieces) throws IOException {
        ObjectNode input = Golden.object();
        input.set("config", Golden.config(config));
        input.put("charset", charset.name());
        ArrayNode parts = input.putArray("pieces");
        StringBuilder text = new StringBuilder();
        for (Piece piece : pieces) {
            parts.add(Golden.NODES.arrayNode().add(piece.text).add(piece.count));
            text.append(piece.text.repeat(piece.count));
        }
        golden.add(name, input, () -> {
            try (JsonConverter converter = new JsonConverter()) {
                converter.configure(config, false);
                return summary(converter.toConnectData("topic", text.toString().getBytes(charset)).value());
            }
        });
    }

    private void plain(String name, Piece... pieces) throws IOException {
        read(name, Map.of("schemas.enable", "false"), StandardCharsets.UTF_8, pieces);
    }

    /** What the value is made of, from the outside in: kinds, and the length of texts. */
    private static ObjectNode summary(Object value) {
        int depth = 0;
        int name = 0;
        Object inner = value;
        while (inner instanceof List<?> || inner instanceof Map<?, ?>) {
            depth++;
            if (inner instanceof Map<?, ?> map) {
                Map.Entry<?, ?> entry = map.entrySet().iterator().next();
                name = entry.getKey().toString().length();
                inner = entry.getValue();
            } else {
                List<?> list = (List<?>) inner;
                inner = list.isEmpty() ? null : list.get(0);
            }
        }
        ObjectNode node = Golden.object().put("depth", depth).put("name", name);
        if (inner instanceof String text) {
            return node.put("text", text.length());
        }
        return node.put("value", String.valueOf(inner));
    }

    private void strings() throws IOException {
        Piece quote = piece("\"", 1);
        for (int length : new int[] {STRING - 1, STRING, STRING + 1, STRING + 5000}) {
            plain("string of " + length, quote, piece("a", length), quote);
        }
        for (int length : new int[] {STRING, STRING + 1}) {
            plain("two bytes each, " + length, quote, piece("\u00e9", length), quote);
            plain("escapes, " + length, quote, piece("\\n", length), quote);
            read("envelope, " + length, Map.of(), StandardCharsets.UTF_8, piece("{\"schema\":{\"type\":\"string\"},\"payload\":\"", 1), piece("a", length), piece("\"}", 1));
            read("sixteen bits each, " + length, Map.of("schemas.enable", "false"), StandardCharsets.UTF_16LE, quote, piece("a", length), quote);
        }
        plain("surrogates", quote, piece("\ud83d\ude00", STRING / 2), quote);
        plain("surrogates, one too many", quote, piece("\ud83d\ude00", STRING / 2 + 1), quote);
        plain("skipped string", piece("{\"a\":\"", 1), piece("a", STRING + 1), piece("\",\"a\":\"\"}", 1));
        plain("unclosed string", quote, piece("a", STRING + 100_000));
    }

    private void names() throws IOException {
        for (String unit : new String[] {"a", "\u00e9", "\\n", "\u65e5", "\\u00e9"}) {
            for (int length : new int[] {16_384, 25_000, 25_001, 32_767, 49_999, 50_000, 50_001, 50_100, 65_535, 65_536, 65_537, 70_000}) {
                plain("name of " + length + " " + unit, piece("{\"", 1), piece(unit, length), piece("\":1}", 1));
            }
        }
        for (int length : new int[] {50_000, 50_001, 70_000}) {
            read("sixteen bits each, " + length, Map.of("schemas.enable", "false"), StandardCharsets.UTF_16LE, piece("{\"", 1), piece("a", length), piece("\":1}", 1));
        }
        plain("unclosed name", piece("{\"", 1), piece("a", 70_000));
    }

    private void numbers() throws IOException {
        for (int length : new int[] {999, 1000, 1001, 1002, 5000}) {
            plain("integer of " + length, piece("7", length));
            plain("negative integer of " + length, piece("-", 1), piece("7", length));
            plain("integer in a list of " + length, piece("[", 1), piece("7", length), piece("]", 1));
            plain("fraction of " + length, piece("0.", 1), piece("7", length));
            plain("with exponent " + length, piece("7", length), piece("e5", 1));
            plain("with signed exponent " + length, piece("7", length), piece("e-5", 1));
            plain("zeros in the exponent " + length, piece("1e", 1), piece("0", length), piece("5", 1));
            plain("zeros in front " + length, piece("0", length), piece("5", 1));
            plain("zeros in front of a fraction " + length, piece("0", length), piece("5.5", 1));
            plain("negative zeros in front " + length, piece("-", 1), piece("0", length), piece("5", 1));
            read("an int " + length, Map.of(), StandardCharsets.UTF_8, piece("{\"schema\":{\"type\":\"int32\"},\"payload\":", 1), piece("7", length), piece("}", 1));
        }
    }

    private void nesting() throws IOException {
        for (int depth : new int[] {999, 1000, 1001, 5000, 100_000}) {
            plain("lists " + depth, piece("[", depth), piece("]", depth));
            plain("unclosed lists " + depth, piece("[", depth));
            plain("objects " + depth, piece("{\"a\":", depth), piece("1", 1), piece("}", depth));
            read("payload of " + depth, Map.of(), StandardCharsets.UTF_8, piece("{\"schema\":null,\"payload\":", 1), piece("[", depth), piece("]", depth), piece("}", 1));
            read("schema of " + depth, Map.of(), StandardCharsets.UTF_8, piece("{\"payload\":null,\"schema\":", 1), piece("{\"type\":\"array\",\"optional\":true,\"items\":", depth),
                piece("{\"type\":\"int8\"}", 1), piece("}", depth), piece("}", 1));
            written("lists", depth, "list");
            written("maps", depth, "map");
            written("arrays with schema", depth, "array");
        }
    }

    /** Connect data that many levels deep, written; Java's own stack ends somewhere above 1,000. */
    private void written(String name, int depth, String kind) throws IOException {
        if (depth > 1001) {
            return;
        }
        ObjectNode input = Golden.object().put("write", kind).put("depth", depth);
        golden.add("write " + name + " " + depth, input, () -> {
            Object value = "list".equals(kind) || "array".equals(kind) ? List.of() : Map.of();
            Schema schema = "array".equals(kind) ? SchemaBuilder.array(Schema.INT8_SCHEMA).build() : null;
            for (int level = 1; level < depth; level++) {
                value = "map".equals(kind) ? Map.of("a", value) : List.of(value);
                schema = schema == null ? null : SchemaBuilder.array(schema).build();
            }
            try (JsonConverter converter = new JsonConverter()) {
                converter.configure(Map.of("schemas.enable", "false"), false);
                return Golden.object().put("length", converter.fromConnectData("topic", schema, value).length);
            }
        });
    }
}
