//! Plug-ins, their configuration keys, and the outcome of a validation.

use serde::{Deserialize, Serialize};

/// A plug-in: `GET /connector-plugins`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginInfo {
    /// Its class.
    pub class: String,
    /// `sink`, `source`, `converter`, `header_converter`, `transformation` or `predicate`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its version; left out when it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A configuration key: `GET /connector-plugins/{plugin}/config`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigKeyInfo {
    /// Its name.
    pub name: String,
    /// `BOOLEAN`, `STRING`, `INT`, `SHORT`, `LONG`, `DOUBLE`, `LIST`, `CLASS` or `PASSWORD`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it must be set.
    pub required: bool,
    /// Its value when it is not set, as text.
    pub default_value: Option<String>,
    /// `HIGH`, `MEDIUM` or `LOW`.
    pub importance: String,
    /// What it is for.
    pub documentation: String,
    /// The group it is shown in.
    pub group: Option<String>,
    /// Its place in the group, from 1; −1 for none.
    pub order_in_group: i32,
    /// `NONE`, `SHORT`, `MEDIUM` or `LONG`.
    pub width: String,
    /// Its name for people.
    pub display_name: String,
    /// Keys that depend on it.
    pub dependents: Vec<String>,
}

/// The value of a configuration key, validated. `Debug` shows it: a PASSWORD's must already be `[hidden]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigValueInfo {
    /// The key.
    pub name: String,
    /// The value, as text.
    pub value: Option<String>,
    /// What it could be.
    pub recommended_values: Vec<String>,
    /// What is wrong with it.
    pub errors: Vec<String>,
    /// Whether it matters with the other values given.
    pub visible: bool,
}

/// A configuration key and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigInfo {
    /// The key; null when nobody knows it.
    pub definition: Option<ConfigKeyInfo>,
    /// The value.
    pub value: Option<ConfigValueInfo>,
}

/// The outcome of a validation: `PUT /connector-plugins/{plugin}/config/validate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigInfos {
    /// The connector's class.
    pub name: String,
    /// How many errors there are.
    pub error_count: usize,
    /// The groups, in the order to show them.
    pub groups: Vec<String>,
    /// The keys.
    pub configs: Vec<ConfigInfo>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validation_looks_as_in_java() {
        let infos = ConfigInfos {
            name: "n".into(),
            error_count: 1,
            groups: vec!["g".into()],
            configs: vec![ConfigInfo {
                definition: Some(ConfigKeyInfo {
                    name: "a".into(),
                    kind: "STRING".into(),
                    required: true,
                    default_value: None,
                    importance: "HIGH".into(),
                    documentation: "doc".into(),
                    group: Some("g".into()),
                    order_in_group: 1,
                    width: "LONG".into(),
                    display_name: "A".into(),
                    dependents: vec![],
                }),
                value: Some(ConfigValueInfo {
                    name: "a".into(),
                    value: None,
                    recommended_values: vec![],
                    errors: vec!["e".into()],
                    visible: true,
                }),
            }],
        };
        // As printed by Kafka Connect 4.3.1's own class.
        let json = concat!(
            r#"{"name":"n","error_count":1,"groups":["g"],"configs":[{"definition":{"name":"a","type":"STRING","#,
            r#""required":true,"default_value":null,"importance":"HIGH","documentation":"doc","group":"g","#,
            r#""order_in_group":1,"width":"LONG","display_name":"A","dependents":[]},"#,
            r#""value":{"name":"a","value":null,"recommended_values":[],"errors":["e"],"visible":true}}]}"#
        );
        assert_eq!(serde_json::to_string(&infos).unwrap(), json);
        assert_eq!(serde_json::from_str::<ConfigInfos>(json).unwrap(), infos);
    }

    #[test]
    fn a_plugin_without_version_has_no_such_key() {
        let plugin = PluginInfo { class: "x.Y".into(), kind: "sink".into(), version: None };
        assert_eq!(serde_json::to_string(&plugin).unwrap(), r#"{"class":"x.Y","type":"sink"}"#);
        let plugin = PluginInfo { version: Some("4.3.1".into()), ..plugin };
        assert_eq!(serde_json::to_string(&plugin).unwrap(), r#"{"class":"x.Y","type":"sink","version":"4.3.1"}"#);
    }
}
