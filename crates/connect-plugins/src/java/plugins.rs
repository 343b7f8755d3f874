//! The Java plug-ins of a worker: nothing is read until somebody asks, or until the worker runs; then all is listed once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use env::{BoxFuture, Env, watch};

use super::kind::JavaKind;
use super::listing::{Discovery, Listing, list};
use super::report;
use super::scan::FoundPlugin;

/// What is on a worker's `plugin.path`. Cloning is cheap; every clone lists at most once with the others.
#[derive(Clone)]
pub struct JavaPlugins(Arc<Shared>);

struct Shared {
    env: Env,
    plugin_path: Option<String>,
    discovery: Discovery,
    is_built_in: Box<dyn Fn(&str) -> bool + Send + Sync>,
    listing: OnceLock<Listing>,
    started: AtomicBool,
    done: watch::Sender<bool>,
}

impl JavaPlugins {
    /// Those of a `plugin.path`; `None` has none. `is_built_in` knows the classes that need no Java. Reads nothing.
    pub fn new(
        env: &Env,
        plugin_path: Option<&str>,
        discovery: Discovery,
        is_built_in: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared {
            env: env.clone(),
            plugin_path: plugin_path.map(str::to_owned),
            discovery,
            is_built_in: Box::new(is_built_in),
            listing: OnceLock::new(),
            started: AtomicBool::new(false),
            done: watch::Sender::new(false),
        }))
    }

    /// Lists them on a lent thread, and tells the log about them; the first call alone does something.
    pub fn start(&self) {
        if self.0.plugin_path.is_none() || self.0.started.swap(true, Ordering::Relaxed) {
            return;
        }
        let shared = self.0.clone();
        let job = move || {
            let done = Done(&shared);
            shared.list();
            drop(done);
        };
        self.0.env.work().spawn_blocking("plugin.path", Box::new(job));
    }

    /// `None` when all is listed; else what completes when it is.
    pub fn settled(&self) -> Option<BoxFuture<'static, ()>> {
        if self.0.plugin_path.is_none() || self.0.listing.get().is_some() {
            return None;
        }
        self.start();
        let mut done = self.0.done.subscribe();
        let shared = self.0.clone();
        Some(Box::pin(async move {
            // The sender lives as long as `shared`.
            let _ = done.wait_for(|done| *done).await;
            drop(shared);
        }))
    }

    /// Lists them now, if that was not yet done. Blocks; for starts that fail anyway.
    pub fn list_now(&self) {
        if self.0.plugin_path.is_some() {
            self.0.list();
        }
    }

    /// The plug-in that a full class name or an alias means, of whatever kind. Blocks while all is listed, if that was
    /// not yet done: for starts that fail anyway.
    pub fn find(&self, class_or_alias: &str) -> Option<FoundPlugin> {
        self.0.plugin_path.as_ref()?;
        self.0.list().find(class_or_alias, |_| true).cloned()
    }

    /// The same among those of some kinds, without waiting: `None` also while nothing is listed.
    pub(crate) fn find_listed(&self, name: &str, wanted: impl Fn(JavaKind) -> bool) -> Option<&FoundPlugin> {
        self.0.listing.get()?.find(name, wanted)
    }

    /// With `plugin.discovery=hybrid_fail`, whether all plug-ins have manifests. Blocks while all is listed; in other
    /// modes it does nothing.
    ///
    /// # Errors
    /// Java's text with those that have none.
    pub fn demand_manifests(&self) -> Result<(), String> {
        if self.0.discovery != Discovery::HybridFail || self.0.plugin_path.is_none() {
            return Ok(());
        }
        match self.0.list().without_manifest().as_slice() {
            [] => Ok(()),
            missing => Err(report::hybrid_failure(missing)),
        }
    }
}

/// Wakes who waits, also when a listing has panicked.
struct Done<'a>(&'a Shared);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.done.send_replace(true);
    }
}

impl Shared {
    fn list(&self) -> &Listing {
        self.listing.get_or_init(|| {
            let path = self.plugin_path.as_deref().unwrap_or_default();
            let listing = list(&self.env, path, self.discovery);
            report::log(&listing, path, self.discovery, &*self.is_built_in);
            listing
        })
    }
}

impl std::fmt::Debug for JavaPlugins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JavaPlugins").field("plugin_path", &self.0.plugin_path).finish_non_exhaustive()
    }
}
