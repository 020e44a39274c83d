//! `pkarr resolve`: what is published under keys, and where names lead.

use std::{
    process::ExitCode,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use clap::{Args, ValueEnum};
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{
    output::{FAINT, Output, STRONG, ago},
    records, stop,
};
use crate::{
    address::PrivateAccess,
    item::MAX_VALUE,
    key::KeyAddress,
    problem::{Code, Problem},
    resolver::{self, Priority, Resolver},
    settings::Settings,
    view::{Endpoint, Resolution, Source},
    zone,
};

/// How many names of standard input are looked up at the same time.
const AT_ONCE: usize = 32;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Keys, names below them, pk: links or URLs
    #[arg(required_unless_present = "stdin")]
    names: Vec<String>,
    /// Where the answer may come from
    #[arg(long, value_enum, default_value_t)]
    policy: Policy,
    /// Show only records of this type, such as TXT
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Go on and show each newer packet when it turns up
    #[arg(long, conflicts_with = "stdin")]
    watch: bool,
    /// Read names from standard input, one a line, and write one JSON object a line, in the same
    /// order, with "elapsed_us"
    #[arg(long, conflicts_with = "names")]
    stdin: bool,
    /// One line of JSON for each name
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Policy {
    /// The cache while it is fresh, else the network
    #[default]
    CacheFirst,
    /// The cache alone
    CacheOnly,
    /// The network alone, all of it: the newest there is
    NetworkOnly,
}

impl From<Policy> for resolver::Policy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::CacheFirst => Self::CacheFirst,
            Policy::CacheOnly => Self::CacheOnly,
            Policy::NetworkOnly => Self::NetworkOnly,
        }
    }
}

/// An answer for a name, in a line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    elapsed_us: u64,
    #[serde(flatten)]
    outcome: serde_json::Value,
}

pub(super) async fn run(
    arguments: Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Problem> {
    let kind = match &arguments.kind {
        Some(name) if zone::type_of(name).is_none() => {
            let what = format!("{name:?} is not a record type known here");
            return Err(Problem::new(Code::BadRequest, what));
        }
        Some(name) => Some(name.to_ascii_uppercase()),
        None => None,
    };
    let services = settings.services()?;
    let lookup = Lookup {
        resolver: services.resolver,
        policy: arguments.policy.into(),
        kind,
        private: settings.private_access(),
    };
    if arguments.stdin {
        lookup.all(lines(), output).await;
        return Ok(ExitCode::SUCCESS);
    }
    let mut code = ExitCode::SUCCESS;
    for (index, name) in arguments.names.iter().enumerate() {
        if index > 0 && !output.is_json() {
            output.line("");
        }
        let found = {
            let _progress = output.progress("asking the network");
            lookup.one(name).await
        };
        match found {
            Ok(resolution) => show(&resolution, output),
            Err(problem) if arguments.names.len() == 1 => return Err(problem),
            Err(problem) if output.is_json() => {
                let error = Output::described(&problem);
                output.json(&json!({ "name": name, "error": error }));
                code = ExitCode::FAILURE;
            }
            Err(problem) => code = output.failure(&problem),
        }
    }
    if arguments.watch {
        lookup.watch(&arguments.names, output).await?;
    }
    Ok(code)
}

fn lines() -> impl Stream<Item = String> {
    let lines = BufReader::new(tokio::io::stdin()).lines();
    stream::unfold(lines, |mut lines| async move {
        let line = lines.next_line().await.ok()??;
        Some((line, lines))
    })
}

struct Lookup {
    resolver: Resolver,
    policy: resolver::Policy,
    kind: Option<String>,
    private: PrivateAccess,
}

impl Lookup {
    async fn one(&self, name: &str) -> Result<Resolution, Problem> {
        let address =
            KeyAddress::parse(name).map_err(|error| Problem::new(Code::NotAKey, error))?;
        let route = self
            .resolver
            .route(
                &address.host,
                address.url.scheme(),
                self.policy,
                Priority::Page,
            )
            .await?;
        let mut resolution = Resolution::new(
            &address.host,
            &route,
            self.private.allows(address.host.key()),
        );
        if let Some(kind) = &self.kind {
            resolution.records.retain(|record| record.kind == *kind);
        }
        Ok(resolution)
    }

    async fn all(&self, names: impl Stream<Item = String>, output: &Output) {
        let answers = names
            .map(|name| async move {
                let started = Instant::now();
                let outcome = match self.one(name.trim()).await {
                    Ok(resolution) => json!(resolution),
                    Err(problem) => json!({ "error": Output::described(&problem) }),
                };
                let elapsed = started.elapsed().as_micros();
                (name, u64::try_from(elapsed).unwrap_or(u64::MAX), outcome)
            })
            .buffered(AT_ONCE);
        let mut answers = std::pin::pin!(answers);
        while let Some((name, elapsed_us, outcome)) = answers.next().await {
            output.json(&Line {
                name: name.trim(),
                elapsed_us,
                outcome,
            });
        }
    }

    /// Asks again whenever a packet expires, and shows what is newer.
    async fn watch(&self, names: &[String], output: &Output) -> Result<(), Problem> {
        let mut shown = Vec::new();
        for name in names {
            let address =
                KeyAddress::parse(name).map_err(|error| Problem::new(Code::NotAKey, error))?;
            let seq = self.one(name).await.ok().map(|found| found.seq);
            shown.push((name, *address.host.key(), seq));
        }
        let mut updates = self.resolver.updates();
        let mut again = tokio::time::interval(Duration::from_secs(60));
        again.tick().await;
        let mut asked = std::pin::pin!(stop::asked());
        loop {
            tokio::select! {
                () = &mut asked => return Ok(()),
                _ = again.tick() => {
                    for (_, key, _) in &shown {
                        // What it finds is announced.
                        _ = self.resolver.resolve(key, resolver::Policy::NetworkOnly).await;
                    }
                }
                _ = updates.recv() => {}
            }
            for (name, _, seq) in &mut shown {
                let Ok(found) = self.one(name).await else {
                    continue;
                };
                if seq.as_ref() != Some(&found.seq) {
                    *seq = Some(found.seq.clone());
                    if !output.is_json() {
                        output.line("");
                    }
                    show(&found, output);
                }
            }
        }
    }
}

fn show(resolution: &Resolution, output: &Output) {
    if output.is_json() {
        output.json(resolution);
        return;
    }
    let now = SystemTime::now();
    let at = |millis: i64| {
        UNIX_EPOCH
            .checked_add(Duration::from_millis(millis.unsigned_abs()))
            .unwrap_or(now)
    };
    output.line(format_args!("{STRONG}pk:{}{STRONG:#}", resolution.key));
    let seen = ago(at(resolution.seen_at), now);
    let source = match &resolution.source {
        Source::Dht { nodes: 1 } => "from a node of the DHT".to_owned(),
        Source::Dht { nodes } => format!("from {nodes} nodes of the DHT"),
        Source::Relay { url } => format!("from the relay {url}"),
        Source::Cache { .. } => format!("remembered, last seen {seen}"),
    };
    output.line(format_args!(
        "signed {}, {source}, fresh for {} s, {} of {MAX_VALUE} bytes",
        ago(at(resolution.signed_at), now),
        resolution.ttl,
        resolution.size
    ));
    if resolution.stale {
        output.line("stale: the network is slow or away, and there may be a newer packet");
    }
    if !resolution.warnings.is_empty() {
        output.line("warning: dated more than two hours ahead; its owner’s clock must be wrong");
    }
    for failure in &resolution.failures {
        let (source, reason) = (&failure.source, &failure.reason);
        output.line(format_args!(
            "{FAINT}no answer from {source}: {reason}{FAINT:#}"
        ));
    }
    output.line("");
    records::table(&resolution.records, &resolution.key, output);
    output.line("");
    if resolution.endpoints.is_empty() {
        output.line(format_args!("{} leads to no site", resolution.host));
    } else {
        output.line(format_args!("{} leads to", resolution.host));
    }
    for endpoint in &resolution.endpoints {
        output.line(format_args!("  {}", place(endpoint)));
    }
}

/// An endpoint as a person reads it.
pub(super) fn place(endpoint: &Endpoint) -> String {
    let port = |port: &Option<u16>| port.map(|port| format!(":{port}")).unwrap_or_default();
    match endpoint {
        Endpoint::Address {
            address,
            port: number,
            tls,
            allowed,
        } => {
            let address = if address.contains(':') && number.is_some() {
                format!("[{address}]")
            } else {
                address.clone()
            };
            let tls = if *tls { " (TLS with the key)" } else { "" };
            let allowed = if *allowed {
                ""
            } else {
                " (not opened: no public address)"
            };
            format!("{address}{}{tls}{allowed}", port(number))
        }
        Endpoint::Icann { name, port: number } => format!("https://{name}{}", port(number)),
    }
}
