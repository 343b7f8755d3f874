//! Offsets of groups through an administrator.

use super::clients::group_offsets;
use super::support::{kafka, run};

#[test]
fn offsets_of_groups_are_listed_altered_and_deleted() {
    run(async |env| group_offsets::play(&env, kafka().bootstrap(), "administered").await);
}
