//! Keys whose feature comes in a later version. Where ignoring one would change data, delivery or access, it is
//! refused with a sentence that says so; elsewhere there is one warning.

use kafka_config::{ParsedConfig, RawConfig};

use crate::connector::ConnectorKind;
use crate::worker::{MASK_SECRETS, MEMORY_BYTES};

/// One such key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The key as written, prefix included.
    pub name: String,
    /// Whether the configuration must not be used.
    pub refused: bool,
    /// What to tell people.
    pub sentence: String,
}

impl Finding {
    fn refused(name: impl Into<String>, cannot: &str, fix: &str) -> Self {
        let name = name.into();
        let sentence = format!("Configuration '{name}': this version of Moldau cannot {cannot} yet; {fix}.");
        Self { name, refused: true, sentence }
    }

    fn warning(name: impl Into<String>, what: &str) -> Self {
        let name = name.into();
        Self {
            sentence: format!("Configuration '{name}' has no effect in this version of Moldau: {what}."),
            name,
            refused: false,
        }
    }
}

/// Which client a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Of sources, and for dead letter queues.
    Producer,
    /// Of sinks.
    Consumer,
    /// For topics and offsets.
    Admin,
}

impl Client {
    const ALL: [Self; 3] = [Self::Producer, Self::Consumer, Self::Admin];

    /// The prefix of worker keys for this client.
    pub fn worker_prefix(self) -> &'static str {
        match self {
            Self::Producer => "producer.",
            Self::Consumer => "consumer.",
            Self::Admin => "admin.",
        }
    }

    /// The prefix of connector keys for this client.
    pub fn override_prefix(self) -> &'static str {
        match self {
            Self::Producer => "producer.override.",
            Self::Consumer => "consumer.override.",
            Self::Admin => "admin.override.",
        }
    }
}

/// Keys of a worker.
pub fn worker_findings(raw: &RawConfig, parsed: &ParsedConfig) -> Vec<Finding> {
    let mut found = Vec::new();
    for name in ["listeners", "admin.listeners"] {
        if parsed.list(name).iter().any(|listener| listener.to_lowercase().starts_with("https://")) {
            found.push(Finding::refused(
                name,
                "serve HTTPS",
                "use http:// addresses, behind a proxy if others can reach them",
            ));
        }
    }
    let extensions = parsed.list("rest.extension.classes");
    if !extensions.is_empty() {
        let fix = "remove the key, and limit access by other means if the extension did";
        let cannot = format!("load REST extensions ({})", extensions.join(", "));
        found.push(Finding::refused("rest.extension.classes", &cannot, fix));
    }
    found.extend(["internal.key.converter", "internal.value.converter"].iter().filter_map(|name| {
        let named = raw.contains_key(name) || raw.has_prefix(&format!("{name}."));
        named.then(|| Finding::warning(*name, "internal data are JSON without schemas, as in Kafka since 3.0"))
    }));
    found.extend(client_findings(Client::Admin, "", raw));
    for client in Client::ALL {
        found.extend(client_findings(client, client.worker_prefix(), raw));
    }
    found.extend(unknown_own_keys(raw, &[MEMORY_BYTES, MASK_SECRETS]));
    found
}

/// Keys of a connector.
pub fn connector_findings(kind: ConnectorKind, raw: &RawConfig) -> Vec<Finding> {
    let mut found = Vec::new();
    let value = |name: &str| raw.get(name).map(str::trim).unwrap_or_default();
    match kind {
        ConnectorKind::Source => {
            if value("exactly.once.support").eq_ignore_ascii_case("required") {
                let fix = "use \"requested\" for at-least-once delivery";
                found.push(Finding::refused("exactly.once.support", "guarantee exactly-once delivery", fix));
            }
            let boundary = value("transaction.boundary");
            if ["interval", "connector"].iter().any(|later| boundary.eq_ignore_ascii_case(later)) {
                let fix = "use \"poll\" or remove the key";
                found.push(Finding::refused("transaction.boundary", "write in transactions", fix));
            }
        }
        ConnectorKind::Sink => {
            found.extend(client_findings(Client::Consumer, Client::Consumer.override_prefix(), raw));
        }
    }
    found.extend(client_findings(Client::Producer, Client::Producer.override_prefix(), raw));
    found.extend(client_findings(Client::Admin, Client::Admin.override_prefix(), raw));
    let known = crate::connector::own_keys::names(kind);
    found.extend(unknown_own_keys(raw, &known.iter().map(String::as_str).collect::<Vec<_>>()));
    found
}

/// Keys of a Kafka client under a prefix.
pub fn client_findings(client: Client, prefix: &str, raw: &RawConfig) -> Vec<Finding> {
    let mut rules = vec![
        Rule::refuse_unless(
            "security.protocol",
            &["PLAINTEXT"],
            "speak TLS or SASL to Kafka",
            "use a PLAINTEXT listener of the brokers",
        ),
        Rule::warn(
            "metric.reporters",
            &["org.apache.kafka.common.metrics.JmxReporter"],
            "Java reporters cannot be loaded",
        ),
        Rule::warn("security.providers", &[], "Java's security providers cannot be loaded"),
        Rule::warn("client.dns.lookup", &["use_all_dns_ips"], "all addresses of a name are tried in turn"),
        Rule::warn("enable.metrics.push", &["false"], "metrics are not sent to brokers"),
        Rule::warn("metrics.sample.window.ms", &["30000"], NO_METRICS),
        Rule::warn("metrics.num.samples", &["2"], NO_METRICS),
        Rule::warn("metrics.recording.level", &["INFO"], NO_METRICS),
        Rule::warn("receive.buffer.bytes", &["-1"], "the system sizes the buffers of sockets"),
        Rule::warn("send.buffer.bytes", &["-1"], "the system sizes the buffers of sockets"),
    ];
    rules.extend(Rule::of_security());
    if !prefix.is_empty() {
        let text = "variables are resolved by the providers of the worker";
        rules.push(Rule::warn("config.providers", &[], text));
    }
    match client {
        Client::Producer => rules.extend(Rule::of_producers()),
        Client::Consumer => rules.extend(Rule::of_consumers()),
        Client::Admin => rules.extend(Rule::of_admins()),
    }
    rules.iter().filter_map(|rule| rule.apply(prefix, raw)).collect()
}

const NO_METRICS: &str = "there are no metrics yet";

struct Rule {
    key: &'static str,
    /// Values that are fine, in any case.
    fine: &'static [&'static str],
    /// What cannot be done, `{}` stands for the value; `None` warns.
    cannot: Option<&'static str>,
    text: &'static str,
}

impl Rule {
    fn refuse_unless(
        key: &'static str,
        fine: &'static [&'static str],
        cannot: &'static str,
        text: &'static str,
    ) -> Self {
        Self { key, fine, cannot: Some(cannot), text }
    }

    fn warn(key: &'static str, fine: &'static [&'static str], text: &'static str) -> Self {
        Self { key, fine, cannot: None, text }
    }

    /// Java classes that would decide who is let in.
    fn of_security() -> impl Iterator<Item = Self> {
        const OWN_JWT: &[&str] = &[
            "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever",
            "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
        ];
        [
            "ssl.engine.factory.class",
            "sasl.client.callback.handler.class",
            "sasl.login.callback.handler.class",
            "sasl.login.class",
            "sasl.oauthbearer.jwt.retriever.class",
            "sasl.oauthbearer.jwt.validator.class",
        ]
        .into_iter()
        .map(|key| Self::refuse_unless(key, OWN_JWT, "load the Java class {}", "remove the key"))
    }

    fn of_producers() -> [Self; 9] {
        const BYTES: &[&str] = &["org.apache.kafka.common.serialization.ByteArraySerializer"];
        let remove = "remove the key";
        [
            Self::refuse_unless("interceptor.classes", &[], "call producer interceptors", remove),
            Self::refuse_unless(
                "enable.idempotence",
                &["false"],
                "produce idempotently",
                "use \"false\", Connect's default",
            ),
            Self::refuse_unless("transactional.id", &[], "write in transactions", remove),
            Self::refuse_unless(
                "transaction.two.phase.commit.enable",
                &["false"],
                "take part in two-phase commits",
                remove,
            ),
            Self::refuse_unless("partitioner.class", &[], "call other partitioners than Kafka's default", remove),
            Self::warn("partitioner.availability.timeout.ms", &["0"], "slow leaders are not left out"),
            Self::warn("compression.lz4.level", &["9"], "LZ4 has one level here"),
            Self::refuse_unless("key.serializer", BYTES, "serialize after converters", remove),
            Self::refuse_unless("value.serializer", BYTES, "serialize after converters", remove),
        ]
    }

    fn of_consumers() -> [Self; 9] {
        const BYTES: &[&str] = &["org.apache.kafka.common.serialization.ByteArrayDeserializer"];
        const RANGE: &[&str] = &[
            "org.apache.kafka.clients.consumer.RangeAssignor",
            "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
        ];
        let remove = "remove the key";
        [
            Self::refuse_unless("interceptor.classes", &[], "call consumer interceptors", remove),
            Self::refuse_unless(
                "isolation.level",
                &["read_uncommitted"],
                "leave out records of aborted transactions",
                "use \"read_uncommitted\", the default",
            ),
            Self::refuse_unless(
                "enable.auto.commit",
                &["false"],
                "commit offsets on its own",
                "use \"false\", Connect's default",
            ),
            Self::refuse_unless(
                "group.protocol",
                &["classic"],
                "join groups of the new protocol",
                "use \"classic\", the default",
            ),
            Self::refuse_unless(
                "partition.assignment.strategy",
                RANGE,
                "assign partitions other than by range",
                remove,
            ),
            Self::refuse_unless("key.deserializer", BYTES, "deserialize before converters", remove),
            Self::refuse_unless("value.deserializer", BYTES, "deserialize before converters", remove),
            Self::warn("group.instance.id", &[], "tasks are dynamic members of their group"),
            Self::warn("client.rack", &[], "records are fetched from the leaders of partitions"),
        ]
    }

    fn of_admins() -> [Self; 2] {
        const CONTROLLERS: &str = "administer a cluster through its controllers";
        [
            Self::refuse_unless("bootstrap.controllers", &[], CONTROLLERS, "use \"bootstrap.servers\""),
            Self::warn("retries", &["2147483647"], "calls are tried again until default.api.timeout.ms is over"),
        ]
    }

    fn apply(&self, prefix: &str, raw: &RawConfig) -> Option<Finding> {
        let name = format!("{prefix}{}", self.key);
        let value: String = raw.get(&name)?.split(',').map(str::trim).collect::<Vec<_>>().join(",");
        if value.is_empty() || self.fine.iter().any(|fine| fine.eq_ignore_ascii_case(&value)) {
            return None;
        }
        Some(match self.cannot {
            Some(cannot) => Finding::refused(name, &cannot.replace("{}", &value), self.text),
            None => Finding::warning(name, self.text),
        })
    }
}

fn unknown_own_keys(raw: &RawConfig, known: &[&str]) -> Vec<Finding> {
    let unknown = raw.range("moldau.").filter(|(name, _)| !known.contains(name));
    unknown.map(|(name, _)| Finding::warning(name, "no such key is known")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::standalone_definition;

    fn worker(entries: &[(&str, &str)]) -> Vec<(String, bool)> {
        let mut raw = RawConfig::from([
            ("bootstrap.servers", "a:1"),
            ("key.converter", "x"),
            ("value.converter", "x"),
            ("offset.storage.file.filename", "f"),
        ]);
        for (name, value) in entries {
            raw.insert(*name, *value);
        }
        let parsed = standalone_definition().parse(&raw).unwrap();
        worker_findings(&raw, &parsed).into_iter().map(|finding| (finding.name, finding.refused)).collect()
    }

    fn connector(kind: ConnectorKind, entries: &[(&str, &str)]) -> Vec<(String, bool)> {
        let raw = entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        connector_findings(kind, &raw).into_iter().map(|finding| (finding.name, finding.refused)).collect()
    }

    #[test]
    fn refusals_of_workers() {
        let refused = [
            ("listeners", "http://:1, HTTPS://:2"),
            ("admin.listeners", "https://:2"),
            ("rest.extension.classes", "x.BasicAuth"),
            ("security.protocol", "SASL_SSL"),
            ("ssl.engine.factory.class", "x.Engine"),
            ("consumer.sasl.login.class", "x.Login"),
            ("producer.sasl.client.callback.handler.class", "x.Handler"),
            ("admin.security.protocol", "ssl"),
            ("producer.security.protocol", "SSL"),
            ("producer.interceptor.classes", "x.Y"),
            ("producer.enable.idempotence", "true"),
            ("producer.transactional.id", "t"),
            ("producer.partitioner.class", "x.Y"),
            ("producer.transaction.two.phase.commit.enable", "true"),
            ("admin.bootstrap.controllers", "a:1"),
            ("producer.key.serializer", "x.Y"),
            ("producer.value.serializer", "x.Y"),
            ("consumer.isolation.level", "read_committed"),
            ("consumer.enable.auto.commit", "true"),
            ("consumer.group.protocol", "consumer"),
            ("consumer.partition.assignment.strategy", "range"),
            ("consumer.interceptor.classes", "x.Y"),
            ("consumer.key.deserializer", "x.Y"),
            ("consumer.value.deserializer", "x.Y"),
        ];
        for (name, value) in refused {
            assert_eq!(worker(&[(name, value)]), [(name.to_owned(), true)], "{name}={value}");
        }
    }

    #[test]
    fn warnings_of_workers() {
        let warned = [
            ("metric.reporters", "x.Y"),
            ("producer.metric.reporters", "x.Y"),
            ("client.dns.lookup", "resolve_canonical_bootstrap_servers_only"),
            ("internal.key.converter", "x"),
            ("consumer.group.instance.id", "x"),
            ("consumer.client.rack", "x"),
            ("consumer.receive.buffer.bytes", "65536"),
            ("producer.compression.lz4.level", "12"),
            ("producer.partitioner.availability.timeout.ms", "1"),
            ("producer.config.providers", "file"),
            ("producer.enable.metrics.push", "true"),
            ("metrics.recording.level", "DEBUG"),
            ("moldau.memroy.bytes", "1"),
        ];
        for (name, value) in warned {
            assert_eq!(worker(&[(name, value)]), [(name.to_owned(), false)], "{name}={value}");
        }
    }

    #[test]
    fn what_is_fine() {
        let fine = [
            ("security.protocol", "plaintext"),
            ("producer.enable.idempotence", "FALSE"),
            ("consumer.isolation.level", "read_uncommitted"),
            ("metric.reporters", ""),
            ("config.providers", "file"),
            ("ssl.keystore.location", "unused"),
            ("sasl.jaas.config", "unused without security.protocol"),
            ("plugin.path", "/usr/share/java"),
            (MEMORY_BYTES, "1048576"),
        ];
        for (name, value) in fine {
            assert_eq!(worker(&[(name, value)]), [], "{name}={value}");
        }
    }

    #[test]
    fn connectors() {
        let source = |entries| connector(ConnectorKind::Source, entries);
        let sink = |entries| connector(ConnectorKind::Sink, entries);
        assert_eq!(source(&[("exactly.once.support", "REQUIRED")]), [("exactly.once.support".to_owned(), true)]);
        assert_eq!(source(&[("transaction.boundary", "interval")]), [("transaction.boundary".to_owned(), true)]);
        assert_eq!(source(&[("transaction.boundary", "poll"), ("offsets.storage.topic", "x")]), []);
        assert_eq!(source(&[("topic.creation.default.partitions", "1"), ("topics.regex", "x")]), []);
        assert_eq!(sink(&[("topics.regex", "x")]), []);
        assert_eq!(sink(&[("exactly.once.support", "required"), ("topic.creation.groups", "a")]), []);
        assert_eq!(
            sink(&[("consumer.override.isolation.level", "read_committed")]),
            [("consumer.override.isolation.level".to_owned(), true)]
        );
        assert_eq!(source(&[("consumer.override.isolation.level", "read_committed")]), []);
        assert_eq!(
            source(&[("producer.override.security.protocol", "SSL"), ("moldau.x", "y")]),
            [("producer.override.security.protocol".to_owned(), true), ("moldau.x".to_owned(), false)]
        );
    }

    #[test]
    fn sentences_name_key_and_fix() {
        let raw = RawConfig::from([("exactly.once.support", "required")]);
        assert_eq!(
            connector_findings(ConnectorKind::Source, &raw)[0].sentence,
            "Configuration 'exactly.once.support': this version of Moldau cannot guarantee exactly-once delivery yet; use \
             \"requested\" for at-least-once delivery."
        );
    }
}
