//! ReplaceField: drops and renames fields.

use std::collections::BTreeSet;

use connect_api::data::java_order::hash_map_order;
use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{
    Error, Field, Map, Record, Result, Rewrite, Schema, SchemaBuilder, Slot, Struct, Text, Transform, Value, Verdict,
};
use connect_converters::java_map;
use kafka_config::{ConfigDef, ConfigError, ConfigKey, Lambda, ParsedConfig, RawConfig, Type, ValidList};

use crate::operand::{
    Side, copies_alike, fill_defaults, or_default, refused, replace_null, replace_null_key, require_map,
    require_struct, require_text, take_struct,
};
use crate::plan::Plans;

const PURPOSE: &str = "field replacement";
const EXCLUDE: &str = "exclude";
const INCLUDE: &str = "include";
const RENAMES: &str = "renames";

/// The plug-in `ReplaceField$Key` or `ReplaceField$Value`.
#[derive(Clone, Copy, Debug)]
pub struct ReplaceFieldPlugin(pub Side);

impl Plugin for ReplaceFieldPlugin {
    fn class(&self) -> &'static str {
        match self.0 {
            Side::Key => "org.apache.kafka.connect.transforms.ReplaceField$Key",
            Side::Value => "org.apache.kafka.connect.transforms.ReplaceField$Value",
        }
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        let list = |name: &str| ConfigKey::new(name, Type::List).default("");
        let pairs = Lambda::new(
            "list of colon-delimited pairs, e.g. <code>foo:bar,abc:xyz</code>",
            |_: &str, value: Option<&kafka_config::Value>| {
                parse_renames(value.and_then(kafka_config::Value::as_list).unwrap_or_default()).map(|_| ())
            },
        );
        ConfigDef::new()
            .define(
                list(EXCLUDE)
                    .validator(ValidList::any(true, false))
                    .doc("Fields to drop; stronger than the fields to keep."),
            )
            .define(
                list(INCLUDE).validator(ValidList::any(true, false)).doc("Fields to keep; empty keeps all of them."),
            )
            .define(list(RENAMES).validator(pairs).doc("New names of fields that are kept, as `old:new` pairs."))
            .define(replace_null_key())
    }
}

impl TransformPlugin for ReplaceFieldPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        let rules = Rules::new(&config)?;
        Ok(Box::new(ReplaceField { side: self.0, rules, plans: Plans::new() }))
    }
}

/// Old and new names, each old one once, in the order in which Java walks them.
fn parse_renames(pairs: &[String]) -> Result<Vec<(Text, Text)>, ConfigError> {
    let mut renames: Vec<(Text, Text)> = Vec::new();
    for pair in pairs {
        // Parity: String.split forgets empty parts at the end, so `a:b:` is a pair and `a:` is none.
        let parts: Vec<&str> = pair.trim_end_matches(':').split(':').collect();
        let [old, new] = parts[..] else {
            let list = kafka_config::Value::List(pairs.to_vec());
            return Err(ConfigError::invalid(RENAMES, list, format!("Invalid rename mapping: {pair}")));
        };
        match renames.iter_mut().find(|(known, _)| known == old) {
            Some((_, known)) => *known = new.into(),
            None => renames.push((old.into(), new.into())),
        }
    }
    let order = hash_map_order(renames.iter().map(|(old, _)| &**old));
    Ok(order.into_iter().map(|at| renames[at].clone()).collect())
}

/// Which fields stay, and under which names.
struct Rules {
    exclude: BTreeSet<String>,
    include: BTreeSet<String>,
    renames: Vec<(Text, Text)>,
    replace_null: bool,
}

impl Rules {
    fn new(config: &ParsedConfig) -> Result<Self> {
        Ok(Self {
            exclude: config.list(EXCLUDE).iter().cloned().collect(),
            include: config.list(INCLUDE).iter().cloned().collect(),
            renames: parse_renames(config.list(RENAMES)).map_err(refused)?,
            replace_null: replace_null(config)?,
        })
    }

    fn keeps(&self, name: &str) -> bool {
        !self.exclude.contains(name) && (self.include.is_empty() || self.include.contains(name))
    }

    fn renamed<'a>(&'a self, name: &'a Text) -> &'a Text {
        self.renames.iter().find(|(old, _)| old == name).map_or(name, |(_, new)| new)
    }

    /// The old name of a new one.
    // Parity: a field that keeps its name, which is also the new name of another, is filled from that other one; of
    // several old names for one new name the last one in a HashMap counts.
    fn original<'a>(&'a self, name: &'a Text) -> &'a Text {
        self.renames.iter().rev().find(|(_, new)| new == name).map_or(name, |(old, _)| old)
    }
}

/// How a struct becomes one with other fields.
struct Plan {
    schema: Schema,
    columns: Vec<Column>,
    /// The fields of the input that are left out, the last one first, when the others stay in their order, each once.
    left_out: Option<Vec<usize>>,
}

/// Where a field of the output comes from.
struct Column {
    /// The field of the input, or the name it should have.
    input: Result<usize, Text>,
    /// Whether no later column needs the same input.
    last_use: bool,
    /// What messages call the field.
    location: String,
}

impl Plan {
    fn new(input: &Schema, rules: &Rules) -> Result<Self> {
        let mut builder = SchemaBuilder::basics_of(input);
        for field in input.fields().iter().filter(|field| rules.keeps(&field.name)) {
            builder = builder.field(rules.renamed(&field.name).clone(), field.schema.clone());
        }
        let schema = builder.try_build()?;
        let mut columns: Vec<Column> = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let original = rules.original(&field.name);
            let source = input.field(original).map(|field| field.index).ok_or_else(|| original.clone());
            for column in columns.iter_mut().filter(|column| column.input == source) {
                column.last_use = false;
            }
            columns.push(Column { input: source, last_use: true, location: format!("field: \"{}\"", field.name) });
        }
        let left_out = left_out(&columns, input.fields().len());
        Ok(Self { schema, columns, left_out })
    }

    /// Checks everything that the output will hold.
    fn check(&self, value: &Struct, replace_null: bool) -> Result<()> {
        for (field, column) in self.schema.fields().iter().zip(&self.columns) {
            let index = match &column.input {
                Ok(index) => *index,
                Err(name) => return Err(Error::data(format!("{name} is not a valid field name"))),
            };
            let source = &value.schema().fields()[index].schema;
            field.schema.validate_as(&column.location, or_default(&value.slots()[index], source, replace_null))?;
        }
        Ok(())
    }

    /// The output for an input that was checked.
    fn run(&self, value: Struct, replace_null: bool) -> Struct {
        let (input, mut slots) = value.into_parts();
        if replace_null {
            fill_defaults(&input, &mut slots);
        }
        if let Some(left_out) = &self.left_out {
            left_out.iter().for_each(|index| drop(slots.remove(*index)));
            return Struct::from_slots(self.schema.clone(), slots);
        }
        let take = |column: &Column| match column.input {
            Ok(index) if column.last_use => std::mem::take(&mut slots[index]),
            Ok(index) => slots[index].clone(),
            Err(_) => Value::Null,
        };
        Struct::from_slots(self.schema.clone(), self.columns.iter().map(take).collect::<Vec<_>>())
    }
}

/// See [`Plan::left_out`].
fn left_out(columns: &[Column], inputs: usize) -> Option<Vec<usize>> {
    let kept: Vec<usize> = columns.iter().map(|column| column.input.as_ref().ok().copied()).collect::<Option<_>>()?;
    kept.is_sorted_by(|a, b| a < b).then(|| (0..inputs).rev().filter(|index| !kept.contains(index)).collect())
}

struct ReplaceField {
    side: Side,
    rules: Rules,
    plans: Plans<Plan>,
}

impl ReplaceField {
    fn apply_schemaless(&self, record: &mut Record) -> Result<()> {
        let map = require_map(&self.side.of(record).value, PURPOSE)?;
        map.iter().filter(|(key, _)| !key.is_null()).try_for_each(|(key, _)| require_text(key).map(|_| ()))?;
        let place = &mut self.side.of_mut(record).value;
        if let Value::Map(map) = std::mem::take(place) {
            let mut renamed = Map::sized(map.len());
            // Parity: where two fields get one name, the later one in Java's order of the input wins.
            for (key, value) in java_map::into_entries(*map).into_iter().filter(|(key, _)| self.keeps(key)) {
                let key = match key {
                    Value::String(name) => Value::String(self.rules.renamed(&name).clone()),
                    other => other,
                };
                renamed.insert(key, value);
            }
            *place = renamed.into();
        }
        Ok(())
    }

    /// A null key is not excluded, and is not included by any list.
    fn keeps(&self, key: &Value) -> bool {
        key.as_str().map_or(self.rules.include.is_empty(), |name| self.rules.keeps(name))
    }

    fn apply_with_schema(&mut self, record: &mut Record) -> Result<()> {
        let value = require_struct(&self.side.of(record).value, PURPOSE)?;
        let rules = &self.rules;
        let plan = self.plans.plan(value.schema(), || Plan::new(value.schema(), rules))?;
        plan.check(value, rules.replace_null)?;
        let datum = self.side.of_mut(record);
        if let Some(value) = take_struct(&mut datum.value) {
            datum.value = plan.run(value, rules.replace_null).into();
            datum.schema = Some(plan.schema.clone());
        }
        Ok(())
    }
}

impl Transform for ReplaceField {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        let datum = self.side.of(record);
        match (&datum.value, &datum.schema) {
            (Value::Null, _) => {}
            (_, None) => self.apply_schemaless(record)?,
            (_, Some(_)) => self.apply_with_schema(record)?,
        }
        Ok(Verdict::Keep)
    }

    fn rewrite(&self, input: &Schema) -> Option<Rewrite> {
        let plan = Plan::new(input, &self.rules).ok()?;
        let field = |(field, column): (&Field, &Column)| {
            let index = *column.input.as_ref().ok()?;
            (input.fields()[index].schema == field.schema).then_some(Slot::Field(index))
        };
        let slots = plan.schema.fields().iter().zip(&plan.columns).map(field).collect::<Option<_>>()?;
        copies_alike(self.side, input, self.rules.replace_null).then(|| Rewrite::new(plan.schema, slots))?
    }
}
