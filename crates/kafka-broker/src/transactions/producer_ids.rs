//! Producer ids, which are never given out twice. They are reserved in blocks, so that the journal is written rarely.

use std::io;

use crate::journal::{Change, Journal, Kind};

/// Ids in a block, as in Kafka.
const BLOCK: i64 = 1000;
/// The key of the first id that no broker has reserved.
const KEY: &str = "producer ids";

/// Gives out producer ids.
pub(super) struct ProducerIds {
    next: i64,
    /// The first one not reserved.
    end: i64,
}

impl ProducerIds {
    /// Goes on behind what other brokers have reserved.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(super) fn load(journal: &Journal) -> io::Result<Self> {
        let facts = journal.all::<String>(Kind::Cluster)?;
        let end = match facts.into_iter().find(|(key, _)| key == KEY) {
            Some((_, end)) => end.parse().map_err(io::Error::other)?,
            None => 0,
        };
        Ok(Self { next: end, end })
    }

    /// A new one.
    ///
    /// # Errors
    /// When a block could not be reserved.
    pub(super) fn generate(&mut self, journal: &Journal) -> io::Result<i64> {
        if self.next == self.end {
            let end = self.end.checked_add(BLOCK).ok_or_else(|| io::Error::other("there are no producer ids left"))?;
            journal.write(vec![Change::put(Kind::Cluster, KEY, &end.to_string())?])?;
            self.end = end;
        }
        let id = self.next;
        self.next += 1;
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_is_given_out_twice() {
        let journal = Journal::in_memory();
        let mut ids = ProducerIds::load(&journal).unwrap();
        for expected in 0..BLOCK + 2 {
            assert_eq!(ids.generate(&journal).unwrap(), expected);
        }
        let mut ids = ProducerIds::load(&journal).unwrap();
        assert_eq!(ids.generate(&journal).unwrap(), 2 * BLOCK);
        journal.write(vec![Change::put(Kind::Cluster, KEY, &"x").unwrap()]).unwrap();
        assert!(ProducerIds::load(&journal).is_err());
    }
}
