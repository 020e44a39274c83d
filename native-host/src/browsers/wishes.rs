//! What somebody wants of an installation.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;
use url::Url;

use super::{
    BrowsersError,
    machine::{Kind, Look, Scope},
};

/// What somebody wants.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// For whom.
    pub scope: Scope,
    /// In which browsers.
    pub which: Which,
    /// Which program browsers are to start.
    pub program: Source,
    /// The extension in its forms, if it is to be put in place, too.
    pub bundles: Vec<Bundle>,
    /// Whether `pkarr daemon` is to start with the session.
    pub autostart: bool,
    /// Whether a gateway is to run for browsers that can start no program.
    pub pac: bool,
    /// Whether what others wrote may be replaced.
    pub force: bool,
    /// Whether what serves nobody, because it can’t be read or leads nowhere, may be replaced.
    pub mend: bool,
}

/// Which browsers are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those that are found.
    Found,
    /// All that can be there: not those in sandboxes, which have folders only when they are.
    All,
    /// These, by id, whether or not they are found.
    Named(Vec<String>),
}

/// Which program browsers are to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The one that runs; it is copied to a place that stays where it lies in none.
    Running(PathBuf),
    /// This one, where it lies.
    Named(PathBuf),
}

impl Source {
    /// Its file.
    pub fn file(&self) -> &Path {
        match self {
            Self::Running(file) | Self::Named(file) => file,
        }
    }
}

/// The extension in one of its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bundle {
    /// A folder that Chromium loads unpacked.
    Folder(PathBuf),
    /// A package for Chromium, with its version.
    Crx(PathBuf, String),
    /// A package for Firefox.
    Xpi(PathBuf),
    /// Where Chromium is to get it and look for newer ones: a store, or an update manifest.
    Url(Url),
}

impl Bundle {
    /// Takes what a person named for the form it is: `https://…`, `….crx`, `….xpi`, a folder.
    ///
    /// # Errors
    /// [`BrowsersError::NoExtension`].
    pub fn of(named: &str, look: &dyn Look) -> Result<Self, BrowsersError> {
        let wrong = |why| BrowsersError::NoExtension {
            named: named.to_owned(),
            why,
        };
        if named.starts_with("https://") {
            let url = Url::parse(named);
            return url.map(Self::Url).map_err(|_| wrong("it is no address"));
        }
        let path = std::path::absolute(named).map_err(|_| wrong("it is no path"))?;
        let end = path.extension().unwrap_or_default().to_string_lossy();
        match (look.kind(&path), end.to_lowercase().as_str()) {
            (Kind::Absent, _) => Err(wrong("there is nothing there")),
            (Kind::File, "crx") => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let version = version_in(&name).unwrap_or_else(|| VERSION.to_owned());
                Ok(Self::Crx(path, version))
            }
            (Kind::File, "xpi") => Ok(Self::Xpi(path)),
            (Kind::Folder, _) => {
                let manifest = look.read(&path.join("manifest.json")).ok().flatten();
                let manifest: Json = serde_json::from_slice(&manifest.unwrap_or_default())
                    .map_err(|_| wrong("it has no manifest.json"))?;
                match manifest.get("browser_specific_settings").is_some() {
                    true => Err(wrong("it is Firefox’s, which takes a package (.xpi)")),
                    false => Ok(Self::Folder(path)),
                }
            }
            _ => Err(wrong(
                "it is neither a folder nor a .crx, an .xpi or an https:// address",
            )),
        }
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) | Self::Crx(path, _) | Self::Xpi(path) => path.display().fmt(f),
            Self::Url(url) => url.fmt(f),
        }
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version in a file name such as `pkarr-0.1.0-chrome.crx`.
fn version_in(name: &str) -> Option<String> {
    let stem = name.strip_suffix(".crx").unwrap_or(name);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mut parts = stem.split(['-', '_']);
    let version = parts.find(|part| part.contains('.') && part.split('.').all(is_number));
    version.map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_stand_in_names_of_packages() {
        for (name, version) in [
            ("pkarr-0.1.0-chrome.crx", Some("0.1.0")),
            ("pkarr_1.2.crx", Some("1.2")),
            ("pkarr-10.20.30.crx", Some("10.20.30")),
            ("pkarr.crx", None),
            ("pkarr-1.x.crx", None),
        ] {
            assert_eq!(version_in(name).as_deref(), version, "{name}");
        }
    }
}
