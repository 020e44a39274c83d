//! Any datagram is read or refused, and what was read is the same after it was written.
//!
//! `tests/run fuzz`, or `cargo fuzz run --sanitizer none message`, in `native-host`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| pkarr_host::dht::fuzzing::message(bytes));
