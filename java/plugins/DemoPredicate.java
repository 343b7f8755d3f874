package demo;

import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.components.Versioned;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/** Has the version of its jar's manifest. */
public class DemoPredicate<R extends ConnectRecord<R>> implements Predicate<R>, Versioned {
    public String version() { return getClass().getPackage().getImplementationVersion(); }
    public ConfigDef config() { return new ConfigDef(); }
    public boolean test(R record) { return true; }
    public void close() { }
    public void configure(Map<String, ?> config) { }
}
