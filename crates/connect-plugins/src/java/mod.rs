//! Java plug-ins on `plugin.path`, read without a Java machine: places, archives, class files, manifests.

mod kind;

mod location;

mod class_file;
mod container;
mod service_file;
mod version;

mod classes;
mod known_types;
mod scan;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod scan_tests;

mod manifest_files;
mod sync;
#[cfg(test)]
mod sync_tests;

mod listing;
mod plugins;
#[cfg(test)]
mod plugins_tests;
mod report;

pub use classes::UNDEFINED;
pub use kind::JavaKind;
pub use listing::{Discovery, Listing, list};
pub use location::{Layout, Location, elements, places, written};
pub use manifest_files::{rewrite_folder, rewrite_jar};
pub use plugins::JavaPlugins;
pub use scan::{Depth, FoundPlugin, Manifests, Scan, has_manifest, manifests_at, scan};
pub use sync::{Change, changes, not_loadable};
