//! What `pkarr doctor --fix` mends: only what nobody has to be asked about.

use std::path::Path;

use serde::Serialize;

use super::install::{folders, refuse_others_home, this_program};
use crate::{
    browsers::{self, Book, Done, Ground, Here, Scope, Source, Step, Verdict, What, Which, Wishes},
    checkup::{Finding, Redaction},
    problem::Problem,
    settings::Settings,
};

/// Findings of browsers that a new manifest, or a new copy of the program, puts right. One that
/// leads to another program which answers is somebody’s choice.
const OF_BROWSERS: [&str; 6] = [
    "gone",
    "no-hello",
    "not-admitted",
    "old-copy",
    "shadowed",
    "unreadable",
];

/// Something that was mended, or could not be.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Fixed {
    /// What it is.
    pub(super) what: &'static str,
    /// Where.
    pub(super) place: String,
    /// Why it is as it was.
    pub(super) failure: Option<String>,
}

impl Fixed {
    /// The same without what tells who somebody is.
    pub(super) fn redacted(&self, redaction: &Redaction) -> Self {
        Self {
            what: self.what,
            place: redaction.text(&self.place),
            failure: self.failure.as_ref().map(|why| redaction.text(why)),
        }
    }
}

/// Mends what the findings tell of.
pub(super) fn repair(findings: &[Finding], settings: &Settings) -> Vec<Fixed> {
    let mut fixed = Vec::new();
    for finding in findings {
        if finding.check == "data-folder"
            && finding.finding == "secrets-readable"
            && let Some(path) = finding.facts.get("path")
        {
            fixed.push(Fixed {
                what: "secret",
                place: path.clone(),
                failure: hide(Path::new(path)).err().map(|error| error.to_string()),
            });
        }
    }
    let of_browsers = |is_meant: &dyn Fn(&str) -> bool| -> Vec<String> {
        let meant = findings
            .iter()
            .filter(|finding| finding.check == "browsers" && is_meant(&finding.finding));
        meant
            .filter_map(|finding| finding.facts.get("id").cloned())
            .collect()
    };
    let broken = of_browsers(&|finding| OF_BROWSERS.contains(&finding));
    let untold = of_browsers(&|finding| finding == "no-manifest");
    match mend_browsers(broken, untold, settings) {
        Ok(mended) => fixed.extend(mended),
        // What was found, and mended before, is told all the same.
        Err(problem) => fixed.push(Fixed {
            what: What::Manifest.as_str(),
            place: settings.data_dir.display().to_string(),
            failure: Some(problem.what),
        }),
    }
    fixed
}

fn mend_browsers(
    mut broken: Vec<String>,
    untold: Vec<String>,
    settings: &Settings,
) -> Result<Vec<Fixed>, Problem> {
    if !untold.is_empty() {
        broken.extend(robbed(untold, settings)?);
    }
    match broken.is_empty() {
        true => Ok(Vec::new()),
        false => tell_browsers(broken, settings),
    }
}

/// Of browsers that are told nothing, those whose manifest was made once and is gone. The others may
/// have been left out on purpose.
fn robbed(mut untold: Vec<String>, settings: &Settings) -> Result<Vec<String>, Problem> {
    let folders = folders(settings)?;
    let book = Book::look(&folders.kept(Scope::User))?;
    let ground = Ground {
        folders: &folders,
        look: &Here,
        ledger: book.ledger(),
    };
    let found = ground.found()?;
    untold.retain(|id| {
        let target = found.iter().find(|target| target.id == *id);
        target.is_some_and(|target| {
            let places = ground.places(target, Scope::User);
            places.iter().any(|place| book.ledger().lists(place))
        })
    });
    Ok(untold)
}

/// Tells these browsers of this program.
fn tell_browsers(ids: Vec<String>, settings: &Settings) -> Result<Vec<Fixed>, Problem> {
    let folders = folders(settings)?;
    refuse_others_home(&folders.home)?;
    let wishes = Wishes {
        scope: Scope::User,
        which: Which::Named(ids),
        program: Source::Running(this_program()?),
        bundles: Vec::new(),
        autostart: false,
        pac: false,
        force: false,
        mend: true,
    };
    let mut book = Book::open(&folders.kept(Scope::User))?;
    let ground = Ground {
        folders: &folders,
        look: &Here,
        ledger: book.ledger(),
    };
    let mut plan = browsers::plan(ground, &wishes)?;
    let is_made = |step: &Step| matches!(step.verdict, Verdict::Make(_));
    let copies = |step: &Step| step.names.is_empty() && is_made(step);
    let told = |step: &Step| step.what == What::Manifest && is_made(step);
    // A copy of the program that no browser is told of is of no use.
    if !plan.steps.iter().any(told) {
        plan.steps.retain(|step| !copies(step));
    }
    let done = browsers::apply(plan, Scope::User, Some(&mut book))?;
    book.close()?;
    Ok(done.iter().filter_map(as_fixed).collect())
}

fn as_fixed(done: &Done) -> Option<Fixed> {
    let failure = match &done.step.verdict {
        Verdict::Make(_) => done.failure.as_ref().map(ToString::to_string),
        Verdict::Refused(refusal) => Some(refusal.to_string()),
        Verdict::Already | Verdict::Todo(_) => return None,
    };
    Some(Fixed {
        what: done.step.what.as_str(),
        place: match &done.step.place {
            Some(place) => place.to_string(),
            None => done.step.names.join(", "),
        },
        failure,
    })
}

/// Makes a file its owner’s alone.
#[cfg(unix)]
fn hide(path: &Path) -> std::io::Result<()> {
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn hide(_: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
