//! A check-up of the program and of what it works with, for `pkarr doctor` and the extension's
//! diagnostics page: one list of findings, each with its remedy.
//!
//! A finding has a stable `check` (what was looked at) and `finding` (what was found), so that
//! others can say it in their own words and language; `what` and `todo` are the English ones.
//!
//! The checks run at the same time, each comes to an end, and none changes anything. What a browser is
//! told to start is started as the browser does it, greeted, and ended. On the network
//! they ask for a key that was made up just then, which tells nobody anything. A [`Report`] is the
//! same as text; redacted, it can be shown to strangers.

mod browsers;
mod folder;
mod gateway;
mod https;
mod leak;
mod network;
mod program;
mod report;
mod settings;

use std::{collections::BTreeMap, fmt::Display, io, net::SocketAddr, time::Duration};

use serde::Serialize;
use tokio::time::timeout;

pub use self::report::{Redaction, Report};
use crate::{
    https::Https,
    resolver::Resolver,
    settings::{Configuration, Settings},
};

/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(12);
/// The most characters of a fact: what others say is no longer.
const MAX_FACT: usize = 1000;

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What was looked at: `program`, `browsers`, `data-folder`, `settings`, `cache`, `clock`, `dht`,
    /// `relays`, `gateway`, `https`, `dns`.
    pub check: String,
    /// What was found, such as `no-answer`; `ok` where all is well.
    pub finding: String,
    /// How bad it is.
    pub state: State,
    /// One sentence of what was found.
    pub what: String,
    /// One sentence of what to do; empty where there is nothing to do.
    pub todo: String,
    /// Numbers, paths and the like that `what` speaks of, by name.
    pub facts: BTreeMap<String, String>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// All is well.
    Good,
    /// Worth knowing.
    Note,
    /// Something works less well.
    Warning,
    /// Something does not work.
    Bad,
}

/// What is looked at.
#[derive(Debug)]
pub struct Subject {
    /// Where settings come from now.
    pub configuration: Configuration,
    /// The settings that the program was started with.
    pub settings: Settings,
    /// What answers for keys, with its DHT, relays and cache.
    pub resolver: Resolver,
    /// `https://` for keys.
    pub https: Https,
    /// The gateway of this program.
    pub gateway: GatewayState,
    /// Whether the system's DNS is asked for a made-up key, too: its servers see that.
    pub dns: bool,
}

/// Whether there is a gateway.
#[derive(Debug)]
pub enum GatewayState {
    /// Nobody has asked for one yet.
    NotRunning,
    /// It listens here.
    Running(SocketAddr),
    /// It could not be started.
    Failed(io::Error),
}

/// Looks at everything, and tells what was found in the order of the way a request goes.
pub async fn run(subject: &Subject) -> Vec<Finding> {
    let (program, browsers, folder, settings, cache, network, gateway, https, dns) = tokio::join!(
        bounded("program", program::check()),
        bounded("browsers", browsers::check(subject)),
        bounded("data-folder", folder::check(subject)),
        bounded("settings", settings::check(subject)),
        bounded("cache", settings::check_cache(subject)),
        network::check(subject),
        bounded("gateway", gateway::check(&subject.gateway)),
        bounded("https", https::check(&subject.https)),
        async {
            match subject.dns {
                true => bounded("dns", network::check_dns()).await,
                false => Vec::new(),
            }
        },
    );
    [
        program, browsers, folder, settings, cache, network, gateway, https, dns,
    ]
    .concat()
}

/// A check, which comes to an end.
async fn bounded(check: &'static str, work: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    match timeout(PATIENCE, work).await {
        Ok(findings) => findings,
        Err(_) => vec![no_end(check)],
    }
}

fn no_end(check: &'static str) -> Finding {
    let seconds = PATIENCE.as_secs();
    Finding::new(check, "no-end", State::Warning)
        .what(format_args!(
            "This was looked at for {seconds} seconds without coming to an end."
        ))
        .todo("Try again when the computer has less to do.")
        .fact("seconds", seconds)
}

/// Runs a check that waits for files or programs, which belongs on a thread that may.
async fn waiting(
    check: &'static str,
    work: impl FnOnce() -> Vec<Finding> + Send + 'static,
) -> Vec<Finding> {
    let findings = tokio::task::spawn_blocking(work).await;
    findings.unwrap_or_else(|_| vec![no_end(check)])
}

impl Finding {
    fn new(check: &str, finding: &str, state: State) -> Self {
        Self {
            check: check.to_owned(),
            finding: finding.to_owned(),
            state,
            what: String::new(),
            todo: String::new(),
            facts: BTreeMap::new(),
        }
    }

    fn what(mut self, what: impl Display) -> Self {
        self.what = what.to_string();
        self
    }

    fn todo(mut self, todo: impl Into<String>) -> Self {
        self.todo = todo.into();
        self
    }

    fn fact(mut self, name: &str, value: impl Display) -> Self {
        let value: String = value.to_string().chars().take(MAX_FACT).collect();
        self.facts.insert(name.to_owned(), value);
        self
    }
}
