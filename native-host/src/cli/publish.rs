//! `pkarr publish`: sign records and hand them to the network.

use std::{fs, path::PathBuf};

use clap::Args;
use serde_json::json;
use simple_dns::{Name, TYPE};

use super::{
    options::Settings,
    output::{FAINT, Output, STRONG},
    passphrase::Passphrase,
};
use crate::{
    key::PublicKey,
    keystore,
    packet::owner_name,
    problem::{Code, Problem},
    publisher::{Changes, Existing, Publisher},
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
    #[arg(required_unless_present_any = ["set", "remove", "replace"])]
    zone_file: Option<PathBuf>,
    /// A record to publish, as a line of a zone file: 'www 300 A 203.0.113.7'; may be repeated
    #[arg(long, value_name = "RECORD")]
    set: Vec<String>,
    /// A name to remove, or its records of one type: 'www' or 'www A'; may be repeated
    #[arg(long, value_name = "NAME [TYPE]")]
    remove: Vec<String>,
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
    let changes = changes(&arguments, &pair.public())?;
    let dht = settings.dht();
    let publisher = Publisher::new(dht.clone(), Resolver::new(dht));
    let published = {
        let _progress = output.progress("publishing: reading what is there, then storing");
        publisher.publish(&pair, &changes).await?
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

/// What is to change, by zone file and options.
fn changes(arguments: &Arguments, key: &PublicKey) -> Result<Changes, Problem> {
    let wrong = |text: String| Problem::new(Code::BadRequest, text);
    let mut set = Vec::new();
    if let Some(path) = &arguments.zone_file {
        let name = path.display();
        let text = if path.as_os_str() == "-" {
            std::io::read_to_string(std::io::stdin())
        } else {
            fs::read_to_string(path)
        }
        .map_err(|error| wrong(format!("can’t read the zone file {name}: {error}")))?;
        set = zone::parse(&text, key)
            .map_err(|error| wrong(format!("the zone file {name} is wrong: {error}")))?;
    }
    for line in &arguments.set {
        let records = zone::parse(line, key)
            .map_err(|error| wrong(format!("the record {line:?} is wrong: {error}")))?;
        set.extend(records);
    }
    let remove = arguments
        .remove
        .iter()
        .map(|text| {
            removal(text, key)
                .ok_or_else(|| wrong(format!("{text:?} is not a name, or a name and a type")))
        })
        .collect::<Result<_, _>>()?;
    Ok(Changes {
        set,
        remove,
        existing: if arguments.replace {
            Existing::Drop
        } else {
            Existing::Keep
        },
    })
}

fn removal(text: &str, key: &PublicKey) -> Option<(Name<'static>, Option<TYPE>)> {
    let mut words = text.split_whitespace();
    let name = owner_name(words.next()?, key).ok()?;
    let kind = match words.next() {
        Some(word) => Some(zone::type_of(word)?),
        None => None,
    };
    words.next().is_none().then_some((name, kind))
}
