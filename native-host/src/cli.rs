//! The command line: one file a subcommand.
//!
//! Answers go to standard output, as text for people or with `--json` as one line of JSON;
//! everything else goes to standard error. A failure is one sentence of what happened and one of
//! what to do, with its stable code, and the exit code 1; a call that can't be understood exits
//! with 2.
//!
//! Browsers start the same program as their native messaging host. They give no subcommand, but
//! arguments of their own, by which it knows them.

mod ask;
mod cache;
mod complete;
mod config;
mod daemon;
mod doctor;
mod endpoints;
mod gateway;
mod history;
mod https;
mod install;
mod key;
mod native_host;
mod options;
mod output;
mod packet;
mod passphrase;
mod pin;
mod proxy;
mod publish;
mod records;
mod repair;
mod resolve;
mod serve;
mod serve_dir;
mod site;
mod status;
mod stop;
mod testnet;
mod uninstall;

use std::{ffi::OsString, io::IsTerminal, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use self::{options::Options, output::Output};
use crate::{
    problem::{Code, Problem},
    settings::Configuration,
};

/// pkarr names in the browser people already have: a name is a public key, its records come from
/// the Mainline DHT, and its signature is checked on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "pkarr",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(after_long_help = AFTER_HELP)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Configuration file:
  The same settings can stand in a file, by default config.toml in the configuration folder
  (on Linux ~/.config/pkarr/config.toml). What is given as an option wins over the environment,
  and that over the file. `pkarr config set` changes the file, `pkarr config path` says where it is.

    bootstrap = [\"203.0.113.7:6881\"]
    relays = [\"https://relay.example\"]
    relay-delay = 250
    cache-size = 10000
    stale = true
    external-ipv4 = \"203.0.113.7\"
    data-dir = \"/var/lib/pkarr\"
    allow-private = false
    allow-private-for = []

Exit codes:
  0  done
  1  it could not be done; standard error says why, with a stable code in brackets
  2  the call itself is wrong

Examples:
  pkarr install
  pkarr key new site.key
  pkarr serve-dir --key site.key public --listen :443
  pkarr publish --key site.key site.zone
  pkarr resolve pk:o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy
  pkarr gateway --listen 127.0.0.1:8118 &
  curl -x http://127.0.0.1:8118 http://o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy/";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make pkarr known to your browsers
    Install(install::Arguments),
    /// Take away what install has made
    Uninstall(uninstall::Arguments),
    /// Make a key, show the public half of one, bring one from elsewhere
    Key(key::Arguments),
    /// Look at a signed packet in a file
    Packet(packet::Arguments),
    /// Publish the records of a zone file under a key
    Publish(publish::Arguments),
    /// Serve a web server’s site under a key, with TLS and records
    Proxy(proxy::Arguments),
    /// Serve a folder as the site of a key, with TLS and records
    ServeDir(serve_dir::Arguments),
    /// Show what is published under a key, and where a name leads
    Resolve(resolve::Arguments),
    /// Keep a key of somebody else published
    Pin(pin::Key),
    /// Keep a key published no longer
    Unpin(pin::Key),
    /// List the keys that are kept published
    Kept(pin::List),
    /// Keep keys published, without a browser, until stopped
    Daemon(daemon::Arguments),
    /// Show what changed under a key
    History(history::Arguments),
    /// Show how the network is doing
    Status(status::Arguments),
    /// Show what is remembered, or forget it
    Cache(cache::Arguments),
    /// Show the settings, or change the configuration file
    Config(config::Arguments),
    /// Find out what is wrong, and what to do about it
    Doctor(doctor::Arguments),
    /// Show where a URL leads, one place a line
    Endpoints(endpoints::Arguments),
    /// Serve others: a relay, DNS over HTTPS and DNS
    Serve(serve::Arguments),
    /// Run the gateway alone: an HTTP proxy for key hosts, for any program
    Gateway(gateway::Arguments),
    /// Switch https:// on or off for keys in the browsers of this user
    Https(https::Arguments),
    /// Run a DHT of several nodes on this machine, to try things
    Testnet(testnet::Arguments),
    /// Speak native messaging on standard input and output, as browsers start it
    NativeHost,
    /// Write a completion script for a shell
    Completions(complete::Completions),
    /// Write manual pages
    Man(complete::Man),
}

/// How long the tasks may take to write down what they have learnt when the program ends.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_millis(500);

/// Runs the program and gives its exit code.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if native_host::started_by_browser(&arguments) {
        // Only the name: what browsers add is for us to recognise, not to parse.
        return start(Arguments::parse_from(["pkarr", "native-host"]));
    }
    start(Arguments::parse())
}

fn start(arguments: Arguments) -> ExitCode {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    // A server has the machine to itself; all else runs beside what people do.
    if !matches!(arguments.command, Command::Serve(_)) {
        builder.worker_threads(2);
    }
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let problem = Problem::new(Code::Internal, error);
            return Output::new(false).failure(&problem);
        }
    };
    let code = runtime.block_on(run(arguments));
    // What the tasks write down at their end is waited for, and not what is still being looked up.
    runtime.shutdown_timeout(LAST_WORDS);
    code
}

async fn run(arguments: Arguments) -> ExitCode {
    let Arguments { options, command } = arguments;
    let json = match &command {
        Command::Key(arguments) => arguments.json(),
        Command::Packet(arguments) => arguments.json(),
        Command::Publish(arguments) => arguments.json,
        Command::Proxy(arguments) => arguments.site.json,
        Command::ServeDir(arguments) => arguments.site.json,
        Command::Resolve(arguments) => arguments.json,
        Command::Gateway(arguments) => arguments.json,
        Command::Serve(arguments) => arguments.json,
        Command::Testnet(arguments) => arguments.json,
        Command::Endpoints(arguments) => arguments.json,
        Command::Pin(arguments) | Command::Unpin(arguments) => arguments.json,
        Command::Kept(arguments) => arguments.json,
        Command::Daemon(arguments) => arguments.json,
        Command::History(arguments) => arguments.json,
        Command::Status(arguments) => arguments.json,
        Command::Cache(arguments) => arguments.json(),
        Command::Config(arguments) => arguments.json(),
        Command::Doctor(arguments) => arguments.json,
        Command::Https(arguments) => arguments.json(),
        Command::Install(arguments) => arguments.json,
        Command::Uninstall(arguments) => arguments.json,
        Command::NativeHost | Command::Completions(_) | Command::Man(_) => false,
    };
    let output = Output::new(json);
    let (mut served, given) = match &command {
        Command::Serve(arguments) if arguments.is_about_the_file() => {
            serve::print_config(&output);
            return ExitCode::SUCCESS;
        }
        Command::Serve(arguments) => match arguments.load(options) {
            Ok((loaded, given)) => (Some(loaded), given),
            Err(problem) => return output.failure(&problem),
        },
        _ => (None, options.into()),
    };
    let configuration = Configuration::new(given);
    let settings = match &command {
        // These are there to mend a wrong file, or have nobody to tell of it just then.
        Command::Config(_)
        | Command::Doctor(_)
        | Command::Install(_)
        | Command::Uninstall(_)
        | Command::NativeHost => configuration
            .settings_or_default()
            .map(|(settings, _)| settings),
        _ => configuration.settings(),
    };
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => return output.failure(&error.into()),
    };
    // Kept to the end: it writes out what is logged.
    let _log = match &command {
        Command::NativeHost => native_host::log_to_file(&settings),
        Command::Serve(_) => log_to_stderr("info"),
        _ => log_to_stderr("warn"),
    };
    let outcome = match command {
        Command::Key(arguments) => key::run(arguments, &output),
        Command::Packet(arguments) => packet::run(arguments, &output),
        Command::Publish(arguments) => publish::run(arguments, &settings, &output).await,
        Command::Proxy(arguments) => proxy::run(arguments, &settings, &output).await,
        Command::ServeDir(arguments) => serve_dir::run(arguments, &settings, &output).await,
        Command::Resolve(arguments) => {
            return resolve::run(arguments, &settings, &output)
                .await
                .unwrap_or_else(|problem| output.failure(&problem));
        }
        Command::Pin(arguments) => pin::pin(arguments, &settings, &output).await,
        Command::Unpin(arguments) => pin::unpin(arguments, &settings, &output).await,
        Command::Kept(arguments) => pin::list(arguments, &settings, &output),
        Command::Daemon(arguments) => daemon::run(arguments, &settings, &output).await,
        Command::History(arguments) => history::run(&arguments, &settings, &output),
        Command::Status(arguments) => status::run(arguments, &settings, &output).await,
        Command::Cache(arguments) => cache::run(arguments, &settings, &output).await,
        Command::Config(arguments) => config::run(arguments, &configuration, &output),
        Command::Doctor(arguments) => {
            return doctor::run(arguments, &configuration, &settings, &output)
                .await
                .unwrap_or_else(|problem| output.failure(&problem));
        }
        Command::Install(arguments) => {
            return install::run(arguments, &settings, output)
                .unwrap_or_else(|problem| output.failure(&problem));
        }
        Command::Uninstall(arguments) => {
            return uninstall::run(arguments, &configuration, &settings, output)
                .await
                .unwrap_or_else(|problem| output.failure(&problem));
        }
        Command::Gateway(arguments) => gateway::run(arguments, &settings, &output).await,
        Command::Serve(arguments) => match served.take() {
            Some(loaded) => serve::run(arguments, loaded, &configuration, &settings, &output).await,
            None => Ok(()),
        },
        Command::Https(arguments) => https::run(arguments, &settings, &output).await,
        Command::Testnet(arguments) => testnet::run(arguments, &output).await,
        Command::Endpoints(arguments) => endpoints::run(arguments, &settings, &output).await,
        Command::NativeHost => native_host::run(&configuration, &settings).await,
        Command::Completions(arguments) => {
            complete::completions(&arguments, Arguments::command());
            Ok(())
        }
        Command::Man(arguments) => complete::man(&arguments, Arguments::command(), &output),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => output.failure(&problem),
    }
}

fn log_to_stderr(level: &str) -> Option<tracing_appender::non_blocking::WorkerGuard> {
    let stderr = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_filter(log_filter(level));
    tracing_subscriber::registry().with(stderr).init();
    None
}

/// What is logged: as `PKARR_LOG` says, else this level.
///
/// It is a list of levels and `module=level`, the part of `RUST_LOG`'s syntax that needs no regular
/// expressions: their engine would be a twentieth of the program.
fn log_filter(level: &str) -> Targets {
    let told = std::env::var("PKARR_LOG").ok();
    told.and_then(|text| text.parse().ok())
        .unwrap_or_else(|| default_levels(level))
}

/// Nothing of the libraries, and this level of the program's own.
fn default_levels(level: &str) -> Targets {
    let level = level.parse().unwrap_or(LevelFilter::WARN);
    Targets::new().with_target("pkarr_host", level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
