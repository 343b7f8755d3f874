//! The sink side: consume → convert → transform → put → pre-commit → commit.
//!
//! [`run`](run::Runner) is the loop and the table of contents; [`assignment`](assignment::Assignment) knows which
//! partitions the task has and how far each is; [`pre_commit`] asks the task what is durable and commits it, [`commit`]
//! says what of it may be; [`requests`](requests::Requests) is what the task may ask for.

mod assignment;
mod bisect;
mod commit;
mod errant;
mod pre_commit;
mod put;
mod requests;
mod run;

pub use assignment::Assignment;
pub use bisect::Bisection;
pub use commit::accept;
pub use errant::{ErrantRecords, Reports};
pub use requests::Requests;
pub use run::{Runner, Sinking};
