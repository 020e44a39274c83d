//! The proxy that the system has set for all programs, which no extension can read.
//!
//! Where the extension sets a proxy script for key hosts, it takes the place of the browser's own
//! setting; for “as the system has it” the script has to do what the system says.
//!
//! What counts is what Chromium would find: on Linux the settings of the `desktop`, else of the
//! `environment` that the browser has handed down; on `macos` and `windows` those of the system. A
//! browser in a sandbox may hide some of it. What is not found, can't be understood or has no form
//! here counts as not set.

mod desktop;
mod environment;
mod gnome;
mod kde;
mod macos;
mod rules;
mod servers;
mod windows;

use std::time::Duration;

use serde::Serialize;
use url::Url;

/// How long a program that is asked may take; the extension waits for five seconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most bytes the address of a script has.
const MAX_URL: usize = 2048;

/// What the system has set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum SystemProxy {
    /// No proxy.
    None,
    /// Servers by the scheme of the address asked for, `host:port` each.
    Servers {
        /// For `http://`.
        http: Option<String>,
        /// For `https://`.
        https: Option<String>,
        /// A SOCKS server for what has no other.
        socks: Option<String>,
        /// What goes to no proxy: names, `.suffixes` (names below, not the name itself), addresses,
        /// networks (`10.0.0.0/8`), and `<local>`, names without a dot.
        bypass: Vec<String>,
    },
    /// A proxy script.
    Script {
        /// Where it is: `http`, `https` or `file`.
        url: String,
    },
    /// To be found out by the browser (WPAD).
    Auto,
}

impl SystemProxy {
    /// Asks the system. Takes up to a few seconds, and blocks.
    ///
    /// Where the system has several, the first of script, servers and WPAD counts: what is set by
    /// hand before what is to be found.
    pub fn read() -> Self {
        let found = match std::env::consts::OS {
            "windows" => windows::read(),
            "macos" => macos::read(),
            _ => desktop::read(&|name| std::env::var(name).ok()),
        };
        found.unwrap_or(Self::None)
    }

    /// A script at an address, or at the path of a file.
    fn script(address: &str) -> Option<Self> {
        if address.len() > MAX_URL {
            return None;
        }
        let url = match address.starts_with('/') {
            true => Url::from_file_path(address).ok()?,
            false => Url::parse(address).ok()?,
        };
        matches!(url.scheme(), "http" | "https" | "file").then(|| Self::Script {
            url: url.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_where_a_browser_can_fetch_them() {
        let url = |address| match SystemProxy::script(address) {
            Some(SystemProxy::Script { url }) => Some(url),
            _ => None,
        };
        let address = "https://wpad.example/proxy.pac?x=1";
        assert_eq!(url(address).as_deref(), Some(address));
        assert_eq!(
            url("file:///etc/p.pac").as_deref(),
            Some("file:///etc/p.pac")
        );
        for refused in ["", "proxy.pac", "javascript:alert(1)", "data:,x"] {
            assert_eq!(url(refused), None, "{refused}");
        }
        let long = format!("http://a/{}", "x".repeat(MAX_URL));
        assert_eq!(url(&long), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_script_may_be_named_by_its_path() {
        let url = "file:///home/a%20b/p.pac".to_owned();
        assert_eq!(
            SystemProxy::script("/home/a b/p.pac"),
            Some(SystemProxy::Script { url })
        );
    }
}
