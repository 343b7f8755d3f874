//! A crate uses only crates of lower tiers, and some crates have few permitted users. Dev-dependencies are free.

use anyhow::Result;
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::repository;

/// Every crate of the workspace and its tier. Connectors, `connector-<name>`, are in tier 3.
const TIERS: &[(u8, &[&str])] = &[
    (0, &["env", "kafka-config", "kafka-wire", "connect-rest-model"]),
    (1, &["connect-api", "kafka-client", "kafka-broker", "env-real", "env-sim"]),
    (
        2,
        &[
            "connect-kafka",
            "connect-config",
            "connect-converters",
            "connect-load",
            "connect-jvm",
            "connect-testkit",
            "connect-cli",
        ],
    ),
    (3, &["connect-storage", "connect-transforms"]),
    (4, &["connect-worker"]),
    (5, &["connect-herder"]),
    (6, &["connect-rest", "connect-plugins"]),
    (7, &["moldau", "e2e"]),
    // They stand on the test fixtures.
    (8, &["benches", "fuzz", "xtask"]),
];
const CONNECTOR_TIER: u8 = 3;

/// Crates that only these may use, whatever the tiers say: the seams of the architecture.
const RESERVED: &[(&str, &[&str], &str)] = &[
    ("kafka-client", &["connect-kafka", "moldau", "benches"], "only connect-kafka names the Kafka client"),
    ("connector-", &["connect-plugins"], "only connect-plugins names a concrete connector"),
    ("connect-transforms", &["connect-plugins", "fuzz"], "only connect-plugins names a concrete transformation"),
    (
        "connect-rest-model",
        &["connect-rest", "connect-cli", "connect-herder"],
        "only REST, CLI and herder know what goes over HTTP",
    ),
];

/// Names of the violations.
pub(super) fn check() -> Result<Vec<String>> {
    let metadata = MetadataCommand::new().manifest_path(repository::path("Cargo.toml")).no_deps().exec()?;
    let mut uses = Vec::new();
    for package in &metadata.packages {
        let name = package.name.to_string();
        let ours = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.path.is_some() && dependency.kind != DependencyKind::Development);
        uses.push((name, ours.map(|dependency| dependency.name.clone()).collect()));
    }
    Ok(judge(&uses))
}

fn tier(name: &str) -> Option<u8> {
    if name.starts_with("connector-") {
        return Some(CONNECTOR_TIER);
    }
    TIERS.iter().find(|(_, names)| names.contains(&name)).map(|(tier, _)| *tier)
}

fn judge(uses: &[(String, Vec<String>)]) -> Vec<String> {
    let mut violations = Vec::new();
    for (user, used) in uses {
        let Some(own) = tier(user) else {
            violations.push(format!("{user}: not in the table of tiers (xtask/src/tidy/tiers.rs)"));
            continue;
        };
        for name in used {
            match tier(name) {
                Some(tier) if tier >= own => violations.push(format!("{user} (tier {own}) uses {name} (tier {tier})")),
                _ => {}
            }
            for (reserved, users, rule) in RESERVED {
                let hit = if reserved.ends_with('-') { name.starts_with(reserved) } else { name == reserved };
                if hit && !users.contains(&user.as_str()) {
                    violations.push(format!("{user} uses {name}: {rule}"));
                }
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(user: &str, used: &[&str]) -> Vec<String> {
        judge(&[(user.to_owned(), used.iter().map(|name| (*name).to_owned()).collect())])
    }

    #[test]
    fn lower_tiers_are_fine_and_equal_or_higher_ones_are_not() {
        assert!(uses("connect-worker", &["connect-storage", "connect-api", "env"]).is_empty());
        assert_eq!(uses("connect-api", &["kafka-client"]).len(), 2);
        assert_eq!(
            uses("connect-storage", &["connect-worker"]),
            ["connect-storage (tier 3) uses connect-worker (tier 4)"]
        );
    }

    #[test]
    fn seams_hold_whatever_the_tier() {
        assert!(uses("connect-plugins", &["connector-file", "connect-transforms"]).is_empty());
        assert_eq!(uses("connect-worker", &["connector-file"]).len(), 1);
        assert_eq!(uses("connect-herder", &["kafka-client"]).len(), 1);
    }

    #[test]
    fn an_unknown_crate_must_be_given_a_tier() {
        assert_eq!(uses("surprise", &[]).len(), 1);
    }
}
