//! Which logger of Java's a place in our code stands for.

/// Modules (and all below them) or targets that single lines are given, and the loggers of Java that say the same. The
/// first one is the name in the log; a level given to any of them counts.
///
/// The row with the longest module holds. What is in no row is called by its module, with dots.
#[rustfmt::skip]
pub(super) const NAMES: &[(&str, &[&str])] = &[
    ("connect_config", &["org.apache.kafka.connect.runtime.ConnectorConfig"]),
    ("connect_config::worker", &["org.apache.kafka.connect.runtime.WorkerConfig"]),
    ("connect_herder", &["org.apache.kafka.connect.runtime.AbstractHerder"]),
    ("connect_herder::standalone", &["org.apache.kafka.connect.runtime.standalone.StandaloneHerder"]),
    ("connect_kafka", &["org.apache.kafka.clients.consumer.KafkaConsumer"]),
    ("connect_load", &["org.apache.kafka.connect.tools.VerifiableSourceTask"]),
    ("connect_plugins", &[
        "org.apache.kafka.connect.runtime.isolation.PluginScanner",
        "org.apache.kafka.connect.runtime.isolation.DelegatingClassLoader",
    ]),
    ("connect_rest", &["org.apache.kafka.connect.runtime.rest.RestServer"]),
    ("connect_rest::connectors", &["org.apache.kafka.connect.runtime.rest.resources.ConnectorsResource"]),
    ("connect_rest::error", &["org.apache.kafka.connect.runtime.rest.errors.ConnectExceptionMapper"]),
    ("connect_rest::loggers", &[
        "org.apache.kafka.connect.runtime.rest.resources.LoggingResource",
        "org.apache.kafka.connect.runtime.Loggers",
    ]),
    ("connect_storage::offsets", &["org.apache.kafka.connect.storage.FileOffsetBackingStore"]),
    ("connect_storage::offsets::reader", &["org.apache.kafka.connect.storage.OffsetStorageReaderImpl"]),
    ("connect_worker", &["org.apache.kafka.connect.runtime.Worker"]),
    ("connect_worker::assemble::sink", &["org.apache.kafka.connect.runtime.WorkerSinkTask"]),
    ("connect_worker::assemble::source", &[
        "org.apache.kafka.connect.runtime.WorkerSourceTask",
        "org.apache.kafka.connect.runtime.AbstractWorkerSourceTask",
    ]),
    ("connect_worker::connector", &["org.apache.kafka.connect.runtime.WorkerConnector"]),
    ("connect_worker::errors", &["org.apache.kafka.connect.runtime.errors.RetryWithToleranceOperator"]),
    ("connect_worker::errors::dead_letter", &["org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter"]),
    ("connect_worker::errors::report", &["org.apache.kafka.connect.runtime.errors.LogReporter"]),
    ("connect_worker::record", &["org.apache.kafka.connect.runtime.TransformationChain"]),
    ("connect_worker::sink", &["org.apache.kafka.connect.runtime.WorkerSinkTask"]),
    ("connect_worker::sink::errant", &["org.apache.kafka.connect.runtime.errors.WorkerErrantRecordReporter"]),
    ("connect_worker::source", &[
        "org.apache.kafka.connect.runtime.WorkerSourceTask",
        "org.apache.kafka.connect.runtime.AbstractWorkerSourceTask",
        "org.apache.kafka.connect.runtime.SourceTaskOffsetCommitter",
    ]),
    ("connect_worker::supervise", &["org.apache.kafka.connect.runtime.WorkerTask"]),
    ("connector_file::sink", &["org.apache.kafka.connect.file.FileStreamSinkTask"]),
    ("connector_file::source", &["org.apache.kafka.connect.file.FileStreamSourceTask"]),
    ("connector_file::stream", &["org.apache.kafka.connect.file.FileStreamSourceTask"]),
    ("connector_file::tail", &["org.apache.kafka.connect.file.FileStreamSourceTask"]),
    ("connector_mock::connector", &["org.apache.kafka.connect.tools.MockConnector"]),
    ("connector_mock::sink", &["org.apache.kafka.connect.tools.MockSinkTask"]),
    ("connector_mock::source", &["org.apache.kafka.connect.tools.MockSourceTask"]),
    ("connector_schema", &["org.apache.kafka.connect.tools.SchemaSourceTask"]),
    ("connector_verifiable::source", &["org.apache.kafka.connect.tools.VerifiableSourceTask"]),
    ("kafka_client::admin", &["org.apache.kafka.clients.admin.KafkaAdminClient"]),
    ("kafka_client::cluster", &["org.apache.kafka.clients.Metadata"]),
    ("kafka_client::consumer", &[
        "org.apache.kafka.clients.consumer.internals.ClassicKafkaConsumer",
        "org.apache.kafka.clients.consumer.KafkaConsumer",
    ]),
    ("kafka_client::consumer::fetch", &["org.apache.kafka.clients.consumer.internals.Fetcher"]),
    ("kafka_client::group", &[
        "org.apache.kafka.clients.consumer.internals.ConsumerCoordinator",
        "org.apache.kafka.clients.consumer.internals.AbstractCoordinator",
    ]),
    ("kafka_client::net", &["org.apache.kafka.clients.NetworkClient"]),
    ("kafka_client::producer", &[
        "org.apache.kafka.clients.producer.KafkaProducer",
        "org.apache.kafka.clients.producer.internals.Sender",
    ]),
    ("kafka_config::provider::directory", &["org.apache.kafka.common.config.provider.DirectoryConfigProvider"]),
    ("kafka_config::provider::env_var", &["org.apache.kafka.common.config.provider.EnvVarConfigProvider"]),
    ("kafka_config::provider::file", &["org.apache.kafka.common.config.provider.FileConfigProvider"]),
    ("moldau", &["org.apache.kafka.connect.cli.AbstractConnectCli"]),
    ("moldau::app_info", &["org.apache.kafka.common.utils.AppInfoParser"]),
    ("moldau::connect", &["org.apache.kafka.connect.runtime.Connect"]),
    ("moldau::connectors", &["org.apache.kafka.connect.cli.ConnectStandalone"]),
    ("moldau::rest", &["org.apache.kafka.connect.runtime.rest.RestServer"]),
    ("moldau::worker", &["org.apache.kafka.connect.runtime.WorkerConfig"]),
];

/// The loggers that a target stands for, the one it is called by first; `None` if it is in no row.
pub(super) fn of_target(target: &str) -> Option<&'static [&'static str]> {
    let rows = NAMES.iter().filter(|(module, _)| is_within(target, module));
    rows.max_by_key(|(module, _)| module.len()).map(|(_, names)| *names)
}

/// How a target in no row is called.
pub(super) fn dotted(target: &str) -> String {
    target.replace("::", ".")
}

/// The loggers behind a name of ours: a module, a crate, or a row's target. `None` if it is none.
pub(super) fn behind(name: &str) -> Option<Vec<&'static str>> {
    let below = NAMES.iter().filter(|(module, _)| is_within(module, name)).map(|(_, names)| names[0]);
    let mut found: Vec<&str> = below.collect();
    if name.contains("::") {
        found.extend(of_target(name).map(|names| names[0]));
    }
    found.sort_unstable();
    found.dedup();
    (!found.is_empty()).then_some(found)
}

fn is_within(target: &str, module: &str) -> bool {
    target.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
    }

    /// The folder of a crate's sources, and all files in it as modules.
    fn modules(krate: &str) -> Vec<(String, String)> {
        let folder = match krate.strip_prefix("connector_") {
            Some(name) => root().join("connectors").join(name),
            None => root().join("crates").join(krate.replace('_', "-")),
        };
        let mut found = Vec::new();
        collect(&folder.join("src"), krate, &mut found);
        assert!(!found.is_empty(), "{krate} has no sources in {}", folder.display());
        found
    }

    fn collect(folder: &Path, module: &str, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                collect(&path, &format!("{module}::{stem}"), found);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                let own = matches!(&*stem, "lib" | "main" | "mod");
                found.push((if own { module.to_owned() } else { format!("{module}::{stem}") }, text));
            }
        }
    }

    #[test]
    fn rows_are_sorted_and_name_modules_that_exist_or_targets_that_lines_have() {
        assert!(NAMES.is_sorted_by_key(|(module, _)| module));
        for (module, names) in NAMES {
            assert!(names.iter().all(|name| name.starts_with("org.apache.kafka.")), "{names:?}");
            let krate = module.split("::").next().unwrap();
            let all = modules(krate);
            let target = format!("\"{module}\"");
            let exists = all.iter().any(|(known, _)| is_within(known, module));
            let said = all.iter().any(|(known, text)| !known.ends_with("logging::names") && text.contains(&target));
            assert!(exists || said, "{module} is neither a module nor the target of a line");
        }
    }

    #[test]
    fn whatever_a_worker_logs_has_a_name_of_javas() {
        let crates = NAMES.iter().map(|(module, _)| module.split("::").next().unwrap());
        let mut crates: Vec<_> = crates.collect();
        crates.dedup();
        let logs = |text: &str| {
            let code = text.split("#[cfg(test)]").next().unwrap();
            ["info!(", "warn!(", "error!(", "debug!(", "trace!("].iter().any(|call| code.contains(call))
        };
        for krate in crates {
            for (module, text) in modules(krate).iter().filter(|(_, text)| logs(text)) {
                assert!(of_target(module).is_some(), "{module} logs under no name of Java's: {} bytes", text.len());
            }
        }
    }

    #[test]
    fn the_longest_row_holds() {
        assert_eq!(
            of_target("connect_worker::sink::run").unwrap()[0],
            "org.apache.kafka.connect.runtime.WorkerSinkTask"
        );
        assert_eq!(of_target("connect_worker::status").unwrap()[0], "org.apache.kafka.connect.runtime.Worker");
        assert_eq!(of_target("connect_workers"), None);
        assert_eq!(dotted("hyper::proto"), "hyper.proto");
    }

    #[test]
    fn our_own_names() {
        let sink = "org.apache.kafka.connect.runtime.WorkerSinkTask";
        assert!(behind("connect_worker::sink").unwrap().contains(&sink));
        assert_eq!(behind("connect_worker::sink::run").unwrap(), [sink]);
        assert!(behind("connect_worker").unwrap().len() > 5);
        assert_eq!(behind("org.apache.kafka.connect"), None);
        assert_eq!(behind("connect"), None);
        assert_eq!(behind("hyper::proto"), None);
    }
}
