//! Records as a table for people.

use super::output::{FAINT, Output};
use crate::view::RecordView;

/// Writes the records of a key in columns, names relative to it.
pub(super) fn table(records: &[RecordView], key: &str, output: &Output) {
    if records.is_empty() {
        output.line("no records");
        return;
    }
    let rows: Vec<_> = records
        .iter()
        .map(|record| (relative(record, key), record))
        .collect();
    let width = |column: fn(&(String, &RecordView)) -> usize| rows.iter().map(column).max();
    let names = width(|(name, _)| name.chars().count()).unwrap_or(0);
    let ttls = width(|(_, record)| record.ttl.to_string().len()).unwrap_or(0);
    let kinds = width(|(_, record)| record.kind.len()).unwrap_or(0);
    for (name, record) in &rows {
        output.line(format_args!(
            "{name:names$}  {FAINT}{:ttls$}{FAINT:#}  {:kinds$}  {}",
            record.ttl, record.kind, record.value
        ));
    }
}

/// The name as in a zone file: `@`, `www`, or whole with a final dot where it is out of zone.
pub(super) fn relative(record: &RecordView, key: &str) -> String {
    let name = record.name.to_ascii_lowercase();
    match name.strip_suffix(key) {
        Some("") => "@".to_owned(),
        Some(label) => label.trim_end_matches('.').to_owned(),
        None => format!("{}.", record.name),
    }
}
