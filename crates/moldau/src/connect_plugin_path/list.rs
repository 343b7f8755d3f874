//! `list`: a row for each plug-in of each place, and the sums.

use connect_plugins::java::{JavaKind, Location, Scan, UNDEFINED, not_loadable};

use super::command::Output;

const HEADER: [&str; 8] = [
    "pluginName",
    "firstAlias",
    "secondAlias",
    "pluginVersion",
    "pluginType",
    "isLoadable",
    "hasManifest",
    "pluginLocation",
];
const NO_ALIAS: &str = "N/A";

/// The table so far.
#[derive(Debug, Default)]
pub(super) struct Table {
    all: usize,
    loadable: usize,
    compatible: usize,
}

impl Table {
    /// Begins it.
    pub(super) fn start(out: &mut Output) -> Self {
        out.line(&HEADER.join("\t"));
        Self::default()
    }

    /// The rows of a place. Java's order is that of its hash codes, another one in each run; here it is by name and kind.
    pub(super) fn place(&mut self, out: &mut Output, location: &Location, scan: &Scan) {
        let place = location.path.display().to_string();
        let mut rows: Vec<(&str, JavaKind, String)> = Vec::new();
        for plugin in &scan.plugins {
            let [first, second] = plugin.aliases();
            let second = if second == first { NO_ALIAS } else { second };
            let (class, kind, version) = (&plugin.class, plugin.kind, &plugin.version);
            let row = [class, first, second, version, kind.name(), "true", bool_text(plugin.has_manifest), &place];
            rows.push((class, kind, row.join("\t")));
            self.loadable += 1;
            self.compatible += usize::from(plugin.has_manifest);
        }
        let missing = not_loadable(scan);
        for (class, kind) in &missing {
            let row = [class, NO_ALIAS, NO_ALIAS, UNDEFINED, kind.name(), "false", "true", &place];
            rows.push((class, *kind, row.join("\t")));
        }
        rows.sort();
        self.all += rows.len();
        rows.iter().for_each(|(_, _, row)| out.line(row));
    }

    /// Ends it.
    pub(super) fn end(&self, out: &mut Output) {
        out.line("");
        out.line(&format!("Total plugins:      \t{}", self.all));
        out.line(&format!("Loadable plugins:   \t{}", self.loadable));
        out.line(&format!("Compatible plugins: \t{}", self.compatible));
    }
}

fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
