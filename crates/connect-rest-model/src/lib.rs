//! The entities of the REST API: field names, field order and what is left out are those of Apache Kafka Connect 4.3.1.

mod config;
mod connector;
mod object;
mod offsets;
mod plugin;
mod server;
mod state;

pub use config::Config;
pub use connector::{
    ActiveTopics, ConnectorInfo, ConnectorTaskId, ConnectorType, CreateConnectorRequest, InitialState, TaskInfo, Topics,
};
pub use object::Object;
pub use offsets::{ConnectorOffset, ConnectorOffsets};
pub use plugin::{ConfigInfo, ConfigInfos, ConfigKeyInfo, ConfigValueInfo, PluginInfo};
pub use server::{ErrorBody, Health, LoggerLevel, Message, ServerInfo, WorkerStatus};
pub use state::{ConnectorState, ConnectorStateInfo, DroppedRecords, OwnRestarts, OwnState, TaskState};
