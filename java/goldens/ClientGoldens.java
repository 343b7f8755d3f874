import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.utils.Utils;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Properties;
import java.util.Random;
import java.util.TreeMap;

/** What is Kafka's and Java's own rather than Connect's: the partition of a key, and .properties files. */
final class ClientGoldens {
    private static final int[] PARTITION_COUNTS = {1, 2, 3, 12, 50, 1000};

    private ClientGoldens() {
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "partitioner")) {
            partitions(golden);
        }
        try (Golden golden = new Golden(folder, "properties")) {
            properties(golden);
        }
    }

    private static void partitions(Golden golden) throws IOException {
        String[] keys = {"", "a", "ab", "abc", "abcd", "abcde", "21", "foobar", "a-little-bit-long-string", "a-little-bit-longer-string", "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
            "\u00e4\u00f6\u00fc", "\u65e5\u672c\u8a9e", "{\"id\":1}", "null", "0", "1", "2", "3"};
        int number = 0;
        for (String key : keys) {
            partition(golden, ++number, key.getBytes(StandardCharsets.UTF_8));
        }
        Random random = new Random(7);
        for (int length = 0; length < 40; length++) {
            byte[] key = new byte[length];
            random.nextBytes(key);
            partition(golden, ++number, key);
        }
        partition(golden, ++number, new byte[] {-1, -1, -1, -1});
        partition(golden, ++number, new byte[] {0, 0, 0, 0, 0});
    }

    private static void partition(Golden golden, int number, byte[] key) throws IOException {
        golden.add(String.format("%03d", number), Golden.bytes(key), () -> {
            ObjectNode output = Golden.object();
            output.put("murmur2", Utils.murmur2(key));
            ObjectNode partitions = output.putObject("partitions");
            for (int count : PARTITION_COUNTS) {
                partitions.put(String.valueOf(count), BuiltInPartitioner.partitionForKey(key, count));
            }
            return output;
        });
    }

    private static void properties(Golden golden) throws IOException {
        String[] texts = {"", "a=1", "a=1\n", "a=1\r\nb=2\r\n", "a=1\rb=2", "a:1", "a 1", "a\t1", "a\f1", "a = 1", "a  =  1  ", "a:=1", "a==1", "a=:1", "a : = 1", "a", "a=", "a:", "=1", ":1", " = 1", "=",
            "# comment\na=1", "! comment\na=1", "   # comment\na=1", "a=1 # no comment", "a=#1", "#a=1", "# one \\\na=1", "a\\=b=1", "a\\:b=1", "a\\ b=1", "\\ a=1", "a=\\ 1", "a=1\\ ", "a=x\\\n  y", "a=x\\\r\n\ty",
            "a=x\\\r  y", "a=x\\\n\n  y", "a=x\\\\\nb=2", "a=x\\", "a=\\\n", "a=\\\\", "a\\\n=1", "a\\\n b=1", "a=x\\\n# y", "a=x\\\n\\\n y", "a=\\u00e4", "a=\\u65e5\\u672c", "\\u0061=1", "a\\u003db=1", "a=\\u00E4\\u00e4",
            "a=\\u12", "a=\\u12x4", "a=\\u", "a=\\u123", "\\uzzzz=1", "a=\\t\\n\\r\\f", "a=\\b\\q\\'\\\"", "a\\n=1", "a=1\na=2", "b=1\na=2", "\n\n\na=1\n\n", "  a=1", "\ta=1", "\fa=1", "  \\\n  a=1", "\\\na=1", "\\\n\na=1",
            "a=${file:/x:y}", "a=C:\\\\path\\\\x", "a=C:\\path", "a.b-c_d=1", "a=x=y:z", "key with spaces=1", "a=\ufffd", "a\\", "\\", "\\u0020a=1", "a=1\n#", "a=1\n!", "a=1\\\n", "a=\u0000", "a=1\u001ab=2", "a==", "a= =",
            "listeners=http://:8083,https://:8443", "a=\\\\u00e4", "a=\\\\\\u00e4", "a\\\\=1", "a=b\\\n\n\nc=d", "a=b\\\n  \nc=d", "a=b\\\n  #c\nc=d"};
        int number = 0;
        for (String text : texts) {
            parse(golden, ++number, text.getBytes(StandardCharsets.ISO_8859_1));
        }
        parse(golden, ++number, new byte[] {'a', '=', (byte) 0xe4});
        parse(golden, ++number, "a=\u00e4".getBytes(StandardCharsets.UTF_8));
        parse(golden, ++number, new byte[] {(byte) 0xef, (byte) 0xbb, (byte) 0xbf, 'a', '=', '1'});
        parse(golden, ++number, new byte[] {'a', '=', (byte) 0x85, 'b', (byte) 0xa0});
        StringBuilder big = new StringBuilder("long=");
        for (int i = 0; i < 3000; i++) {
            big.append("0123456789");
        }
        parse(golden, ++number, big.append("\nnext=1\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    }

    private static void parse(Golden golden, int number, byte[] file) throws IOException {
        golden.add(String.format("%03d", number), Golden.bytes(file), () -> {
            Properties properties = new Properties();
            properties.load(new ByteArrayInputStream(file));
            ObjectNode output = Golden.object();
            TreeMap<String, String> sorted = new TreeMap<>();
            properties.stringPropertyNames().forEach(key -> sorted.put(key, properties.getProperty(key)));
            sorted.forEach(output::put);
            return output;
        });
    }
}
