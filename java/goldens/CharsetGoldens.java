import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.TreeSet;

/** The character sets of one byte per character that this Java has: names, and what each byte and character is. */
final class CharsetGoldens {
    private static final char NONE = '\ufffd';

    private CharsetGoldens() {
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "charsets")) {
            for (Charset charset : Charset.availableCharsets().values()) {
                if (!charset.canEncode() || charset.newEncoder().maxBytesPerChar() != 1 || charset.newDecoder().maxCharsPerByte() != 1) {
                    continue;
                }
                golden.add(charset.name(), Golden.object(), () -> table(charset));
            }
        }
    }

    private static ObjectNode table(Charset charset) {
        ObjectNode node = Golden.object();
        node.set("aliases", strings(new TreeSet<>(charset.aliases())));
        StringBuilder characters = new StringBuilder();
        for (int value = 0; value < 256; value++) {
            String text = new String(new byte[] {(byte) value}, charset);
            if (text.length() != 1) {
                throw new IllegalStateException(charset + " has " + text.length() + " characters for " + value);
            }
            characters.append(String.format("%04x", (int) text.charAt(0)));
        }
        node.put("decode", characters.toString());
        // Where the way back is another one: the character and its byte.
        StringBuilder others = new StringBuilder();
        byte replacement = String.valueOf(NONE).getBytes(charset)[0];
        for (int character = 0; character < 0x10000; character++) {
            if (Character.isSurrogate((char) character)) {
                continue;
            }
            byte[] bytes = String.valueOf((char) character).getBytes(charset);
            int first = characters.indexOf(String.format("%04x", character));
            while (first % 4 != 0 && first >= 0) {
                first = characters.indexOf(String.format("%04x", character), first + 1);
            }
            int expected = first < 0 || character == NONE ? replacement & 0xff : first / 4;
            if (bytes.length != 1) {
                throw new IllegalStateException(charset + " has " + bytes.length + " bytes for " + character);
            }
            if ((bytes[0] & 0xff) != expected) {
                others.append(String.format("%04x%02x", character, bytes[0]));
            }
        }
        node.put("encode", others.toString());
        node.put("replacement", replacement & 0xff);
        return node;
    }

    static com.fasterxml.jackson.databind.node.ArrayNode strings(Iterable<String> texts) {
        com.fasterxml.jackson.databind.node.ArrayNode array = Golden.NODES.arrayNode();
        texts.forEach(array::add);
        return array;
    }
}
