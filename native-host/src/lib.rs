//! pkarr for the browser people already have.
//!
//! A pkarr name is a public key. Whoever holds the secret key owns the name: they sign DNS records
//! with it and publish them on the Mainline DHT. This crate finds those records, checks them and
//! makes use of them. From the ground up:
//!
//! - **What it is** (pure, no I/O): [`key`], [`item`], [`packet`], [`zone`], [`endpoint`],
//!   [`address`], [`meaning`], [`art`], and [`problem`], the words in which failures are told.
//! - **Where it comes from**: [`dht`], [`relays`], [`cache`], [`keystore`], [`tls`], the connection
//!   that proves a key, [`authority`], the certificates that browsers want instead, and [`trust`],
//!   the stores in which they look whom to believe, [`system_proxy`].
//! - **What to do**: [`settings`] says how, [`resolver`] decides what is current, [`publisher`] writes,
//!   [`https`] switches `https://` on and off, [`browsers`] makes all of it known to browsers,
//!   [`checkup`] finds out what is wrong.
//! - **Who asks**: [`gateway`] speaks HTTP to browsers for key hosts, [`messaging`] speaks to the
//!   extension, [`site`] serves a key’s own web site, [`server`] answers everybody else as relay and
//!   in DNS, [`cli`] speaks to people.
//!
//! Each layer uses those above it in this list and none below.
//!
//! # From a key to a place
//!
//! A site in a DHT of its own on this machine. `DhtConfig::default()` is the public one.
//!
//! ```
//! use pkarr_host::{
//!     dht::{Dht, DhtConfig, Testnet},
//!     endpoint::Target,
//!     key::{KeyHost, KeyPair},
//!     publisher::{Changes, Publisher},
//!     resolver::{Policy, Priority, Resolver},
//!     zone,
//! };
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let testnet = Testnet::start(5).await?;
//! let dht = Dht::new(DhtConfig {
//!     bootstrap: testnet.bootstrap().to_vec(),
//!     ..DhtConfig::default()
//! });
//!
//! // The owner makes a key, writes records and publishes them.
//! let pair = KeyPair::generate()?;
//! let records = zone::parse("www 300 A 203.0.113.7", &pair.public())?;
//! let publisher = Publisher::new(dht.clone(), None, Resolver::new(dht.clone()));
//! let published = publisher.publish(&pair, &Changes::set(records)).await?;
//! assert_eq!(published.stored.nodes(), 5);
//!
//! // A reader has the key from somewhere, and finds what its owner signed.
//! let key = pair.public();
//! let resolver = Resolver::new(dht);
//! let answer = resolver.resolve(&key, Policy::CacheFirst).await?;
//! assert_eq!(answer.packet, published.packet);
//!
//! // Where a page of the site is to be had.
//! let host = KeyHost::parse(&format!("www.{key}"))?;
//! let route = resolver
//!     .route(&host, "http", Policy::CacheFirst, Priority::Page)
//!     .await?;
//! let address = "203.0.113.7".parse()?;
//! assert_eq!(route.endpoints[0].target, Target::Addresses(vec![address]));
//! # Ok(())
//! # }
//! ```
//!
//! There is more in the crate’s `examples` folder: publishing with a key file, resolving, fetching
//! a page, watching a key and keeping one published.

pub mod address;
pub mod art;
pub mod authority;
pub mod browsers;
pub mod cache;
pub mod checkup;
pub mod cli;
mod command;
mod connections;
pub mod dht;
pub mod endpoint;
mod folders;
pub mod gateway;
mod http_fields;
pub mod https;
pub mod item;
pub mod key;
pub mod keystore;
pub mod meaning;
pub mod messaging;
pub mod packet;
mod private;
pub mod problem;
pub mod publisher;
mod recent;
pub mod relays;
pub mod resolver;
pub mod server;
pub mod settings;
pub mod site;
pub mod system_proxy;
mod tasks;
pub mod tls;
pub mod trust;
mod turns;
pub mod view;
mod web_socket;
pub mod zone;

/// The DNS types that records are made of.
pub use simple_dns;
