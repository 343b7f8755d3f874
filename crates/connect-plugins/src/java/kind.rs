//! The kinds of Java plug-ins (Apache: `PluginType`).

/// A kind of plug-in; the order is that of Java's enumeration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JavaKind {
    /// Source connector.
    Source,
    /// Sink connector.
    Sink,
    /// Converter of keys and values.
    Converter,
    /// Converter of headers.
    HeaderConverter,
    /// Single message transform.
    Transformation,
    /// Predicate of transforms.
    Predicate,
    /// Provider of values for variables.
    ConfigProvider,
    /// Extension of the REST server.
    RestExtension,
    /// Policy for overrides of client configurations.
    OverridePolicy,
}

impl JavaKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Source,
        Self::Sink,
        Self::Converter,
        Self::HeaderConverter,
        Self::Transformation,
        Self::Predicate,
        Self::ConfigProvider,
        Self::RestExtension,
        Self::OverridePolicy,
    ];

    /// The class or interface that plug-ins of this kind have above them, which is also the name of their manifests.
    pub const fn interface(self) -> &'static str {
        match self {
            Self::Source => "org.apache.kafka.connect.source.SourceConnector",
            Self::Sink => "org.apache.kafka.connect.sink.SinkConnector",
            Self::Converter => "org.apache.kafka.connect.storage.Converter",
            Self::HeaderConverter => "org.apache.kafka.connect.storage.HeaderConverter",
            Self::Transformation => "org.apache.kafka.connect.transforms.Transformation",
            Self::Predicate => "org.apache.kafka.connect.transforms.predicates.Predicate",
            Self::ConfigProvider => "org.apache.kafka.common.config.provider.ConfigProvider",
            Self::RestExtension => "org.apache.kafka.connect.rest.ConnectRestExtension",
            Self::OverridePolicy => "org.apache.kafka.connect.connector.policy.ConnectorClientConfigOverridePolicy",
        }
    }

    /// The word of REST and of `connect-plugin-path`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Sink => "sink",
            Self::Converter => "converter",
            Self::HeaderConverter => "header_converter",
            Self::Transformation => "transformation",
            Self::Predicate => "predicate",
            Self::ConfigProvider => "configprovider",
            Self::RestExtension => "rest_extension",
            Self::OverridePolicy => "connector_client_config_override_policy",
        }
    }

    /// What people call one of them.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Source => "source connector",
            Self::Sink => "sink connector",
            Self::Converter => "converter",
            Self::HeaderConverter => "header converter",
            Self::Transformation => "transform",
            Self::Predicate => "predicate",
            Self::ConfigProvider => "config provider",
            Self::RestExtension => "REST extension",
            Self::OverridePolicy => "override policy",
        }
    }

    /// Whether Java finds classes of this kind without a manifest.
    pub(crate) const fn is_scanned(self) -> bool {
        !matches!(self, Self::ConfigProvider | Self::RestExtension | Self::OverridePolicy)
    }

    /// What the second alias leaves out at the end of a simple name.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Source | Self::Sink => "Connector",
            Self::Converter => "Converter",
            Self::HeaderConverter => "HeaderConverter",
            Self::Transformation => "Transformation",
            Self::Predicate => "Predicate",
            Self::ConfigProvider => "ConfigProvider",
            Self::RestExtension => "ConnectRestExtension",
            Self::OverridePolicy => "ConnectorClientConfigOverridePolicy",
        }
    }

    /// The second alias of a plug-in (Apache: `PluginUtils.prunedName`).
    ///
    /// Parity: what follows the suffix is left out, too.
    pub fn pruned(self, simple: &str) -> &str {
        match simple.rfind(self.suffix()) {
            Some(at) if at > 0 => &simple[..at],
            _ => simple,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_lose_their_suffix() {
        assert_eq!(JavaKind::Source.pruned("FileStreamSourceConnector"), "FileStreamSource");
        assert_eq!(JavaKind::Sink.pruned("MyConnectorV2"), "My");
        assert_eq!(JavaKind::Sink.pruned("Connector"), "Connector");
        assert_eq!(JavaKind::HeaderConverter.pruned("SimpleHeaderConverter"), "Simple");
        assert_eq!(JavaKind::HeaderConverter.pruned("JsonConverter"), "JsonConverter");
        assert_eq!(JavaKind::OverridePolicy.pruned("AllConnectorClientConfigOverridePolicy"), "All");
        assert_eq!(JavaKind::Transformation.pruned("Ünï"), "Ünï");
    }
}
