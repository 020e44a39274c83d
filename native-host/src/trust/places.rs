//! Where browsers keep their NSS databases.

use std::{
    collections::BTreeSet,
    env, fs,
    io::Read,
    path::{Path, PathBuf},
};

/// Chromium’s older place, which wins where it exists.
const CHROMIUM: &str = ".pki/nssdb";
/// The newer one, below the folder for data.
const CHROMIUM_DATA: &str = "pki/nssdb";
/// Profiles of Chromium’s kin, below the folder for settings.
const CHROMIUM_KIN: [&str; 8] = [
    "BraveSoftware",
    "chromium",
    "google-chrome",
    "google-chrome-beta",
    "google-chrome-unstable",
    "microsoft-edge",
    "opera",
    "vivaldi",
];
/// Firefox and its kin: where profiles are, below the home folder.
const FIREFOX_KIN: [(&str, &str); 10] = [
    ("Firefox", ".mozilla/firefox"),
    ("Firefox (snap)", "snap/firefox/common/.mozilla/firefox"),
    (
        "Firefox (Flatpak)",
        ".var/app/org.mozilla.firefox/.mozilla/firefox",
    ),
    (
        "Firefox (Flatpak)",
        ".var/app/org.mozilla.firefox/config/mozilla/firefox",
    ),
    ("LibreWolf", ".librewolf"),
    (
        "LibreWolf (Flatpak)",
        ".var/app/io.gitlab.librewolf-community/.librewolf",
    ),
    ("Waterfox", ".waterfox"),
    (
        "Waterfox (Flatpak)",
        ".var/app/net.waterfox.waterfox/.waterfox",
    ),
    ("Zen", ".zen"),
    ("Zen (Flatpak)", ".var/app/app.zen_browser.zen/.zen"),
];
/// The same, below the folder for settings.
const FIREFOX_KIN_CONFIG: [(&str, &str); 2] = [
    ("Firefox", "mozilla/firefox"),
    ("LibreWolf", "librewolf/librewolf"),
];
/// How many profiles of a browser, and how many Flatpaks, are looked at.
const MAX_FOLDERS: usize = 128;
/// The most bytes of a `profiles.ini` that are read.
const MAX_INI: u64 = 256 * 1024;

/// The folders of a user in which browsers keep things.
#[derive(Debug, Clone)]
pub struct Places {
    home: PathBuf,
    config: PathBuf,
    data: PathBuf,
}

impl Places {
    /// Those below a home folder, where nothing else is set.
    pub fn below(home: PathBuf) -> Self {
        Self {
            config: home.join(".config"),
            data: home.join(".local/share"),
            home,
        }
    }

    /// Those of the user who runs the program (`HOME`, `XDG_CONFIG_HOME`, `XDG_DATA_HOME`); `None`
    /// when there is no home.
    pub fn of_user() -> Option<Self> {
        let below = Self::below(crate::folders::home()?);
        let set = |name| {
            env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        Some(Self {
            config: set("XDG_CONFIG_HOME").unwrap_or(below.config),
            data: set("XDG_DATA_HOME").unwrap_or(below.data),
            home: below.home,
        })
    }

    /// The login keychain of macOS.
    pub(super) fn keychain(&self) -> PathBuf {
        self.home.join("Library/Keychains/login.keychain-db")
    }

    /// The NSS databases there are, and the one that Chromium will take, by name and folder.
    pub(super) fn databases(&self) -> Vec<(String, PathBuf)> {
        let mut found = self.chromium();
        found.extend(self.firefox());
        let mut seen = BTreeSet::new();
        found.retain(|(_, folder)| {
            seen.insert(fs::canonicalize(folder).unwrap_or_else(|_| folder.clone()))
        });
        found
    }

    /// The profiles of Firefox and its kin that were used at least once, by name and folder.
    pub(crate) fn firefox(&self) -> Vec<(String, PathBuf)> {
        let kin = FIREFOX_KIN.map(|(name, folder)| (name, self.home.join(folder)));
        let kin_config = FIREFOX_KIN_CONFIG.map(|(name, folder)| (name, self.config.join(folder)));
        let profiles_of = |(name, folder): (&str, PathBuf)| {
            let named = |(profile, folder)| (format!("{name} ({profile})"), folder);
            profiles(&folder).into_iter().map(named).collect::<Vec<_>>()
        };
        kin.into_iter()
            .chain(kin_config)
            .flat_map(profiles_of)
            .collect()
    }

    fn chromium(&self) -> Vec<(String, PathBuf)> {
        const NAME: &str = "Chromium and others";
        let older = self.home.join(CHROMIUM);
        let newer = self.data.join(CHROMIUM_DATA);
        let mut found: Vec<_> = [&older, &newer]
            .into_iter()
            .filter(|folder| is_database(folder))
            .map(|folder| (NAME.to_owned(), folder.clone()))
            .collect();
        let used = || {
            CHROMIUM_KIN
                .iter()
                .any(|kin| self.config.join(kin).is_dir())
        };
        if found.is_empty() && used() {
            found.push((NAME.to_owned(), older));
        }
        let snap = self.home.join("snap/chromium/current").join(CHROMIUM);
        if is_database(&snap) {
            found.push(("Chromium (snap)".to_owned(), snap));
        }
        for app in folders(&self.home.join(".var/app")) {
            for below in [CHROMIUM, "data/pki/nssdb"] {
                let folder = app.join(below);
                if is_database(&folder) {
                    found.push((format!("{} (Flatpak)", last(&app)), folder));
                }
            }
        }
        found
    }
}

fn is_database(folder: &Path) -> bool {
    folder.join("cert9.db").is_file()
}

/// Profiles that were used at least once: those that `profiles.ini` names, and others beside them.
fn profiles(base: &Path) -> Vec<(String, PathBuf)> {
    let mut found = named(base);
    for folder in folders(base) {
        if !found.iter().any(|(_, known)| *known == folder) {
            // `x1y2z3.name`
            let name = last(&folder);
            let name = name.split_once('.').map_or(&*name, |(_, name)| name);
            found.push((name.to_owned(), folder.clone()));
        }
    }
    found.retain(|(_, folder)| is_database(folder));
    found.truncate(MAX_FOLDERS);
    found
}

/// What `profiles.ini` says: sections `[Profile0]` with `Name=`, `Path=` and `IsRelative=`.
fn named(base: &Path) -> Vec<(String, PathBuf)> {
    let mut text = String::new();
    let read = fs::File::open(base.join("profiles.ini"))
        .and_then(|file| file.take(MAX_INI).read_to_string(&mut text));
    if read.is_err() {
        return Vec::new();
    }
    text.split("\n[")
        .filter(|section| section.trim_start_matches('[').starts_with("Profile"))
        .filter_map(|section| {
            let value = |key: &str| {
                section
                    .lines()
                    .filter_map(|line| line.split_once('='))
                    .find_map(|(found, value)| (found.trim() == key).then_some(value.trim()))
            };
            // An absolute path takes the place of the base by itself.
            let folder = base.join(value("Path")?);
            let name = value("Name").map_or_else(|| last(&folder), ToOwned::to_owned);
            Some((
                name.chars().filter(|c| !c.is_control()).take(80).collect(),
                folder,
            ))
        })
        .take(MAX_FOLDERS)
        .collect()
}

fn folders(base: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(base)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .take(MAX_FOLDERS)
        .collect();
    found.sort_unstable();
    found
}

fn last(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn database(folder: PathBuf) {
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("cert9.db"), "").unwrap();
    }

    fn found(home: &Path) -> Vec<(String, String)> {
        Places::below(home.to_owned())
            .databases()
            .into_iter()
            .map(|(name, folder)| {
                let folder = folder.strip_prefix(home).unwrap_or(&folder);
                (name, folder.to_string_lossy().into_owned())
            })
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, folder): &(&str, &str)| ((*name).to_owned(), (*folder).to_owned());
        expected.iter().map(owned).collect()
    }

    #[test]
    fn every_kind_of_place_is_found_once() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        assert_eq!(found(home), []);

        fs::create_dir_all(home.join(".config/google-chrome")).unwrap();
        let later = pairs(&[("Chromium and others", ".pki/nssdb")]);
        assert_eq!(found(home), later);
        database(home.join(".local/share/pki/nssdb"));
        let now = pairs(&[("Chromium and others", ".local/share/pki/nssdb")]);
        assert_eq!(found(home), now);

        database(home.join("snap/chromium/current/.pki/nssdb"));
        database(home.join(".var/app/com.brave.Browser/data/pki/nssdb"));
        database(home.join(".mozilla/firefox/abc.default-esr"));
        database(home.join(".mozilla/firefox/x.other"));
        database(home.join("elsewhere/profile"));
        fs::create_dir_all(home.join(".mozilla/firefox/new.never-started")).unwrap();
        let ini = format!(
            "[General]\nVersion=2\n\n[Profile1]\nName=work\nIsRelative=0\nPath={}\n\n\
             [Profile0]\r\nName=default-esr\r\nIsRelative=1\r\nPath=abc.default-esr\r\n\
             [Profile2]\nName=never\nPath=new.never-started\n[Profile3]\nName=gone\nPath=gone\n",
            home.join("elsewhere/profile").display()
        );
        fs::write(home.join(".mozilla/firefox/profiles.ini"), ini).unwrap();
        database(home.join(".config/mozilla/firefox/y.new"));
        std::os::unix::fs::symlink(
            home.join(".mozilla/firefox/x.other"),
            home.join(".config/mozilla/firefox/z.same"),
        )
        .unwrap();
        let expected = pairs(&[
            ("Chromium and others", ".local/share/pki/nssdb"),
            ("Chromium (snap)", "snap/chromium/current/.pki/nssdb"),
            (
                "com.brave.Browser (Flatpak)",
                ".var/app/com.brave.Browser/data/pki/nssdb",
            ),
            ("Firefox (work)", "elsewhere/profile"),
            ("Firefox (default-esr)", ".mozilla/firefox/abc.default-esr"),
            ("Firefox (other)", ".mozilla/firefox/x.other"),
            ("Firefox (new)", ".config/mozilla/firefox/y.new"),
        ]);
        assert_eq!(found(home), expected);
    }
}
