//! What was worked out for an input schema, kept for the next record of that schema.

use connect_api::{Result, Schema};

/// How many schemas are remembered, as in Java.
const LIMIT: usize = 16;

/// Plans by input schema, the one used last in front.
pub(crate) struct Plans<P>(Vec<(Schema, P)>);

impl<P> Plans<P> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The plan for `schema`; made by `make`, unless it is remembered.
    ///
    /// # Errors
    /// That of `make`; nothing is remembered then.
    pub(crate) fn plan(&mut self, schema: &Schema, make: impl FnOnce() -> Result<P>) -> Result<&P> {
        let plans = &mut self.0;
        if !plans.first().is_some_and(|(known, _)| known.same(schema)) {
            match plans.iter().position(|(known, _)| known == schema) {
                Some(at) => {
                    plans[..=at].rotate_right(1);
                    // The next record more likely has this object for its schema than the old one.
                    plans[0].0 = schema.clone();
                }
                None => {
                    let plan = make()?;
                    plans.truncate(LIMIT - 1);
                    plans.insert(0, (schema.clone(), plan));
                }
            }
        }
        Ok(&plans[0].1)
    }
}

/// What messages call each field of a struct.
pub(crate) fn locations(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|field| format!("field: \"{}\"", field.name)).collect()
}

#[cfg(test)]
mod tests {
    use connect_api::{Error, SchemaBuilder};

    use super::*;

    fn schema(number: i32) -> Schema {
        SchemaBuilder::structure().version(number).build()
    }

    #[test]
    fn equal_schemas_share_a_plan_and_old_ones_go() {
        let mut plans = Plans::new();
        let mut made = 0;
        let mut plan = |schema: &Schema| {
            let plan = plans.plan(schema, || {
                made += 1;
                Ok(made)
            });
            *plan.unwrap()
        };
        assert_eq!(plan(&schema(1)), 1);
        assert_eq!(plan(&schema(1)), 1);
        assert_eq!((2..=16).map(|number| plan(&schema(number))).collect::<Vec<_>>(), (2..=16).collect::<Vec<_>>());
        assert_eq!(plan(&schema(1)), 1);
        assert_eq!(plan(&schema(17)), 17);
        // The one not used for longest had to go.
        assert_eq!(plan(&schema(1)), 1);
        assert_eq!(plan(&schema(2)), 18);
        assert!(plans.plan(&schema(99), || Err(Error::data("no"))).is_err());
        assert_eq!(plans.0.len(), LIMIT);
    }
}
