//! Which of the offsets that a task returned may be committed. Pure.

use connect_api::sink::Offsets;

/// The offsets of `returned` that were asked for and are not beyond what was put (`current`); of the others, each is
/// said to `ignored` with the reason. A partition the task did not return is left as it is.
pub fn accept(returned: Offsets, current: &Offsets, mut ignored: impl FnMut(String)) -> Offsets {
    let mut accepted = Offsets::new();
    for (partition, offset) in returned {
        match current.get(&partition) {
            None => ignored(format!("offset {offset} of {partition}, which was not asked for")),
            Some(limit) if offset > *limit => {
                ignored(format!(
                    "offset {offset} of {partition}, which is beyond {limit}, the next after what was put"
                ));
            }
            Some(_) => drop(accepted.insert(partition, offset)),
        }
    }
    accepted
}

#[cfg(test)]
mod tests {
    use connect_api::sink::TopicPartition;

    use super::*;

    fn offsets(entries: &[(i32, i64)]) -> Offsets {
        entries.iter().map(|&(partition, offset)| (TopicPartition::new("t", partition), offset)).collect()
    }

    #[test]
    fn only_what_was_asked_for_and_put_is_committed() {
        let mut said = Vec::new();
        let accepted =
            accept(offsets(&[(0, 5), (1, 7), (2, 3)]), &offsets(&[(0, 5), (1, 6)]), |reason| said.push(reason));
        assert_eq!(accepted, offsets(&[(0, 5)]));
        assert_eq!(
            said,
            [
                "offset 7 of t-1, which is beyond 6, the next after what was put",
                "offset 3 of t-2, which was not asked for"
            ]
        );
    }
}
