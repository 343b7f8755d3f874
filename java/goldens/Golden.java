import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** One golden file: a JSON line per case, with what the real class answered or threw. */
final class Golden implements Closeable {
    static final JsonNodeFactory NODES = JsonNodeFactory.withExactBigDecimals(true);
    private static final ObjectMapper JSON = new ObjectMapper()
            .setNodeFactory(NODES)
            .configure(JsonGenerator.Feature.AUTO_CLOSE_TARGET, false);
    /** The end of an object's default text, another one in each run. */
    private static final Pattern IDENTITY = Pattern.compile("(?<=\\w)@[0-9a-f]{5,8}\\b");
    private static final int MAX_CAUSES = 5;

    /** Calls the real class; what it throws becomes the case's error. */
    interface Body {
        JsonNode run() throws Throwable;
    }

    private final BufferedWriter out;
    private final Path file;
    private final Set<String> names = new HashSet<>();
    private int count;

    Golden(Path folder, String name) throws IOException {
        file = folder.resolve(name + ".jsonl");
        out = Files.newBufferedWriter(file, StandardCharsets.UTF_8);
    }

    void add(String name, ObjectNode input, Body body) throws IOException {
        if (!names.add(name)) {
            throw new IllegalStateException("two cases are called " + name + " in " + file);
        }
        ObjectNode line = object();
        line.put("case", name);
        line.set("input", input);
        try {
            JsonNode output = body.run();
            line.set("output", output == null ? NODES.nullNode() : output);
        } catch (Throwable thrown) {
            line.set("error", error(thrown, 0));
        }
        out.write(JSON.writeValueAsString(line));
        out.write('\n');
        count++;
    }

    @Override
    public void close() throws IOException {
        out.close();
        System.out.println(file.getFileName() + ": " + count + " cases");
    }

    private static JsonNode error(Throwable thrown, int depth) {
        ObjectNode node = object();
        node.put("class", thrown.getClass().getName());
        String message = thrown.getMessage();
        node.put("message", message == null ? null : IDENTITY.matcher(message).replaceAll("@<identity>"));
        if (thrown.getCause() != null && thrown.getCause() != thrown && depth < MAX_CAUSES) {
            node.set("cause", error(thrown.getCause(), depth + 1));
        }
        return node;
    }

    static ObjectNode object() {
        return NODES.objectNode();
    }

    static ObjectNode config(Map<String, ?> config) {
        ObjectNode node = object();
        new TreeMap<>(config).forEach((key, value) -> node.put(key, value == null ? null : value.toString()));
        return node;
    }

    /** Bytes as Base64 and, to be readable, as the text they hold. */
    static ObjectNode bytes(byte[] bytes) {
        ObjectNode node = object();
        if (bytes == null) {
            node.putNull("bytes");
            return node;
        }
        node.put("bytes", base64(bytes));
        String text = new String(bytes, StandardCharsets.UTF_8);
        if (java.util.Arrays.equals(text.getBytes(StandardCharsets.UTF_8), bytes)) {
            node.put("text", text);
        }
        return node;
    }

    static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
