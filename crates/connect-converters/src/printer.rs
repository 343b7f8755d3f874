//! Prints many values, as [`java_text`](crate::java_text) prints one.

use connect_api::{Schema, Struct, Value};

use crate::java_text::write_value;

/// Prints values of mostly one schema: what stands between the fields of its structs is made once.
#[derive(Debug, Default)]
pub struct Printer {
    last: Option<Names>,
}

#[derive(Debug)]
struct Names {
    schema: Schema,
    /// `,name=` of each field.
    leads: Vec<Box<str>>,
}

impl Printer {
    /// Appends [`value_text`](crate::java_text::value_text) of a value.
    pub fn print(&mut self, value: &Value, out: &mut String) {
        match value {
            Value::Struct(value) => self.print_struct(value, out),
            other => write_value(other, out),
        }
    }

    fn print_struct(&mut self, value: &Struct, out: &mut String) {
        let schema = value.schema();
        let names = match &mut self.last {
            Some(last) if last.schema.same(schema) => last,
            last => {
                let leads = schema.fields().iter().map(|field| format!(",{}=", field.name).into()).collect();
                last.insert(Names { schema: schema.clone(), leads })
            }
        };
        out.push_str("Struct{");
        let mut comma = 1;
        for (lead, slot) in names.leads.iter().zip(value.slots()) {
            if !slot.is_null() {
                out.push_str(&lead[comma..]);
                write_value(slot, out);
                comma = 0;
            }
        }
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use connect_api::SchemaBuilder;

    use super::*;
    use crate::java_text::value_text;

    #[test]
    fn prints_as_one_by_one() {
        let schema = |names: [&str; 3]| {
            let schemas = names.into_iter().map(|name| (name, Schema::optional_string()));
            schemas.fold(SchemaBuilder::structure(), |builder, (name, schema)| builder.field(name, schema)).build()
        };
        let (first, second) = (schema(["a", "b", "c"]), schema(["ä", "=", ","]));
        let mut printer = Printer::default();
        for number in 0..16_u8 {
            let schema = if number < 8 { &first } else { &second };
            let slot = |bit: u8| if number >> bit & 1 == 1 { Value::from("x") } else { Value::Null };
            let value = Value::from(Struct::from_slots(schema.clone(), (0..3).map(slot).collect::<Vec<_>>()));
            let mut text = String::new();
            printer.print(&value, &mut text);
            assert_eq!(text, value_text(&value));
        }
        let mut text = String::new();
        printer.print(&Value::from(7_i64), &mut text);
        assert_eq!(text, "7");
    }
}
