//! Native messaging: how the extension and the program talk.
//!
//! The browser starts the program and keeps a pipe to it open; each message is a length and that
//! many bytes of JSON ([`framing`]). Over it both speak JSON-RPC 2.0 ([`protocol`]). The pipe is
//! the [`session`]: it begins with a hello, in which each side names its version and what it can
//! do, and when the browser closes it the program leaves.
//!
//! Nothing but messages may ever be written to standard output.

pub mod framing;
pub mod protocol;
pub mod session;
mod settings;
