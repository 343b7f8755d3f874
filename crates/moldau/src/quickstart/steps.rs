//! What is said before anything moves: where everything is, and what to try next.

use std::path::Path;

use serde_json::json;

use super::folder::Folder;
use super::text::quoted;

/// Names of the tutorial.
pub(super) const TOPIC: &str = "connect-test";
pub(super) const SOURCE_FILE: &str = "files/test.txt";
pub(super) const SINK_FILE: &str = "files/test.sink.txt";
/// What the third step makes.
const COPY: &str = "files/copy.txt";

/// Where everything is.
pub(super) struct Places<'a> {
    /// The folder.
    pub(super) folder: &'a Folder,
    /// `host:port` of the broker.
    pub(super) servers: String,
    /// The REST API's URL, without a slash at the end.
    pub(super) rest: String,
    /// Which ports are not the usual ones, and why.
    pub(super) notes: Vec<String>,
    /// This program.
    pub(super) program: &'a Path,
}

impl Places<'_> {
    /// The text, ending with an empty line.
    pub(super) fn introduction(&self) -> String {
        let fate = match self.folder.is_temporary() {
            true => "removed at the end; --data DIR keeps everything",
            false => "kept; the same command goes on from there",
        };
        let mut text = format!(
            "Moldau quickstart: Kafka, Kafka Connect and two connectors in this process, for development and tests.\n\n  \
             folder  {} ({fate})\n  Kafka   {}\n  REST    {}/\n  log     {}\n",
            self.folder.root().display(),
            self.servers,
            self.rest,
            self.folder.path("moldau.log"),
        );
        for note in &self.notes {
            text += &format!("  note    {note}\n");
        }
        text += &format!(
            "\nA line is added to {SOURCE_FILE} twice a second; {TOPIC} gets it as a record, and {SINK_FILE} as a line.\n\
             Try in another terminal:\n"
        );
        for (number, (what, command)) in self.steps().iter().enumerate() {
            text += &format!("\n  {}. {what}\n     {command}\n", number + 1);
        }
        text + "\nCtrl-C ends everything.\n\n"
    }

    /// What it does, and the command for a shell.
    fn steps(&self) -> [(&'static str, String); 3] {
        let config = json!({
            "connector.class": "FileStreamSink",
            "topics": TOPIC,
            "file": self.folder.path(COPY),
        });
        [
            ("Send a line of your own:", format!("echo 'hello, Moldau' >> {}", quoted(&self.folder.path(SOURCE_FILE)))),
            (
                "Read the topic from its first record (Ctrl-C ends it):",
                format!(
                    "{} consume --bootstrap-server {} --topic {TOPIC} --from-beginning",
                    quoted(&self.program.to_string_lossy()),
                    self.servers
                ),
            ),
            (
                "Create a third connector, which copies the topic to another file:",
                format!(
                    "curl -sS -X PUT -H 'Content-Type: application/json' {}/connectors/copy/config -d {}",
                    self.rest,
                    quoted(&config.to_string())
                ),
            ),
        ]
    }
}
