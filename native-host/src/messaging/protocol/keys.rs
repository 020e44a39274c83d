//! Messages about one key: what is known of it, and whether it is kept alive.

use serde::{Deserialize, Serialize};

pub use crate::view::{Kept, SeenPacket};

/// Parameters of `key` (capability `keys`): all that this machine knows of a key; the network is
/// not asked.
///
/// Errors: 1 (`not-a-key`), 13 (`internal`).
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct KeyParams {
    /// The key in any accepted spelling.
    pub key: String,
    /// Whether a private window asks: then only what private windows have looked up is told.
    #[serde(default)]
    #[cfg_attr(test, ts(optional))]
    pub incognito: Option<bool>,
}

/// Result of `key`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct KeyResult {
    /// The key: 52 characters.
    pub key: String,
    /// The packets seen, newest first; empty where nothing is remembered. The oldest are left out
    /// where all together would be too long a message.
    pub packets: Vec<SeenPacket>,
    /// How it is kept alive in the network; `null` where it is not.
    pub kept: Option<Kept>,
}

/// Parameters of `keep` (capability `keys`): switches on or off that a key is kept alive in the
/// network from this machine.
///
/// The network is asked for the newest packet before that one is kept. Result: [`Kept`], or `null`
/// where it is kept no longer. Keys whose secret is kept here stay kept by `pkarr publish`; they
/// are refused.
///
/// Errors: 1 (`not-a-key`), those of the resolver, 13 (`internal`), 24 (`own-key`).
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct KeepParams {
    /// The key in any accepted spelling.
    pub key: String,
    /// On or off.
    pub keep: bool,
}
