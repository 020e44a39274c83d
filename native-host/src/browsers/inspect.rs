//! What a browser finds when it looks for the program: which manifest, and what is wrong with it.

use std::path::{Path, PathBuf};

use super::{
    BrowsersError,
    ground::Ground,
    ledger::Ledger,
    machine::{Folders, Here, Kind, Scope},
    manifest::Manifest,
    step::Place,
    table::{Identity, Reach, Target},
};

/// What was found of one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The browser.
    pub target: Target,
    /// The manifest that it takes, if there is any.
    pub registration: Option<Registration>,
    /// What is to be said of it.
    pub condition: Condition,
    /// Whether another one, which is for all users, would serve if this one were not there.
    pub shadows: bool,
}

/// A manifest, and what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// For whom it is.
    pub scope: Scope,
    /// The manifest.
    pub file: PathBuf,
    /// The program it names.
    pub program: Option<PathBuf>,
}

/// What is to be said of a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// It is told of this program.
    Good,
    /// It is told of another pkarr.
    OtherProgram,
    /// The copy in its sandbox is of another version.
    OldCopy,
    /// It is told of no program.
    None,
    /// What it is told can’t be read: why.
    Unreadable(String),
    /// What it is told does not let our extension in.
    NotAdmitted,
    /// The program that it is told of is not there.
    Gone,
    /// It can’t start any program.
    Unable,
}

/// Looks at all browsers of this user that are there.
///
/// `program` is the one that they are to be told of.
///
/// # Errors
/// [`BrowsersError::Table`].
pub fn inspect(folders: &Folders, program: &Path) -> Result<Vec<Inspection>, BrowsersError> {
    let ground = Ground {
        folders,
        look: &Here,
        ledger: &Ledger::default(),
    };
    let identity = Identity::ours()?;
    let targets = ground.found()?.into_iter();
    Ok(targets
        .map(|target| of(ground, identity, target, program))
        .collect())
}

/// Looks at one browser.
pub(super) fn of(
    ground: Ground<'_>,
    identity: &Identity,
    target: Target,
    program: &Path,
) -> Inspection {
    if matches!(target.reach, Reach::Nothing(_)) {
        return Inspection {
            target,
            registration: None,
            condition: Condition::Unable,
            shadows: false,
        };
    }
    let mut all = [Scope::User, Scope::System].into_iter().flat_map(|scope| {
        let places = ground.places(&target, scope);
        let there = places
            .into_iter()
            .filter_map(move |place| file(ground, &place));
        there.map(move |file| (scope, file))
    });
    let Some((scope, file)) = all.next() else {
        return Inspection {
            condition: Condition::None,
            registration: None,
            shadows: false,
            target,
        };
    };
    let (named, condition) = judge(ground, identity, &target, &file, program);
    let serves =
        |condition: &Condition| matches!(condition, Condition::Good | Condition::OtherProgram);
    let shadows = !serves(&condition)
        && all.any(|(_, other)| serves(&judge(ground, identity, &target, &other, program).1));
    Inspection {
        registration: Some(Registration {
            scope,
            file,
            program: named,
        }),
        condition,
        shadows,
        target,
    }
}

/// The manifest at a place, if there is one.
fn file(ground: Ground<'_>, place: &Place) -> Option<PathBuf> {
    match place {
        // A link that leads nowhere is a manifest that can’t be read.
        Place::Path(path) => (ground.look.kind(path) != Kind::Absent).then(|| path.clone()),
        Place::Value(value) => ground.look.value(value).map(PathBuf::from),
    }
}

fn judge(
    ground: Ground<'_>,
    identity: &Identity,
    target: &Target,
    file: &Path,
    program: &Path,
) -> (Option<PathBuf>, Condition) {
    let bytes = match ground.look.read(file) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            let why = "there is no such file".to_owned();
            return (None, Condition::Unreadable(why));
        }
        Err(error) => return (None, Condition::Unreadable(error.to_string())),
    };
    let manifest = match Manifest::read(&bytes) {
        Ok(manifest) => manifest,
        Err(error) => return (None, Condition::Unreadable(error.to_string())),
    };
    // Of an absolute path nothing else is left.
    let named = file.parent().unwrap_or(file).join(&manifest.path);
    let same = || {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        real(&named) == real(program)
    };
    let equal = || ground.look.sum(&named) == ground.look.sum(program);
    let condition = if !manifest.admits(identity, target.engine) {
        Condition::NotAdmitted
    } else if ground.look.kind(&named) != Kind::File {
        Condition::Gone
    } else if same() || equal() {
        Condition::Good
    } else if matches!(target.reach, Reach::Flatpak(_)) {
        Condition::OldCopy
    } else {
        Condition::OtherProgram
    };
    (Some(named), condition)
}
