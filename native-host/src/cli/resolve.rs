//! `pkarr resolve`: what is published under a key, and where a name leads.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;

use super::{
    options::Settings,
    output::{FAINT, Output, STRONG, ago},
};
use crate::{
    item::MAX_VALUE,
    key::KeyAddress,
    problem::{Code, Problem},
    resolver::{Policy, Source},
    view::{Endpoint, RecordView, Resolution},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A key, a name below one, a pk: link or a URL
    name: String,
    /// Search the whole neighbourhood of the key for the newest record, not just for the first
    #[arg(long)]
    newest: bool,
    /// One line of JSON
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(
    arguments: Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let address =
        KeyAddress::parse(&arguments.name).map_err(|error| Problem::new(Code::NotAKey, error))?;
    let policy = if arguments.newest {
        Policy::NetworkOnly
    } else {
        Policy::CacheFirst
    };
    let route = {
        let _progress = output.progress("asking the DHT");
        settings
            .resolver()
            .route(&address.host, address.url.scheme(), policy)
            .await?
    };
    let resolution = Resolution::new(&address.host, &route);
    if output.is_json() {
        output.json(&resolution);
        return Ok(());
    }
    let now = SystemTime::now();
    let signed_at =
        UNIX_EPOCH + Duration::from_millis(u64::try_from(resolution.signed_at).unwrap_or_default());
    output.line(format_args!("{STRONG}pk:{}{STRONG:#}", resolution.key));
    let source = match route.answer.source {
        Source::Dht => "from the DHT",
        Source::Cache => "remembered",
    };
    output.line(format_args!(
        "signed {}, {source}, fresh for {} s, {} of {MAX_VALUE} bytes",
        ago(signed_at, now),
        resolution.ttl,
        resolution.size
    ));
    if route.answer.future_seq {
        output.line("warning: dated more than two hours ahead; its owner’s clock must be wrong");
    }
    output.line("");
    table(&resolution, output);
    output.line("");
    if resolution.endpoints.is_empty() {
        output.line(format_args!("{} leads to no site", resolution.host));
    } else {
        output.line(format_args!("{} leads to", resolution.host));
    }
    for endpoint in &resolution.endpoints {
        output.line(format_args!("  {}", place(endpoint)));
    }
    for (key, failure) in &route.failures {
        output.line(format_args!(
            "{FAINT}  not followed to pk:{key}: {failure}{FAINT:#}"
        ));
    }
    Ok(())
}

fn table(resolution: &Resolution, output: &Output) {
    let rows: Vec<_> = resolution
        .records
        .iter()
        .map(|record| (relative(record, &resolution.key), record))
        .collect();
    if rows.is_empty() {
        output.line("no records");
    }
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
fn relative(record: &RecordView, key: &str) -> String {
    let name = record.name.to_ascii_lowercase();
    match name.strip_suffix(key) {
        Some("") => "@".to_owned(),
        Some(label) => label.trim_end_matches('.').to_owned(),
        None => format!("{}.", record.name),
    }
}

fn place(endpoint: &Endpoint) -> String {
    let port = |port: &Option<u16>| port.map(|port| format!(":{port}")).unwrap_or_default();
    match endpoint {
        Endpoint::Address {
            address,
            port: number,
            tls,
        } => {
            let address = if address.contains(':') && number.is_some() {
                format!("[{address}]")
            } else {
                address.clone()
            };
            let tls = if *tls { " (TLS with the key)" } else { "" };
            format!("{address}{}{tls}", port(number))
        }
        Endpoint::Icann { name, port: number } => format!("https://{name}{}", port(number)),
    }
}
