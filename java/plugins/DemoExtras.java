package demo;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.config.ConfigData;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.common.config.provider.ConfigProvider;
import org.apache.kafka.connect.connector.policy.ConnectorClientConfigOverridePolicy;
import org.apache.kafka.connect.connector.policy.ConnectorClientConfigRequest;
import org.apache.kafka.connect.rest.ConnectRestExtension;
import org.apache.kafka.connect.rest.ConnectRestExtensionContext;

/** Those that Java finds by manifest alone. */
public class DemoExtras {
    public static class DemoConfigProvider implements ConfigProvider {
        public ConfigData get(String path) { return null; }
        public ConfigData get(String path, Set<String> keys) { return null; }
        public void configure(Map<String, ?> config) { }
        public void close() { }
    }

    public static class DemoPolicy implements ConnectorClientConfigOverridePolicy {
        public List<ConfigValue> validate(ConnectorClientConfigRequest request) { return List.of(); }
        public void configure(Map<String, ?> config) { }
        public void close() { }
    }

    public static class DemoExtension implements ConnectRestExtension {
        public void register(ConnectRestExtensionContext context) { }
        public String version() { return "2"; }
        public void configure(Map<String, ?> config) { }
        public void close() { }
    }
}
