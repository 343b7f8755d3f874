//! The variables of Apache's scripts.

use super::options::JavaOptions;

/// A variable's value by its name, if it is set and not blank.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Variables without a meaning here, and what takes their place.
const WITHOUT_MEANING: &[(&str, &str)] = &[
    (
        "KAFKA_HEAP_OPTS",
        "there is no Java heap; moldau.memory.bytes in the worker file bounds what tasks have in flight",
    ),
    ("KAFKA_JVM_PERFORMANCE_OPTS", "there is no Java virtual machine; the defaults need no options"),
    ("KAFKA_GC_LOG_OPTS", "there is no garbage collector, and so nothing for its log"),
    ("CLASSPATH", "connectors are built in, and Java plug-ins are looked for on plugin.path"),
    (
        "KAFKA_LOG4J_OPTS",
        "MOLDAU_LOG or --log-level sets levels, PUT /admin/loggers/{name} changes them, MOLDAU_LOG_FORMAT says how lines look",
    ),
    ("JMX_PORT", "there is no JMX; states are at GET /connectors?expand=status"),
    ("KAFKA_JMX_OPTS", "there is no JMX; states are at GET /connectors?expand=status"),
    ("KAFKA_DEBUG", "there is no Java debugger to wait for; MOLDAU_LOG=debug says more"),
    ("JAVA_DEBUG_OPTS", "there is no Java debugger to wait for; MOLDAU_LOG=debug says more"),
];

/// One sentence for each that is set and has no effect, never with a value.
pub(crate) fn sentences(variables: Variables<'_>, options: &JavaOptions) -> Vec<String> {
    let set = WITHOUT_MEANING.iter().filter(|(name, _)| variables(name).is_some());
    let own = set.map(|(name, instead)| format!("{name} has no effect: {instead}"));
    own.chain(options.sentences()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variable_gets_a_sentence_without_its_value() {
        let all = |_: &str| Some("-Dpassword=hunter2".to_owned());
        let said = sentences(&all, &JavaOptions::default());
        assert_eq!(said.len(), WITHOUT_MEANING.len());
        for ((name, _), sentence) in WITHOUT_MEANING.iter().zip(&said) {
            assert!(sentence.starts_with(&format!("{name} has no effect: ")) && !sentence.contains("hunter2"));
        }
        assert_eq!(sentences(&|_| None, &JavaOptions::default()), [""; 0]);
    }
}
