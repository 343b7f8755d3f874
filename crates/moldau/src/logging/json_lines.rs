//! The form for machines: one JSON object in each line.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::record::Record;

/// `timestamp`, `level`, `logger` (Java's name), `target` (ours), `line`, then `connector`, `task` and `scope` if there are
/// any, `message`, and `fields` with what else the line says.
pub(super) fn text(record: &Record) -> String {
    // Keys are texts and nothing in it can fail.
    let mut line = serde_json::to_string(&Line(record)).unwrap_or_default();
    line.push('\n');
    line
}

struct Line<'a>(&'a Record);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &format!("{:.6}", record.time))?;
        map.serialize_entry("level", record.level.as_str())?;
        map.serialize_entry("logger", &record.logger)?;
        map.serialize_entry("target", &record.target)?;
        map.serialize_entry("line", &record.line)?;
        if let Some(context) = &record.context {
            map.serialize_entry("connector", &context.connector)?;
            if let Some(task) = context.task {
                map.serialize_entry("task", &task)?;
            }
            if let Some(scope) = &context.scope {
                map.serialize_entry("scope", scope)?;
            }
        }
        map.serialize_entry("message", &record.message)?;
        if !record.fields.is_empty() {
            map.serialize_entry("fields", &Fields(record))?;
        }
        map.end()
    }
}

struct Fields<'a>(&'a Record);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.fields.iter().map(|(name, value)| (name, value.as_str())))
    }
}
