//! Options that all subcommands share, wherever they come from.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, builder::FalseyValueParser};
use directories::ProjectDirs;
use serde::Deserialize;
use url::Url;

use crate::{
    dht::{Dht, DhtConfig},
    problem::{Code, Problem},
    resolver::Resolver,
};

/// The options as they are given; what is left out may stand in the configuration file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network and data")]
pub(super) struct Options {
    /// First nodes of the DHT to ask, instead of the public ones
    #[arg(
        long,
        global = true,
        env = "PKARR_BOOTSTRAP",
        value_name = "HOST:PORT",
        value_delimiter = ','
    )]
    bootstrap: Vec<String>,

    /// A relay to ask beside the DHT; may be repeated. Not built yet
    #[arg(
        long = "relay",
        global = true,
        env = "PKARR_RELAY",
        value_name = "URL",
        value_delimiter = ','
    )]
    relays: Vec<Url>,

    /// Ask no relays
    #[arg(long, global = true, env = "PKARR_NO_RELAYS", value_parser = FalseyValueParser::new())]
    no_relays: bool,

    /// Let keys lead to this machine and to private networks
    #[arg(long, global = true, env = "PKARR_ALLOW_PRIVATE", value_parser = FalseyValueParser::new())]
    allow_private: bool,

    /// The folder for logs and what is kept
    #[arg(long, global = true, env = "PKARR_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// The configuration file
    #[arg(long, global = true, env = "PKARR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What may stand in the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    bootstrap: Option<Vec<String>>,
    relays: Option<Vec<Url>>,
    #[serde(default)]
    no_relays: bool,
    #[serde(default)]
    allow_private: bool,
    data_dir: Option<PathBuf>,
}

/// The settings that hold.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) bootstrap: Option<Vec<String>>,
    pub(super) allow_private: bool,
    pub(super) data_dir: PathBuf,
}

impl Options {
    /// Puts options, environment and file together.
    pub(super) fn settings(self) -> Result<Settings, Problem> {
        let folders = ProjectDirs::from("org", "pkarr", "pkarr");
        let default_config = folders
            .as_ref()
            .map(|folders| folders.config_dir().join("config.toml"));
        let file = match (&self.config, &default_config) {
            (Some(path), _) => read(path, true)?,
            (None, Some(path)) => read(path, false)?,
            (None, None) => File::default(),
        };
        let relays = if self.relays.is_empty() {
            file.relays.unwrap_or_default()
        } else {
            self.relays
        };
        if !relays.is_empty() && !self.no_relays && !file.no_relays {
            return Err(Problem::new(
                Code::BadRequest,
                "relays are not built yet: leave them out, or add --no-relays",
            ));
        }
        let data_dir = self
            .data_dir
            .or(file.data_dir)
            .or_else(|| folders.map(|folders| folders.data_dir().to_owned()))
            .ok_or_else(|| {
                Problem::new(
                    Code::BadRequest,
                    "no home folder is known: name a folder with --data-dir",
                )
            })?;
        let bootstrap = if self.bootstrap.is_empty() {
            file.bootstrap
        } else {
            Some(self.bootstrap)
        };
        for node in bootstrap.iter().flatten() {
            let port = node.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
            if !matches!(port, Some(Ok(1..))) {
                return Err(Problem::new(
                    Code::BadRequest,
                    format!("{node:?} is not a node of the DHT; write it as HOST:PORT"),
                ));
            }
        }
        Ok(Settings {
            bootstrap,
            allow_private: self.allow_private || file.allow_private,
            data_dir,
        })
    }
}

fn read(path: &Path, must_exist: bool) -> Result<File, Problem> {
    match fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map_err(|error| {
            let error = error.to_string();
            Problem::new(
                Code::BadRequest,
                format!(
                    "the configuration file {} is wrong: {}",
                    path.display(),
                    error.trim_end()
                ),
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => Ok(File::default()),
        Err(error) => Err(Problem::new(
            Code::BadRequest,
            format!(
                "can’t read the configuration file {}: {error}",
                path.display()
            ),
        )),
    }
}

impl Settings {
    /// A client of the DHT as these settings have it.
    pub(super) fn dht(&self) -> Dht {
        Dht::new(match &self.bootstrap {
            Some(bootstrap) => DhtConfig {
                bootstrap: bootstrap.clone(),
            },
            None => DhtConfig::default(),
        })
    }

    /// A resolver as these settings have it.
    pub(super) fn resolver(&self) -> Resolver {
        Resolver::new(self.dht())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options {
            bootstrap: Vec::new(),
            relays: Vec::new(),
            no_relays: false,
            allow_private: false,
            data_dir: Some("/data".into()),
            config: None,
        }
    }

    fn with_file(options: Options, text: &str) -> Result<Settings, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, text).unwrap();
        Options {
            config: Some(path),
            ..options
        }
        .settings()
    }

    #[test]
    fn options_win_over_the_file() {
        let text = "bootstrap = [\"a:1\"]\nallow-private = true\ndata-dir = \"/elsewhere\"";
        let settings = with_file(options(), text).unwrap();
        assert_eq!(settings.bootstrap.unwrap(), ["a:1"]);
        assert!(settings.allow_private);
        assert_eq!(settings.data_dir, Path::new("/data"));
        let given = Options {
            bootstrap: vec!["b:2".to_owned()],
            ..options()
        };
        assert_eq!(with_file(given, text).unwrap().bootstrap.unwrap(), ["b:2"]);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let problem = with_file(options(), "\nbootstrab = []").unwrap_err();
        assert!(problem.what.contains("line 2"), "{problem}");
        assert!(problem.what.contains("bootstrab"), "{problem}");
        for node in ["nonsense", "host:", "host:0", "host:70000"] {
            let given = Options {
                bootstrap: vec![node.to_owned()],
                ..options()
            };
            assert!(with_file(given, "").unwrap_err().what.contains(node));
        }
        let absent = Options {
            config: Some("/nonexistent/config.toml".into()),
            ..options()
        };
        assert!(absent.settings().is_err());
    }

    #[test]
    fn relays_are_refused_unless_switched_off() {
        let relay = || vec![Url::parse("https://relay.example").unwrap()];
        let given = Options {
            relays: relay(),
            ..options()
        };
        assert!(with_file(given, "").is_err());
        let off = Options {
            relays: relay(),
            no_relays: true,
            ..options()
        };
        assert!(with_file(off, "").is_ok());
    }
}
