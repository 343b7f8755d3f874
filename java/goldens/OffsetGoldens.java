import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.runtime.standalone.StandaloneConfig;
import org.apache.kafka.connect.storage.FileOffsetBackingStore;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The standalone offset file, and the bytes of offset keys and values. */
final class OffsetGoldens {
    private OffsetGoldens() {
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "offset-file-write")) {
            for (int size : new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 24, 25, 48, 49, 100}) {
                written(golden, "entries " + size, entries(size));
            }
            Map<String, String> nulls = new LinkedHashMap<>();
            nulls.put("[\"c\",{\"filename\":\"gone\"}]", null);
            nulls.put("[\"c\",{\"filename\":\"kept\"}]", "{\"position\":6}");
            written(golden, "null value", nulls);
            Map<String, String> text = new LinkedHashMap<>();
            text.put("[\"\u00e4\u65e5\",{\"filename\":\"/tmp/\ud83d\ude00\"}]", "{\"position\":1}");
            written(golden, "unicode", text);
            Map<String, String> empty = new LinkedHashMap<>();
            empty.put("", "");
            written(golden, "empty key and value", empty);
            Map<String, String> nullKey = new LinkedHashMap<>();
            nullKey.put(null, "{}");
            written(golden, "null key", nullKey);
        }
        try (Golden golden = new Golden(folder, "offset-file-read")) {
            reads(golden);
        }
        try (Golden golden = new Golden(folder, "offset-keys")) {
            keys(golden);
        }
    }

    private static Map<String, String> entries(int size) {
        Map<String, String> entries = new LinkedHashMap<>();
        for (int i = 0; i < size; i++) {
            entries.put("[\"connector\",{\"filename\":\"/tmp/file-" + i + "\"}]", "{\"position\":" + i * 1000 + "}");
        }
        return entries;
    }

    /** Input: the entries set in one call. Output: the file; its entries stand in the order of byte arrays' identity hash codes, so any order is right. */
    private static void written(Golden golden, String name, Map<String, String> entries) throws IOException {
        ObjectNode input = Golden.object();
        ArrayNode list = input.putArray("entries");
        entries.forEach((key, value) -> list.addArray().add(key).add(value));
        golden.add(name, input, () -> {
            Path file = Files.createTempFile("golden", ".offsets");
            Files.delete(file);
            file.toFile().deleteOnExit();
            FileOffsetBackingStore store = store(file);
            Map<ByteBuffer, ByteBuffer> raw = new HashMap<>();
            entries.forEach((key, value) -> raw.put(buffer(key), buffer(value)));
            store.set(raw, null).get();
            store.stop();
            ObjectNode output = Golden.object();
            output.put("file", Golden.base64(Files.readAllBytes(file)));
            return output;
        });
    }

    private static ByteBuffer buffer(String text) {
        return text == null ? null : ByteBuffer.wrap(JsonGoldens.utf8(text));
    }

    private static FileOffsetBackingStore store(Path file) {
        JsonConverter keys = new JsonConverter();
        keys.configure(Map.of("schemas.enable", "false"), true);
        FileOffsetBackingStore store = new FileOffsetBackingStore(keys);
        store.configure(new StandaloneConfig(Map.of(
                "bootstrap.servers", "127.0.0.1:9092",
                "key.converter", JsonConverter.class.getName(),
                "value.converter", JsonConverter.class.getName(),
                "offset.storage.file.filename", file.toString())));
        store.start();
        return store;
    }

    private static void reads(Golden golden) throws IOException {
        byte[] key = JsonGoldens.utf8("[\"c\",{\"filename\":\"f\"}]");
        byte[] other = JsonGoldens.utf8("[\"c\",{\"filename\":\"g\"}]");
        byte[] value = JsonGoldens.utf8("{\"position\":6}");
        HashMap<byte[], byte[]> one = new HashMap<>();
        one.put(key, value);
        byte[] good = serialised(one);
        read(golden, "one entry", good, List.of(key));
        read(golden, "empty file", new byte[0], List.of(key));
        for (int length : new int[] {1, 4, 10, 30, good.length / 2, good.length - 1}) {
            read(golden, "cut after " + length, Arrays.copyOf(good, length), List.of(key));
        }
        byte[] longer = Arrays.copyOf(good, good.length + 3);
        read(golden, "bytes behind the end", longer, List.of(key));
        read(golden, "not a stream", JsonGoldens.utf8("{\"a\":1}"), List.of());
        HashMap<byte[], byte[]> shared = new HashMap<>();
        shared.put(key, value);
        shared.put(other, value);
        read(golden, "one array used twice", serialised(shared), List.of(key, other));
        HashMap<byte[], byte[]> itself = new HashMap<>();
        itself.put(key, key);
        read(golden, "key is its own value", serialised(itself), List.of(key));
        HashMap<byte[], byte[]> nulls = new HashMap<>();
        nulls.put(key, null);
        read(golden, "null value", serialised(nulls), List.of(key));
        HashMap<byte[], byte[]> small = new HashMap<>(1, 0.5f);
        small.put(key, value);
        read(golden, "another capacity and load factor", serialised(small), List.of(key));
        HashMap<byte[], byte[]> big = new HashMap<>(1000);
        big.put(key, value);
        read(golden, "large capacity", serialised(big), List.of(key));
        read(golden, "a TreeMap", serialised(new TreeMap<>(Map.of("a", "b"))), List.of());
        read(golden, "a LinkedHashMap", serialised(new LinkedHashMap<>(one)), List.of(key));
        read(golden, "a String", serialised("text"), List.of());
        read(golden, "null", serialised(null), List.of());
        read(golden, "a HashMap of Strings", serialised(new HashMap<>(Map.of("a", "b"))), List.of());
        read(golden, "an empty HashMap", serialised(new HashMap<>()), List.of(key));
    }

    private static byte[] serialised(Object object) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        return bytes.toByteArray();
    }

    /** Input: a file and the keys asked for. Output: the values of those keys, or the error at start. */
    private static void read(Golden golden, String name, byte[] content, List<byte[]> asked) throws IOException {
        ObjectNode input = Golden.object();
        input.put("file", Golden.base64(content));
        ArrayNode keys = input.putArray("keys");
        asked.forEach(key -> keys.add(Golden.base64(key)));
        golden.add(name, input, () -> {
            Path file = Files.createTempFile("golden", ".offsets");
            file.toFile().deleteOnExit();
            Files.write(file, content);
            FileOffsetBackingStore store = store(file);
            List<ByteBuffer> wanted = new ArrayList<>();
            asked.forEach(key -> wanted.add(ByteBuffer.wrap(key)));
            Map<ByteBuffer, ByteBuffer> found = store.get(wanted).get();
            store.stop();
            ObjectNode output = Golden.object();
            ArrayNode values = output.putArray("values");
            for (ByteBuffer key : wanted) {
                ByteBuffer value = found.get(key);
                values.add(value == null ? null : Golden.base64(value.array()));
            }
            return output;
        });
    }

    private static void keys(Golden golden) throws IOException {
        String[] names = {"filename", "server", "database", "schema", "table", "topic", "partition", "cluster", "sourceCluster", "targetCluster", "group", "query", "incremental", "protocol", "Aa", "BB",
            "AaAa", "BBBB", "AaBB", "\u00fc", "\u65e5\u672c", "a", "b", "c", "d", "e", "f", "0", "1", "", "kafka_topic", "shard", "bucket", "prefix", "path", "host", "port", "collection"};
        for (int size = 1; size <= 14; size++) {
            for (int round = 0; round < (size <= 6 ? 6 : 2); round++) {
                Map<String, Object> partition = new LinkedHashMap<>();
                for (int i = 0; i < size; i++) {
                    partition.put(names[(round * 7 + i * (round + 1)) % names.length], value(i + round));
                }
                key(golden, "map of " + size + " #" + round, "connector", partition);
            }
        }
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("string", "x\"\\\u00e4/");
        values.put("int8", (byte) 1);
        values.put("int16", (short) 2);
        values.put("int32", 3);
        values.put("int64", 4L);
        values.put("float32", 1.1f);
        values.put("float64", 1e21);
        values.put("boolean", true);
        values.put("null", null);
        values.put("bytes", new byte[] {1, 2});
        key(golden, "all types", "connector", values);
        key(golden, "empty map", "connector", new LinkedHashMap<>());
        key(golden, "no map", "connector", null);
        key(golden, "name in need of escapes", "c\"\\/\u00e4\n", Collections.singletonMap("filename", "/tmp/f"));
        key(golden, "null filename", "connector", Collections.singletonMap("filename", null));
        key(golden, "decimal value", "connector", Map.of("d", new java.math.BigDecimal("1.5")));
        key(golden, "nested map", "connector", Map.of("m", Map.of("a", 1)));
    }

    private static Object value(int i) {
        return switch (i % 5) {
            case 0 -> "text " + i;
            case 1 -> (long) i * 1_000_000_007L;
            case 2 -> null;
            case 3 -> i;
            default -> i % 2 == 0;
        };
    }

    /** Input: the partition's pairs in the order put. Output: the pairs in a java.util.HashMap's order, the offset key made from it, and the pairs as an offset value. */
    private static void key(Golden golden, String name, String connector, Map<String, Object> partition) throws IOException {
        ObjectNode input = Golden.object();
        input.put("connector", connector);
        input.set("partition", Typed.value(null, partition));
        golden.add(name, input, () -> {
            Map<String, Object> hashed = null;
            if (partition != null) {
                hashed = new HashMap<>();
                for (Map.Entry<String, Object> entry : partition.entrySet()) {
                    hashed.put(entry.getKey(), entry.getValue());
                }
            }
            org.apache.kafka.connect.storage.OffsetUtils.validateFormat(hashed);
            try (JsonConverter converter = new JsonConverter()) {
                converter.configure(Map.of("schemas.enable", "false"), true);
                ObjectNode output = Golden.object();
                output.set("hashed", Typed.value(null, hashed));
                output.set("key", Golden.bytes(converter.fromConnectData(connector, null, Arrays.asList(connector, hashed))));
                output.set("value", Golden.bytes(converter.fromConnectData(connector, null, hashed)));
                return output;
            }
        });
    }
}
