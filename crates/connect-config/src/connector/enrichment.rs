//! The keys of a connector's transforms and predicates, added to the connector's own: what `transforms` and
//! `predicates` name, under `transforms.<alias>.` and `predicates.<alias>.`.

use kafka_config::{
    AnyClass, ConfigDef, ConfigError, ConfigKey, Importance, Lambda, RawConfig, Type, Value, Width, parse_type,
};

use super::recommendations::{ClassesOf, VersionsOf, Visible};
use crate::plugin_lookup::{Classes, PluginKind, Plugins, demand};

/// Adds the keys of all transforms and predicates. With `full`, as at start, a class that cannot be used is an error;
/// without, as before a configuration is taken, it has only its `type` and `plugin.version` keys, whose validation
/// tells what is wrong.
///
/// # Errors
/// A key is defined twice, or (with `full`) a class cannot be used.
pub fn enrich(base: &ConfigDef, raw: &RawConfig, plugins: &Plugins, full: bool) -> Result<ConfigDef, ConfigError> {
    let mut definition = base.clone();
    for kind in [PluginKind::Transformation, PluginKind::Predicate] {
        for alias in aliases(kind, raw)? {
            Stage { kind, alias: &alias, raw, plugins }.define(&mut definition, full)?;
        }
    }
    Ok(definition)
}

/// `transforms` or `predicates`.
fn list_key(kind: PluginKind) -> &'static str {
    if kind == PluginKind::Predicate { "predicates" } else { "transforms" }
}

fn aliases(kind: PluginKind, raw: &RawConfig) -> Result<Vec<String>, ConfigError> {
    let name = list_key(kind);
    let mut distinct: Vec<String> = Vec::new();
    if let Some(text) = raw.get(name)
        && let Value::List(items) = parse_type(name, text, Type::List, &AnyClass)?
    {
        for alias in items {
            if !distinct.contains(&alias) {
                distinct.push(alias);
            }
        }
    }
    Ok(distinct)
}

struct Stage<'a> {
    kind: PluginKind,
    alias: &'a str,
    raw: &'a RawConfig,
    plugins: &'a Plugins,
}

impl Stage<'_> {
    fn prefix(&self) -> String {
        format!("{}.{}.", list_key(self.kind), self.alias)
    }

    fn define(&self, definition: &mut ConfigDef, full: bool) -> Result<(), ConfigError> {
        let prefix = self.prefix();
        let group = match self.kind {
            PluginKind::Predicate => format!("Predicates: {}", self.alias),
            _ => format!("Transforms: {}", self.alias),
        };
        definition.try_define(self.type_key(&group))?;
        definition.try_define(self.version_key(&group))?;
        match self.own_keys() {
            Ok(own) => definition.embed(&prefix, &group, 2, &own),
            Err(error) if full => Err(error),
            Err(_) => Ok(()),
        }
    }

    fn type_key(&self, group: &str) -> ConfigKey {
        let (alias, interface) = (self.alias, self.kind.interface());
        let lower = interface.to_lowercase();
        let (kind, prefix) = (self.kind, self.prefix());
        let (raw, plugins) = (self.raw.clone(), self.plugins.clone());
        let check = move |name: &str, value: Option<&Value>| {
            check_negation(kind, &prefix, &raw)?;
            match value.and_then(Value::as_text) {
                Some(class) if raw.get("connector.class").is_some() => {
                    let version_key = format!("{prefix}plugin.version");
                    demand(&*plugins, kind, name, class, &version_key, raw.get(&version_key)).map(|_| ())
                }
                _ => Ok(()),
            }
        };
        ConfigKey::new(format!("{}type", self.prefix()), Type::Class)
            .validator(Lambda::new(format!("valid configs for {alias} {lower}"), check))
            .importance(Importance::High)
            .doc(format!("Class for the '{alias}' {lower}."))
            .group(group, 0)
            .width(Width::Long)
            .display_name(format!("{interface} type for {alias}"))
            .recommender(ClassesOf { plugins: Some(self.plugins.clone()), kind: self.kind })
    }

    fn version_key(&self, group: &str) -> ConfigKey {
        let (alias, interface) = (self.alias, self.kind.interface());
        let lower = interface.to_lowercase();
        let (kind, prefix) = (self.kind, self.prefix());
        let type_key = format!("{prefix}type");
        let class = self.raw.get(&type_key).map(str::to_owned);
        let connector = self.raw.contains_key("connector.class");
        let found = class.as_deref().filter(|_| connector).and_then(|class| self.plugins.find(kind, class.trim()));
        let plugin = found.clone();
        let check = move |name: &str, value: Option<&Value>| match (&plugin, value.and_then(Value::as_text)) {
            (Some(plugin), Some(version)) => crate::plugin_lookup::check_version(plugin, name, Some(version)),
            _ => Ok(()),
        };
        ConfigKey::new(format!("{prefix}plugin.version"), Type::String)
            .default_option(found.map(|plugin| plugin.version))
            .validator(Lambda::new("a version or a range of versions", check))
            .importance(Importance::High)
            .doc(format!("Version of the '{alias}' {lower}."))
            .group(group, 1)
            .width(Width::Long)
            .display_name(format!("{interface} version for {alias}"))
            .recommender(VersionsOf {
                plugins: Some(self.plugins.clone()),
                kind,
                class_key: type_key,
                visible: Visible::Always,
            })
    }

    /// The keys of the plug-in itself, and what every transform has.
    fn own_keys(&self) -> Result<ConfigDef, ConfigError> {
        let prefix = self.prefix();
        let type_key = format!("{prefix}type");
        let Some(class) = self.raw.get(&type_key) else {
            return Err(ConfigError::invalid(type_key, "null", format!("Not a {}", self.kind.interface())));
        };
        let mut own = ConfigDef::new();
        if self.kind == PluginKind::Transformation {
            own = own
                .define(
                    ConfigKey::new("predicate", Type::String)
                        .default_null()
                        .doc("The alias of a predicate that says whether to apply the transform."),
                )
                .define(
                    ConfigKey::new("negate", Type::Boolean)
                        .default(false)
                        .doc("Whether to apply it where the predicate says no."),
                );
        }
        if self.raw.get("connector.class").is_none() {
            return Ok(own);
        }
        let version_key = format!("{prefix}plugin.version");
        let version = self.raw.get(&version_key);
        let plugin = demand(&**self.plugins, self.kind, &type_key, class, &version_key, version)?;
        for key in plugin.definition.keys() {
            if own.get(&key.name).is_some() && matches!(key.name.as_str(), "predicate" | "negate") {
                tracing::warn!(
                    class = plugin.class,
                    key = key.name,
                    "the transform's own key is hidden by Connect's key of that name"
                );
                continue;
            }
            own.try_define(key.clone())?;
        }
        Ok(own)
    }
}

/// A negation needs something to negate.
fn check_negation(kind: PluginKind, prefix: &str, raw: &RawConfig) -> Result<(), ConfigError> {
    let (negate, predicate) = (format!("{prefix}negate"), format!("{prefix}predicate"));
    if kind != PluginKind::Transformation || !raw.contains_key(&negate) || raw.contains_key(&predicate) {
        return Ok(());
    }
    let text = format!(
        "Config '{negate}' was provided but there is no config '{predicate}' defining a predicate to be negated."
    );
    Err(ConfigError::about(negate, text))
}

/// Classes are looked up the same way when values are parsed.
pub(super) fn classes(plugins: &Plugins) -> Classes<'_> {
    Classes(&**plugins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::{ConnectorKind, definition};
    use crate::plugin_lookup::tests::plugins;

    fn raw(entries: &[(&str, &str)]) -> RawConfig {
        let mut raw = RawConfig::from([("name", "c"), ("connector.class", "FileStreamSource")]);
        for (name, value) in entries {
            raw.insert(*name, *value);
        }
        raw
    }

    fn enriched(raw: &RawConfig, full: bool) -> Result<ConfigDef, String> {
        enrich(&definition(ConnectorKind::Source), raw, &plugins(), full).map_err(|error| error.to_string())
    }

    fn errors(raw: &RawConfig, key: &str) -> Vec<String> {
        let all = plugins();
        let values = enriched(raw, false).unwrap().validate_all_with(raw, &classes(&all));
        values.into_iter().find(|value| value.name == key).unwrap().errors
    }

    #[test]
    fn keys_of_a_transform_and_a_predicate() {
        let raw = raw(&[
            ("transforms", "k"),
            ("transforms.k.type", "ValueToKey"),
            ("transforms.k.fields", "id"),
            ("predicates", "p"),
            ("predicates.p.type", "RecordIsTombstone"),
        ]);
        let definition = enriched(&raw, true).unwrap();
        let added: Vec<_> = definition
            .keys()
            .filter(|key| key.name.starts_with("transforms.") || key.name.starts_with("predicates."))
            .map(|key| (key.name.as_str(), key.order_in_group, key.group.as_deref().unwrap()))
            .collect();
        assert_eq!(
            added,
            [
                ("transforms.k.type", 0, "Transforms: k"),
                ("transforms.k.plugin.version", 1, "Transforms: k"),
                ("transforms.k.fields", 2, "Transforms: k"),
                ("transforms.k.negate", 3, "Transforms: k"),
                ("transforms.k.predicate", 4, "Transforms: k"),
                ("predicates.p.type", 0, "Predicates: p"),
                ("predicates.p.plugin.version", 1, "Predicates: p"),
            ]
        );
        let kind = definition.get("transforms.k.type").unwrap();
        assert_eq!(kind.display_name, "Transformation type for k");
        assert_eq!(kind.documentation, "Class for the 'k' transformation.");
        assert_eq!(definition.get("predicates.p.type").unwrap().display_name, "Predicate type for p");
        assert_eq!(definition.get("transforms.k.plugin.version").unwrap().default_value(), Some(&Value::from("4.3.1")));
    }

    #[test]
    fn what_is_wrong_with_a_transform() {
        let unknown = raw(&[("transforms", "t"), ("transforms.t.type", "Nope")]);
        assert_eq!(
            errors(&unknown, "transforms.t.type"),
            ["Invalid value Nope for configuration transforms.t.type: Class Nope could not be found."]
        );
        let wrong = raw(&[("transforms", "t"), ("transforms.t.type", "RecordIsTombstone")]);
        let text = "Class class org.apache.kafka.connect.transforms.predicates.RecordIsTombstone does not implement the Transformation interface";
        assert_eq!(errors(&wrong, "transforms.t.type"), [text]);
        assert_eq!(enriched(&wrong, true).unwrap_err(), text);
        let missing = raw(&[("transforms", "a,")]);
        assert_eq!(
            errors(&missing, "transforms..type"),
            ["Missing required configuration \"transforms..type\" which has no default value."]
        );
        assert_eq!(
            enriched(&missing, true).unwrap_err(),
            "Invalid value null for configuration transforms.a.type: Not a Transformation"
        );
        let missing = raw(&[("predicates", "p")]);
        assert_eq!(
            enriched(&missing, true).unwrap_err(),
            "Invalid value null for configuration predicates.p.type: Not a Predicate"
        );
        let negated = raw(&[("transforms", "t"), ("transforms.t.type", "ValueToKey"), ("transforms.t.negate", "true")]);
        assert_eq!(
            errors(&negated, "transforms.t.type"),
            ["Config 'transforms.t.negate' was provided but there is no config 'transforms.t.predicate' defining a \
              predicate to be negated."]
        );
        let empty = raw(&[("transforms", "t"), ("transforms.t.type", "ValueToKey"), ("transforms.t.fields", "")]);
        assert_eq!(
            errors(&empty, "transforms.t.fields"),
            ["Configuration 'fields' must not be empty. Valid values include: any non-empty value"]
        );
        let twice = raw(&[("transforms", "t, t"), ("transforms.t.type", "ValueToKey")]);
        assert_eq!(
            errors(&twice, "transforms"),
            ["Invalid value [t, t] for configuration transforms: Duplicate alias provided."]
        );
    }

    #[test]
    fn versions_are_checked() {
        let raw =
            raw(&[("transforms", "t"), ("transforms.t.type", "ValueToKey"), ("transforms.t.plugin.version", "0.0.1")]);
        let text = "Plugin org.apache.kafka.connect.transforms.ValueToKey not found that matches the version range \
                    [0.0.1,0.0.1], available versions: [4.3.1]";
        assert_eq!(errors(&raw, "transforms.t.type"), [text]);
        assert_eq!(errors(&raw, "transforms.t.plugin.version"), [text]);
    }

    #[test]
    fn connects_own_keys_hide_a_transforms() {
        let raw = raw(&[("transforms", "m"), ("transforms.m.type", "x.Masked")]);
        let definition = enriched(&raw, true).unwrap();
        assert_eq!(definition.get("transforms.m.predicate").unwrap().kind, Type::String);
    }

    #[test]
    fn a_transforms_keys_can_be_recommended() {
        let raw = raw(&[("transforms", "k"), ("transforms.k.type", "ValueToKey")]);
        let all = plugins();
        let values = enriched(&raw, false).unwrap().validate_all_with(&raw, &classes(&all));
        let kind = values.iter().find(|value| value.name == "transforms.k.type").unwrap();
        assert_eq!(kind.value, Some(Value::Class("org.apache.kafka.connect.transforms.ValueToKey".into())));
        assert_eq!(kind.recommended_values.len(), 2);
    }
}
