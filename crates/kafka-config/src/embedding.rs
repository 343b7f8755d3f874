//! Keys of one definition inside another, under a prefix: how `transforms.<alias>.*` come to be.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::definition::ConfigDef;
use crate::error::ConfigError;
use crate::key::ConfigKey;
use crate::parsed::ParsedValues;
use crate::recommender::Recommender;
use crate::validator::Validator;
use crate::value::Value;

impl ConfigDef {
    /// Adds the keys of `child` with `key_prefix` before their names, in groups named after `group_prefix`, numbered
    /// from `first_order`. Validators and recommenders of the child still see the names without the prefix.
    ///
    /// # Errors
    /// A key exists already.
    pub fn embed(
        &mut self,
        key_prefix: &str,
        group_prefix: &str,
        first_order: i32,
        child: &ConfigDef,
    ) -> Result<(), ConfigError> {
        for (order, key) in (first_order..).zip(child.sorted_keys()) {
            let mut embedded = key.clone();
            embedded.name = format!("{key_prefix}{}", key.name);
            embedded.group = Some(match &key.group {
                Some(group) => format!("{group_prefix}: {group}"),
                None => group_prefix.to_owned(),
            });
            embedded.order_in_group = order;
            embedded.dependents = key.dependents.iter().map(|name| format!("{key_prefix}{name}")).collect();
            embedded.validator = key
                .validator
                .clone()
                .map(|base| Arc::new(Unprefixed { prefix: key_prefix.to_owned(), base }) as Arc<dyn Validator>);
            embedded.recommender = key
                .recommender
                .clone()
                .map(|base| Arc::new(Unprefixed { prefix: key_prefix.to_owned(), base }) as Arc<dyn Recommender>);
            self.try_define(embedded)?;
        }
        Ok(())
    }

    /// The keys as documentation and forms list them: keys without a group first, then by group, place, required
    /// before optional, importance and name.
    pub fn sorted_keys(&self) -> Vec<&ConfigKey> {
        let mut keys: Vec<&ConfigKey> = self.keys().collect();
        keys.sort_by(|left, right| self.compare(left, right));
        keys
    }

    fn compare(&self, left: &ConfigKey, right: &ConfigKey) -> Ordering {
        let place =
            |key: &ConfigKey| key.group.as_ref().map(|group| self.groups().iter().position(|each| each == group));
        (place(left).cmp(&place(right)))
            .then(left.order_in_group.cmp(&right.order_in_group))
            .then(left.has_default().cmp(&right.has_default()))
            .then(left.importance.cmp(&right.importance))
            .then_with(|| left.name.encode_utf16().cmp(right.name.encode_utf16()))
    }
}

struct Unprefixed<T: ?Sized> {
    prefix: String,
    base: Arc<T>,
}

impl<T: ?Sized> Unprefixed<T> {
    fn strip<'a>(&self, name: &'a str) -> &'a str {
        name.strip_prefix(self.prefix.as_str()).unwrap_or(name)
    }

    fn strip_all(&self, parsed: &ParsedValues) -> ParsedValues {
        let own = parsed.iter().filter_map(|(name, value)| Some((name.strip_prefix(self.prefix.as_str())?, value)));
        own.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }
}

impl Validator for Unprefixed<dyn Validator> {
    fn ensure_valid(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        self.base.ensure_valid(self.strip(name), value)
    }

    fn describe(&self) -> String {
        self.base.describe()
    }
}

impl Recommender for Unprefixed<dyn Recommender> {
    fn valid_values(&self, name: &str, parsed: &ParsedValues) -> Result<Vec<Value>, ConfigError> {
        self.base.valid_values(self.strip(name), &self.strip_all(parsed))
    }

    fn visible(&self, name: &str, parsed: &ParsedValues) -> bool {
        self.base.visible(self.strip(name), &self.strip_all(parsed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Importance;
    use crate::raw::RawConfig;
    use crate::validator::ValidList;
    use crate::value::Type;

    #[test]
    fn embedded_keys_get_prefix_group_and_order() {
        let child = ConfigDef::new()
            .define(ConfigKey::new("z", Type::Int).default(1).importance(Importance::High).dependents(["b"]))
            .define(ConfigKey::new("b", Type::Int).default(1).importance(Importance::Low))
            .define(ConfigKey::new("a", Type::Int).importance(Importance::Low))
            .define(ConfigKey::new("g", Type::Int).default(1).group("Inner", 1));
        let mut def = ConfigDef::new();
        def.embed("transforms.t.", "Transforms: t", 2, &child).unwrap();
        let seen: Vec<_> =
            def.keys().map(|key| (key.name.as_str(), key.group.as_deref().unwrap(), key.order_in_group)).collect();
        assert_eq!(
            seen,
            [
                ("transforms.t.a", "Transforms: t", 2),
                ("transforms.t.z", "Transforms: t", 3),
                ("transforms.t.b", "Transforms: t", 4),
                ("transforms.t.g", "Transforms: t: Inner", 5),
            ]
        );
        assert_eq!(def.get("transforms.t.z").unwrap().dependents, ["transforms.t.b"]);
        assert_eq!(def.get("transforms.t.z").unwrap().display_name, "z");
    }

    #[test]
    fn embedded_validators_name_the_short_key() {
        let child =
            ConfigDef::new().define(ConfigKey::new("fields", Type::List).validator(ValidList::any(false, false)));
        let mut def = ConfigDef::new();
        def.embed("transforms.t.", "g", 0, &child).unwrap();
        assert_eq!(
            def.parse(&RawConfig::from([("transforms.t.fields", "")])).unwrap_err().to_string(),
            "Configuration 'fields' must not be empty. Valid values include: any non-empty value"
        );
    }
}
