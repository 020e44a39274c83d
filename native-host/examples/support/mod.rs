//! What the examples share: the network they work in.

use pkarr_host::dht::{Dht, DhtConfig};

/// What an example ends in: the first failure, in its own words.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The DHT whose first nodes `PKARR_BOOTSTRAP` names, separated by commas; else the public one.
pub(crate) fn dht() -> Dht {
    let config = match std::env::var("PKARR_BOOTSTRAP") {
        Ok(nodes) => DhtConfig {
            bootstrap: nodes.split(',').map(str::to_owned).collect(),
            ..DhtConfig::default()
        },
        Err(_) => DhtConfig::default(),
    };
    Dht::new(config)
}
