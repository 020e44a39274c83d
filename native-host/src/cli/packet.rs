//! `pkarr packet`: look at a signed packet without any network.

use std::{
    io::{self, Read},
    path::PathBuf,
    time::SystemTime,
};

use clap::{Args, Subcommand};
use data_encoding::HEXLOWER_PERMISSIVE as HEX;
use serde_json::json;

use super::{
    output::{Output, STRONG, ago},
    records,
};
use crate::{
    item::{MAX_VALUE, SignedItem},
    key::{KeyAddress, PublicKey},
    packet::{PacketError, SignedPacket},
    problem::{Code, Problem},
    view::RecordView,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a packet's signature and show its records
    Show(Source),
    /// Check a packet's signature; the exit code tells
    Verify(Source),
}

#[derive(Debug, Args)]
struct Source {
    /// Canonical bytes, or a relay payload with --key; raw or as hexadecimal digits; `-` for
    /// standard input
    file: PathBuf,
    /// The key that a relay payload is signed with, in any spelling
    #[arg(long)]
    key: Option<KeyAddress>,
    /// One line of JSON: {"key", "seq", "signedAt", "size", "records"}
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(super) fn json(&self) -> bool {
        match &self.command {
            Command::Show(source) | Command::Verify(source) => source.json,
        }
    }
}

pub(super) fn run(arguments: Arguments, output: &Output) -> Result<(), Problem> {
    let (source, show) = match arguments.command {
        Command::Show(source) => (source, true),
        Command::Verify(source) => (source, false),
    };
    let bytes = read(&source)?;
    let key = source.key.as_ref().map(|address| *address.host.key());
    let item = item(&bytes, key).map_err(|error| Problem::new(Code::BadSignature, error))?;
    let packet = SignedPacket::try_from(item).map_err(|error| match error {
        PacketError::NotDns { .. } => Problem::new(Code::NotAPacket, error),
        other => Problem::new(Code::Internal, other),
    })?;
    let key = packet.key();
    let views: Vec<RecordView> = RecordView::all(&packet);
    if output.is_json() {
        output.json(&json!({
            "key": key.to_string(),
            "seq": packet.seq().to_string(),
            "signedAt": packet.seq().unix_millis(),
            "size": packet.dns().len(),
            "records": views,
        }));
        return Ok(());
    }
    let now = SystemTime::now();
    let signed_at = packet.seq().time().unwrap_or(now);
    output.line(format_args!("{STRONG}{}{STRONG:#}", key.to_uri()));
    output.line(format_args!(
        "the signature is right; signed {}, {} of {MAX_VALUE} bytes",
        ago(signed_at, now),
        packet.dns().len()
    ));
    if show {
        output.line("");
        records::table(&views, &key.to_string(), output);
    }
    Ok(())
}

fn read(source: &Source) -> Result<Vec<u8>, Problem> {
    /// Hexadecimal digits of the longest packet, and some white space.
    const MOST: u64 = 8 * 1024;
    let mut bytes = Vec::new();
    let read = if source.file.as_os_str() == "-" {
        io::stdin().take(MOST).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(&source.file).and_then(|file| file.take(MOST).read_to_end(&mut bytes))
    };
    read.map_err(|error| {
        let file = source.file.display();
        Problem::new(
            Code::BadRequest,
            format!("can’t read the packet {file}: {error}"),
        )
    })?;
    let digits: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    Ok(HEX.decode(&digits).unwrap_or(bytes))
}

/// With a key, a relay payload or canonical bytes of that key; without one, canonical bytes.
fn item(bytes: &[u8], key: Option<PublicKey>) -> Result<SignedItem, crate::item::ItemError> {
    match key {
        Some(key) if !bytes.starts_with(key.as_bytes()) => {
            SignedItem::from_relay_payload(key, bytes)
        }
        _ => SignedItem::from_canonical(bytes),
    }
}
