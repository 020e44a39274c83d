//! The proxy on Linux and its like: that of the desktop, else that of the environment.

use super::{
    SystemProxy,
    environment::{self, Environment},
    gnome, kde,
};

/// Whose settings are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Desktop {
    /// GNOME, or another that has its settings.
    Gnome,
    Kde,
    /// One without settings of its own.
    Other,
}

pub(super) fn read(environment: Environment<'_>) -> Option<SystemProxy> {
    let set = match desktop(environment) {
        Desktop::Gnome => gnome::read(),
        Desktop::Kde => kde::read(environment),
        Desktop::Other => None,
    };
    set.or_else(|| environment::read(environment))
}

/// The desktop by the variables that its session sets.
fn desktop(environment: Environment<'_>) -> Desktop {
    let current = environment("XDG_CURRENT_DESKTOP").unwrap_or_default();
    let session = environment("DESKTOP_SESSION").unwrap_or_default();
    current
        .split(':')
        .find_map(|name| match name {
            "GNOME" | "Unity" | "X-Cinnamon" | "Deepin" | "Pantheon" | "UKUI" => {
                Some(Desktop::Gnome)
            }
            "KDE" => Some(Desktop::Kde),
            "XFCE" | "LXQt" => Some(Desktop::Other),
            _ => None,
        })
        .or(match session.as_str() {
            "gnome" | "mate" | "deepin" | "ukui" => Some(Desktop::Gnome),
            "kde" | "kde4" | "kde-plasma" | "plasma" => Some(Desktop::Kde),
            _ => None,
        })
        .or_else(|| environment("GNOME_DESKTOP_SESSION_ID").map(|_| Desktop::Gnome))
        .or_else(|| environment("KDE_FULL_SESSION").map(|_| Desktop::Kde))
        .unwrap_or(Desktop::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn desktops_are_known_by_their_variables() {
        for (name, value, expected) in [
            ("XDG_CURRENT_DESKTOP", "ubuntu:GNOME", Desktop::Gnome),
            ("XDG_CURRENT_DESKTOP", "X-Cinnamon", Desktop::Gnome),
            ("XDG_CURRENT_DESKTOP", "KDE", Desktop::Kde),
            ("XDG_CURRENT_DESKTOP", "XFCE", Desktop::Other),
            ("XDG_CURRENT_DESKTOP", "sway", Desktop::Other),
            ("DESKTOP_SESSION", "mate", Desktop::Gnome),
            ("DESKTOP_SESSION", "plasma", Desktop::Kde),
            ("KDE_FULL_SESSION", "true", Desktop::Kde),
            ("HOME", "/home/a", Desktop::Other),
        ] {
            let found = desktop(&|asked| (asked == name).then(|| value.to_owned()));
            assert_eq!(found, expected, "{name}={value}");
        }
    }

    #[test]
    fn the_desktop_counts_before_the_environment() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join(".config");
        let variables = |name: &str| match name {
            "XDG_CURRENT_DESKTOP" => Some("KDE".to_owned()),
            "HOME" => Some(home.path().to_str().unwrap().to_owned()),
            "http_proxy" => Some("from.environment:1".to_owned()),
            _ => None,
        };
        let http = || match read(&variables) {
            Some(SystemProxy::Servers { http, .. }) => http,
            other => panic!("{other:?}"),
        };
        assert_eq!(http().as_deref(), Some("from.environment:1"));
        std::fs::create_dir(&config).unwrap();
        let file = "[Proxy Settings]\nProxyType=1\nhttpProxy=from.desktop 2\n";
        std::fs::write(config.join("kioslaverc"), file).unwrap();
        assert_eq!(http().as_deref(), Some("from.desktop:2"));
        // “No proxy” is a setting too.
        std::fs::write(config.join("kioslaverc"), "[Proxy Settings]\nProxyType=0\n").unwrap();
        assert_eq!(read(&variables), Some(SystemProxy::None));
    }
}
