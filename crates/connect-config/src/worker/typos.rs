//! Keys of a worker file that nobody knows and that are nearly a known one: they have no effect, and Java says nothing.

use connect_api::plugin::distance;
use kafka_config::{ConfigDef, RawConfig};

use crate::client_keys;
use crate::later::Client;

/// Keys of converters, which have no definition of a worker's.
const OF_CONVERTERS: [&str; 2] = ["schemas.enable", "converter.encoding"];

/// A sentence for each key that looks like a slip of the fingers.
pub(super) fn sentences(raw: &RawConfig, own: &ConfigDef) -> Vec<String> {
    let known = known(own);
    let unknown = raw.keys().filter(|name| !known.iter().any(|each| each == name));
    unknown
        .filter_map(|name| {
            let near = known.iter().filter(|each| each.len().abs_diff(name.len()) <= 2);
            let (distance, closest) = near.map(|each| (distance(name, each), each)).min()?;
            // Short keys are easily near to one that means something else.
            (distance <= 2 && distance * 6 <= name.len()).then(|| {
                format!("Configuration '{name}' is not known to workers and has no effect; did you mean '{closest}'?")
            })
        })
        .collect()
}

fn known(own: &ConfigDef) -> Vec<String> {
    let mut known: Vec<String> = own.keys().map(|key| key.name.clone()).collect();
    for client in [Client::Producer, Client::Consumer, Client::Admin] {
        let prefix = client.worker_prefix();
        known.extend(client_keys::definition(client).keys().map(|key| format!("{prefix}{}", key.name)));
    }
    for converter in ["key", "value", "header"] {
        known.extend(OF_CONVERTERS.iter().map(|key| format!("{converter}.converter.{key}")));
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::standalone_definition;

    fn said(names: &[&str]) -> Vec<String> {
        let raw: RawConfig = names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        sentences(&raw, &standalone_definition())
    }

    #[test]
    fn slips_are_told_with_what_was_meant() {
        for (slip, meant) in [
            ("offset.flush.intervall.ms", "offset.flush.interval.ms"),
            ("bootstrap.server", "bootstrap.servers"),
            ("producer.linger.mss", "producer.linger.ms"),
            ("value.converter.schema.enable", "value.converter.schemas.enable"),
            ("plugin.paths", "plugin.path"),
            ("rest.advertised.hostname", "rest.advertised.host.name"),
        ] {
            let said = said(&[slip]);
            assert!(said.len() == 1 && said[0].ends_with(&format!("did you mean '{meant}'?")), "{slip}: {said:?}");
        }
    }

    #[test]
    fn keys_of_others_are_left_alone() {
        let keys = [
            "group.id",
            "config.storage.topic",
            "offset.storage.topic",
            "status.storage.replication.factor",
            "rest.port",
            "rest.host.name",
            "key.converter.decimal.format",
            "value.converter.schema.registry.url",
            "producer.interceptor.classes",
            "producer.acks",
            "confluent.license",
            "config.providers.file.param.secrets",
            "metrics.context.cluster",
            "listeners.https.ssl.keystore.location",
            "my.own.key",
        ];
        assert_eq!(said(&keys), [""; 0]);
    }
}
