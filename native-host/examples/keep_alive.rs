//! Keeps a key published, anybody's: looks up its newest packet and puts it again, as it is:
//!
//! ```text
//! cargo run --example keep_alive -- pk:o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy kept.db
//! ```
//!
//! This does one round. `Keeper::run` goes on for ever, round after round.

#![allow(clippy::print_stdout)]

mod support;

use std::{path::Path, time::SystemTime};

use pkarr_host::{
    cache::{Cache, Limits, Whose},
    key::KeyAddress,
    publisher::{
        Publisher,
        keeper::{Keeper, Republished},
    },
    resolver::{Policy, Resolver, ResolverConfig},
    zone::External,
};
use support::Outcome;

#[tokio::main]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: keep_alive NAME CACHE_FILE".into());
    };
    let key = *KeyAddress::parse(&name)?.host.key();

    // Which keys are kept stands in the cache file, for every process that opens it.
    let cache = Cache::open(Path::new(&file), Limits::default());
    let dht = support::dht();
    let resolver = Resolver::with(dht.clone(), None, cache.clone(), ResolverConfig::default());
    let newest = resolver.resolve(&key, Policy::NetworkOnly).await?.packet;

    // Pinned, and due at once.
    let now = SystemTime::now();
    let item = newest.item().clone();
    cache.keep_alive(item, Whose::Foreign, now).await?;

    let keeper = Keeper::new(Publisher::new(dht, None, resolver), External::default());
    keeper.round(SystemTime::now(), &mut tell).await;
    Ok(())
}

fn tell(done: &Republished) {
    match &done.outcome {
        Ok(stored) => println!("{} is on {} nodes", done.key.to_uri(), stored.nodes()),
        Err(error) => println!("{} could not be put: {error}", done.key.to_uri()),
    }
}
