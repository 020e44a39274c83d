//! `pkarr native-host`: what browsers start.
//!
//! Here the parts of a browser's host are put together: a resolver, a gateway that is started when
//! the extension asks for it, a keeper for the user's published keys, the root of `https://`, which
//! is renewed in time, and a session on standard input and output that ends with the input.

use std::{ffi::OsString, net::SocketAddr, sync::Arc};

use tracing_appender::{
    non_blocking::{NonBlockingBuilder, WorkerGuard},
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::{Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use super::log_filter;
use crate::{
    authority::Roots,
    browsers::remove_replaced,
    gateway::{Gateway, GatewayConfig},
    https::InUse,
    messaging::session::{self, RunningGateway, Services, StartGateway},
    problem::{Code, Problem},
    publisher::keeper::Keeper,
    resolver::Resolver,
    settings::{Configuration, Settings},
};

/// How many days of logs are kept.
const LOG_FILES: usize = 3;
/// How many lines may wait for the disk; all that come while so many do are lost. Memory is taken for
/// them from the start.
const LOG_LINES: usize = 4096;

/// Whether a browser started the program, by the arguments it gave.
///
/// Chromium gives the origin of the extension (and on Windows a window handle after it); Firefox
/// gives the path of the manifest and the extension's id.
pub(super) fn started_by_browser(arguments: &[OsString]) -> bool {
    let argument = |index: usize| arguments.get(index).and_then(|text| text.to_str());
    match (argument(1), argument(2)) {
        (Some(origin), _) if origin.starts_with("chrome-extension://") => true,
        (Some(manifest), Some(id)) => {
            manifest.ends_with(".json") && (id.contains('@') || id.starts_with('{'))
        }
        _ => false,
    }
}

/// Logs to standard error, which browsers show in their own logs, and to a file.
pub(super) fn log_to_file(settings: &Settings) -> Option<WorkerGuard> {
    let stderr = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_filter(log_filter("warn"));
    let folder = settings.data_dir.join("logs");
    let appender = std::fs::create_dir_all(&folder).ok().and_then(|()| {
        RollingFileAppender::builder()
            .rotation(Rotation::DAILY)
            .filename_prefix("native-host")
            .filename_suffix("log")
            .max_log_files(LOG_FILES)
            .build(&folder)
            .ok()
    });
    let Some(appender) = appender else {
        tracing_subscriber::registry().with(stderr).init();
        tracing::warn!(folder = %folder.display(), "can’t write a log file");
        return None;
    };
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LOG_LINES)
        .finish(appender);
    let file = fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        .with_filter(log_filter("info"));
    tracing_subscriber::registry()
        .with(stderr)
        .with(file)
        .init();
    Some(guard)
}

pub(super) async fn run(configuration: &Configuration, settings: &Settings) -> Result<(), Problem> {
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        "native messaging host starts"
    );
    if let Err(error) = configuration.settings() {
        // Browsers show nobody why a host ends: the extension is told when it asks.
        tracing::warn!(%error, "the configuration file is not used, or not all of it");
    }
    if cfg!(windows) {
        // Nobody waits for it.
        tokio::task::spawn_blocking(|| std::env::current_exe().map(|it| remove_replaced(&it)));
    }
    let parts = settings.services()?;
    parts.dht.start();
    let https = settings.https();
    // The session sets it, the gateway asks it.
    let https_in_use = InUse::default();
    let services = Services {
        start_gateway: start_gateway(settings, https.roots(), &https_in_use),
        resolver: parts.resolver,
        private: settings.private_access(),
        data_dir: settings.data_dir.clone(),
        configuration: configuration.clone(),
        settings: settings.clone(),
        https: https.clone(),
        https_in_use: https_in_use.clone(),
    };
    let keeper = Keeper::new(parts.publisher, settings.external());
    let session = session::serve(tokio::io::stdin(), tokio::io::stdout(), services);
    let served = tokio::select! {
        served = session => served,
        () = keeper.run(|_| {}) => Ok(()),
        () = https.keep_renewed(&https_in_use) => Ok(()),
    };
    keeper.release().await;
    tracing::info!("the browser closed the pipe");
    served.map_err(|error| Problem::new(Code::Internal, error))
}

fn start_gateway(settings: &Settings, roots: &Roots, https_in_use: &InUse) -> StartGateway {
    let private = settings.private_access();
    let roots = roots.clone();
    let https_in_use = https_in_use.flag();
    Box::new(move |listen, resolver| {
        let config = GatewayConfig {
            private: private.clone(),
            // Which certificates one gateway has made is nothing to another.
            roots: Some(roots.afresh()),
            https_in_use: Arc::clone(&https_in_use),
            ..GatewayConfig::new(listen)
        };
        Box::pin(async move {
            let gateway = Gateway::start(resolver, config).await?;
            Ok(Box::new(gateway) as Box<dyn RunningGateway>)
        })
    })
}

impl RunningGateway for Gateway {
    fn address(&self) -> SocketAddr {
        Gateway::address(self)
    }

    fn start_over(&self, resolver: Resolver) {
        Gateway::start_over(self, resolver);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_known_by_their_arguments() {
        let started = |arguments: &[&str]| {
            let all: Vec<_> = ["pkarr"]
                .iter()
                .chain(arguments)
                .map(OsString::from)
                .collect();
            started_by_browser(&all)
        };
        let id = "chrome-extension://lgefegacnbcimpjhcdiipjjboabmnjfd/";
        assert!(started(&[id]));
        assert!(started(&[id, "--parent-window=0"]));
        assert!(started(&["/x/org.pkarr.host.json", "extension@pkarr.org"]));
        assert!(started(&["/x/org.pkarr.host.json", "{0000-00}"]));
        assert!(!started(&[]));
        assert!(!started(&["native-host"]));
        assert!(!started(&["resolve", "--json"]));
    }
}
