import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.ConfigTransformer;
import org.apache.kafka.common.config.provider.ConfigProvider;
import org.apache.kafka.common.config.provider.DirectoryConfigProvider;
import org.apache.kafka.common.config.provider.EnvVarConfigProvider;
import org.apache.kafka.common.config.provider.FileConfigProvider;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Variables in configurations, and what the three providers find behind them. The folder of the files is called FOLDER. */
final class ProviderGoldens {
    private static final String PROPERTIES = "user=ann\npassword=hunter2\nempty=\nblank = \\ x \nnested=${env:HOME}\nhalf=${env\n"
        + "a\\:b=colon\n\\ =space\n=no name\numl\u00e4ut=\u00fc\u20ac\n$=dollar\nback=\\\\1$0\n";
    /** What is no UTF-8, or at the edge of it. */
    private static final int[][] BYTES = {
        {0x61, 0xff, 0x62}, {0xc0, 0x80}, {0xe0, 0x80, 0x80}, {0xed, 0xa0, 0x80}, {0xf0, 0x9f, 0x98}, {0xf4, 0x90, 0x80, 0x80}, {0xe2, 0x82},
        {0xe2, 0x82, 0x61}, {0xf5, 0x80}, {0xef, 0xbb, 0xbf, 0x78}, {0x80, 0xbf}, {0xf0, 0x82, 0x82, 0xac}, {0xf0, 0x9f, 0x98, 0x80}, {0x0d, 0x0a},
    };
    private static final Map<String, String> VARIABLES = Map.of("HOME", "/users/ann", "APP_A", "1", "APP_B", "${env:HOME}", "EMPTY", "", "a:b", "colon");

    private final Golden golden;
    private final String folder;

    private ProviderGoldens(Golden golden, Path folder) {
        this.golden = golden;
        this.folder = folder.toString();
    }

    static void write(Path target) throws IOException {
        Path folder = Files.createTempDirectory("providers").toRealPath();
        try (Golden golden = new Golden(target, "config-providers")) {
            ProviderGoldens goldens = new ProviderGoldens(golden, folder);
            goldens.layout(folder);
            goldens.variables();
            goldens.files();
            goldens.directories();
            goldens.allowedPaths();
            goldens.environment();
        } finally {
            try (Stream<Path> paths = Files.walk(folder)) {
                for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    /** Makes the files and tells of them, so that others can make the same. */
    private void layout(Path folder) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        files.put("s/a.properties", PROPERTIES.getBytes(StandardCharsets.UTF_8));
        files.put("s/latin.properties", "user=\u00e4\n".getBytes(StandardCharsets.ISO_8859_1));
        files.put("s/mark.properties", "\ufeffuser=x\nother=y".getBytes(StandardCharsets.UTF_8));
        files.put("s/escape.properties", "user=\\u12\n".getBytes(StandardCharsets.UTF_8));
        files.put("s/empty.properties", new byte[0]);
        files.put("s/with blank", "user=b\n".getBytes(StandardCharsets.UTF_8));
        files.put("secrets/whole", " hunter2\n\n".getBytes(StandardCharsets.UTF_8));
        files.put("secrets/none", new byte[0]);
        files.put("secrets/a:b", "colon".getBytes(StandardCharsets.UTF_8));
        files.put("secrets/.hidden", "dot".getBytes(StandardCharsets.UTF_8));
        files.put("secrets/..two", "dots".getBytes(StandardCharsets.UTF_8));
        files.put("secrets/deep/file", "deep".getBytes(StandardCharsets.UTF_8));
        files.put("secret/file", "a longer name begins the same".getBytes(StandardCharsets.UTF_8));
        for (int number = 0; number < BYTES.length; number++) {
            byte[] bytes = new byte[BYTES[number].length];
            for (int at = 0; at < bytes.length; at++) {
                bytes[at] = (byte) BYTES[number][at];
            }
            files.put("bytes/" + number, bytes);
        }
        Map<String, String> links = new TreeMap<>();
        links.put("secrets/link", "../s/a.properties");
        links.put("secrets/folder", "deep");
        links.put("secrets/dangling", "nowhere");
        links.put("secrets/null", "/dev/null");
        links.put("way", "secrets");
        links.put("s/out.properties", "../secrets/whole");
        ObjectNode input = Golden.object();
        ObjectNode named = input.putObject("files");
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path path = folder.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.write(path, file.getValue());
            named.put(file.getKey(), Golden.base64(file.getValue()));
        }
        ObjectNode linked = input.putObject("links");
        for (Map.Entry<String, String> link : links.entrySet()) {
            Files.createSymbolicLink(folder.resolve(link.getKey()), Path.of(link.getValue()));
            linked.put(link.getKey(), link.getValue());
        }
        input.set("variables", Golden.config(VARIABLES));
        golden.add("layout", input, () -> null);
    }

    private void variables() throws IOException {
        Map<String, Map<String, String>> providers = providers("file", "dir", "env");
        String file = "${file:FOLDER/s/a.properties:";
        all("variable", providers, "plain", "", " ", "$", "${", "${}", "}", "${:}", "${::}", "${:::}", "${env}", "${env:}", "${env::}", "${env:::}",
            "${env:HOME}", "${env:HOME", "$env:HOME}", "{env:HOME}", "$ {env:HOME}", "${ env:HOME}", "${env :HOME}", "${env: HOME}", "${env:HOME }",
            "$${env:HOME}", "$${env:HOME}}", "\\${env:HOME}", "${env:HOME}${env:HOME}", "${env:HOME}${env:APP_A} ${env:NONE}$", "${ENV:HOME}",
            "${env::HOME}", "${env:::HOME}", "${env:a:b}", "${env::a:b}", "${env:APP_B}", "${env:EMPTY}", "[${env:EMPTY}]", "${env:${env:HOME}}",
            "${${env:HOME}}", "${a${env:HOME}}", "${${env:HOME}:x}", "${env:HO${env:HOME}ME}", "${plain}${env:HOME}", "${plain ${env:HOME}",
            "${env:x\ny}", "${env:\nHOME}", "a\n${env:HOME}\nb", "${nobody:x}", "${nobody:/p:x}", "${nobody:x}${env:HOME}${nobody:y}",
            "${env:HOME}${nobody:x}${env:NONE}", "${env:NONE}${env:HOME}", "%24${env:HOME}", "${env:h\u00f6me} \ud83d\ude00${env:HOME}\ud83d\ude00",
            "${env:\ud83d\ude00}", "#{env:HOME}", "${env;HOME}", "${env=HOME}", "${dir:HOME}", "${file:HOME}", "${file:x:HOME}");
        all("file", providers, file + "user}", file + "password}", file + "empty}", "<" + file + "blank}>", file + "nested}", file + "half}",
            file + "half}:HOME}", file + "a:b}", file + " }", file + "}", file + "uml\u00e4ut}", file + "$}", file + "back}", file + "absent}",
            file + "User}", file + "user }", file + " user}", file + "user}" + file + "password}", file + "absent}" + file + "user}",
            "${file::user}", "${file:user}", "${file: FOLDER/s/a.properties:user}");
        // One configuration: what is found behind one path serves all, and one that cannot be read spoils all.
        resolve("several", providers, file + "user}", file + "password}", file + "user}", "${env:HOME}", "plain", null, "${nobody:x}");
        resolve("several and a missing file", providers, file + "user}", "${file:FOLDER/none:user}", "${env:HOME}");
        resolve("null", providers, (String) null);
        resolve("nobody", Map.of(), "${env:HOME}", "${:x}", "plain");
        Map<String, Map<String, String>> strange = new LinkedHashMap<>();
        for (String name : List.of("", " ", "a b", "a${b", "$", "/", "FILE", "a.b")) {
            strange.put(name, provider("env"));
        }
        all("name", strange, "${:HOME}", "${::HOME}", "${ :HOME}", "${a b:HOME}", "${a${b:HOME}", "${$:HOME}", "${/:HOME}", "${file:HOME}",
            "${FILE:HOME}", "${a.b:HOME}", "${${/:HOME}");
    }

    private void files() throws IOException {
        for (String path : List.of("none", "s", "s/", "s/none.properties", "s/a.properties/", "s/a.properties//", "s/a.properties/.", "s//a.properties",
                "s/./a.properties", "s/../s/a.properties", "none/../s/a.properties", "s/a.properties/../a.properties", "s/latin.properties",
                "s/mark.properties", "s/escape.properties", "s/empty.properties", "s/with blank", "s/out.properties", "secrets/link", "secrets/dangling",
                "secrets/deep/../../s/a.properties", "way/link", "way/../s/a.properties", "secrets/null", "s/a.properties ", "s/a\u0000b", "")) {
            resolve("path of a file " + path, providers("file"), "${file:FOLDER/" + path + ":user}");
        }
        for (String path : List.of("/dev/null", "none", "./none", " ", "~/x", "/", "file:///dev/null", "http")) {
            resolve("other path of a file " + path, providers("file"), "${file:" + path + ":user}");
        }
    }

    private void directories() throws IOException {
        Map<String, Map<String, String>> providers = providers("dir");
        String secrets = "${dir:FOLDER/secrets:";
        all("directory", providers, secrets + "whole}", secrets + "none}", secrets + "a:b}", secrets + ".hidden}", secrets + "..two}", secrets + "deep}",
            secrets + "deep/file}", secrets + "link}", secrets + "folder}", secrets + "dangling}", secrets + "null}", secrets + "absent}", secrets + "}",
            secrets + ".}", secrets + "..}", secrets + "../secret/file}", secrets + "./whole}", secrets + "whole/}", secrets + "/whole}",
            secrets + "WHOLE}", secrets + " whole}", secrets + "a\u0000b}", "[" + secrets + "whole}]");
        for (int number = 0; number < BYTES.length; number++) {
            resolve("bytes " + number, providers, "${dir:FOLDER/bytes:" + number + "}");
        }
        for (String path : List.of("secrets/", "secrets//", "secrets/.", "./secrets", "s/../secrets", "none/../secrets", "secrets/whole", "secrets/whole/",
                "none", "way", "way/", "way/../secrets", "secrets/folder", "secrets/null", "secrets/a\u0000b")) {
            resolve("path of a directory " + path, providers, "${dir:FOLDER/" + path + ":whole}", "${dir:FOLDER/" + path + ":file}");
        }
        all("other path of a directory", providers, "${dir::whole}", "${dir:whole}", "${dir: :whole}", "${dir:none:whole}", "${dir:/:whole}");
    }

    private void allowedPaths() throws IOException {
        String[] asked = {
            "${file:FOLDER/s/a.properties:user}", "${file:FOLDER/s/./a.properties:user}", "${file:FOLDER/s/../s/a.properties:user}",
            "${file:FOLDER/secrets/../s/a.properties:user}", "${file:FOLDER/s/a.properties/:user}", "${file:FOLDER/none/../s/a.properties:user}",
            "${file:FOLDER//s///a.properties:user}", "${file:FOLDER/secrets/link:user}", "${file:FOLDER/way/link:user}", "${file:s/a.properties:user}",
            "${file:/dev/null:user}", "${file::user}", "${dir:FOLDER/secrets:whole}", "${dir:FOLDER/secrets/:whole}", "${dir:FOLDER/secrets/deep:file}",
            "${dir:FOLDER/secret:file}", "${dir:FOLDER/way:whole}", "${dir:FOLDER/way/deep:file}", "${dir:FOLDER/secrets/folder:file}",
            "${dir:FOLDER/secrets/deep/..:whole}", "${dir:FOLDER/secret/../secrets:whole}", "${dir:/:whole}", "${dir:/../:whole}", "${dir:secrets:whole}",
        };
        for (String allowed : new String[] {
            "FOLDER", "FOLDER/", "FOLDER/s", "FOLDER/s/", "FOLDER/s/a.properties", "FOLDER/s/.", "FOLDER/secrets/../s", "FOLDER/none/../s", "FOLDER/secret",
            "FOLDER/secrets", "FOLDER/secrets/deep", "FOLDER/way", "FOLDER/way/deep", "FOLDER/way/..", "FOLDER/s,FOLDER/secrets", "FOLDER/s,FOLDER/s",
            "FOLDER/s,", "FOLDER/s,,", ",", ",,", "", "/", "//", "/..", "/../..", "FOLDER//s",
        }) {
            Map<String, Map<String, String>> providers = new LinkedHashMap<>();
            providers.put("file", provider("file", "allowed.paths", allowed));
            providers.put("dir", provider("dir", "allowed.paths", allowed));
            all("allowed [" + allowed + "]", providers, asked);
        }
        for (String allowed : new String[] {
            " ", ",FOLDER/s", "FOLDER/s, FOLDER/secrets", "FOLDER/s ,FOLDER/secrets", "FOLDER/s,,FOLDER/secrets", "s", "./s", "../s", "..", ".", "a/..",
            "a/../../b", "~", "FOLDER/none", "FOLDER/none/", "FOLDER/s/none/..", "FOLDER/s/a.properties/", "FOLDER/s/a.properties/none", "FOLDER/secrets/dangling",
            "FOLDER/s,FOLDER/none", "FOLDER/none,s", "s,FOLDER/none", "FOLDER/s;FOLDER/secrets", "FOLDER/s\u0000", "file:///", "FOLDER/S",
        }) {
            for (String kind : List.of("file", "dir")) {
                resolve("allowed [" + allowed + "] of " + kind, Map.of(kind, provider(kind, "allowed.paths", allowed)), "plain");
            }
        }
    }

    private void environment() throws IOException {
        for (String pattern : new String[] {
            "", ".*", "APP_.*", "APP_", "app_.*", "(?i)app_.*", "APP_A|HOME", "^HOME$", ".*A", "HOME ", " ", "[A-Z]+", "[A-Z_]+", "\\w+", "\\p{Upper}+", ".+:.+",
            "(", "[", "*", "a{2", "\\", "(?<a>b)", "HOM(?=E)E", "(?!APP).*", "HOM?E", "HOME\n", "(?x) H O M E", "\\QHOME\\E", "[A-Z&&[^A]]+",
        }) {
            resolve("allowlist [" + pattern + "]", Map.of("env", provider("env", "allowlist.pattern", pattern)), "${env:HOME}", "${env:APP_A}", "${env:APP_B}",
                "${env:EMPTY}", "${env::a:b}", "${env:NONE}");
        }
        all("environment", providers("env"), "${env:x:HOME}", "${env: :HOME}", "${env:/x:HOME}", "${env:HOME:}");
    }

    private static Map<String, Map<String, String>> providers(String... kinds) {
        Map<String, Map<String, String>> providers = new LinkedHashMap<>();
        for (String kind : kinds) {
            providers.put(kind, provider(kind));
        }
        return providers;
    }

    private static Map<String, String> provider(String kind, String... parameter) {
        Map<String, String> provider = new LinkedHashMap<>();
        provider.put("kind", kind);
        if (parameter.length == 2) {
            provider.put(parameter[0], parameter[1]);
        }
        return provider;
    }

    /** A case for each text. */
    private void all(String name, Map<String, Map<String, String>> providers, String... texts) throws IOException {
        for (String text : texts) {
            resolve(name + " " + text, providers, text);
        }
    }

    private void resolve(String name, Map<String, Map<String, String>> providers, String... texts) throws IOException {
        ObjectNode input = Golden.object();
        ObjectNode declared = input.putObject("providers");
        providers.forEach((each, parameters) -> declared.set(each, Golden.config(parameters)));
        ArrayNode asked = input.putArray("texts");
        for (String text : texts) {
            asked.add(text);
        }
        golden.add(name, input, () -> {
            Map<String, ConfigProvider> open = new LinkedHashMap<>();
            Map<String, String> config = new LinkedHashMap<>();
            for (int number = 0; number < texts.length; number++) {
                config.put(Integer.toString(number), there(texts[number]));
            }
            try {
                providers.forEach((each, parameters) -> open.put(each, opened(parameters)));
                Map<String, String> found = new ConfigTransformer(open).transform(config).data();
                ArrayNode output = Golden.NODES.arrayNode();
                for (int number = 0; number < texts.length; number++) {
                    String text = found.get(Integer.toString(number));
                    output.add(text == null ? null : text.replace(folder, "FOLDER"));
                }
                return output;
            } catch (ConfigException thrown) {
                throw new ConfigException(thrown.getMessage().replace(folder, "FOLDER"));
            } catch (java.nio.file.InvalidPathException thrown) {
                throw new java.nio.file.InvalidPathException(thrown.getInput().replace(folder, "FOLDER"), thrown.getReason());
            }
        });
    }

    private String there(String text) {
        return text == null ? null : text.replace("FOLDER", folder);
    }

    private ConfigProvider opened(Map<String, String> parameters) {
        Map<String, String> own = new LinkedHashMap<>();
        parameters.forEach((name, value) -> own.put(name, there(value)));
        String kind = own.remove("kind");
        ConfigProvider provider = kind.equals("file") ? new FileConfigProvider()
            : kind.equals("dir") ? new DirectoryConfigProvider() : new EnvVarConfigProvider(VARIABLES);
        provider.configure(own);
        return provider;
    }
}
