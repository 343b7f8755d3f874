//! The transforms of a connector with their predicates, ready to be made.

use kafka_config::{ConfigError, ParsedConfig, RawConfig};

/// A transform.
#[derive(Debug, Clone, PartialEq)]
pub struct TransformStage {
    /// Its name in the connector's configuration.
    pub alias: String,
    /// Full class name.
    pub class: String,
    /// The version or range asked for.
    pub version: Option<String>,
    /// Its keys without the prefix, without `predicate` and `negate` (`type` stays, as in Java).
    pub config: RawConfig,
    /// The predicate that decides; `None` always applies.
    pub predicate: Option<PredicateStage>,
    /// Whether the transform applies where the predicate says no.
    pub negate: bool,
}

/// A predicate.
#[derive(Debug, Clone, PartialEq)]
pub struct PredicateStage {
    /// Its name in the connector's configuration.
    pub alias: String,
    /// Full class name.
    pub class: String,
    /// The version or range asked for.
    pub version: Option<String>,
    /// Its keys without the prefix.
    pub config: RawConfig,
}

pub(super) fn stages(parsed: &ParsedConfig) -> Result<Vec<TransformStage>, ConfigError> {
    parsed.list("transforms").iter().map(|alias| transform(parsed, alias)).collect()
}

fn transform(parsed: &ParsedConfig, alias: &str) -> Result<TransformStage, ConfigError> {
    let prefix = format!("transforms.{alias}.");
    let (class, version) = plugin(parsed, &prefix)?;
    let mut config = parsed.originals().with_prefix(&prefix);
    let predicate_alias = config.remove("predicate").flatten();
    // Parity: Boolean.parseBoolean of the text as submitted.
    let negate = config.remove("negate").flatten().is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let predicate = predicate_alias.map(|alias| predicate(parsed, alias)).transpose()?;
    Ok(TransformStage {
        alias: alias.to_owned(),
        class,
        version,
        negate: negate && predicate.is_some(),
        predicate,
        config,
    })
}

fn predicate(parsed: &ParsedConfig, alias: String) -> Result<PredicateStage, ConfigError> {
    let prefix = format!("predicates.{alias}.");
    let (class, version) = plugin(parsed, &prefix)?;
    Ok(PredicateStage { alias, class, version, config: parsed.originals().with_prefix(&prefix) })
}

/// Class and version; parsing has made the class a full name of the right kind.
fn plugin(parsed: &ParsedConfig, prefix: &str) -> Result<(String, Option<String>), ConfigError> {
    let version_key = format!("{prefix}plugin.version");
    if !parsed.values().contains_key(&version_key) {
        // Parity: Java asks for the version first.
        return Err(ConfigError::about(&version_key, format!("Unknown configuration '{version_key}'")));
    }
    let class = parsed.class(&format!("{prefix}type"))?.to_owned();
    Ok((class, parsed.get_string(&version_key).map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::{ConnectorConfig, ConnectorKind};
    use crate::plugin_lookup::tests::plugins;

    fn transforms(entries: &[(&str, &str)]) -> Result<Vec<TransformStage>, String> {
        let mut raw = RawConfig::from([
            ("name", "c"),
            ("connector.class", "FileStreamSource"),
            ("transforms", "b,a"),
            ("transforms.a.type", "ValueToKey"),
            ("transforms.a.fields", "id"),
            ("transforms.b.type", "ValueToKey"),
            ("transforms.b.fields", "x,y"),
        ]);
        for (name, value) in entries {
            raw.insert(*name, *value);
        }
        let connector = ConnectorConfig::parse(ConnectorKind::Source, &raw, &plugins()).unwrap();
        connector.transforms().map_err(|error| error.to_string())
    }

    #[test]
    fn in_the_order_of_the_list() {
        let found = transforms(&[
            ("transforms.a.predicate", "p"),
            ("transforms.a.negate", "TRUE"),
            ("predicates", "p"),
            ("predicates.p.type", "RecordIsTombstone"),
        ])
        .unwrap();
        assert_eq!((found[0].alias.as_str(), found[1].alias.as_str()), ("b", "a"));
        assert_eq!(found[0].predicate, None);
        assert_eq!(found[1].config, RawConfig::from([("type", "ValueToKey"), ("fields", "id")]));
        let predicate = found[1].predicate.as_ref().unwrap();
        assert_eq!(predicate.class, "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone");
        assert!(found[1].negate);
    }

    #[test]
    fn a_predicate_must_be_declared() {
        assert_eq!(
            transforms(&[("transforms.a.predicate", "nope")]).unwrap_err(),
            "Unknown configuration 'predicates.nope.plugin.version'"
        );
    }
}
