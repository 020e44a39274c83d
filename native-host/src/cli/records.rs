//! Records as a table for people.

use super::output::{FAINT, Output};
use crate::{meaning::Meaning, view::RecordView};

/// Writes the records of a key in columns, names relative to it, with what they are for as the
/// comment of a zone file.
pub(super) fn table(records: &[RecordView], key: &str, output: &Output) {
    if records.is_empty() {
        output.line("no records");
        return;
    }
    let rows: Vec<_> = records
        .iter()
        .map(|record| (record.relative_name(key), record))
        .collect();
    let width = |column: fn(&(String, &RecordView)) -> usize| rows.iter().map(column).max();
    let names = width(|(name, _)| name.chars().count()).unwrap_or(0);
    let ttls = width(|(_, record)| record.ttl.to_string().len()).unwrap_or(0);
    let kinds = width(|(_, record)| record.kind.len()).unwrap_or(0);
    for (name, record) in &rows {
        let word = record.meaning.as_ref().and_then(word);
        let comment = word.map(|word| format!("  {FAINT}; {word}{FAINT:#}"));
        output.line(format_args!(
            "{name:names$}  {FAINT}{:ttls$}{FAINT:#}  {:kinds$}  {}{}",
            record.ttl,
            record.kind,
            record.value,
            comment.unwrap_or_default()
        ));
    }
}

/// What a record is for in a word or two; `None` where its type says it all.
fn word(meaning: &Meaning) -> Option<&'static str> {
    match meaning {
        Meaning::Site { priority: 0, .. } => Some("alias of a site"),
        Meaning::Site { .. } => Some("site"),
        Meaning::Homeserver { .. } => Some("pubky homeserver"),
        Meaning::IrohRelay { .. } => Some("iroh relay"),
        Meaning::IrohAddress { .. } => Some("iroh address"),
        Meaning::IrohUserData { .. } => Some("iroh user data"),
        Meaning::Did { .. } => Some("did:dht document"),
        Meaning::DidKey { .. } => Some("did:dht key"),
        Meaning::DidService { .. } => Some("did:dht service"),
        Meaning::Dnslink { .. } => Some("content link"),
        Meaning::Address { .. }
        | Meaning::Alias { .. }
        | Meaning::NameServer { .. }
        | Meaning::Mail { .. }
        | Meaning::Service { .. }
        | Meaning::Text { .. } => None,
    }
}
