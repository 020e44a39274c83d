//! Shows the packet of a key, and each newer one when it turns up, until stopped:
//!
//! ```text
//! cargo run --example watch -- pk:o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy
//! ```
//!
//! The network announces nothing by itself, so it is asked once a minute, or every so many seconds
//! as a second argument says.

#![allow(clippy::print_stdout)]

mod support;

use std::time::Duration;

use pkarr_host::{
    key::KeyAddress,
    packet::SignedPacket,
    resolver::{Policy, Resolver},
    zone,
};
use support::Outcome;
use tokio::{sync::broadcast::error::RecvError, time::interval};

#[tokio::main]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().ok_or("usage: watch NAME [SECONDS]")?;
    let key = *KeyAddress::parse(&name)?.host.key();
    let pause = arguments.next().map_or(Ok(60), |text| text.parse())?;

    // Subscribed before the first question, so that nothing is missed between the two.
    let resolver = Resolver::new(support::dht());
    let mut updates = resolver.updates();
    show(&resolver.resolve(&key, Policy::NetworkOnly).await?.packet);

    let mut again = interval(Duration::from_secs(pause));
    loop {
        tokio::select! {
            // What this finds is announced; a failure may pass until the next time.
            _ = again.tick() => {
                _ = resolver.resolve(&key, Policy::NetworkOnly).await;
            }
            update = updates.recv() => match update {
                Ok(update) if update.key != key => {}
                Ok(_) | Err(RecvError::Lagged(_)) => {
                    show(&resolver.resolve(&key, Policy::CacheOnly).await?.packet);
                }
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

fn show(packet: &SignedPacket) {
    let values: Vec<_> = packet.records().iter().map(zone::value_text).collect();
    println!("{} {}", packet.seq(), values.join(", "));
}
