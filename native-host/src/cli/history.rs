//! `pkarr history`: what changed under a key, as far as this machine saw it.

use std::time::SystemTime;

use clap::Args;

use super::output::{FAINT, Output, STRONG, ago};
use crate::{
    cache::{Entry, Newest},
    key::KeyAddress,
    problem::{Code, Problem},
    settings::Settings,
    view::{RecordView, SeenPacket},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The key, in any spelling
    key: KeyAddress,
    /// One line of JSON for each packet, newest first: {"seq", "signedAt", "seenAt", "origin",
    /// "records", "raw"}
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let key = arguments.key.host.key();
    let cache = settings.cache();
    let entries = cache.seen(key);
    if entries.is_empty() {
        let what = format!("nothing is remembered of {}", key.to_uri());
        return Err(Problem::new(Code::NotCached, what));
    }
    if !output.is_json() {
        output.line(format_args!("{STRONG}{}{STRONG:#}", key.to_uri()));
    }
    let now = SystemTime::now();
    for (index, entry) in entries.iter().enumerate() {
        let item = entry.newest.item();
        if output.is_json() {
            output.json(&SeenPacket::from(entry));
            continue;
        }
        let records = records(entry);
        let signed_at = item.seq().time().unwrap_or(now);
        output.line("");
        output.line(format_args!(
            "signed {}, seen {} ({})",
            ago(signed_at, now),
            ago(entry.seen.at, now),
            entry.seen.from
        ));
        let Some(records) = records else {
            output.line("  not a pkarr packet");
            continue;
        };
        let line = |record: &RecordView| {
            let name = record.relative_name(&key.to_string());
            format!("{name} {} {} {}", record.ttl, record.kind, record.value)
        };
        let lines: Vec<_> = records.iter().map(line).collect();
        let before: Vec<_> = entries
            .get(index + 1)
            .and_then(self::records)
            .unwrap_or_default()
            .iter()
            .map(line)
            .collect();
        for line in &lines {
            let mark = if before.contains(line) { ' ' } else { '+' };
            output.line(format_args!("{mark} {line}"));
        }
        for line in before.iter().filter(|line| !lines.contains(line)) {
            output.line(format_args!("{FAINT}- {line}{FAINT:#}"));
        }
    }
    Ok(())
}

fn records(entry: &Entry) -> Option<Vec<RecordView>> {
    match &entry.newest {
        Newest::Packet(packet) => Some(RecordView::all(packet)),
        Newest::Other(_) => None,
    }
}
