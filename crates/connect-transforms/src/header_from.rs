//! HeaderFrom: moves or copies fields into headers.

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{Datum, Error, Kind, Record, Result, Schema, SchemaBuilder, Struct, Text, Transform, Value, Verdict};
use kafka_config::{ConfigDef, ConfigError, ConfigKey, Importance, RawConfig, Type, ValidString, Validator};

use crate::operand::{
    Side, or_default, refused, replace_null, replace_null_key, require_map, require_struct, take_map, take_struct,
};
use crate::plan::Plans;

const FIELDS: &str = "fields";
const HEADERS: &str = "headers";
const OPERATION: &str = "operation";
const MOVE: &str = "move";

/// The plug-in `HeaderFrom$Key` or `HeaderFrom$Value`.
#[derive(Clone, Copy, Debug)]
pub struct HeaderFromPlugin(pub Side);

impl Plugin for HeaderFromPlugin {
    fn class(&self) -> &'static str {
        match self.0 {
            Side::Key => "org.apache.kafka.connect.transforms.HeaderFrom$Key",
            Side::Value => "org.apache.kafka.connect.transforms.HeaderFrom$Value",
        }
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        let list = |name| ConfigKey::new(name, Type::List).validator(NonEmptyList).importance(Importance::High);
        ConfigDef::new()
            .define(list(FIELDS).doc("The fields that become headers."))
            .define(list(HEADERS).doc("The names of these headers, in the order of the fields."))
            .define(
                ConfigKey::new(OPERATION, Type::String)
                    .validator(ValidString::of([MOVE, "copy"]))
                    .importance(Importance::High)
                    .doc("move takes the fields out of the record, copy leaves them there."),
            )
            .define(replace_null_key())
    }
}

impl TransformPlugin for HeaderFromPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        let (fields, headers) = (config.list(FIELDS), config.list(HEADERS));
        if fields.len() != headers.len() {
            let text = "'fields' config must have the same number of elements as 'headers' config.";
            return Err(refused(ConfigError::sentence(text)));
        }
        let pairs = fields.iter().zip(headers).map(|(field, header)| (field.as_str().into(), header.as_str().into()));
        let operation = config.string(OPERATION).map_err(refused)?;
        Ok(Box::new(HeaderFrom {
            side: self.0,
            pairs: pairs.collect(),
            moves: operation == MOVE,
            purpose: format!("header {operation}"),
            replace_null: replace_null(&config)?,
            plans: Plans::new(),
        }))
    }
}

/// At least one item; items may repeat and may be empty.
struct NonEmptyList;

impl Validator for NonEmptyList {
    fn ensure_valid(&self, name: &str, value: Option<&kafka_config::Value>) -> Result<(), ConfigError> {
        match value {
            Some(value) if value.as_list().is_some_and(|items| !items.is_empty()) => Ok(()),
            Some(value) => Err(ConfigError::invalid(name, value, "Empty list")),
            None => Err(ConfigError::invalid(name, "null", "Empty list")),
        }
    }

    fn describe(&self) -> String {
        "non-empty list".to_owned()
    }
}

struct HeaderFrom {
    side: Side,
    /// Fields and the headers that they become.
    pairs: Vec<(Text, Text)>,
    moves: bool,
    purpose: String,
    replace_null: bool,
    plans: Plans<Plan>,
}

/// What stays of a struct, and what goes into headers.
struct Plan {
    /// The schema of what stays.
    schema: Schema,
    /// The places of the fields that stay, and what messages call them; empty when the struct stays as it is.
    kept: Vec<(usize, String)>,
    /// The place of each field that becomes a header; `None` when there is no such field.
    taken: Vec<Option<usize>>,
}

impl Plan {
    fn new(input: &Schema, pairs: &[(Text, Text)], moves: bool) -> Result<Self> {
        let taken = pairs.iter().map(|(name, _)| input.field(name).map(|field| field.index)).collect();
        if !moves {
            return Ok(Self { schema: input.clone(), kept: Vec::new(), taken });
        }
        let mut builder = SchemaBuilder::basics_of(input);
        let mut kept = Vec::new();
        for field in input.fields().iter().filter(|field| pairs.iter().all(|(name, _)| *name != field.name)) {
            builder = builder.field(field.name.clone(), field.schema.clone());
            kept.push((field.index, format!("field: \"{}\"", field.name)));
        }
        Ok(Self { schema: builder.try_build()?, kept, taken })
    }

    fn check_kept(&self, value: &Struct, replace_null: bool) -> Result<()> {
        for (field, (index, location)) in self.schema.fields().iter().zip(&self.kept) {
            field.schema.validate_as(location, or_default(&value.slots()[*index], &field.schema, replace_null))?;
        }
        Ok(())
    }

    fn headers(&self, value: &Struct, replace_null: bool) -> Result<Vec<Datum>> {
        let header = |index: &Option<usize>| {
            let Some(index) = *index else {
                let text = "Cannot invoke \"org.apache.kafka.connect.data.Field.schema()\" because the return value of \
                            \"org.apache.kafka.connect.data.Schema.field(String)\" is null";
                return Err(Error::new(Kind::IllegalArgument, text).with_class("java.lang.NullPointerException"));
            };
            let schema = &value.schema().fields()[index].schema;
            let value = or_default(&value.slots()[index], schema, replace_null);
            if value.is_null() && !schema.is_optional() {
                return Err(Error::data(format!("A null value requires an optional schema but was {schema}")));
            }
            Ok(Datum::new(schema.clone(), value.clone()))
        };
        self.taken.iter().map(header).collect()
    }

    /// What stays of a struct that was checked.
    fn rest(&self, value: Struct, replace_null: bool) -> Struct {
        let (input, mut slots) = value.into_parts();
        let slot = |(index, _): &(usize, String)| match std::mem::take(&mut slots[*index]) {
            Value::Null if replace_null => input.fields()[*index].schema.default_value().cloned().unwrap_or_default(),
            value => value,
        };
        Struct::from_slots(self.schema.clone(), self.kept.iter().map(slot).collect::<Vec<_>>())
    }
}

impl HeaderFrom {
    fn apply_schemaless(&self, record: &mut Record) -> Result<()> {
        let map = require_map(&self.side.of(record).value, &self.purpose)?;
        let values: Vec<Value> =
            self.pairs.iter().map(|(field, _)| map.get_str(field).cloned().unwrap_or_default()).collect();
        for ((_, header), value) in self.pairs.iter().zip(values) {
            record.headers.add(header.clone(), Datum::schemaless(value));
        }
        let place = &mut self.side.of_mut(record).value;
        if let Some(mut map) = take_map(place) {
            for (field, _) in self.pairs.iter().filter(|_| self.moves) {
                map.remove(&Value::String(field.clone()));
            }
            *place = map.into();
        }
        Ok(())
    }

    fn apply_with_schema(&mut self, record: &mut Record) -> Result<()> {
        let value = require_struct(&self.side.of(record).value, &self.purpose)?;
        let (pairs, moves) = (&self.pairs, self.moves);
        let plan = self.plans.plan(value.schema(), || Plan::new(value.schema(), pairs, moves))?;
        if moves {
            plan.check_kept(value, self.replace_null)?;
        }
        let headers = plan.headers(value, self.replace_null)?;
        for ((_, header), datum) in pairs.iter().zip(headers) {
            record.headers.add(header.clone(), datum);
        }
        let datum = self.side.of_mut(record);
        if moves && let Some(value) = take_struct(&mut datum.value) {
            datum.value = plan.rest(value, self.replace_null).into();
            datum.schema = Some(plan.schema.clone());
        }
        Ok(())
    }
}

impl Transform for HeaderFrom {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        match self.side.of(record).schema {
            None => self.apply_schemaless(record)?,
            Some(_) => self.apply_with_schema(record)?,
        }
        Ok(Verdict::Keep)
    }
}
