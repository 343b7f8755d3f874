//! Tools for what our broker has not.

use crate::place::{is_ours, refused};

#[test]
fn tools_for_missing_calls_fail_and_say_which_call() {
    if !is_ours() {
        return;
    }
    for (tool, arguments, call) in [
        ("TransactionsCommand", &["list"][..], "LIST_TRANSACTIONS"),
        ("MetadataQuorumCommand", &["describe", "--status"], "DESCRIBE_QUORUM"),
        ("LeaderElectionCommand", &["--election-type", "preferred", "--all-topic-partitions"], "ELECT_LEADERS"),
        ("ClientMetricsCommand", &["--list"], "LIST_CONFIG_RESOURCES"),
    ] {
        let said = refused(tool, arguments);
        assert!(said.contains(&format!("The node does not support {call}")), "{tool}: {said}");
    }
}
