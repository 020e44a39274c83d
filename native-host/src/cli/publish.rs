//! `pkarr publish`: sign records and hand them to the network.

use std::{fs, path::PathBuf};

use clap::Args;
use serde_json::json;

use super::{
    options::Settings,
    output::{FAINT, Output, STRONG},
    passphrase::Passphrase,
};
use crate::{
    keystore,
    problem::{Code, Problem},
    publisher::{Existing, Publisher},
    resolver::Resolver,
    zone,
};

/// Records under the key that are not in the zone file stay as they are, unless they have the name
/// and type of one that is.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The key file to sign with
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
    /// The records, as a zone file (RFC 1035) with names relative to the key; `-` for standard
    /// input. For example: `@ 300 A 203.0.113.7`
    zone_file: PathBuf,
    /// Drop the records that are published now and not in the zone file
    #[arg(long)]
    replace: bool,
    /// One line of JSON: {"key", "uri", "seq", "storedNodes", "size", "maxSize", "records", "kept"}
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(
    arguments: Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let pair = keystore::read(&arguments.key, || arguments.passphrase.ask())?;
    let path = arguments.zone_file.display();
    let text = if arguments.zone_file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        fs::read_to_string(&arguments.zone_file)
    }
    .map_err(|error| {
        Problem::new(
            Code::BadRequest,
            format!("can’t read the zone file {path}: {error}"),
        )
    })?;
    let records = zone::parse(&text, &pair.public()).map_err(|error| {
        Problem::new(
            Code::BadRequest,
            format!("the zone file {path} is wrong: {error}"),
        )
    })?;
    let existing = if arguments.replace {
        Existing::Drop
    } else {
        Existing::Keep
    };
    let dht = settings.dht();
    let publisher = Publisher::new(dht.clone(), Resolver::new(dht));
    let published = {
        let _progress = output.progress("publishing: reading what is there, then storing");
        publisher.publish(&pair, &records, existing).await?
    };
    let (size, most) = published.size();
    let key = pair.public();
    let all = published.packet.records().len();
    if output.is_json() {
        output.json(&json!({
            "key": key.to_string(),
            "uri": key.to_uri(),
            "seq": published.packet.seq().to_string(),
            "storedNodes": published.stored,
            "size": size,
            "maxSize": most,
            "records": all,
            "kept": published.kept,
        }));
        return Ok(());
    }
    output.line(format_args!("{STRONG}{}{STRONG:#}", key.to_uri()));
    output.line(format_args!(
        "published {all} records ({size} of {most} bytes), stored on {} nodes",
        published.stored
    ));
    if published.kept > 0 {
        output.line(format_args!(
            "{FAINT}{} of them were there before and were kept; --replace drops them{FAINT:#}",
            published.kept
        ));
    }
    output.line(format_args!(
        "{FAINT}Nodes forget records after some hours: publish again before that.{FAINT:#}"
    ));
    Ok(())
}
