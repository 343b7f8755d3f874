//! What a transform does to every struct of a schema, said before any record comes.

use crate::data::{Schema, Value};

/// Where each field of an output struct comes from, for all input structs of one schema that hold what it allows. A
/// rewrite cannot fail, and rewrites of transforms that follow each other make one.
#[derive(Clone, Debug)]
pub struct Rewrite {
    output: Schema,
    slots: Vec<Slot>,
}

/// Where a field comes from.
#[derive(Clone, Debug)]
pub enum Slot {
    /// The input's field of that index.
    Field(usize),
    /// The same, with this in place of whatever it holds; null stays null.
    Masked(usize, Value),
    /// Always the same value.
    Constant(Value),
    /// The record's topic, as a string.
    Topic,
    /// The record's partition, as an int32.
    Partition,
    /// The offset at which the record was consumed, as an int64.
    Offset,
    /// The record's timestamp, as a Timestamp.
    Timestamp,
}

impl Slot {
    /// The field of the input that it needs.
    pub fn field(&self) -> Option<usize> {
        match self {
            Slot::Field(index) | Slot::Masked(index, _) => Some(*index),
            _ => None,
        }
    }
}

impl Rewrite {
    /// To structs of `output`, whose fields come from `slots` and always get what they allow. `None` when two of them
    /// need the same field.
    ///
    /// # Panics
    /// When there are not as many slots as fields.
    pub fn new(output: Schema, slots: Vec<Slot>) -> Option<Self> {
        assert_eq!(slots.len(), output.fields().len(), "one slot per field");
        let mut fields: Vec<usize> = slots.iter().filter_map(Slot::field).collect();
        fields.sort_unstable();
        fields.windows(2).all(|pair| pair[0] != pair[1]).then_some(Self { output, slots })
    }

    /// The schema of the output.
    pub fn output(&self) -> &Schema {
        &self.output
    }

    /// Where its fields come from, in their order.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// This one and, over its output, `next`; `None` where that depends on the record.
    #[must_use]
    pub fn then(&self, next: &Rewrite) -> Option<Rewrite> {
        let through = |slot: &Slot| {
            let Some(index) = slot.field() else { return Some(slot.clone()) };
            let earlier = self.slots.get(index)?;
            let Slot::Masked(_, mask) = slot else { return Some(earlier.clone()) };
            match earlier {
                Slot::Field(index) | Slot::Masked(index, _) => Some(Slot::Masked(*index, mask.clone())),
                Slot::Constant(Value::Null) => Some(earlier.clone()),
                Slot::Constant(_) | Slot::Topic | Slot::Offset => Some(Slot::Constant(mask.clone())),
                Slot::Partition | Slot::Timestamp => None,
            }
        };
        let slots = next.slots.iter().map(through).collect::<Option<_>>()?;
        Self::new(next.output.clone(), slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::SchemaBuilder;

    fn schema(fields: &[&str]) -> Schema {
        fields.iter().fold(SchemaBuilder::structure(), |schema, name| schema.field(*name, Schema::string())).build()
    }

    fn rewrite(fields: &[&str], slots: &[Slot]) -> Rewrite {
        Rewrite::new(schema(fields), slots.to_vec()).unwrap()
    }

    fn text(rewrite: &Rewrite) -> String {
        format!("{:?}", rewrite.slots())
    }

    #[test]
    fn one_after_the_other_is_one() {
        use Slot::{Constant, Field, Masked, Offset, Topic};
        let first = rewrite(&["c", "a", "t", "n"], &[Field(2), Masked(0, "x".into()), Topic, Constant(Value::Null)]);
        let second = rewrite(
            &["n", "a", "c", "t", "o"],
            &[Masked(3, "z".into()), Masked(1, "y".into()), Masked(0, "m".into()), Field(2), Offset],
        );
        let both = first.then(&second).unwrap();
        assert_eq!(text(&both), r#"[Constant(null), Masked(0, "y"), Masked(2, "m"), Topic, Offset]"#);
        assert_eq!(both.output().fields().len(), 5);
        let masked = both.then(&rewrite(&["t", "o"], &[Masked(3, "q".into()), Field(4)])).unwrap();
        assert_eq!(text(&masked), r#"[Constant("q"), Offset]"#);
    }

    #[test]
    fn what_depends_on_the_record_is_not_said_beforehand() {
        // A record without a timestamp has a null there, which a mask leaves alone.
        let first = rewrite(&["t"], &[Slot::Timestamp]);
        assert!(first.then(&rewrite(&["t"], &[Slot::Masked(0, "x".into())])).is_none());
        assert!(first.then(&rewrite(&["t"], &[Slot::Field(0)])).is_some());
        assert!(Rewrite::new(schema(&["a", "b"]), vec![Slot::Field(1), Slot::Masked(1, Value::Null)]).is_none());
    }
}
