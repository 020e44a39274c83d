//! Shows the records of a key, and where a name below it leads:
//!
//! ```text
//! cargo run --example resolve -- pk:o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy
//! ```

#![allow(clippy::print_stdout)]

mod support;

use pkarr_host::{
    endpoint::Target,
    key::KeyAddress,
    resolver::{Policy, Priority, Resolver},
    zone,
};
use support::Outcome;

#[tokio::main]
async fn main() -> Outcome {
    let name = std::env::args().nth(1).ok_or("usage: resolve NAME")?;

    // Any spelling: a bare key, `pk:…`, `www.<key>`, a URL.
    let address = KeyAddress::parse(&name)?;

    // The records of the key, and the places they name, also by way of other keys.
    let route = Resolver::new(support::dht())
        .route(
            &address.host,
            address.url.scheme(),
            Policy::CacheFirst,
            Priority::Page,
        )
        .await?;

    println!("records of {}", address.host.key().to_uri());
    for record in route.answer.packet.records() {
        let (name, kind) = (zone::name_text(record), zone::type_name(record));
        println!(
            "  {name} {} {kind} {}",
            record.ttl,
            zone::value_text(record)
        );
    }
    println!("{} leads to", address.host);
    for endpoint in &route.endpoints {
        // Where the records say nothing of a port, the URL does.
        let port = endpoint.port.or(address.url.port_or_known_default());
        let port = port.unwrap_or_default();
        match &endpoint.target {
            Target::Addresses(addresses) => println!("  {addresses:?} port {port}"),
            Target::Icann(name) => println!("  https://{name}:{port}"),
            other => println!("  {other:?}"),
        }
    }
    Ok(())
}
