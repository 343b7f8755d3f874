import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.connect.data.Date;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.transforms.DropHeaders;
import org.apache.kafka.connect.transforms.ExtractField;
import org.apache.kafka.connect.transforms.Filter;
import org.apache.kafka.connect.transforms.Flatten;
import org.apache.kafka.connect.transforms.HeaderFrom;
import org.apache.kafka.connect.transforms.HoistField;
import org.apache.kafka.connect.transforms.InsertField;
import org.apache.kafka.connect.transforms.InsertHeader;
import org.apache.kafka.connect.transforms.MaskField;
import org.apache.kafka.connect.transforms.RegexRouter;
import org.apache.kafka.connect.transforms.ReplaceField;
import org.apache.kafka.connect.transforms.SetSchemaMetadata;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.ValueToKey;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Map;

/** The transforms that change the shape of a record; and the keys they define. */
@SuppressWarnings({"rawtypes", "unchecked"})
final class StructureGoldens extends TransformCases {
    private StructureGoldens(Golden golden) {
        super(golden);
    }

    static void write(Path folder) throws IOException {
        try (Golden golden = new Golden(folder, "transforms-structure")) {
            StructureGoldens goldens = new StructureGoldens(golden);
            goldens.extractField();
            goldens.nestedPaths();
            goldens.hoistField();
            goldens.filter();
            goldens.dropHeaders();
            goldens.insertHeader();
            goldens.regexRouter();
            new FieldGoldens(golden).write();
        }
        try (Golden golden = new Golden(folder, "transforms-structure-keys")) {
            new StructureGoldens(golden).keys();
        }
    }

    private static final Class<?> EXTRACT = ExtractField.Value.class;
    private void extractField() throws IOException {
        operands(EXTRACT, ExtractField.Key.class, config("field", "a"));
        for (String field : new String[] {"b", "c", "missing", "", "in.a", "A", " a "}) {
            apply(EXTRACT, config("field", field), sink(null, map("a", 1L, "b", "x", "c", null, "in.a", 7L)), sink(FLAT, flat()), sink(FLAT, flatWithNulls()));
        }
        for (String replace : new String[] {"true", "false", "nope"}) {
            apply(EXTRACT, config("field", "b", "replace.null.with.default", replace), sink(FLAT, flatWithNulls()), sink(FLAT, flat()), sink(null, map("b", null)));
        }
        for (String field : new String[] {"in", "opt", "list", "dict", "dotted.name"}) {
            apply(EXTRACT, config("field", field), sink(NESTED, nested()), sink(null, nestedMap()));
        }
        for (String version : new String[] {"V1", "v1", "V2", "v2", "V3", "", "1", " V1"}) {
            apply(EXTRACT, config("field", "in.a", "field.syntax.version", version), sink(null, nestedMap()), sink(NESTED, nested()));
        }
        apply(EXTRACT, config(), sink(null, map("a", 1L)));
        apply(EXTRACT, config("field", null), sink(null, map("a", 1L)), sink(FLAT, flat()), sink(null, null), sink(FLAT, null));
        apply(EXTRACT, config("field", null, "field.syntax.version", "V2"), sink(null, map("a", 1L)));
        apply(EXTRACT, config("field", "a", "field.syntax.version", null), sink(null, map("a", 1L)));
        apply(EXTRACT, config("field", "a", "replace.null.with.default", null), sink(null, map("a", 1L)));
        apply(EXTRACT, config("field", "1"), sink(null, map(1L, "number", "1", "text")));
    }

    private void nestedPaths() throws IOException {
        String[] paths = {
            "in", "in.a", "in.b", "in.missing", "missing", "missing.a", "in.deep.x", "in.a.x", "null.a", "null", "list.a", "list", "dict.k", "opt.x", "opt.missing", "opt", "dotted.name", "`dotted.name`",
            "`in`.`a`", "`in`.a", "in.`a`", "`in.a`", "", ".", "..", "in.", ".in", "in..a", "`", "``", "```", "``.a", "`in", "in.`a", "`in.a", "`in`a", "`in`a`.a", "`in`a`", "`in\\`.a`", "`in\\`.a", "in\\.a",
            "`in\\`", "`in\\\\`.a", "back`tick", "`back`tick`", "`back\\`tick`", "in.`a`.", "`in`.", "in.a.b.c.d", "`in``.a`", "in`.a", "`a`.`b", "in.deep.", "\u00e4.\u00f6", "`\u00e4.\u00f6`"};
        for (String path : paths) {
            apply(EXTRACT, config("field", path, "field.syntax.version", "V2"), sink(null, nestedMap()), sink(NESTED, nested()));
        }
        Map<String, String> deep = config("field", "opt.x", "field.syntax.version", "V2");
        Map<String, String> deepNull = config("field", "opt.x", "field.syntax.version", "V2", "replace.null.with.default", "false");
        Struct unset = new Struct(NESTED).put("in", flat()).put("dotted.name", "d");
        apply(EXTRACT, deep, sink(NESTED, nested()), sink(NESTED, unset), sink(NESTED, null), sink(null, null), source(NESTED, nested()));
        apply(EXTRACT, deepNull, sink(NESTED, nested()), sink(NESTED, unset));
        apply(ExtractField.Key.class, deep, sink(NESTED, nested(), null, null), sink(null, map("opt", map("x", 1L)), null, null));
        apply(EXTRACT, config("field", "", "field.syntax.version", "V2"), sink(null, null), sink(FLAT, null));
        SchemaBuilder inner = SchemaBuilder.struct().field("x", Schema.STRING_SCHEMA);
        Schema outer = SchemaBuilder.struct().field("s", inner.defaultValue(new Struct(inner).put("x", "by default")).build()).build();
        apply(EXTRACT, config("field", "s.x", "field.syntax.version", "V2"), sink(outer, new Struct(outer)));
        apply(EXTRACT, config("field", "s.x", "field.syntax.version", "V2", "replace.null.with.default", "false"), sink(outer, new Struct(outer)));
    }

    private void hoistField() throws IOException {
        operands(HoistField.Value.class, HoistField.Key.class, config("field", "f"));
        for (String field : new String[] {"", " ", "a.b", "`a`.b", "\u00e4"}) {
            apply(HoistField.Value.class, config("field", field), sink(null, 1L), sink(Schema.INT64_SCHEMA, 1L));
        }
        apply(HoistField.Value.class, config(), sink(null, 1L));
        apply(HoistField.Value.class, config("field", null), sink(null, 1L), sink(Schema.INT64_SCHEMA, 1L));
        apply(HoistField.Value.class, config("field", "f"), sink(Schema.INT32_SCHEMA, 1L), sink(Decimal.schema(2), new BigDecimal("1.50")), sink(Date.SCHEMA, new java.util.Date(86_400_000L)),
                sink(Timestamp.SCHEMA, 5L), sink(null, new byte[] {1, 2}), sink(Schema.BYTES_SCHEMA, new byte[] {1, 2}), sink(SchemaBuilder.string().defaultValue("d").build(), null),
                sink(SchemaBuilder.string().optional().defaultValue("d").build(), null), sink(SchemaBuilder.array(Schema.INT8_SCHEMA).build(), list("no byte")),
                sink(SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT32_SCHEMA).build(), map("a", "no number")), sink(NESTED, nested()), sink(NESTED, flat()));
    }

    private void filter() throws IOException {
        operands(Filter.class, null, config());
        apply(Filter.class, config("anything", "else"), sink(null, "text"), sink(Schema.STRING_SCHEMA, "key", null, null), onTopic("t"));
    }

    private void dropHeaders() throws IOException {
        SinkRecord none = onTopic("t");
        SinkRecord odd = onTopic("t");
        odd.headers().add("", null, null);
        odd.headers().addString(" h", "blank");
        odd.headers().addString("H", "upper");
        odd.headers().add("m", map("a", 1L), null);
        odd.headers().add("s", flat(), FLAT);
        odd.headers().addString("h", null);
        for (String headers : new String[] {"h", "n", "h,n", "n,h", "H", "missing", "h, n", "h,h", " h", "m,s", "h,missing", "h,", ",h", "", ",", " "}) {
            apply(DropHeaders.class, config("headers", headers), sink(null, "v"), odd, none);
        }
        apply(DropHeaders.class, config(), none);
        apply(DropHeaders.class, config("headers", null), none);
        apply(DropHeaders.class, config("headers", "h"), sink(null, null), source(FLAT, flat()), sink(FLAT, flat(), null, null));
    }

    private void insertHeader() throws IOException {
        SinkRecord none = onTopic("t");
        String[] literals = {
            "text", "", " ", "5", "300", "70000", "5000000000", "-1", "1.5", "1e400", "12345678901234567890", "true", "FALSE", "null", "2020-01-02", "12:34:56.789Z", "2020-01-02T03:04:05.678Z", "[1,2,3]", "[1,\"a\"]",
            "[]", "{\"a\":1}", "{}", "{\"a\":1,\"b\":\"x\"}", "\"quoted\"", "\"a\\\"b\"", "[1,", "{\"a\"", " 7 ", "\u00e4", "a,b", "[[1],[2]]", "{\"a\":[1,2]}", "+5", "0x10", "NaN"};
        for (String literal : literals) {
            apply(InsertHeader.class, config("header", "new", "value.literal", literal), none);
        }
        for (String header : new String[] {"h", "", " ", "a.b", "\u00e4"}) {
            apply(InsertHeader.class, config("header", header, "value.literal", "v"), sink(null, "v"), none);
        }
        Map<String, String> plain = config("header", "h", "value.literal", "1");
        apply(InsertHeader.class, plain, sink(null, null), source(FLAT, flat()), sink(FLAT, flat(), null, map("a", 1L)));
        apply(InsertHeader.class, config(), none);
        apply(InsertHeader.class, config("header", "h"), none);
        apply(InsertHeader.class, config("value.literal", "h"), none);
        apply(InsertHeader.class, config("header", null, "value.literal", "v"), none);
        apply(InsertHeader.class, config("header", "h", "value.literal", null), none);
    }

    private void regexRouter() throws IOException {
        String[] topics = {"orders", "orders-2020", "a.b.c", "", "ab", "ORDERS"};
        String[][] rules = {
            {"orders", "new"}, {"orders.*", "new"}, {"(.*)", "pre-$1"}, {"(.*)-(\\d+)", "$2-$1"}, {".*", "$0-$0"}, {"(?<name>.*)", "${name}!"}, {"(?i)orders", "lower"}, {"(\\w+)\\.(\\w+)\\..*", "$1_$2"},
            {"a|ab", "X"}, {"(a)|(b)|ab", "<$1|$2>"}, {"a?b?", "X"}, {".*?", "X"}, {"(o)rders.*", "$1"}, {".*", ""}, {".*", "\\$1"}, {".*", "a\\\\b"}, {".*", "\\x"}, {"(.)(.).*", "$2$1"}, {"(.*)", "$10"},
            {"(.*)", "$1x$12"}, {"(x)?.*", "[$1]"}, {"[^.]+\\.(.*)", "$1"}, {"^(.*)$", "$1"}, {"(?=o)(.*)", "$1"}, {"((o)(r))(ders)", "$4$3$2$1"}, {"orders(?:-(?<year>\\d+))?", "y${year}"}, {"\\Qa.b.c\\E", "q"}};
        for (String[] rule : rules) {
            for (String topic : topics) {
                apply(RegexRouter.class, config("regex", rule[0], "replacement", rule[1]), onTopic(topic));
            }
        }
        for (String bad : new String[] {"$", "$x", "$2", "${", "${}", "${1}", "${nope}", "${nope", "${n-}", "\\", "a$", "$-1", "${a b}", "$\u0661"}) {
            apply(RegexRouter.class, config("regex", "(.*)", "replacement", bad), onTopic("orders"), onTopic(""));
            apply(RegexRouter.class, config("regex", "x", "replacement", bad), onTopic("orders"));
        }
        for (String regex : new String[] {"(", "[", "*", "a{2", "", "+", "(?<n", "\\", "a)", "x{2,1}", "(?z)"}) {
            apply(RegexRouter.class, config("regex", regex, "replacement", "r"), onTopic("orders"), onTopic(""));
        }
        apply(RegexRouter.class, config(), onTopic("orders"));
        apply(RegexRouter.class, config("regex", "a"), onTopic("orders"));
        apply(RegexRouter.class, config("replacement", "a"), onTopic("orders"));
        apply(RegexRouter.class, config("regex", null, "replacement", "r"), onTopic("orders"));
        apply(RegexRouter.class, config("regex", "o.*", "replacement", null), onTopic("orders"), onTopic("x"));
        apply(RegexRouter.class, config("regex", "(.*)", "replacement", "$1-x"), sink(FLAT, flat(), FLAT, flat()), source(null, map("a", 1L)), sink(null, null));
    }

    private void keys() throws IOException {
        Class<?>[] types = {ExtractField.Value.class, HoistField.Value.class, Filter.class, DropHeaders.class, InsertHeader.class, RegexRouter.class, SetSchemaMetadata.Value.class, MaskField.Value.class,
            HeaderFrom.Value.class, Flatten.Value.class, InsertField.Value.class, ReplaceField.Value.class, ValueToKey.class};
        for (Class<?> type : types) {
            keysOf(type);
        }
    }

    private void keysOf(Class<?> type) throws IOException {
        ObjectNode asked = Golden.object();
        asked.put("transform", type.getName());
        add(shortName(type) + " keys", asked, () -> {
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
        String[][] configs = {
            {}, {"field", "", "fields", "", "headers", "", "header", "", "operation", "", "replacement", "", "regex", "", "schema.version", ""},
            {"field", null, "fields", null, "headers", null, "header", null, "value.literal", null, "operation", null, "regex", null, "replacement", null, "delimiter", null, "field.syntax.version", null},
            {"field", "a", "fields", "a,a", "headers", "b,,c", "operation", "x", "regex", "(", "replacement", "$9", "schema.version", "1.5", "replace.null.with.default", "x", "field.syntax.version", "V9"}};
        for (String[] pairs : configs) {
            Map<String, String> config = config(pairs);
            ObjectNode input = Golden.object();
            input.put("transform", type.getName());
            input.set("config", Golden.config(config));
            add(shortName(type) + " errors", input, () -> {
                ObjectNode errors = Golden.object();
                for (ConfigValue value : definition(type).validate(config)) {
                    ArrayNode messages = errors.putArray(value.name());
                    value.errorMessages().forEach(messages::add);
                }
                return errors;
            });
        }
    }

    private static ConfigDef definition(Class<?> type) throws ReflectiveOperationException {
        return ((Transformation) type.getDeclaredConstructor().newInstance()).config();
    }
}
