import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.transforms.Cast;

import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;

/** The cases of Cast. */
@SuppressWarnings({"rawtypes", "unchecked"})
final class CastCases {
    private static final Class<?> CAST = Cast.Value.class;
    private static final String[] TYPES = {"int8", "int16", "int32", "int64", "float32", "float64", "boolean", "string"};
    private static final long MOMENT = 1_600_000_000_123L;

    private final TimeGoldens out;

    CastCases(TimeGoldens out) {
        this.out = out;
    }

    void write() throws IOException {
        schemaless();
        texts();
        withSchema();
        structs();
        refusals();
    }

    private static Map<String, String> spec(String spec) {
        return TimeGoldens.config("spec", spec);
    }

    private void whole(String type, Schema schema, Object... values) throws IOException {
        for (Object value : values) {
            out.apply(CAST, spec(type), TimeGoldens.sink(schema, value));
        }
    }

    private void schemaless() throws IOException {
        Object[] values = {(byte) -7, (short) 300, 70_000, 5_000_000_000L, Long.MIN_VALUE, 0L, 1.5f, -0.0f, 1e30f, Float.NaN, 300.7, -1.9, 0.5, 1e300, Double.NEGATIVE_INFINITY, 1e-7, true, false,
            new byte[] {1, 2, (byte) 255}};
        for (String type : TYPES) {
            whole(type, null, values);
            whole(type, null, new Date(MOMENT), JsonGoldens.map("a", 1L), new ArrayList<>(List.of(1L)), new BigDecimal("1.5"), null);
        }
    }

    private void texts() throws IOException {
        String[] integers = {"5", "+5", "-5", "٣", " 5", "5 ", "", "+", "127", "128", "-128", "-129", "32768", "2147483648", "9223372036854775807", "9223372036854775808", "1.0", "0x10", "1_0", "1e3", "null", "𝟗", "００７"};
        for (String type : new String[] {"int8", "int16", "int32", "int64"}) {
            whole(type, null, (Object[]) integers);
        }
        String[] floats = {"5", " 5.5\t", "1f", "1D", "NaN", "-NaN", "Infinity", "+Infinity", "-Infinity", "inf", "nan", "1e400", "1e-400", "", " ", "1,5", "0x10", "0x1p3", "0x1.8p1f", "-0x.8P-1D", "0xAp-1080",
            "0x1.fffffffffffff8p1023", "0x1.fffffeffffffffffp127", "0x1p", "0xp1", "0x1.0000000000000800000000000001p0", "1e", ".5", "5.", ".", "1ff", "٣", "1e5 x", "3.4028236e38", "1.4e-45", "16777217", "0.1", "-0",
            "1e+5", "--1", "0x1p-149", "0x1p-1075", "0x1.8p-1075", "1e99999999999", "0x1p99999999999", "0x0p99999999999", "1__0"};
        for (String type : new String[] {"float32", "float64"}) {
            whole(type, null, (Object[]) floats);
        }
        whole("boolean", null, "true", "TRUE", "false", "yes", " true", "", "1");
        whole("string", null, "text", "");
        whole("string", null, 0.1f, 1e21, 100.0, 1e7, 0.001, 12345.678f, Long.MAX_VALUE);
        whole("string", null, new Date(0L), new Date(86_400_000L), new Date(86_400_001L), new Date(-1L), new BigDecimal("1E+5"));
    }

    private void withSchema() throws IOException {
        Schema date = org.apache.kafka.connect.data.Date.SCHEMA;
        Schema time = org.apache.kafka.connect.data.Time.SCHEMA;
        Schema stamp = org.apache.kafka.connect.data.Timestamp.SCHEMA;
        for (String type : TYPES) {
            whole(type, Schema.INT8_SCHEMA, (byte) -7);
            whole(type, Schema.INT16_SCHEMA, (short) 300);
            whole(type, Schema.INT32_SCHEMA, 70_000);
            whole(type, Schema.OPTIONAL_INT64_SCHEMA, 5_000_000_000L, null);
            whole(type, Schema.FLOAT32_SCHEMA, 1.5f);
            whole(type, Schema.FLOAT64_SCHEMA, 300.7);
            whole(type, Schema.BOOLEAN_SCHEMA, true);
            whole(type, Schema.STRING_SCHEMA, "12", "x");
            whole(type, Schema.BYTES_SCHEMA, new byte[] {1, 2});
            whole(type, SchemaBuilder.int32().name("own").version(3).doc("d").parameter("a", "b").optional().defaultValue(300).build(), 5);
            whole(type, SchemaBuilder.string().defaultValue("oops").build(), "5");
            whole(type, date, new Date(1_599_955_200_000L), new Date(MOMENT));
            whole(type, time, new Date(44_800_123L), new Date(MOMENT), new Date(-1L), new Date(86_400_000L));
            whole(type, stamp, new Date(MOMENT), new Date(-1L));
            whole(type, org.apache.kafka.connect.data.Timestamp.builder().defaultValue(new Date(5L)).build(), new Date(MOMENT));
            for (String decimal : new String[] {"1.50", "-12345678901234567890123.9", "0.00", "1E+30", "1E+70", "9.99E-40", "340282356779733661637539395458142568447", "256"}) {
                BigDecimal value = new BigDecimal(decimal);
                whole(type, Decimal.schema(value.scale()), value);
            }
            whole(type, SchemaBuilder.array(Schema.INT8_SCHEMA).build(), new ArrayList<>(List.of((byte) 1)));
            whole(type, SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT8_SCHEMA).build(), JsonGoldens.map("a", (byte) 1));
            whole(type, Schema.INT32_SCHEMA, JsonGoldens.map("a", 1L));
        }
        whole("int32", stamp, 5L);
        whole("string", stamp, 5L);
    }

    private void structs() throws IOException {
        Schema row = SchemaBuilder.struct().name("row").version(2).doc("a doc").parameter("p", "q")
                .field("i", Schema.INT32_SCHEMA)
                .field("s", SchemaBuilder.string().optional().defaultValue("7").doc("text").build())
                .field("f", Schema.OPTIONAL_FLOAT64_SCHEMA)
                .field("t", org.apache.kafka.connect.data.Timestamp.SCHEMA)
                .field("n", SchemaBuilder.int32().name("own").version(1).doc("d").parameter("a", "b").build())
                .field("b", Schema.OPTIONAL_BYTES_SCHEMA)
                .field("d", Decimal.builder(2).optional().build()).build();
        Struct full = new Struct(row).put("i", 300).put("s", "12").put("f", 2.9).put("t", new Date(MOMENT)).put("n", 5).put("b", new byte[] {1}).put("d", new BigDecimal("1.50"));
        Struct sparse = new Struct(row).put("i", 1).put("t", new Date(0L)).put("n", 0);
        String[] specs = {"i:int8", "i:INT64", " i : string ", "i:string,f:int32", "s:int32", "s:boolean", "t:int64", "t:string", "t:int32", "n:string", "b:string", "b:int8", "d:string", "d:float64", "d:int32", "missing:int8",
            "i:int8,i:int16", "f:string,missing:string,d:boolean", "s:int8,i:int8,f:int8,t:int8,n:int8,d:int8", ":int8"};
        for (String spec : specs) {
            out.apply(CAST, spec(spec), TimeGoldens.sink(row, full), TimeGoldens.sink(row, sparse));
        }
        Map<String, String> keep = TimeGoldens.config("spec", "s:int32", "replace.null.with.default", "false");
        out.apply(CAST, keep, TimeGoldens.sink(row, full), TimeGoldens.sink(row, sparse), TimeGoldens.sink(row, null), TimeGoldens.sink(null, null));
        out.apply(CAST, TimeGoldens.config("spec", "i:int8", "replace.null.with.default", "false"), TimeGoldens.sink(row, sparse));
        Schema required = SchemaBuilder.struct().field("s", SchemaBuilder.string().defaultValue("7").build()).field("k", SchemaBuilder.int8().defaultValue((byte) 3).build()).build();
        out.apply(CAST, spec("s:int8"), TimeGoldens.sink(required, new Struct(required)));
        out.apply(CAST, keep, TimeGoldens.sink(required, new Struct(required)));
        Schema bad = SchemaBuilder.struct().field("s", SchemaBuilder.string().optional().defaultValue("x").build()).build();
        out.apply(CAST, spec("s:int8"), TimeGoldens.sink(bad, new Struct(bad).put("s", "1")));
        Schema optional = SchemaBuilder.struct().optional().field("a", Schema.INT32_SCHEMA).build();
        out.apply(CAST, spec("a:string"), TimeGoldens.sink(optional, new Struct(optional).put("a", 1)), TimeGoldens.sink(optional, null), TimeGoldens.sink(optional, new Struct(optional)));
        Schema base = SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA).build();
        SchemaBuilder defaulted = SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA);
        defaulted.defaultValue(new Struct(defaulted).put("a", 1));
        Schema built = defaulted.build();
        out.apply(CAST, spec("a:string"), TimeGoldens.sink(built, new Struct(built).put("a", 1)));
        out.apply(CAST, spec("int8"), TimeGoldens.sink(built, new Struct(built).put("a", 1)));
        Schema nested = SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA).field("in", row).field("l", SchemaBuilder.array(Schema.INT32_SCHEMA).build()).build();
        Struct inside = new Struct(nested).put("a", 1).put("in", full).put("l", List.of(1));
        out.apply(CAST, spec("a:string"), TimeGoldens.sink(nested, inside));
        out.apply(CAST, spec("in:string"), TimeGoldens.sink(nested, inside));
        out.apply(CAST, spec("l:string"), TimeGoldens.sink(nested, inside));
        out.apply(CAST, spec("int8"), TimeGoldens.sink(nested, inside));
        out.apply(CAST, spec("a:string"), TimeGoldens.sink(Schema.INT32_SCHEMA, 1), TimeGoldens.sink(row, JsonGoldens.map("a", 1L)), TimeGoldens.sink(null, full), TimeGoldens.sink(null, 5L),
                TimeGoldens.sink(base, full), TimeGoldens.sink(row, inside));
        Map<String, Object> map = (Map) JsonGoldens.map("a", 300L, "b", "x", "c", null, "d", new Date(MOMENT), "e", List.of(1L));
        for (String spec : new String[] {"a:int8", "a:string,c:int8", "missing:int8", "b:int8", "d:string", "d:int64", "e:string", "b:int8,e:int8", "e:int8,b:int8", "a:int8,a:string"}) {
            out.apply(CAST, spec(spec), TimeGoldens.sink(null, map));
        }
        Class<?> key = Cast.Key.class;
        out.apply(key, spec("int8"), TimeGoldens.sink(Schema.INT64_SCHEMA, 300L, null, "v"), TimeGoldens.sink(null, "7", null, "v"), TimeGoldens.sink(null, null, null, "v"));
        out.apply(key, spec("i:string"), TimeGoldens.sink(row, full, null, "v"), TimeGoldens.sink(null, map, null, "v"));
    }

    private void refusals() throws IOException {
        for (String spec : new String[] {"", ",", "int99", "a:int99", "bytes", "a:struct", "a:bytes", "array", "int8,int16", "int8,a:int16", "a:int16,int8", "a:b:c", "a:int8:", "a:", ":", "::", ":int8:x", "a: ", " int8 ", "Int8",
            "int8,int8", "a:int8,,b:int8", "a:int8,"}) {
            out.apply(CAST, spec(spec), TimeGoldens.sink(null, 5L), TimeGoldens.sink(null, JsonGoldens.map("a", 1L)));
        }
        out.apply(CAST, TimeGoldens.config(), TimeGoldens.sink(null, 5L));
        out.apply(CAST, spec(null), TimeGoldens.sink(null, 5L));
        out.apply(CAST, TimeGoldens.config("spec", "int8", "replace.null.with.default", "x"), TimeGoldens.sink(null, 5L));
        out.apply(CAST, TimeGoldens.config("spec", "int8", "unknown", "x"), TimeGoldens.sink(null, 5L));
    }
}
