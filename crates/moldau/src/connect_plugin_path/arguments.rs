//! Its command line. Parity: the rules, words and texts of argparse4j, whose options may be cut short; its line breaks at
//! 75 columns are kept in the help, but not in complaints.

/// What to do, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Request {
    /// `sync-manifests`; else `list`.
    pub(super) sync: bool,
    /// Change nothing.
    pub(super) dry_run: bool,
    /// Leave the names of classes that are not there.
    pub(super) keep_not_found: bool,
    /// Single places.
    pub(super) locations: Vec<String>,
    /// Values as of `plugin.path`.
    pub(super) plugin_paths: Vec<String>,
    /// Files of workers.
    pub(super) worker_configs: Vec<String>,
}

/// Why there is nothing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// This was asked for.
    Help(String),
    /// The command line is wrong.
    Usage(String),
}

const USAGE: &str = "usage: connect-plugin-path [-h] {list,sync-manifests} ...\n";
const LIST_USAGE: &str = "\
usage: connect-plugin-path list [-h] [--plugin-location PLUGIN_LOCATION]
                           [--plugin-path PLUGIN_PATH]
                           [--worker-config WORKER_CONFIG]
";
const SYNC_USAGE: &str = "\
usage: connect-plugin-path sync-manifests [-h]
                           [--plugin-location PLUGIN_LOCATION]
                           [--plugin-path PLUGIN_PATH]
                           [--worker-config WORKER_CONFIG] [--dry-run]
                           [--keep-not-found]
";
const HELP: &str = "
Manage plugins on the Connect plugin.path

optional arguments:
  -h, --help             show this help message and exit

subcommands:
  Mutate  the   specified   plugins   to   be   compatible   with   plugin.
  discovery=SERVICE_LOAD mode

  {list,sync-manifests}
";
const HELP_HELP: &str = "
optional arguments:
  -h, --help             show this help message and exit
";
const SYNC_HELP: &str = "  --dry-run              If  specified,  changes   that   would  have  been
                         written to disk are not applied
  --keep-not-found       If specified, manifests  for  missing  plugins are
                         not removed from the plugin path
";
const PLACES_HELP: &str = "
plugin providers:
  --plugin-location PLUGIN_LOCATION
                         A single plugin location (jar file or directory)
  --plugin-path PLUGIN_PATH
                         A comma-delimited  list  of  locations  containing
                         plugins
  --worker-config WORKER_CONFIG
                         A Connect worker configuration file
";

const COMMANDS: [&str; 2] = ["list", "sync-manifests"];
const OPTIONS: [&str; 6] =
    ["--help", "--plugin-location", "--plugin-path", "--worker-config", "--dry-run", "--keep-not-found"];

fn complaint(usage: &str, text: &str) -> Refused {
    Refused::Usage(format!("{usage}connect-plugin-path: error: {text}\n"))
}

/// Reads the command line after the command's name.
///
/// # Errors
/// Help that was asked for, or a complaint; either is to be printed as it is.
pub(super) fn read(arguments: &[String]) -> Result<Request, Refused> {
    let Some((command, rest)) = arguments.split_first() else {
        return Err(complaint(USAGE, "too few arguments"));
    };
    if is_option(command) {
        let help = *command == "-h" || (command.len() > 2 && "--help".starts_with(command.as_str()));
        let unknown = || complaint(USAGE, &format!("unrecognized arguments: '{command}'"));
        return Err(if help { Refused::Help(format!("{USAGE}{HELP}")) } else { unknown() });
    }
    let fitting: Vec<&str> = COMMANDS.into_iter().filter(|known| known.starts_with(command.as_str())).collect();
    let [command] = fitting.as_slice() else {
        let text = format!("invalid choice: '{command}' (choose from 'list', 'sync-manifests')");
        return Err(complaint(USAGE, &text));
    };
    let mut request = Request { sync: *command == COMMANDS[1], ..Request::default() };
    request.read_options(rest)?;
    if request.locations.is_empty() && request.plugin_paths.is_empty() && request.worker_configs.is_empty() {
        let text = "Must specify at least one --plugin-location, --plugin-path, or --worker-config";
        return Err(complaint(USAGE, text));
    }
    Ok(request)
}

fn is_option(argument: &str) -> bool {
    argument.len() > 1 && argument.starts_with('-')
}

/// Whether it can be the value of an option: no option, or a negative number.
fn is_value(argument: &str) -> bool {
    let is_number = argument.strip_prefix('-').is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    !is_option(argument) || is_number
}

impl Request {
    fn usage(&self) -> &'static str {
        if self.sync { SYNC_USAGE } else { LIST_USAGE }
    }

    fn refuse(&self, text: &str) -> Refused {
        complaint(self.usage(), text)
    }

    fn help(&self) -> Refused {
        let own = if self.sync { SYNC_HELP } else { "" };
        Refused::Help(format!("{}{HELP_HELP}{own}{PLACES_HELP}", self.usage()))
    }

    fn read_options(&mut self, mut arguments: &[String]) -> Result<(), Refused> {
        while let Some((argument, rest)) = arguments.split_first() {
            arguments = rest;
            if argument == "--" && !rest.is_empty() {
                return Err(self.refuse(&format!("unrecognized arguments: '{}'", rest.join(" "))));
            }
            if !is_option(argument) {
                let all: Vec<&str> = std::iter::once(argument).chain(rest).map(String::as_str).collect();
                return Err(self.refuse(&format!("unrecognized arguments: '{}'", all.join(" "))));
            }
            if argument.starts_with("-h") {
                return Err(self.help());
            }
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            self.take(self.option(name, argument)?, value, &mut arguments)?;
        }
        Ok(())
    }

    /// The option that a name, perhaps cut short, stands for.
    fn option(&self, name: &str, argument: &str) -> Result<&'static str, Refused> {
        let known = OPTIONS.iter().take(if self.sync { OPTIONS.len() } else { 4 });
        let fitting: Vec<&'static str> =
            known.copied().filter(|known| name.len() > 2 && known.starts_with(name)).collect();
        match fitting.as_slice() {
            [] => Err(self.refuse(&format!("unrecognized arguments: '{argument}'"))),
            [option] => Ok(option),
            several => Err(self.refuse(&format!("ambiguous option: {name} could match {}", several.join(", ")))),
        }
    }

    fn take(&mut self, option: &str, value: Option<String>, rest: &mut &[String]) -> Result<(), Refused> {
        if let ("--help" | "--dry-run" | "--keep-not-found", Some(value)) = (option, &value) {
            let name = if option == "--help" { "-h/--help" } else { option };
            return Err(self.refuse(&format!("argument {name}: ignore implicit argument '{value}'")));
        }
        match option {
            "--help" => return Err(self.help()),
            "--dry-run" => self.dry_run = true,
            "--keep-not-found" => self.keep_not_found = true,
            _ => {
                let value = match (value, rest.split_first()) {
                    (Some(value), _) => value,
                    (None, Some((next, others))) if is_value(next) => {
                        *rest = others;
                        next.clone()
                    }
                    _ => return Err(self.refuse(&format!("argument {option}: expected one argument"))),
                };
                match option {
                    "--plugin-location" => self.locations.push(value),
                    "--plugin-path" => self.plugin_paths.push(value),
                    _ => self.worker_configs.push(value),
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(line: &str) -> Result<Request, String> {
        let arguments: Vec<String> = line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        read(&arguments).map_err(|refused| match refused {
            Refused::Help(text) => format!("help {}", text.lines().next().unwrap()),
            Refused::Usage(text) => text.lines().last().unwrap().split_once("error: ").unwrap().1.to_owned(),
        })
    }

    #[test]
    fn options_may_be_cut_short() {
        let found = ask("sync --plugin-loc /a --plugin-location=/b --worker w --plugin-p -1 --dry --k").unwrap();
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let (dry_run, keep_not_found) = (true, true);
        let (locations, plugin_paths, worker_configs) = (texts(&["/a", "/b"]), texts(&["-1"]), texts(&["w"]));
        assert_eq!(found, Request { sync: true, dry_run, keep_not_found, locations, plugin_paths, worker_configs });
    }

    #[test]
    fn complaints() {
        let complaints = [
            ("", "too few arguments"),
            ("x", "invalid choice: 'x' (choose from 'list', 'sync-manifests')"),
            ("--x", "unrecognized arguments: '--x'"),
            ("list", "Must specify at least one --plugin-location, --plugin-path, or --worker-config"),
            ("list --plugin x", "ambiguous option: --plugin could match --plugin-location, --plugin-path"),
            ("list --plugin-path", "argument --plugin-path: expected one argument"),
            ("list --plugin-path --worker-config", "argument --plugin-path: expected one argument"),
            ("list --dry-run", "unrecognized arguments: '--dry-run'"),
            ("sync-manifests --dry-run=x", "argument --dry-run: ignore implicit argument 'x'"),
            ("list --help=3", "argument -h/--help: ignore implicit argument '3'"),
            ("list x y --plugin-path", "unrecognized arguments: 'x y --plugin-path'"),
            ("list x", "unrecognized arguments: 'x'"),
            ("list -- --plugin-location", "unrecognized arguments: '--plugin-location'"),
        ];
        for (line, text) in complaints {
            assert_eq!(ask(line).unwrap_err(), text, "{line:?}");
        }
        assert_eq!(ask("--he").unwrap_err(), "help usage: connect-plugin-path [-h] {list,sync-manifests} ...");
        assert!(
            ask("list --plugin-location /nope -hx").unwrap_err().starts_with("help usage: connect-plugin-path list")
        );
    }
}
