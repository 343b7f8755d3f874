import com.github.luben.zstd.Zstd;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The tables of Java's character sets of several bytes, asked byte by byte, and the list of those sets: the files from which
 * the converters are built. A table is a tree: each node has a unit of 16 bits for each of 256 bytes, or several.
 */
final class CharsetTables {
    /** A byte sequence that is no character: the number of bytes that are skipped is added. */
    static final int FLAW = 0xfff0;
    /** The start of four bytes whose character is counted, not looked up. */
    static final int COUNTED = 0xfff8;
    /** Two characters follow. */
    static final int TWO = 0xffff;
    /** The number of the node for the next byte is added. */
    static final int NODE = 0xdc00;
    private static final int LONGEST = 4;
    /** Nothing is written for a character. */
    private static final long NOTHING = 0xffffffffL;

    /** What leads to the first and the second table of Japanese mail, and what marks the bytes of the second. */
    private static final byte[] STANDARD = {0x1b, '$', 'B'};
    private static final byte[] MORE = {0x1b, '$', '(', 'D'};
    private static final int SECOND = 0x80;

    private final ByteArrayOutputStream high = new ByteArrayOutputStream();
    private final ByteArrayOutputStream low = new ByteArrayOutputStream();
    private final StringBuilder list = new StringBuilder();
    private final StringBuilder tables = new StringBuilder();
    private int written;

    private CharsetTables() {
    }

    static void write(Path folder) throws IOException {
        CharsetTables all = new CharsetTables();
        for (Family family : Family.values()) {
            for (Charset charset : Charset.availableCharsets().values()) {
                if (family != Family.NONE && Family.of(charset) == family) {
                    all.add(charset, family);
                }
            }
        }
        all.finish(folder);
    }

    private void add(Charset charset, Family family) {
        String table = family.table(charset.name());
        if (table == null) {
            table = charset.name();
            int from = written;
            new Table(charset, family).write();
            tables.append(table).append('\t').append(from).append('\t').append(written - from).append('\n');
        }
        list.append(charset.name()).append('\t').append(String.join(",", new TreeSet<>(charset.aliases()))).append('\t')
                .append(family.name().toLowerCase()).append('\t').append(table).append('\t').append(replacement(charset)).append('\n');
    }

    private static String replacement(Charset charset) {
        StringBuilder digits = new StringBuilder();
        for (byte value : charset.canEncode() ? charset.newEncoder().replacement() : new byte[] {'?'}) {
            digits.append(String.format("%02x", value));
        }
        return digits.toString();
    }

    private void finish(Path folder) throws IOException {
        byte[] plain = new byte[written * 2];
        System.arraycopy(high.toByteArray(), 0, plain, 0, written);
        System.arraycopy(low.toByteArray(), 0, plain, written, written);
        byte[] packed = Zstd.compress(plain, 22);
        Files.write(folder.resolve("multi_byte.zst"), packed);
        Files.writeString(folder.resolve("multi_byte.tsv"), list.toString() + tables, StandardCharsets.UTF_8);
        System.out.println("multi_byte.zst: " + plain.length + " bytes in " + packed.length);
    }

    private void unit(int value) {
        high.write(value >> 8);
        low.write(value);
        written++;
    }

    /** What tells one way of reading from another. */
    enum Family {
        PLAIN, EBCDIC, JAPANESE_TWO, JAPANESE_WIDE, JAPANESE, INDIAN, DETECTED, KOREAN, CHINESE_GB, CHINESE_CNS, CHINESE, NONE;

        static Family of(Charset charset) {
            switch (charset.name()) {
                case "ISO-2022-JP": case "x-windows-iso2022jp":
                    return JAPANESE;
                case "ISO-2022-JP-2": case "x-windows-50221":
                    return JAPANESE_TWO;
                case "x-windows-50220":
                    return JAPANESE_WIDE;
                case "ISO-2022-KR":
                    return KOREAN;
                case "ISO-2022-CN":
                    return CHINESE;
                case "x-ISO-2022-CN-CNS":
                    return CHINESE_CNS;
                case "x-ISO-2022-CN-GB":
                    return CHINESE_GB;
                case "x-ISCII91":
                    return INDIAN;
                case "x-JISAutoDetect":
                    return DETECTED;
                case "CESU-8":
                    return NONE;
                default:
                    if (charset.name().contains("UTF") || charset.newEncoder().maxBytesPerChar() == 1) {
                        return NONE;
                    }
                    return charset.newDecoder().getClass().getName().endsWith("EBCDIC") ? EBCDIC : PLAIN;
            }
        }

        boolean isJapanese() {
            return this == JAPANESE || this == JAPANESE_TWO || this == JAPANESE_WIDE;
        }

        /** The set whose table is used, if it is not the set's own. */
        String table(String name) {
            switch (name) {
                case "ISO-2022-KR":
                    return "EUC-KR";
                case "ISO-2022-CN": case "x-ISO-2022-CN-CNS": case "x-ISO-2022-CN-GB":
                    return "GB2312,x-EUC-TW";
                case "x-JISAutoDetect":
                    return "Shift_JIS,EUC-JP,ISO-2022-JP-2";
                case "ISO-2022-JP":
                    return "ISO-2022-JP-2";
                case "x-windows-50221":
                    return "x-windows-50220";
                default:
                    return null;
            }
        }

        /** What is written before the bytes of each tree, and what is told apart by the first bit of the tree's characters. */
        List<byte[]> before(String name) {
            switch (this) {
                case EBCDIC:
                    return List.of(new byte[0], new byte[] {0x0e});
                case JAPANESE: case JAPANESE_TWO: case JAPANESE_WIDE:
                    return name.equals("x-windows-iso2022jp") ? List.of(STANDARD) : List.of(STANDARD, MORE);
                default:
                    return List.of(new byte[0]);
            }
        }
    }

    /** One set's table. */
    private final class Table {
        private final Charset charset;
        private final Family family;
        private final boolean counted;
        private final CharsetDecoder decoder;
        private final byte[] space = new byte[32];
        private final List<int[]> nodes = new ArrayList<>();
        private final Map<String, Integer> known = new HashMap<>();
        /** The bytes of each character or pair, as a number. */
        private final Map<String, Long> back = new TreeMap<>();

        Table(Charset charset, Family family) {
            this.charset = charset;
            this.family = family;
            counted = charset.name().equals("GB18030");
            decoder = charset.newDecoder().onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT);
        }

        void write() {
            List<Integer> roots = new ArrayList<>();
            for (byte[] before : family.before(charset.name())) {
                roots.add(node(before, before.length));
            }
            List<int[]> ways = ways();
            List<int[]> ranges = counted ? ranges() : List.of();
            unit(roots.size());
            for (int at = 0; at < roots.size(); at++) {
                unit(roots.get(at));
                unit(at > 0 && family.isJapanese() ? SECOND : 0);
            }
            unit(nodes.size());
            for (int[] node : nodes) {
                for (int value : node) {
                    unit(value);
                }
            }
            System.out.println(charset + " nodes " + nodes.size() + " ways " + ways.size() + " ranges " + ranges.size());
            for (List<int[]> part : List.of(ways, ranges)) {
                unit(part.size());
                for (int[] values : part) {
                    for (int value : values) {
                        unit(value);
                    }
                }
            }
        }

        private int node(byte[] prefix, int before) {
            int[] values = new int[256];
            List<Integer> units = new ArrayList<>();
            byte[] bytes = Arrays.copyOf(prefix, prefix.length + 1);
            char[] characters = new char[4];
            for (int value = 0; value < 256; value++) {
                bytes[prefix.length] = (byte) value;
                // The Indian set's decoder remembers letters even then.
                CharsetDecoder decoder = family == Family.INDIAN ? charset.newDecoder() : this.decoder.reset();
                ByteBuffer in = ByteBuffer.wrap(bytes);
                CharBuffer out = CharBuffer.wrap(characters);
                CoderResult result = decoder.decode(in, out, false);
                if (out.position() > 0 && in.hasRemaining()) {
                    throw new IllegalStateException(charset + " " + Arrays.toString(bytes));
                }
                if (out.position() > 0) {
                    String text = new String(characters, 0, out.position());
                    leaf(text, bytes, before, units);
                } else if (!result.isUnderflow()) {
                    units.add(FLAW + result.length());
                } else if (!in.hasRemaining()) {
                    // Some bytes say only what comes next; a letter of India may wait for the next one.
                    units.add(family == Family.INDIAN ? (int) new String(bytes, charset).charAt(0) : FLAW + 1);
                } else if (bytes.length - before == 2 && counted) {
                    units.add(COUNTED);
                } else if (bytes.length - before == LONGEST) {
                    throw new IllegalStateException(charset + " " + Arrays.toString(bytes));
                } else {
                    int next = node(bytes, before);
                    int[] child = nodes.get(next);
                    boolean one = Arrays.stream(child).allMatch(unit -> unit == FLAW + 1);
                    units.add(one ? FLAW + 1 : NODE + next);
                }
            }
            values = units.stream().mapToInt(Integer::intValue).toArray();
            String key = Arrays.toString(values);
            Integer same = known.get(key);
            if (same != null) {
                return same;
            }
            known.put(key, nodes.size());
            nodes.add(values);
            if (nodes.size() >= 0x400) {
                throw new IllegalStateException(charset.name());
            }
            return nodes.size() - 1;
        }

        private void leaf(String text, byte[] bytes, int before, List<Integer> units) {
            int first = text.charAt(0);
            boolean pair = text.length() == 2 && Character.isSurrogatePair(text.charAt(0), text.charAt(1));
            if (text.length() == 2 && !pair) {
                units.add(TWO);
            } else if (text.length() > 2 || !pair && (first >= FLAW && family != Family.INDIAN || first >= 0xd800 && first < 0xe000)) {
                throw new IllegalStateException(charset + " " + Arrays.toString(bytes) + " " + first);
            }
            text.chars().forEach(units::add);
            long number = 0;
            for (int at = before; at < bytes.length; at++) {
                number = number << 8 | bytes[at] & 0xff;
            }
            back.put(text, number | (before == MORE.length ? SECOND << 16 : 0));
        }

        /** The characters that are written otherwise than the last bytes that are read as them: character, bytes. */
        private List<int[]> ways() {
            List<int[]> ways = new ArrayList<>();
            CharsetEncoder encoder = charset.newEncoder();
            for (int character = 0; character < 0x110000; character++) {
                if (character >= 0xd800 && character < 0xe000) {
                    continue;
                }
                String text = Character.toString(character);
                long expected = back.getOrDefault(text, NOTHING);
                long actual = bytesOf(encoder, text);
                if (counted && actual > 0xffff && expected == NOTHING) {
                    continue;
                }
                if (actual != expected) {
                    ways.add(new int[] {character >> 16, character & 0xffff, (int) (actual >> 16), (int) (actual & 0xffff)});
                }
            }
            return ways;
        }

        private long bytesOf(CharsetEncoder encoder, String text) {
            ByteBuffer bytes = ByteBuffer.wrap(space);
            encoder.reset();
            if (!encoder.encode(CharBuffer.wrap(text.toCharArray()), bytes, true).isUnderflow()) {
                return NOTHING;
            }
            encoder.flush(bytes);
            bytes.flip();
            int from = 0;
            int end = bytes.limit();
            if (family == Family.EBCDIC && end > 2 && bytes.get(0) == 0x0e) {
                from = 1;
                end--;
            }
            if (family.isJapanese() && end > 1) {
                if (bytes.get(1) == '(') {
                    return NOTHING;
                }
                from = bytes.get(2) == '(' ? 4 : 3;
                end -= 3;
            }
            long number = 0;
            for (int at = from; at < end; at++) {
                number = number << 8 | bytes.get(at) & 0xff;
            }
            if (family.isJapanese() && from == 4) {
                number |= SECOND << 16;
            }
            return number;
        }

        /** Where the characters of four bytes stand that are counted: the number of the first, the first. */
        private List<int[]> ranges() {
            List<int[]> ranges = new ArrayList<>();
            int expected = -2;
            for (int number = 0; number < 126 * 126 * 100; number++) {
                int rest = number;
                byte[] bytes = new byte[4];
                bytes[3] = (byte) (0x30 + rest % 10);
                rest /= 10;
                bytes[2] = (byte) (0x81 + rest % 126);
                rest /= 126;
                bytes[1] = (byte) (0x30 + rest % 10);
                bytes[0] = (byte) (0x81 + rest / 10);
                String text = new String(bytes, charset);
                boolean one = text.codePointCount(0, text.length()) == 1 && Arrays.equals(text.getBytes(charset), bytes);
                int character = one ? text.codePointAt(0) : -1;
                if (character != expected) {
                    ranges.add(new int[] {number >> 16, number & 0xffff, character >> 16, character & 0xffff});
                }
                expected = character < 0 ? character : character + 1;
            }
            return ranges;
        }
    }
}
