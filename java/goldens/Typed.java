import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Date;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Time;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Writes Connect schemas, values and records in the encoding that tests/golden/README.md describes. */
final class Typed {
    private Typed() {
    }

    static JsonNode schema(Schema schema) {
        if (schema == null) {
            return Golden.NODES.nullNode();
        }
        ObjectNode node = Golden.object();
        node.put("type", schema.type().getName());
        switch (schema.type()) {
            case ARRAY -> node.set("items", schema(schema.valueSchema()));
            case MAP -> {
                node.set("keys", schema(schema.keySchema()));
                node.set("values", schema(schema.valueSchema()));
            }
            case STRUCT -> {
                ArrayNode fields = node.putArray("fields");
                for (Field field : schema.fields()) {
                    ObjectNode entry = fields.addObject();
                    entry.put("name", field.name());
                    entry.set("schema", schema(field.schema()));
                }
            }
            default -> {
            }
        }
        node.put("optional", schema.isOptional());
        if (schema.name() != null) {
            node.put("name", schema.name());
        }
        if (schema.version() != null) {
            node.put("version", schema.version());
        }
        if (schema.doc() != null) {
            node.put("doc", schema.doc());
        }
        if (schema.parameters() != null) {
            ObjectNode parameters = node.putObject("parameters");
            schema.parameters().forEach(parameters::put);
        }
        if (schema.defaultValue() != null) {
            node.set("default", value(schema, schema.defaultValue()));
        }
        if (schema instanceof SchemaBuilder) {
            node.put("unbuilt", true);
        }
        return node;
    }

    static JsonNode value(Schema declared, Object value) {
        if (value == null) {
            return Golden.NODES.nullNode();
        }
        ObjectNode node = Golden.object();
        if (value instanceof Byte b) {
            node.put("int8", b);
        } else if (value instanceof Short s) {
            node.put("int16", s);
        } else if (value instanceof Integer i) {
            node.put("int32", i);
        } else if (value instanceof Long l) {
            node.put("int64", l);
        } else if (value instanceof Float f) {
            node.put("float32", f.toString());
        } else if (value instanceof Double d) {
            node.put("float64", d.toString());
        } else if (value instanceof Boolean b) {
            node.put("boolean", b);
        } else if (value instanceof String s) {
            if (StandardCharsets.UTF_8.newEncoder().canEncode(s)) {
                node.put("string", s);
            } else {
                ArrayNode units = node.putArray("utf16");
                s.chars().forEach(units::add);
            }
        } else if (value instanceof byte[] bytes) {
            node.put("bytes", Golden.base64(bytes));
        } else if (value instanceof ByteBuffer buffer) {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.duplicate().get(bytes);
            node.put("bytes", Golden.base64(bytes));
        } else if (value instanceof BigDecimal decimal) {
            ObjectNode inner = node.putObject("decimal");
            inner.put("unscaled", decimal.unscaledValue().toString());
            inner.put("scale", decimal.scale());
        } else if (value instanceof java.util.Date date) {
            node.put(dateKind(declared), date.getTime());
        } else if (value instanceof List<?> list) {
            ArrayNode array = node.putArray("array");
            Schema element = of(declared, Schema.Type.ARRAY) ? declared.valueSchema() : null;
            list.forEach(item -> array.add(value(element, item)));
        } else if (value instanceof Map<?, ?> map) {
            ArrayNode pairs = node.putArray("map");
            boolean typed = of(declared, Schema.Type.MAP);
            map.forEach((k, v) -> {
                ArrayNode pair = pairs.addArray();
                pair.add(value(typed ? declared.keySchema() : null, k));
                pair.add(value(typed ? declared.valueSchema() : null, v));
            });
        } else if (value instanceof Struct struct) {
            ObjectNode fields = node.putObject("struct");
            for (Field field : struct.schema().fields()) {
                fields.set(field.name(), value(field.schema(), struct.getWithoutDefault(field.name())));
            }
            // The schema of a default is the builder that it was given to, which equals nothing but itself.
            if (!(struct.schema() instanceof SchemaBuilder) && !struct.schema().equals(declared)) {
                node.set("schema", schema(struct.schema()));
            }
        } else {
            throw new IllegalStateException("no encoding for " + value.getClass());
        }
        return node;
    }

    private static boolean of(Schema schema, Schema.Type type) {
        return schema != null && schema.type() == type;
    }

    private static String dateKind(Schema schema) {
        String name = schema == null ? null : schema.name();
        if (Date.LOGICAL_NAME.equals(name)) {
            return "date";
        }
        return Time.LOGICAL_NAME.equals(name) ? "time" : "timestamp";
    }

    /** Adds the members "schema" and "value" to an object. */
    static ObjectNode put(ObjectNode node, Schema schema, Object value) {
        node.set("schema", schema(schema));
        node.set("value", value(schema, value));
        return node;
    }

    /** A converter may answer null for "no schema, no value"; the runtime treats both alike. */
    static ObjectNode of(SchemaAndValue read) {
        if (read == null) {
            return put(Golden.object(), null, null);
        }
        return put(Golden.object(), read.schema(), read.value());
    }

    static JsonNode record(ConnectRecord<?> record) {
        if (record == null) {
            return Golden.NODES.nullNode();
        }
        ObjectNode node = Golden.object();
        node.put("kind", record instanceof SinkRecord ? "sink" : "source");
        node.put("topic", record.topic());
        node.put("partition", record.kafkaPartition());
        if (record instanceof SinkRecord sink) {
            node.put("offset", sink.kafkaOffset());
            node.put("timestamp_type", sink.timestampType().name);
        }
        if (record instanceof SourceRecord source) {
            node.set("source_partition", value(null, source.sourcePartition()));
            node.set("source_offset", value(null, source.sourceOffset()));
        }
        node.put("timestamp", record.timestamp());
        node.set("key_schema", schema(record.keySchema()));
        node.set("key", value(record.keySchema(), record.key()));
        node.set("value_schema", schema(record.valueSchema()));
        node.set("value", value(record.valueSchema(), record.value()));
        ArrayNode headers = node.putArray("headers");
        for (Header header : record.headers()) {
            ObjectNode entry = headers.addObject();
            entry.put("key", header.key());
            put(entry, header.schema(), header.value());
        }
        return node;
    }
}
