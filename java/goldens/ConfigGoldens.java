import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.connect.runtime.SinkConnectorConfig;
import org.apache.kafka.connect.runtime.SourceConnectorConfig;
import org.apache.kafka.connect.runtime.standalone.StandaloneConfig;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Every key of workers, connectors and clients, and what validating values good and bad finds. */
final class ConfigGoldens {
    private static final String[] LISTENERS = {
        "http://:8083", "http://a:1,https://b:2", "http://a:1,http://a:1", "here", ",", "http://a:1,", "http://a:1, ,http://b:2",
    };
    private static final String[] RULES = {
        "set a:b", "add a: b, set c:d", "\"add a: b, c\"", "ADD a:b", "put a:b", "add", "add a", "add a:", "add :b", "add a:b:c",
        "add a b:c", "setDate a:x", "adddate a:1", "add  a:b", "add a:b,", ",", "\"add a:b", "add a:b;c", "set\ta:b",
    };
    private static final Map<String, String[]> MORE = Map.ofEntries(
        Map.entry("listeners", LISTENERS),
        Map.entry("admin.listeners", LISTENERS),
        Map.entry("response.http.headers.config", RULES),
        Map.entry("name", new String[] {"a\u0001b", "a\u007fb", "\n", "\u00fc", "a/b", "a\u0085b", " \u0002 "}),
        Map.entry("topics.regex", new String[] {"(", "a.*", "[", "*", "a{2", "\\", "(?<a>b)"}),
        Map.entry("errors.tolerance", new String[] {"all", "none", "All"}),
        Map.entry("config.action.reload", new String[] {"restart", "none", "RESTART"}),
        Map.entry("transforms", new String[] {"a", "a,b", "a,a", "a.b"}),
        Map.entry("predicates", new String[] {"a", "a,b", "a,a"}),
        Map.entry("exactly.once.support", new String[] {"required", "Requested", "never"}),
        Map.entry("transaction.boundary", new String[] {"poll", "Interval", "connector"}),
        Map.entry("plugin.discovery", new String[] {"only_scan", "HYBRID_FAIL", "service_load"}),
        Map.entry("metrics.recording.level", new String[] {"INFO", "debug", "TRACE"}),
        Map.entry("ssl.client.auth", new String[] {"required", "requested", "Required"}),
        Map.entry("client.dns.lookup", new String[] {"use_all_dns_ips", "resolve_canonical_bootstrap_servers_only", "default"}));

    private ConfigGoldens() {
    }

    static void write(Path folder) throws IOException {
        Map<String, ConfigDef> definitions = new LinkedHashMap<>();
        try {
            definitions.put("standalone", field(StandaloneConfig.class));
            definitions.put("source-connector", method(SourceConnectorConfig.class));
            definitions.put("sink-connector", method(SinkConnectorConfig.class));
            definitions.put("producer", ProducerConfig.configDef());
            definitions.put("consumer", ConsumerConfig.configDef());
            definitions.put("admin", AdminClientConfig.configDef());
        } catch (ReflectiveOperationException cause) {
            throw new IllegalStateException(cause);
        }
        try (Golden golden = new Golden(folder, "config-keys")) {
            for (Map.Entry<String, ConfigDef> each : definitions.entrySet()) {
                for (ConfigDef.ConfigKey key : each.getValue().configKeys().values()) {
                    golden.add(each.getKey() + " " + key.name, asked(each.getKey(), key.name), () -> described(key));
                }
            }
        }
        try (Golden golden = new Golden(folder, "config-values")) {
            for (String owner : List.of("standalone", "source-connector", "sink-connector")) {
                for (ConfigDef.ConfigKey key : definitions.get(owner).configKeys().values()) {
                    values(golden, owner, definitions.get(owner), key);
                }
            }
        }
    }

    private static ConfigDef field(Class<?> owner) throws ReflectiveOperationException {
        Field field = owner.getDeclaredField("CONFIG");
        field.setAccessible(true);
        return (ConfigDef) field.get(null);
    }

    private static ConfigDef method(Class<?> owner) throws ReflectiveOperationException {
        Method method = owner.getDeclaredMethod("configDef");
        method.setAccessible(true);
        return (ConfigDef) method.invoke(null);
    }

    private static ObjectNode asked(String owner, String key) {
        ObjectNode asked = Golden.object();
        asked.put("owner", owner);
        asked.put("key", key);
        return asked;
    }

    private static ObjectNode described(ConfigDef.ConfigKey key) {
        ObjectNode node = Golden.object();
        node.put("type", key.type.name());
        node.put("required", !key.hasDefault());
        node.put("default", key.hasDefault() && key.defaultValue != null ? ConfigDef.convertToString(key.defaultValue, key.type) : null);
        node.put("importance", key.importance.name());
        node.put("group", key.group);
        node.put("order", key.orderInGroup);
        node.put("width", key.width.name());
        node.put("display", key.displayName);
        ArrayNode dependents = node.putArray("dependents");
        key.dependents.forEach(dependents::add);
        return node;
    }

    private static void values(Golden golden, String owner, ConfigDef definition, ConfigDef.ConfigKey key) throws IOException {
        List<String> values = new ArrayList<>(Arrays.asList(of(key.type)));
        values.addAll(Arrays.asList(MORE.getOrDefault(key.name, new String[0])));
        int number = 0;
        for (String value : values) {
            ObjectNode input = asked(owner, key.name);
            input.put("value", value);
            golden.add(owner + " " + key.name + " " + ++number, input, () -> {
                Map<String, String> config = new HashMap<>();
                config.put(key.name, value);
                ConfigValue found = definition.validate(config).stream().filter(one -> one.name().equals(key.name)).findFirst().orElseThrow();
                ObjectNode node = Golden.object();
                node.put("value", found.value() == null ? null : ConfigDef.convertToString(found.value(), key.type));
                ArrayNode messages = node.putArray("errors");
                found.errorMessages().forEach(messages::add);
                return node;
            });
        }
    }

    private static String[] of(ConfigDef.Type type) {
        switch (type) {
            case BOOLEAN:
                return new String[] {"true", " TRUE ", "False", "yes", "1", "", null};
            case SHORT:
            case INT:
            case LONG:
                return new String[] {"0", "1", "-1", "-2", " 5 ", "+5", "x", "", " ", "1.5", "1e3", "0x10", "1_000", "32768", "2147483648", "-2147483649", "9223372036854775808", "\u0663", null};
            case DOUBLE:
                return new String[] {"0", "1.5", "-1", "x", "NaN", "1e400", "", null};
            case LIST:
                return new String[] {"", " ", "a", "a,b", "a,a", "a,,b", " a , b ", ",", "a,", null};
            case CLASS:
                return new String[] {"org.apache.kafka.connect.json.JsonConverter", " org.apache.kafka.connect.json.JsonConverter ", "x.NotThere", "", null};
            default:
                return new String[] {"", " ", "x", " x ", null};
        }
    }
}
