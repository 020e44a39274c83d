//! `pkarr serve`: a relay, DNS over HTTPS and DNS.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{options::Options, output::Output, stop};
use crate::{
    cache::Cache,
    connections::Listen,
    dht::{Dht, DhtConfig},
    folders,
    problem::{Code, Problem},
    relays::{RelayLimits, Relays},
    server::{self, Addresses, Behind, Server, Watch, cache_limits, config, config::Config},
    settings::{Configuration, Given, Name, Settings},
};

/// Where the system's administrator puts the file on Unix. Windows has no such place by that name: there
/// it would be on whatever drive is in use, where anybody may put it.
const SYSTEM_FILE: &str = "/etc/pkarr/serve.toml";

#[derive(Debug, Args)]
#[command(after_long_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Where to serve HTTP without TLS, instead of what the file says; may be repeated
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Vec<Listen>,
    /// Where to answer DNS, instead of what the file says; may be repeated
    #[arg(long, value_name = "ADDR:PORT")]
    dns_listen: Vec<Listen>,
    /// Only look whether the configuration is right, with the files it names
    #[arg(long, conflicts_with = "print_config")]
    check: bool,
    /// Write the defaults, with a word on each, as a file to begin with
    #[arg(long)]
    print_config: bool,
    /// One line of JSON when it listens: {"http", "https", "dns"}; with --check: {"file", "ok"}
    #[arg(long)]
    pub(super) json: bool,
}

const AFTER_HELP: &str = "\
Configuration:
  One file, serve.toml, in the configuration folder or (not on Windows) /etc/pkarr, or the one that
  --config names.
  Without one the server listens on this machine only. `pkarr serve --print-config` writes the
  defaults. Changes take effect at once, or with SIGHUP; what can’t is told in the log.

Signals:
  HUP   read configuration and certificate again
  TERM  stop: /readyz says so, requests that have begun are finished

Examples:
  pkarr serve
  curl -X PUT --data-binary @packet http://127.0.0.1:6881/<key>
  pkarr serve --check --config /etc/pkarr/serve.toml
  pkarr serve --listen :80";

/// What the server is configured by.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The file, where there is one.
    file: Option<PathBuf>,
    config: Config,
    /// The files as they were when they were read, or before.
    watch: Watch,
}

impl Arguments {
    /// Whether it can do without a configuration.
    pub(super) fn is_about_the_file(&self) -> bool {
        self.print_config
    }

    /// Reads the server's configuration. The file that `--config` names is the server's own; what
    /// it says of the network gives way to options.
    pub(super) fn load(&self, options: Options) -> Result<(Loaded, Given), Problem> {
        let mut given: Given = options.into();
        let file = match given.config.take() {
            Some(named) => Some(named),
            None => found(),
        };
        let (config, watch) = self.read(file.as_deref())?;
        let network = &config.network;
        if given.bootstrap.is_empty() {
            given.bootstrap = network.bootstrap.clone().unwrap_or_default();
        }
        match &network.relays {
            Some(relays) if relays.is_empty() => given.no_relays |= given.relays.is_empty(),
            Some(relays) if given.relays.is_empty() => given.relays = relays.clone(),
            _ => {}
        }
        given.data_dir = given.data_dir.or_else(|| network.data_dir.clone());
        let loaded = Loaded {
            file,
            config,
            watch,
        };
        Ok((loaded, given))
    }

    /// The configuration of a file, with what options say, and what to watch for changes since.
    fn read(&self, file: Option<&Path>) -> Result<(Config, Watch), config::ConfigError> {
        let mut watch = Watch::new(file.map(Path::to_owned));
        let mut config = match file {
            Some(file) => Config::read(file)?,
            None => Config::default(),
        };
        if !self.listen.is_empty() {
            config.http.listen = self.listen.clone();
        }
        if !self.dns_listen.is_empty() {
            config.dns.listen = self.dns_listen.clone();
        }
        watch.add(config.files());
        Ok((config, watch))
    }
}

/// The file that is there without being named.
fn found() -> Option<PathBuf> {
    let own = folders::config().map(|folder| folder.join("serve.toml"));
    let of_system = cfg!(unix).then(|| PathBuf::from(SYSTEM_FILE));
    let files = own.into_iter().chain(of_system);
    files.into_iter().find(|file| file.exists())
}

/// Writes the defaults.
pub(super) fn print_config(output: &Output) {
    output.line(config::COMMENTED.trim_end());
}

pub(super) async fn run(
    arguments: Arguments,
    loaded: Loaded,
    configuration: &Configuration,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let Loaded {
        file,
        config,
        watch,
    } = loaded;
    if arguments.check {
        return check(file.as_deref(), &config, output);
    }
    let relays = relays(configuration, settings)?;
    // Not the folder of this user's browsers: there are other limits, and others' keys.
    let folder = settings.data_dir.join("serve");
    let cache = Cache::open(&folder.join("cache.db"), cache_limits(&config));
    let behind = Behind::start().map_err(|error| Problem::new(Code::Internal, error))?;
    let dht = DhtConfig {
        folder: Some(folder),
        runtime: Some(behind.handle().clone()),
        ..settings.dht()
    };
    let dht = match config.network.dht_server {
        None => Dht::new(dht),
        Some(address) => {
            let dht = Dht::new(dht.serving_at(Some(address)));
            let opened = dht.local_addresses().await;
            opened.map_err(|error| Problem::new(Code::BadRequest, error))?;
            dht
        }
    };
    let server = Server::start(dht, relays, cache, config)
        .await
        .map_err(Problem::from)?;
    // Whoever is told that it is ready may say stop at once.
    let (mut end, mut hang_up) = (stop::end(), stop::hang_up());
    tell(server.addresses(), file.as_deref(), output);
    server::notify("READY=1");
    let reload = || arguments.read(file.as_deref());
    tokio::select! {
        () = end.asked() => {}
        () = follow_files(&server, watch, reload, &mut hang_up) => {}
    }
    server::notify("STOPPING=1");
    tracing::info!("stopping");
    tokio::select! {
        () = server.stop() => {}
        // Who asks twice is in a hurry.
        () = end.asked() => {}
    }
    Ok(())
}

/// Relays that somebody has named; the public ones are what this server is one of.
fn relays(configuration: &Configuration, settings: &Settings) -> Result<Option<Relays>, Problem> {
    let chosen = configuration.fixed().contains(&Name::Relays)
        || configuration.chosen()?.contains(&Name::Relays);
    if !chosen || settings.relays.is_empty() {
        return Ok(None);
    }
    Relays::new(settings.relays.clone(), RelayLimits::default())
        .map(Some)
        .map_err(|error| Problem::new(Code::BadRequest, error))
}

fn check(file: Option<&Path>, config: &Config, output: &Output) -> Result<(), Problem> {
    server::check(config)?;
    if output.is_json() {
        output.json(&json!({ "file": file, "ok": true }));
        return Ok(());
    }
    match file {
        Some(file) => output.line(format_args!("{} is right.", file.display())),
        None => output.line("There is no configuration file, and none is needed."),
    }
    Ok(())
}

fn tell(addresses: &Addresses, file: Option<&Path>, output: &Output) {
    let Addresses {
        http, https, dns, ..
    } = addresses;
    if output.is_json() {
        output.json(&json!({ "http": http, "https": https, "dns": dns }));
        return;
    }
    match file {
        Some(file) => output.line(format_args!("Configured by {}.", file.display())),
        None => output.line("No configuration file: serving this machine, with the defaults."),
    }
    for address in http {
        output.line(format_args!("  relay, DNS over HTTPS  http://{address}/"));
    }
    for address in https {
        output.line(format_args!("  relay, DNS over HTTPS  https://{address}/"));
    }
    for address in dns {
        output.line(format_args!("  DNS                    {address}"));
    }
    output.line("Ctrl-C stops it.");
}

/// Lets the server go by what its files say, for ever.
async fn follow_files(
    server: &Server,
    mut watched: Watch,
    read: impl Fn() -> Result<(Config, Watch), config::ConfigError>,
    hang_up: &mut stop::HangUp,
) {
    loop {
        tokio::select! {
            () = hang_up.next() => {}
            () = watched.changed() => {}
        }
        match read() {
            Ok((config, watch)) => {
                watched = watch;
                match server.reload(config) {
                    Ok(fixed) if fixed.is_empty() => tracing::info!("configuration read again"),
                    Ok(fixed) => tracing::warn!(
                        "configuration read again; changes with the next start: {}",
                        fixed.join(", ")
                    ),
                    Err(error) => tracing::error!(%error, "going on as before"),
                }
            }
            Err(error) => tracing::error!(%error, "going on as before"),
        }
    }
}
