//! The server's DNS over real sockets: UDP, TCP and HTTP, with bytes and with the programs people
//! use.
//!
//! [`conformance`] goes through the RFCs, a row per rule. The key's records are put into the
//! server's cache with the age a test needs, and who else is asked, upstream and name servers, is a
//! server of the test's own ([`others`]).

#![allow(clippy::expect_used, clippy::unwrap_used)]

mod clients;
mod conformance;
mod doh;
mod following;
mod hostile;
mod others;
mod streams;
mod world;
