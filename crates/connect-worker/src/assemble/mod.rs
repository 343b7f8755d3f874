//! Puts a task together from its configuration: the one place that knows all the parts.

mod blueprint;
mod sink;
mod source;

pub(crate) use blueprint::{Blueprint, config_error, read_config};

use connect_api::Result;
use env::{BoxFuture, Env};

use crate::supervise::Run;
use blueprint::Half;

/// The code of a task's run.
pub(crate) fn body(
    env: Env,
    make: impl FnOnce() -> Result<Blueprint> + Send + 'static,
    run: Run,
) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move {
        let blueprint = env.lend(async { make() }).await?;
        let _ = run.dropped.set(blueprint.chain.dropped());
        match blueprint.half.clone() {
            Half::Source(plugin) => source::run(blueprint, plugin, run).await,
            Half::Sink(plugin) => sink::run(blueprint, plugin, run).await,
        }
    })
}
