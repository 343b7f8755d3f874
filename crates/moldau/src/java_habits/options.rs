//! `KAFKA_OPTS`: options for the Java virtual machine, of which some system properties have a meaning.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use kafka_config::Password;

use super::variables::Variables;

const OPTIONS: &str = "KAFKA_OPTS";
const LOGIN: &str = "java.security.auth.login.config";
const KERBEROS: &str = "java.security.krb5.conf";
const TLS: &str = "javax.net.ssl.";
const PROVIDERS: &str = "org.apache.kafka.automatic.config.providers";
const OAUTH: &str = "org.apache.kafka.sasl.oauthbearer.allowed.";

/// What the options say, typed.
#[derive(Debug, Default)]
pub(crate) struct JavaOptions {
    /// The JAAS file.
    login_config: Option<PathBuf>,
    /// The Kerberos file.
    kerberos_config: Option<PathBuf>,
    /// Key and trust stores for whatever speaks TLS, by the end of the property's name; some are secrets.
    tls: BTreeMap<String, Password>,
    /// Which classes a worker file may name as config providers; all, if nothing is said.
    providers: Option<BTreeSet<String>>,
    /// What OAuth may read, such as `urls` and `files`.
    oauth: BTreeMap<String, Vec<String>>,
    /// The names of options that mean nothing here.
    strangers: Vec<String>,
}

impl JavaOptions {
    /// Those of `KAFKA_OPTS`, cut as a shell does, quotes included. Of a property that is set twice the last one counts.
    pub(crate) fn read(variables: Variables<'_>) -> Self {
        let text = variables(OPTIONS).unwrap_or_default();
        // A quote that is not closed is a character like others, as it is for Apache's script.
        let words = shlex::split(&text).unwrap_or_else(|| text.split_whitespace().map(str::to_owned).collect());
        let mut options = Self::default();
        for word in &words {
            match word.strip_prefix("-D") {
                Some(property) => {
                    let (name, value) = property.split_once('=').unwrap_or((property, ""));
                    options.take(name, value);
                }
                None => options.stranger(word.split(['=', ':']).next().unwrap_or_default()),
            }
        }
        options
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            LOGIN => self.login_config = Some(PathBuf::from(value)),
            KERBEROS => self.kerberos_config = Some(PathBuf::from(value)),
            PROVIDERS => self.providers = Some(list(value).collect()),
            _ => {
                if let Some(end) = name.strip_prefix(TLS) {
                    self.tls.insert(end.to_owned(), Password::new(value));
                } else if let Some(what) = name.strip_prefix(OAUTH) {
                    self.oauth.insert(what.to_owned(), list(value).collect());
                } else {
                    self.stranger(&format!("-D{name}"));
                }
            }
        }
    }

    fn stranger(&mut self, name: &str) {
        if !self.strangers.iter().any(|known| known == name) {
            self.strangers.push(name.to_owned());
        }
    }

    /// The classes that a worker file may name as config providers; `None` allows all.
    pub(crate) fn allowed_providers(&self) -> Option<&BTreeSet<String>> {
        self.providers.as_ref()
    }

    /// What has no effect yet, or never will have. Names only where values may be secrets.
    pub(super) fn sentences(&self) -> Vec<String> {
        let later = "this version cannot authenticate to Kafka yet, and refuses to be told to";
        let mut found = Vec::new();
        for (name, file) in [(LOGIN, &self.login_config), (KERBEROS, &self.kerberos_config)] {
            found.extend(
                file.iter().map(|file| format!("-D{name}={} in {OPTIONS} has no effect: {later}", file.display())),
            );
        }
        if !self.tls.is_empty() {
            let names = self.tls.keys().map(|end| format!("-D{TLS}{end}")).collect::<Vec<_>>().join(" ");
            found.push(format!(
                "{names} in {OPTIONS} have no effect: this version cannot speak TLS to Kafka yet, and refuses to be told to"
            ));
        }
        for (what, allowed) in &self.oauth {
            found.push(format!("-D{OAUTH}{what} in {OPTIONS} has no effect on its {} entries: {later}", allowed.len()));
        }
        if !self.strangers.is_empty() {
            let names = self.strangers.join(" ");
            found.push(format!("{names} in {OPTIONS} has no effect: there is no Java virtual machine to take it"));
        }
        found
    }
}

fn list(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(|piece| piece.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> JavaOptions {
        JavaOptions::read(&|name| (name == OPTIONS).then(|| text.to_owned()))
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        for nothing in ["", "  "] {
            let options = options(nothing);
            assert!(options.sentences().is_empty() && options.allowed_providers().is_none());
        }
    }

    #[test]
    fn properties_are_typed_and_quotes_are_a_shells() {
        let options = options(
            "-Djava.security.auth.login.config='/etc/my jaas.conf' -Djavax.net.ssl.keyStorePassword=\"hunter 2\" \
             -Dorg.apache.kafka.automatic.config.providers='a.B, c.D' \
             -Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=https://a,https://b \
             -Djava.security.krb5.conf=first -Djava.security.krb5.conf=last",
        );
        assert_eq!(options.login_config, Some(PathBuf::from("/etc/my jaas.conf")));
        assert_eq!(options.kerberos_config, Some(PathBuf::from("last")));
        assert_eq!(options.tls["keyStorePassword"], Password::new("hunter 2"));
        assert_eq!(options.allowed_providers().unwrap().iter().collect::<Vec<_>>(), ["a.B", "c.D"]);
        assert_eq!(options.oauth["urls"].len(), 2);
        let said = options.sentences();
        assert_eq!(said.len(), 4, "{said:?}");
        assert!(!format!("{said:?}{options:?}").contains("hunter"), "{options:?}");
    }

    #[test]
    fn options_of_the_virtual_machine_are_named_without_what_they_are_set_to() {
        let said = options("-javaagent:/opt/jmx.jar=7071:/opt/c.yml -Xmx2g -Dtoken=hunter2 -Dtoken=x -ea").sentences();
        assert_eq!(
            said,
            ["-javaagent -Xmx2g -Dtoken -ea in KAFKA_OPTS has no effect: there is no Java virtual machine to take it"]
        );
        assert_eq!(options("-Da='open").sentences().len(), 1);
    }

    #[test]
    fn an_empty_list_allows_nothing() {
        let allowed = |text| options(text).allowed_providers().map(|all| all.contains("a.B"));
        assert_eq!(allowed("-Dorg.apache.kafka.automatic.config.providers="), Some(false));
        assert_eq!(allowed("-Dorg.apache.kafka.automatic.config.providers=none"), Some(false));
        assert_eq!(allowed("-Dorg.apache.kafka.automatic.config.providers=a.B"), Some(true));
    }
}
