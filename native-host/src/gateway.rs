//! The gateway: a loopback HTTP proxy that speaks for key hosts.
//!
//! The extension makes the browser send it the requests for key hosts, and only those. For each it
//! asks the resolver where the name leads, connects there and passes request and answer through,
//! both streamed. To the browser it is an ordinary HTTP/1.1 forward proxy (RFC 9110, section 7.6;
//! RFC 9112, section 3.2.2): `GET http://<key>/…` in absolute form, and `CONNECT`, which browsers
//! ask for before a WebSocket and before TLS.
//!
//! The record decides what is spoken with the site. One that has an `HTTPS` record gets TLS, in
//! which it proves to hold the key ([`crate::tls`]), and never anything else; one that has plain
//! addresses gets plain HTTP. An `https://` page is therefore one whose whole way is proven by the
//! key: TLS from the browser ends here, with a certificate of this machine's own
//! ([`crate::authority`]), and is begun anew towards the site. A page of a plain site is never shown
//! as `https://`: it is sent to `http://`.
//!
//! A name may also lead to a name of the ICANN root. Pages are redirected there, so that the
//! address bar says whose site it is. Parts of other origins' pages, which have no address bar, are
//! fetched from there over TLS with an ordinary certificate. A page's own parts are redirected like
//! the page: else it could read another site as if that were its own, by changing its record.
//!
//! It is not a way to anywhere else. Any other host is refused, and so are addresses of this
//! machine and of private networks, unless a setting allows them: a key may be anybody's, and must
//! not become a way into the reader's own network. Every answer says that it came from a public
//! address (`treat-as-public-address`), since to the browser it came from this machine.
//!
//! A request goes down through these modules: `inside` (what is spoken in a `CONNECT`, with
//! `certificates`), `target` (what is asked for), `http` (what becomes of it), `limits` (`from` whom
//! it comes), `pool` (connections in use and idle, by
//! `client`), `connect` (from endpoints to a connection, past
//! the `guard`), `race` (from addresses to one that answers). What can't be opened is answered with
//! one of the `pages`, which says in plain words what was found and what to do, with a stable code.

mod body;
mod certificates;
mod client;
mod connect;
mod fields;
mod from;
mod guard;
mod http;
mod inside;
mod limits;
mod pac;
mod pages;
mod pool;
mod race;
mod target;
mod way;
mod words;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock, atomic::AtomicBool},
    time::Duration,
};

use hyper::{Method, Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
};

use self::{body::Body, http::Proxy, inside::Tunnels};
use crate::{address::PrivateAccess, authority::Roots, resolver::Resolver, tasks};

/// How many connections are served at the same time; more wait.
const MAX_CONNECTIONS: usize = 1024;
/// How long a client may take to send the head of a request, and be silent before the next.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// How many bytes the head of a request may have.
const MAX_HEAD: usize = 64 * 1024;

/// How the gateway runs.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Where to listen; a port of 0 lets the system choose.
    pub listen: SocketAddr,
    /// Which keys may lead to this machine and to private networks.
    pub private: PrivateAccess,
    /// The root of this machine's certificates, for `https://`; `None` does without.
    pub roots: Option<Roots>,
    /// Whether the browser trusts that root now: pages of sites that ask for TLS are then sent from
    /// `http://` to `https://`. May change at any time.
    pub https_in_use: Arc<AtomicBool>,
    /// Whether `/proxy.pac` is answered with a proxy script, for browsers without the extension.
    pub pac: bool,
}

impl GatewayConfig {
    /// A gateway at this address that leads to the public internet only and has no `https://`.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            private: PrivateAccess::default(),
            roots: None,
            https_in_use: Arc::default(),
            pac: false,
        }
    }
}

/// A running gateway. It stops taking connections when dropped.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    config: GatewayConfig,
    current: Current,
    accepting: JoinHandle<()>,
}

impl Gateway {
    /// Starts a gateway.
    ///
    /// # Errors
    /// When it can't listen at the address.
    pub async fn start(resolver: Resolver, config: GatewayConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let current = Current::new(resolver, config.clone());
        let doors = Doors {
            tunnels: Tunnels::new(current.clone()),
            current: current.clone(),
            pac: config.pac.then_some(address),
        };
        let accepting = tasks::spawn(accept(listener, doors));
        tracing::debug!(%address, "gateway listens");
        Ok(Self {
            address,
            config,
            current,
            accepting,
        })
    }

    /// Goes on at the same address with this resolver, and forgets all that it has of its own:
    /// connections to sites, TLS sessions, certificates, counts.
    ///
    /// Requests that are under way come to their end as they began.
    pub fn start_over(&self, resolver: Resolver) {
        let config = GatewayConfig {
            roots: self.config.roots.as_ref().map(Roots::afresh),
            ..self.config.clone()
        };
        self.current.replace(Proxy::new(resolver, config));
    }

    /// The address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What answers requests from now on, until another takes its place.
#[derive(Debug, Clone)]
struct Current(Arc<RwLock<Arc<Proxy>>>);

impl Current {
    fn new(resolver: Resolver, config: GatewayConfig) -> Self {
        let proxy = Proxy::new(resolver, config);
        Self(Arc::new(RwLock::new(Arc::new(proxy))))
    }

    fn proxy(&self) -> Arc<Proxy> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, proxy: Proxy) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(proxy);
    }
}

/// The two ways in, and what stands beside them.
#[derive(Debug, Clone)]
struct Doors {
    current: Current,
    tunnels: Tunnels,
    /// Where the proxy script leads, if it is to be had.
    pac: Option<SocketAddr>,
}

impl Doors {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if request.method() == Method::CONNECT {
            self.tunnels.open(request)
        } else if let Some(script) = self.pac.and_then(|at| pac::answer(&request, at)) {
            script
        } else {
            self.current.proxy().handle(request).await
        }
    }
}

async fn accept(listener: TcpListener, doors: Doors) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut failing = false;
    // The semaphore is never closed.
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                failing = false;
                let doors = doors.clone();
                tasks::spawn(async move {
                    serve(stream, doors).await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of file descriptors, say: others will be given back.
                if !failing {
                    tracing::warn!(%error, "can’t accept a connection");
                    failing = true;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, doors: Doors) {
    _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let doors = doors.clone();
        // Boxed, or each idle connection would keep room for all that a request can need.
        Box::pin(async move { Ok::<_, std::convert::Infallible>(doors.answer(request).await) })
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection from the browser ended");
    }
}
