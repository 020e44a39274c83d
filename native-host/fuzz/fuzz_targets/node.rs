//! A node that serves, with a lookup under way, is sent anything at any time.
//!
//! `tests/run fuzz`, or `cargo fuzz run --sanitizer none node`, in `native-host`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| pkarr_host::dht::fuzzing::node(bytes));
