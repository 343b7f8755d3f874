package demo;

import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.source.SourceConnector;

/** A source whose version is a constant. */
public class DemoSource extends SourceConnector {
    static final String VERSION = "1.2.3";

    public String version() { return VERSION; }
    public void start(Map<String, String> config) { }
    public Class<? extends Task> taskClass() { return null; }
    public List<Map<String, String>> taskConfigs(int max) { return List.of(); }
    public void stop() { }
    public ConfigDef config() { return new ConfigDef(); }

    /** Has the version of the outer one's helper. */
    public static class DemoSinkConnector extends org.apache.kafka.connect.sink.SinkConnector {
        public String version() { return Versions.current(); }
        public void start(Map<String, String> config) { }
        public Class<? extends Task> taskClass() { return null; }
        public List<Map<String, String>> taskConfigs(int max) { return List.of(); }
        public void stop() { }
        public ConfigDef config() { return new ConfigDef(); }
    }

    /** Cannot be made without the outer one. */
    public class Inner extends DemoSinkConnector { }
}
