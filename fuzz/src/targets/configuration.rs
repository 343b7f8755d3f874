//! Files and texts that people write.

use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use connect_config::version::{VersionRange, compare};
use connect_config::{ConnectorConfig, ConnectorFile, ConnectorKind, Listener, Plugins, WorkerConfig};
use connect_plugins::RegistryLookup;
use kafka_config::provider::{FileKind, Matcher, Providers, Secrecy, Secrets, Surroundings};
use kafka_config::{RawConfig, properties};

use super::{lines, text};
use crate::target::{Target, outcome};

static PLUGINS: LazyLock<Plugins> = LazyLock::new(|| Arc::new(RegistryLookup(Arc::new(connect_plugins::builtin()))));

pub(super) const PROPERTIES: Target = Target {
    name: "properties",
    about: "files in Java's .properties format; what is read can be written and read again",
    words: &["=", ":", "\\\n", "\\u00e4", "\\u", "\\", "#", "!", "\r\n", "\r", " ", "\t", "\u{c}", "é", "key=value\n"],
    longest: 64 << 10,
    run: |input| match properties::read(input) {
        Err(error) => outcome(0, &error.to_string()),
        Ok(read) => {
            let written = properties::write(read.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            let again = properties::read(&written).expect("what was written can be read");
            assert_eq!(read, again);
            outcome((1, read.len().min(40)), "")
        }
    },
};

pub(super) const CONNECTOR_FILE: Target = Target {
    name: "connector-file",
    about: "files with a connector, .properties and the three forms of JSON",
    words: &[
        "{",
        "}",
        "\"name\":",
        "\"config\":",
        "\"initial_state\":\"PAUSED\"",
        "\"connector.class\":\"x\"",
        ",",
        "null",
        "[",
        "1",
        "name=",
        "\n",
        "\\u0041",
    ],
    longest: 64 << 10,
    run: |input| {
        let (name, content) = match input.split_first() {
            Some((b'p', rest)) => ("connector.properties", rest),
            Some((_, rest)) => ("connector.json", rest),
            None => ("connector.json", input),
        };
        match ConnectorFile::parse(content, name) {
            Ok(_) => outcome(1, ""),
            Err(error) => outcome(0, &error.to_string()),
        }
    },
};

fn raw(input: &[u8]) -> RawConfig {
    let read = properties::read(input).unwrap_or_default();
    let mut raw = RawConfig::new();
    for (name, value) in read {
        raw.insert(name, value);
    }
    raw
}

pub(super) const CONNECTOR: Target = Target {
    name: "connector",
    about: "configurations of connectors with transforms, predicates, converters and overrides",
    words: &[
        "transforms=a,b\n",
        "transforms.a.type=org.apache.kafka.connect.transforms.ReplaceField$Value\n",
        "transforms.a.predicate=p\n",
        "predicates=p\n",
        "predicates.p.type=org.apache.kafka.connect.transforms.predicates.TopicNameMatches\n",
        "predicates.p.pattern=",
        "connector.class=FileStreamSink\n",
        "topics=",
        "topics.regex=",
        "tasks.max=",
        "key.converter=org.apache.kafka.connect.json.JsonConverter\n",
        "errors.tolerance=all\n",
        "topic.creation.groups=g\n",
        "topic.creation.default.partitions=-1\n",
        "transforms.a.negate=true\n",
        "consumer.override.",
        "transforms.a.renames=a:b,c",
        "transforms.a.spec=a:int8,b",
        "name=x\n",
        "config.action.reload=none\n",
        "header.converter=",
        ".plugin.version=1\n",
    ],
    longest: 16 << 10,
    run: |input| {
        let (kind, rest) = match input.split_first() {
            Some((b'k', rest)) => (ConnectorKind::Sink, rest),
            Some((_, rest)) => (ConnectorKind::Source, rest),
            None => (ConnectorKind::Source, input),
        };
        match ConnectorConfig::parse(kind, &raw(rest), &PLUGINS) {
            Ok(config) => outcome(1, &format!("{:?}", config.parsed().warnings())),
            Err(error) => outcome(0, &error.to_string()),
        }
    },
};

pub(super) const WORKER: Target = Target {
    name: "worker",
    about: "worker files: keys, listeners, headers",
    words: &[
        "bootstrap.servers=a:1\n",
        "listeners=http://:8083,https://[::1]:0\n",
        "key.converter=org.apache.kafka.connect.json.JsonConverter\n",
        "value.converter=org.apache.kafka.connect.storage.StringConverter\n",
        "offset.storage.file.filename=/o\n",
        "rest.advertised.listener=",
        "rest.advertised.port=",
        "admin.listeners=",
        "response.http.headers.config=add X-A: b, set Date: c",
        "plugin.path=",
        "config.providers=",
        "http://",
        "::",
        "ssl.",
        "producer.",
        "offset.flush.interval.ms=",
        "access.control.allow.origin=*\n",
        "\"add \\\"x\\\": y\"",
        "connector.client.config.override.policy=None\n",
    ],
    longest: 16 << 10,
    run: |input| {
        let raw = raw(input);
        let mut listeners = 0;
        for part in raw.get("listeners").unwrap_or_default().split(',') {
            if let Ok(listener) = Listener::parse("listeners", part) {
                let printed = listener.to_string();
                assert_eq!(Listener::parse("listeners", &printed).ok(), Some(listener), "{printed}");
                listeners += 1;
            }
        }
        match WorkerConfig::standalone(&raw, &**PLUGINS) {
            Ok(config) => outcome((1, listeners), &format!("{:?}", config.parsed().warnings())),
            Err(error) => outcome((0, listeners), &error.to_string()),
        }
    },
};

/// A machine with one file.
struct OneFile(Vec<u8>);

impl Surroundings for OneFile {
    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        Ok(if path.extension().is_some() { FileKind::File } else { FileKind::Directory })
    }

    fn read(&self, _path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        if self.0.len() as u64 > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(self.0.clone()) }
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name.len() < 5).then(|| text(&self.0).into_owned())
    }

    fn matcher(&self, pattern: &str) -> Result<Matcher, String> {
        let pattern = connect_config::java_pattern::JavaPattern::new(pattern)?;
        Ok(Box::new(move |text| pattern.matches(text).unwrap_or(false)))
    }
}

pub(super) const VARIABLES: Target = Target {
    name: "variables",
    about: "variables of config providers, in a text and with the parameters and file given on further lines",
    words: &[
        "${file:",
        "${env:",
        "${dir:",
        "}",
        "${",
        ":",
        "/a.properties",
        "/a",
        "..",
        "a=b",
        "[a-z]*",
        ",",
        "\n",
        "${file:/a.properties:a}",
    ],
    longest: 64 << 10,
    run: |input| {
        let [value, allowed, pattern, file] = lines::<4>(input);
        let surroundings: Arc<dyn Surroundings> = Arc::new(OneFile(file.to_vec()));
        let mut worker = RawConfig::new();
        worker.insert("config.providers", "file,env,dir");
        for (name, class) in [("file", "File"), ("env", "EnvVar"), ("dir", "Directory")] {
            let class = format!("org.apache.kafka.common.config.provider.{class}ConfigProvider");
            worker.insert(format!("config.providers.{name}.class"), class);
            if !allowed.is_empty() {
                worker.insert(format!("config.providers.{name}.param.allowed.paths"), text(allowed));
            }
            if !pattern.is_empty() {
                worker.insert(format!("config.providers.{name}.param.allowlist.pattern"), text(pattern));
            }
        }
        let secrets = Arc::new(Secrets::new());
        let providers = match Providers::of_connectors(&worker, &surroundings, &secrets) {
            Ok(providers) => providers,
            Err(error) => return outcome(0, &error.to_string()),
        };
        let mut connector = RawConfig::new();
        connector.insert("value", text(value));
        match providers.resolve(&connector, |_| Secrecy::Secret) {
            Err(error) => outcome(1, &error.to_string()),
            Ok(resolved) => {
                let resolved = resolved.get("value").unwrap_or_default();
                let hidden = secrets.hide(resolved);
                outcome((2, resolved == text(value), hidden == resolved), "")
            }
        }
    },
};

pub(super) const VERSIONS: Target = Target {
    name: "versions",
    about: "version ranges of plug-ins, and versions",
    words: &[
        "[1.0,2.0)",
        "(,1]",
        "[",
        "]",
        "(",
        ")",
        ",",
        "1.0-SNAPSHOT",
        "4.3.1",
        "alpha",
        "-",
        ".",
        "rc1",
        "999999999999999999999",
    ],
    longest: 4 << 10,
    run: |input| {
        let [range, left, right] = lines::<3>(input);
        let (left, right) = (text(left), text(right));
        let order = compare(&left, &right);
        assert_eq!(order, compare(&right, &left).reverse());
        match VersionRange::requirement(&text(range)) {
            Err(error) => outcome(0, &error.to_string()),
            Ok(None) => outcome((1, order as i8), ""),
            Ok(Some(range)) => outcome((2, order as i8, range.contains(&left), range.contains(&right)), ""),
        }
    },
};
