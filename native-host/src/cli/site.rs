//! What `pkarr proxy` and `pkarr serve-dir` have in common: a site of one's own.

use std::{net::IpAddr, path::PathBuf};

use clap::Args;
use serde_json::json;

use super::{
    options::Services,
    output::{FAINT, Output, STRONG},
    passphrase::Passphrase,
    records, stop,
};
use crate::{
    key::KeyPair,
    keystore,
    packet::{SignedPacket, owner_name},
    problem::{Code, Problem},
    publisher::Published,
    settings::Settings,
    site::{Addresses, Announcer, Content, Listen, Site, SiteLimits, SiteRecords},
    view::RecordView,
};

/// Which key, where, and what is published of it.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The key file of the site
    #[arg(long, value_name = "FILE")]
    pub(super) key: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
    /// Where to listen for readers; `:443` listens at all addresses of this machine, port 0 lets
    /// the system choose. As it stands, only this machine can connect
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8443")]
    listen: Listen,
    /// An address that leads here, to be published; may be repeated. Without it: --external-ipv4
    /// and --external-ipv6, else the address of --listen where that is a public one or this
    /// machine’s own, else what nodes of the DHT say
    #[arg(long, value_name = "IP")]
    address: Vec<IpAddr>,
    /// The name below the key, such as `www`
    #[arg(long, value_name = "NAME", default_value = "@")]
    name: String,
    /// Publish nothing: the records are looked after elsewhere
    #[arg(long, conflicts_with = "address")]
    no_publish: bool,
    /// One line of JSON when all is ready: {"key", "url", "listen", "records", "storedNodes"}
    #[arg(long)]
    pub(super) json: bool,
}

/// Serves `content`, which is told as `what`, until stopped.
pub(super) async fn run(
    options: Options,
    content: Content,
    what: &str,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let pair = keystore::read(&options.key, || options.passphrase.ask())?;
    let name = owner_name(&options.name, &pair.public())
        .map_err(|error| Problem::new(Code::BadRequest, error))?;
    let url = format!("https://{name}/");
    let site = Site::start(&pair, options.listen, content, SiteLimits::default()).await?;
    let told = Told {
        pair: &pair,
        url,
        what,
        site: &site,
        output: *output,
    };
    if options.no_publish {
        told.ready(None);
        stop::asked().await;
        site.stop().await;
        return Ok(());
    }
    let Services { dht, publisher, .. } = settings.services()?;
    let (mut announcer, published) = {
        let _progress = output.progress("publishing: reading what is there, then storing");
        let local = site.address();
        let external = settings.external();
        let addresses = Addresses::find(&options.address, external, local, &dht).await?;
        let place = SiteRecords {
            name,
            port: local.port(),
            addresses,
        };
        let key_file = Some(options.key);
        let announcer = Announcer::new(pair.clone(), key_file, place, publisher, external)?;
        let published = announcer.publish().await?;
        (announcer, published)
    };
    told.ready(Some((&published, announcer.records())));
    tokio::select! {
        () = announcer.keep() => {}
        () = stop::asked() => {}
    }
    announcer.end().await;
    site.stop().await;
    Ok(())
}

struct Told<'a> {
    pair: &'a KeyPair,
    url: String,
    what: &'a str,
    site: &'a Site,
    output: Output,
}

impl Told<'_> {
    fn ready(&self, published: Option<(&Published, &SiteRecords)>) {
        let key = self.pair.public();
        let listen = self.site.address();
        let records = published
            .map(|(published, records)| own(&published.packet, records))
            .unwrap_or_default();
        let nodes = published.map(|(published, _)| published.stored.nodes());
        let output = self.output;
        if output.is_json() {
            output.json(&json!({
                "key": key.to_string(),
                "url": self.url,
                "listen": listen.to_string(),
                "records": records,
                "storedNodes": nodes,
            }));
            return;
        }
        output.line(format_args!("{STRONG}{}{STRONG:#}", key.to_uri()));
        output.line(format_args!("{} serves {}", self.url, self.what));
        output.line(format_args!("listens at {listen}"));
        if let Some(nodes) = nodes {
            output.line(format_args!("published, stored on {nodes} nodes:"));
            records::table(&records, &key.to_string(), &output);
        }
        if listen.ip().is_loopback() {
            output.line(format_args!(
                "{FAINT}Only this machine can connect; `--listen :443` lets all others.{FAINT:#}"
            ));
        }
        output.line("Ctrl-C stops it.");
    }
}

/// The site's own records in a packet that may have others.
fn own(packet: &SignedPacket, records: &SiteRecords) -> Vec<RecordView> {
    let all = RecordView::all(packet).into_iter();
    all.zip(packet.records())
        .filter(|(_, record)| records.has(record))
        .map(|(view, _)| view)
        .collect()
}
