//! Browsers: whether each knows of the program, and whether it answers when it is started as they do.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::{Finding, State, Subject, leak, waiting};
use crate::browsers::{
    Condition, Engine, Folders, GreetError, Greeting, Identity, Inspection, Registration, Scope,
    greet, inspect,
};
use crate::trust::Places;

const CHECK: &str = "browsers";
/// How long a program may take to answer.
const PATIENCE: Duration = Duration::from_secs(8);

pub(super) async fn check(subject: &Subject) -> Vec<Finding> {
    let folder = subject.settings.data_dir.clone();
    waiting(CHECK, move || look(folder)).await
}

fn look(own: PathBuf) -> Vec<Finding> {
    let Some(folders) = Folders::of_user(own) else {
        return Vec::new();
    };
    let program = env::current_exe().unwrap_or_default();
    let (inspections, identity) = match (inspect(&folders, &program), Identity::ours()) {
        (Ok(inspections), Ok(identity)) => (inspections, identity),
        (Err(error), _) | (_, Err(error)) => {
            return vec![
                Finding::new(CHECK, "no-table", State::Bad)
                    .what(format_args!("Browsers can’t be looked at: {error}."))
                    .todo("Install pkarr again.")
                    .fact("reason", error),
            ];
        }
    };
    if inspections.is_empty() {
        return vec![
            Finding::new(CHECK, "none", State::Note)
                .what("No browser was found that pkarr knows.")
                .todo("Start yours once, then run `pkarr install`, or name it with --browser."),
        ];
    }
    let greetings = greetings(&inspections, identity);
    let told = |inspection: &Inspection| {
        let greeting = start(inspection).and_then(|start| greetings.get(&start));
        tell(inspection, greeting)
    };
    // A Firefox that knows nothing of pkarr is asked for no keys.
    let is_firefox = |inspection: &Inspection| {
        inspection.target.engine == Engine::Gecko && inspection.registration.is_some()
    };
    let leak = inspections
        .iter()
        .any(is_firefox)
        .then(|| leak::look(&Places::of_user()?));
    inspections.iter().map(told).chain(leak.flatten()).collect()
}

/// A way in which a program is started: several browsers may share one.
type Start = (PathBuf, Engine);

fn start(inspection: &Inspection) -> Option<Start> {
    let starts = matches!(
        inspection.condition,
        Condition::Good | Condition::OtherProgram | Condition::OldCopy
    );
    let program = inspection.registration.as_ref()?.program.clone()?;
    starts.then_some((program, inspection.target.engine))
}

/// Starts each program as its browsers do, all at the same time.
fn greetings(
    inspections: &[Inspection],
    identity: &Identity,
) -> BTreeMap<Start, Result<Greeting, GreetError>> {
    let mut starts: BTreeMap<Start, &Path> = BTreeMap::new();
    for inspection in inspections {
        if let (Some(start), Some(registration)) = (start(inspection), &inspection.registration) {
            starts.insert(start, &registration.file);
        }
    }
    thread::scope(|scope| {
        let running: Vec<_> = starts
            .into_iter()
            .map(|((program, engine), file)| {
                let start = (program.clone(), engine);
                let greeting = move || greet(&program, file, engine, identity, PATIENCE);
                (start, scope.spawn(greeting))
            })
            .collect();
        let ended = running.into_iter().filter_map(|(start, thread)| {
            let greeting = thread.join().ok()?;
            Some((start, greeting))
        });
        ended.collect()
    })
}

/// Says what was found of one browser.
fn tell(inspection: &Inspection, greeting: Option<&Result<Greeting, GreetError>>) -> Finding {
    let name = &inspection.target.name;
    let id = &inspection.target.id;
    let (file, program, scope) = match &inspection.registration {
        Some(Registration {
            file,
            program,
            scope,
        }) => {
            let program = program
                .as_ref()
                .map(|program| program.display().to_string());
            (
                file.display().to_string(),
                program.unwrap_or_default(),
                *scope,
            )
        }
        None => (String::new(), String::new(), Scope::User),
    };
    let install = match scope {
        Scope::User => format!("Run `pkarr install --browser {id}`, or `pkarr doctor --fix`."),
        Scope::System => {
            format!(
                "Install the package again, or run `sudo pkarr install --system --browser {id}`."
            )
        }
    };
    let finding = match (&inspection.condition, greeting) {
        (Condition::Unable, _) => Finding::new(CHECK, "unable", State::Warning)
            .what(format_args!("{name} can’t start any program."))
            .todo(format!(
                "Take this browser from a package, or run `pkarr install --browser {id} --pac`."
            )),
        (Condition::None, _) => Finding::new(CHECK, "no-manifest", State::Warning)
            .what(format_args!("{name} has not been told of pkarr."))
            .todo(format!("If you use it, run `pkarr install --browser {id}`.")),
        _ if inspection.shadows => Finding::new(CHECK, "shadowed", State::Bad)
            .what(format_args!(
                "{name} takes {file}, which leads nowhere, although there is a good one for all users."
            ))
            .todo("Remove that file, or run `pkarr doctor --fix`."),
        (Condition::Unreadable(reason), _) => Finding::new(CHECK, "unreadable", State::Bad)
            .what(format_args!("{name} can’t make sense of {file}: {reason}."))
            .todo(install)
            .fact("reason", reason),
        (Condition::NotAdmitted, _) => Finding::new(CHECK, "not-admitted", State::Bad)
            .what(format_args!(
                "{name} does not let the extension start the program: {file} does not name it."
            ))
            .todo(install),
        (Condition::Gone, _) => Finding::new(CHECK, "gone", State::Bad)
            .what(format_args!(
                "{name} is told to start {program}, which is not there."
            ))
            .todo(install),
        (_, Some(Err(error))) => Finding::new(CHECK, "no-hello", State::Bad)
            .what(format_args!(
                "{name} starts {program}, but it does not answer as pkarr does: {error}."
            ))
            .todo(install)
            .fact("reason", error),
        (Condition::OldCopy, Some(Ok(greeting))) => Finding::new(CHECK, "old-copy", State::Warning)
            .what(format_args!(
                "{name} starts another copy than this program: pkarr {}, {program}.",
                greeting.version
            ))
            .todo(install)
            .fact("version", &greeting.version),
        (Condition::OtherProgram, Some(Ok(greeting))) => {
            Finding::new(CHECK, "other-program", State::Note)
                .what(format_args!(
                    "{name} starts another program than this one: pkarr {}, {program}.",
                    greeting.version
                ))
                .fact("version", &greeting.version)
        }
        (_, Some(Ok(greeting))) => Finding::new(CHECK, "ok", State::Good)
            .what(format_args!(
                "{name} starts pkarr {}, {program}, and it answers.",
                greeting.version
            ))
            .fact("version", &greeting.version),
        (_, None) => super::no_end(CHECK),
    };
    let finding = finding.fact("browser", name).fact("id", id);
    match &inspection.registration {
        Some(_) => finding.fact("file", file).fact("program", program),
        None => finding,
    }
}
