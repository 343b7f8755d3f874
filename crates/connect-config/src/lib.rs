//! Configuration of workers and connectors: from the text people write to typed values, with the definitions, defaults
//! and messages of Apache Kafka Connect 4.3.1.
//!
//! A worker file becomes a [`WorkerConfig`]; a connector file a [`ConnectorFile`]; a connector's configuration is
//! checked by [`connector::preflight`], read by [`ConnectorConfig`], and layered over the worker's for each Kafka
//! client by [`clients`]. What later versions will do is known by name and refused or warned about ([`later`]).

pub mod client_keys;
pub mod clients;
pub mod connector;
pub mod connector_file;
pub mod converter;
pub mod java_pattern;
pub mod later;
pub mod listener;
pub mod plugin_lookup;
pub mod policy;
pub mod version;
pub mod worker;

pub use connector::{ConnectorConfig, ConnectorKind, OwnSettings, RestartSettings};
pub use connector_file::{ConnectorFile, ConnectorFileError, InitialState};
pub use converter::ConverterChoice;
pub use listener::{AdvertisedUrl, Listener, Scheme};
pub use plugin_lookup::{Classes, PluginInfo, PluginKind, PluginLookup, Plugins, Settling, UnusablePlugin};
pub use policy::OverridePolicy;
pub use worker::WorkerConfig;
