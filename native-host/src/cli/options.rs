//! Options that all subcommands share, wherever they come from.

use std::{
    fs, io,
    net::{Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, builder::FalseyValueParser};
use directories::ProjectDirs;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    address::PrivateAccess,
    cache::{Cache, Limits},
    dht::{Dht, DhtConfig},
    https::Https,
    key::KeyAddress,
    problem::{Code, Problem},
    publisher::Publisher,
    relays::{DEFAULT_RELAYS, RelayLimits, Relays},
    resolver::{Resolver, ResolverConfig},
    trust::Places,
    zone::External,
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

    /// A relay to ask beside the DHT, instead of the public ones; may be repeated
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

    /// How long the DHT may take, in milliseconds, before relays are asked too; 0 asks at once
    #[arg(long, global = true, env = "PKARR_RELAY_DELAY", value_name = "MS")]
    relay_delay: Option<u64>,

    /// This machine's public IPv4 address, for {external_ipv4} in zone files
    #[arg(
        long,
        global = true,
        env = "PKARR_EXTERNAL_IPV4",
        value_name = "ADDRESS"
    )]
    external_ipv4: Option<Ipv4Addr>,

    /// This machine's public IPv6 address, for {external_ipv6} in zone files
    #[arg(
        long,
        global = true,
        env = "PKARR_EXTERNAL_IPV6",
        value_name = "ADDRESS"
    )]
    external_ipv6: Option<Ipv6Addr>,

    /// How many keys are remembered on disk
    #[arg(long, global = true, env = "PKARR_CACHE_SIZE", value_name = "KEYS")]
    cache_size: Option<u64>,

    /// Let keys lead to this machine and to private networks
    #[arg(long, global = true, env = "PKARR_ALLOW_PRIVATE", value_parser = FalseyValueParser::new())]
    allow_private: bool,

    /// A key that may lead to this machine and to private networks; may be repeated
    #[arg(
        long,
        global = true,
        env = "PKARR_ALLOW_PRIVATE_FOR",
        value_name = "KEY",
        value_delimiter = ','
    )]
    allow_private_for: Vec<KeyAddress>,

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
    relay_delay: Option<u64>,
    external_ipv4: Option<Ipv4Addr>,
    external_ipv6: Option<Ipv6Addr>,
    cache_size: Option<u64>,
    #[serde(default)]
    allow_private: bool,
    #[serde(default)]
    allow_private_for: Vec<String>,
    data_dir: Option<PathBuf>,
}

/// The settings that hold.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Settings {
    /// The first nodes of the DHT to ask.
    pub(super) bootstrap: Vec<String>,
    /// The relays; none where they are switched off.
    pub(super) relays: Vec<Url>,
    /// In milliseconds.
    pub(super) relay_delay: u64,
    pub(super) external_ipv4: Option<Ipv4Addr>,
    pub(super) external_ipv6: Option<Ipv6Addr>,
    /// In keys.
    pub(super) cache_size: u64,
    pub(super) allow_private: bool,
    /// Keys that may where not all may.
    pub(super) allow_private_for: Vec<String>,
    pub(super) data_dir: PathBuf,
    /// The configuration file that was looked for.
    pub(super) config: Option<PathBuf>,
}

/// The parts of the house that most commands work with.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) dht: Dht,
    pub(super) resolver: Resolver,
    pub(super) publisher: Publisher,
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
        let relays = if self.no_relays || file.no_relays {
            Vec::new()
        } else if !self.relays.is_empty() {
            self.relays
        } else if let Some(relays) = file.relays {
            relays
        } else if self.bootstrap.is_empty() && file.bootstrap.is_none() {
            public_relays()?
        } else {
            // Who names a network of their own does not mean the public one beside it.
            Vec::new()
        };
        let data_dir = self
            .data_dir
            .or(file.data_dir)
            .or_else(|| folders.as_ref().map(own_folder))
            .ok_or_else(|| {
                Problem::new(
                    Code::BadRequest,
                    "no home folder is known: name a folder with --data-dir",
                )
            })?;
        let bootstrap = if self.bootstrap.is_empty() {
            file.bootstrap
                .unwrap_or_else(|| DhtConfig::default().bootstrap)
        } else {
            self.bootstrap
        };
        for node in &bootstrap {
            let port = node.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
            if !matches!(port, Some(Ok(1..))) {
                return Err(Problem::new(
                    Code::BadRequest,
                    format!("{node:?} is not a node of the DHT; write it as HOST:PORT"),
                ));
            }
        }
        let mut allow_private_for = self.allow_private_for;
        for key in &file.allow_private_for {
            let key = KeyAddress::parse(key).map_err(|error| {
                Problem::new(Code::NotAKey, format!("allow-private-for: {error}"))
            })?;
            allow_private_for.push(key);
        }
        Ok(Settings {
            bootstrap,
            relays,
            relay_delay: self
                .relay_delay
                .or(file.relay_delay)
                .unwrap_or_else(default_delay),
            external_ipv4: self.external_ipv4.or(file.external_ipv4),
            external_ipv6: self.external_ipv6.or(file.external_ipv6),
            cache_size: self
                .cache_size
                .or(file.cache_size)
                .unwrap_or_else(|| Limits::default().keys),
            allow_private: self.allow_private || file.allow_private,
            allow_private_for: allow_private_for
                .iter()
                .map(|address| address.host.key().to_string())
                .collect(),
            data_dir,
            config: self.config.or(default_config),
        })
    }
}

/// The folder for data where none is named. It is this machine’s own: what roams on Windows is
/// copied to others, and secret keys stay where they are.
fn own_folder(folders: &ProjectDirs) -> PathBuf {
    folders.data_local_dir().to_owned()
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

fn public_relays() -> Result<Vec<Url>, Problem> {
    DEFAULT_RELAYS
        .iter()
        .map(|url| Url::parse(url).map_err(|error| Problem::new(Code::Internal, error)))
        .collect()
}

fn default_delay() -> u64 {
    let delay = ResolverConfig::default().relay_delay.as_millis();
    u64::try_from(delay).unwrap_or(u64::MAX)
}

impl Settings {
    /// The cache file of these settings.
    pub(super) fn cache(&self) -> Cache {
        let limits = Limits {
            keys: self.cache_size,
            ..Limits::default()
        };
        Cache::open(&self.data_dir.join("cache.db"), limits)
    }

    /// Which keys may lead to this machine and to private networks.
    pub(super) fn private_access(&self) -> PrivateAccess {
        let keys = self.allow_private_for.iter();
        PrivateAccess::new(self.allow_private, keys.filter_map(|key| key.parse().ok()))
    }

    /// This machine's addresses as they are given.
    pub(super) fn external(&self) -> External {
        External {
            v4: self.external_ipv4,
            v6: self.external_ipv6,
        }
    }

    /// `https://` for keys, in the browsers of the user who runs the program.
    pub(super) fn https(&self) -> Https {
        Https::new(&self.data_dir, Places::of_user())
    }

    /// DHT, relays, cache, resolver and publisher as these settings have them.
    pub(super) fn services(&self) -> Result<Services, Problem> {
        let dht = Dht::new(DhtConfig {
            bootstrap: self.bootstrap.clone(),
        });
        let relays = if self.relays.is_empty() {
            None
        } else {
            let relays = Relays::new(self.relays.clone(), RelayLimits::default())
                .map_err(|error| Problem::new(Code::BadRequest, error))?;
            Some(relays)
        };
        let config = ResolverConfig {
            relay_delay: Duration::from_millis(self.relay_delay),
            ..ResolverConfig::default()
        };
        let resolver = Resolver::with(dht.clone(), relays.clone(), self.cache(), config);
        let publisher = Publisher::new(dht.clone(), relays, resolver.clone());
        Ok(Services {
            dht,
            resolver,
            publisher,
        })
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
            relay_delay: None,
            external_ipv4: None,
            external_ipv6: None,
            cache_size: None,
            allow_private: false,
            allow_private_for: Vec::new(),
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
        assert_eq!(settings.bootstrap, ["a:1"]);
        assert!(settings.allow_private);
        assert_eq!(settings.data_dir, Path::new("/data"));
        let given = Options {
            bootstrap: vec!["b:2".to_owned()],
            ..options()
        };
        assert_eq!(with_file(given, text).unwrap().bootstrap, ["b:2"]);
    }

    #[test]
    fn data_stays_on_this_machine() {
        let folders = ProjectDirs::from("org", "pkarr", "pkarr").unwrap();
        let folder = own_folder(&folders);
        if cfg!(windows) {
            assert!(!folder.starts_with(std::env::var_os("APPDATA").unwrap()));
        } else {
            assert_eq!(folder, folders.data_dir());
        }
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
    fn relays_are_the_public_ones_unless_something_else_is_said() {
        let relay = || vec![Url::parse("https://relay.example").unwrap()];
        let relays = |options, text| with_file(options, text).unwrap().relays;
        assert_eq!(relays(options(), "").len(), DEFAULT_RELAYS.len());
        assert_eq!(relays(options(), "relays = []"), []);
        assert_eq!(relays(options(), "bootstrap = [\"a:1\"]"), []);
        let given = || Options {
            relays: relay(),
            ..options()
        };
        assert_eq!(relays(given(), "relays = []"), relay());
        assert_eq!(relays(given(), "no-relays = true"), []);
    }
}
