//! Stand-ins for everything around a worker, scripted by the test: a cluster in memory with producers and consumers,
//! plug-ins, a listener to states; and [`World`], which puts a worker between them.

mod clients;
mod cluster;
mod consumer;
mod gate;
mod journal;
pub(crate) mod plugins;
mod producer;
mod sink;
mod source;
mod stages;
mod statuses;
mod time;
mod world;

pub(crate) use clients::TestClients;
pub(crate) use cluster::{Cluster, StoredRecord};
pub(crate) use consumer::ConsumerControl;
pub(crate) use gate::Gate;
pub(crate) use journal::Journal;
pub(crate) use producer::{ProducerControl, ScriptedProducer};
pub(crate) use sink::{Answer, SinkScript};
pub(crate) use source::{SourceScript, Turn, offset_of, record};
pub(crate) use stages::{Change, Refuse};
pub(crate) use time::{eventually, on_threads, simulated};
pub(crate) use world::World;
