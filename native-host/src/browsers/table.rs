//! The table of browsers and our identity for them: `manifests/`, read strictly.

use std::sync::OnceLock;

use serde::Deserialize;

use super::BrowsersError;

const TABLE: &str = include_str!("../../../manifests/browsers.toml");
const IDENTITY: &str = include_str!("../../../manifests/identity.json");

/// What a browser is built on, which decides about the form of its manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Chromium: extensions are named by origin.
    Chromium,
    /// Firefox: extensions are named by add-on id.
    Gecko,
}

/// A system that browsers run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux, and what is like it.
    Linux,
    /// macOS.
    Macos,
    /// Windows.
    Windows,
}

impl System {
    /// The one this program runs on.
    pub const fn here() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::Macos
        } else {
            Self::Linux
        }
    }
}

/// Who we are to browsers: `manifests/identity.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The native messaging host’s name.
    pub host: String,
    /// What the manifests say of it.
    pub description: String,
    /// The extension in Chromium and its kin.
    pub chromium: ChromiumIdentity,
    /// The extension in Firefox and its kin.
    pub firefox: FirefoxIdentity,
}

/// The extension in Chromium and its kin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChromiumIdentity {
    /// Its id: 32 letters from a to p.
    pub id: String,
    /// The public key it follows from: DER in base64.
    pub key: String,
}

/// The extension in Firefox and its kin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirefoxIdentity {
    /// Its add-on id.
    pub id: String,
}

impl Identity {
    /// Ours.
    ///
    /// # Errors
    /// [`BrowsersError::Table`] when the file that came with the program is damaged.
    pub fn ours() -> Result<&'static Self, BrowsersError> {
        static OURS: OnceLock<Result<Identity, String>> = OnceLock::new();
        let read = || serde_json::from_str(IDENTITY).map_err(|error| error.to_string());
        let ours = OURS.get_or_init(read).as_ref();
        ours.map_err(|reason| BrowsersError::Table(reason.clone()))
    }
}

/// `manifests/browsers.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The browsers that are known, in the order in which they are told of.
    pub browser: Vec<Browser>,
    /// Those that are never touched.
    pub refused: Vec<Refused>,
}

/// A browser that is known.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Browser {
    /// How it is named on the command line.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// What it is built on.
    pub engine: Engine,
    linux: Option<Linux>,
    macos: Option<Macos>,
    windows: Option<Windows>,
}

/// A browser that is never touched.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// How it is named on the command line.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Half a sentence.
    pub why: String,
    /// Folders by which it is found.
    pub marks: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Linux {
    /// Programs on the PATH.
    programs: Vec<String>,
    /// Entries of the desktop’s menu.
    desktop: Vec<String>,
    /// Folders that it makes when it first starts.
    profiles: Vec<String>,
    user: Vec<String>,
    system: Vec<String>,
    #[serde(default)]
    flatpak: Vec<Flatpak>,
    snap: Option<Snap>,
    #[serde(default)]
    extension: ExtensionPlaces,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flatpak {
    app: String,
    /// Where it is another browser than the one whose places it shares, who it is.
    variant: Option<Variant>,
    /// Below `~/.var/app/<app>`.
    folder: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    id: String,
    name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snap {
    name: String,
    reach: SnapReach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SnapReach {
    Portal,
    None,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Macos {
    /// In `/Applications` or `~/Applications`.
    bundles: Vec<String>,
    profiles: Vec<String>,
    user: Vec<String>,
    system: Vec<String>,
    #[serde(default)]
    extension: ExtensionPlaces,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Windows {
    /// Names below `App Paths`.
    #[serde(default)]
    app_paths: Vec<String>,
    profiles: Vec<String>,
    /// Of the user, or of the machine.
    keys: Vec<String>,
    #[serde(default)]
    extension: ExtensionPlaces,
}

/// How a browser takes an extension that no person has clicked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExtensionPlaces {
    /// A folder of the system whose folders are loaded as unpacked extensions.
    pub unpacked: Option<String>,
    /// Without this file nothing reads that folder.
    pub unpacked_mark: Option<String>,
    /// A folder of the user for `<id>.json` that names a packed extension on this machine.
    pub external_crx: Option<String>,
    /// A folder for `<id>.json` that says where the extension is to be had.
    pub external_url: Option<String>,
    /// A key for the same on Windows: below it the id, with the value `update_url`.
    pub external_key: Option<String>,
    /// A folder of the system for `<id>.xpi`.
    pub sideload: Option<String>,
}

/// How a browser can start a program of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// As it is.
    Direct,
    /// Only what lies in its sandbox: this app’s of Flatpak.
    Flatpak(String),
    /// By a portal of the desktop, which asks the person once.
    Portal,
    /// Not at all: a snap of this name.
    Nothing(String),
}

/// By what a browser is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// A program on the PATH, outside of snaps.
    Program(String),
    /// A file or folder; a path of the table.
    Path(String),
    /// A name below `App Paths`.
    AppPath(String),
}

/// One browser on one system, in one of the ways it comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// How it is named on the command line: `firefox`, `firefox-flatpak`, `firefox-snap`.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// What it is built on.
    pub engine: Engine,
    /// Any of these tells that it is there.
    pub marks: Vec<Mark>,
    /// Where it looks for native hosts of the user: folders, or keys on Windows.
    pub user: Vec<String>,
    /// The same of the system.
    pub system: Vec<String>,
    /// How it can start a program.
    pub reach: Reach,
    /// How it takes the extension.
    pub extension: ExtensionPlaces,
}

impl Table {
    /// The table that came with the program.
    ///
    /// # Errors
    /// [`BrowsersError::Table`] when it is damaged.
    pub fn ours() -> Result<&'static Self, BrowsersError> {
        static OURS: OnceLock<Result<Table, String>> = OnceLock::new();
        let read = || Self::read(TABLE).map_err(|error| error.to_string());
        let ours = OURS.get_or_init(read).as_ref();
        ours.map_err(|reason| BrowsersError::Table(reason.clone()))
    }

    fn read(text: &str) -> Result<Self, toml::de::Error> {
        // Reading straight into it takes three times as much code, and only tells the line of a mistake.
        text.parse::<toml::Table>()?.try_into()
    }

    /// The browsers of this system, in each way they come in.
    pub fn targets(&self, system: System) -> Vec<Target> {
        let targets = self.browser.iter().flat_map(|browser| match system {
            System::Linux => browser.on_linux(),
            System::Macos => browser.on_macos().into_iter().collect(),
            System::Windows => browser.on_windows().into_iter().collect(),
        });
        targets.collect()
    }
}

impl Browser {
    fn on_linux(&self) -> Vec<Target> {
        let Some(linux) = &self.linux else {
            return Vec::new();
        };
        let programs = linux.programs.iter().cloned().map(Mark::Program);
        let desktop = linux.desktop.iter().flat_map(|name| {
            [
                Mark::Path(format!("/usr/share/applications/{name}")),
                Mark::Path(format!("~/.local/share/applications/{name}")),
            ]
        });
        let profiles = linux.profiles.iter().cloned().map(Mark::Path);
        let direct = Target {
            id: self.id.clone(),
            name: self.name.clone(),
            engine: self.engine,
            marks: programs.chain(desktop).chain(profiles).collect(),
            user: linux.user.clone(),
            system: linux.system.clone(),
            reach: Reach::Direct,
            extension: linux.extension.clone(),
        };
        let flatpaks = linux.flatpak.iter().map(|flatpak| {
            let Flatpak {
                app,
                variant,
                folder,
            } = flatpak;
            let (id, name) = match variant {
                Some(Variant { id, name }) => (id, name),
                None => (&self.id, &self.name),
            };
            Target {
                id: format!("{id}-flatpak"),
                name: format!("{name} (Flatpak)"),
                marks: vec![
                    Mark::Path(format!("~/.var/app/{app}")),
                    Mark::Path(format!("/var/lib/flatpak/app/{app}")),
                    Mark::Path(format!("~/.local/share/flatpak/app/{app}")),
                ],
                user: vec![format!("~/.var/app/{app}/{folder}")],
                system: Vec::new(),
                reach: Reach::Flatpak(app.clone()),
                extension: ExtensionPlaces::default(),
                ..direct.clone()
            }
        });
        let snap = linux.snap.as_ref().map(|Snap { name, reach }| Target {
            id: format!("{}-snap", self.id),
            name: format!("{} (snap)", self.name),
            marks: vec![
                Mark::Path(format!("/snap/{name}")),
                Mark::Path(format!("/var/lib/snapd/snap/{name}")),
            ],
            reach: match reach {
                SnapReach::Portal => Reach::Portal,
                SnapReach::None => Reach::Nothing(name.clone()),
            },
            extension: ExtensionPlaces::default(),
            ..direct.clone()
        });
        [direct.clone()]
            .into_iter()
            .chain(flatpaks)
            .chain(snap)
            .collect()
    }

    fn on_macos(&self) -> Option<Target> {
        let macos = self.macos.as_ref()?;
        let bundles = macos.bundles.iter().flat_map(|bundle| {
            [
                Mark::Path(format!("/Applications/{bundle}")),
                Mark::Path(format!("~/Applications/{bundle}")),
            ]
        });
        let profiles = macos.profiles.iter().cloned().map(Mark::Path);
        Some(Target {
            id: self.id.clone(),
            name: self.name.clone(),
            engine: self.engine,
            marks: bundles.chain(profiles).collect(),
            user: macos.user.clone(),
            system: macos.system.clone(),
            reach: Reach::Direct,
            extension: macos.extension.clone(),
        })
    }

    fn on_windows(&self) -> Option<Target> {
        let windows = self.windows.as_ref()?;
        let programs = windows.app_paths.iter().cloned().map(Mark::AppPath);
        let profiles = windows.profiles.iter().cloned().map(Mark::Path);
        Some(Target {
            id: self.id.clone(),
            name: self.name.clone(),
            engine: self.engine,
            marks: programs.chain(profiles).collect(),
            user: windows.keys.clone(),
            system: windows.keys.clone(),
            reach: Reach::Direct,
            extension: windows.extension.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use data_encoding::BASE64;
    use sha2::{Digest, Sha256};

    use super::*;

    const SYSTEMS: [System; 3] = [System::Linux, System::Macos, System::Windows];

    #[test]
    fn the_table_is_complete() {
        let table = Table::ours().unwrap();
        for system in SYSTEMS {
            let targets = table.targets(system);
            let ids: BTreeSet<_> = targets.iter().map(|target| &target.id).collect();
            assert_eq!(ids.len(), targets.len(), "an id stands for one browser");
            let names: BTreeSet<_> = targets.iter().map(|target| &target.name).collect();
            assert_eq!(names.len(), targets.len(), "and so does a name");
            for target in &targets {
                assert!(!target.marks.is_empty(), "{target:?}");
                assert!(!target.user.is_empty(), "{target:?}");
                let places = target.user.iter().chain(&target.system);
                for place in places {
                    let right = match system {
                        System::Windows => place.starts_with("Software\\"),
                        _ => place.starts_with("~/") || place.starts_with('/'),
                    };
                    assert!(right && !place.ends_with(['/', '\\']), "{place}");
                }
                for place in &target.system {
                    assert!(!place.starts_with('~'), "{place} is of one user");
                }
            }
        }
        for browser in ["chromium", "chrome", "edge", "brave", "vivaldi", "firefox"] {
            for system in SYSTEMS {
                let found = table
                    .targets(system)
                    .into_iter()
                    .find(|one| one.id == browser);
                assert!(!found.unwrap().system.is_empty(), "{browser} on {system:?}");
            }
        }
    }

    #[test]
    fn folders_are_named_as_each_engine_names_them() {
        for target in Table::ours().unwrap().targets(System::Linux) {
            let name = match target.engine {
                Engine::Chromium => "/NativeMessagingHosts",
                Engine::Gecko => "/native-messaging-hosts",
            };
            assert!(
                target.user.iter().all(|folder| folder.ends_with(name)),
                "{target:?}"
            );
            let shared = "/native-messaging-hosts";
            assert!(target.system.iter().all(|folder| folder.ends_with(shared)));
        }
    }

    #[test]
    fn tor_browser_is_refused_and_nowhere_else() {
        let table = Table::ours().unwrap();
        assert!(table.refused.iter().any(|one| one.id == "tor-browser"));
        for system in SYSTEMS {
            for target in table.targets(system) {
                assert!(!table.refused.iter().any(|refused| refused.id == target.id));
            }
        }
    }

    #[test]
    fn what_the_table_does_not_know_is_no_part_of_it() {
        let odd = TABLE.replacen("engine = ", "colour = \"red\"\nengine = ", 1);
        let error = Table::read(&odd).unwrap_err();
        assert!(error.to_string().contains("colour"), "{error}");
    }

    #[test]
    fn the_id_follows_from_the_key() {
        let identity = Identity::ours().unwrap();
        let key = BASE64.decode(identity.chromium.key.as_bytes()).unwrap();
        let digest = Sha256::digest(key);
        let letters = digest
            .iter()
            .take(16)
            .flat_map(|byte| [byte >> 4, byte & 15].map(|half| char::from(b'a' + half)));
        assert_eq!(identity.chromium.id, letters.collect::<String>());
    }
}
