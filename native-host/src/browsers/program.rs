//! Where the program is that browsers start: where it lies, if that is a place that stays, else a
//! copy in one that does.

use std::path::{Path, PathBuf};

use super::{
    BrowsersError,
    ground::Ground,
    machine::{Folders, Kind, Look, Scope},
    step::{Make, Verdict},
    table::System,
    wishes::{Source, Wishes},
};

/// The program that manifests name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settled {
    /// Where it is, or will be.
    pub(super) program: PathBuf,
    /// Where it is now.
    pub(super) source: PathBuf,
    /// What is to be done for that; nothing where it stays where it is.
    pub(super) verdict: Option<Verdict>,
}

/// Folders that package managers keep programs in, for all users. Into /opt archives are unpacked, too.
const LINUX: [&str; 8] = [
    "/usr/",
    "/bin/",
    "/nix/",
    "/gnu/",
    "/snap/",
    "/app/",
    "/home/linuxbrew/",
    "/var/lib/flatpak/",
];
const MACOS: [&str; 4] = ["/usr/", "/opt/", "/nix/", "/Applications/"];
/// The same, below a home folder.
const OF_USER: [&str; 6] = [
    "~/.local/bin/",
    "~/.local/lib/",
    "~/bin/",
    "~/.cargo/bin/",
    "~/.nix-profile/",
    "~/Applications/",
];
const WINDOWS: [&str; 1] = ["%ProgramFiles%\\"];
const WINDOWS_OF_USER: [&str; 3] = ["%LOCALAPPDATA%\\Programs\\", "~/.cargo\\bin\\", "~/scoop\\"];

/// Decides where the program is to be.
pub(super) fn settle(ground: Ground<'_>, wishes: &Wishes) -> Result<Settled, BrowsersError> {
    let Ground { folders, look, .. } = ground;
    match &wishes.program {
        Source::Named(file) => {
            let absolute = file.is_absolute() || folders.system == System::Windows;
            let there = folders.root.is_some() || look.kind(file) == Kind::File;
            match absolute && there {
                true => Ok(as_it_is(file.clone(), file)),
                false => Err(BrowsersError::NoProgram(file.clone())),
            }
        }
        Source::Running(file) => {
            if let Some(linked) = homebrew_link(file, look) {
                return Ok(as_it_is(linked, file));
            }
            if stays(folders, file, wishes.scope) {
                return Ok(as_it_is(file.clone(), file));
            }
            for place in places(folders, wishes.scope) {
                match ground.copied(file, &place, Make::Program, wishes.force) {
                    Verdict::Refused(_) => {}
                    verdict => {
                        return Ok(Settled {
                            program: place,
                            source: file.clone(),
                            verdict: Some(verdict),
                        });
                    }
                }
            }
            Err(BrowsersError::NoPlace(
                places(folders, wishes.scope)
                    .into_iter()
                    .next()
                    .unwrap_or_default(),
            ))
        }
    }
}

fn as_it_is(program: PathBuf, source: &Path) -> Settled {
    Settled {
        program,
        source: source.to_owned(),
        verdict: None,
    }
}

/// Where a copy is put, best first.
fn places(folders: &Folders, scope: Scope) -> Vec<PathBuf> {
    let name = folders.program_name();
    match (scope, folders.system) {
        (Scope::User, System::Windows) => {
            vec![folders.path(&format!("%LOCALAPPDATA%\\Programs\\pkarr\\{name}"))]
        }
        (Scope::User, _) => vec![
            folders.path(&format!("~/.local/bin/{name}")),
            folders.own.join("bin").join(name),
        ],
        (Scope::System, System::Windows) => {
            vec![folders.path(&format!("%ProgramFiles%\\pkarr\\{name}"))]
        }
        (Scope::System, _) => vec![folders.path(&format!("/usr/local/bin/{name}"))],
    }
}

/// Where the copy is that a Flatpak can start.
pub(super) fn in_flatpak(folders: &Folders, app: &str) -> PathBuf {
    let folder = folders.path(&format!("~/.var/app/{app}/data/pkarr/bin"));
    folder.join(folders.program_name())
}

/// Whether something lies where it will still be tomorrow.
pub(super) fn stays(folders: &Folders, program: &Path, scope: Scope) -> bool {
    let (of_all, of_user): (&[&str], &[&str]) = match folders.system {
        System::Linux => (&LINUX, &OF_USER),
        System::Macos => (&MACOS, &OF_USER),
        System::Windows => (&WINDOWS, &WINDOWS_OF_USER),
    };
    let own = match folders.system {
        System::Windows => Vec::new(),
        _ => vec![folders.own.join("bin").join("")],
    };
    let of_user: Vec<PathBuf> = match scope {
        Scope::User => of_user
            .iter()
            .map(|folder| folders.path(folder))
            .chain(own)
            .collect(),
        // Others’ programs are not for all.
        Scope::System => Vec::new(),
    };
    let as_told = |path: &Path| {
        let text = path.to_string_lossy().into_owned();
        match folders.system {
            System::Windows => text.replace('/', "\\").to_lowercase(),
            _ => text,
        }
    };
    let program = as_told(program);
    let of_all = of_all.iter().map(|folder| folders.path(folder));
    of_all
        .chain(of_user)
        .any(|folder| program.starts_with(&as_told(&folder)))
}

/// The link that Homebrew keeps to the program, whose own folder is named by its version.
fn homebrew_link(program: &Path, look: &dyn Look) -> Option<PathBuf> {
    let text = program.to_str()?;
    let (prefix, _) = text.split_once("/Cellar/")?;
    let link = Path::new(prefix).join("bin/pkarr");
    (look.kind(&link) != Kind::Absent).then_some(link)
}
