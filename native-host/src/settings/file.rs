//! Reading the configuration file.

use std::{
    fs,
    io::{self, Read},
    net::{Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use url::Url;

use super::{
    SettingsError,
    change::{self, Name},
};

/// The most bytes the file may have: as many keys as may be named, many times over.
const MAX_FILE: u64 = 256 * 1024;

/// What stands in the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct File {
    pub(super) bootstrap: Option<Vec<String>>,
    pub(super) relays: Option<Vec<Url>>,
    #[serde(default)]
    pub(super) no_relays: bool,
    pub(super) relay_delay: Option<u64>,
    pub(super) external_ipv4: Option<Ipv4Addr>,
    pub(super) external_ipv6: Option<Ipv6Addr>,
    pub(super) cache_size: Option<u64>,
    pub(super) stale: Option<bool>,
    #[serde(default)]
    pub(super) allow_private: bool,
    /// As text that is known to be keys.
    #[serde(default)]
    pub(super) allow_private_for: Vec<String>,
    pub(super) data_dir: Option<PathBuf>,
}

impl File {
    /// Reads the file; one that is not there is empty, unless it must exist.
    pub(super) fn read(path: &Path, must_exist: bool) -> Result<Self, SettingsError> {
        match text(path) {
            Ok(Some(text)) => Self::parse(path, &text),
            Ok(None) if !must_exist => Ok(Self::default()),
            Ok(None) => Err(unreadable(path, io::ErrorKind::NotFound.into())),
            Err(source) => Err(unreadable(path, source)),
        }
    }

    /// Reads a file's text.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let file: Self = toml::from_str(text).map_err(|error| SettingsError::Syntax {
            file: path.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        file.checked()
    }

    /// Reads as much of a file as makes sense; see [`super::Configuration::settings_or_default`].
    pub(super) fn read_leniently(path: &Path) -> Self {
        let text = text(path).ok().flatten().unwrap_or_default();
        let without_relays = || Self {
            no_relays: true,
            ..Self::default()
        };
        let Ok(table) = text.parse::<toml::Table>() else {
            return without_relays();
        };
        let mut good = toml::Table::new();
        for (name, value) in table {
            let alone = toml::Table::from_iter([(name.clone(), value.clone())]);
            let understood = alone.try_into::<Self>().map(Self::checked);
            if matches!(understood, Ok(Ok(_))) {
                good.insert(name, value);
            } else if ["relays", "no-relays"].contains(&name.as_str()) {
                good.insert("no-relays".to_owned(), true.into());
            }
        }
        let good = good.try_into::<Self>().ok();
        good.and_then(|file| file.checked().ok())
            .unwrap_or_else(without_relays)
    }

    /// Which settings stand in the file.
    pub(super) fn chosen(&self) -> Vec<Name> {
        [
            (Name::Bootstrap, self.bootstrap.is_some()),
            (Name::Relays, self.relays.is_some() || self.no_relays),
            (Name::RelayDelay, self.relay_delay.is_some()),
            (Name::ExternalIpv4, self.external_ipv4.is_some()),
            (Name::ExternalIpv6, self.external_ipv6.is_some()),
            (Name::CacheSize, self.cache_size.is_some()),
            (Name::Stale, self.stale.is_some()),
            (Name::AllowPrivate, self.allow_private),
            (Name::AllowPrivateFor, !self.allow_private_for.is_empty()),
            (Name::DataDir, self.data_dir.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, chosen)| chosen.then_some(name))
        .collect()
    }

    /// Checks what the types don't.
    fn checked(mut self) -> Result<Self, SettingsError> {
        for node in self.bootstrap.iter().flatten() {
            change::check_node(node)?;
        }
        crate::relays::check(self.relays.as_deref().unwrap_or_default()).map_err(|error| {
            SettingsError::Value {
                name: Name::Relays,
                mistake: error.into(),
            }
        })?;
        for key in &mut self.allow_private_for {
            *key = change::key(key).map_err(|mistake| SettingsError::Value {
                name: Name::AllowPrivateFor,
                mistake,
            })?;
        }
        Ok(self)
    }
}

/// The text of a file; `None` where there is none.
pub(super) fn text(path: &Path) -> io::Result<Option<String>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(Some(text))
}

fn unreadable(path: &Path, source: io::Error) -> SettingsError {
    SettingsError::Read {
        file: path.to_owned(),
        source,
    }
}
