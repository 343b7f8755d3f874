//! The class path of Apache Kafka 4.3.1, fetched once per machine.

use std::ffi::OsString;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail};

const POM: &str = include_str!("../../java/apache-kafka/pom.xml");
const LOGGING: &str = include_str!("../../java/apache-kafka/log4j2.properties");

/// Where the jars of Apache Kafka are, and how to run them.
#[derive(Debug, Clone)]
pub struct KafkaLibs {
    folder: PathBuf,
}

/// The cached class path; made now if this machine has none yet (a minute with a slow network, then never again).
///
/// Errors say what to install where a JDK or Maven is missing.
pub fn kafka_libs() -> Result<&'static KafkaLibs> {
    static LIBS: OnceLock<Result<KafkaLibs, String>> = OnceLock::new();
    LIBS.get_or_init(|| make().map_err(|error| format!("{error:#}"))).as_ref().map_err(|error| anyhow!("{error}"))
}

impl KafkaLibs {
    /// The cache folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of all jars but those of `plugin_path`.
    pub fn jars(&self) -> PathBuf {
        self.folder.join("libs")
    }

    /// A `plugin.path` that holds the connect-file jar and nothing else, so that Java Connect scans one jar and not a hundred.
    pub fn plugin_path(&self) -> PathBuf {
        self.folder.join("plugins")
    }

    /// A class path of `first` and all jars.
    pub fn class_path(&self, first: &[&Path]) -> OsString {
        let mut path = OsString::new();
        for folder in first {
            path.push(folder);
            path.push(":");
        }
        path.push(self.jars().join("*"));
        path
    }

    /// `java` on this class path with the quiet log configuration; `options` of the JVM come first, the caller adds the arguments.
    pub fn java(&self, options: &[&str], main_class: &str) -> Command {
        self.java_with(&[], options, main_class)
    }

    /// Like [`Self::java`], with folders of classes ahead of the jars.
    pub fn java_with(&self, first: &[&Path], options: &[&str], main_class: &str) -> Command {
        let mut command = Command::new("java");
        let mut logging = OsString::from("-Dlog4j2.configurationFile=");
        logging.push(self.folder.join("log4j2.properties"));
        command.args(options).arg(logging).arg("-cp").arg(self.class_path(first)).arg(main_class);
        command
    }

    /// Compiles Java sources against the class path, once per content; gives the folder of classes.
    pub fn compile(&self, name: &str, sources: &[(&str, &str)]) -> Result<PathBuf> {
        let mut hasher = DefaultHasher::new();
        sources.hash(&mut hasher);
        let target = self.folder.join(format!("{name}-{:016x}", hasher.finish()));
        if target.is_dir() {
            return Ok(target);
        }
        let _lock = lock(&self.folder)?;
        if target.is_dir() {
            return Ok(target);
        }
        let work = tempfile::tempdir_in(&self.folder)?;
        let classes = work.path().join("classes");
        std::fs::create_dir(&classes)?;
        let mut javac = Command::new("javac");
        javac
            .args(["-nowarn", "-proc:none", "-encoding", "UTF-8", "-cp"])
            .arg(self.class_path(&[]))
            .arg("-d")
            .arg(&classes);
        for (file, text) in sources {
            let path = work.path().join(file);
            std::fs::write(&path, text)?;
            javac.arg(path);
        }
        run(&mut javac, "javac", JDK)?;
        std::fs::rename(&classes, &target)?;
        Ok(target)
    }
}

const JDK: &str = "install a JDK 17 or newer (on Debian: `apt install openjdk-17-jdk-headless`)";
const MAVEN: &str = "install Maven (on Debian: `apt install maven`)";

fn cache_folder() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("MOLDAU_TEST_CACHE") {
        return Ok(PathBuf::from(folder));
    }
    let home = std::env::var_os("HOME").context("neither MOLDAU_TEST_CACHE nor HOME is set")?;
    Ok(PathBuf::from(home).join(".cache/moldau/kafka-4.3.1"))
}

fn make() -> Result<KafkaLibs> {
    run(Command::new("java").arg("-version"), "java", JDK)?;
    let folder = cache_folder()?;
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let libs = KafkaLibs { folder };
    let _lock = lock(&libs.folder)?;
    let pom = libs.folder.join("pom.xml");
    if std::fs::read_to_string(&pom).is_ok_and(|known| known == POM) {
        write_if_changed(&libs.folder.join("log4j2.properties"), LOGGING)?;
        return Ok(libs);
    }
    fetch(&libs)?;
    write_if_changed(&libs.folder.join("log4j2.properties"), LOGGING)?;
    // The pom is the mark that everything before it is complete.
    write_if_changed(&pom, POM)?;
    Ok(libs)
}

fn fetch(libs: &KafkaLibs) -> Result<()> {
    let work = tempfile::tempdir_in(&libs.folder)?;
    std::fs::write(work.path().join("pom.xml"), POM)?;
    let jars = work.path().join("libs");
    let mut maven = Command::new("mvn");
    maven
        .current_dir(work.path())
        .args(["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime"])
        .arg(format!("-DoutputDirectory={}", jars.display()));
    run(&mut maven, "mvn", MAVEN)?;
    // FileStream connectors must be found through plugin.path, as in Kafka's own distribution.
    let plugins = work.path().join("plugins");
    std::fs::create_dir(&plugins)?;
    for entry in std::fs::read_dir(&jars)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("connect-file-") {
            std::fs::rename(entry.path(), plugins.join(entry.file_name()))?;
        }
    }
    for (from, to) in [(jars, libs.jars()), (plugins, libs.plugin_path())] {
        if to.exists() {
            std::fs::remove_dir_all(&to)?;
        }
        std::fs::rename(from, to)?;
    }
    Ok(())
}

/// Held by whoever writes to the cache; other processes wait.
fn lock(folder: &Path) -> Result<File> {
    let file = File::create(folder.join(".lock"))?;
    file.lock()?;
    Ok(file)
}

/// Replaces a file as a whole, because other processes may be reading it.
fn write_if_changed(path: &Path, text: &str) -> Result<()> {
    if std::fs::read_to_string(path).is_ok_and(|known| known == text) {
        return Ok(());
    }
    let folder = path.parent().context("a file at the root")?;
    let temporary = tempfile::NamedTempFile::new_in(folder)?;
    std::fs::write(temporary.path(), text)?;
    temporary.persist(path)?;
    Ok(())
}

fn run(command: &mut Command, name: &str, advice: &str) -> Result<()> {
    let output = match command.stdin(Stdio::null()).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!("`{name}` was not found: {advice}"),
        result => result.with_context(|| format!("cannot run {name}"))?,
    };
    if !output.status.success() {
        bail!(
            "{name} failed ({}):\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
