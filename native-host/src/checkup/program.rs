//! The program itself, and whether it is locked up.

use std::{env, path::Path};

use super::{Finding, State, waiting};

const CHECK: &str = "program";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What Linux adds to the name of a program whose file is gone.
const DELETED: &str = " (deleted)";

pub(super) async fn check() -> Vec<Finding> {
    waiting(CHECK, || vec![look()]).await
}

fn look() -> Finding {
    let path = env::current_exe().unwrap_or_default();
    let path = path.display().to_string();
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let finding = if let Some(path) = path.strip_suffix(DELETED) {
        return Finding::new(CHECK, "replaced", State::Note)
            .what(format_args!(
                "pkarr {VERSION} runs, but its file {path} was replaced or deleted since."
            ))
            .todo("Close the browser and start it again, so that the new version runs.")
            .fact("version", VERSION)
            .fact("path", path);
    } else if set("SNAP").is_some() {
        sandboxed("snap", "snap", set("SNAP_NAME"))
    } else if set("FLATPAK_ID").is_some() || Path::new("/.flatpak-info").exists() {
        sandboxed("flatpak", "Flatpak", set("FLATPAK_ID"))
    } else {
        Finding::new(CHECK, "ok", State::Good)
            .what(format_args!("pkarr {VERSION} runs from {path}."))
    };
    finding.fact("version", VERSION).fact("path", &path)
}

fn sandboxed(finding: &str, kind: &str, name: Option<String>) -> Finding {
    let name = name.unwrap_or_default();
    Finding::new(CHECK, finding, State::Warning)
        .what(format_args!(
            "pkarr {VERSION} runs inside the sandbox of a {kind} ({name}), which may keep it from your files and browsers."
        ))
        .todo("Start it outside, or use a browser that comes as an ordinary package.")
        .fact("name", name)
}
