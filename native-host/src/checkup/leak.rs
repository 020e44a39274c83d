//! Whether Firefox may ask DNS for a key: it wants the HTTPS record of a host before it asks the proxy,
//! for an `http://` page at port 80, unless a preference of the profile says otherwise.

use std::{fs, io::Read, path::Path};

use super::{Finding, State};
use crate::trust::Places;

const CHECK: &str = "dns";
const PREFERENCE: &str = "network.dns.native_https_query";
/// `user.js` is read after the other, and wins.
const FILES: [&str; 2] = ["prefs.js", "user.js"];
/// The most bytes of a file of preferences that are looked at.
const MAX_FILE: u64 = 8 << 20;

/// Looks at the profiles of Firefox on this computer; nothing is said where there are none.
pub(super) fn look(places: &Places) -> Option<Finding> {
    let profiles = places.firefox();
    let asking = profiles.iter().filter(|(_, folder)| asks(folder)).count();
    if asking == 0 {
        return None;
    }
    let finding = Finding::new(CHECK, "leak", State::Note)
        .what(
            "Firefox asks DNS for a key, too, when one of its pages is opened as http:// at port 80; \
             what it hears is not used.",
        )
        .todo(format!(
            "If your DNS is not to know, set {PREFERENCE} to false in about:config."
        ))
        .fact("profiles", asking)
        .fact("preference", PREFERENCE);
    Some(finding)
}

fn asks(profile: &Path) -> bool {
    let said = FILES.iter().rev().find_map(|name| {
        let file = fs::File::open(profile.join(name)).ok()?;
        let mut text = Vec::new();
        file.take(MAX_FILE).read_to_end(&mut text).ok()?;
        says(&String::from_utf8_lossy(&text))
    });
    said.unwrap_or(true)
}

/// What a file of preferences says of it last, if anything.
fn says(text: &str) -> Option<bool> {
    text.lines().rev().find_map(|line| {
        let call = line.trim().strip_prefix("user_pref(")?;
        let rest = call.trim_start().strip_prefix(['"', '\''])?;
        let value = rest.strip_prefix(PREFERENCE)?.strip_prefix(['"', '\''])?;
        let value = value.trim_start().strip_prefix(',')?.trim_start();
        Some(!value.starts_with("false"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts() {
        let off = "user_pref(\"network.dns.native_https_query\", false);\n";
        let on = "user_pref(\"network.dns.native_https_query\", true);\n";
        assert_eq!(says(""), None);
        assert_eq!(says(off), Some(false));
        assert_eq!(says(&format!("{off}{on}")), Some(true));
        assert_eq!(
            says("// user_pref(\"network.dns.native_https_query\", false);"),
            None
        );
        assert_eq!(
            says("user_pref(\"network.dns.native_https_query_win10\", false);"),
            None
        );

        let profile = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(profile.path().join(name), text).unwrap();
        write("prefs.js", "");
        assert!(asks(profile.path()));
        write("prefs.js", off);
        assert!(!asks(profile.path()));
        write("user.js", on);
        assert!(asks(profile.path()));
    }
}
