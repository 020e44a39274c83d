//! HTTP/1.1 through the gateway, to the letter: RFC 9110 and RFC 9112, and what an attacker on
//! either side would try.
//!
//! Both sides are bytes on sockets. The site reads by the letter ([`wire`]), so a request that could
//! be taken for two, or for another one, fails the test that let it through.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod connections;
mod fields;
mod framing;
mod targets;
mod wire;
mod world;
