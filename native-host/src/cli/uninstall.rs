//! `pkarr uninstall`: takes away what `pkarr install` has made.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use serde_json::json;

use super::{
    ask::agreed,
    install::{folders, refuse_others_home, scope},
    output::{FAINT, Output, STRONG},
};
use crate::{
    browsers::{self, Book, Fate, Here, Made, Removed, Scope, Turn},
    https::Https,
    problem::{Code, Problem},
    settings::{Configuration, Settings},
};

#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(super) struct Arguments {
    /// What was installed for all users; needs the administrator
    #[arg(long)]
    system: bool,
    /// Delete what pkarr keeps for you, too: the list of keys that are kept published, what was
    /// looked up, settings, logs, the root of https:// for keys
    #[arg(long, conflicts_with = "system")]
    purge: bool,
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Don’t ask before --purge deletes
    #[arg(long)]
    yes: bool,
    /// Remove what somebody has changed since, too
    #[arg(long)]
    force: bool,
    /// One line of JSON: {"dryRun", "removed": [{"kind", "place", "outcome", "reason"}], "purged":
    /// [PATH]}; an outcome is removed, would, gone, changed or failed
    #[arg(long)]
    pub(super) json: bool,
}

const HELP: &str = "\
It removes what `pkarr install` has written down, and folders that were made for it when they are
empty. A file that somebody has changed since stays, and is named. Packages are removed by their
package manager. Key files are yours and always stay.

Examples:
  pkarr uninstall
  pkarr uninstall --dry-run
  pkarr uninstall --purge
  sudo pkarr uninstall --system";

pub(super) async fn run(
    arguments: Arguments,
    configuration: &Configuration,
    settings: &Settings,
    output: Output,
) -> Result<ExitCode, Problem> {
    let scope = scope(arguments.system);
    let data = browsers::what_is_kept(&settings.data_dir, configuration.file());
    let stays = !arguments.purge && scope == Scope::User && !data.is_empty();
    let kept = match arguments.purge {
        true => data,
        false => Vec::new(),
    };
    if arguments.purge && !arguments.dry_run && !arguments.yes && !is_wanted(&kept).await? {
        output.line("Nothing was removed.");
        return Ok(ExitCode::FAILURE);
    }
    let purges = arguments.purge && !arguments.dry_run;
    if purges {
        take_root_away(settings).await?;
    }
    let removed = remove(&arguments, scope, settings)?;
    if purges {
        browsers::purge(&kept).map_err(|(path, error)| {
            let what = format!("can’t delete {}: {error}", path.display());
            Problem::new(Code::BadRequest, what)
        })?;
    }
    let failed = removed
        .iter()
        .any(|one| one.failure.is_some() || one.removal.fate == Fate::Changed);
    if output.is_json() {
        let removed = removed.iter().map(|one| {
            let (kind, place) = named(&one.removal.made);
            json!({
                "kind": kind,
                "place": place,
                "outcome": outcome(one, arguments.dry_run),
                "reason": one.failure.as_ref().map(ToString::to_string),
            })
        });
        output.json(&json!({
            "dryRun": arguments.dry_run,
            "removed": removed.collect::<Vec<_>>(),
            "purged": kept,
        }));
    } else {
        show(&removed, &kept, &arguments, output);
        if stays {
            output.line(
                "What pkarr keeps for you (what was looked up, settings, logs) stays; --purge deletes it.",
            );
        }
        if !arguments.purge && scope == Scope::User && is_on(&settings.https()) {
            output.line(
                "https:// for keys is still switched on: `pkarr https disable` takes its root out of your browsers.",
            );
        }
    }
    Ok(match failed {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn remove(
    arguments: &Arguments,
    scope: Scope,
    settings: &Settings,
) -> Result<Vec<Removed>, Problem> {
    let folders = folders(settings)?;
    if scope == Scope::User {
        refuse_others_home(&folders.home)?;
    }
    let folder = folders.kept(scope);
    let book = Book::look(&folder)?;
    if arguments.dry_run || book.ledger().made().is_empty() {
        let removals = browsers::removals(book.ledger().made(), &Here, arguments.force);
        let undone = |removal| Removed {
            removal,
            failure: None,
        };
        return Ok(removals.into_iter().map(undone).collect());
    }
    let mut book = Book::open(&folder)?;
    let removals = browsers::removals(book.ledger().made(), &Here, arguments.force);
    let removed = browsers::remove(removals, &mut book)?;
    book.close()?;
    let files = removed.iter().filter_map(|one| match &one.removal.made {
        Made::File { path, .. } if one.failure.is_none() && one.removal.fate == Fate::Remove => {
            Some(path.as_path())
        }
        _ => None,
    });
    // One that is left runs until the session ends, which does no harm.
    browsers::turn(files, Turn::Stop);
    Ok(removed)
}

/// Takes the root of `https://` out of browsers; without it on disk that could not be done any more.
async fn take_root_away(settings: &Settings) -> Result<(), Problem> {
    let https = settings.https();
    let take = move || {
        if !is_on(&https) {
            return Ok(());
        }
        let stores = https.disable()?.stores;
        let Some(store) = stores.iter().find(|store| store.failure.is_some()) else {
            return Ok(());
        };
        let what = format!(
            "{} ({}) still trusts the root of https:// for keys: {}; nothing was deleted",
            store.name,
            store.place,
            store.failure.as_deref().unwrap_or_default()
        );
        Err(Problem::new(Code::BadRequest, what))
    };
    tokio::task::spawn_blocking(take)
        .await
        .map_err(|error| Problem::new(Code::Internal, error))?
}

/// Whether browsers may trust a root that was made here.
fn is_on(https: &Https) -> bool {
    https.roots().made().is_ok_and(|made| !made.is_empty())
}

/// Says what would be deleted, and asks.
async fn is_wanted(kept: &[PathBuf]) -> Result<bool, Problem> {
    let mut lines = vec!["This deletes, beside what was installed:".to_owned()];
    lines.extend(kept.iter().map(|path| format!("  {}", path.display())));
    lines.push("Keys are no longer kept published then. Key files stay where they are.".to_owned());
    let yes_is_for = "--purge delete what pkarr keeps";
    agreed(lines, "Delete all of it?", yes_is_for).await
}

fn named(made: &Made) -> (&'static str, String) {
    match made {
        Made::File { path, .. } => ("file", path.display().to_string()),
        Made::Tree { path } => ("tree", path.display().to_string()),
        Made::Link { path, .. } => ("link", path.display().to_string()),
        Made::Folder { path } => ("folder", path.display().to_string()),
        Made::Value { value, .. } => ("value", value.to_string()),
        Made::Key { path, .. } => ("key", path.clone()),
    }
}

fn outcome(removed: &Removed, dry_run: bool) -> &'static str {
    match (&removed.failure, removed.removal.fate) {
        (Some(_), _) => "failed",
        (None, Fate::Changed) => "changed",
        (None, Fate::Gone) => "gone",
        (None, Fate::Remove) if dry_run => "would",
        (None, Fate::Remove) => "removed",
    }
}

fn show(removed: &[Removed], kept: &[PathBuf], arguments: &Arguments, output: Output) {
    if removed.is_empty() {
        output.line("Nothing that `pkarr install` has made is left to remove.");
    }
    for one in removed {
        let (kind, place) = named(&one.removal.made);
        let outcome = outcome(one, arguments.dry_run);
        output.line(format_args!(
            "{STRONG}{kind:<6}{STRONG:#}  {outcome:<7}  {FAINT}{place}{FAINT:#}"
        ));
        if let Some(error) = &one.failure {
            output.line(format_args!("{:<6}  {:<7}  {error}", "", ""));
        }
        if one.removal.fate == Fate::Changed {
            let why = "somebody has changed it since; --force removes it";
            output.line(format_args!("{:<6}  {:<7}  {why}", "", ""));
        }
    }
    let outcome = match arguments.dry_run {
        true => "would",
        false => "removed",
    };
    for path in kept {
        output.line(format_args!(
            "{STRONG}data  {STRONG:#}  {outcome:<7}  {FAINT}{}{FAINT:#}",
            path.display()
        ));
    }
}
