//! Options that all subcommands share, wherever they come from.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    time::Duration,
};

use clap::{
    Args,
    builder::{BoolishValueParser, FalseyValueParser},
};
use url::Url;

use crate::{
    dht::{Dht, DhtConfig},
    https::Https,
    key::KeyAddress,
    problem::{Code, Problem},
    publisher::Publisher,
    relays::{RelayLimits, Relays},
    resolver::{Resolver, ResolverConfig},
    settings::{Given, Settings},
    trust::Places,
};

/// The options as they are given; what is left out may stand in the configuration file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network and data")]
pub(super) struct Options {
    /// First nodes of the DHT to ask, instead of the public ones
    #[arg(
        long,
        global = true,
        env = "PKARR_BOOTSTRAP",
        value_name = "HOST:PORT",
        value_delimiter = ','
    )]
    bootstrap: Vec<String>,

    /// A relay to ask beside the DHT, instead of the public ones; may be repeated
    #[arg(
        long = "relay",
        global = true,
        env = "PKARR_RELAY",
        value_name = "URL",
        value_delimiter = ','
    )]
    relays: Vec<Url>,

    /// Ask no relays
    #[arg(long, global = true, env = "PKARR_NO_RELAYS", value_parser = FalseyValueParser::new())]
    no_relays: bool,

    /// How long the DHT may take, in milliseconds, before relays are asked too; 0 asks at once
    #[arg(long, global = true, env = "PKARR_RELAY_DELAY", value_name = "MS")]
    relay_delay: Option<u64>,

    /// This machine's public IPv4 address, for {external_ipv4} in zone files
    #[arg(
        long,
        global = true,
        env = "PKARR_EXTERNAL_IPV4",
        value_name = "ADDRESS"
    )]
    external_ipv4: Option<Ipv4Addr>,

    /// This machine's public IPv6 address, for {external_ipv6} in zone files
    #[arg(
        long,
        global = true,
        env = "PKARR_EXTERNAL_IPV6",
        value_name = "ADDRESS"
    )]
    external_ipv6: Option<Ipv6Addr>,

    /// How many keys are remembered on disk
    #[arg(long, global = true, env = "PKARR_CACHE_SIZE", value_name = "KEYS")]
    cache_size: Option<u64>,

    /// Whether an answer past its time is given where the network has none; it is, unless said otherwise
    #[arg(
        long,
        global = true,
        env = "PKARR_STALE",
        value_name = "BOOL",
        value_parser = BoolishValueParser::new()
    )]
    stale: Option<bool>,

    /// Let keys lead to this machine and to private networks
    #[arg(long, global = true, env = "PKARR_ALLOW_PRIVATE", value_parser = FalseyValueParser::new())]
    allow_private: bool,

    /// A key that may lead to this machine and to private networks; may be repeated
    #[arg(
        long,
        global = true,
        env = "PKARR_ALLOW_PRIVATE_FOR",
        value_name = "KEY",
        value_delimiter = ','
    )]
    allow_private_for: Vec<KeyAddress>,

    /// The folder for logs and what is kept
    #[arg(long, global = true, env = "PKARR_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// The configuration file
    #[arg(long, global = true, env = "PKARR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The parts of the house that most commands work with.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) dht: Dht,
    pub(super) resolver: Resolver,
    pub(super) publisher: Publisher,
}

impl From<Options> for Given {
    fn from(options: Options) -> Self {
        let Options {
            bootstrap,
            relays,
            no_relays,
            relay_delay,
            external_ipv4,
            external_ipv6,
            cache_size,
            stale,
            allow_private,
            allow_private_for,
            data_dir,
            config,
        } = options;
        Self {
            bootstrap,
            relays,
            no_relays,
            relay_delay,
            external_ipv4,
            external_ipv6,
            cache_size,
            stale,
            allow_private,
            allow_private_for,
            data_dir,
            config,
        }
    }
}

/// What these settings lead to.
impl Settings {
    /// `https://` for keys, in the browsers of the user who runs the program.
    pub(super) fn https(&self) -> Https {
        Https::new(&self.data_dir, Places::of_user())
    }

    /// How to take part in the DHT by these settings: asking only.
    pub(super) fn dht(&self) -> DhtConfig {
        DhtConfig {
            bootstrap: self.bootstrap.clone(),
            folder: Some(self.data_dir.clone()),
            ..DhtConfig::default()
        }
    }

    /// DHT, relays, cache, resolver and publisher as these settings have them.
    pub(super) fn services(&self) -> Result<Services, Problem> {
        self.services_in(self.dht())
    }

    /// The same, with this part in the DHT.
    pub(super) fn services_in(&self, dht: DhtConfig) -> Result<Services, Problem> {
        let dht = Dht::new(dht);
        let relays = if self.relays.is_empty() {
            None
        } else {
            let relays = Relays::new(self.relays.clone(), RelayLimits::default())
                .map_err(|error| Problem::new(Code::BadRequest, error))?;
            Some(relays)
        };
        let config = ResolverConfig {
            relay_delay: Duration::from_millis(self.relay_delay),
            stale: self.stale,
            ..ResolverConfig::default()
        };
        let resolver = Resolver::with(dht.clone(), relays.clone(), self.cache(), config);
        let publisher = Publisher::new(dht.clone(), relays, resolver.clone());
        Ok(Services {
            dht,
            resolver,
            publisher,
        })
    }
}
