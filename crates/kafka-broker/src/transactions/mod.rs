//! Transactions: who produces under a transactional id, what its open transaction consists of, and how it ends.
//!
//! A transaction that is decided is written into the journal first. Then its markers go into the partitions and its
//! offsets to the groups, and only then is it complete. A broker that starts does again what the last one began.

mod coordinator;
mod producer_ids;
mod transaction;

pub(crate) use coordinator::Coordinator;
pub(crate) use transaction::PendingOffset;
