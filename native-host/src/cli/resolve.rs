//! `pkarr resolve`: what is published under a key, and where a name leads.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;

use super::{
    options::Settings,
    output::{FAINT, Output, STRONG, ago},
    records,
};
use crate::{
    item::MAX_VALUE,
    key::KeyAddress,
    problem::{Code, Problem},
    resolver::{Policy, Source},
    view::{Endpoint, Resolution},
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
    records::table(&resolution.records, address.host.key(), output);
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

pub(super) fn place(endpoint: &Endpoint) -> String {
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
