import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Path;
import java.text.SimpleDateFormat;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.Date;
import java.util.GregorianCalendar;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.TimeZone;

/** java.text.SimpleDateFormat in the locale en_US and in UTC, a fresh instance per case. */
final class DateFormatGoldens {
    private static final TimeZone UTC = TimeZone.getTimeZone("UTC");
    private static final String COLON_ZONE = "X".repeat(3);
    private static final int GENERATED = 150;
    private static final long[] MOMENTS = {
        0, -1, 1_600_000_000_123L, 1_609_459_199_999L, 1_609_459_200_000L, 951_782_400_000L, 1_577_836_800_000L, 1_577_750_400_000L, 1_483_228_799_000L, 43_200_000L, 3_599_999L,
        -12_219_292_800_000L, -12_219_292_800_001L, -12_219_897_600_000L, -12_212_553_600_000L, -62_135_769_600_000L, -62_135_769_600_001L, -62_167_392_000_000L, 253_402_300_800_000L,
        -99_999_999_999_999L, Long.MAX_VALUE, Long.MIN_VALUE, -14_830_974_000_000L};

    private final Golden golden;
    private int number;

    private DateFormatGoldens(Golden golden) {
        this.golden = golden;
    }

    static void write(Path folder) throws IOException {
        Locale usual = Locale.getDefault();
        Locale.setDefault(Locale.US);
        try (Golden golden = new Golden(folder, "date-format")) {
            DateFormatGoldens goldens = new DateFormatGoldens(golden);
            goldens.patterns();
            goldens.formats();
            DateTexts.each(goldens::parse);
            goldens.generated();
        } finally {
            Locale.setDefault(usual);
        }
    }

    private static SimpleDateFormat format(String pattern) {
        SimpleDateFormat format = new SimpleDateFormat(pattern);
        format.setTimeZone(UTC);
        // The window of two-digit years moves with the clock; here it begins in 1950.
        format.set2DigitYearStart(new GregorianCalendar(1950, Calendar.JANUARY, 1).getTime());
        return format;
    }

    private void print(String pattern, long millis) throws IOException {
        ObjectNode input = Golden.object();
        input.put("pattern", pattern);
        input.put("millis", millis);
        golden.add(String.format("format %04d", ++number), input, () -> Golden.NODES.textNode(format(pattern).format(new Date(millis))));
    }

    private void parse(String pattern, String text) throws IOException {
        ObjectNode input = Golden.object();
        input.put("pattern", pattern);
        input.put("text", text);
        golden.add(String.format("parse %04d", ++number), input, () -> Golden.NODES.numberNode(format(pattern).parse(text).getTime()));
    }

    private void patterns() throws IOException {
        for (String pattern : new String[] {"", " ", "bogus", "b", "'", "yyyy'", "''", "'''", "''''", "'a''b'", "yyyy'T", "yyyy''MM", "é", "yyyy年MM月", "'é'", "XXXX", "X", "XX", COLON_ZONE, "XXXXX", "\uD83D\uDE00yyyy",
            "'only text'", "#", "yyyy-MM-dd'T'HH:mm:ss.SSS" + COLON_ZONE, "I", "e", "c", "A", "B", "Q", "V", "n", "N", "x", "O", "p", "[yyyy]", "{y}", "y'M'd''''H", "yyyy.MM.dd G 'at' HH:mm:ss z", "h:mm a", "0", "~!@$%^&*()_+",
            "a'b'", "C", "D", "U", "R", "J", "T", "i", "f", "g", "j", "l", "o", "q", "r", "t", "v", "P", "yyyyXXXXXXXX"}) {
            print(pattern, 1_600_000_000_123L);
        }
    }

    private void formats() throws IOException {
        String letters = "GyMdkHmsSEDFwWahKzZYuXL";
        for (char letter : letters.toCharArray()) {
            for (int count : letter == 'X' ? new int[] {1, 2, 3} : new int[] {1, 2, 3, 4, 5, 6}) {
                for (long millis : new long[] {1_600_000_000_123L, 1_577_750_400_000L, -62_135_769_600_001L}) {
                    print(String.valueOf(letter).repeat(count), millis);
                }
            }
        }
        for (long millis : MOMENTS) {
            print("GG y yy yyy yyyy yyyyy YYYY YY Y", millis);
            print("M MM MMM MMMM L LL LLL LLLL", millis);
            print("d D DDD F w ww W u E EEEE a", millis);
            print("H HH k kk K KK h hh m mm s ss S SS SSS SSSS z Z X XX zzzz " + COLON_ZONE, millis);
        }
        for (int month = 0; month < 12; month++) {
            print("EEE, d MMM yyyy", 1_580_515_200_000L + month * 2_629_746_000L);
            print("EEEE MMMM LLL", 1_580_515_200_000L + month * 2_629_746_000L);
        }
        for (int day = 0; day < 24; day++) {
            print("yyyy-MM-dd Y w W F u D", new GregorianCalendar(1995 + day, Calendar.DECEMBER, 25 + day % 10).getTimeInMillis());
            print("yyyy-MM-dd G Y w W F u D", -12_219_292_800_000L + (day - 12) * 86_400_000L);
        }
        for (int day = 0; day < 8; day++) {
            print("yyyy-MM-dd G Y w W F u D", -12_212_640_000_000L + day * 86_400_000L);
            print("yyyy-MM-dd G Y w W F u D", -12_244_089_600_000L + day * 86_400_000L);
        }
        print("y".repeat(400), 0);
        print("M".repeat(300), 0);
    }

    /** Random patterns, what they print and what comes back from reading that, and from reading it damaged. */
    private void generated() throws IOException {
        Random random = new Random(20_240_229L);
        String[] parts = {"yyyy", "yy", "MM", "M", "MMM", "MMMM", "dd", "d", "HH", "H", "kk", "hh", "KK", "a", "mm", "ss", "SSS", "E", "EEEE", "D", "w", "W", "F", "u", "G", "Z", "X", COLON_ZONE, "YYYY", "LL", "LLL"};
        String[] separators = {"-", "/", " ", ":", ".", "'T'", ",", "''", ""};
        for (int round = 0; round < GENERATED; round++) {
            StringBuilder pattern = new StringBuilder();
            List<String> used = new ArrayList<>();
            int size = 2 + random.nextInt(6);
            for (int i = 0; i < size; i++) {
                String part = parts[random.nextInt(parts.length)];
                used.add(part);
                pattern.append(i == 0 ? "" : separators[random.nextInt(separators.length)]).append(part);
            }
            long millis = (long) (random.nextDouble() * 6.0e12) - 2_000_000_000_000L;
            print(pattern.toString(), millis);
            String text = format(pattern.toString()).format(new Date(millis));
            parse(pattern.toString(), text);
            int at = random.nextInt(text.length());
            String[] pieces = {"9", "-", " ", "x", "", "0", "31", "J"};
            parse(pattern.toString(), text.substring(0, at) + pieces[random.nextInt(pieces.length)] + text.substring(at + 1));
        }
    }
}
