//! pkarr for the browser people already have.
//!
//! A pkarr name is a public key. Whoever holds the secret key owns the name: they sign DNS records
//! with it and publish them on the Mainline DHT. This crate finds those records, checks them and
//! makes use of them. From the ground up:
//!
//! - **What it is** (pure, no I/O): [`key`], [`item`], [`packet`], [`zone`], [`endpoint`], [`address`], and [`problem`],
//!   the words in which failures are told.
//! - **Where it comes from**: [`dht`], [`relays`], [`cache`], [`keystore`].
//! - **What to do**: [`resolver`] decides what is current, [`publisher`] writes.
//! - **Who asks**: [`gateway`] speaks HTTP to browsers for key hosts, [`messaging`] speaks to the
//!   extension, [`cli`] to people.
//!
//! Each layer uses those above it in this list and none below.

pub mod address;
pub mod cache;
pub mod cli;
pub mod dht;
pub mod endpoint;
pub mod gateway;
pub mod item;
pub mod key;
pub mod keystore;
pub mod messaging;
pub mod packet;
pub mod problem;
pub mod publisher;
pub mod relays;
pub mod resolver;
pub mod view;
pub mod zone;
