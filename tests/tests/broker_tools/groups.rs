//! Groups and their offsets, by the tools for administrators.

use std::time::Duration;

use e2e::wait_until;

use crate::place::{alone, ended, fed, rows, said};

const SOON: Duration = Duration::from_secs(20);

fn groups(arguments: &[&str]) -> String {
    said("ConsumerGroupCommand", arguments)
}

/// What the tool says instead; the code of its process is 0 all the same.
fn complaint(arguments: &[&str]) -> String {
    let end = ended("ConsumerGroupCommand", arguments, "");
    end.output + &end.errors
}

/// Partition, committed offset, end and lag of each partition.
fn places(text: &str, group: &str) -> Vec<[i64; 4]> {
    let row = |row: &Vec<&str>| [2, 3, 4, 5].map(|cell| row[cell].parse().unwrap_or_else(|_| panic!("{text}")));
    let mut places: Vec<_> = rows(text, group).iter().map(row).collect();
    places.sort_unstable();
    places
}

/// Where the offsets of the group went.
fn reset(group: &str, how: &[&str]) -> Vec<(i64, i64)> {
    let text = groups(&[&["--group", group, "--reset-offsets"], how].concat());
    let row = |row: &Vec<&str>| (row[2].parse().unwrap(), row[3].parse().unwrap());
    let mut places: Vec<_> = rows(&text, group).iter().map(row).collect();
    places.sort_unstable();
    places
}

#[test]
fn a_group_is_listed_described_set_back_and_deleted() {
    said("TopicCommand", &["--create", "--topic", "read", "--partitions", "2"]);
    let lines: String = (0..20).map(|number| format!("{number}:{number}\n")).collect();
    let keyed = ["--topic", "read", "--reader-property", "parse.key=true", "--reader-property", "key.separator=:"];
    fed("ConsoleProducer", &keyed, &lines);
    let group = ["--group", "readers"];
    let consume = ["--topic", "read", "--max-messages", "20", "--command-property", "auto.offset.reset=earliest"];
    assert_eq!(said("ConsoleConsumer", &[&consume[..], &group[..]].concat()).lines().count(), 20);

    let listed = groups(&["--list", "--state"]);
    assert_eq!(rows(&listed, "readers"), [["readers", "Empty"]], "{listed}");
    assert!(rows(&groups(&["--list", "--state", "Stable"]), "readers").is_empty());
    let described = groups(&["--describe", "--group", "readers"]);
    let before = places(&described, "readers");
    assert_eq!(before.iter().map(|[_, at, end, lag]| (at - end, *lag)).collect::<Vec<_>>(), [(0, 0), (0, 0)]);
    assert_eq!(before.iter().map(|[_, at, ..]| at).sum::<i64>(), 20, "{described}");
    let ends: Vec<i64> = before.iter().map(|[_, _, end, _]| *end).collect();

    let tried = reset("readers", &["--to-earliest", "--topic", "read", "--dry-run"]);
    assert_eq!(tried, [(0, 0), (1, 0)]);
    assert_eq!(places(&groups(&["--describe", "--group", "readers"]), "readers"), before, "only tried");
    assert_eq!(reset("readers", &["--to-offset", "2", "--topic", "read:1", "--execute"]), [(1, 2)]);
    assert_eq!(reset("readers", &["--shift-by", "-1", "--all-topics", "--execute"]), [(0, ends[0] - 1), (1, 1)]);
    let after = places(&groups(&["--describe", "--group", "readers"]), "readers");
    assert_eq!(after, [[0, ends[0] - 1, ends[0], 1], [1, 1, ends[1], ends[1] - 1]]);
    let since = ["--to-datetime", "2020-01-01T00:00:00.000", "--topic", "read", "--execute"];
    assert_eq!(reset("readers", &since), [(0, 0), (1, 0)]);
    assert_eq!(reset("readers", &["--to-latest", "--topic", "read", "--execute"]), [(0, ends[0]), (1, ends[1])]);

    let gone = groups(&["--group", "readers", "--delete-offsets", "--topic", "read:0"]);
    assert_eq!(rows(&gone, "read"), [["read", "0", "Successful"]], "{gone}");
    assert_eq!(places(&groups(&["--describe", "--group", "readers"]), "readers"), [[1, ends[1], ends[1], 0]]);
    let deleted = groups(&["--delete", "--group", "readers"]);
    assert_eq!(deleted, "Deletion of requested consumer groups ('readers') was successful.\n");
    assert!(rows(&groups(&["--list"]), "readers").is_empty());
    let missing = complaint(&["--describe", "--group", "readers"]);
    assert!(missing.contains("GroupIdNotFoundException: Group readers not found."), "{missing}");
}

#[test]
fn a_group_that_reads_is_described_and_left_alone() {
    said("TopicCommand", &["--create", "--topic", "busy", "--partitions", "2"]);
    let more = ["--topic", "busy", "--group-id", "workers", "--group-instance-id", "worker-1"];
    let mut worker = alone("VerifiableConsumer", &more);
    wait_until("its partitions", SOON, || worker.log().contains("partitions_assigned"))
        .unwrap_or_else(|error| panic!("{error}\n{}", worker.log_tail()));

    let state = groups(&["--describe", "--group", "workers", "--state"]);
    let state = &rows(&state, "workers")[0];
    assert!(state[1].starts_with("127.0.0.1:") && state[1..].contains(&"(1)"), "{state:?}");
    assert_eq!(state[3..], ["range", "Stable", "1"]);
    let members = groups(&["--describe", "--group", "workers", "--members", "--verbose"]);
    let member = &rows(&members, "workers")[0];
    assert!(member[1].starts_with("worker-1-"), "{member:?}");
    assert!(member.contains(&"/127.0.0.1") && member.contains(&"2") && member.contains(&"busy:0,1"), "{member:?}");
    let listed = groups(&["--list", "--state"]);
    assert_eq!(rows(&listed, "workers"), [["workers", "Stable"]], "{listed}");
    let kinds = said("GroupsCommand", &["--list"]);
    assert_eq!(rows(&kinds, "workers"), [["workers", "Classic", "consumer"]], "{kinds}");

    let deleted = complaint(&["--delete", "--group", "workers"]);
    assert!(deleted.contains("GroupNotEmptyException"), "{deleted}");
    let set = ["--group", "workers", "--reset-offsets", "--to-earliest", "--topic", "busy", "--execute"];
    let set = complaint(&set);
    assert!(set.contains("Assignments can only be reset if the group 'workers' is inactive"), "{set}");
    assert_eq!(worker.terminate(SOON).unwrap(), 143, "{}", worker.log_tail());
}
