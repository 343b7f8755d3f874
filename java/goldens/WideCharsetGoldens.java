import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;

/** The character sets of several bytes: sums over what they make of all short byte sequences, all characters, and random ones. */
final class WideCharsetGoldens {
    /** What a random text begins with: a whole block, or a part of one. */
    private static final int[][] BLOCKS = {
        {0, 0x80}, {0xa0, 0x60}, {0x2000, 0x700}, {0x3000, 0x100}, {0x4e00, 0x5200}, {0xac00, 0x2ba4}, {0xe000, 0x1900},
        {0xff00, 0xf0}, {0x10000, 0x10000}, {0x20000, 0xa6e0}, {0, 0xd800}
    };
    /** Two characters that are one in some sets, and a line's end. */
    private static final List<String> TEXTS = List.of("\u304b\u309a", "\u02e9\u02e5", "\u00e6\u0300", "\u304b", "\u02e5", "\n");
    /** Sequences of seven-bit sets, whole and broken. */
    private static final List<String> SEQUENCES = List.of("\u001b$B", "\u001b(B", "\u001b(J", "\u001b(I", "\u001b$@", "\u001b$(D",
            "\u001b$)C", "\u001b$)A", "\u001b$)G", "\u001b$*H", "\u001b$+I", "\u001b$A", "\u001bN", "\u001bO", "\u001b$", "\u001b$(", "\u001b(",
            "\u001b", "\u000e", "\u000f", "\n");
    /** The characters that are written, in blocks of 4,096: the first block, how many. */
    private static final int[][] RANGES = {{0, 0x11}, {0x1f, 1}, {0x20, 0x10}, {0xe0, 1}, {0x10f, 1}};
    /** The sets that one other set tells from each other, and the characters with which it is tried. */
    private static final String[] DETECTED = {"Shift_JIS", "EUC-JP", "ISO-2022-JP"};
    private static final int[][] JAPANESE = {{0x3041, 0x53}, {0x30a1, 0x56}, {0xff61, 0x3f}, {0xff61, 0x3f}, {0x4e00, 0x1000}, {0x20, 0x5f}};
    private static final int GROUPS = 20;
    private static final int IN_GROUP = 100;

    private long state;

    private WideCharsetGoldens(long state) {
        this.state = state;
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "charsets-wide")) {
            for (Charset charset : Charset.availableCharsets().values()) {
                if (CharsetTables.Family.of(charset) != CharsetTables.Family.NONE) {
                    golden.add(charset.name(), Golden.object(), () -> sums(charset));
                }
            }
        }
    }

    private static ObjectNode sums(Charset charset) {
        ObjectNode node = Golden.object();
        node.set("aliases", CharsetGoldens.strings(new TreeSet<>(charset.aliases())));
        StringBuilder pairs = new StringBuilder();
        for (int first = 0; first < 256; first++) {
            Sum sum = new Sum();
            sum.add(new String(new byte[] {(byte) first}, charset));
            for (int second = 0; second < 256; second++) {
                sum.add(new String(new byte[] {(byte) first, (byte) second}, charset));
            }
            pairs.append(sum);
        }
        node.put("pairs", pairs.toString());
        StringBuilder read = new StringBuilder();
        WideCharsetGoldens random = new WideCharsetGoldens(1);
        for (int group = 0; group < GROUPS; group++) {
            Sum sum = new Sum();
            for (int at = 0; at < IN_GROUP; at++) {
                sum.add(new String(random.bytes(), charset));
            }
            read.append(sum);
        }
        node.put("read", read.toString());
        if (charset.name().equals("x-JISAutoDetect")) {
            random = new WideCharsetGoldens(3);
            StringBuilder detected = new StringBuilder();
            for (String name : DETECTED) {
                Sum sum = new Sum();
                for (int at = 0; at < IN_GROUP * 10; at++) {
                    byte[] bytes = random.japanese().getBytes(Charset.forName(name));
                    sum.add(new String(bytes, 0, bytes.length - random.below(2), charset));
                }
                detected.append(sum);
            }
            node.put("detected", detected.toString());
        }
        if (!charset.canEncode()) {
            return node;
        }
        StringBuilder characters = new StringBuilder();
        for (int[] range : RANGES) {
            for (int block = range[0]; block < range[0] + range[1]; block++) {
                Sum sum = new Sum();
                for (int page = block << 4; page < block + 1 << 4; page++) {
                    sum.add(page(page).getBytes(charset));
                }
                characters.append(sum);
            }
        }
        node.put("characters", characters.toString());
        random = new WideCharsetGoldens(2);
        StringBuilder written = new StringBuilder();
        for (int group = 0; group < GROUPS; group++) {
            Sum sum = new Sum();
            for (int at = 0; at < IN_GROUP; at++) {
                sum.add(random.text().getBytes(charset));
            }
            written.append(sum);
        }
        node.put("written", written.toString());
        return node;
    }

    /** 256 characters, each behind a line's end. */
    private static String page(int page) {
        StringBuilder text = new StringBuilder();
        for (int character = page << 8; character < page + 1 << 8; character++) {
            if (character < 0xd800 || character >= 0xe000) {
                text.append('\n').appendCodePoint(character);
            }
        }
        return text.toString();
    }

    private int below(int limit) {
        state = state * 6364136223846793005L + 1442695040888963407L;
        return (int) ((state >>> 33) % limit);
    }

    private int between(int first, int last) {
        return first + below(last - first + 1);
    }

    private byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int pieces = between(1, 12); pieces > 0; pieces--) {
            switch (below(8)) {
                case 0:
                    out.write(below(256));
                    break;
                case 1:
                    out.write(between(0x20, 0x7e));
                    break;
                case 2:
                    out.write(between(0xa1, 0xfe));
                    out.write(between(0xa1, 0xfe));
                    break;
                case 3:
                    out.write(between(0x81, 0xfe));
                    out.write(between(0x40, 0xfe));
                    break;
                case 4:
                    out.writeBytes(SEQUENCES.get(below(SEQUENCES.size())).getBytes(StandardCharsets.US_ASCII));
                    break;
                case 5:
                    out.write(between(0x21, 0x7e));
                    out.write(between(0x21, 0x7e));
                    break;
                case 6:
                    out.write(between(0x8e, 0x8f));
                    out.write(between(0xa0, 0xaf));
                    out.write(between(0xa1, 0xfe));
                    out.write(between(0xa1, 0xfe));
                    break;
                default:
                    out.write(between(0x81, 0xfe));
                    out.write(between(0x30, 0x39));
                    out.write(between(0x81, 0xfe));
                    out.write(between(0x30, 0x39));
                    break;
            }
        }
        return out.toByteArray();
    }

    private String text() {
        StringBuilder out = new StringBuilder();
        for (int pieces = between(1, 12); pieces > 0; pieces--) {
            int kind = below(BLOCKS.length + 1);
            if (kind == BLOCKS.length) {
                out.append(TEXTS.get(below(TEXTS.size())));
            } else {
                out.appendCodePoint(BLOCKS[kind][0] + below(BLOCKS[kind][1]));
            }
        }
        return out.toString();
    }

    /** At least one character; few are best, for they fit several sets. */
    private String japanese() {
        StringBuilder out = new StringBuilder();
        for (int pieces = between(1, 6); pieces > 0; pieces--) {
            int[] block = JAPANESE[below(JAPANESE.length)];
            out.append((char) (block[0] + below(block[1])));
        }
        return out.toString();
    }

    /** FNV-1a over bytes, with FF behind each piece. */
    private static final class Sum {
        private int sum = 0x811c9dc5;

        void add(String text) {
            add(text.getBytes(StandardCharsets.UTF_8));
        }

        void add(byte[] bytes) {
            for (byte value : bytes) {
                add(value);
            }
            add((byte) 0xff);
        }

        private void add(byte value) {
            sum = (sum ^ value & 0xff) * 0x01000193;
        }

        @Override
        public String toString() {
            return String.format("%08x", sum);
        }
    }
}
