//! How the extension gets into a browser without a click, where there is such a way; else what a
//! person has to click.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{
    machine::{Kind, Scope},
    planner::Planner,
    program,
    registry::{Hive, Value},
    step::{Make, Place, Refusal, Verdict, What},
    table::{Engine, Reach, Target},
    wishes::Bundle,
};

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
fn external(planner: &mut Planner<'_>, target: &Target, folder: &Path, says: &serde_json::Value) {
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
