//! Publishes records under a key, which is made when its file is not there yet:
//!
//! ```text
//! cargo run --example publish -- site.key '@ 300 A 203.0.113.7'
//! ```

#![allow(clippy::print_stdout)]

mod support;

use std::{io, path::Path};

use pkarr_host::{
    key::KeyPair,
    keystore,
    publisher::{Changes, Publisher},
    resolver::Resolver,
    zone,
};
use support::Outcome;

#[tokio::main]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(text)) = (arguments.next(), arguments.next()) else {
        return Err("usage: publish KEY_FILE ZONE_TEXT".into());
    };
    let pair = key_in(Path::new(&file))?;

    // Names in zone text are relative to the key.
    let records = zone::parse(&text, &pair.public())?;

    // Records under the key with another name or type stay: a publisher reads before it writes.
    let dht = support::dht();
    let publisher = Publisher::new(dht.clone(), None, Resolver::new(dht));
    let published = publisher.publish(&pair, &Changes::set(records)).await?;

    let (size, most) = published.size();
    println!("{}", pair.public().to_uri());
    println!("signed as number {}", published.packet.seq());
    println!("stored on {} nodes", published.stored.nodes());
    println!("{size} of {most} bytes, {} records kept", published.kept);
    Ok(())
}

/// The key in a file, a new one where there is no file.
fn key_in(file: &Path) -> Outcome<KeyPair> {
    if file.exists() {
        let no_passphrase = || Err(io::Error::other("this example asks for none"));
        return Ok(keystore::read(file, no_passphrase)?);
    }
    let pair = KeyPair::generate()?;
    keystore::create(file, &pair, None)?;
    Ok(pair)
}
