//! Messages about the program's own settings, which all browsers and the command line share.

use serde::{Deserialize, Serialize};

use crate::checkup::Finding;

/// Parameters of `settings` (capability `settings`): tells the settings, after changing some.
///
/// Changes are written to the configuration file, in one step or not at all. They hold for programs
/// that start after that; the extension starts its host anew.
///
/// A file with mistakes is told as an error; a change can mend it, unless it is no TOML at all.
///
/// Errors: 12 (`bad-request`) for a value that makes no sense, a setting that is fixed, and a file that
/// can't be understood; 13 (`internal`) when it can't be written.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettingsParams {
    /// What is to be changed.
    #[serde(default)]
    #[cfg_attr(test, ts(optional))]
    pub change: Option<SettingsChange>,
    /// What goes back to what it is without a choice.
    #[serde(default)]
    #[cfg_attr(test, ts(optional))]
    pub reset: Option<Vec<SettingName>>,
}

/// New values; what is left out stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, ts(optional_fields))]
pub struct SettingsChange {
    /// The relays to ask; none switches them off.
    pub relays: Option<Vec<String>>,
    /// The first nodes of the DHT to ask, `host:port`.
    pub bootstrap: Option<Vec<String>>,
    /// The keys that may lead to this machine and to private networks.
    pub allow_private_for: Option<Vec<String>>,
    /// Whether an answer past its time is given where the network has none.
    pub stale: Option<bool>,
    /// How many keys are remembered on disk.
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub cache_size: Option<u64>,
}

/// A setting by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum SettingName {
    /// See [`SettingsChange::relays`].
    Relays,
    /// See [`SettingsChange::bootstrap`].
    Bootstrap,
    /// See [`SettingsChange::allow_private_for`].
    AllowPrivateFor,
    /// See [`SettingsChange::stale`].
    Stale,
    /// See [`SettingsChange::cache_size`].
    CacheSize,
}

/// Result of `settings`: what holds from the next start on.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HostSettings {
    /// The relays to ask.
    pub relays: Vec<String>,
    /// The first nodes of the DHT to ask.
    pub bootstrap: Vec<String>,
    /// The keys that may lead to this machine and to private networks.
    pub allow_private_for: Vec<String>,
    /// Whether all keys may, which is set in the file or by an option only.
    pub allow_private: bool,
    /// Whether an answer past its time is given where the network has none.
    pub stale: bool,
    /// How many keys are remembered on disk.
    #[cfg_attr(test, ts(type = "number"))]
    pub cache_size: u64,
    /// Which of them somebody has chosen, in the file.
    pub chosen: Vec<SettingName>,
    /// Which of them are fixed by an option or a variable of the environment, and can't be changed.
    pub fixed: Vec<SettingName>,
    /// The configuration file; `null` where no home folder is known.
    pub file: Option<String>,
}

/// Parameters of `cache` (capability `settings`).
///
/// Errors: 13 (`internal`).
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CacheParams {
    /// What is to be done.
    pub action: CacheAction,
}

/// What is to be done with what is remembered of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum CacheAction {
    /// Nothing: tell how much it is.
    Status,
    /// Forget all but the keys that are kept alive, and how new each key's newest packet was: nobody
    /// must be able to bring back an older one.
    Clear,
}

/// Result of `cache`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CacheResult {
    /// How many keys are remembered.
    #[cfg_attr(test, ts(type = "number"))]
    pub keys: u64,
    /// How many bytes that takes on disk.
    #[cfg_attr(test, ts(type = "number"))]
    pub bytes: u64,
}

/// Result of `doctor` (capability `doctor`), which takes no parameters: the check-up's findings.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DoctorResult {
    /// What was found, in the order of the way a request goes.
    pub findings: Vec<Finding>,
    /// The same as English text to copy, without the home folder, the user's name and keys.
    pub report: String,
}
