//! Transforms that follow each other and say beforehand what they do, carried out in one step.

use std::sync::Arc;

use connect_api::{Datum, Origin, Record, Rewrite, Schema, Slot, Struct, Text, Value};

/// How many schemas are remembered, as the transforms do.
const LIMIT: usize = 16;

/// What is known of the transforms from one link on.
#[derive(Default)]
pub(super) struct Rewriting {
    /// By the schema that records come with, the one used last in front. `None`: the link is to be called.
    steps: Vec<(Schema, Option<Arc<Step>>)>,
    /// For the records of a batch: up to which row, and how.
    runs: Vec<(usize, Arc<Step>)>,
    topic: Option<(Arc<str>, Text)>,
}

/// Several transforms as one.
struct Step {
    /// How many transforms it stands for.
    links: usize,
    output: Schema,
    needs: Needs,
    layout: Layout,
}

/// What a record must have.
#[derive(Default)]
struct Needs {
    offset: bool,
    partition: bool,
    timestamp: bool,
}

/// How the slots of the input become those of the output.
enum Layout {
    /// Fields are left out, the last one first; masks put in place of what is not null; and others appended.
    InPlace { left_out: Vec<usize>, masks: Vec<(usize, Value)>, appended: Vec<Slot> },
    /// Whatever goes wherever.
    Anew(Vec<Slot>),
}

impl Rewriting {
    /// Does to all records what the next transforms do; `rewrite` gives that of one after the other for a schema. Gives
    /// how many transforms it was; `None`, and nothing is changed, when for one of the records the first one must be
    /// called.
    pub(super) fn apply(
        &mut self,
        records: &mut [Record],
        rewrite: impl Fn(usize, &Schema) -> Option<Rewrite>,
    ) -> Option<usize> {
        self.runs.clear();
        for (row, record) in records.iter_mut().enumerate() {
            let schema = proven_schema(&mut record.value)?;
            if !self.steps.first().is_some_and(|(known, _)| known.same(schema)) {
                self.turn_to(schema, &rewrite);
            }
            let step = self.steps.first()?.1.as_ref()?;
            if !step.needs.are_met_by(record) {
                return None;
            }
            match self.runs.last_mut() {
                Some((end, last)) if Arc::ptr_eq(last, step) => *end = row + 1,
                Some((_, last)) if last.links != step.links => return None,
                _ => self.runs.push((row + 1, step.clone())),
            }
        }
        let mut row = 0;
        for (end, step) in &self.runs {
            records[row..*end].iter_mut().for_each(|record| step.run(record, &mut self.topic));
            row = *end;
        }
        self.runs.first().map(|(_, step)| step.links)
    }

    /// Brings the step for `schema` to the front, and makes it if there is none.
    #[cold]
    fn turn_to(&mut self, schema: &Schema, rewrite: impl Fn(usize, &Schema) -> Option<Rewrite>) {
        match self.steps.iter().position(|(known, _)| known == schema) {
            Some(at) => {
                self.steps[..=at].rotate_right(1);
                // The next record more likely has this object for its schema than the old one.
                self.steps[0].0 = schema.clone();
            }
            None => {
                let step = Step::new(schema, rewrite).map(Arc::new);
                self.steps.truncate(LIMIT - 1);
                self.steps.insert(0, (schema.clone(), step));
            }
        }
    }
}

/// The schema of a struct that holds what it allows.
fn proven_schema(datum: &mut Datum) -> Option<&Schema> {
    let (Some(schema), Value::Struct(value)) = (&datum.schema, &mut datum.value) else { return None };
    (value.schema().same(schema) && value.prove()).then_some(schema)
}

impl Step {
    fn new(input: &Schema, rewrite: impl Fn(usize, &Schema) -> Option<Rewrite>) -> Option<Self> {
        let mut whole = rewrite(0, input)?;
        let (mut links, mut needs) = (1, Needs::default());
        needs.add(&whole);
        while let Some(next) = rewrite(links, whole.output())
            && let Some(both) = whole.then(&next)
        {
            needs.add(&next);
            whole = both;
            links += 1;
        }
        let layout = Layout::of(whole.slots(), input.fields().len());
        Some(Self { links, output: whole.output().clone(), needs, layout })
    }

    fn run(&self, record: &mut Record, topic: &mut Option<(Arc<str>, Text)>) {
        let Value::Struct(value) = std::mem::take(&mut record.value.value) else { return };
        let (_, mut slots) = value.into_parts();
        match &self.layout {
            Layout::InPlace { left_out, masks, appended } => {
                left_out.iter().for_each(|index| drop(slots.remove(*index)));
                for (index, mask) in masks {
                    put_mask(&mut slots[*index], mask);
                }
                slots.extend(appended.iter().map(|slot| made(slot, record, topic)));
            }
            Layout::Anew(order) => {
                let take = |slot: &Slot| match slot.field() {
                    None => made(slot, record, topic),
                    Some(index) => {
                        let mut value = std::mem::take(&mut slots[index]);
                        if let Slot::Masked(_, mask) = slot {
                            put_mask(&mut value, mask);
                        }
                        value
                    }
                };
                slots = order.iter().map(take).collect();
            }
        }
        record.value.value = Struct::from_proven_slots(self.output.clone(), slots).into();
        record.value.schema = Some(self.output.clone());
    }
}

impl Needs {
    /// Also what one transform asks for, whose output a later one may leave out: Java would have failed by then.
    fn add(&mut self, rewrite: &Rewrite) {
        let asks = |asked: fn(&Slot) -> bool| rewrite.slots().iter().any(asked);
        self.offset |= asks(|slot| matches!(slot, Slot::Offset));
        self.partition |= asks(|slot| matches!(slot, Slot::Partition));
        self.timestamp |= asks(|slot| matches!(slot, Slot::Timestamp));
    }

    fn are_met_by(&self, record: &Record) -> bool {
        (!self.offset || matches!(record.origin, Origin::Sink(_)))
            && (!self.partition || record.partition.is_some())
            && (!self.timestamp || record.timestamp.is_some())
    }
}

impl Layout {
    fn of(slots: &[Slot], inputs: usize) -> Self {
        let taken: Vec<usize> = slots.iter().map_while(Slot::field).collect();
        let (kept, appended) = slots.split_at(taken.len());
        if !taken.is_sorted() || appended.iter().any(|slot| slot.field().is_some()) {
            return Layout::Anew(slots.to_vec());
        }
        let mask = |(index, slot): (usize, &Slot)| match slot {
            Slot::Masked(_, mask) => Some((index, mask.clone())),
            _ => None,
        };
        Layout::InPlace {
            left_out: (0..inputs).rev().filter(|index| !taken.contains(index)).collect(),
            masks: kept.iter().enumerate().filter_map(mask).collect(),
            appended: appended.to_vec(),
        }
    }
}

fn put_mask(value: &mut Value, mask: &Value) {
    if !value.is_null() {
        *value = mask.clone();
    }
}

/// A value that comes from no field.
fn made(slot: &Slot, record: &Record, topic: &mut Option<(Arc<str>, Text)>) -> Value {
    match slot {
        Slot::Field(_) | Slot::Masked(..) => Value::Null,
        Slot::Constant(value) => value.clone(),
        Slot::Topic => Value::String(topic_text(topic, &record.topic)),
        Slot::Partition => record.partition.map_or(Value::Null, Value::Int32),
        Slot::Offset => record.sink_origin().map_or(Value::Null, |origin| Value::Int64(origin.offset)),
        Slot::Timestamp => record.timestamp.map_or(Value::Null, Value::Date),
    }
}

/// The topic as a value; made once for records that share it.
fn topic_text(last: &mut Option<(Arc<str>, Text)>, topic: &Arc<str>) -> Text {
    match last {
        Some((known, text)) if Arc::ptr_eq(known, topic) => text.clone(),
        _ => last.insert((topic.clone(), Text::from(&**topic))).1.clone(),
    }
}

#[cfg(test)]
mod tests {
    use connect_api::{RawRecord, SchemaBuilder, SinkOrigin, SourceOffset, SourcePartition, TimestampType};

    use super::*;

    fn schema(fields: usize) -> Schema {
        let field = |builder: SchemaBuilder, at: usize| builder.field(format!("f{at}"), Schema::optional_string());
        (0..fields).fold(SchemaBuilder::structure(), field).build()
    }

    fn record(schema: &Schema, values: &[Option<&str>]) -> Record {
        let slots: Vec<Value> = values.iter().map(|text| text.map_or(Value::Null, Value::from)).collect();
        let origin = SinkOrigin {
            topic: "was".into(),
            partition: 3,
            offset: 7,
            timestamp_type: TimestampType::CreateTime,
            raw: RawRecord::default(),
        };
        Record {
            topic: "t".into(),
            partition: Some(1),
            key: Datum::NULL,
            value: Datum::new(schema.clone(), Struct::from_slots(schema.clone(), slots)),
            timestamp: Some(5),
            headers: connect_api::Headers::new(),
            origin: Origin::Sink(origin),
        }
    }

    fn text(record: &Record) -> String {
        format!("{:?}", record.value.value)
    }

    /// As many outputs as slots, of optional strings, and of what is asked of the record.
    fn rewrite(slots: &[Slot]) -> Rewrite {
        let field = |builder: SchemaBuilder, (at, slot): (usize, &Slot)| {
            let schema = match slot {
                Slot::Partition => Schema::int32(),
                Slot::Offset => Schema::int64(),
                Slot::Timestamp => Schema::timestamp(),
                _ => Schema::optional_string(),
            };
            builder.field(format!("g{at}"), schema)
        };
        let output = slots.iter().enumerate().fold(SchemaBuilder::structure(), field).build();
        Rewrite::new(output, slots.to_vec()).unwrap()
    }

    fn run(records: &mut [Record], links: &[Option<Rewrite>]) -> Option<usize> {
        let next = |at: usize, _: &Schema| links.get(at).cloned().flatten();
        Rewriting::default().apply(records, next)
    }

    #[test]
    fn fields_go_where_they_belong() {
        use Slot::{Constant, Field, Masked, Offset, Partition, Timestamp, Topic};
        let input = schema(3);
        let (a, c) = (Some("a"), Some("c"));
        for (slots, expected) in [
            (vec![Field(0), Field(2)], r#"{"g0": "a", "g1": "c"}"#),
            (vec![Field(2), Field(0)], r#"{"g0": "c", "g1": "a"}"#),
            (vec![Masked(0, "x".into()), Masked(1, "x".into()), Topic], r#"{"g0": "x", "g2": "t"}"#),
            (vec![Topic, Field(1), Masked(2, "x".into())], r#"{"g0": "t", "g2": "x"}"#),
            (vec![Field(0), Constant("k".into()), Field(2)], r#"{"g0": "a", "g1": "k", "g2": "c"}"#),
            (vec![Partition, Offset, Timestamp], r#"{"g0": 1i32, "g1": 7i64, "g2": date(5)}"#),
            (vec![], "{}"),
        ] {
            let mut records = [record(&input, &[a, None, c]), record(&input, &[a, None, c])];
            assert_eq!(run(&mut records, &[Some(rewrite(&slots))]), Some(1));
            for record in &records {
                assert_eq!(text(record), format!("Struct{expected}"), "{slots:?}");
                let Value::Struct(value) = &record.value.value else { panic!() };
                assert!(record.value.schema.as_ref().unwrap().same(value.schema()));
            }
        }
    }

    #[test]
    fn as_many_transforms_as_follow_each_other_are_one_step() {
        let (swap, call) = (Some(rewrite(&[Slot::Field(1), Slot::Field(0)])), None);
        let mut records = [record(&schema(2), &[Some("a"), Some("b")])];
        assert_eq!(run(&mut records, &[swap.clone(), swap.clone(), swap.clone(), call.clone(), swap.clone()]), Some(3));
        assert_eq!(text(&records[0]), r#"Struct{"g0": "b", "g1": "a"}"#);
        assert_eq!(run(&mut records, &[call, swap]), None);
        assert_eq!(run(&mut [], &[]), None);
    }

    #[test]
    fn nothing_is_changed_when_one_record_needs_a_call() {
        let (input, other) = (schema(1), schema(2));
        let link = |slot| [Some(rewrite(&[Slot::Field(0), slot]))];
        let unfit = record(&SchemaBuilder::structure().field("f0", Schema::string()).build(), &[None]);
        let tombstone = Record { value: Datum::NULL, ..unfit.clone() };
        let no_time = Record { timestamp: None, ..record(&input, &[None]) };
        let no_partition = Record { partition: None, ..record(&input, &[None]) };
        let another =
            Record { value: Datum { schema: Some(other), ..record(&input, &[None]).value }, ..no_time.clone() };
        for (last, slot) in [
            (unfit, Slot::Topic),
            (tombstone, Slot::Topic),
            (no_time, Slot::Timestamp),
            (no_partition, Slot::Partition),
            (another, Slot::Topic),
        ] {
            let mut records = [record(&input, &[Some("a")]), last];
            let before = records.clone().map(|record| text(&record));
            assert_eq!(run(&mut records, &link(slot)), None);
            assert_eq!(records.map(|record| text(&record)), before);
        }
    }

    #[test]
    fn what_is_asked_for_and_left_out_again_is_asked_for() {
        let input = schema(1);
        let no_partition = Record { partition: None, ..record(&input, &[Some("a")]) };
        let no_time = Record { timestamp: None, ..record(&input, &[Some("a")]) };
        let source = Record {
            origin: Record::source(
                "t".into(),
                SourcePartition::new([("p", 1_i64)]),
                SourceOffset::of([("o", 2_i64)]),
                Datum::NULL,
            )
            .origin,
            ..record(&input, &[Some("a")])
        };
        for (record, slot) in [(no_partition, Slot::Partition), (no_time, Slot::Timestamp), (source, Slot::Offset)] {
            let links = [Some(rewrite(&[Slot::Field(0), slot])), Some(rewrite(&[Slot::Field(0)]))];
            let before = text(&record);
            let mut records = [record];
            assert_eq!(run(&mut records, &links), None);
            assert_eq!(text(&records[0]), before);
        }
    }

    #[test]
    fn schemas_may_alternate() {
        let inputs: Vec<Schema> = (1..=20).map(schema).collect();
        let mut rewriting = Rewriting::default();
        let first = |at: usize, _: &Schema| (at == 0).then(|| rewrite(&[Slot::Field(0), Slot::Topic]));
        let values: Vec<Option<&str>> = (0..20).map(|_| Some("a")).collect();
        for _ in 0..2 {
            let all = inputs.iter().chain(&inputs[3..7]).chain(&inputs[3..4]);
            let mut records: Vec<Record> = all.map(|schema| record(schema, &values[..schema.fields().len()])).collect();
            assert_eq!(rewriting.apply(&mut records, first), Some(1));
            assert!(records.iter().all(|record| text(record) == r#"Struct{"g0": "a", "g1": "t"}"#));
            assert!(rewriting.steps.len() <= LIMIT);
        }
        // With one schema two transforms go along, with the other one: the records are of two minds.
        let two_minds = |at: usize, schema: &Schema| {
            (at == 0 || (at == 1 && schema.fields().len() == 1)).then(|| {
                let fields = (0..schema.fields().len()).map(Slot::Field);
                rewrite(&fields.collect::<Vec<_>>())
            })
        };
        let mut records = [record(&inputs[0], &values[..1]), record(&inputs[1], &values[..2])];
        let mut rewriting = Rewriting::default();
        assert_eq!(rewriting.apply(&mut records, two_minds), None);
        assert_eq!(rewriting.apply(&mut records[..1], two_minds), Some(2));
        assert_eq!(rewriting.apply(&mut records[1..], two_minds), Some(1));
    }
}
