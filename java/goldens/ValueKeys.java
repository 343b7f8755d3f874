import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.connect.transforms.Cast;
import org.apache.kafka.connect.transforms.TimestampConverter;
import org.apache.kafka.connect.transforms.TimestampRouter;
import org.apache.kafka.connect.transforms.Transformation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** The keys of the transforms of values and time, and what validating them finds. */
final class ValueKeys {
    private static final Class<?>[] TYPES = {Cast.Key.class, Cast.Value.class, TimestampConverter.Key.class, TimestampConverter.Value.class, TimestampRouter.class};
    private static final String[][] CONFIGS = {
        {},
        {"spec", "", "field", "", "target.type", "", "format", "", "unix.precision", "", "topic.format", "", "timestamp.format", "", "replace.null.with.default", ""},
        {"spec", null, "field", null, "target.type", null, "format", null, "unix.precision", null, "topic.format", null, "timestamp.format", null, "replace.null.with.default", null},
        {"spec", "int99", "target.type", "date", "format", "bogus", "unix.precision", "minutes", "timestamp.format", "bogus", "replace.null.with.default", "x"},
        {"spec", "a:b:c", "target.type", "string", "unix.precision", "SECONDS"},
        {"spec", "int8,int16", "target.type", "Time", "format", "XXXX"},
        {"spec", "a:bytes", "target.type", "TIMESTAMP"},
        {"spec", "a:int8,b:string", "target.type", "unix", "unix.precision", "seconds", "topic.format", "x", "unknown", "y"},
    };

    private ValueKeys() {
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "transforms-values-keys")) {
            for (Class<?> type : TYPES) {
                keys(golden, type);
            }
        }
    }

    private static ConfigDef definition(Class<?> type) throws Exception {
        // Closing what was never configured fails in TimestampRouter.
        return ((Transformation<?>) type.getDeclaredConstructor().newInstance()).config();
    }

    private static void keys(Golden golden, Class<?> type) throws IOException {
        String name = type.getName().substring(type.getName().lastIndexOf('.') + 1);
        ObjectNode asked = Golden.object();
        asked.put("transform", type.getName());
        golden.add(name + " keys", asked, () -> {
            ArrayNode keys = Golden.NODES.arrayNode();
            for (ConfigDef.ConfigKey key : definition(type).configKeys().values()) {
                ObjectNode node = keys.addObject();
                node.put("name", key.name);
                node.put("type", key.type.name());
                node.put("required", !key.hasDefault());
                node.put("default", key.hasDefault() && key.defaultValue != null ? ConfigDef.convertToString(key.defaultValue, key.type) : null);
                node.put("importance", key.importance.name());
                node.put("validator", key.validator == null ? null : key.validator.toString());
            }
            return keys;
        });
        int number = 0;
        for (String[] pairs : CONFIGS) {
            Map<String, String> config = TimeGoldens.config(pairs);
            ObjectNode input = asked.deepCopy();
            input.set("config", Golden.config(config));
            golden.add(name + " errors " + ++number, input, () -> {
                ObjectNode errors = Golden.object();
                for (ConfigValue value : definition(type).validate(config)) {
                    ArrayNode messages = errors.putArray(value.name());
                    value.errorMessages().forEach(messages::add);
                }
                return errors;
            });
        }
    }
}
