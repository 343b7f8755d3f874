package demo;

import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;

/** Of two kinds and without a version. */
public class DemoConverter implements Converter, HeaderConverter {
    public String version() { return Converter.super.version(); }
    public void configure(Map<String, ?> config, boolean key) { }
    public void configure(Map<String, ?> config) { }
    public byte[] fromConnectData(String topic, Schema schema, Object value) { return null; }
    public SchemaAndValue toConnectData(String topic, byte[] value) { return SchemaAndValue.NULL; }
    public SchemaAndValue toConnectHeader(String topic, String key, byte[] value) { return SchemaAndValue.NULL; }
    public byte[] fromConnectHeader(String topic, String key, Schema schema, Object value) { return null; }
    public ConfigDef config() { return new ConfigDef(); }
    public void close() { }

    /** Inherits everything from a class of Kafka. */
    public static class JsonChild extends org.apache.kafka.connect.json.JsonConverter { }
}
