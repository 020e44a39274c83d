//! The settings, and what is remembered by them.

use super::{Finding, State, Subject, waiting};
use crate::{
    problem::sentence,
    settings::{Configuration, Settings, SettingsError},
};

const CHECK: &str = "settings";
const CACHE: &str = "cache";

pub(super) async fn check(subject: &Subject) -> Vec<Finding> {
    let configuration = subject.configuration.clone();
    let settings = subject.settings.clone();
    waiting(CHECK, move || look(&configuration, &settings)).await
}

fn look(configuration: &Configuration, running: &Settings) -> Vec<Finding> {
    let path = configuration.file().map(|file| file.display().to_string());
    let named = |finding: Finding| match &path {
        Some(path) => finding.fact("file", path),
        None => finding,
    };
    let now = configuration.settings();
    let chosen = configuration.chosen().unwrap_or_default().len();
    let mut findings = vec![named(match &now {
        Err(error @ (SettingsError::Read { source, .. } | SettingsError::Write { source, .. })) => {
            Finding::new(CHECK, "unreadable", State::Bad)
                .what(sentence(&error.to_string()))
                .todo(error.todo())
                .fact("reason", source)
        }
        Err(error) => Finding::new(CHECK, "wrong", State::Bad)
            .what(format_args!(
                "{} What is wrong in it is not used, and relays neither if they are named there.",
                sentence(&error.to_string())
            ))
            .todo(error.todo())
            .fact("reason", reason(error)),
        Ok(now) if now != running => Finding::new(CHECK, "changed", State::Note)
            .what("The settings have changed since this program started.")
            .todo("Close the browser and start it again, so that they hold."),
        Ok(_) => Finding::new(CHECK, "ok", State::Good)
            .what(format_args!(
                "The settings are in order; the configuration file has {chosen} of them."
            ))
            .fact("chosen", chosen),
    })];
    if running.relays.is_empty() {
        findings.push(
            Finding::new(CHECK, "no-relays", State::Note)
                .what("Relays are switched off: names come from the DHT alone.")
                .todo("Where UDP is blocked, name a relay or unset `relays`."),
        );
    }
    if running.allow_private {
        findings.push(
            Finding::new(CHECK, "allow-private", State::Warning)
                .what("Every key may lead to this computer and into its network.")
                .todo("Allow it for the keys you know (allow-private-for) and for no others."),
        );
    }
    if !running.stale {
        findings.push(
            Finding::new(CHECK, "stale-off", State::Note)
                .what("Where the network has no answer, what was known before is not shown."),
        );
    }
    findings
}

fn reason(error: &SettingsError) -> String {
    match error {
        SettingsError::Syntax { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}

pub(super) async fn check_cache(subject: &Subject) -> Vec<Finding> {
    let cache = subject.resolver.cache().clone();
    let path = subject.settings.cache_file();
    waiting(CACHE, move || {
        let path = path.display();
        let stats = cache.stats();
        let finding = if stats.file.is_none() {
            Finding::new(CACHE, "memory-only", State::Warning)
                .what(format_args!(
                    "The cache file {path} can’t be used: what is learned is forgotten at the end."
                ))
                .todo("Look at who may write it; or a newer version of pkarr made it, then update this one.")
        } else if !matches!(cache.is_sound(), Ok(true)) {
            Finding::new(CACHE, "damaged", State::Bad)
                .what(format_args!("The cache file {path} is damaged."))
                .todo("Close all browsers and start pkarr again: the file is set aside and a new one made.")
        } else {
            Finding::new(CACHE, "ok", State::Good)
                .what(format_args!(
                    "Remembered keys: {}, in {} KiB.",
                    stats.keys,
                    stats.bytes.div_ceil(1024)
                ))
                .fact("keys", stats.keys)
                .fact("bytes", stats.bytes)
        };
        vec![finding.fact("path", path)]
    })
    .await
}
