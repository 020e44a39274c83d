//! Names for everybody else: a relay, DNS over HTTPS and DNS in one process.
//!
//! Applications that don't know pkarr, browsers without the extension and networks without UDP use
//! servers. This one needs no configuration to be useful, keeps all it knows in one file, and asks
//! nobody but the DHT. All faces have packets from one place, which sees to it that what is
//! known is answered at once, and that what is not can't be asked for without end; see there
//! for the budgets. What was put here is kept in the DHT for a time.
//!
//! Everybody can connect, so everything is bounded: connections, heads, bodies, silence, requests,
//! lookups and puts of each address and of all together, and what waits. Where something is full,
//! the answer is 429 or 503 with the time after which to come back.
//!
//! The configuration and the certificate can change while the server runs ([`Server::reload`]). A
//! server that is stopped announces it, finishes what it has begun, and ends ([`Server::stop`]).

mod app;
mod behind;
pub mod config;
mod dns;
mod doh;
mod exchange;
mod forwarded;
mod health;
mod hot;
mod http;
mod keep;
mod limits;
mod metrics;
mod notify;
mod refusal;
mod relay;
mod reload;
mod route;
mod source;
mod tls;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use tokio::{
    net::{TcpListener, UdpSocket},
    sync::Semaphore,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

pub use self::{
    behind::Behind, config::Dns, dns::SecretError, notify::notify, reload::Watch, tls::TlsError,
};
use self::{
    config::Config,
    dns::{NameServer, Secrets, TcpLimits},
    health::Health,
    keep::Keep,
    limits::Limits,
    metrics::Metrics,
    source::Source,
    tls::Tls,
};
use crate::{
    cache,
    connections::{Listen, Slots, remedy},
    dht::Dht,
    packet::TtlBounds,
    problem::{Code, Problem},
    publisher::Publisher,
    relays::Relays,
    resolver::{Resolver, ResolverConfig},
    tasks,
};

/// How long it may take to write down at the end what was asked for.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// Ports below 1024 are not for everybody.
    #[error(
        "this user may not listen at {0}; take a port from 1024 on, or allow the program all ports: \
         sudo setcap cap_net_bind_service=+ep \"$(command -v pkarr)\""
    )]
    NotAllowed(Listen),
    /// The address or port can’t be had otherwise: another program has it, say.
    #[error("can’t listen at {0}: {1}; {advice}", advice = remedy(.1))]
    Listen(Listen, io::Error),
    /// The certificate can’t be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// There is no secret to make DNS cookies of.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl From<ServerError> for Problem {
    fn from(error: ServerError) -> Self {
        Problem::new(Code::BadRequest, error)
    }
}

/// Where a running server listens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Addresses {
    /// For HTTP without TLS.
    pub http: Vec<SocketAddr>,
    /// For HTTP with TLS.
    pub https: Vec<SocketAddr>,
    /// For DNS, over UDP and TCP.
    pub dns: Vec<SocketAddr>,
}

/// A running server. Dropped, it ends at once; [`Server::stop`] is kinder.
#[derive(Debug)]
pub struct Server {
    addresses: Addresses,
    state: Arc<State>,
    keeping: JoinHandle<()>,
    _end: DropGuard,
}

/// What all parts of a server share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) source: Source,
    pub(crate) metrics: Arc<Metrics>,
    names: NameServer,
    config: ArcSwap<Config>,
    tls: Tls,
    health: Health,
    /// Whether the DHT was ever reached.
    reached: AtomicBool,
    /// Says that the end is near.
    ending: CancellationToken,
    /// Says that nothing new is begun.
    deaf: CancellationToken,
    /// Says that nothing goes on.
    ended: CancellationToken,
    tasks: TaskTracker,
}

impl State {
    /// The configuration that holds now.
    pub(crate) fn config(&self) -> Guard<Arc<Config>> {
        self.config.load()
    }
}

/// The cache limits of a configuration.
pub fn cache_limits(config: &Config) -> cache::Limits {
    cache::Limits {
        keys: config.cache.packets.get(),
        history: config.cache.history.count(),
        // Answers that are ready to be sent stand in memory already.
        memory: 1024,
    }
}

/// How the resolver of a server with this configuration weighs things.
pub fn resolver_config(config: &Config) -> ResolverConfig {
    ResolverConfig {
        ttl: TtlBounds {
            least: config.cache.minimum_ttl_seconds.seconds(),
            most: config.cache.maximum_ttl_seconds.seconds(),
        },
        stale: config.cache.stale,
        lookups: config.limits.lookups.count(),
        ..ResolverConfig::default()
    }
}

/// Whether the files that a configuration names can be used.
///
/// # Errors
/// [`ServerError::Tls`], [`ServerError::Secret`].
pub fn check(config: &Config) -> Result<(), ServerError> {
    Tls::default().load(&config.tls)?;
    Secrets::load(&config.dns)?;
    Ok(())
}

impl Server {
    /// Starts a server that finds packets in this DHT and, where there are some, with these relays,
    /// puts them into the DHT, and keeps them in this cache.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn start(
        dht: Dht,
        relays: Option<Relays>,
        cache: cache::Cache,
        config: Config,
    ) -> Result<Self, ServerError> {
        dht.start();
        let resolver = Resolver::with(dht.clone(), relays, cache, resolver_config(&config));
        let publisher = Publisher::new(dht, None, resolver.clone());
        let metrics = Arc::new(Metrics::default());
        let limits = Arc::new(Limits::new(&config.limits));
        let keep = Keep::new(
            resolver.clone(),
            publisher.clone(),
            Arc::clone(&metrics),
            &config.relay,
        );
        let source = Source::new(
            resolver,
            publisher,
            keep.clone(),
            limits,
            Arc::clone(&metrics),
            &config,
        );
        let names = NameServer::new(&config.dns, source.clone(), Arc::clone(&metrics))?;
        let tls = Tls::default();
        tls.load(&config.tls)?;
        let ended = CancellationToken::new();
        let deaf = ended.child_token();
        let state = Arc::new(State {
            source,
            metrics,
            names,
            tls,
            health: Health::default(),
            reached: AtomicBool::new(false),
            ending: deaf.child_token(),
            deaf,
            ended: ended.clone(),
            tasks: TaskTracker::new(),
            config: ArcSwap::from_pointee(config),
        });
        let addresses = listen(&state)?;
        let keeping = tasks::spawn({
            let ending = state.deaf.clone();
            async move { keep.run(ending).await }
        });
        Ok(Self {
            addresses,
            state,
            keeping,
            _end: ended.drop_guard(),
        })
    }

    /// Where it listens.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Goes by another configuration from now on, and by what is in the files now that it names.
    /// Gives the names of what differs and holds until the next start.
    ///
    /// # Errors
    /// [`ServerError::Tls`], [`ServerError::Secret`]; nothing has changed then.
    pub fn reload(&self, config: Config) -> Result<Vec<&'static str>, ServerError> {
        let state = &*self.state;
        let before = state.config();
        let secrets = Secrets::load(&config.dns)?;
        state.tls.load(&config.tls)?;
        state.source.limits().change(&config.limits);
        state.source.keep().change(&config.relay);
        state.names.change(&before.dns, &config.dns, secrets);
        let fixed = before.fixed_differences(&config);
        // What can't change is shown as it is.
        let config = Config {
            cache: before.cache.clone(),
            network: before.network.clone(),
            ..config
        };
        state.config.store(Arc::new(config));
        Ok(fixed)
    }

    /// Announces the end, takes no more connections after a while, finishes the requests that have
    /// begun, as far as they end in time, and ends.
    pub async fn stop(self) {
        let state = &*self.state;
        let stop = state.config().stop.clone();
        state.ending.cancel();
        tokio::time::sleep(stop.notice_seconds.seconds()).await;
        state.deaf.cancel();
        state.tasks.close();
        let drained = timeout(stop.drain_seconds.seconds(), state.tasks.wait()).await;
        if drained.is_err() {
            tracing::warn!(
                connections = state.metrics.connections.get(),
                "connections are cut off that did not end in time"
            );
        }
        state.ended.cancel();
        _ = timeout(LAST_WORDS, self.keeping).await;
        _ = timeout(LAST_WORDS, state.source.resolver().cache().flush()).await;
    }
}

/// Opens all ports and begins to take connections.
fn listen(state: &Arc<State>) -> Result<Addresses, ServerError> {
    let config = state.config();
    let permits = Arc::new(Semaphore::new(config.http.connections.count()));
    let slots = Slots::new(config.http.connections_per_address.count());
    let mut addresses = Addresses::default();
    let mut listeners = Vec::new();
    for (tls, places, bound) in [
        (false, &config.http.listen, &mut addresses.http),
        (true, &config.tls.listen, &mut addresses.https),
    ] {
        for place in places {
            let failed = |error| not_listening(*place, error);
            let listener = place.bind().map_err(failed)?;
            bound.push(listener.local_addr().map_err(failed)?);
            listeners.push((listener, tls));
        }
    }
    let mut questions = Vec::new();
    for place in &config.dns.listen {
        let failed = |error| not_listening(*place, error);
        let (listener, socket) = bind_both(*place).map_err(failed)?;
        addresses.dns.push(listener.local_addr().map_err(failed)?);
        questions.push((listener, socket));
    }
    // Nothing is answered before all ports are had.
    for (listener, socket) in questions {
        let (names, stop) = (state.names.clone(), state.deaf.clone());
        let limits = TcpLimits::from(&config.dns);
        state.tasks.spawn(tasks::boxed(async move {
            tokio::join!(
                names.serve_udp(socket, stop.clone()),
                names.serve_tcp(listener, limits, stop.clone()),
            );
        }));
    }
    for (listener, tls) in listeners {
        let (permits, slots) = (Arc::clone(&permits), slots.clone());
        let accepting = http::accept(listener, tls, Arc::clone(state), permits, slots);
        state.tasks.spawn(tasks::boxed(accepting));
    }
    Ok(addresses)
}

/// Opens a port for connections and for datagrams. Where the system is to choose it, it has to be
/// free for both.
fn bind_both(place: Listen) -> io::Result<(TcpListener, UdpSocket)> {
    /// How often the system may choose one that is taken on the other side.
    const TRIES: usize = 16;
    let mut tries = 1;
    loop {
        let listener = place.bind()?;
        let port = listener.local_addr()?.port();
        let same = match place {
            Listen::At(address) => Listen::At(SocketAddr::new(address.ip(), port)),
            Listen::Everywhere(_) => Listen::Everywhere(port),
        };
        let chosen = match place {
            Listen::At(address) => address.port() == 0,
            Listen::Everywhere(port) => port == 0,
        };
        match same.bind_udp() {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && chosen && tries < TRIES => {
                tries += 1;
            }
            bound => return Ok((listener, bound?)),
        }
    }
}

/// Why a port can't be had.
fn not_listening(place: Listen, error: io::Error) -> ServerError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => ServerError::NotAllowed(place),
        _ => ServerError::Listen(place, error),
    }
}
