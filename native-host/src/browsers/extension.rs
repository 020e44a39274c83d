//! How the extension gets into a browser without a click, where there is such a way; else what a
//! person has to click.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde_json::{Value as Json, json};
use url::Url;

use super::{
    BrowsersError,
    machine::{Hive, Kind, Look, Scope, Value},
    plan::Planner,
    program,
    step::{Make, Place, Refusal, Verdict, What},
    table::{Engine, Reach, Target},
};

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

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version in a file name such as `pkarr-0.1.0-chrome.crx`.
fn version_in(name: &str) -> Option<String> {
    let stem = name.strip_suffix(".crx").unwrap_or(name);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mut parts = stem.split(['-', '_']);
    let version = parts.find(|part| part.contains('.') && part.split('.').all(is_number));
    version.map(ToOwned::to_owned)
}

/// Plans for these browsers to have the extension.
pub(super) fn plan(planner: &mut Planner<'_>, targets: &[Target]) {
    if planner.wishes.bundles.is_empty() {
        return;
    }
    for target in targets {
        if matches!(target.reach, Reach::Nothing(_)) {
            continue;
        }
        if !by_itself(planner, target) {
            by_hand(planner, target);
        }
    }
}

/// Registers it where the browser looks; tells whether there is such a place.
fn by_itself(planner: &mut Planner<'_>, target: &Target) -> bool {
    let scope = planner.wishes.scope;
    let ways = &target.extension;
    let folders = planner.ground.folders;
    let bundles = planner.wishes.bundles.clone();
    for bundle in &bundles {
        match (bundle, scope) {
            (Bundle::Folder(from), Scope::System) => {
                let Some(unpacked) = &ways.unpacked else {
                    continue;
                };
                let marked = ways.unpacked_mark.as_ref().is_none_or(|mark| {
                    folders.root.is_some()
                        || planner.ground.look.kind(&folders.path(mark)) != Kind::Absent
                });
                if marked {
                    tree(planner, target, from, folders.path(unpacked).join("pkarr"));
                    return true;
                }
            }
            (Bundle::Xpi(from), Scope::System) => {
                let Some(sideload) = &ways.sideload else {
                    continue;
                };
                let name = format!("{}.xpi", planner.identity.firefox.id);
                copy(planner, target, from, folders.path(sideload).join(name));
                return true;
            }
            (Bundle::Crx(from, version), Scope::User) => {
                let Some(folder) = &ways.external_crx else {
                    continue;
                };
                let kept = folders.kept(scope).join("extension").join("pkarr.crx");
                let told = kept.to_string_lossy().into_owned();
                copy(planner, target, from, kept);
                let text = json!({ "external_crx": told, "external_version": version });
                external(planner, target, &folders.path(folder), &text);
                return true;
            }
            (Bundle::Url(url), scope) => {
                if let Some(folder) = &ways.external_url
                    && folder.starts_with('~') == (scope == Scope::User)
                {
                    let text = json!({ "external_update_url": url.as_str() });
                    external(planner, target, &folders.path(folder), &text);
                    return true;
                }
                if let Some(key) = &ways.external_key {
                    let value = Value {
                        hive: match scope {
                            Scope::User => Hive::User,
                            Scope::System => Hive::Machine,
                        },
                        key: format!("{key}\\{}", planner.identity.chromium.id),
                        name: "update_url".to_owned(),
                    };
                    let verdict = planner.value(&value, url.as_str());
                    let place = Some(Place::Value(value));
                    planner.add(Some(target), What::Extension, place, verdict);
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// Says what a person has to click; a folder is put where it stays before.
fn by_hand(planner: &mut Planner<'_>, target: &Target) {
    // Whoever puts a package together is not who clicks.
    if planner.ground.folders.root.is_some() {
        return;
    }
    let engine = target.engine;
    let bundles = planner.wishes.bundles.clone();
    let wanted = bundles.iter().find(|bundle| match bundle {
        Bundle::Folder(_) | Bundle::Crx(..) | Bundle::Url(_) => engine == Engine::Chromium,
        Bundle::Xpi(_) => engine == Engine::Gecko,
    });
    let todo = match wanted {
        None => {
            let form = match engine {
                Engine::Chromium => "a folder, a .crx or an address",
                Engine::Gecko => "an .xpi",
            };
            format!("nothing that was named with --extension is for this browser: it takes {form}")
        }
        Some(Bundle::Folder(from)) => {
            let folder = where_it_stays(planner, target, from);
            let todo = format!(
                "open chrome://extensions, switch Developer mode on, choose Load unpacked and {}",
                folder.display()
            );
            if folder != *from {
                tree(planner, target, from, folder);
            }
            todo
        }
        Some(Bundle::Crx(file, _)) => format!(
            "open chrome://extensions, switch Developer mode on and drag {} onto the page",
            file.display()
        ),
        Some(Bundle::Xpi(file)) => format!(
            "open about:addons, choose Install Add-on From File and {} (most Firefoxes take a signed one only)",
            file.display()
        ),
        Some(Bundle::Url(url)) => format!("open {url} in it and add the extension"),
    };
    planner.add(Some(target), What::Extension, None, Verdict::Todo(todo));
}

/// Where a browser is to load an unpacked extension from: where it lies, if that is a place that stays.
fn where_it_stays(planner: &Planner<'_>, target: &Target, from: &Path) -> PathBuf {
    let folders = planner.ground.folders;
    let scope = planner.wishes.scope;
    let kept = match &target.reach {
        // What lies elsewhere can’t be reached from a sandbox.
        Reach::Flatpak(app) => folders.path(&format!("~/.var/app/{app}/data/pkarr")),
        _ if program::stays(folders, from, scope) => return from.to_owned(),
        _ => folders.kept(scope),
    };
    folders.below(&folders.below(&kept, "extension"), "chromium")
}

fn tree(planner: &mut Planner<'_>, target: &Target, from: &Path, to: PathBuf) {
    let verdict = match planner.ground.look.kind(&to) {
        Kind::Absent => Verdict::Make(Make::Tree(from.to_owned())),
        Kind::Folder if planner.wishes.force || planner.ground.ledger.has_tree(&to) => {
            match planner.ground.look.holds(&to, from) {
                true => Verdict::Already,
                false => Verdict::Make(Make::Tree(from.to_owned())),
            }
        }
        _ => Verdict::Refused(Refusal::Occupied),
    };
    planner.add(
        Some(target),
        What::Extension,
        Some(Place::Path(to)),
        verdict,
    );
}

fn copy(planner: &mut Planner<'_>, target: &Target, from: &Path, to: PathBuf) {
    let Planner { ground, wishes, .. } = planner;
    let verdict = ground.copied(from, &to, Make::Copy, wishes.force);
    planner.add(
        Some(target),
        What::Extension,
        Some(Place::Path(to)),
        verdict,
    );
}

/// `<id>.json` in a folder of external extensions.
fn external(planner: &mut Planner<'_>, target: &Target, folder: &Path, says: &Json) {
    let name = format!("{}.json", planner.identity.chromium.id);
    let path = planner.ground.folders.below(folder, &name);
    let text = format!("{says:#}\n");
    let verdict = planner.file(&path, text.as_bytes(), None, Path::new(""));
    planner.add(
        Some(target),
        What::Extension,
        Some(Place::Path(path)),
        verdict,
    );
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) | Self::Crx(path, _) | Self::Xpi(path) => path.display().fmt(f),
            Self::Url(url) => url.fmt(f),
        }
    }
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
