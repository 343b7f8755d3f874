//! `/connector-plugins`.

use axum::Json;
use axum::extract::State;
use connect_rest_model as model;

use crate::state::RestState;

pub(crate) async fn list(State(state): State<RestState>) -> Json<Vec<model::PluginInfo>> {
    let all = state.registry.connectors.iter();
    let mut plugins: Vec<model::PluginInfo> = all
        .map(|(class, plugin)| model::PluginInfo {
            class: class.to_owned(),
            kind: plugin.kind().to_owned(),
            version: Some(plugin.version().to_owned()),
        })
        .collect();
    // Sinks come first.
    plugins.sort_by_key(|plugin| (plugin.kind != "sink", plugin.class.clone()));
    Json(plugins)
}
