package demo;

import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.components.Versioned;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.transforms.Transformation;

/** Abstract, with two that are not. */
public abstract class Shout<R extends ConnectRecord<R>> implements Transformation<R>, Versioned {
    public String version() { return Versions.kafka(); }
    public R apply(R record) { return record; }
    public ConfigDef config() { return new ConfigDef(); }
    public void close() { }
    public void configure(Map<String, ?> config) { }

    public static class Key<R extends ConnectRecord<R>> extends Shout<R> { }
    public static class Value<R extends ConnectRecord<R>> extends Shout<R> {
        @Override public String version() { return Versions.COMPUTED; }
    }
}

/** Only seen inside the package. */
abstract class Quiet<R extends ConnectRecord<R>> implements Transformation<R> {
    public R apply(R record) { return record; }
    public ConfigDef config() { return new ConfigDef(); }
    public void close() { }
    public void configure(Map<String, ?> config) { }
}

class Whisper<R extends ConnectRecord<R>> extends Quiet<R> {
    public Whisper() { }
}
