//! `pkarr pin`, `unpin` and `kept`: which keys are kept published.

use std::time::SystemTime;

use clap::Args;
use serde_json::json;

use super::output::{FAINT, Output, STRONG, ago};
use crate::{cache::Whose, key::KeyAddress, problem::Problem, publisher, settings::Settings, view};

#[derive(Debug, Args)]
pub(super) struct Key {
    /// The key, in any spelling
    key: KeyAddress,
    /// One line of JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// One line of JSON for each key: {"key", "own", "storedNodes", "lastAt", "nextAt", "keyFile",
    /// "zoneFile"}
    #[arg(long)]
    pub(super) json: bool,
}

/// Keeps a foreign key published: its newest packet is put again and again, as it is.
pub(super) async fn pin(
    arguments: Key,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let services = settings.services()?;
    let key = *arguments.key.host.key();
    let packet = {
        let _progress = output.progress("looking for the newest packet");
        publisher::pin(&services.resolver, &key).await?
    };
    if output.is_json() {
        output.json(&json!({ "key": key.to_string(), "seq": packet.seq().to_string() }));
    } else {
        output.line(format_args!(
            "{STRONG}{}{STRONG:#} is kept published from now on,",
            key.to_uri()
        ));
        output.line("as long as `pkarr daemon` or a browser with the extension runs.");
    }
    Ok(())
}

/// Keeps a key published no longer.
pub(super) async fn unpin(
    arguments: Key,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let key = *arguments.key.host.key();
    let was_kept = settings.cache().forget(key).await?;
    if output.is_json() {
        output.json(&json!({ "key": key.to_string(), "wasKept": was_kept }));
    } else if was_kept {
        output.line(format_args!(
            "{} is kept published no longer; it fades from the network within hours.",
            key.to_uri()
        ));
    } else {
        output.line(format_args!("{} was not kept published.", key.to_uri()));
    }
    Ok(())
}

/// Lists the kept keys.
pub(super) fn list(_arguments: List, settings: &Settings, output: &Output) -> Result<(), Problem> {
    let kept = settings.cache().kept()?;
    let now = SystemTime::now();
    if kept.is_empty() && !output.is_json() {
        output.line("No key is kept published. `pkarr publish` keeps yours, `pkarr pin` others’.");
    }
    for kept in kept {
        let key = kept.item.key();
        let (own, key_file, zone_file) = match &kept.whose {
            Whose::Own {
                key_file,
                zone_file,
            } => (true, key_file.as_ref(), zone_file.as_ref()),
            Whose::Foreign => (false, None, None),
        };
        if output.is_json() {
            output.json(&json!({
                "key": key.to_string(),
                "own": own,
                "storedNodes": kept.stored,
                "lastAt": kept.last_put_at.map(view::unix_millis),
                "nextAt": view::unix_millis(kept.next_at),
                "keyFile": key_file,
                "zoneFile": zone_file,
            }));
            continue;
        }
        output.line(format_args!("{STRONG}{}{STRONG:#}", key.to_uri()));
        let last = match (kept.last_put_at, kept.stored) {
            (Some(at), Some(nodes)) => format!("put {} on {nodes} nodes", ago(at, now)),
            _ => "not put yet".to_owned(),
        };
        let whose = if own { "yours" } else { "pinned" };
        let next = if kept.next_at <= now {
            "due now".to_owned()
        } else {
            format!("again {}", ago(kept.next_at, now))
        };
        output.line(format_args!("  {whose}, {last}, {next}"));
        if let Some(file) = zone_file {
            output.line(format_args!(
                "{FAINT}  records from {}{FAINT:#}",
                file.display()
            ));
        }
    }
    Ok(())
}
