//! The settings of the program: what holds, where it comes from, and how it is changed.
//!
//! A setting can be given in three ways. Options of the call and variables of the environment come
//! from whoever starts the program and are [`Given`]; the configuration file `config.toml` belongs
//! to the user, and all programs of theirs share it: the command line, a daemon, the hosts of
//! several browsers. What is given wins over the file, and what stands nowhere has a default.
//! [`Configuration`] puts them together.
//!
//! The file is a person's own text. A change by [`Configuration::change`] leaves the order of
//! settings and all comments alone, checks everything before anything is written, and writes in one
//! step. Of two programs that change it at the same time, none loses what the other wrote.
//!
//! A file with mistakes in it keeps commands from running, as it should. What a browser starts has
//! nobody to tell, so that it goes on with what can be understood
//! ([`Configuration::settings_or_default`]), and tells of the mistake when it is asked.

mod change;
mod edit;
mod error;
mod file;
mod write;

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

use serde::Serialize;
use url::Url;

pub(crate) use self::change::check_node;
use self::file::File;
pub use self::{
    change::{Change, Name},
    error::{Mistake, SettingsError},
};
use crate::{
    address::PrivateAccess,
    cache::{Cache, Limits},
    dht::DhtConfig,
    folders,
    key::KeyAddress,
    relays::DEFAULT_RELAYS,
    resolver::ResolverConfig,
    zone::External,
};

/// What options and environment say; what is left out may stand in the configuration file.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The first nodes of the DHT to ask, `host:port`.
    pub bootstrap: Vec<String>,
    /// The relays to ask.
    pub relays: Vec<Url>,
    /// Whether no relay is to be asked, whatever else is said.
    pub no_relays: bool,
    /// How long the DHT may take before relays are asked too, in milliseconds.
    pub relay_delay: Option<u64>,
    /// This machine's public IPv4 address.
    pub external_ipv4: Option<Ipv4Addr>,
    /// This machine's public IPv6 address.
    pub external_ipv6: Option<Ipv6Addr>,
    /// How many keys are remembered on disk.
    pub cache_size: Option<u64>,
    /// Whether an answer past its time is given where the network has none.
    pub stale: Option<bool>,
    /// Whether all keys may lead to this machine and to private networks.
    pub allow_private: bool,
    /// Keys that may, beside those of the file.
    pub allow_private_for: Vec<KeyAddress>,
    /// The folder for logs and what is kept.
    pub data_dir: Option<PathBuf>,
    /// The configuration file, which must exist then.
    pub config: Option<PathBuf>,
}

/// The settings that hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// The first nodes of the DHT to ask.
    pub bootstrap: Vec<String>,
    /// The relays; none where they are switched off.
    pub relays: Vec<Url>,
    /// In milliseconds.
    pub relay_delay: u64,
    /// This machine's public IPv4 address, where it is told.
    pub external_ipv4: Option<Ipv4Addr>,
    /// This machine's public IPv6 address, where it is told.
    pub external_ipv6: Option<Ipv6Addr>,
    /// In keys.
    pub cache_size: u64,
    /// Whether an answer past its time is given where the network has none.
    pub stale: bool,
    /// Whether all keys may lead to this machine and to private networks.
    pub allow_private: bool,
    /// Keys that may where not all may.
    pub allow_private_for: Vec<String>,
    /// The folder for logs and what is kept.
    pub data_dir: PathBuf,
    /// The configuration file that was looked for.
    pub config: Option<PathBuf>,
}

impl Settings {
    /// The cache file of these settings.
    pub fn cache_file(&self) -> PathBuf {
        self.data_dir.join("cache.db")
    }

    /// Opens the cache of these settings.
    pub fn cache(&self) -> Cache {
        let limits = Limits {
            keys: self.cache_size,
            ..Limits::default()
        };
        Cache::open(&self.cache_file(), limits)
    }

    /// Which keys may lead to this machine and to private networks.
    pub fn private_access(&self) -> PrivateAccess {
        let keys = self.allow_private_for.iter();
        PrivateAccess::new(self.allow_private, keys.filter_map(|key| key.parse().ok()))
    }

    /// This machine's addresses as they are told.
    pub fn external(&self) -> External {
        External {
            v4: self.external_ipv4,
            v6: self.external_ipv6,
        }
    }
}

/// Where the settings of a program come from. Cheap enough to clone.
#[derive(Debug, Clone)]
pub struct Configuration {
    given: Given,
    /// Where no file is named.
    default_file: Option<PathBuf>,
    /// Where no folder is named.
    default_data: Option<PathBuf>,
}

impl Configuration {
    /// With what was given, and the folders of the user who runs the program.
    pub fn new(given: Given) -> Self {
        Self {
            given,
            default_file: folders::config().map(|folder| folder.join("config.toml")),
            default_data: folders::data(),
        }
    }

    /// The configuration file, whether or not it exists; `None` where none is named and no home
    /// folder is known.
    pub fn file(&self) -> Option<&Path> {
        let named = self.given.config.as_deref();
        named.or(self.default_file.as_deref())
    }

    /// The settings as they hold for a program that starts now.
    ///
    /// # Errors
    /// [`SettingsError`] when the file can't be read or has a mistake, or what is given has.
    pub fn settings(&self) -> Result<Settings, SettingsError> {
        self.put_together(self.read()?)
    }

    /// The settings as far as they can be understood, with the mistake of the file, if it has one.
    ///
    /// A setting with a mistake is as if it were left out, but for relays: whoever wrote something
    /// about them, or anything that can't be read, is not taken to mean the public ones.
    ///
    /// # Errors
    /// [`SettingsError`] when what is given has a mistake.
    pub fn settings_or_default(&self) -> Result<(Settings, Option<SettingsError>), SettingsError> {
        let error = match self.settings() {
            Ok(settings) => return Ok((settings, None)),
            Err(error) => error,
        };
        let file = self.file().map(File::read_leniently).unwrap_or_default();
        Ok((self.put_together(file)?, Some(error)))
    }

    /// Which settings somebody has chosen in the file.
    ///
    /// # Errors
    /// As [`Configuration::settings`].
    pub fn chosen(&self) -> Result<Vec<Name>, SettingsError> {
        Ok(self.read()?.chosen())
    }

    /// Which settings an option or a variable of the environment decides, whatever the file says.
    pub fn fixed(&self) -> Vec<Name> {
        let Given {
            bootstrap,
            relays,
            no_relays,
            relay_delay,
            external_ipv4,
            external_ipv6,
            cache_size,
            stale,
            allow_private,
            allow_private_for,
            data_dir,
            config: _,
        } = &self.given;
        [
            (Name::Bootstrap, !bootstrap.is_empty()),
            (Name::Relays, *no_relays || !relays.is_empty()),
            (Name::NoRelays, *no_relays),
            (Name::RelayDelay, relay_delay.is_some()),
            (Name::ExternalIpv4, external_ipv4.is_some()),
            (Name::ExternalIpv6, external_ipv6.is_some()),
            (Name::CacheSize, cache_size.is_some()),
            (Name::Stale, stale.is_some()),
            (Name::AllowPrivate, *allow_private),
            // Those of the file are added, but what stands here can't be taken away.
            (Name::AllowPrivateFor, !allow_private_for.is_empty()),
            (Name::DataDir, data_dir.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, fixed)| fixed.then_some(name))
        .collect()
    }

    /// Changes the file, all of it or nothing, and gives what holds from the next start on.
    ///
    /// A file with mistakes can be mended so, as long as it is TOML and has none afterwards. Waits a
    /// few seconds for another program that changes it.
    ///
    /// # Errors
    /// [`SettingsError`]; nothing has changed then.
    pub fn change(&self, changes: &[Change]) -> Result<Settings, SettingsError> {
        let path = self.file().ok_or(SettingsError::NoFile)?;
        let edits = changes
            .iter()
            .map(Change::edit)
            .collect::<Result<Vec<_>, _>>()?;
        write::update(path, |text| {
            let text = edit::edited(path, text, &edits)?;
            // With what is given beside it, as the next program will read it.
            self.put_together(File::parse(path, &text)?)?;
            Ok(text)
        })?;
        self.settings()
    }

    fn read(&self) -> Result<File, SettingsError> {
        match self.file() {
            Some(path) => File::read(path, self.given.config.is_some()),
            None => Ok(File::default()),
        }
    }

    /// Options, environment and file.
    fn put_together(&self, file: File) -> Result<Settings, SettingsError> {
        let given = self.given.clone();
        let relays = if given.no_relays || file.no_relays {
            Vec::new()
        } else if !given.relays.is_empty() {
            given.relays
        } else if let Some(relays) = file.relays {
            relays
        } else if given.bootstrap.is_empty() && file.bootstrap.is_none() {
            public_relays()?
        } else {
            // Who names a network of their own does not mean the public one beside it.
            Vec::new()
        };
        let data_dir = given
            .data_dir
            .or(file.data_dir)
            .or_else(|| self.default_data.clone())
            .ok_or(SettingsError::NoHome)?;
        let bootstrap = if given.bootstrap.is_empty() {
            file.bootstrap
                .unwrap_or_else(|| DhtConfig::default().bootstrap)
        } else {
            for node in &given.bootstrap {
                change::check_node(node)?;
            }
            given.bootstrap
        };
        let given_keys = given.allow_private_for.iter();
        let mut allow_private_for: Vec<_> = given_keys
            .map(|address| address.host.key().to_string())
            .collect();
        allow_private_for.extend(file.allow_private_for);
        Ok(Settings {
            bootstrap,
            relays,
            relay_delay: given
                .relay_delay
                .or(file.relay_delay)
                .unwrap_or_else(default_delay),
            external_ipv4: given.external_ipv4.or(file.external_ipv4),
            external_ipv6: given.external_ipv6.or(file.external_ipv6),
            cache_size: given
                .cache_size
                .or(file.cache_size)
                .unwrap_or_else(|| Limits::default().keys),
            stale: given
                .stale
                .or(file.stale)
                .unwrap_or_else(|| ResolverConfig::default().stale),
            allow_private: given.allow_private || file.allow_private,
            allow_private_for,
            data_dir,
            config: self.file().map(Path::to_owned),
        })
    }
}

fn public_relays() -> Result<Vec<Url>, SettingsError> {
    DEFAULT_RELAYS
        .iter()
        .map(|url| change::relay(url))
        .collect()
}

fn default_delay() -> u64 {
    let delay = ResolverConfig::default().relay_delay.as_millis();
    u64::try_from(delay).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
