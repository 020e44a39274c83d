//! `pkarr https`: `https://` for keys, on this computer.

use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};

use super::{
    ask::agreed,
    output::{FAINT, Output, STRONG, ago},
};
use crate::{
    authority::AuthorityError,
    https::{Https, MEANING},
    problem::{Code, Problem},
    settings::Settings,
    view::{HttpsStatus, TrustStore},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a root certificate that can vouch for keys alone, and have this user’s browsers trust
    /// it
    #[command(after_long_help = MEANING.join("\n\n"))]
    Enable {
        /// Don’t ask first
        #[arg(long)]
        yes: bool,
        /// One line of JSON, as `status` gives it
        #[arg(long)]
        json: bool,
    },
    /// Take the root certificate out of all browsers and delete it with its key
    Disable {
        /// One line of JSON, as `status` gives it
        #[arg(long)]
        json: bool,
    },
    /// Show the root certificate and which browsers trust it
    Status {
        /// One line of JSON: {"enabled", "root": {"file", "fingerprint", "notAfter"}, "probe",
        /// "stores": [{"name", "place", "trusts", "others", "failure"}]}
        #[arg(long)]
        json: bool,
    },
}

impl Arguments {
    pub(super) fn json(&self) -> bool {
        match &self.command {
            Command::Enable { json, .. } | Command::Disable { json } | Command::Status { json } => {
                *json
            }
        }
    }
}

pub(super) async fn run(
    arguments: Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let https = settings.https();
    let status = match arguments.command {
        Command::Enable { yes, .. } => {
            if !yes && !is_wanted().await? {
                output.line("Nothing was changed.");
                return Ok(());
            }
            let _progress = output.progress("asking the browsers’ certificate stores");
            waiting(https, Https::enable).await?
        }
        Command::Disable { .. } => {
            let _progress = output.progress("asking the browsers’ certificate stores");
            waiting(https, Https::disable).await?
        }
        Command::Status { .. } => {
            let _progress = output.progress("asking the browsers’ certificate stores");
            waiting(https, Https::status).await?
        }
    };
    if output.is_json() {
        output.json(&status);
    } else {
        show(&status, output);
    }
    Ok(())
}

/// Says what it means, and asks.
async fn is_wanted() -> Result<bool, Problem> {
    let meaning = MEANING.map(|sentence| format!("{sentence}\n"));
    let yes_is_for = "browsers trust the root certificate";
    agreed(meaning.into(), "Switch https:// on for keys?", yes_is_for).await
}

/// Does what waits for files and programs where that holds up nothing else.
async fn waiting(
    https: Https,
    work: impl FnOnce(&Https) -> Result<HttpsStatus, AuthorityError> + Send + 'static,
) -> Result<HttpsStatus, Problem> {
    tokio::task::spawn_blocking(move || work(&https))
        .await
        .map_err(|error| Problem::new(Code::Internal, error))?
        .map_err(Problem::from)
}

fn show(status: &HttpsStatus, output: &Output) {
    match &status.root {
        Some(root) => {
            let millis = u64::try_from(root.not_after).unwrap_or(0);
            let end = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
            output.line(format_args!("{STRONG}https{STRONG:#}    on"));
            output.line(format_args!("{STRONG}root{STRONG:#}     {}", root.file));
            output.line(format_args!(
                "         ends {}, and is renewed a month before",
                ago(end, SystemTime::now())
            ));
            output.line(format_args!("         SHA-256 {}", root.fingerprint));
        }
        None => output.line(format_args!("{STRONG}https{STRONG:#}    off")),
    }
    let wide = |of: &dyn Fn(&TrustStore) -> &str| {
        let widths = status.stores.iter().map(|store| of(store).chars().count());
        widths.max().unwrap_or(0)
    };
    let word = if status.enabled { word } else { left };
    let (names, words) = (wide(&|store| &store.name), wide(&|store| word(store)));
    for (index, store) in status.stores.iter().enumerate() {
        let title = if index == 0 { "browsers" } else { "" };
        output.line(format_args!(
            "{STRONG}{title:<8}{STRONG:#} {:<names$}  {:<words$}  {FAINT}{}{FAINT:#}",
            store.name,
            word(store),
            store.place
        ));
        if let Some(failure) = &store.failure {
            output.line(format_args!("         {:names$}  {failure}", ""));
        }
        if store.others {
            let others = "it also trusts a root that pkarr made in another data folder";
            output.line(format_args!("         {:names$}  {others}", ""));
        }
    }
    let Some(root) = &status.root else {
        return;
    };
    if status.stores.is_empty() {
        output.line("No browser’s certificate store was found. Start your browser once and try");
        output.line(format_args!(
            "again, or import {} in its settings.",
            root.file
        ));
    } else if status.stores.iter().any(|store| store.trusts) {
        output.line("A browser that was running and still shows a warning has to be restarted.");
    }
}

fn word(store: &TrustStore) -> &'static str {
    match (store.trusts, &store.failure) {
        (true, _) => "trusts it",
        (false, None) => "does not trust it",
        (false, Some(_)) => "failed",
    }
}

/// What is left of the root after it was switched off.
fn left(store: &TrustStore) -> &'static str {
    match (store.trusts, &store.failure) {
        (true, _) => "still has a root of pkarr",
        (false, None) => "has no root of pkarr",
        (false, Some(_)) => "failed",
    }
}
