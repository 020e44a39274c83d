//! `pkarr install`: makes the program and the extension known to browsers.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde_json::{Value, json};

use super::output::{FAINT, Output, STRONG};
use crate::{
    browsers::{
        self, Book, BrowsersError, Bundle, Done, Folders, Ground, Here, Ledger, Make, Place, Plan,
        Refusal, Scope, Source, Step, Turn, Verdict, Which, Wishes,
    },
    problem::{Code, Problem},
    settings::Settings,
};

#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(super) struct Arguments {
    /// For all users of this computer; needs the administrator
    #[arg(long)]
    system: bool,
    /// A browser, found or not: chromium, chrome, firefox, firefox-flatpak, … ; may be repeated
    #[arg(long, value_name = "BROWSER", conflicts_with = "all")]
    browser: Vec<String>,
    /// Every browser that could be there, also later
    #[arg(long)]
    all: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// The extension, to be put in place, too: a folder or .crx for Chromium, an .xpi for Firefox, or
    /// an https:// address (store, update manifest); may be repeated
    #[arg(long, value_name = "WHAT")]
    extension: Vec<String>,
    /// Start `pkarr daemon` with your session, so that your keys stay published without a browser
    #[arg(long, conflicts_with = "system")]
    autostart: bool,
    /// Start `pkarr gateway` with your session, for browsers that can’t start programs (Chromium
    /// from a snap), and say how they are led to it
    #[arg(long, conflicts_with = "system")]
    pac: bool,
    /// Replace what others have written
    #[arg(long)]
    force: bool,
    /// Have browsers start this program, where it lies, instead of the one that runs
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Put a package together: take this folder for the root of the system; needs --system and
    /// --program, and keeps no list
    #[arg(long, value_name = "DIR", requires_all = ["system", "program"])]
    root: Option<PathBuf>,
    /// One line of JSON: {"program", "dryRun", "steps": [{"browsers", "what", "place", "outcome",
    /// "reason"}]}; an outcome is done, would, already, refused, todo or failed
    #[arg(long)]
    pub(super) json: bool,
}

const HELP: &str = "\
Without --browser and --all it takes the browsers of this user that it finds. A program that was
started from a download is copied to where it stays (Linux, macOS: ~/.local/bin) first. What was
made is written down, and `pkarr uninstall` takes exactly that away. What others have written is
neither replaced nor removed. It can be run again at any time, also while browsers run.

Exit codes: 0, all that was asked for is in place; 1, something was refused or failed.

Examples:
  pkarr install                          the browsers of this user
  pkarr install --dry-run                what that would do
  pkarr install --browser chromium --extension ./chromium
  pkarr install --browser chromium-snap --pac
  sudo pkarr install --system --all      for everybody on this computer
  pkarr install --system --all --root pkg --program /usr/bin/pkarr";

pub(super) fn run(
    arguments: Arguments,
    settings: &Settings,
    output: Output,
) -> Result<ExitCode, Problem> {
    let scope = scope(arguments.system);
    let mut folders = folders(settings)?;
    folders.root = arguments
        .root
        .map(|root| std::path::absolute(&root).unwrap_or(root));
    if scope == Scope::User {
        refuse_others_home(&folders.home)?;
    }
    let bundles = arguments.extension.iter();
    let bundles = bundles
        .map(|named| Bundle::of(named, &Here))
        .collect::<Result<_, _>>()?;
    let named = !arguments.browser.is_empty();
    let wishes = Wishes {
        scope,
        which: match (arguments.all, named) {
            (true, _) => Which::All,
            (_, true) => Which::Named(arguments.browser),
            _ => Which::Found,
        },
        program: match arguments.program {
            Some(program) => Source::Named(program),
            None => Source::Running(this_program()?),
        },
        bundles,
        autostart: arguments.autostart,
        pac: arguments.pac,
        force: arguments.force,
        mend: false,
    };
    let staged = folders.root.is_some();
    let (program, done) = if arguments.dry_run {
        let book = match staged {
            true => None,
            false => Some(Book::look(&folders.kept(scope))?),
        };
        let plan = planned(&folders, &wishes, book.as_ref())?;
        let undone = |step| Done {
            step,
            failure: None,
        };
        (plan.program, plan.steps.into_iter().map(undone).collect())
    } else if staged {
        let plan = planned(&folders, &wishes, None)?;
        (plan.program.clone(), browsers::apply(plan, scope, None)?)
    } else {
        // What can’t be planned leaves no list behind.
        let before = Book::look(&folders.kept(scope))?;
        planned(&folders, &wishes, Some(&before))?;
        let mut book = Book::open(&folders.kept(scope))?;
        let plan = planned(&folders, &wishes, Some(&book))?;
        let program = plan.program.clone();
        let done = browsers::apply(plan, scope, Some(&mut book))?;
        book.close()?;
        (program, done)
    };
    let waiting = match arguments.dry_run || staged {
        true => Vec::new(),
        false => browsers::turn(made_files(&done), Turn::Start),
    };
    let rows: Vec<_> = done
        .iter()
        .map(|done| Row::of(done, arguments.dry_run))
        .collect();
    if output.is_json() {
        output.json(&json!({
            "program": program,
            "dryRun": arguments.dry_run,
            "steps": rows.iter().map(Row::json).collect::<Vec<_>>(),
        }));
    } else {
        show(&rows, output);
        if !arguments.dry_run && wishes.bundles.is_empty() && !staged {
            output.line("The extension is not part of this; --extension puts it in place, too.");
        }
        for unit in waiting {
            output.line(format_args!(
                "{unit} starts with your next session, or now by: systemctl --user start {unit}"
            ));
        }
        if !arguments.dry_run
            && done
                .iter()
                .any(|done| done.failure.is_none() && is_made(&done.step))
        {
            output.line("A browser that shows a missing program tries again by itself. `pkarr doctor` checks everything.");
        }
    }
    let fails = |done: &Done| {
        done.failure.is_some()
            || matches!(&done.step.verdict, Verdict::Refused(refusal) if named || !refusal.is_final())
    };
    Ok(match done.iter().any(fails) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn planned(folders: &Folders, wishes: &Wishes, book: Option<&Book>) -> Result<Plan, BrowsersError> {
    let none = Ledger::default();
    let ground = Ground {
        folders,
        look: &Here,
        ledger: book.map_or(&none, Book::ledger),
    };
    browsers::plan(ground, wishes)
}

pub(super) fn scope(system: bool) -> Scope {
    match system {
        true => Scope::System,
        false => Scope::User,
    }
}

pub(super) fn folders(settings: &Settings) -> Result<Folders, BrowsersError> {
    Folders::of_user(settings.data_dir.clone()).ok_or(BrowsersError::NoHome)
}

/// The file of the program that runs.
pub(super) fn this_program() -> Result<PathBuf, Problem> {
    env::current_exe().map_err(|error| Problem::new(Code::Internal, error))
}

/// With `sudo` the home may still be that of who called it, and would be left with files of root.
#[cfg(unix)]
pub(super) fn refuse_others_home(home: &Path) -> Result<(), Problem> {
    use std::os::unix::fs::MetadataExt;
    let called_by = env::var_os("SUDO_USER").filter(|user| user != "root");
    let of_other = std::fs::metadata(home).is_ok_and(|home| home.uid() != 0);
    if called_by.is_some() && of_other {
        let what = "with sudo this would leave files of root in your home folder; run it without, \
                    or with --system for all users";
        return Err(Problem::new(Code::BadRequest, what));
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn refuse_others_home(_: &Path) -> Result<(), Problem> {
    Ok(())
}

impl From<BrowsersError> for Problem {
    fn from(error: BrowsersError) -> Self {
        // All of them say what to do.
        Problem::new(Code::BadRequest, error)
    }
}

/// Files that were made just now.
fn made_files(done: &[Done]) -> impl Iterator<Item = &Path> {
    done.iter()
        .filter_map(|done| match (&done.step.verdict, &done.step.place) {
            (Verdict::Make(Make::File(_)), Some(Place::Path(path))) if done.failure.is_none() => {
                Some(path.as_path())
            }
            _ => None,
        })
}

fn is_made(step: &Step) -> bool {
    matches!(step.verdict, Verdict::Make(_))
}

/// A step as it is told.
struct Row<'a> {
    step: &'a Step,
    outcome: &'static str,
    place: Option<String>,
    reason: Option<String>,
}

impl<'a> Row<'a> {
    fn of(done: &'a Done, dry_run: bool) -> Self {
        let Done { step, failure } = done;
        let place = step.place.as_ref().map(ToString::to_string);
        let (outcome, reason) = match (&step.verdict, failure) {
            (_, Some(error)) => ("failed", Some(error.to_string())),
            (Verdict::Make(_), None) if dry_run => ("would", None),
            (Verdict::Make(_), None) => ("done", None),
            (Verdict::Already, None) => ("already", None),
            (Verdict::Refused(refusal), None) => ("refused", Some(refusal.to_string())),
            (Verdict::Todo(todo), None) => ("todo", Some(todo.clone())),
        };
        Self {
            step,
            outcome,
            place,
            reason,
        }
    }

    fn json(&self) -> Value {
        json!({
            "browsers": self.step.browsers,
            "what": self.step.what.as_str(),
            "place": self.place,
            "outcome": self.outcome,
            "reason": self.reason,
        })
    }

    fn style(&self) -> Style {
        let colour = match self.outcome {
            "done" | "already" => AnsiColor::Green,
            "would" => AnsiColor::Cyan,
            "todo" => AnsiColor::Yellow,
            "refused" if self.is_final() => AnsiColor::Yellow,
            _ => AnsiColor::Red,
        };
        colour.on_default().bold()
    }

    fn is_final(&self) -> bool {
        matches!(&self.step.verdict, Verdict::Refused(refusal) if Refusal::is_final(refusal))
    }
}

/// The table of what was done.
fn show(rows: &[Row<'_>], output: Output) {
    let subject = |row: &Row<'_>| match row.step.names.is_empty() {
        true => "all".to_owned(),
        false => row.step.names.join(", "),
    };
    let widest = rows.iter().map(|row| subject(row).chars().count()).max();
    let widest = widest.unwrap_or(0);
    for row in rows {
        let style = row.style();
        let place = row.place.as_deref().unwrap_or_default();
        output.line(format_args!(
            "{STRONG}{:<widest$}{STRONG:#}  {:<9}  {style}{:<7}{style:#}  {FAINT}{place}{FAINT:#}",
            subject(row),
            row.step.what.as_str(),
            row.outcome,
        ));
        if let Some(reason) = &row.reason {
            output.line(format_args!("{:widest$}  {:<9}  {reason}", "", ""));
        }
    }
}
