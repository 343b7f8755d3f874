//! The `ssl.*` keys of Java's `SslConfigs`.

use kafka_config::{ConfigDef, ConfigKey, Importance, Type, ValidList};

use super::keys::key;

/// Adds them in Java's order.
pub(super) fn with_tls_keys(definition: ConfigDef) -> ConfigDef {
    let text = |name: &str, doc: &str| key(name, Type::String, doc);
    let secret = |name: &str, doc: &str| -> ConfigKey {
        key(name, Type::Password, doc).default_null().importance(Importance::High)
    };
    definition
        .define(text("ssl.protocol", "The TLS version.").default("TLSv1.3").importance(Importance::Medium))
        .define(text("ssl.provider", "Java's security provider.").default_null().importance(Importance::Medium))
        .define(
            key("ssl.cipher.suites", Type::List, "Cipher suites; all if empty.")
                .default("")
                .validator(ValidList::any(true, false)),
        )
        .define(
            key("ssl.enabled.protocols", Type::List, "TLS versions that may be used.")
                .default("TLSv1.2,TLSv1.3")
                .importance(Importance::Medium)
                .validator(ValidList::any(true, false)),
        )
        .define(text("ssl.keystore.type", "The format of the key store.").default("JKS").importance(Importance::Medium))
        .define(text("ssl.keystore.location", "The key store.").default_null().importance(Importance::High))
        .define(secret("ssl.keystore.password", "The password of the key store."))
        .define(secret("ssl.key.password", "The password of the private key."))
        .define(secret("ssl.keystore.key", "The private key as PEM."))
        .define(secret("ssl.keystore.certificate.chain", "The certificate chain as PEM."))
        .define(secret("ssl.truststore.certificates", "Trusted certificates as PEM."))
        .define(
            text("ssl.truststore.type", "The format of the trust store.").default("JKS").importance(Importance::Medium),
        )
        .define(text("ssl.truststore.location", "The trust store.").default_null().importance(Importance::High))
        .define(secret("ssl.truststore.password", "The password of the trust store."))
        .define(text("ssl.keymanager.algorithm", "Java's key manager.").default("SunX509"))
        .define(text("ssl.trustmanager.algorithm", "Java's trust manager.").default("PKIX"))
        .define(text("ssl.endpoint.identification.algorithm", "How host names are checked.").default("https"))
        .define(text("ssl.secure.random.implementation", "Java's source of randomness.").default_null())
        .define(key("ssl.engine.factory.class", Type::Class, "A Java class that makes TLS engines.").default_null())
}
